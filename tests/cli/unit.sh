#!/bin/bash
# systemd's own opinion of the units; the program is the argument. Prints TAP-like lines.
set -uo pipefail

cd "$(dirname "$(readlink -f "$0")")/../.." || exit
program=$(readlink -f "$1")
# what systemd-analyze security said, in tenths: 35 in systemd 252, 33 in 257; less is better
exposure=35
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# silent NAME COMMAND...: exit status 0 and not a word
silent() {
	local name=$1 out status=0

	shift
	out=$("$@" 2>&1) || status=$?
	if [[ $status == 0 && -z $out ]]; then
		echo "ok - $name"
	else
		echo "not ok - $name"
		printf '%s\n' "exit status $status" "$out" | sed 's/^/# /'
		failed=1
	fi
}

if ! command -v systemd-analyze >/dev/null; then
	echo "ok - the units # SKIP systemd-analyze is not installed"
	exit 0
fi
for unit in dsnctl dsnctl-repair; do
	sed "s|@sbindir@|${program%/*}|" "systemd/$unit.service.in" >"$work/$unit.service"
done
# a VM manager with the drop-in
mkdir "$work/libvirtd.service.d"
cp systemd/hold-vms.conf "$work/libvirtd.service.d/dsnctl.conf"
printf '[Service]\nExecStart=/bin/true\n' >"$work/libvirtd.service"
# the examples name the program only, which systemd finds; here it is in no such folder
mkdir "$work/vm.service.d"
for example in vm-claim.conf dsnctl-metrics.service dsnctl-metrics.timer; do
	sed -E "s|=(\+?)dsnctl |=\1$program |" "systemd/$example" >"$work/$example"
done
mv "$work/vm-claim.conf" "$work/vm.service.d/dsnctl.conf"
cp "$work/libvirtd.service" "$work/vm.service"

silent "systemd-analyze verify finds nothing in the units" \
	systemd-analyze verify --man=no "$work/dsnctl.service" \
	"$work/dsnctl-repair.service"
silent "systemd-analyze verify finds nothing in a unit with hold-vms.conf" \
	systemd-analyze verify --man=no "$work/libvirtd.service"
silent "systemd-analyze verify finds nothing in a unit with vm-claim.conf" \
	systemd-analyze verify --man=no "$work/vm.service"
silent "systemd-analyze verify finds nothing in dsnctl-metrics" \
	systemd-analyze verify --man=no "$work/dsnctl-metrics.service" "$work/dsnctl-metrics.timer"
for unit in dsnctl dsnctl-repair; do
	silent "systemd-analyze security of $unit says $exposure tenths at most" bash -c '
		systemd-analyze security --offline=yes --no-pager --threshold="$2" "$1" |
			sed -n "/Overall/p" >"$3"
		status=${PIPESTATUS[0]}
		((status == 0)) || cat "$3"
		exit "$status"' - "$work/$unit.service" "$exposure" "$work/overall"
done
exit "$failed"
