# Who reads is told: each read once, its place, what was done; what is lost is counted.
# boot: --cpus 2 --append preempt=full
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

starts() { grep -q '"event":"start"' /run/events; }

# Starts a monitor; what it tells from now on is in /run/events. Nobody reads meanwhile.
listen() {
	[ ! -e /run/events ] || cat /run/events >>/run/all
	: >/run/events
	dsnctl monitor -j >/run/events 2>/run/errors &
	monitor=$!
	within 30 starts || not_ok "the monitor starts" "$(cat /run/errors)"
	first=$(ring_position $pins/events)
}

pause_monitor() {
	kill -STOP "$monitor"
	within 30 grep -q '^State:.*(stopped)' "/proc/$monitor/status"
}

# end STATUS NAME [SIGNAL]: the monitor does, so
end() {
	local status=0

	[ -z "${3:-}" ] || kill "$3" $monitor
	wait $monitor 2>/dev/null || status=$?
	expect_output "$2" "^$1$" echo $status
}

reads() { grep -c '"event":"read"' /run/events; }
has_reads() { [ "$(reads)" -ge "$1" ]; }
# the monitor has printed all that was written for it
has_all() { [ "$(reads)" = $((($(ring_position "$pins/events") - first) / 72)) ]; }

# told_of NUMBER NAME KEY=PATTERN... -- COMMAND...: the command makes so many events, and the
# last one says so
told_of() {
	local number=$1 name=$2 before wants='' pair

	within 30 has_all || not_ok "$name: all events before have come"
	before=$(reads)
	shift 2
	while [ "$1" != -- ]; do
		wants="$wants $1"
		shift
	done
	shift
	"$@" >/run/output 2>&1
	within 30 has_reads $((before + number))
	sleep 0.3
	within 30 has_all
	if [ "$(reads)" != $((before + number)) ]; then
		not_ok "$name" "$(($(reads) - before)) events, not $number" "$(cat /run/output)"
		return
	fi
	grep '"event":"read"' /run/events | tail -n 1 >/run/event
	for pair in $wants; do
		# shellcheck disable=SC2254 # a pattern
		case $(json_get "${pair%%=*}" </run/event) in
		${pair#*=}) ;;
		*)
			not_ok "$name" "not $pair" "$(cat /run/event)"
			return
			;;
		esac
	done
	ok "$name"
}

told() { told_of 1 "$@"; }

in_cgroup() {
	# shellcheck disable=SC2016
	sh -c 'echo $$ >/sys/fs/cgroup/$0/cgroup.procs && exec "$@"' "$@"
}

bind_vfio $bdf
vfio_read $bdf save /run/image
mount -t cgroup2 none /sys/fs/cgroup
mkdir -p /sys/fs/cgroup/guests/vm-1
expect_status 3 "monitor before load" timeout 20 dsnctl monitor
expect_status 3 "monitor -j before load" timeout 20 dsnctl monitor -j
expect "load succeeds before the monitor starts" dsnctl load

# nobody listens
before=$(ring_position $pins/events)
expect "a read succeeds while no monitor runs" vfio_read $bdf hex 0x144 4
expect_output "a read while no monitor runs writes no event" "^$before$" \
	ring_position $pins/events
lost=$(bpftool -p map dump pinned $pins/monitor | sed -n 's/.*"lost": \([0-9]*\).*/\1/p')
expect_output "reads while no monitor runs are not counted as lost" "^0$" echo "$lost"

listen
told "a read of a dword of the serial has an event with all members" \
	bdf=$bdf offset=324 length=4 done=scrubbed repaired=false comm=vfio_read \
	cgroup=/guests/vm-1 reason=null -- in_cgroup guests/vm-1 vfio_read $bdf hex 0x144 4
expect_output "an event starts with the schema and the command" \
	'^\{"schema":1,"command":"monitor","event":"read",' \
	cat /run/event
expect_output "a read while a monitor runs writes one event" "^$((before + 72))$" \
	ring_position $pins/events
told "a whole read has an event" \
	offset=0 length=4096 done=scrubbed cgroup=/ -- vfio_read $bdf hex 0 4096
told "a read of one byte of the serial has an event" \
	offset=331 length=1 done=scrubbed -- vfio_read $bdf hex 0x14b 1
before=$(reads)
vfio_read $bdf hex 0 64 >/dev/null
vfio_read $bdf hex 0x14c 4 >/dev/null
vfio_read $bdf hex 0x140 4 >/dev/null
sleep 0.5
expect_output "reads of other places have no event" "^$before$" reads
expect "set succeeds while a monitor runs" timeout 20 dsnctl set $bdf $chosen
told "the event of a read of a rule's serial says so" \
	offset=324 length=8 done=serial -- vfio_read $bdf hex 0x144 8
