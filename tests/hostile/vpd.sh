# Gives the function VPD whose registers the test module answers: sourced as ". /vpd.sh", after
# serial.sh.
# shellcheck shell=dash
# shellcheck disable=SC2154,SC2086 # constants of lib.sh

folder=/sys/kernel/debug/config_table
vpd=/sys/bus/pci/devices/$bdf/vpd

# answers OFFSET COUNT: the table answers these bytes
answers() {
	yes '' | head -n "$2" | tr '\n' '\377' |
		dd of=$folder/mask bs=1 seek=$(($1)) conv=notrunc 2>/dev/null
}

# The kernel finds the function anew.
again() {
	echo 1 >/sys/bus/pci/devices/$bdf/remove
	echo 1 >/sys/bus/pci/rescan
	bind_vfio $bdf
}

# Puts VPD at 0x40, first in the chain: a name, PN, SN with a control character in it, V3.
add_vpd() {
	modprobe vfio-pci
	insmod /config_table.ko device=$bdf
	put 0x40 "\\0003\\0$(printf %o "$(byte 0x34)")\\0000\\0000"
	put 0x34 '\0100'
	answers 0x34 1
	answers 0x40 8
	echo 64 >$folder/vpd
	again
	printf '\202\004\000NIC1\220\036\000PN\003A-1SN\014MT19\033[2J0360V3\002u1RV\001\000x\000\000\000' |
		dd of="$vpd" bs=4 conv=notrunc 2>/dev/null
	again
}
