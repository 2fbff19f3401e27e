# libvirt's hook with a VM's XML by hand: what a guest reads after each of libvirt's calls.
# kernel: any
# boot: --file build/dsnctl-libvirt
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

vm=7c1e7a52-0d5a-4b6e-9d0f-0c3f7a0e5b07
other=11111111-2222-4333-8444-555555555555
nic0=ea-c7-0c-92-a3-7b-21-ee
slot1=42-9c-5b-a0-dd-7b-78-0c
slot=${bdf##*:}
slot=${slot%.*}

sees() { expect_output "$1" "^$2$" vfio_read $bdf serial; }

# domain UUID ALIAS: of a VM with the function, in slot 1
domain() {
	cat <<-END
	<domain type='qemu' id='1'><name>build-7</name><uuid>$1</uuid><devices>
	<hostdev mode='subsystem' type='pci' managed='yes'><source>
	<address domain='0x0000' bus='0x00' slot='0x$slot' function='0x0'/></source>
	<alias name='$2'/><address type='pci' domain='0x0000' bus='0x01' slot='0x00' function='0x0'/>
	</hostdev></devices></domain>
	END
}

# hook OPERATION PART UUID ALIAS: its output is nothing
hook() {
	local status=0

	domain "$3" "$4" | dsnctl-libvirt build-7 "$1" "$2" - >/run/hook 2>/run/hook.err || status=$?
	[ ! -s /run/hook ] || return 99
	cat /run/hook.err
	return "$status"
}

mkdir -p /etc
bind_vfio $bdf
expect "a VM without a line starts where nothing is loaded" hook start begin $vm ua-nic0
echo "vm default derive" >/etc/dsnctl.conf
expect_status 1 "a VM with a line does not start where nothing is loaded" hook start begin $vm ua-nic0
expect_status 1 "a VM with a line does not come where nothing is loaded" hook migrate begin $vm ua-nic0
expect "load succeeds" dsnctl load
expect "a VM with a line may come" hook migrate begin $vm ua-nic0
expect "prepare succeeds" hook prepare begin $vm ua-nic0
sees "prepare claims nothing" $zero
expect "start succeeds" hook start begin $vm ua-nic0
sees "the VM reads the serial of its alias" $nic0
hold_device $bdf /run/held
expect "reconnect of a VM that runs succeeds" hook reconnect begin $vm ua-nic0
expect "reconnect succeeds if the serial would change" hook reconnect begin $vm ua-nic1
expect_status 1 "another VM does not get a function that is open" hook start begin $other ua-nic0
expect_output "nothing has changed for the VM that runs" "^serial: +$nic0$" dsnctl get $bdf
kill $holder
wait $holder 2>/dev/null
expect "another VM takes over an idle claim" hook start begin $other ua-nic0
expect_output "get names the VM that has taken over" "^uuid: +$other$" dsnctl get $bdf
expect "release succeeds" hook release end $other ua-nic0
sees "release gives back the default" $zero
expect "start without an alias succeeds" hook start begin $vm hostdev0
sees "the VM reads the serial of its slot" $slot1
echo "# none" >/etc/dsnctl.conf
expect "a VM without a line starts over an idle claim" hook start begin $other ua-nic0
sees "a VM without a line reads no serial of another VM" $zero
echo "vm $vm pass" >/etc/dsnctl.conf
expect_status 1 "a wrong line keeps the VM from its start" hook start begin $vm ua-nic0
expect "a wrong line does not end a VM that runs" hook reconnect begin $vm ua-nic0
finish
