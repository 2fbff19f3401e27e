# Guest helpers, sourced by test scripts as ". /lib.sh".
# shellcheck shell=dash

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

# Ends the script: 0 if nothing was "not ok".
finish() {
	[ ! -e /run/not_ok ]
	exit
}

# Whether the kernel attaches fexit programs to its functions: ftrace's direct calls.
has_fexit() { grep -qw register_ftrace_direct /proc/kallsyms; }

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

# Afterwards /dev/vfio/<group_of BDF> is there to be opened.
bind_vfio() {
	modprobe vfio_iommu_type1 && modprobe vfio-pci || return
	echo vfio-pci >"/sys/bus/pci/devices/$1/driver_override" || return
	unbind "$1" || return
	echo "$1" >/sys/bus/pci/drivers_probe || return
	[ "$(driver_of "$1")" = vfio-pci ] || {
		echo "$1: not bound to vfio-pci" >&2
		return 1
	}
}
