# A cell is a machine in which one guest script runs: what the leak matrix and the table of
# kernels have in common.
# shellcheck shell=bash
# shellcheck disable=SC2034 # the callers use what is set here

# value FILE NAME: what the guest said of it, as "NAME=value" or in "total: N NAME"
value() {
	sed -nE "s/.*(^| )$2=([^ ]*).*/\2/p; s/^total:.* ([0-9]+) $2.*/\1/p" "$1" | tail -n 1
}

# boot_cell OUT SECONDS KERNEL WORDS [OPTION...] -- SCRIPT ARGUMENT...: two processors, the
# words on the kernel's command line. Sets $status, and $reads and $wrong by OUT.
boot_cell() {
	local out=$1 limit=$(($2 * 3 + 300)) kernel=$3 words=$4 build=build
	local -a options=()

	shift 4
	while [[ $1 != -- ]]; do
		options+=("$1")
		shift
	done
	shift
	if [[ $kernel == *-arm64 ]]; then
		build=build/arm64
	else
		options+=(--file "$(command -v chrt)") # busybox has none
	fi
	[[ -z $words ]] || options+=(--append "$words")
	status=0
	tests/vm/boot --quiet --cpus 2 --timeout "$limit" "${options[@]}" \
		--dir "$build/guest:/usr/sbin" --file "$build/dsnctl" "$kernel" "$@" \
		>"$out" 2>&1 || status=$?
	sed -n '/trying once more$/s/^/# /p' "$out" # is told even if all is well
	reads=$(value "$out" reads) wrong=$(value "$out" wrong)
	: "${reads:=0}" "${wrong:=0}"
}

# As many machines at once as there are processors: each has a thread of QEMU's.
wait_for_room() {
	while (($(jobs -rp | wc -l) >= $(nproc))); do
		wait -n || true
	done
}
