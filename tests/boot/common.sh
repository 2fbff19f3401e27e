# What the boots share, sourced after /lib.sh.
# shellcheck shell=dash
# shellcheck disable=SC2034 # for those who source it

nic=0000:00:04.0
real=52-54-00-ff-ff-12-34-56
zero=00-00-00-00-00-00-00-00
first=02-00-5e-10-00-00-00-01
second=02-00-5e-10-00-00-00-02
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
