# One cell of the leak matrix: readers by every way, beside all that can disturb them.
# Arguments: --guard of `load`, its --hook or `answer`, seconds, threads. Prints the stress's lines.
# shellcheck shell=dash
. /lib.sh

bdf=0000:00:04.0
first=02-00-5e-10-00-00-00-01
second=a2-11-22-33-44-55-66-77
guard=$1 hook=$2 seconds=$3 threads=$4

bind_vfio $bdf || exit 1
vfio_read $bdf save /run/image
level=proven allowed="$first $second" rule=$first other=$second
case $hook in
answer) load="dsnctl load --guard $guard --hook fexit --answer" ;;
permission)
	load="dsnctl load --guard $guard --hook permission"
	level=withheld allowed=withheld rule=scrub other=scrub
	;;
*) load="dsnctl load --guard $guard --hook $hook" ;;
esac
$load || exit 1
dsnctl set $bdf $rule >/dev/null
trace /usr/sbin/tracer.bpf.o &
tracer=$!

# rules change all the time, and the programs are loaded again, until the readers are done;
# at a priority that readers do not keep from running
disturb() {
	chrt -f -p 60 "$(exec sh -c 'echo $PPID')" >/dev/null
	n=0
	while [ ! -e /run/done ]; do
		# with a rule for another function the set is a new one, whatever this one's rule
		{ dsnctl set --force $bdf $other && dsnctl set 0000:77:00.0 pass &&
			dsnctl set --force $bdf $rule && dsnctl unset 0000:77:00.0; } || break
		n=$((n + 1))
		[ $((n % 4)) != 0 ] || $load || break
		sleep 1
	done >/run/disturb 2>&1
	[ -e /run/done ] || echo "not ok - a command failed: $(tail -n 1 /run/disturb)"
	echo "$n" >/run/changes
}

disturb &
status=0
# shellcheck disable=SC2086
stress $bdf /run/image "$seconds" "$threads" $allowed >/run/stress || status=$?
cat /run/stress
: >/run/done
kill $tracer
wait
echo "beside $(cat /run/changes) times two rule changes, and a load every fourth time"
dsnctl status -j >/run/status
for key in guarantee guard missed repaired answered refused unannounced guard_missed kills failed_writes unkillable; do
	printf '%s=%s ' $key "$(json_get $key </run/status)"
done
echo
if [ "$guard" != off ]; then
	dsnctl status --require $level >/dev/null || status=1
	[ "$(json_get unannounced </run/status)" = 0 ] || status=1
	[ "$hook" != answer ] || [ "$(json_get answered </run/status)" != 0 ] || status=1
	# each refused read is counted, and none that was not
	[ "$hook" != permission ] || grep -q "^total: .* $(json_get refused </run/status) refused" \
		/run/stress || status=1
fi
exit $status
