#!/bin/bash
# Tests the harness itself: selftest.sh [KERNEL...], TAP-like lines on stdout.
set -uo pipefail

here=$(dirname "$(readlink -f "$0")")
(($#)) || set -- 6.12
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit

failed=0

# check NAME EXPECTED ACTUAL
check() {
	if [[ $2 == "$3" ]]; then
		echo "ok - $1"
		return
	fi
	failed=1
	echo "not ok - $1"
	diff <(echo "$2") <(echo "$3") | sed 's/^/# /' | head -n 40
	[[ ! -s errors ]] || sed 's/^/# /' errors
}

# run TEXT [OPTION...] KERNEL: boots with TEXT as the script; output and $status.
# shellcheck disable=SC2016 # the scripts are for the guest
run() {
	printf '%s\n' "$1" >script
	shift
	status=0
	"$here/boot" --console console "$@" script "it's" '$1' >output 2>errors ||
		status=$?
}

# shellcheck disable=SC2016
on_kernel() {
	local name=$1

	run '. /lib.sh
		expect bind bind_vfio 0000:00:04.0
		expect_output driver "^vfio-pci$" driver_of 0000:00:04.0
		expect group [ -c "/dev/vfio/$(group_of 0000:00:04.0)" ]
		expect unbind unbind 0000:00:04.0
		expect_status 1 free driver_of 0000:00:04.0
		finish' "$name"
	check "$name: finish says 0" 0 "$status"
	check "$name: vfio-pci is bound and unbound" "$(printf 'ok - %s\n' \
		bind driver group unbind free)" "$(<output)"
}

# shellcheck disable=SC2016
transport() {
	run 'seq 1000; echo "$@" >&2; printf "\001\r\n\tx"; exit 7' "$1"
	check "the script's exit status is passed on" 7 "$status"
	{ seq 1000 && printf "it's \$1\n\001\r\n\tx"; } >expected
	check "output arrives as it was written" "" "$(cmp expected output 2>&1)"
	check "a failure names the file of the console" \
		1 "$(grep -c 'kernel console in console$' errors)"
	check "the kernel log is kept" 1 "$(grep -c 'Linux version' console)"

	run '. /lib.sh; expect_output a "^1$" echo 2; (not_ok b c); skip d e; finish' \
		--icount "$1"
	check "finish says 1" 1 "$status"
	check "failures come with details" "$(printf '%s\n' 'not ok - a' \
		"# echo 2: nothing matches '^1\$'" '# 2' 'not ok - b' '# c' \
		'ok - d # SKIP e')" "$(<output)"
}

complaints() {
	run 'echo 512 >/proc/sys/kernel/tainted' "$1"
	check "a kernel that has warned fails the script" "1 not ok - the kernel has no complaint" \
		"$status $(<output)"
	run 'echo c >/proc/sysrq-trigger' "$1"
	check "a kernel that has crashed fails the script" 125 "$status"
	check "the failure shows what the kernel said" 1 "$(grep -c '^# .*Kernel panic' errors)"
}

# shellcheck disable=SC2016
packing() {
	mkdir folder
	echo text >folder/file
	run 'cat /data/file /file && /usr/local/od --version | head -n 1 && nproc &&
		modprobe nbd nbds_max=1 && cat /sys/module/nbd/parameters/nbds_max &&
		cat /sys/kernel/security/lockdown && cat /sys/class/net/*/address' \
		--cpus 2 --append lockdown=integrity --module nbd --dir folder:/data \
		--file folder/file --file "$(command -v od):/usr/local/od" \
		--device 'e1000e,addr=5,romfile=,mac=52:54:00:00:00:01' "$1"
	check "files, folders, modules and options" "0
text
text
$(od --version | head -n 1)
2
1
none [integrity] confidentiality
00:00:00:00:00:00" "$status
$(<output)"
}

endings() {
	run 'echo before; sleep 100' --timeout 20 "$1"
	check "124 on timeout" "124 before" "$status $(<output)"
	run 'echo c >/proc/sysrq-trigger' "$1"
	check "125 after a panic" 125 "$status"
	check "the panic is in the console log" 1 \
		"$(grep -c 'Kernel panic' console)"
	run 'poweroff -f' "$1"
	check "125 after a power off" 125 "$status"
	run 'exit 0' --boot-timeout 1 "$1"
	check "a hung boot is tried twice, and reported" "125 2" \
		"$status $(grep -c 'not up after 1 s' errors)"
	run 'exit 0' --append rdinit=/nothing "$1"
	check "a boot that panics is tried twice, and reported" "125 2" \
		"$status $(grep -c 'died while it booted' errors)"
	run 'exit 0' --qemu-arg -nonsense "$1"
	check "wrong arguments for QEMU are reported at once" "125 0 1" \
		"$status $(grep -c 'died while' errors) $(grep -c nonsense errors)"
}

# results_of TEXT: what the filter makes of it
results_of() {
	printf '%s\n' "$1" | "$here/results" --prefix 'K: '
	echo "status $?"
}

counting() {
	check "results: all kinds" "K: not ok - b
K: # why
K: ok - c # SKIP no
1 passed, 1 failed, 1 skipped
status 1" "$(results_of "$(printf '%s\n' 'ok - a' '# x' 'not ok - b' '# why' noise \
		'# y' 'ok - c # SKIP no')")"
	check "results: only good ones" "2 passed, 0 failed, 0 skipped
status 0" "$(results_of "$(printf '%s\n' 1..2 'ok 1 - a' 'ok 2 - b')")"
	check "results: nothing is a failure" "0 passed, 0 failed, 0 skipped
status 1" "$(results_of '')"
}

counting
for kernel; do
	on_kernel "$kernel"
done
transport "$1"
packing "$1"
endings "$1"
complaints "$1"
exit "$failed"