dsnctl set $bdf pass >/dev/null
told "the event of a read of the real serial says passed" \
	offset=324 length=8 done=passed -- vfio_read $bdf hex 0x144 8
dsnctl set $bdf hide >/dev/null
told "the event of a read of a hidden serial says hidden" \
	offset=324 length=4 done=hidden -- vfio_read $bdf hex 0x144 4
told "the event of a read of a hidden header says hidden" \
	offset=320 length=4 done=hidden -- vfio_read $bdf hex 0x140 4
dsnctl unset $bdf >/dev/null
told_of 2 "a reader that is stopped has an event for the read and one for the stop" \
	length=8 done=stopped comm=buffers \
	reason=its*buffer*could*not*be*written -- buffers $bdf /run/image $zero edge 1
evil=/run/e$(printf '\033')vil
cp /usr/sbin/vfio_read "$evil"
told "a command's control characters are replaced in its event" "comm=e[?]vil" \
	-- "$evil" $bdf hex 0x144 4
vfio_read $bdf hold >/run/reader &
reader=$!
within 30 grep -q "\"pid\":$reader,\"tid\":$reader," /run/events
expect_output "an event has the process and the thread of the reader" \
	"\"pid\":$reader,\"tid\":$reader," cat /run/events
kill $reader
wait $reader 2>/dev/null

# by the check: load goes over what runs, and the monitor stays
expect "load succeeds while a monitor runs" dsnctl load
told "a read after load has the same event" done=scrubbed offset=324 length=4 repaired=false \
	-- vfio_read $bdf hex 0x144 4
expect "load of the kprobe pair succeeds while a monitor runs" dsnctl load --hook kprobe
echo 0 >/sys/kernel/debug/kprobes/enabled
told "a read that only the check saw has an event that says repaired" \
	done=scrubbed offset=324 length=8 repaired=true \
	-- vfio_read $bdf hex 0x144 8
echo 1 >/sys/kernel/debug/kprobes/enabled
expect "load of the check alone succeeds while a monitor runs" dsnctl load --hook none
told "without a hook a read's event does not say repaired" done=scrubbed offset=324 length=8 \
	repaired=false -- vfio_read $bdf hex 0x144 8
told "a reader that is killed has an event with the reason" \
	done=killed offset=null length=null comm=iou-wrk-* \
	reason=io_uring* repaired=false -- vfio_read $bdf ring 0x144 4
expect_status 1 "a reader that is killed has printed nothing" grep "io_uring: " /run/output
# nothing else refuses on a kernel that is neither real-time nor locked down
if has_fexit; then
	expect "load of hook permission succeeds while a monitor runs" \
		dsnctl load --hook permission
	told "a read that is refused has an event with the reason" \
		done=refused offset=322 length=4 \
		reason=it*contains*a*serial* -- vfio_read $bdf hex 0x142 4
	expect_output "a read that has an event for being refused has failed" \
		"Operation not permitted" cat /run/output
else
	skip "a read that is refused has an event with the reason" \
		"this kernel offers nothing that refuses"
fi
expect "load succeeds after hook permission" dsnctl load

expect_status 1 "a second monitor fails" timeout 20 dsnctl monitor
expect_output "a second monitor names the process of the first" \
	"another monitor is running, process $monitor" \
	sh -c "timeout 20 dsnctl monitor 2>&1; true"

read_from_gone() {
	mkdir /sys/fs/cgroup/gone
	pause_monitor
	in_cgroup gone vfio_read "$bdf" hex 0x144 4
	# a kernel may count a process as its member for some time after its end
	within 30 rmdir /sys/fs/cgroup/gone
	kill -CONT "$monitor"
}

told "a reader whose cgroup is gone has an event without its name" \
	cgroup=null length=4 -- read_from_gone
expect_output "a reader whose cgroup is gone has an event with its number" \
	'"cgroup_id":[1-9]' cat /run/event
end 0 "a monitor ends on SIGTERM" -TERM
expect_output "a monitor's last event says how many events it has shown" \
	"\"event\":\"end\",\"shown\":$(reads),\"lost\":0,\"status\":0" tail -n 1 /run/events

# killed, and what it did not see is not the next one's
listen
kill -9 $monitor
wait $monitor 2>/dev/null
vfio_read $bdf hex 0x144 4 >/dev/null
listen
sleep 0.5
expect_output "a monitor shows no event that a killed one has left" "^0$" echo "$(reads)"
told "a monitor after a killed one shows new reads" length=8 -- vfio_read $bdf hex 0x144 8
kill -9 $monitor
wait $monitor 2>/dev/null
sleep 6
before=$(ring_position $pins/events)
vfio_read $bdf hex 0x144 4 >/dev/null
expect_output "some seconds after a monitor was killed reads write no event" "^$before$" \
	ring_position $pins/events

