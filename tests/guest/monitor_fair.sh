# A guest that reads its serial without end does not keep the monitor from telling of another.
# kernel: any
# only: make check-all
# boot: --cpus 2
# boot: --device e1000e,addr=4,romfile=,mac=52:54:00:12:34:56
# boot: --device e1000e,addr=5,romfile=,mac=52:54:00:12:34:57
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

slow=0000:00:05.0

has() { grep -q "$1" /run/events; }
events_of() { grep '"event":"read"' /run/events | grep "\"bdf\":\"$1\""; }
# repeats of all the events on stdin
repeats() { sed -n 's/.*"repeats":\([0-9]*\).*/\1/p' | awk '{ sum += $1 } END { print sum + 0 }'; }

bind_vfio $bdf
bind_vfio $slow
vfio_read $bdf save /run/image
expect "load succeeds" dsnctl load
: >/run/events
dsnctl monitor -j >/run/events 2>/run/errors &
monitor=$!
within 30 has '"event":"start"' || not_ok "the monitor starts" "$(cat /run/errors)"

vfio_read $slow hold >/run/slow &
reader=$!
expect "a guest reads its serial for five seconds, without a pause" \
	sh -c "asleep $bdf /run/image $zero steady 5 1 low >/run/loud"
# while it sleeps: a line is for two reads
within 30 has_lines $(($(wc -l </run/slow) + 1)) /run/slow
kill $reader
wait $reader 2>/dev/null
sleep 1
kill -TERM $monitor
wait $monitor
expect_output "the monitor has lost no event" '"event":"end",.*"lost":0,' tail -n 1 /run/events
expect_status 1 "the monitor has reported no loss meanwhile" has '"event":"lost"'

# two reads a line
lines=$(grep -c "^$zero$" /run/slow)
expect_output "the guest that reads once a second was there" "^([2-9]|[1-9][0-9]+)$" echo "$lines"
expect_output "each read of the guest that reads once a second has an event" "^$((2 * lines))$" \
	sh -c "grep '\"event\":\"read\"' /run/events | grep -c '\"bdf\":\"$slow\"'"
expect_output "no event of the guest that reads once a second stands for others" "^0$" \
	sh -c "grep '\"bdf\":\"$slow\"' /run/events | grep -vc '\"repeats\":0'; true"

reads=$(sed -n 's/^total: \([0-9]*\) reads.*/\1/p' /run/loud)
events=$(events_of $bdf | wc -l)
told=$((events + $(events_of $bdf | repeats)))
echo "# $reads reads without a pause, $events events, which tell of $told"
expect_output "most reads of the other guest have no event of their own" "^yes$" \
	sh -c "[ $events -gt 0 ] && [ $events -lt $((reads / 4)) ] && echo yes"
# those since its last event are in none
expect_output "most reads without an event of their own are counted in the next event" "^yes$" \
	sh -c "[ $told -le $reads ] && [ $told -ge $((reads * 3 / 4)) ] && echo yes"
expect_output "status counts the reads that were collapsed" "^[1-9]" \
	count collapsed
expect "unload succeeds" dsnctl unload
finish
