# A kernel whose active LSMs are without bpf, as Ubuntu's: what is foretold and what comes.
# boot: --append lsm=lockdown,capability
# shellcheck shell=dash
. /lib.sh

bdf=0000:00:04.0

# outcome check|status: what is foretold, and what came of it
outcome() {
	local out key

	out=$(dsnctl "$1" -j 2>/dev/null)
	for key in guarantee hook guard; do
		echo "$out" | json_get $key | tr '\n' ' '
	done
}

bind_vfio $bdf
expect_output "bpf is not active" "^lsm +missing" dsnctl check
for model in none voluntary full lazy; do
	echo $model 2>/dev/null >/sys/kernel/debug/sched/preempt
	if ! grep -qs "($model)" /sys/kernel/debug/sched/preempt; then
		skip "preemption $model" "this kernel has no such model"
		continue
	fi
	want=$(outcome check)
	dsnctl load >/dev/null 2>&1
	expect_output "preemption $model: check has foretold '$want'" "^${want:-nothing}$" \
		outcome status
	dsnctl unload >/dev/null
done
finish
