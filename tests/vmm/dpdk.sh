# DPDK's driver on a scrubbed function: it opens, sends, and which of its reads are rewritten.
# boot: --cpus 2 --qemu-arg -netdev --qemu-arg hubport,id=net,hubid=0
# boot: --device e1000e,addr=4,romfile=,mac=52:54:00:12:34:56,netdev=net
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

# DPDK sends for five seconds, then prints what it knows of the port.
send() {
	{
		echo "set fwd txonly"
		echo "start"
		sleep 5
		echo "show port info 0"
		echo "stop"
		echo "show port stats 0"
		echo "quit"
	} | timeout 120 /dpdk/dpdk-testpmd -l 0,1 --iova-mode=va -m 128 -a $bdf \
		-- -i --portmask=1 --total-num-mbufs=4096 2>&1
}

works() {
	send >/run/seen || not_ok "$1: DPDK ends with success" "$(tail -n 5 /run/seen)"
	expect_output "$1: DPDK's driver drives the card" "Driver name: net_e1000_em" \
		cat /run/seen
	expect_output "$1: DPDK reports the link as up" "Link status: up" cat /run/seen
	expect_output "$1: DPDK sends packets" "TX-packets: [1-9]" cat /run/seen
}

reads() { dsnctl get $bdf -j | json_get reads; }

bind_vfio $bdf
mkdir -p /dev/hugepages /var/run
mount -t hugetlbfs none /dev/hugepages
echo 128 >/proc/sys/vm/nr_hugepages
expect_output "control: before load the serial is real" "^$real$" vfio_read $bdf serial
works "before load"
[ ! -e /run/not_ok ] || finish
expect "load succeeds" dsnctl load
expect_output "load scrubs the serial" "^$zero$" vfio_read $bdf serial
before=$(reads)
works "scrubbed"
# so nothing of what it does depends on the serial; others, as ice's driver, look it up
expect_output "DPDK's driver has not read the serial" "^$before$" reads
finish
