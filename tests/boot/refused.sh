# The kernel is locked down and refuses the programs: only hold-vms.conf protects.
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh
# shellcheck source=tests/boot/common.sh
. /tests/common.sh
# shellcheck source=tests/boot/held.sh
. /tests/held.sh

expect "the service has failed under lockdown" systemctl is-failed dsnctl
told "the service names the kernel lockdown as the cause" "kernel lockdown is 'confidentiality'" \
	dsnctl
expect_status 3 "nothing is loaded under lockdown" dsnctl status
managers_are_held $real
finish
