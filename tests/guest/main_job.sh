# The main job: load, scrub by default, set, pass, dump, unload, with every shape of read.
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

hook=fexit
has_fexit || hook=kprobe

# sweep NAME SERIAL
sweep() {
	expect_output "$1: every read around the serial" "^[1-9][0-9]* reads, 0 wrong" \
		vfio_read $bdf sweep /run/image "$2"
}

bind_vfio $bdf
unbind $bdf
bind_vfio $bdf # 6.12 on arm64 sets the interrupt line only now
expect_output "before load a guest reads the real serial" "^$real$" vfio_read $bdf serial
vfio_read $bdf save /run/image
expect_output "control: before load the sweep finds the real serial" "[1-9][0-9]* wrong bytes" \
	sh -c "vfio_read $bdf sweep /run/image $zero; true"
expect "lseek cannot point read() at config space" vfio_read $bdf seek
expect_status 3 "status before load exits with 3" dsnctl status
expect_output "status before load prints five rows" "^5$" sh -c "dsnctl status 2>/dev/null | wc -l"
expect_status 3 "get before load exits with 3" dsnctl get $bdf
expect_status 3 "set before load exits with 3" dsnctl set $bdf scrub
expect_output "list before load says unprotected" "$bdf +vfio-pci +unprotected" dsnctl list
expect_output "unload before load says that there is nothing to do" "nothing to do" dsnctl unload

expect_output "load is proven" "^loaded: hook $hook, check [a-z]+(, gate)?: proven$" dsnctl load
expect "status after load exits with 0" dsnctl status
expect "bpftool can read the rules at once" bpftool -p map dump pinned $pins/rules
expect_output "scrub is the default" "^$zero$" vfio_read $bdf serial
sweep scrub $zero
expect_output "scrub: reads that fail half-way show no real byte" "^[1-9][0-9]* reads, 0 wrong" \
	vfio_read $bdf fault /run/image $zero
expect_output "scrub: guest writes change nothing" "^[1-9][0-9]* reads, 0 wrong" \
	vfio_read $bdf write /run/image $zero

expect_output "set prints the new serial and what was before" \
	"^$bdf: $chosen \(was scrub, no rule of its own\)" dsnctl set $bdf $chosen
sweep serial $chosen
expect_output "set again is unchanged" "^$bdf: unchanged" dsnctl set 00:04.0 0x02005e1000000001
expect_output "guest writes change nothing of a chosen serial" "^[1-9][0-9]* reads, 0 wrong" \
	vfio_read $bdf write /run/image $chosen
expect_output "get prints the serial of the rule" "^serial: +$chosen" dsnctl get $bdf
expect_output "dump has the rule" "^$bdf serial $chosen function" dsnctl dump
expect_output "list has the serial of the rule" \
	"^$bdf vfio-pci serial $chosen function no +- +no +- +- +- +empty +pass +no$" dsnctl list
expect_output "list --real prints the real serial" "$real" dsnctl list --real
expect_output "set pass is reported" "pass" dsnctl set $bdf pass
sweep pass $real
expect_status 1 "neither list nor dump prints the real serial" \
	sh -c "set -e; dsnctl list >/run/a; dsnctl list -j >>/run/a; dsnctl dump >>/run/a
		dsnctl dump -j >>/run/a; dsnctl get $bdf >>/run/a; grep $real /run/a"
expect_output "control: list and dump have printed the function" "$bdf" cat /run/a
expect "unset succeeds" dsnctl unset $bdf
expect_output "unset again is unchanged" unchanged dsnctl unset $bdf
sweep unset $zero
expect "set default pass succeeds" dsnctl set default pass
sweep "default pass" $real
expect "set default scrub succeeds" dsnctl set default scrub
expect_output "set of a serial of zeros is scrub" ": scrub" dsnctl set $bdf $zero
sweep "back to scrub" $zero

expect_output "set warns that there is no such function" "no such function" \
	dsnctl set 12345:01:00.0 $chosen
expect_output "set warns that the function has no serial" "no Device Serial" \
	dsnctl set 00:00.0 scrub
unbind $bdf
expect_output "set warns that the function is bound to no driver" "bound to no driver" \
	dsnctl set $bdf $chosen
bind_vfio $bdf
expect_output "a function that is bound after set follows the rule" "^$chosen$" \
	vfio_read $bdf serial

reads=$(dsnctl get $bdf -j | json_get reads)
vfio_read $bdf serial >/dev/null
expect_output "a whole read and a qword count two" "^$((reads + 2))$" \
	sh -c "dsnctl get $bdf -j | json_get reads"
expect_output "get names the last reader's command" "^vfio_read$" \
	sh -c "dsnctl get $bdf -j | json_get last_command"
for key in loaded hook check gate missed failed_writes stops collapsed; do
	expect "status -j has $key" sh -c "dsnctl status -j | json_get $key"
done
expect_output "the hook has missed no read" "^0$" count missed
expect_output "no read was unchecked" "^0$" count unchecked
expect_output "no reader was stopped" "^0$" count stops
expect_output "no write failed" "^0$" count failed_writes
expect_output "dump -j has the default" "^scrub$" sh -c "dsnctl dump -j | json_get default"
for key in bdf policy serial reads; do
	expect "dump -j: a rule has $key" sh -c "dsnctl dump -j | json_get rules 0 $key"
done
expect_output "bpftool shows the serial of a rule by its field's name" \
	'"serial": 144218610888343553' \
	bpftool -p map dump pinned $pins/rules
expect_output "bpftool shows who has read" '"last_command": "vfio_read"' \
	sh -c "bpftool -p map dump pinned $pins/counters | grep -m 1 vfio_read"

expect_output "a second load succeeds" "^loaded" dsnctl load
sweep "after the second load" $chosen
expect "a second load leaves one hook" within 30 one_program dsn_$hook
expect "a second load leaves one check" within 30 one_program "dsn_usage|dsn_resume"
expect_output "the pins are root's" "^drwx------" ls -ld $pins
expect "unload succeeds" dsnctl unload
expect_output "after unload the real serial again" "^$real$" vfio_read $bdf serial
expect_status 1 "nothing is left pinned" ls $pins
expect "nothing is left loaded" within 30 no_program dsn_

expect_status 255 "fmod_ret on vfio_pci_config_rw is refused" \
	bpftool prog load /usr/sbin/fmod_ret.bpf.o /sys/fs/bpf/refused
expect_output "the kernel says that vfio_pci_config_rw is not modifiable" \
	"vfio_pci_config_rw\(\) is not modifiable" \
	sh -c "bpftool prog load /usr/sbin/fmod_ret.bpf.o /sys/fs/bpf/refused 2>&1; true"
finish
