# What the guest of a real QEMU reads on a kernel that is locked down, on its own processor.
# only: make check-all
# boot: --boot-timeout 180 --vmm 7.2 --mem 1536 --file tests/vmm/vmm.sh --append lockdown=integrity
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh
# shellcheck source=tests/vmm/vmm.sh
. /vmm.sh

shown="20001@100 10003@140"

# sees NAME SERIAL PLACES: by dword, word and byte, and in how many places the real one is
sees() {
	local way

	tell guest look
	hear guest end 60 >/run/seen
	expect_output "$1: the chain" "^chain $shown$" cat /run/seen
	for way in dword word byte; do
		expect_output "$1: read by $way" "^$way header 00010003 serial $2 real $3$" \
			cat /run/seen
	done
	expect_output "$1: no more by dwords that are not aligned" "^odd .* real $3$" \
		cat /run/seen
}

bind_vfio $bdf
boot_peek $bdf "control: a guest boots before load"
sees "control: before load" $real 2
expect_output "load withholds under a running guest" ": withheld$" dsnctl load --whole-reads refuse
sees "load under a running guest" $zero 0
stop_vmm guest

# a QEMU that may not read whole does not start
start_peek guest $bdf
expect "whole reads refused: QEMU does not start with the device" \
	within 60 has_ended "$(cat /run/guest.pid)"
expect_output "whole reads refused: QEMU says that it cannot read config space" \
	"failed to read device config space" cat /run/guest.log
expect_output "status names the QEMU whose whole read was refused" \
	"$bdf +[0-9]+ qemu[a-z0-9-]* +a whole read; 'load --vmm PATH'" \
	dsnctl status

# the packed QEMU is a program of its own loader, which stands here for the distribution's QEMU
mkdir -p /usr/bin
ln /vmm/lib/ld-* /usr/bin/qemu-system-x86_64
expect_output "load without options lets QEMU read whole" ": vmm-trusted$" dsnctl load
expect_output "status lists QEMU" "^/usr/bin/qemu-system-x86_64$" dsnctl status
boot_peek $bdf "load without options: a guest boots"
sees "load without options" $zero 0
expect_status 1 "a whole read by another program is refused" vfio_read $bdf serial
expect_output "status names the QEMU whose whole read got the real serial" \
	"qemu[a-z0-9-]* +a whole read that got the real serial" \
	dsnctl status
expect_output "reads of QEMU's guest are answered" "^[1-9]" count answered
echo "$bdf $chosen" >/run/rules
expect "apply of a serial that is degraded succeeds" dsnctl apply --force /run/rules
sees "a serial that cannot be shown" $zero 0
expect "set pass --force succeeds under a running guest" dsnctl set $bdf pass --force
sees "control: pass under a running guest" $real 2
expect "set scrub --force succeeds under a running guest" dsnctl set $bdf scrub --force
sees "scrub under a running guest" $zero 0
expect_output "no QEMU was killed" "^0$" count kills
stop_vmm guest
finish
