# The example hookscript for Proxmox VE, with a stub in qm's place: not Proxmox VE itself.
# kernel: any
# only: make check-all
# boot: --file docs/examples/proxmox-hook:/usr/sbin/proxmox-hook
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

vm=7c1e7a52-0d5a-4b6e-9d0f-0c3f7a0e5b07
derived=$(dsnctl derive $vm hostpci0)

# What `qm config 100 --current` prints is in /run/config.
cat >/usr/sbin/qm <<-'END'
	#!/bin/sh
	[ "$*" = "config 100 --current" ] && exec cat /run/config
	echo "qm: unexpected: $*" >&2
	exit 1
END
chmod 755 /usr/sbin/qm

# configure LINE...: a VM with these lines, and others that have nothing to do with it
configure() {
	printf '%s\n' 'boot: order=scsi0' 'cores: 4' 'name: build-7' \
		'description: hostpci9%3A no device' "smbios1: uuid=$vm" "$@" 'vga: std' >/run/config
}
hook() { proxmox-hook 100 "$1"; }
sees() { expect_output "$1" "^$2$" vfio_read $bdf serial; }
has_claims() { expect_output "$1" "^claims: +$2$" dsnctl status; }

bind_vfio $bdf
expect "load succeeds" dsnctl load
configure "hostpci0: $bdf,pcie=1"
sees "control: without the hookscript the default counts" $zero
for phase in post-start pre-stop; do
	expect "$phase does nothing" hook $phase
	has_claims "$phase claims nothing" 0
done
expect "pre-start succeeds" hook pre-start
sees "the VM sees the serial that is derived for it" "$derived"
expect_output "the claim has the VM's name" "^vm: +build-7$" dsnctl get $bdf
expect "pre-start again succeeds" hook pre-start
expect "post-stop succeeds" hook post-stop
sees "after post-stop the default counts again" $zero
expect "post-stop again succeeds" hook post-stop

for address in 00:04 00:04.0 0000:00:04 "host=$bdf"; do
	configure "hostpci0: $address,rombar=0"
	expect "pre-start with $address succeeds" hook pre-start
	sees "$address is claimed" "$derived"
	expect "post-stop with $address succeeds" hook post-stop
	has_claims "no claim of $address is left" 0
done

configure "hostpci0: 00:04.0;00:1f.3"
expect "pre-start with two functions succeeds" hook pre-start
has_claims "both functions are claimed" 2
expect "post-stop with two functions succeeds" hook post-stop

configure 'hostpci0: mapping=nic,pcie=1'
says 1 "a resource mapping is refused" "VM 100: hostpci0: a resource mapping" proxmox-hook 100 pre-start
configure 'hostpci0: 0000:0b:00'
says 1 "a device that is not there is refused" "VM 100: no PCI device 0000:0b:00" proxmox-hook 100 pre-start
configure "hostpci0: $bdf" 'hostpci1: 0000:0b:00.0'
says 1 "one of two devices that is not there is refused" "no PCI device 0000:0b:00.0" proxmox-hook 100 pre-start
has_claims "what is refused claims nothing" 0
configure "hostpci0: $bdf,mdev=nvidia-63"
expect "a mediated device is left alone" hook pre-start
has_claims "a mediated device is not claimed" 0
configure
expect "a VM without devices starts" hook pre-start
expect "a VM without devices stops" hook post-stop
configure "hostpci0: $bdf"
sed -i '/smbios1/d' /run/config
says 1 "a VM without a UUID is refused" "no uuid in smbios1" proxmox-hook 100 pre-start
rm /run/config
says 1 "a VM that cannot be read is refused" "cannot read its configuration" proxmox-hook 100 pre-start
configure "hostpci0: $bdf"
expect "unload succeeds" dsnctl unload
expect_status 3 "with nothing loaded the VM does not start" hook pre-start
finish
