# What the guest of a real QEMU reads, on its own processor.
# boot: --vmm 7.2 --mem 1536 --file tests/vmm/vmm.sh
# shellcheck shell=dash
. /lib.sh
. /vmm.sh

bdf=0000:00:04.0
real=52-54-00-ff-ff-12-34-56
zero=00-00-00-00-00-00-00-00
chosen=02-00-5e-10-00-00-00-01

boot_guest() {
	start_vmm guest $bdf -kernel /usr/sbin/peek -append "140 525400ff ff123456"
	up guest "$1" 60
}

# sees NAME CHAIN HEADER SERIAL PLACES: the capability chain that the guest walks, what is
# where the serial was by every way of reading, and in how many places it finds the real one
sees() {
	local way

	tell guest look
	hear guest end 60 >/run/seen
	expect_output "$1: the chain" "^chain $2$" cat /run/seen
	for way in dword word byte odd; do
		expect_output "$1: read by $way" "^$way header $3 serial $4 real $5$" cat /run/seen
	done
	# which is why a guest needs the memory-mapped way: ports reach 256 bytes
	expect_output "$1: ports reach the function" "^ports find 10d38086$" cat /run/seen
	expect_output "$1: and nothing of its serial" "^ports .* real 0$" cat /run/seen
}

shown="20001@100 10003@140"
bind_vfio $bdf
boot_guest "a guest boots before load"
sees "control: before load" "$shown" 00010003 $real 2
expect_output "load tells of the VMM" "qemu\) had a VFIO device open" \
	sh -c "dsnctl load 2>&1"
sees "load under a running guest" "$shown" 00010003 $zero 0
expect "set" dsnctl set $bdf $chosen
sees "set under a running guest" "$shown" 00010003 $chosen 0
expect "pass" dsnctl set $bdf pass
sees "pass under a running guest" "$shown" 00010003 $real 2
expect "scrub" dsnctl set $bdf scrub
sees "scrub under a running guest" "$shown" 00010003 $zero 0
stop_vmm guest

boot_guest "a guest boots while scrubbed"
sees "scrubbed before it booted" "$shown" 00010003 $zero 0
expect_output "the reader is its processor" "CPU 0/TCG" \
	sh -c "dsnctl get $bdf -j | json_get last_command"
stop_vmm guest
expect "set again" dsnctl set $bdf $chosen
boot_guest "a guest boots while set"
sees "set before it booted" "$shown" 00010003 $chosen 0
stop_vmm guest
finish
