# The check alone: without a hook, and with one that is blind, no read shows the real serial.
# boot: --cpus 2
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

# late CALL: what became of ten reads by io_uring on the way out of it
late() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		(late_ring "$bdf" 0x144 "$1") 2>/dev/null || echo "status $?"
	done | sort | uniq -c | sed 's/^ *//'
}

# sweeps NAME: reads around the serial by pread, preadv and preadv2, under two policies
sweeps() {
	expect "$1: set scrub" dsnctl set $bdf scrub
	expect_output "$1: scrub, every read around the serial, in every way" \
		"^[1-9][0-9]* reads, 0 wrong" vfio_read $bdf sweep /run/image $zero
	expect_output "$1: reads that fail half-way" "^[1-9][0-9]* reads, 0 wrong" \
		vfio_read $bdf fault /run/image $zero
	expect "$1: set a serial" dsnctl set $bdf $chosen
	expect_output "$1: serial, every read around it, in every way" \
		"^[1-9][0-9]* reads, 0 wrong" vfio_read $bdf sweep /run/image $chosen
}

bind_vfio $bdf
vfio_read $bdf save /run/image
for call in getpid missing nothing; do
	expect_output "control: io_uring on the way out ($call) reads the real serial" \
		"^10 read ff123456$" late $call
done
expect_status 0 "control: io_uring by a worker lives" vfio_read $bdf ring 0x144 4
if [ -e /usr/sbin/arm_call ]; then
	expect_output "control: a 32-bit process reads the real serial" "^768 reads, 0 wrong" \
		compat_read $bdf /run/image $real /usr/sbin/arm_call
fi

expect_output "load --hook none is proven" "^loaded: hook none, check (usage|resume): proven$" \
	dsnctl load --hook none
expect_status 1 "load --hook none loads no hook" \
	sh -c "bpftool prog show | grep -e dsn_fexit -e dsn_kprobe"
expect_output "no hook: scrub is the default" "^$zero$" vfio_read $bdf serial
sweeps "no hook"
if [ -e /usr/sbin/arm_call ]; then
	expect_output "no hook: reads of a 32-bit process show no real byte" " 0 wrong" \
		compat_read $bdf /run/image $chosen /usr/sbin/arm_call
fi
expect_output "no hook: guest writes change nothing" " 0 wrong" \
	vfio_read $bdf write /run/image $chosen
before=$(count touched)
vfio_read $bdf serial >/dev/null
expect_output "no hook: a whole read and a qword are counted once each" "^$((before + 2))$" \
	count touched
expect_output "no hook: no read is counted as repaired" "^0$" count repaired
expect_output "no hook: hide, every read around the serial" " 0 wrong" \
	sh -c "dsnctl set $bdf hide >/dev/null; vfio_read $bdf sweep /run/image hide"
expect_output "no hook: no reader was killed" "^0$" count kills
expect_output "no hook: no reader was stopped" "^0$" count stops

# readers by io_uring have no call whose buffer can be found
dsnctl set $bdf scrub >/dev/null
for call in getpid missing nothing; do
	expect_output "no hook: a reader by io_uring on the way out ($call) is killed" \
		"^10 status 137$" late $call
done
expect_status 137 "no hook: a reader by an io_uring worker is killed" vfio_read $bdf ring 0x144 4
expect_output "no hook: each killed reader by io_uring is counted" "^31$" count kills
expect_output "status names the reader by io_uring" \
	"$bdf +[0-9]+ (vfio_read|iou-wrk-[0-9]*) +.*io_uring" dsnctl status
expect_output "no reader by io_uring was unkillable" "^0$" count unkillable
dsnctl set $bdf $chosen >/dev/null
expect "no hook: many readers at once, by every way, see no real byte" \
	sh -c "stress $bdf /run/image 8 12 $chosen >/run/reads || { cat /run/reads; false; }"
for way in pread preadv preadv2 "pread beside a ring"; do
	expect_output "no hook: many readers by $way, none sees a real byte or is killed" \
		"^$way +[1-9][0-9]* reads, 0 wrong, 0 refused, 0 killed" cat /run/reads
done
for way in io_uring "io_uring O_NONBLOCK" "io_uring async" "io_uring sqpoll"; do
	expect_output "no hook: many readers by $way, none sees a real byte and some are killed" \
		"^$way +[0-9]+ reads, 0 wrong, 0 refused, [1-9][0-9]* killed" \
		cat /run/reads
done

# a hook that is there and does not run
expect "load of the kprobe pair succeeds" dsnctl load --hook kprobe
echo 0 >/sys/kernel/debug/kprobes/enabled
before=$(count repaired)
expect_output "kprobes off: the check settles the reads" "^$chosen$" vfio_read $bdf serial
expect_output "kprobes off: each read is counted as repaired" "^$((before + 2))$" count repaired
sweeps "kprobes off"
expect "kprobes off: status is still proven" dsnctl status --require proven
expect_output "control: kprobes off and no check, reads show the real serial" "[1-9][0-9]* wrong" \
	\
	sh -c "dsnctl load --hook kprobe --check off >/dev/null 2>&1
		vfio_read $bdf sweep /run/image $chosen; true"
expect_status 3 "control: kprobes off and no check, status says not protected" dsnctl status
echo 1 >/sys/kernel/debug/kprobes/enabled
if has_fexit && dsnctl load >/dev/null && echo 0 >/proc/sys/kernel/ftrace_enabled; then
	before=$(count repaired)
	expect_output "ftrace off: the check settles the reads" "^$chosen$" vfio_read $bdf serial
	expect_output "ftrace off: each read is counted as repaired" "^$((before + 2))$" \
		count repaired
	sweeps "ftrace off"
	expect "ftrace off: status is still proven" dsnctl status --require proven
	echo 1 >/proc/sys/kernel/ftrace_enabled
	expect "load of fexit without a check succeeds" dsnctl load --hook fexit --check off
	echo 0 >/proc/sys/kernel/ftrace_enabled
	expect_output "control: ftrace off and no check, reads show the real serial" \
		"[1-9][0-9]* wrong" \
		sh -c "vfio_read $bdf sweep /run/image $chosen; true"
	expect_status 3 "control: ftrace off and no check, status says not protected" \
		dsnctl status
	echo 1 >/proc/sys/kernel/ftrace_enabled
else
	skip "ftrace off: the check settles the reads" "no fexit, or ftrace that cannot be turned off"
fi
expect "load succeeds at the end" dsnctl load
expect_output "no read has passed unchecked" "^0$" count unchecked
expect "unload succeeds" dsnctl unload
finish
