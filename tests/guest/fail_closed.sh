# Buffers of every kind, buffers that are taken away, and pins that are taken away.
# boot: --cpus 2 --append preempt=full
# shellcheck shell=dash
. /lib.sh

bdf=0000:00:04.0
real=52-54-00-ff-ff-12-34-56
zero=00-00-00-00-00-00-00-00
chosen=a2-11-22-33-44-55-66-77
pins=/sys/fs/bpf/dsnctl

bind_vfio $bdf
vfio_read $bdf save /run/image
expect "load" dsnctl load
expect "set" dsnctl set $bdf $chosen

count() { dsnctl status -j | json_get "$1"; }

echo 8 >/proc/sys/vm/nr_hugepages
echo 1 >/sys/kernel/mm/ksm/run 2>/dev/null
echo 1 >/sys/kernel/mm/ksm/sleep_millisecs 2>/dev/null
for kind in private shared file hugetlb mergeable userfault; do
	out=$(buffers $bdf /run/image $chosen $kind 2)
	case $?:$out in
	3:*) skip "reads into memory of the kind $kind" "this kernel has none" ;;
	0:*" 0 wrong, 0 killed"*) ok "reads into memory of the kind $kind" ;;
	*) not_ok "reads into memory of the kind $kind" "$out" ;;
	esac
done
for kind in dropped protected replaced; do
	before=$(count failed_writes)
	out=$(buffers $bdf /run/image $chosen $kind 4)
	status=$?
	killed=$(echo "$out" | sed 's/.* \([0-9]*\) killed.*/\1/')
	case $status:$out in
	0:*" 0 wrong"*) ok "reads into memory that is $kind meanwhile: no real byte" ;;
	*) not_ok "reads into memory that is $kind meanwhile: no real byte" "$out" ;;
	esac
	expect_output "and each kill is counted (memory that is $kind)" "^$((before + killed))$" \
		count failed_writes
done
before=$(count kills)
expect_output "a read that fails in the serial, with other threads: killed" "^killed$" \
	buffers $bdf /run/image $chosen edge 1
expect_output "and counted" "^$((before + 1))$" count kills
expect_output "and told" "$bdf +[0-9]+ buffers +its buffer could not be written" dsnctl status
expect_output "no reader got away" "^0$" count unkillable

# a guest that runs on while the pins go
vfio_read $bdf hold >/run/reader &
reader=$!
sleep 1
# what it reads now: two lines on, the second of which is wholly of now
now() { tail -n 0 -f /run/reader | head -n 2 | tail -n 1; }
expect_status 1 "unload while a device is open" dsnctl unload
expect_output "says who" "process $reader \(vfio_read\)" sh -c "dsnctl unload 2>&1; true"
rm -r $pins
expect_output "pins removed: it stays in force" "^$chosen$" now
expect_output "status says what to do" "is gone.*dsnctl load" sh -c "dsnctl status 2>&1"
expect "load puts the pins back" dsnctl load
expect_output "with the rules" "^$bdf serial $chosen" dsnctl dump
umount /sys/fs/bpf
expect_output "bpffs unmounted: it stays in force" "^$chosen$" now
expect "status knows" dsnctl status
mount -t bpf bpf /sys/fs/bpf
expect "load again" dsnctl load
expect_output "with the rules again" "^$bdf serial $chosen" dsnctl dump
expect_status 1 "the running reader has not seen the real serial" grep $real /run/reader
expect "unload --force" dsnctl unload --force
expect_output "which shows it" "^$real$" now
expect_output "a device that was open before load is told" "$reader \(vfio_read\) had it open before" \
	sh -c "dsnctl load 2>&1"
kill $reader
wait $reader 2>/dev/null
expect "unload" dsnctl unload

# the hook is switched off under us, which hardening guides do
expect "load without a guard" dsnctl load --guard off
if echo 0 >/proc/sys/kernel/ftrace_enabled; then
	expect_status 3 "ftrace off: status" dsnctl status
	expect_output "ftrace off: says so" "^ground: .*kernel.ftrace_enabled is 0" \
		sh -c "dsnctl status; true"
	expect_output "ftrace off: load gets the guard that does without" "guard tracepoint: proven" \
		dsnctl load
	expect_output "ftrace off: nothing leaks" " 0 wrong" vfio_read $bdf sweep /run/image $zero
	expect "ftrace off: proven" dsnctl status --require proven
	expect_status 1 "ftrace off: unload is refused" dsnctl unload
	expect_output "ftrace off: says why" "kernel.ftrace_enabled is 0.*--force" \
		sh -c "dsnctl unload 2>&1; true"
	echo 1 >/proc/sys/kernel/ftrace_enabled
else
	skip "ftrace off" "this kernel cannot turn ftrace off"
fi
expect "unload after that" dsnctl unload

# the model changes under a load that had no need of a guard
echo voluntary 2>/dev/null >/sys/kernel/debug/sched/preempt
if grep -qs '(voluntary)' /sys/kernel/debug/sched/preempt; then
	expect_output "voluntary: no guard, proven" "guard none: proven" dsnctl load
	expect "status --require proven" dsnctl status --require proven

	# what is kept of a device for as long as it is open
	is_kept() { bpftool -j map lookup pinned $pins/sessions key 0 0 0 0 | cut -d'"' -f 14; }
	expect "a read" vfio_read $bdf hex 0x144 8
	expect_output "keeps what it has found of the device" "^0x01$" is_kept
	rm $pins/dsn_begin /run/dsnctl/dsn_begin
	expect_status 3 "nobody sees devices opened: status" dsnctl status
	expect_output "says so" "^ground: .*dsn_begin.* taken out" sh -c "dsnctl status; true"
	expect_output "load puts that right" "guard none: proven" dsnctl load
	expect "status" dsnctl status --require proven
	if echo 0 >/proc/sys/kernel/ftrace_enabled; then
		expect_output "ftrace off: nothing is kept" "^0x00$" is_kept
		echo 1 >/proc/sys/kernel/ftrace_enabled
		expect_output "and on again: neither" "^0x00$" is_kept
		expect_output "as before" "^00( 00){7}" vfio_read $bdf hex 0x144 8
		expect "until the next load" dsnctl load
		expect_output "which does" "^0x01$" is_kept
	else
		skip "ftrace off, and what is kept" "this kernel cannot turn ftrace off"
	fi
	echo full >/sys/kernel/debug/sched/preempt
	expect_status 3 "full now: no longer proven" dsnctl status --require proven
	expect "but best-effort" dsnctl status --require best-effort
	expect_output "status names the model" "preemption model full" dsnctl status
	expect_output "load gets a guard" "guard (tracepoint|lsm): proven" dsnctl load
	expect "and it is proven again" dsnctl status --require proven
	expect "unload after that" dsnctl unload
else
	skip "a change of the preemption model" "this kernel has no voluntary preemption"
fi
finish
