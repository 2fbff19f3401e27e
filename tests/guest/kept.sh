# Programs that are detached stay loaded until no task can be about to enter them.
# kernel: any
# only: make check-all
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

# Has sed print the programs that a trampoline calls.
tracing='s/^[0-9]*: tracing *prog \([0-9]*\).*/\1/p'

# Prints those of a list that are loaded no more.
gone() {
	bpftool prog show | sed -n 's/^\([0-9]*\): .*/\1/p' >/run/loaded
	sort -u "$1" | grep -vxF -f /run/loaded
}

kept() { find "$pins" -name 'kept_*' | wc -l; }

bind_vfio $bdf
expect "load succeeds" dsnctl load
expect "set succeeds" dsnctl set $bdf $chosen
expect_output "the first load keeps nothing" "^0$" kept
expect "a load that replaces programs succeeds" dsnctl load
expect_output "a load that replaces programs keeps none at its end" "^0$" kept
expect "a load that replaces programs leaves one hook" within 30 one_program "name dsn_fexit"

if grep -q tramp_linked /sys/kernel/btf/vmlinux; then
	skip "kept programs" "this kernel holds programs itself"
	finish
fi

# attaching and detaching for the wait would leave records for which ftrace gives up later
if echo 0 >/proc/sys/kernel/ftrace_enabled; then
	expect_output "ftrace is off: load warns" "stay loaded.*ftrace_enabled" \
		sh -c "dsnctl load 2>&1"
	expect_output "ftrace is off: load keeps a program" "^1$" kept
	echo 1 >/proc/sys/kernel/ftrace_enabled
	expect "ftrace was off: unload succeeds" dsnctl unload
	expect "ftrace was off: unload frees what was kept" test ! -e $pins
	expect_output "ftrace was off: the kernel attaches programs again" \
		"^loaded: hook fexit" dsnctl load --hook fexit
	expect "ftrace was off: set succeeds" dsnctl set $bdf $chosen
else
	skip "ftrace was off" "this kernel cannot turn ftrace off while the hook is attached"
fi

# no trampoline is shown in /proc/kallsyms
echo 2 >/proc/sys/net/core/bpf_jit_harden
if grep -q update_ftrace_direct_del /proc/kallsyms; then
	expect_output "bpf_jit_harden: load warns" "stay loaded.*bpf_jit_harden" sh -c "dsnctl load 2>&1"
	expect_output "bpf_jit_harden: load keeps a program" "^1$" kept
else
	expect_output "bpf_jit_harden: load has nothing to warn of" "^1 loaded" \
		sh -c "dsnctl load >/run/said 2>&1; echo \$(wc -l </run/said) \$(cat /run/said)"
	expect_output "bpf_jit_harden: load keeps none at its end" "^0$" kept
fi
echo 0 >/proc/sys/net/core/bpf_jit_harden
expect "bpf_jit_harden is off again: load succeeds" dsnctl load
expect_output "bpf_jit_harden is off again: load keeps none at its end" "^0$" kept
expect "bpf_jit_harden is off again: one hook" within 30 one_program "name dsn_fexit"

# killed_in NAME COMMAND...: killed at every fifth step, from the first that attaches or
# detaches until it waits, a command loses no program
killed_in() {
	local name=$1 n=0 by=40 kills=0 wrong=0 waits=0

	shift
	while [ $waits = 0 ]; do
		n=$((n + by))
		# what kills have left is freed by a whole load, as it makes the next one longer
		if [ ! -e $pins/state ] || [ "$(kept)" -gt 7 ]; then
			dsnctl load >/run/out 2>&1
		fi
		bpftool link show >/run/before
		sed -n "$tracing" /run/before >/run/attached
		rmdir $pins/waiting 2>/dev/null
		KILL_AT_RUN="bpftool link show >/run/links" kill_at $n "$@" >/run/out 2>&1 || break
		kills=$((kills + 1))
		sed -n "$tracing" /run/links >>/run/attached
		if [ $by = 40 ] && ! cmp -s /run/before /run/links; then
			n=$((n - by)) by=5
		elif [ -e $pins/waiting ]; then
			waits=1
		fi
		sleep 0.2
		[ -z "$(gone /run/attached)" ] || wrong=$((wrong + 1))
	done
	if [ $waits = 1 ] && [ $kills -gt 5 ] && [ $wrong = 0 ]; then
		ok "$name: killed $kills times, up to step $n, it loses no program"
	else
		not_ok "$name" "$kills kills up to step $n, $wrong lost a program" "$(cat /run/out)"
	fi
}
killed_in "load is killed" dsnctl load
expect_output "load is killed: the rule is in force" "^$chosen$" vfio_read $bdf serial
expect_output "load is killed: status is proven" "^proven$" count guarantee
expect "load is killed: the next one succeeds" dsnctl load
expect_output "load is killed: the next one frees what was kept" "^0$" kept
expect "load is killed: the next one leaves one hook" within 30 one_program "name dsn_fexit"

killed_in "unload is killed" dsnctl unload
expect "unload is killed: the next one succeeds" dsnctl unload
expect "unload is killed: the next one removes the folder" test ! -e $pins
expect "unload is killed: no hook is left" within 30 no_program dsn_fexit
finish
