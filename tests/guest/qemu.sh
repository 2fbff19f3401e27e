# What the guest of a real QEMU reads, on its own processor.
# boot: --boot-timeout 180 --vmm 7.2 --mem 1536 --file tests/vmm/vmm.sh
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh
# shellcheck source=tests/vmm/vmm.sh
. /vmm.sh

shown="20001@100 10003@140"
bind_vfio $bdf
boot_peek $bdf "a guest boots before load"
[ -z "${VFIO_CDEV:-}" ] ||
	expect_output "QEMU has the function's own file open" "/dev/vfio/devices/vfio0$" \
		ls -l "/proc/$(cat /run/guest.pid)/fd"
sees "control: before load" "$shown" 00010003 $real 2
expect "load succeeds" dsnctl load
sees "load under a running guest" "$shown" 00010003 $zero 0
expect_output "set without --force names the QEMU that has the device open" "qemu.* has it open" \
	sh -c "dsnctl set $bdf $chosen 2>&1; true"
sees "set in vain" "$shown" 00010003 $zero 0
expect "set --force succeeds under a running guest" dsnctl set $bdf $chosen --force
sees "set under a running guest" "$shown" 00010003 $chosen 0
expect "set hide --force succeeds under a running guest" dsnctl set $bdf hide --force
sees "hide under a running guest" "20001@100 00000@140" 00000000 $zero 0
expect "set pass --force succeeds under a running guest" dsnctl set $bdf pass --force
sees "control: pass under a running guest" "$shown" 00010003 $real 2
expect "set scrub --force succeeds under a running guest" dsnctl set $bdf scrub --force
sees "scrub under a running guest" "$shown" 00010003 $zero 0
stop_vmm guest

boot_peek $bdf "a guest boots while scrubbed"
sees "scrubbed before it booted" "$shown" 00010003 $zero 0
expect_output "get names the guest's processor as the last reader" "CPU 0/TCG" \
	sh -c "dsnctl get $bdf -j | json_get last_command"
stop_vmm guest
expect "set succeeds while no guest runs" dsnctl set $bdf $chosen
boot_peek $bdf "a guest boots while set"
sees "set before it booted" "$shown" 00010003 $chosen 0
stop_vmm guest
expect "set hide succeeds while no guest runs" dsnctl set $bdf hide
boot_peek $bdf "a guest boots while hidden"
# QEMU takes a capability without an ID out of the chain
sees "hidden before it booted" "20001@100" 00000000 $zero 0
expect "unload --force succeeds under a running guest" dsnctl unload --force
sees "control: unload under the guest that never had the capability" "20001@100" 00010003 $real 2
stop_vmm guest
finish
