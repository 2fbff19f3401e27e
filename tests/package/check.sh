# What tests of installing share: sourced.
# shellcheck shell=bash
failed=0

# check NAME COMMAND...: a TAP-like line, and what a command that fails has printed
check() {
	local name=$1 said

	shift
	if said=$("$@" 2>&1); then
		echo "ok - $name"
	else
		echo "not ok - $name"
		tail -n 40 <<<"$said" | sed 's/^/# /'
		# shellcheck disable=SC2034 # for the exit status of those that source this
		failed=1
	fi
}
