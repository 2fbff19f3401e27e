# VMs of libvirt with cards of this host, for the tests that are sourced after this.
# shellcheck shell=dash
# shellcheck disable=SC2034 # constants are for those who source this

other_bdf=0000:00:05.0
other_real=52-54-00-ff-ff-12-34-57
vm=7c1e7a52-0d5a-4b6e-9d0f-0c3f7a0e5b07
other_vm=11111111-2222-4333-8444-555555555555
# docs/dsnctl.8.scd has these for the VM
nic0=ea-c7-0c-92-a3-7b-21-ee
nic1=1a-b7-06-db-cd-5d-40-73
conf=/etc/dsnctl.conf
hook=/etc/libvirt/hooks/qemu.d/50-dsnctl

# device BDF ALIAS: its XML
device() {
	cat <<-END
		<hostdev mode='subsystem' type='pci' managed='yes'>
		  <source>
		    <address domain='0x0000' bus='0x00' slot='0x${1#0000:00:}'/>
		  </source>
		  <alias name='$2'/>
		  <rom enabled='no'/>
		</hostdev>
	END
}

# define NAME UUID [BDF ALIAS]...: a VM whose guest is tests/libvirt/seer.c
define() {
	local name=$1 uuid=$2

	shift 2
	{
		cat <<-END
			<domain type='qemu'>
			  <name>$name</name>
			  <uuid>$uuid</uuid>
			  <memory unit='MiB'>64</memory>
			  <vcpu>1</vcpu>
			  <os>
			    <type arch='x86_64' machine='q35'>hvm</type>
			    <kernel>/var/lib/libvirt/seer</kernel>
			  </os>
			  <devices>
			    <controller type='usb' model='none'/>
			    <serial type='file'>
			      <source path='/var/log/libvirt/qemu/$name.seen'/>
			      <target port='0'/>
			    </serial>
			    <memballoon model='none'/>
		END
		while [ $# -ge 2 ]; do
			device "$1" "$2"
			shift 2
		done
		echo "</devices></domain>"
	} | sed "s/slot='0x\(..\)\.\(.\)'/slot='0x\1' function='0x\2'/" >"/run/$name.xml"
	virsh define "/run/$name.xml" >/run/out 2>&1 || not_ok "$name is defined" "$(cat /run/out)"
}

# start NAME VM: of a VM that is to start
start() {
	rm -f "/var/log/libvirt/qemu/$2.seen"
	expect "$1: the VM starts" virsh start "$2"
}

end() {
	virsh destroy "$1" >/run/out 2>&1 || not_ok "$1 is ended" "$(cat /run/out)"
}

looked() {
	local looks

	looks=$(grep -s -c "^end" "$seen")
	[ "${looks:-0}" -ge "$1" ]
}

# sees NAME VM LOOK FUNCTION SERIAL: what the guest's own processor has read in its first, second...
# look; FUNCTION is where it sees the card
sees() {
	local seen=/var/log/libvirt/qemu/$2.seen

	if within 240 looked "$3"; then
		expect_output "$1" "^function $4 10d38086 $5.?\$" \
			awk -v "n=$3" '/^end/ { looks++; next } looks == n - 1' "$seen"
	else
		not_ok "$1" "the guest has not looked $3 times" "$(cat "$seen")"
	fi
}

is_running() { virsh domstate "$1" | grep -q '^running'; }
is_off() { virsh domstate "$1" | grep -q '^shut off'; }
claims_are() { [ "$(dsnctl status -j | json_get claims)" = "$1" ]; }
kill_qemu() { kill -KILL "$(cat "/run/libvirt/qemu/$1.pid")"; }

# libvirtd and its sockets, which would start it again
stop_libvirtd() {
	systemctl stop libvirtd.service libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket
}
start_libvirtd() { systemctl start libvirtd.service; }
