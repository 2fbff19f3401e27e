# The guard alone: with the hook switched off, each read is one that the hook has missed.
# shellcheck shell=dash
. /lib.sh

bdf=0000:00:04.0
zero=00-00-00-00-00-00-00-00
chosen=02-00-5e-10-00-00-00-01

count() { dsnctl status -j | json_get "$1"; }

# late CALL: what became of ten reads by io_uring on the way out of it
late() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		(late_ring $bdf 0x144 "$1") 2>/dev/null || echo "status $?"
	done | sort | uniq -c | sed 's/^ *//'
}

bind_vfio $bdf
vfio_read $bdf save /run/image
for call in getpid missing nothing; do
	expect_output "control: io_uring on the way out ($call) reads the real serial" \
		"^10 read ff123456$" late $call
done
if [ -e /usr/sbin/arm_call ]; then
	expect_output "control: a 32-bit process reads the real serial" "^768 reads, 0 wrong" \
		compat_read $bdf /run/image 52-54-00-ff-ff-12-34-56 /usr/sbin/arm_call
fi
expect "load" dsnctl load --hook kprobe
guard=$(count guard)
echo 0 >/sys/kernel/debug/kprobes/enabled
expect_output "the guard repairs" "^$zero$" vfio_read $bdf serial
expect_output "each read" "^2$" count repaired
expect_output "scrub: every read around the serial, in every way" " 0 wrong" \
	vfio_read $bdf sweep /run/image $zero
expect_output "reads that fail half-way" " 0 wrong" vfio_read $bdf fault /run/image $zero
expect "set" dsnctl set $bdf $chosen
expect_output "serial: every read around it" " 0 wrong" vfio_read $bdf sweep /run/image $chosen
if [ -e /usr/sbin/arm_call ]; then
	expect_output "reads of a 32-bit process" " 0 wrong" \
		compat_read $bdf /run/image $chosen /usr/sbin/arm_call
fi
expect_output "guest writes change nothing" " 0 wrong" vfio_read $bdf write /run/image $chosen
expect_output "hide" " 0 wrong" \
	sh -c "dsnctl set $bdf hide >/dev/null; vfio_read $bdf sweep /run/image hide"
expect_output "nobody was killed for it" "^0$" count kills
case $guard in
lsm) fate="Operation not permitted" ;;
*) fate="status 137" ;;
esac
for call in getpid missing nothing; do
	expect_output "io_uring on the way out ($call) does not get it" "^10 $fate$" late $call
done
expect_output "control: with guard off the hook is missed" "[1-9][0-9]* wrong" \
	sh -c "dsnctl load --hook kprobe --guard off >/dev/null 2>&1
		vfio_read $bdf sweep /run/image hide; true"
echo 1 >/sys/kernel/debug/kprobes/enabled
finish
