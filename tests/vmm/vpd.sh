# What lspci in a Linux guest of a real QEMU prints of a card's VPD, which the test module answers.
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh
# shellcheck source=tests/vmm/vmm.sh
. /vmm.sh
# shellcheck source=tests/vmm/linux_guest.sh
. /linux_guest.sh
# shellcheck source=tests/hostile/serial.sh
. /serial.sh
# shellcheck source=tests/hostile/vpd.sh
. /vpd.sh

# look: what lspci prints of the function, and in which time
look() {
	in_guest lspci -vvv -s "$guest_bdf" >/run/seen 2>&1
}

# prints NAME: VPD with the card's serial number
prints() {
	look
	expect_output "$1: lspci prints the VPD's serial number" "\[SN\] Serial number: MT19" cat /run/seen
	expect_output "$1: lspci prints its part number" "\[PN\] Part number: A-1" cat /run/seen
}

# prints_none NAME: and that lspci went through the rest
prints_none() {
	look
	expect_status 1 "$1: lspci prints no serial number, part number or name" \
		grep -e '\[SN\]' -e '\[PN\]' -e NIC1 -e MT19 /run/seen
	expect_output "$1: lspci prints what comes after VPD" "Device Serial Number" cat /run/seen
}

add_vpd
boot_guest "a Linux guest with a card that has VPD boots before load"
prints "control, before load"
expect "load succeeds" dsnctl load
prints_none "load under the running guest"
expect_output "after load the guest finds the capability of VPD" "Vital Product Data" cat /run/seen
expect "set vpd hide --force succeeds under the running guest" \
	dsnctl set $bdf scrub vpd hide --force
prints_none "vpd hide"
expect "set vpd pass --force succeeds under the running guest" \
	dsnctl set $bdf scrub vpd pass expect 8086:10d3 --force
prints "control, vpd pass"
expect "set gaps zero --force succeeds under the running guest" \
	dsnctl set $bdf scrub vpd empty gaps zero --force
prints_none "vpd empty gaps zero"
stop_vmm guest
boot_guest "a Linux guest boots while VPD is empty"
prints_none "a guest that boots while VPD is empty"
expect_output "no reader was killed" "^0$" count kills
finish
