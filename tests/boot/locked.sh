# Locked down as Secure Boot does it: serials are withheld, and whole reads by the operator's word.
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh
# shellcheck source=tests/boot/common.sh
. /tests/common.sh

expect "dsnctl.service is active under lockdown" systemctl is-active dsnctl
told "the service reports hook permission, the gate, and vmm-trusted" \
	"^loaded: hook permission, check off, gate: vmm-trusted$" dsnctl
told "the service reports that whole reads are let through for listed executables" \
	"allowed for the executables that 'dsnctl status' lists" dsnctl
told "the service reports that a rule's serial is degraded" "$bdf: serial is degraded to scrub" \
	dsnctl
for manager in libvirtd virtqemud any-other; do
	expect_output "$manager, which reads whole, gets nothing" "^0$" \
		sh -c "wc -c </run/seen/$manager"
done
expect_output "status names the reader of a refused whole read" \
	"vfio_read +a whole read; 'load --vmm PATH'" dsnctl status

echo 'LOAD_OPTIONS="--whole-reads allow"' >/etc/default/dsnctl
expect "reload with whole reads allowed succeeds" systemctl reload dsnctl
expect_output "whole reads are allowed after reload" "^whole_reads: +allow" dsnctl status
expect_status 0 "the VM managers start with whole reads allowed" \
	systemctl restart libvirtd virtqemud any-other
for manager in libvirtd virtqemud any-other; do
	expect_output "$manager sees $zero with whole reads allowed" "^$zero$" \
		cat /run/seen/$manager
done
expect "verify succeeds with whole reads allowed" dsnctl verify
echo 'LOAD_OPTIONS="--whole-reads alow"' >/etc/default/dsnctl
expect_status 1 "restart with a wrong option fails" systemctl restart dsnctl
expect_output "after a restart with a wrong option whole reads are refused but for known VMMs" \
	"^whole_reads: +known" dsnctl status
rm /etc/default/dsnctl
finish
