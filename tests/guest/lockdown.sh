# Locked down as Secure Boot does it: nothing can be written, so reads are left or refused.
# boot: --append lockdown=integrity
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

bind_vfio $bdf
expect_output "control: before load a read shows the real serial" "^$real$" vfio_read $bdf serial
vfio_read $bdf save /run/image
foretold=$(outcome check)
expect "check succeeds" dsnctl check
expect_output "check says what lockdown costs, and the remedy" \
	"rules can show serials or hide the capability: turn off Secure Boot" dsnctl check
expect_output "check has a row lockdown: limited, integrity" "^lockdown +limited +integrity" \
	dsnctl check
expect_status 4 "load --hook fexit exits with 4 under lockdown" dsnctl load --hook fexit
expect_output "load --hook fexit names the kernel lockdown as the cause" \
	"kernel lockdown is 'integrity'.*no program may write into a VMM" \
	sh -c "dsnctl load --hook fexit 2>&1; true"
expect_status 4 "load --check usage exits with 4 under lockdown" dsnctl load --check usage
expect_status 3 "a refused load leaves nothing loaded" dsnctl status
expect_output "load takes hook permission and the gate" \
	"^loaded: hook permission, check off, gate: vmm-trusted$" dsnctl load
expect_output "check has foretold '$foretold'" "^${foretold:-nothing}$" outcome status
expect "status is at least vmm-trusted" dsnctl status --require vmm-trusted
expect_status 3 "status is not withheld while VMMs may read whole" dsnctl status --require withheld
expect_output "load --whole-reads refuse withholds" ": withheld$" dsnctl load --whole-reads refuse
expect "status is withheld if no whole read is let through" dsnctl status --require withheld
expect_status 3 "status is not proven" dsnctl status --require proven
expect_output "status says what a reader gets" \
	"leaves the VMM's variable as it was, zeros in QEMU" dsnctl status
expect_output "status says that whole reads are refused" "^whole_reads: +refuse" dsnctl status
expect_status 1 "with --whole-reads refuse a whole read is refused" vfio_read $bdf serial
expect "load without options succeeds over that" dsnctl load
expect_output "status says that whole reads are for known VMMs" "^whole_reads: +known" dsnctl status

# in the buffer stands something before each read, and stays there
before=$(count refused)
expect "readers by every way: their buffers stay as they were" \
	sh -c "stress $bdf /run/image 3 12 withheld >/run/reads"
expect_output "readers by every way: some reads succeed, some are refused" \
	"^total: [1-9][0-9]* reads, 0 wrong, [1-9]" cat /run/reads
refused=$(sed -n 's/^total:.* \([0-9]*\) refused.*/\1/p' /run/reads)
expect_output "readers by every way: each refused read is counted" "^$((before + refused))$" \
	count refused
stress $bdf /run/image 8 12 withheld >/run/reads &
stress=$!
for _ in 1 2 3; do
	sleep 1
	dsnctl load >/dev/null 2>&1 || not_ok "load beside readers succeeds"
done
status=0
wait $stress || status=$?
expect_status 0 "readers beside loads see no real byte" sh -c "cat /run/reads; exit $status"
expect_output "no reader beside loads was killed" "^0$" count kills

expect_output "a read of a dword of the serial leaves zeros" "^00 00 00 00$" \
	vfio_read $bdf hex 0x144 4
expect_output "a read of the whole serial leaves zeros" "^00 00 00 00 00 00 00 00$" \
	vfio_read $bdf hex 0x144 8
expect_output "a read of the header succeeds" "^03 00 01 00$" vfio_read $bdf hex 0x140 4
for read in "0x142 4" "0x14a 4" "0x140 8" "0x100 256" "0 4095"; do
	# shellcheck disable=SC2086
	expect_output "a read over the edge is refused: $read" "Operation not permitted" \
		sh -c "vfio_read $bdf hex $read 2>&1; true"
done
expect_output "a read of the serial by io_uring is refused" "^io_uring: -1$" \
	sh -c "vfio_read $bdf ring 0x144 4; true"
expect_output "a read of the start of config space succeeds" "^86 80 d3 10$" \
	vfio_read $bdf hex 0 4
before=$(count wholes)
expect_status 1 "a whole read is refused" vfio_read $bdf serial
expect_output "a refused whole read is counted" "^$((before + 1))$" count wholes
expect_output "status names the reader of a refused whole read" \
	"$bdf +[0-9]+ vfio_read +a whole read; 'load --vmm PATH'" \
	dsnctl status
expect "verify succeeds" dsnctl verify
expect_output "verify reports that whole reads are refused" "$bdf scrub +whole +refused" \
	dsnctl verify
expect_output "verify reports that dwords match" "$bdf scrub +dwords +match" dsnctl verify

