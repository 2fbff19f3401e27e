# A rule is wrong: the service fails visibly, everything is scrubbed, VM managers wait.
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh
# shellcheck source=tests/boot/common.sh
. /tests/common.sh
# shellcheck source=tests/boot/held.sh
. /tests/held.sh

expect "the service has failed with a wrong rule" systemctl is-failed dsnctl
told "the service names the file and the line of a wrong rule" "$config/20-wrong.conf:2: " dsnctl
expect_output "systemd reports the system as degraded" \
	degraded sh -c "systemctl --wait is-system-running; true"
expect "the programs are in force with a wrong rule" dsnctl status
managers_are_held $zero

rm $config/20-wrong.conf
expect "the service starts with the rule put right" systemctl restart dsnctl
expect "the VM managers start with the rule put right" systemctl start libvirtd virtqemud
expect_output "libvirtd sees $second" "^$second$" cat /run/seen/libvirtd
expect "stop of the service succeeds" systemctl stop dsnctl
expect "stop of the service leaves the VM managers active" systemctl is-active libvirtd virtqemud
finish
