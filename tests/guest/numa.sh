# Two memory nodes, whose balancing takes pages from a reader: nobody is killed for it.
# only: make check-all
# boot: --cpus 2 --mem 2048 --qemu-arg -smp --qemu-arg 2,sockets=2
# boot: --qemu-arg -object --qemu-arg memory-backend-ram,id=m0,size=1G
# boot: --qemu-arg -object --qemu-arg memory-backend-ram,id=m1,size=1G
# boot: --qemu-arg -numa --qemu-arg node,nodeid=0,memdev=m0,cpus=0
# boot: --qemu-arg -numa --qemu-arg node,nodeid=1,memdev=m1,cpus=1
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

seconds=12
balancing=/proc/sys/kernel/numa_balancing
rates=/sys/kernel/debug/sched/numa_balancing

# healthy NAME SHAPE...: four threads read so, and come to their end
healthy() {
	local name=$1 status=0 before

	shift
	before=$(count kills)
	asleep $bdf /run/image $chosen steady $seconds 4 "$@" >/run/readers 2>&1 || status=$?
	if [ $status = 0 ]; then
		ok "$name: no real byte, and nobody is killed"
	else
		not_ok "$name: no real byte, and nobody is killed" "$(cat /run/readers)"
	fi
	expect_output "$name: all threads come to their end" " 4 finished$" cat /run/readers
	expect_output "$name: no kill is counted" "^$before$" count kills
	echo "# $(tail -n 1 /run/readers)"
}

if [ "$(cat $balancing 2>/dev/null || echo 0)" = 0 ]; then
	skip "readers on two memory nodes" "this kernel does not balance memory between nodes"
	finish
fi
bind_vfio $bdf
vfio_read $bdf save /run/image
expect "load succeeds" dsnctl load
expect "set succeeds" dsnctl set $bdf $chosen
# a page that cannot be written may cost a stop, and this lets the process go on
dsnctl repair --follow >/run/repair 2>&1 &
repair=$!

taken() { sed -n 's/^numa_pte_updates //p' /proc/vmstat; }
before=$(taken)
healthy "whole reads on two memory nodes" whole
healthy "dwords on two memory nodes" low high
expect_output "control: pages were taken from readers meanwhile" "^[1-9]" \
	echo $(($(taken) - before))

seconds=6
if { echo 100 >$rates/scan_delay_ms && echo 100 >$rates/scan_period_min_ms &&
	echo 200 >$rates/scan_period_max_ms; } 2>/dev/null; then
	healthy "whole reads, pages taken ten times as often" whole
	healthy "dwords, pages taken ten times as often" low high
	expect "load of the check alone succeeds" dsnctl load --hook none
	healthy "the check alone: whole reads, pages taken ten times as often" whole
	healthy "the check alone: dwords, pages taken ten times as often" low high
	# not in parts: the check usage alone ends a reader whose iovecs cannot be read
	healthy "the check alone: the serial's eight bytes at once" qword
else
	skip "pages taken ten times as often" "this kernel does not let its rate be chosen"
fi
expect_output "no reader was unkillable" "^0$" count unkillable
expect_output "no read was refused" "^0$" count refused
echo "# stops: $(count stops), failed writes: $(count failed_writes), repair: $(tail -n 1 /run/repair)"
kill $repair
wait $repair 2>/dev/null
finish
