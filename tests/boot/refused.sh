# The kernel is locked down and refuses the programs: only hold-vms.conf protects.
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh
# shellcheck source=tests/boot/common.sh
. /tests/common.sh
# shellcheck source=tests/boot/held.sh
. /tests/held.sh

expect "it has failed" systemctl is-failed dsnctl
told "it says why" "kernel lockdown is 'confidentiality'" dsnctl
expect_status 3 "nothing is in force" dsnctl status
managers_are_held $real
finish
