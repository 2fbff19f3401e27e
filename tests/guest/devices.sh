# What happens to devices while the programs are loaded: two functions of one card, unbind
# and bind, resets, remove and rescan, modules out and in, unplugging.
# kernel: any
# boot: --device pcie-root-port,id=rp0,addr=5,chassis=1,slot=7
# boot: --device e1000e,bus=rp0,addr=0.0,multifunction=on,romfile=,mac=52:54:00:12:34:56
# boot: --device e1000e,bus=rp0,addr=0.1,romfile=,mac=52:54:00:12:34:57
# boot: --module uio_pci_generic
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

bdf=0000:01:00.0
other=0000:01:00.1
sys=/sys/bus/pci/devices

sees() { expect_output "$2: $1" "^$3$" vfio_read "$2" serial; }

bind_both() { bind_vfio $bdf && bind_vfio $other; }

# Waits for two more reads by the process that holds a function.
reads_on() {
	within 30 has_lines $(($(wc -l </run/held) + 2)) /run/held ||
		not_ok "the holder of the function reads on"
}

# held NAME SERIAL: all it has read until now is this, and it has read
held() {
	kill $holder
	wait $holder
	expect_output "$1" "^ *[1-9][0-9]* $2$" \
		sh -c "sort /run/held | uniq -c | grep -v ' $2\$' ||
		sort /run/held | uniq -c"
}

bind_both
sees "before load" $bdf $real
sees "before load" $other 52-54-00-ff-ff-12-34-57
expect "load succeeds" dsnctl load
sees "load scrubs the function" $bdf $zero
sees "load scrubs the function" $other $zero

# two functions of one card
expect_output "a rule for the device is set" "^0000:01:00: $chosen" dsnctl set 01:00 $chosen
sees "the function follows the device's rule" $bdf $chosen
sees "the function follows the device's rule" $other $chosen
expect_output "set warns if functions of one card would differ" \
	"are functions of one card and would differ" \
	sh -c "dsnctl set $other $second 2>&1"
sees "the function follows its own rule" $other $second
sees "the function still follows the device's rule" $bdf $chosen
expect "unset of the function's own rule succeeds" dsnctl unset $other
sees "without its own rule it follows the device's again" $other $chosen

# unbind and bind, also to another driver in between
unbind $bdf
bind_vfio $bdf
sees "the rule holds after it was unbound and bound" $bdf $chosen
echo uio_pci_generic >$sys/$bdf/driver_override
unbind $bdf
modprobe uio_pci_generic
echo $bdf >/sys/bus/pci/drivers_probe
expect_output "a driver of the host has the function" "^uio_pci_generic$" driver_of $bdf
expect_output "list names the driver of the host" "^$bdf +uio_pci_generic " dsnctl list
bind_vfio $bdf
sees "the rule holds after another driver had it" $bdf $chosen

# resets by the host, the device being open: of the function (e1000e has no FLR: by its
# power state), and of the bus, at the port
expect "the function's reset method is set" sh -c "echo pm >$sys/$bdf/reset_method"
hold_device $bdf /run/held
expect "the function is reset while it is open" sh -c "echo 1 >$sys/$bdf/reset"
reads_on
held "reads before and after a reset of the function follow the rule" $chosen
sees "the rule holds after a reset of the function" $bdf $chosen
hold_device $bdf /run/held
for control in '\0100' '\0000'; do
	printf '%b' "$control" | dd of=$sys/0000:00:05.0/config bs=1 seek=62 conv=notrunc 2>/dev/null ||
		not_ok "the port's bridge control can be written"
	sleep 1
done
reads_on
held "reads before and after a reset of the bus follow the rule" $chosen
sees "the rule holds after a reset of the bus" $bdf $chosen
hold_device $bdf /run/held
dmesg -c >/dev/null
echo "$bdf" >/sys/bus/pci/drivers/vfio-pci/unbind &
unbinding=$!
waits() { dmesg | grep -q "blocked until released by user"; }
expect "the host waits for the holder of the function" within 30 waits
reads_on
held "reads while the host unbinds it follow the rule" $chosen
wait $unbinding
bind_both
sees "the rule holds after the host had it back" $bdf $chosen

# remove and rescan
echo 1 >$sys/$bdf/remove
echo 1 >$sys/$other/remove
expect_status 1 "the function is removed" test -e $sys/$bdf
expect_output "dump has the rule of a removed function" "^0000:01:00 +serial $chosen" dsnctl dump
echo 1 >/sys/bus/pci/rescan
bind_both
sees "the rule holds after remove and rescan" $bdf $chosen
sees "the rule holds after remove and rescan" $other $chosen

# modules: the hook's function is in vfio-pci-core, which the hook keeps
unbind $bdf
unbind $other
expect_output "vfio_pci_core cannot go while the programs are loaded" \
	"busy|temporarily unavailable" \
	sh -c "rmmod vfio_pci && rmmod vfio_pci_core 2>&1; true"
expect "vfio_pci_core stays while the programs are loaded" test -d /sys/module/vfio_pci_core
expect "status is good without vfio-pci" dsnctl status
bind_both
sees "the rule holds with vfio-pci removed and loaded again" $bdf $chosen
unbind $bdf
unbind $other
expect "unload succeeds" dsnctl unload
# the kernel lets go of it some time after the last program
expect "vfio_pci_core can go after unload" \
	timeout 60 sh -c "rmmod vfio_pci; until rmmod vfio_pci_core; do sleep 0.1; done"
bind_both
sees "without the programs a read shows the real serial" $bdf $real
expect "load succeeds with vfio-pci loaded again" dsnctl load
sees "load scrubs the function again" $bdf $zero

# unplugging, as by the button at the slot
slot=$(grep -l "^0000:01:00" /sys/bus/pci/slots/*/address)
expect "the slot is switched off" sh -c "echo 0 >${slot%address}power"
expect "the function is unplugged" within 60 test ! -e $sys/$bdf
expect "status is good after an unplug" dsnctl status
expect "dump succeeds after an unplug" dsnctl dump
expect_output "no read was unchecked, and no reader was killed" "^0 0$" \
	sh -c "dsnctl status -j >/run/s; echo \$(json_get kills </run/s) \$(json_get unchecked </run/s)"
finish
