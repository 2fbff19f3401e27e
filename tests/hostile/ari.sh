# Functions beyond the first eight of a device, by ARI: which rule they are under. QEMU's NVMe
# has ARI and no serial, so the test module puts one behind its last extended capability.
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh
# shellcheck source=tests/hostile/serial.sh
. /serial.sh

first=0000:01:00.0
eighth=0000:01:01.0
third=02-00-5e-10-00-00-00-03

sees() { expect_output "$1" "^$2$" vfio_read $eighth serial; }

expect_output "control: the kernel takes function 8 for one of the same device" "^1$" \
	cat /sys/bus/pci/devices/$eighth/ari_enabled
bind_vfio $first
bind_vfio $eighth
insmod /config_table.ko device=$eighth
add_serial
expect "load succeeds" dsnctl load
sees "without a rule function 8 shows zeros" $zero
expect "a rule for the device is set" dsnctl set 0000:01:00 $chosen
sees "a device's rule covers its function 8" $chosen
expect_output "get says that function 8 is under its device's rule" "^rule: +device$" dsnctl get $eighth
expect_output "list shows function 8 under its device's rule" "^$eighth +vfio-pci +serial +$chosen device " dsnctl list
expect_output "verify agrees for function 8" '"match".*"match".*"match"' dsnctl verify $eighth -j
expect "a rule for the first eight by their own number is set" dsnctl set 0000:01:01 $second
sees "a rule that names the function by its 5 bits comes before its device's" $second
expect "a rule for function 8 itself is set" dsnctl set $eighth $third
sees "a function's own rule comes first" $third
# doubles COMMAND...: prints its warnings about serials that two devices share
doubles() { "$@" 2>&1 | grep -c "the same serial" || true; }
expect_output "functions of one device may have one serial" "^0$" doubles dsnctl set $first $third
expect_output "control: another device may not have it" "^1$" doubles dsnctl set 0000:02:00.0 $third
expect "the rule for another device is removed" dsnctl unset 0000:02:00.0
expect "the rule for function 0 is removed" dsnctl unset $first
expect "the function's rule is removed" dsnctl unset $eighth
expect "the rule by 5 bits is removed" dsnctl unset 0000:01:01
sees "the device's rule covers it again" $chosen
expect "a device's rule for other ids is set" dsnctl set 0000:01:00 $chosen expect 8086:10d3
sees "a device's rule for other ids does not cover it" $zero
expect "a device's rule for these ids is set" dsnctl set 0000:01:00 $chosen expect 1b36:0010
sees "a device's rule for these ids covers it" $chosen
expect "a rule for function 0 alone is set" dsnctl set $first $second
sees "a rule for function 0 is not one for function 8" $chosen
expect "the device's rule is removed" dsnctl unset 0000:01:00
sees "function 8 shows zeros again" $zero
finish
