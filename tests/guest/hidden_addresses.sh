# kernel.kptr_restrict=2, as hardened hosts have it: every command works as it does otherwise.
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

bind_vfio $bdf
expect "load while addresses are shown" dsnctl load --answer
before=$(outcome status)
expect "unload while addresses are shown" dsnctl unload

echo 2 >/proc/sys/kernel/kptr_restrict
expect_output "the kernel hides the addresses of its symbols" "^0+ . vfio_device_fops_read" \
	grep -w vfio_device_fops_read /proc/kallsyms
expect_output "check predicts what load gives while addresses are shown" "^$before$" outcome check
expect "load while addresses are hidden" dsnctl load --answer
expect_output "the level and the layers are those of before" "^$before$" outcome status
expect "set while no process has the device open" dsnctl set $bdf $chosen
expect_output "a read of the serial shows the rule" "^$chosen$" vfio_read $bdf serial
expect_output "reads are answered before vfio is entered" "^[1-9]" count answered

hold_device $bdf /run/held
expect_output "list names the process that has the device open" "$holder \(vfio_read\)" dsnctl list
expect_status 1 "set is refused while a process has the device open" dsnctl set $bdf $second
expect_status 1 "unload is refused while a process has the device open" dsnctl unload
kill $holder
wait $holder 2>/dev/null
expect "set after the process has ended" dsnctl set $bdf $second
expect "unload after the process has ended" dsnctl unload
finish
