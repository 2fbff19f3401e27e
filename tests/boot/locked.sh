# Locked down as Secure Boot does it: serials are withheld, and whole reads by the operator's word.
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh
# shellcheck source=tests/boot/common.sh
. /tests/common.sh

expect "it is active" systemctl is-active dsnctl
told "it says what it came to" "^loaded: hook permission, check off, gate: withheld$" dsnctl
told "and what that costs" "whole reads too, which QEMU needs to start" dsnctl
told "a rule's serial is degraded" "$bdf: serial is degraded to scrub" dsnctl
for manager in libvirtd virtqemud any-other; do
	expect_output "$manager, which reads whole, gets nothing" "^0$" \
		sh -c "wc -c </run/seen/$manager"
done
expect_output "which status tells" "vfio_read +a whole read; 'load --whole-reads allow'" dsnctl status

echo 'LOAD_OPTIONS="--whole-reads allow"' >/etc/default/dsnctl
expect "reload with whole reads allowed" systemctl reload dsnctl
expect_output "in force" "^whole_reads: +allow" dsnctl status
expect_status 0 "the managers start" systemctl restart libvirtd virtqemud any-other
for manager in libvirtd virtqemud any-other; do
	expect_output "and $manager sees $zero" "^$zero$" cat /run/seen/$manager
done
expect "verify" dsnctl verify
echo 'LOAD_OPTIONS="--whole-reads alow"' >/etc/default/dsnctl
expect_status 1 "with a wrong option it does not start again" systemctl restart dsnctl
expect "but what load comes to by itself is in force" dsnctl status --require withheld
rm /etc/default/dsnctl
finish
