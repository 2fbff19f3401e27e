# One cell of the leak matrix: readers by every way, beside all that can disturb them.
# Arguments: --guard and --hook of `load`, seconds, threads. Prints the stress's lines.
# shellcheck shell=dash
. /lib.sh

bdf=0000:00:04.0
first=02-00-5e-10-00-00-00-01
second=a2-11-22-33-44-55-66-77
guard=$1 hook=$2 seconds=$3 threads=$4

bind_vfio $bdf || exit 1
vfio_read $bdf save /run/image
dsnctl load --guard "$guard" --hook "$hook" || exit 1
dsnctl set $bdf $first >/dev/null
trace /usr/sbin/tracer.bpf.o &
tracer=$!

# rules change all the time, and the programs are loaded again, until the readers are done;
# at a priority that readers do not keep from running
disturb() {
	chrt -f -p 60 "$(exec sh -c 'echo $PPID')" >/dev/null
	n=0
	while [ ! -e /run/done ]; do
		{ dsnctl set --force $bdf $second && dsnctl set --force $bdf $first; } || break
		n=$((n + 1))
		[ $((n % 4)) != 0 ] || dsnctl load --guard "$guard" --hook "$hook" || break
		sleep 1
	done >/run/disturb 2>&1
	[ -e /run/done ] || echo "not ok - a command failed: $(tail -n 1 /run/disturb)"
	echo "$n" >/run/changes
}

disturb &
status=0
stress $bdf /run/image "$seconds" "$threads" $first $second || status=$?
: >/run/done
kill $tracer
wait
echo "beside $(cat /run/changes) times two rule changes, and a load every fourth time"
dsnctl status -j >/run/status
for key in guarantee guard missed repaired refused unannounced guard_missed kills failed_writes unkillable; do
	printf '%s=%s ' $key "$(json_get $key </run/status)"
done
echo
if [ "$guard" != off ]; then
	dsnctl status --require proven >/dev/null || status=1
	[ "$(json_get unannounced </run/status)" = 0 ] || status=1
fi
exit $status
