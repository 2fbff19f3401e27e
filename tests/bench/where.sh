# Reads the same again and again, with one rule loaded; see tests/bench/where.
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

bind_vfio $bdf
dsnctl load "$@" >/dev/null 2>/run/why || {
	cat /run/why
	exit 1
}
dsnctl set $bdf $chosen >/dev/null
# reads NAME OFFSET BYTES
reads() {
	cost loop $bdf "$2" "$3" &
	reader=$!
	sleep 1
	echo "reads $1"
	sleep 5 # of the guest's time, of which little goes by while instructions are written down
	kill $reader
	wait $reader 2>/dev/null
}
# programs and trampolines are among them
awk '$2 ~ /[tT]/ { print "symbol", $1, $3 }' /proc/kallsyms
reads "4 bytes at 0x00" 0 4
reads "4 bytes at 0x104" 0x104 4
reads "4 bytes of the serial" 0x144 4
