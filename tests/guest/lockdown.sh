# Locked down as Secure Boot does it: nothing can be written, so reads are left or refused.
# boot: --append lockdown=integrity
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

bind_vfio $bdf
expect_output "control: before load the real serial" "^$real$" vfio_read $bdf serial
vfio_read $bdf save /run/image
foretold=$(outcome check)
expect "check" dsnctl check
expect_output "check: what it costs" \
	"rules can show serials or hide the capability: turn off Secure Boot" dsnctl check
expect_output "the row" "^lockdown +limited +integrity" dsnctl check
expect_status 4 "a hook that writes cannot be had" dsnctl load --hook fexit
expect_output "which is told" "kernel lockdown is 'integrity'.*no program may write into a VMM" \
	sh -c "dsnctl load --hook fexit 2>&1; true"
expect_status 4 "nor a check, which writes too" dsnctl load --check usage
expect_status 3 "and nothing is loaded" dsnctl status
expect_output "load" "^loaded: hook permission, check off, gate: withheld$" dsnctl load
expect_output "check has foretold '$foretold'" "^${foretold:-nothing}$" outcome status
expect "at least withheld" dsnctl status --require withheld
expect_status 3 "not proven" dsnctl status --require proven
expect_output "status: what holds" "leaves the VMM's variable as it was, zeros in QEMU" dsnctl status
expect_output "status: whole reads" "^whole_reads: +refuse" dsnctl status

# in the buffer stands something before each read, and stays there
before=$(count refused)
expect "readers by every way: nothing is written over what they had" \
	sh -c "stress $bdf /run/image 3 12 withheld >/run/reads"
expect_output "some are read, and some refused" "^total: [1-9][0-9]* reads, 0 wrong, [1-9]" cat /run/reads
refused=$(sed -n 's/^total:.* \([0-9]*\) refused.*/\1/p' /run/reads)
expect_output "each of them is counted" "^$((before + refused))$" count refused
stress $bdf /run/image 8 12 withheld >/run/reads &
stress=$!
for _ in 1 2 3; do
	sleep 1
	dsnctl load >/dev/null 2>&1 || not_ok "load beside readers"
done
status=0
wait $stress || status=$?
expect_status 0 "nobody is killed for a load, and nothing leaks" sh -c "cat /run/reads; exit $status"
expect_output "nobody was killed" "^0$" count kills

expect_output "a dword" "^00 00 00 00$" vfio_read $bdf hex 0x144 4
expect_output "the serial at once" "^00 00 00 00 00 00 00 00$" vfio_read $bdf hex 0x144 8
expect_output "the header stays" "^03 00 01 00$" vfio_read $bdf hex 0x140 4
for read in "0x142 4" "0x14a 4" "0x140 8" "0x100 256" "0 4095"; do
	# shellcheck disable=SC2086
	expect_output "refused: $read" "Operation not permitted" \
		sh -c "vfio_read $bdf hex $read 2>&1; true"
done
expect_output "refused: io_uring" "^io_uring: -1$" sh -c "vfio_read $bdf ring 0x144 4; true"
expect_output "what has no serial is read: the header of config space" "^86 80 d3 10$" \
	vfio_read $bdf hex 0 4
before=$(count wholes)
expect_status 1 "a whole read is refused" vfio_read $bdf serial
expect_output "counted" "^$((before + 1))$" count wholes
expect_output "and told by name" "$bdf +[0-9]+ vfio_read +a whole read; 'load --whole-reads allow'" \
	dsnctl status
expect "verify" dsnctl verify
expect_output "verify: whole" "$bdf scrub +whole +refused" dsnctl verify
expect_output "verify: dwords" "$bdf scrub +dwords +match" dsnctl verify

expect_status 4 "a serial cannot be set" dsnctl set $bdf $chosen
expect_output "which is told" "$bdf: serial cannot be had here.*Secure Boot" \
	sh -c "dsnctl set $bdf $chosen 2>&1; true"
expect_status 4 "nor can the capability be hidden" dsnctl set $bdf hide
expect_output "nothing was changed" "^0$" count rules
echo "$bdf $chosen" >/run/rules
expect_output "a rule of a file is kept, and degraded" "$bdf: serial is degraded to scrub" \
	sh -c "dsnctl apply /run/rules 2>&1"
expect_output "dump shows it so" "^$bdf serial $zero function yes" dsnctl dump
expect_output "get too" "^degraded: +yes" dsnctl get $bdf
expect_output "save has it whole" "^$bdf $chosen$" dsnctl save
expect_output "and it scrubs" "^00 00 00 00 00 00 00 00$" vfio_read $bdf hex 0x144 8
expect "pass" dsnctl set $bdf pass
expect_output "pass: the real serial" "^$real$" vfio_read $bdf serial
expect_output "pass: by preadv, by io_uring" " 0 wrong" vfio_read $bdf sweep /run/image $real
expect "scrub" dsnctl set $bdf scrub

expect_output "whole reads are let through where the operator says so" ": vmm-trusted$" \
	dsnctl load --whole-reads allow
expect_output "status" "^whole_reads: +allow" dsnctl status
expect_status 3 "which is less than withheld" dsnctl status --require withheld
before=$(count wholes_passed)
expect_output "the VMM gets the whole, and zeros when it asks again" "^$zero$" vfio_read $bdf serial
expect_output "counted" "^$((before + 1))$" count wholes_passed
expect_output "and told by name" "vfio_read +a whole read that got the real serial" dsnctl status
expect_output "verify tells" "whole reads show the real serial" sh -c "dsnctl verify 2>&1"
expect_output "all but whole reads" "Operation not permitted" \
	sh -c "vfio_read $bdf hex 0 4095 2>&1; true"

# vfio's files are known by an address in its module
unbind $bdf
rmmod vfio_pci
expect_status 1 "the module cannot go" rmmod vfio_pci_core
bind_vfio $bdf
expect_output "load takes it back" "^whole_reads: +refuse" sh -c "dsnctl load >/dev/null; dsnctl status"
expect "unload" dsnctl unload
# the kernel lets go of a program some time after its last user
expect_output "control: and the real serial is back" "^$real$" \
	timeout 10 sh -c "until vfio_read $bdf serial 2>/dev/null | grep $real; do sleep 0.1; done"
finish
