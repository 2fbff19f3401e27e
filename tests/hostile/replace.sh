# Programs that are replaced and dropped while readers are about to enter them: kernels before
# 7.2 free them too early, and a reader who was preempted in the trampoline takes the machine
# down. A test module makes readers slow at that place.
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

bind_vfio $bdf
vfio_read $bdf save /run/image
expect "load --answer succeeds" dsnctl load --answer
expect "set succeeds" dsnctl set $bdf $chosen
programs() { bpftool prog show | grep -c " dsn_"; }
# are_programs NUMBER: 0 if there are so many; the kernel frees one some time after its last user
are_programs() { [ "$(programs)" = "$1" ]; }
before=$(programs)
# a probe that is a jump would not be interrupted at the place itself
echo 0 >/proc/sys/debug/kprobes-optimization
insmod /slow_entry.ko

# again NUMBER COMMAND...: runs beside the readers, at a priority that they do not delay; it
# ends once each of them has been in user mode
again() {
	number=$1
	shift
	chrt -f 60 "$@" >"/run/again.$number" 2>&1 || echo "exit status $?" >>"/run/again.$number"
}

# readers_end NAME
readers_end() {
	if wait $readers; then
		ok "$1"
	else
		not_ok "$1" "$(cat /run/readers)"
	fi
}

stress $bdf /run/image 30 12 $chosen >/run/readers 2>&1 &
readers=$!
loads=
for number in 1 2 3 4 5 6; do
	again $number dsnctl load --answer &
	loads="$loads $!"
	within 60 grep -qs "^loaded" /run/again.$number ||
		not_ok "load $number beside readers succeeds" "$(cat /run/again.$number)"
	sleep 1
done
readers_end "readers beside six loads read nothing wrong"
expect_output "control: readers were slow where they enter programs" "^[0-9]{3,}$" \
	cat /sys/module/slow_entry/parameters/entries
# shellcheck disable=SC2086
wait $loads
for number in 1 2 3 4 5 6; do
	expect_output "load $number has nothing to warn of" "^loaded: .*: proven$" \
		cat /run/again.$number
done
expect_output "programs that were replaced are freed" "^0$" \
	sh -c "ls /sys/fs/bpf/dsnctl | grep -c kept_; true"
expect "as many programs are left as there were" within 30 are_programs "$before"

stress $bdf /run/image 15 12 $chosen $real >/run/readers 2>&1 &
readers=$!
sleep 3
expect "unload --force beside readers succeeds" chrt -f 60 dsnctl unload --force
readers_end "its readers read nothing but the two serials"
expect "nothing is left" [ ! -e /sys/fs/bpf/dsnctl ]
within 30 no_program dsn_ || not_ok "all programs are freed" "$(bpftool prog show)"
finish
