# Reads asleep inside vfio, in a reset or a page fault, while programs come and go beside them.
# boot: --cpus 2
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

seconds=5
shapes="qword low high vector whole edge"

# load_proven NAME [OPTION]...: 1, and a result, where the level is less
load_proven() {
	local name=$1 out

	shift
	if out=$(dsnctl load "$@" 2>&1) && [ "$(count guarantee)" = proven ]; then
		dsnctl set $bdf $chosen >/dev/null
		return
	fi
	if is_realtime; then
		skip "$name" "not proven on this real-time kernel"
	else
		not_ok "$name" "load $*: not proven" "$out"
	fi
	return 1
}

# Disturbances. Each goes on until /run/done is there, and says in /run/disturbed how often.

come_and_go() {
	trace /usr/sbin/tracer.bpf.o other_fentry come-and-go >/run/disturbed 2>&1 &
	until [ -e /run/done ]; do sleep 0.1; done
	kill $!
	wait $!
}

# With other programs each time, so that what runs is replaced; at a priority that readers
# do not keep from running.
load_on() {
	local times=0

	renice -n -20 -p "$(exec sh -c 'echo $PPID')"
	until [ -e /run/done ]; do
		{ dsnctl load "$@" --answer || dsnctl load "$@" --hook kprobe; } || break
		dsnctl load "$@" || break
		times=$((times + 2))
	done >/run/loads 2>&1
	[ -e /run/done ] || cat /run/loads
	echo "$times loads" >/run/disturbed
}

# in_resets DISTURB...: readers beside resets and that; what they saw is in /run/readers
in_resets() {
	local status=0

	rm -f /run/done
	"$@" &
	timeout -s KILL $((seconds * 4 + 60)) \
		asleep $bdf /run/image $chosen reset $seconds 4 >/run/readers 2>&1 || status=$?
	: >/run/done
	wait
	return $status
}

# no_leak_in_resets NAME DISTURB...
no_leak_in_resets() {
	local name=$1 status=0

	shift
	in_resets "$@" || status=$?
	case $status in
	0) ok "$name" ;;
	3) skip "$name" "$(cat /run/readers)" ;;
	*) not_ok "$name" "status $status" "$(cat /run/readers)" "$(cat /run/disturbed)" ;;
	esac
	echo "# $(tail -n 1 /run/readers); $(cat /run/disturbed)"
}

is_asleep() { grep -q "^asleep" /run/readers; }
is_gone() { ! kill -0 "$1" 2>/dev/null; }

# no_leak_in_faults NAME LOAD...: each word is the options of one load, + for a space
no_leak_in_faults() {
	local name=$1 options status=0 reader

	shift
	rm -f /run/wake
	: >/run/readers
	# shellcheck disable=SC2086
	asleep $bdf /run/image $chosen fault /run/wake $shapes >/run/readers 2>&1 &
	reader=$!
	if ! within 30 is_asleep; then
		if grep -q "no userfaultfd" /run/readers; then
			skip "$name" "$(cat /run/readers)"
		else
			not_ok "$name" "no reads fell asleep" "$(cat /run/readers)"
		fi
		kill -KILL $reader 2>/dev/null
		wait $reader
		return
	fi
	for options; do
		# shellcheck disable=SC2046
		dsnctl load $(echo "$options" | tr + ' ') >/run/loads 2>&1 ||
			not_ok "$name" "load $options" "$(cat /run/loads)"
	done
	: >/run/wake
	if ! within 30 is_gone $reader; then
		echo "the readers did not come back" >>/run/readers
		kill -KILL $reader
	fi
	wait $reader || status=$?
	if [ $status = 0 ]; then
		ok "$name"
	else
		not_ok "$name" "status $status" "$(cat /run/readers)"
	fi
}

bind_vfio $bdf
vfio_read $bdf save /run/image

both="both layers: no real byte in reads asleep"
if load_proven "$both"; then
	no_leak_in_resets "$both in a reset beside a tracer that comes and goes" \
		come_and_go
	no_leak_in_resets "$both in a reset beside loads of other programs" load_on
	dsnctl load >/dev/null
	no_leak_in_faults "$both in a page fault during one load" --check+auto
	no_leak_in_faults "$both in a page fault during three loads" \
		--check+auto --check+auto --check+auto
	no_leak_in_faults "$both while one load brings other programs" --answer
	no_leak_in_faults "$both while three loads bring other programs" \
		--hook+none --answer --check+auto
fi

alone="the check alone: no real byte in reads asleep"
if load_proven "$alone" --hook none; then
	no_leak_in_resets "$alone in a reset beside a tracer that comes and goes" \
		come_and_go
	no_leak_in_resets "$alone in a reset beside loads of other programs" \
		load_on --hook none
	dsnctl load --hook none >/dev/null
	no_leak_in_faults "$alone in a page fault" --hook+none
	no_leak_in_faults "$alone in a page fault during three loads" \
		--hook+none --hook+none --hook+none
	no_leak_in_faults "$alone while three loads bring other programs" \
		--check+auto --answer --hook+none
fi
expect_output "no reader was killed" "^0$" count kills
expect_output "no process was stopped" "^0$" count stops
expect_output "no reader got away" "^0$" count unkillable

all_of_it() {
	come_and_go &
	load_on "$@"
	wait
}

if has_fexit; then
	seconds=20
	dsnctl load --hook fexit --check off >/dev/null 2>&1
	dsnctl set $bdf $chosen >/dev/null
	in_resets all_of_it --hook fexit --check off
	expect_output "control: the hook alone shows the real serial to reads asleep in a reset" \
		"^total: .* [1-9][0-9]* real" cat /run/readers
else
	skip "control: the hook alone" "this kernel attaches no fexit programs to its functions"
fi
expect "unload --force succeeds" dsnctl unload --force
finish
