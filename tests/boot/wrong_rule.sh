# A rule is wrong: the service fails visibly, everything is scrubbed, VM managers wait.
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh
# shellcheck source=tests/boot/common.sh
. /tests/common.sh
# shellcheck source=tests/boot/held.sh
. /tests/held.sh

expect "it has failed" systemctl is-failed dsnctl
told "it names file and line" "$config/20-wrong.conf:2: " dsnctl
expect_output "the system is degraded" degraded sh -c "systemctl is-system-running; true"
expect "programs are in force" dsnctl status
managers_are_held $zero

rm $config/20-wrong.conf
expect "with the rule put right it starts" systemctl restart dsnctl
expect "so do they" systemctl start libvirtd virtqemud
expect_output "libvirtd sees $second" "^$second$" cat /run/seen/libvirtd
expect "stop" systemctl stop dsnctl
expect "which does not stop VM managers" systemctl is-active libvirtd virtqemud
finish
