# The VM managers with hold-vms.conf are held back, the one without is not.
# shellcheck shell=dash

# managers_are_held SERIAL: what the one without sees
managers_are_held() {
	local manager

	for manager in libvirtd virtqemud; do
		expect "$manager has failed" systemctl is-failed $manager
		expect_status 1 "$manager has not started" test -e /run/seen/$manager
		told "$manager says why" "^held back: dsnctl.service is not active" $manager
	done
	expect_output "a VM manager without hold-vms.conf sees $1" "^$1$" cat /run/seen/any-other
}
