# Counts what each way to load dsnctl costs. Arguments: rounds, columns (all by default).
# Prints "cost COLUMN ROW INSTRUCTIONS TEXT" and "skip COLUMN REASON".
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

rounds=$1
shift
wanted=${*:-all}

wants() {
	case " $wanted " in
	*" $1 "* | " all ") ;;
	*) return 1 ;;
	esac
}

# measure COLUMN
measure() { cost $bdf /tmp/plain "$rounds" | sed "s/^/cost $1 /"; }

skipped() { echo "skip $1 $(head -n 1 /run/why)"; }

# with_rules COUNT: the device's own is the last
with_rules() {
	[ "$1" != 0 ] || return 0
	[ "$1" = 1 ] || fill_rules $(($1 - 1)) || return
	dsnctl set $bdf $chosen
}

# loaded COLUMN RULES OPTION...: with so many rules, loaded so
loaded() {
	local column=$1 rules=$2

	shift 2
	wants "$column" || return 0
	if dsnctl load "$@" >/run/why 2>&1 && with_rules "$rules" >/run/why 2>&1; then
		measure "$column"
	else
		skipped "$column"
	fi
	dsnctl unload >/dev/null || exit
	# the kernel lets go of a program some time after its last user
	while bpftool prog show | grep -q dsn_; do
		sleep 0.1
	done
}

attached() { bpftool link show | grep -q tracing; }

# empty PROGRAM: of empty.bpf.o that one alone
empty() {
	local tracer

	wants "$1" || return 0
	trace /usr/sbin/empty.bpf.o "$1" 2>/run/why &
	tracer=$!
	until attached || ! kill -0 "$tracer" 2>/dev/null; do
		sleep 0.1
	done
	if attached; then
		measure "$1"
		kill "$tracer"
	else
		skipped "$1"
	fi
	wait "$tracer" 2>/dev/null
	while attached; do
		sleep 0.1
	done
}

bind_vfio $bdf || exit
echo plain >/tmp/plain
sleep 20 # of the guest's time: what a boot leaves to be done later is done then
measure nothing
empty empty_fexit
empty empty_lsm
empty empty_fmod_ret
loaded scrub 0
loaded serial 1
loaded rules-8000 8000
loaded hook 1 --hook fexit --check off
loaded check 1 --hook none
loaded kprobe 1 --hook kprobe
loaded answer 1 --answer
measure nothing-again
