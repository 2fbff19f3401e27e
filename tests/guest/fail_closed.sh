# Buffers of every kind, buffers that are taken away, and pins that are taken away.
# boot: --cpus 2 --append preempt=full
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

chosen=$unlike

bind_vfio $bdf
vfio_read $bdf save /run/image
expect "load succeeds" dsnctl load
expect "set succeeds" dsnctl set $bdf $chosen

# without the service a reader whose buffer cannot be written waits, and shows nothing
before=$(count stops)
expect_output "a read that fails in the serial, with other threads, is stopped" "^left stopped$" \
	buffers $bdf /run/image $chosen edge 3
expect_output "the stopped read is counted" "^$((before + 1))$" count stops
: >/run/edge
buffers $bdf /run/image $chosen edge 100 >/run/edge &
waiting=$!
within 30 grep -q "^the file has grown$" /run/edge
expect_output "a second stopped read is counted" "^$((before + 2))$" count stops
expect_output "the process of a stopped read is stopped, not ended" "^State:.*stopped" \
	sh -c "cat /proc/\$(cat /proc/$waiting/task/$waiting/children | tr -d ' ')/status"
expect "repair succeeds while a reader is stopped" dsnctl repair
wait $waiting
expect_output "a repaired reader goes on and sees no real byte" \
	"^stopped and went on, status 0, 0 wrong$" cat /run/edge
expect "repair succeeds with nothing stopped" dsnctl repair
expect_output "no stopped reader was killed" "^0$" count kills

dsnctl repair --follow >/run/repair 2>&1 &
service=$!
sleep 1
expect_output "with the service a stopped reader goes on by itself" \
	"^stopped and went on, status 0, 0 wrong$" buffers $bdf /run/image $chosen edge 30
# kernels differ in whether root may write a page of another process that it may not itself
expect_output "a reader whose page nobody can write goes on or ends, and sees nothing" \
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
		skip "reads into memory of the kind $kind show no real byte" \
			"this kernel has none"
		continue
		;;
	0:*" 0 wrong,$fate"*" 0 left, "*) ok "reads into memory of the kind $kind show no real byte" ;;
	*) not_ok "reads into memory of the kind $kind show no real byte" "$out" "$(tail -n 3 /run/repair)" ;;
	esac
	stopped=$(echo "$out" | sed 's/.* \([0-9]*\) stopped.*/\1/')
	# two stops that follow each other closely are one for who waits
	expect "each stop of a reader into memory of the kind $kind is counted ($stopped)" \
		test "$(count stops)" -ge $((before + stopped))
done
expect_output "no reader was killed" "^0$" count kills
expect_output "no reader was unkillable" "^0$" count unkillable
expect "the service has run to the end" kill $service
wait $service 2>/dev/null

# a guest that runs on while the pins go
hold_device $bdf /run/reader
# what it reads now: two lines on, the second of which is wholly of now
now() { tail -n 0 -f /run/reader | head -n 2 | tail -n 1; }
expect_status 1 "unload while a device is open is refused" dsnctl unload
expect_output "unload names the process that has a device open" "process $holder \(vfio_read\)" \
	sh -c "dsnctl unload 2>&1; true"
rm -r $pins
expect_output "after the pins are removed the rule stays in force" "^$chosen$" now
expect_output "after the pins are removed status says what to do" "is gone.*dsnctl load" \
	sh -c "dsnctl status 2>&1"
expect "load puts the pins back" dsnctl load
expect_output "load has the rules of the removed pins" "^$bdf serial $chosen" dsnctl dump
umount /sys/fs/bpf
expect_output "after bpffs is unmounted the rule stays in force" "^$chosen$" now
expect "after bpffs is unmounted status still finds the programs" dsnctl status
mount -t bpf bpf /sys/fs/bpf
expect "load succeeds on a new bpffs" dsnctl load
expect_output "load on a new bpffs has the rules" "^$bdf serial $chosen" dsnctl dump
expect_status 1 "the running reader has not seen the real serial" grep $real /run/reader
expect "unload --force succeeds while a device is open" dsnctl unload --force
expect_output "after unload --force the open device shows the real serial" "^$real$" now
expect_output "load names the process that had a device open before" \
	"$holder \(vfio_read\) had it open before" \
	sh -c "dsnctl load 2>&1"
kill $holder
wait $holder 2>/dev/null
expect "unload succeeds once no device is open" dsnctl unload

# the hook is switched off under us, which hardening guides do
expect "load --check off succeeds" dsnctl load --check off
if echo 0 >/proc/sys/kernel/ftrace_enabled; then
	expect_status 3 "ftrace off and no check: status exits with 3" dsnctl status
	expect_output "ftrace off and no check: status names kernel.ftrace_enabled" \
		"^ground: .*kernel.ftrace_enabled is 0" \
		sh -c "dsnctl status; true"
	expect_output "ftrace off: load gets a check, and is proven" "check [a-z]+: proven" \
		dsnctl load
	expect_output "ftrace off: with the check no read is real" " 0 wrong" \
		vfio_read $bdf sweep /run/image $zero
	expect "ftrace off: with the check status is proven" dsnctl status --require proven
	expect_status 1 "ftrace off: unload is refused" dsnctl unload
	expect_output "ftrace off: unload names kernel.ftrace_enabled" \
		"kernel.ftrace_enabled is 0.*--force" \
		sh -c "dsnctl unload 2>&1; true"
	echo 1 >/proc/sys/kernel/ftrace_enabled
else
	skip "ftrace off: no read is real" "this kernel cannot turn ftrace off"
fi
expect "unload succeeds once ftrace is on again" dsnctl unload

# its links go one by one
expect "load succeeds before its links go" dsnctl load
for link in dsn_fexit dsn_usage dsn_idle dsn_resume; do
	[ -e $pins/$link ] || continue
	rm $pins/$link /run/dsnctl/$link
	within 30 no_program $link
	case $link in
	dsn_fexit)
		expect "the hook's link is gone: status is proven by the check" \
			dsnctl status --require proven
		expect_output "the hook's link is gone: no read is real" " 0 wrong" \
			vfio_read $bdf sweep /run/image $zero
		;;
	*) expect_status 3 "the link $link is gone: status is not proven" dsnctl status --require proven ;;
	esac
	expect "load puts the link $link back" dsnctl load
	expect "status is proven with the link $link back" dsnctl status --require proven
done
expect "unload succeeds with all links back" dsnctl unload

# the preemption model changes under what runs
if preempt voluntary; then
	expect_output "preemption voluntary: load is proven" ": proven$" dsnctl load
	preempt full
	expect "preemption changed to full: status is proven by the check" \
		dsnctl status --require proven
	expect_output "preemption changed to full: no read is real" " 0 wrong" \
		vfio_read $bdf sweep /run/image $zero
	preempt voluntary
	expect_output "preemption voluntary: hook permission without a gate withholds" \
		"^loaded: hook permission, check off: withheld$" \
		dsnctl load --hook permission --check off --whole-reads refuse
	preempt full
	expect_status 3 "preemption changed to full: hook permission without a gate no longer withholds" \
		dsnctl status --require withheld
	expect "preemption changed to full: hook permission without a gate is best-effort" \
		dsnctl status --require best-effort
	expect_output "preemption changed to full: status names the model" "preemption model full" \
		dsnctl status
	expect_output "preemption changed to full: load is proven" "check [a-z]+: proven" \
		dsnctl load
	expect "unload succeeds after the preemption model changed" dsnctl unload
else
	skip "a change of the preemption model" "this kernel has no voluntary preemption"
fi
finish
