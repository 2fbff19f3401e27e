# load --answer: the device is not asked, as the table that stands for it counts.
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

counters=/sys/kernel/debug/config_table

# asked OFFSET LENGTH: how often the table is asked for the serial by a read
asked() {
	local before

	before=$(cat $counters/watched)
	vfio_read $bdf hex "$1" "$2" >/run/bytes
	echo $(($(cat $counters/watched) - before))
}

# asks NUMBER NAME OFFSET LENGTH: how often, besides what opening the device asks
asks() {
	local by_open

	by_open=$(asked 0 4)
	expect_output "$2" "^$((by_open + $1))$" asked "$3" "$4"
}

insmod /config_table.ko device=$bdf
echo 0x144 >$counters/watch
bind_vfio $bdf
expect "load succeeds" dsnctl load
asks 1 "control: without --answer the table is asked for a dword" 0x144 4
asks 2 "control: without --answer the table is asked twice for the serial" 0x144 8
expect "load --answer succeeds" dsnctl load --answer
asks 0 "with --answer the table is not asked for the first dword" 0x144 4
asks 0 "with --answer the table is not asked for the second dword" 0x148 4
asks 0 "with --answer the table is not asked for the whole serial" 0x144 8
asks 0 "with --answer the table is not asked for a byte" 0x147 1
expect_output "with --answer all four reads are counted as answered" "^4$" \
	sh -c "dsnctl status -j | json_get answered"
asks 1 "with --answer the table is asked for a read over the edge" 0x14a 4
expect "load without --answer succeeds" dsnctl load
asks 1 "after a load without --answer the table is asked for a dword" 0x144 4
expect "unload succeeds" dsnctl unload
finish
