# load --answer: the device is not asked, as the table that stands for it counts.
# shellcheck shell=dash
. /lib.sh

bdf=0000:00:04.0
counters=/sys/kernel/debug/config_table

# asks NUMBER NAME OFFSET LENGTH: how many times more the table is asked for the serial
asks() {
	local before

	before=$(cat $counters/watched)
	vfio_read $bdf hex "$3" "$4" >/run/bytes
	expect_output "$2" "^$((before + $1))$" cat $counters/watched
	! grep -q "[1-9a-f]" /run/bytes || not_ok "$2: not zeros" "$(cat /run/bytes)"
}

insmod /config_table.ko device=$bdf
echo 0x144 >$counters/watch
bind_vfio $bdf
expect "load" dsnctl load
asks 1 "control: without --answer the table is asked for a dword" 0x144 4
asks 2 "control: and twice for the serial" 0x144 8
expect "load --answer" dsnctl load --answer
asks 0 "a dword is answered without" 0x144 4
asks 0 "the other" 0x148 4
asks 0 "the serial at once" 0x144 8
asks 0 "a byte" 0x147 1
expect_output "all four" "^4$" sh -c "dsnctl status -j | json_get answered"
asks 1 "what is over the edge is read of it" 0x14a 4
expect "load" dsnctl load
asks 1 "without --answer again" 0x144 4
expect "unload" dsnctl unload
finish
