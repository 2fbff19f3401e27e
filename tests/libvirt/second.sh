# The same host after a reboot, with its cards the other way round: the VM reads the same serials.
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh
# shellcheck source=tests/libvirt/vms.sh
. /tests/vms.sh

expect "after a reboot load succeeds" dsnctl load
expect "after a reboot --check finds nothing wrong" dsnctl-libvirt --check
define build-7 $vm $other_bdf ua-nic0 $bdf ua-nic1
start "after a reboot" build-7
sees "after a reboot the guest reads the same serial" build-7 1 01:00.0 $nic0
sees "after a reboot it reads the same for its second card" build-7 1 02:00.0 $nic1
end build-7
expect "the end of the VM ends its claims" claims_are 0
finish