# one thread that reads on and on: a share of the events, and the number of the others
listen
before=$(count touched)
collapsed=$(count collapsed)
expect_output "many reads by one thread beside a monitor show no real byte" " 0 wrong" \
	vfio_read $bdf sweep /run/image $zero
within 30 has_all
after=$(count collapsed)
expect_output "many reads by one thread are partly collapsed, and counted" "^yes$" \
	sh -c "[ $after -gt $collapsed ] && echo yes"
expect_output "each read by one thread has an event, or is counted as collapsed" \
	"^$(($(count touched) - before))$" \
	echo $(($(reads) + after - collapsed))
repeats() {
	awk -F'"repeats":' '/"event":"read"/ { split($2, number, /[,}]/); sum += number[1] }
		END { print sum + 0 }' /run/events
}
expect_output "events count the reads that were collapsed before them" "^yes$" \
	sh -c "[ $(repeats) -gt 0 ] && [ $(repeats) -le $((after - collapsed)) ] && echo yes"
told "a read by another thread does not count those that were collapsed" length=8 repeats=0 \
	-- vfio_read $bdf hex 0x144 8
end 0 "a monitor ends on SIGTERM after many reads" -TERM
expect_output "of many reads by one thread no event was lost" '"lost":0,' tail -n 1 /run/events

# more than the buffer holds, or than its listener comes for, by many threads
listen
told=$(($(count touched) + $(count kills)))
collapsed=$(count collapsed)
pause_monitor
expect "a flood of reads by many threads shows no real byte" \
	sh -c "stress $bdf /run/image 8 24 $zero >/run/flood || { cat /run/flood; false; }"
kill -CONT $monitor
expect_output "reads after a flood show no real byte" " 0 wrong" \
	vfio_read $bdf sweep /run/image $zero
sleep 1
told=$(($(count touched) + $(count kills) - told))
collapsed=$(($(count collapsed) - collapsed))
end 0 "a monitor ends on SIGINT" -INT
lost=$(tail -n 1 /run/events | json_get lost)
expect_output "a flood loses events" "^[1-9]" echo "$lost"
expect_output "a monitor reports lost events when it happens" \
	'"event":"lost","time":"[^"]*","lost":[1-9]' cat /run/events
expect_output "each read and each kill of a flood has an event, or is counted as lost or collapsed" \
	"^$told$" \
	echo $(($(reads) + lost + collapsed))

# nobody came back: until_ns is 1, which was more than a minute ago
minute() { [ "$(cut -d. -f1 /proc/uptime)" -gt 61 ]; }
within 70 minute
listen
pause_monitor
# shellcheck disable=SC2046
bpftool map update pinned $pins/monitor key 0 0 0 0 value 1 $(yes 0 | head -n 23)
vfio_read $bdf hex 0x144 4 >/dev/null
expect_output "a monitor that does not come back is given up by the programs" '"until_ns": 0' \
	bpftool -p map dump pinned $pins/monitor
kill -CONT $monitor
expect "a monitor that was given up reports the loss when it comes back" \
	within 30 grep -q '"event":"lost".*"lost":null' /run/events
told "a monitor that was given up goes on" length=8 -- vfio_read $bdf hex 0x144 8
end 0 "a monitor that was given up ends on SIGTERM" -TERM

expect_status 1 "a monitor whose output is full fails" \
	sh -c "timeout 20 dsnctl monitor -j >/dev/full"
listen
expect "unload succeeds while a monitor runs" dsnctl unload
end 3 "a monitor exits with 3 on unload"
expect_output "a monitor that ends on unload says why" "^dsnctl: unloaded" cat /run/errors

# the same for people
dsnctl load >/dev/null
: >/run/text
dsnctl monitor >/run/text 2>/run/errors &
monitor=$!
within 30 grep -q ^TIME /run/text
vfio_read $bdf hex 0x144 4 >/dev/null
within 30 grep -q vfio_read /run/text
end 0 "a monitor that prints a table ends on SIGINT" -INT
expect_output "the monitor's table has a line for a read" \
	"^20[0-9-]*T[0-9:]*\.[0-9]{6}[+-][0-9]{4} $bdf +[0-9]+ +[0-9]+ vfio_read +0x144 +4 scrubbed no +(0 +)?/ +-( +0)?$" \
	cat /run/text
expect_output "the monitor's table is aligned" "^aligned$" awk '
	NR == 1 { at = index($0, "DONE") }
	NR == 2 { print index($0, "scrubbed") == at ? "aligned" : "not aligned" }' /run/text
expect_output "a monitor that prints a table says at its end what it has shown and lost" \
	"^dsnctl: 1 events shown, 0 lost$" cat /run/errors
cat /run/events /run/text >>/run/all
expect_status 1 "no monitor has printed the real serial" grep -i -e $real -e 525400ff /run/all
expect_output "control: monitors have printed events of passed reads" \
	'"done":"passed"' cat /run/all
expect "unload succeeds at the end" dsnctl unload
finish
