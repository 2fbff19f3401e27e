# Reads by /dev/vfio/devices before, during and after the file is bound to an iommufd, under
# every hook and check, and the commands beside a file that is open and not bound.
# boot: --cpus 2
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

export VFIO_CDEV=1
count() { dsnctl status -j | json_get "$1"; }

# reads NAME SERIAL: all reads, by files in every state
reads() {
	local cleared=''

	expect_output "$1: every read around the serial" "^[1-9][0-9]* reads, 0 wrong" \
		vfio_read $bdf sweep /run/image "$2"
	expect_output "$1: two files, one bound; a second bind" \
		"^second bind: Invalid argument; again: Invalid argument; 48 reads, 64 refused, 0 wrong$" \
		cdev $bdf twice /run/image "$2"
	expect_output "$1: opened by one process, bound by another" \
		"^16 reads, 16 refused, 0 wrong$" cdev $bdf passed /run/image "$2"
	# task work comes after the call, when another thread may have closed the device
	[ "$(count check)" = resume ] || cleared=0
	expect_output "$1: read while it is bound, again and again" \
		"^[1-9][0-9]* binds; ${cleared:-[0-9]*} cleared; [1-9][0-9]* reads, [1-9][0-9]* refused, 0 wrong$" \
		cdev $bdf during /run/image "$2" 2
}

# unbound NAME: vfio refuses all reads by a file that is not bound, also by io_uring. That is
# no read of the device: nobody is stopped, nothing is written or counted.
unbound() {
	local before

	before="$(count kills) $(count stops) $(count repaired) $(count touched)"
	expect_output "$1: reads before the bind are vfio's to refuse" \
		"^0 reads, 18 refused, 0 wrong$" cdev $bdf before
	expect_output "$1: which nobody mends, counts or is killed for" "^$before$" \
		sh -c "echo $(count kills) $(count stops) $(count repaired) $(count touched)"
}

bind_vfio $bdf
expect "there is a file for it" test -c /dev/vfio/devices/vfio0
expect_output "control: the real serial by cdev" "^$real$" vfio_read $bdf serial
vfio_read $bdf save /run/image
expect_output "control: the sweep finds the real serial" "[1-9][0-9]* wrong bytes" \
	sh -c "vfio_read $bdf sweep /run/image $zero; true"
expect_output "control: while it is bound" "reads, [1-9][0-9]* refused, [1-9][0-9]* wrong" \
	sh -c "cdev $bdf during /run/image $zero 3; true"
expect_output "control: two files" "0 reads, 64 refused, 48 wrong$" \
	sh -c "cdev $bdf twice /run/image $zero; true"
expect_output "control: reads before the bind" "^0 reads, 18 refused, 0 wrong$" cdev $bdf before

# under OPTION...: what is loaded, and the policies under it
under() {
	local name=load${1:+ $*}

	expect_output "$name" ": proven$" dsnctl load "$@"
	unbound "$name"
	reads "$name, scrub" $zero
	dsnctl set $bdf $chosen >/dev/null
	reads "$name, serial" $chosen
	dsnctl set $bdf hide >/dev/null
	reads "$name, hide" hide
	dsnctl set $bdf pass >/dev/null
	reads "$name, pass" $real
	dsnctl set $bdf scrub >/dev/null
	expect_output "$name: no read passed the check" "^0$" count unchecked
	expect "$name: proven to the end" dsnctl status --require proven
}

under
under --hook none
under --hook kprobe
under --answer

# threads, 32-bit calls and io_uring by one bound file, rule changes beside them
expect "load succeeds" dsnctl load
dsnctl set $bdf $chosen >/dev/null
expect "many readers at once by every way" \
	sh -c "stress $bdf /run/image 8 12 $chosen >/run/reads || { cat /run/reads; false; }"
vfio_read $bdf mixed $chosen $second >/run/mixed &
reader=$!
is_open() { dsnctl list | grep -q "^$bdf .* $reader "; }
expect "a reader has opened it before the rules change" within 30 is_open
for _ in 1 2 3 4 5 6 7 8 9 10; do
	sleep 0.2
	dsnctl set $bdf $second --force >/dev/null
	sleep 0.2
	dsnctl set $bdf $chosen --force >/dev/null
done
kill $reader
wait $reader
expect_output "rules that change under a reader" "^[1-9][0-9]* reads, [1-9][0-9]* of each, 0 wrong$" \
	cat /run/mixed

# a file that is open and not bound is in nobody's way: libvirt opens it before its hook runs
cdev $bdf unbound &
holder=$!
has_file() { ls -l "/proc/$1/fd" >/run/files && grep -q "/dev/vfio/devices/vfio0$" /run/files; }
expect "the file is open" within 30 has_file $holder
expect_output "not bound: list has no opener" "^$bdf vfio-pci serial $chosen function [0-9a-z]+ +- +no .*$" \
	dsnctl list
expect_output "not bound: set" "^$bdf: $second \(was $chosen\)" dsnctl set $bdf $second
echo "$bdf $chosen" >/run/rules
expect "not bound: apply" dsnctl apply /run/rules
expect_output "not bound: verify opens it" "^$bdf +serial +whole +match" dsnctl verify $bdf
expect "not bound: unload" dsnctl unload
expect_output "not bound: is not told by load" "^$" sh -c "dsnctl load 2>&1 >/dev/null"
expect "set succeeds after that" dsnctl set $bdf $chosen
kill $holder
wait $holder

# one that is bound is an opener's, whoever opened the file
holder=$(cdev $bdf handed | head -n 1)
expect_output "bound by another process: list names that one" "$holder" dsnctl list -j
expect_status 1 "bound: set is refused" dsnctl set $bdf $second
expect_output "bound: says who" "process $holder \(cdev\) has it open" \
	sh -c "dsnctl set $bdf $second 2>&1; true"
expect_status 1 "bound: apply is refused" sh -c "echo $bdf $second >/run/rules
	dsnctl apply /run/rules"
expect_status 1 "bound: unload is refused" dsnctl unload
expect_output "bound: verify is busy, and says who" "busy.*process $holder \(cdev\)" \
	sh -c "dsnctl verify $bdf 2>&1; true"
kill "$holder"
within 30 has_ended "$holder"
expect "gone: set" dsnctl set $bdf $second

dsnctl monitor >/run/events &
monitor=$!
expect "the monitor starts" within 30 grep -q ^TIME /run/events
vfio_read $bdf serial >/dev/null
cdev $bdf before >/dev/null
kill $monitor
wait $monitor
expect_output "monitor has the reader" "$bdf.*vfio_read" cat /run/events
expect_status 1 "monitor has no read from before the bind" grep cdev /run/events

expect "unload succeeds" dsnctl unload
expect_output "after unload the real serial" "^$real$" vfio_read $bdf serial
if grep -q integrity /sys/kernel/security/lockdown; then
	echo integrity >/sys/kernel/security/lockdown
	expect_output "locked down" ": vmm-trusted$" dsnctl load
	expect_output "locked down: reads before the bind are refused" \
		"^0 reads, 18 refused, 0 wrong$" cdev $bdf before EPERM
	expect_output "locked down: what a guest reads" "^00 00 00 00 00 00 00 00$" \
		vfio_read $bdf hex 0x144 8
	expect "unload succeeds under lockdown" dsnctl unload
else
	skip "locked down" "this kernel has no lockdown"
fi
finish
