# The machine of the tests, and what tests of it share: sourced as ". /lib.sh".
# shellcheck shell=dash
# shellcheck disable=SC2034 # constants are for those who source this

# The NIC that tests/vm/boot gives the machine, and its serial, which is made from its MAC.
bdf=0000:00:04.0
real=52-54-00-ff-ff-12-34-56
zero=00-00-00-00-00-00-00-00
# Serials for rules; `unlike` shares no byte with `chosen`.
chosen=02-00-5e-10-00-00-00-01
second=02-00-5e-10-00-00-00-02
unlike=a2-11-22-33-44-55-66-77
pins=/sys/fs/bpf/dsnctl

# Results. The marker file also counts what fails in a subshell.

ok() { echo "ok - $1"; }

skip() { echo "ok - $1 # SKIP $2"; }

# not_ok NAME [DETAIL...]
not_ok() {
	echo "not ok - $1"
	shift
	[ $# = 0 ] || printf '%s\n' "$@" | sed 's/^/# /'
	: >/run/not_ok
}

# expect_status STATUS NAME COMMAND...: the command runs in a subshell.
expect_status() {
	local want=$1 name=$2 out status=0

	shift 2
	out=$("$@" 2>&1) || status=$?
	if [ "$status" = "$want" ]; then
		ok "$name"
	else
		not_ok "$name" "$*: exit status $status, not $want" ${out:+"$out"}
	fi
}

expect() { expect_status 0 "$@"; }

# expect_output NAME REGEX COMMAND...: exit status 0, and a line that matches.
expect_output() {
	local name=$1 regex=$2 out status=0

	shift 2
	out=$("$@" 2>&1) || status=$?
	if [ "$status" != 0 ]; then
		not_ok "$name" "$*: exit status $status" ${out:+"$out"}
	elif ! printf '%s\n' "$out" | grep -Eq -e "$regex"; then
		not_ok "$name" "$*: nothing matches '$regex'" ${out:+"$out"}
	else
		ok "$name"
	fi
}

# says STATUS NAME REGEX COMMAND...: its exit status, and a line of its output, are these
says() {
	local want=$1 name=$2 regex=$3

	shift 3
	expect_status "$want" "$name: exit status" "$@"
	expect_output "$name: message" "$regex" sh -c '"$@" 2>&1; true' sh "$@"
}

# within SECONDS COMMAND...: waits until the command succeeds; 1 if it does not in time
within() {
	local tenths=$(($1 * 10))

	shift
	until "$@"; do
		tenths=$((tenths - 1))
		[ $tenths -gt 0 ] || return 1
		sleep 0.1
	done
}

# has_lines NUMBER FILE: 0 if it has so many, or more
has_lines() { [ "$(wc -l <"$2")" -ge "$1" ]; }

# Ends the script: 0 if nothing was "not ok".
finish() {
	[ ! -e /run/not_ok ]
	exit
}

# The kernel.

# 0 if the kernel attaches fexit programs to its functions: ftrace's direct calls.
has_fexit() { grep -qw register_ftrace_direct /proc/kallsyms; }

is_realtime() { uname -v | grep -q PREEMPT_RT; }

# preempt MODEL: sets the preemption model; 1 if the kernel has no such model
preempt() {
	echo "$1" 2>/dev/null >/sys/kernel/debug/sched/preempt
	grep -qs "($1)" /sys/kernel/debug/sched/preempt
}

# The kernel frees a program some time after its last user.

# no_program NAME: 0 if none is loaded
no_program() { ! bpftool prog show | grep -q "$1"; }

# one_program REGEX: 0 if one is loaded
one_program() { [ "$(bpftool prog show | grep -Ec "$1")" = 1 ]; }

# has_ended PID: 0 if the process has closed its files; its parent may not know yet
has_ended() { [ ! -e "/proc/$1/stat" ] || grep -qs '^State:.*Z' "/proc/$1/status"; }

# dsnctl's JSON.

# count MEMBER: of status, mostly a counter
count() { dsnctl status -j | json_get "$1"; }

# outcome check|status: the level and the layers, as check predicts or status reports them
outcome() {
	local out key

	out=$(dsnctl "$1" -j 2>/dev/null)
	for key in guarantee hook check gate; do
		echo "$out" | json_get $key | tr '\n' ' '
	done
}

# PCI devices, named like 0000:00:04.0.

driver_of() {
	local link

	link=$(readlink "/sys/bus/pci/devices/$1/driver") && echo "${link##*/}"
}

group_of() {
	local link

	link=$(readlink "/sys/bus/pci/devices/$1/iommu_group") && echo "${link##*/}"
}

unbind() {
	[ ! -e "/sys/bus/pci/devices/$1/driver" ] ||
		echo "$1" >"/sys/bus/pci/devices/$1/driver/unbind"
}

# Unbinds and probes once; 1 if another driver is in between, as one that probes asynchronously.
try_vfio() {
	unbind "$1" && echo "$1" >/sys/bus/pci/drivers_probe && [ "$(driver_of "$1")" = vfio-pci ]
}

# Binds anew: afterwards /dev/vfio/<group_of BDF> is there to be opened. That it fails is a result.
bind_vfio() {
	modprobe vfio_iommu_type1 && modprobe vfio-pci &&
		echo vfio-pci >"/sys/bus/pci/devices/$1/driver_override" &&
		within 30 try_vfio "$1" && return
	not_ok "$1 is bound to vfio-pci" "its driver: $(driver_of "$1")"
	return 1
}

# hold_device BDF FILE: starts $holder, which has the function open and prints its serial to
# FILE, a line a second; returns when it has read, and that it does not read is a result
hold_device() {
	: >"$2"
	vfio_read "$1" hold >"$2" &
	holder=$!
	within 60 test -s "$2" || not_ok "a process has $1 open and reads"
}
