# One cell of the leak matrix: readers by every way, beside all that can disturb them.
# Arguments: --check of `load`, its --hook or `answer`, seconds, threads; then the level that
# `status` must have at the end (proven) and the readers (every-way, asleep).
# Prints the readers' lines.
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

other_bdf=0000:00:05.0 # if there is one, it is unbound and bound all the time
check=$1 hook=$2 seconds=$3 threads=$4 level=${5:-proven} readers=${6:-every-way}

bind_vfio $bdf || exit 1
vfio_read $bdf save /run/image
allowed="$chosen $unlike" rule=$chosen other=$unlike
case $hook in
answer) load="dsnctl load --check $check --hook fexit --answer" ;;
permission)
	load="dsnctl load --check $check --hook permission"
	level=vmm-trusted allowed=withheld rule=scrub other=scrub
	;;
*) load="dsnctl load --check $check --hook $hook" ;;
esac
# these readers know one serial
[ "$readers" != asleep ] || other=$rule
$load || exit 1
dsnctl set $bdf $rule >/dev/null

# What disturbs is at a priority that readers do not keep from running, where chrt is packed.
first_of_all() {
	! command -v chrt >/dev/null || chrt -f -p 60 "$(exec sh -c 'echo $PPID')" >/dev/null
}

# It comes back late: detached programs are freed once every reader has been in user mode.
load_again() { $load || echo "$load: $?" | tee /run/failed; }

# rules change all the time, and the programs are loaded again, until the readers are done
disturb() {
	first_of_all
	n=0
	while [ ! -e /run/done ]; do
		# with a rule for another function the set is a new one, whatever this one's rule
		{ dsnctl set --force $bdf $other && dsnctl set 0000:77:00.0 pass &&
			dsnctl set --force $bdf $rule && dsnctl unset 0000:77:00.0; } || break
		n=$((n + 1))
		[ $((n % 4)) != 0 ] || load_again &
		[ ! -e /run/failed ] || break
		[ ! -e /sys/bus/pci/devices/$other_bdf ] || bind_vfio $other_bdf || break
		sleep 1
	done >/run/disturb 2>&1
	wait
	[ ! -e /run/failed ] || rm /run/done
	[ -e /run/done ] || not_ok "a command failed: $(tail -n 1 /run/disturb)"
	echo "$n" >/run/changes
}

# another tracer on the same places comes and goes
visit() {
	echo "came and went 0 times" >/run/visits
	! has_fexit || exec trace /usr/sbin/tracer.bpf.o all come-and-go 1000 >/run/visits 2>&1
}

# Whom the kernel stops goes on again, as with the package's service.
if dsnctl repair --help >/dev/null 2>&1; then
	dsnctl repair --follow >/run/repair 2>&1 &
	repair=$!
fi
disturb &
disturber=$!
( first_of_all; visit ) &
visitor=$!
status=0
# shellcheck disable=SC2086
if [ "$readers" = asleep ]; then
	asleep $bdf /run/image $rule reset "$seconds" "$threads" qword low high vector
else
	stress $bdf /run/image "$seconds" "$threads" $allowed
fi >/run/readers || status=$?
cat /run/readers
: >/run/done
wait $disturber
kill -TERM $visitor 2>/dev/null
wait $visitor
grep -q "^came and went" /run/visits || not_ok "the other tracer ended: $(tail -n 1 /run/visits)"
[ -z "${repair:-}" ] || kill "$repair" 2>/dev/null ||
	not_ok "repair ended: $(tail -n 1 /run/repair)"
[ ! -e /run/not_ok ] || status=1
echo "beside $(cat /run/changes) times two rule changes, a load every fourth time, and" \
	"another tracer, which $(tail -n 1 /run/visits)"
dsnctl status -j >/run/status
for key in guarantee hook check missed repaired answered refused unchecked stops kills \
	failed_writes unkillable; do
	printf '%s=%s ' $key "$(json_get $key </run/status | tr ' ' -)"
done
model=$(sed 's/.*(\(.*\)).*/\1/' /sys/kernel/debug/sched/preempt 2>/dev/null)
! uname -v | grep -q PREEMPT_RT || model=rt
echo "release=$(uname -r) preempt=$model lsm=$(cat /sys/kernel/security/lsm)" \
	"balancing=$(cat /proc/sys/kernel/numa_balancing)"

# What best-effort shows is told, and is no failure; claiming more would be one.
if [ "$level" = best-effort ]; then
	[ ! -e /run/not_ok ] && [ "$(json_get guarantee </run/status)" = best-effort ]
	exit
fi
if [ "$check" != off ]; then
	dsnctl status --require "$level" >/dev/null || status=1
	[ "$(json_get unchecked </run/status)" = 0 ] || status=1
	[ "$hook" != answer ] || [ "$(json_get answered </run/status)" != 0 ] || status=1
	# each refused read is counted, and none that was not
	[ "$hook" != permission ] || grep -q "^total: .* $(json_get refused </run/status) refused" \
		/run/readers || status=1
fi
exit $status
