# What the boots share, sourced after /lib.sh.
# shellcheck shell=dash
# shellcheck disable=SC2034 # for those who source it

config=/etc/dsnctl.d

# managers_saw SERIAL: every one that has started
managers_saw() {
	local manager

	for manager in libvirtd virtqemud any-other; do
		expect_output "$manager sees $1" "^$1$" cat /run/seen/$manager
	done
}

# told NAME REGEX UNIT: in this boot's journal
told() {
	journalctl --sync
	expect_output "$1" "$2" journalctl -b -o cat -u "$3"
}
