# Virtual functions, made after load: which rule they are under. No VF that QEMU has shows a
# serial, so the test module puts one behind the last extended capability of a VF: of an NVMe
# function, or of a NIC whose VFs have function numbers above 7, by ARI.
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh
# shellcheck source=tests/hostile/serial.sh
. /serial.sh

pf=0000:01:00.0
if [ "$1" = igb ]; then
	driver=igb ids=8086:10c9 vf=0000:01:10.0 other=0000:01:10.2
else
	driver=nvme ids=1b36:0010 vf=0000:01:00.1 other=0000:01:00.2
fi
sys=/sys/bus/pci/devices
third=02-00-5e-10-00-00-00-03

sees() { expect_output "$1" "^$2$" vfio_read $vf serial; }

modprobe $driver
expect "load succeeds before there are VFs" dsnctl load
expect "a rule for the PF is set" dsnctl set $pf $chosen
make_vfs() { echo 2 >"$sys/$pf/sriov_numvfs"; }
# the PF's driver may still be probing it; of the VFs it has none, so nothing probes them meanwhile
expect "VFs are left to drivers that they name" eval "echo 0 >$sys/$pf/sriov_drivers_autoprobe"
expect "the PF's driver makes VFs" within 60 make_vfs
expect "two VFs are made after load" test -e $sys/$other
expect_output "their PF stays with its driver" "^$driver$" driver_of $pf
expect "a VF is bound to vfio-pci" bind_vfio $vf
expect "the test module answers for the VF" insmod /config_table.ko device=$vf
add_serial
expect_output "list knows the VF's serial" "^$vf +vfio-pci +serial +$chosen pf $pf " dsnctl list
sees "a VF follows its PF's rule" $chosen
expect_output "get reports that the VF's rule is its PF's" "^rule: +pf $pf$" dsnctl get $vf
expect "a rule for the VF is set" dsnctl set $vf $second
sees "a VF's own rule comes before its PF's" $second
expect "a rule for another VF is set" dsnctl set $other $third
sees "a rule for another VF is not in force for this one" $second
expect "unset of the VF's rule succeeds" dsnctl unset $vf
sees "without a rule of its own a VF follows its PF's again" $chosen
expect "unset of the PF's rule succeeds" dsnctl unset $pf
sees "without any rule a VF follows the default" $zero
expect "a rule for the device of the VF is set" dsnctl set ${vf%.*} $third
sees "a VF follows its device's rule" $third
expect "a rule for the PF is set beside the device's" dsnctl set $pf $chosen
sees "a device's rule comes before the PF's" $third
expect "unset of the device's rule succeeds" dsnctl unset ${vf%.*}
expect "a PF's rule that expects its ids is set" dsnctl set $pf $second expect $ids
sees "a PF's rule that expects its ids is in force for its VF" $second
expect "a PF's rule that expects other ids is set" dsnctl set $pf $second expect 8086:10d3
sees "a PF's rule that expects other ids is not in force for its VF" $zero
expect_output "set hide for the PF succeeds" ": hide" dsnctl set $pf hide
expect_status 1 "hidden, the VF has no serial" vfio_read $vf serial
expect "set pass for the PF succeeds" dsnctl set $pf pass
sees "control: the VF's real serial" $real
expect "unload succeeds" dsnctl unload
sees "without the programs a read of the VF shows the real serial" $real
finish
