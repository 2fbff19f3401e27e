# What happens to devices while the programs are loaded: two functions of one card, unbind
# and bind, resets, remove and rescan, modules out and in, unplugging.
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

# hold BDF: a process that has it open and goes on to print what it reads, to /run/held
hold() {
	vfio_read "$1" hold >/run/held &
	holder=$!
	sleep 2
}

# held NAME SERIAL: all it has read until now is this, and it has read
held() {
	kill $holder
	wait $holder
	expect_output "$1" "^ *[1-9][0-9]* $2$" sh -c "sort /run/held | uniq -c | grep -v ' $2\$' ||
		sort /run/held | uniq -c"
}

bind_both
sees "before load" $bdf $real
sees "before load" $other 52-54-00-ff-ff-12-34-57
expect "load" dsnctl load
sees "scrubbed" $bdf $zero
sees "scrubbed" $other $zero

# two functions of one card
expect_output "a rule for the device" "^0000:01:00: $chosen" dsnctl set 01:00 $chosen
sees "the device's" $bdf $chosen
sees "the device's" $other $chosen
expect_output "functions that differ are told" "are functions of one card and would differ" \
	sh -c "dsnctl set $other $second 2>&1"
sees "its own" $other $second
sees "still the device's" $bdf $chosen
expect "unset" dsnctl unset $other
sees "the device's again" $other $chosen

# unbind and bind, also to another driver in between
unbind $bdf
bind_vfio $bdf
sees "bound again" $bdf $chosen
echo uio_pci_generic >$sys/$bdf/driver_override
unbind $bdf
modprobe uio_pci_generic
echo $bdf >/sys/bus/pci/drivers_probe
expect_output "a driver of the host's has it" "^uio_pci_generic$" driver_of $bdf
expect_output "list says so" "^$bdf +uio_pci_generic " dsnctl list
bind_vfio $bdf
sees "bound again, from another driver" $bdf $chosen

# resets by the host, the device being open: of the function (e1000e has no FLR: by its
# power state), and of the bus, at the port
expect "reset method" sh -c "echo pm >$sys/$bdf/reset_method"
hold $bdf
expect "reset of the function" sh -c "echo 1 >$sys/$bdf/reset"
sleep 2
held "all that was read before and behind the reset" $chosen
sees "opened again" $bdf $chosen
hold $bdf
for control in '\0100' '\0000'; do
	printf '%b' "$control" | dd of=$sys/0000:00:05.0/config bs=1 seek=62 conv=notrunc 2>/dev/null ||
		not_ok "the port's bridge control cannot be written"
	sleep 1
done
sleep 1
held "all that was read before and behind the bus reset" $chosen
sees "opened again" $bdf $chosen
hold $bdf
echo "$bdf" >/sys/bus/pci/drivers/vfio-pci/unbind &
unbinding=$!
sleep 2
held "while the host wants it back" $chosen
wait $unbinding
bind_both
sees "after that" $bdf $chosen

# remove and rescan
echo 1 >$sys/$bdf/remove
echo 1 >$sys/$other/remove
expect_status 1 "removed" test -e $sys/$bdf
expect_output "its rule stays" "^0000:01:00 +serial $chosen" dsnctl dump
echo 1 >/sys/bus/pci/rescan
bind_both
sees "found again" $bdf $chosen
sees "found again" $other $chosen

# modules: the hook's function is in vfio-pci-core, which the hook keeps
unbind $bdf
unbind $other
expect_output "vfio_pci_core cannot go while the programs are loaded" "busy|temporarily unavailable" \
	sh -c "rmmod vfio_pci && rmmod vfio_pci_core 2>&1; true"
expect "it is there" test -d /sys/module/vfio_pci_core
expect "status is as it was" dsnctl status
bind_both
sees "with vfio-pci out and in again" $bdf $chosen
unbind $bdf
unbind $other
expect "unload" dsnctl unload
# the kernel lets go of it some time after the last program
expect "then it can go" timeout 20 sh -c "rmmod vfio_pci; until rmmod vfio_pci_core; do sleep 0.1; done"
bind_both
sees "without the programs" $bdf $real
expect "load again" dsnctl load
sees "scrubbed again" $bdf $zero

# unplugging, as by the button at the slot
slot=$(grep -l "^0000:01:00" /sys/bus/pci/slots/*/address)
expect "the slot is switched off" sh -c "echo 0 >${slot%address}power"
i=0
while [ -e $sys/$bdf ] && [ $i -lt 20 ]; do
	sleep 1
	i=$((i + 1))
done
expect_status 1 "unplugged" test -e $sys/$bdf
expect "status after that" dsnctl status
expect "and dump" dsnctl dump
expect_output "no read passed the check, and nobody was killed" "^0 0$" \
	sh -c "dsnctl status -j >/run/s; echo \$(json_get kills </run/s) \$(json_get unchecked </run/s)"
finish