expect_status 4 "set of a serial exits with 4" dsnctl set $bdf $chosen
expect_output "set of a serial names Secure Boot as the cause" \
	"$bdf: cannot show serial: .*Secure Boot" \
	sh -c "dsnctl set $bdf $chosen 2>&1; true"
expect_status 4 "set hide exits with 4" dsnctl set $bdf hide
expect_output "a refused set leaves no rule" "^0$" count rules
echo "$bdf $chosen" >/run/rules
expect_output "apply warns that a file's serial is degraded to scrub" \
	"$bdf: serial is degraded to scrub" \
	sh -c "dsnctl apply /run/rules 2>&1"
expect_output "dump shows the degraded rule" "^$bdf serial $zero function yes" dsnctl dump
expect_output "get reports that the rule is degraded" "^degraded: +yes" dsnctl get $bdf
expect_output "save prints the degraded rule's own serial" "^$bdf $chosen$" dsnctl save
expect_output "a degraded rule scrubs" "^00 00 00 00 00 00 00 00$" vfio_read $bdf hex 0x144 8
expect "set pass succeeds" dsnctl set $bdf pass
expect_output "under pass a whole read shows the real serial" "^$real$" vfio_read $bdf serial
expect_output "under pass reads by every way show the real serial" " 0 wrong" \
	vfio_read $bdf sweep /run/image $real
expect "set scrub succeeds" dsnctl set $bdf scrub

# a reader whose executable is listed, one whose is not, one by the name of the first
cp /usr/sbin/vfio_read /usr/bin/vmm
cp /usr/sbin/vfio_read /run/vmm
expect_status 2 "load --vmm with --whole-reads refuse is wrong usage" \
	dsnctl load --whole-reads refuse --vmm /usr/bin/vmm
expect_status 1 "load --vmm of a file that is not there fails" dsnctl load --vmm /usr/bin/absent
expect_status 1 "load --vmm of a folder fails" dsnctl load --vmm /usr/bin
expect "load --vmm succeeds" dsnctl load --vmm /usr/bin/vmm
expect_output "status lists the VMM" "^/usr/bin/vmm$" dsnctl status
expect_output "status -j lists the VMM" "^/usr/bin/vmm$" \
	sh -c "dsnctl status -j | json_get vmms 0 path"
expect_output "after its whole read a listed VMM that asks again gets zeros" "^$zero$" \
	/usr/bin/vmm $bdf serial
expect_status 1 "a whole read by an executable that is not listed is refused" vfio_read $bdf serial
expect_status 1 "a whole read by a copy of a listed VMM is refused" /run/vmm $bdf serial
mv /usr/bin/vmm /usr/bin/vmm.old
cp /usr/bin/vmm.old /usr/bin/vmm
expect_status 1 "a whole read by a VMM that was upgraded since load is refused" \
	/usr/bin/vmm $bdf serial
expect "load --vmm succeeds after the upgrade" dsnctl load --vmm /usr/bin/vmm
expect_output "after load a whole read by the upgraded VMM is let through" "^$zero$" \
	/usr/bin/vmm $bdf serial
expect_status 1 "after load a whole read by the former VMM is refused" /usr/bin/vmm.old $bdf serial
expect "load without --vmm forgets it" dsnctl load
expect_status 1 "a whole read by a VMM that is no longer listed is refused" /usr/bin/vmm $bdf serial

expect_output "load --whole-reads allow is vmm-trusted" ": vmm-trusted$" \
	dsnctl load --whole-reads allow
expect_output "status says that whole reads are allowed" "^whole_reads: +allow" dsnctl status
expect_status 3 "with whole reads allowed status is less than withheld" \
	dsnctl status --require withheld
before=$(count wholes_passed)
expect_output "after an allowed whole read a VMM that asks again gets zeros" "^$zero$" \
	vfio_read $bdf serial
expect_output "an allowed whole read is counted" "^$((before + 1))$" count wholes_passed
expect_output "status names the reader of an allowed whole read" \
	"vfio_read +a whole read that got the real serial" dsnctl status
expect_output "verify reports that whole reads show the real serial" \
	"whole reads show the real serial" sh -c "dsnctl verify 2>&1"
expect_output "with whole reads allowed a read that is one byte short of whole is refused" \
	"Operation not permitted" \
	sh -c "vfio_read $bdf hex 0 4095 2>&1; true"

# vfio's files are known by an address in its module
unbind $bdf
rmmod vfio_pci
expect_status 1 "vfio_pci_core cannot be removed while the hook holds it" rmmod vfio_pci_core
bind_vfio $bdf
expect_output "load without an option lets known VMMs alone read whole" "^whole_reads: +known" \
	sh -c "dsnctl load >/dev/null; dsnctl status"
expect "unload succeeds" dsnctl unload
# the kernel lets go of a program some time after its last user
expect_output "control: after unload a read shows the real serial" "^$real$" \
	timeout 30 sh -c "until vfio_read $bdf serial 2>/dev/null | grep $real; do sleep 0.1; done"
finish
