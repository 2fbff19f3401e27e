# What lspci says in a Linux guest of a real QEMU: under each policy, after a reset of the
# function and after a reboot.
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh
# shellcheck source=tests/vmm/vmm.sh
. /vmm.sh

# shellcheck source=tests/vmm/linux_guest.sh
. /linux_guest.sh

# sees NAME SERIAL: in the guest's own words
sees() {
	expect_output "$1" "Device Serial Number $2\$" in_guest lspci -vvv -s $guest_bdf
}

bind_vfio $bdf
boot_guest "a Linux guest boots before load"
sees "control: lspci before load" $real
expect "load succeeds" dsnctl load
sees "load under the running guest" $zero
expect "set --force succeeds under the running guest" dsnctl set $bdf $chosen --force
sees "set under the running guest" $chosen
expect_output "the guest can reset the function" "^(flr |af_flr )?pm" \
	in_guest cat /sys/bus/pci/devices/$guest_bdf/reset_method
expect_output "the guest's reset of the function succeeds" "^reset 0$" \
	in_guest "echo 1 >/sys/bus/pci/devices/$guest_bdf/reset; echo reset \$?"
sees "set, after the reset" $chosen
expect "set hide --force succeeds under the running guest" dsnctl set $bdf hide --force
in_guest lspci -vvv -s $guest_bdf >/run/seen
expect_output "hidden under the running guest: lspci shows what is before it" \
	"Advanced Error Reporting" cat /run/seen
expect_status 1 "hidden under the running guest: lspci shows no serial" \
	grep "Device Serial Number" /run/seen
expect "set scrub --force succeeds under the running guest" dsnctl set $bdf scrub --force
sees "scrubbed under the running guest" $zero
in_guest "echo 1 >/sys/bus/pci/devices/$guest_bdf/reset"
sees "scrubbed, after a reset" $zero
echo "# rebooting it, a minute or two"
tell guest "reboot -f"
up guest "the guest reboots while scrubbed" 600
sees "scrubbed, after the reboot" $zero
expect "set pass --force succeeds under the running guest" dsnctl set $bdf pass --force
sees "control: pass under the running guest" $real
stop_vmm guest

expect "set succeeds while no guest runs" dsnctl set $bdf $chosen
boot_guest "a Linux guest boots while set"
sees "set before it booted" $chosen
finish
