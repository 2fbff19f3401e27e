# DPDK's driver on a scrubbed function: it opens, sends, and which of its reads are rewritten.
# boot: --cpus 2
# shellcheck shell=dash
. /lib.sh

bdf=0000:00:04.0
real=52-54-00-ff-ff-12-34-56
zero=00-00-00-00-00-00-00-00

# DPDK sends for five seconds, then prints what it knows of the port.
send() {
	{
		echo "show port info 0"
		echo "set fwd txonly"
		echo "start"
		sleep 5
		echo "stop"
		echo "show port stats 0"
		echo "quit"
	} | timeout 120 /dpdk/dpdk-testpmd -l 0,1 --iova-mode=va -m 128 -a $bdf \
		-- -i --portmask=1 --total-num-mbufs=4096 2>&1
}

works() {
	send >/run/seen || echo "exit status $?" >>/run/seen
	cat /run/seen
	expect_output "$1: DPDK's driver for the card has it" "Driver name: net_e1000_em" cat /run/seen
	expect_output "$1: its link is up" "Link status: up" cat /run/seen
	expect_output "$1: it sends" "TX-packets: [1-9]" cat /run/seen
}

reads() { dsnctl get $bdf -j | json_get reads; }

bind_vfio $bdf
mkdir -p /dev/hugepages
mount -t hugetlbfs none /dev/hugepages
echo 128 >/proc/sys/vm/nr_hugepages
expect_output "control: before load the serial is real" "^$real$" vfio_read $bdf serial
works "before load"
expect "load" dsnctl load
expect_output "scrubbed" "^$zero$" vfio_read $bdf serial
before=$(reads)
works "scrubbed"
echo "# reads of the serial by DPDK: $(($(reads) - before))"
finish
