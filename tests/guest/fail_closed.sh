# Buffers of every kind, buffers that are taken away, and pins that are taken away.
# boot: --cpus 2 --append preempt=full
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

chosen=$unlike

bind_vfio $bdf
vfio_read $bdf save /run/image
expect "load" dsnctl load
expect "set" dsnctl set $bdf $chosen

# without the service a reader whose buffer cannot be written waits, and shows nothing
before=$(count stops)
expect_output "a read that fails in the serial, with other threads: stopped" "^left stopped$" \
	buffers $bdf /run/image $chosen edge 3
expect_output "which is counted" "^$((before + 1))$" count stops
buffers $bdf /run/image $chosen edge 100 >/run/edge &
waiting=$!
sleep 3
expect_output "another one waits" "^$((before + 2))$" count stops
expect_output "stopped, not ended" "^State:.*stopped" \
	sh -c "cat /proc/\$(cat /proc/$waiting/task/$waiting/children | tr -d ' ')/status"
expect "repair" dsnctl repair
wait $waiting
expect_output "it goes on" "^stopped and went on, status 0, 0 wrong$" cat /run/edge
expect "repair where nothing waits" dsnctl repair
expect_output "nobody was killed" "^0$" count kills

dsnctl repair --follow >/run/repair 2>&1 &
service=$!
sleep 1
expect_output "with the service the same goes on by itself" \
	"^stopped and went on, status 0, 0 wrong$" buffers $bdf /run/image $chosen edge 30
# kernels differ in whether root may write a page of another process that it may not itself
expect_output "where nothing can be written it goes on or ends, and shows nothing" \
	"^(stopped and went on, status 0, 0 wrong|killed)$" buffers $bdf /run/image $chosen sealed 30
echo 8 >/proc/sys/vm/nr_hugepages
echo 1 >/sys/kernel/mm/ksm/run 2>/dev/null
echo 1 >/sys/kernel/mm/ksm/sleep_millisecs 2>/dev/null
for kind in private shared file hugetlb mergeable userfault dropped protected replaced; do
	before=$(count stops)
	# stopped while its page is not to be written, it ends where nobody may write that
	fate=' 0 killed,'
	[ $kind != protected ] || fate=''
	out=$(buffers $bdf /run/image $chosen $kind 3)
	case $?:$out in
	3:*)
		skip "reads into memory of the kind $kind" "this kernel has none"
		continue
		;;
	0:*" 0 wrong,$fate"*" 0 left, "*) ok "reads into memory of the kind $kind" ;;
	*) not_ok "reads into memory of the kind $kind" "$out" "$(tail -n 3 /run/repair)" ;;
	esac
	stopped=$(echo "$out" | sed 's/.* \([0-9]*\) stopped.*/\1/')
	# two stops that follow each other closely are one for who waits
	expect "and each stop is counted ($kind, $stopped)" \
		test "$(count stops)" -ge $((before + stopped))
done
expect_output "no reader was killed" "^0$" count kills
expect_output "none got away" "^0$" count unkillable
expect "the service has run to the end" kill $service
wait $service 2>/dev/null

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
expect "load without a check" dsnctl load --check off
if echo 0 >/proc/sys/kernel/ftrace_enabled; then
	expect_status 3 "ftrace off: status" dsnctl status
	expect_output "ftrace off: says so" "^ground: .*kernel.ftrace_enabled is 0" \
		sh -c "dsnctl status; true"
	expect_output "ftrace off: load gets the check, which does without" "check [a-z]+: proven" \
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

# its links go one by one
expect "load" dsnctl load
for link in dsn_fexit dsn_usage dsn_idle dsn_resume; do
	[ -e $pins/$link ] || continue
	rm $pins/$link /run/dsnctl/$link
	sleep 1
	case $link in
	dsn_fexit)
		expect "no hook any more: proven by the check" dsnctl status --require proven
		expect_output "no hook any more: nothing leaks" " 0 wrong" \
			vfio_read $bdf sweep /run/image $zero
		;;
	*) expect_status 3 "$link is gone: status" dsnctl status --require proven ;;
	esac
	expect "load puts $link back" dsnctl load
	expect "and it is proven again ($link)" dsnctl status --require proven
done
expect "unload" dsnctl unload

# the preemption model changes under what runs
if preempt voluntary; then
	expect_output "voluntary: proven" ": proven$" dsnctl load
	preempt full
	expect "full now: the check does not mind" dsnctl status --require proven
	expect_output "nothing leaks" " 0 wrong" vfio_read $bdf sweep /run/image $zero
	preempt voluntary
	expect_output "what withholds without a gate does" "^loaded: hook permission, check off: withheld$" \
		dsnctl load --hook permission --check off
	preempt full
	expect_status 3 "full now: no longer withheld" dsnctl status --require withheld
	expect "but best-effort" dsnctl status --require best-effort
	expect_output "status names the model" "preemption model full" dsnctl status
	expect_output "load gets a check" "check [a-z]+: proven" dsnctl load
	expect "unload after that" dsnctl unload
else
	skip "a change of the preemption model" "this kernel has no voluntary preemption"
fi
finish
