# A host with libvirt, AppArmor enforcing: VMs start, end, crash, get cards and do not start, and
# their own processors read what is claimed for them.
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh
# shellcheck source=tests/libvirt/vms.sh
. /tests/vms.sh

echo "# libvirt $(virsh version --daemon | sed -n 's/^Running.*daemon: //p'), $(qemu-system-x86_64 --version | head -n 1)"
define build-7 $vm $bdf ua-nic0 $other_bdf ua-nic1

start "control, nothing loaded" build-7
sees "control: with nothing loaded the guest reads the first card's real serial" \
	build-7 1 01:00.0 "$real"
sees "control: and the second's" build-7 1 02:00.0 "$other_real"
expect_output "AppArmor confines libvirtd" '^(libvirtd|/usr/sbin/libvirtd) \(enforce\)' \
	cat /sys/kernel/security/apparmor/profiles
expect_output "AppArmor confines the VM" "^libvirt-$vm \(enforce\)" \
	cat /sys/kernel/security/apparmor/profiles
end build-7

expect "load succeeds" dsnctl load
echo 'vm default derive' >$conf
install -D -m 755 /tests/50-dsnctl $hook
expect_status 3 "--check reports a daemon that has not read its hooks again" dsnctl-libvirt --check
start "hook not read yet" build-7
sees "a hook that no daemon calls claims nothing: the guest reads zeros" build-7 1 01:00.0 $zero
end build-7
expect "libvirtd reloads" systemctl reload libvirtd
expect "--check finds nothing wrong after the reload" within 60 dsnctl-libvirt --check

start "two cards" build-7
sees "the guest reads the serial that is derived for its first card" build-7 1 01:00.0 $nic0
sees "the guest reads another for its second card" build-7 1 02:00.0 $nic1
expect_output "status has the VM's claims by its name" "^$bdf +$nic0 +build-7 +$vm " dsnctl status
expect "apply --prune leaves the claims alone" dsnctl apply --prune
expect "both claims are there after it" claims_are 2
expect "set of a card of the running VM succeeds" dsnctl set $bdf $chosen
expect "libvirtd restarts" systemctl restart libvirtd
expect "the VM has survived the restart" is_running build-7
expect "both claims have survived it" claims_are 2
expect "the VM is reset" virsh reset build-7
sees "after a reset the first card shows the same serial" build-7 2 01:00.0 $nic0
sees "after a reset the second card does" build-7 2 02:00.0 $nic1
kill_qemu build-7
expect "libvirt notices that QEMU was killed" within 120 is_off build-7
expect "a crash ends the claims" within 60 claims_are 0

start "after the crash" build-7
sees "after the crash the guest reads the same serial" build-7 1 01:00.0 $nic0
stop_libvirtd
kill_qemu build-7
sleep 2
expect "claims stay while libvirtd is down" claims_are 2
start_libvirtd
expect "claims end when libvirtd is back" within 120 claims_are 0

define build-7 $vm $other_bdf ua-nic0 $bdf ua-nic1
start "cards swapped, as on another host" build-7
sees "with the cards swapped the guest reads the same serial" build-7 1 01:00.0 $nic0
sees "with the cards swapped it reads the same for the other" build-7 1 02:00.0 $nic1
end build-7
expect "the end of the VM ends its claims" claims_are 0

# a VM that does not start, and leaves nothing
# fails NAME REGEX
fails() {
	says 1 "$1: the VM does not start" "$2" virsh start build-7
	expect "$1: it is off" is_off build-7
}
printf 'vm default derive\nvm default nonsense\n' >$conf
fails "a wrong line" "$conf:2: "
expect "a wrong line leaves no claim" claims_are 0
echo 'vm default derive' >$conf

metadata() { virsh metadata build-7 urn:x-dsnctl:vm:1 --key dsnctl --config --set "$1"; }

: >$conf
expect "metadata with pass are set" metadata "<vm><serial>pass</serial></vm>"
fails "pass in metadata" "pass"
expect "metadata with a serial are set" \
	metadata "<vm><serial device='ua-nic0'>$second</serial><serial>derive</serial></vm>"
start "metadata" build-7
sees "without a line the guest reads the serial of its metadata" build-7 1 01:00.0 $second
sees "the other card has the value for all of them" build-7 1 02:00.0 $nic1
end build-7
echo 'vm default scrub' >$conf
echo "vm $vm derive" >>$conf
expect_output "a line for the VM counts before its metadata" "^$other_bdf +$nic0 " \
	sh -c "virsh dumpxml build-7 | dsnctl-libvirt --plan"
echo 'vm default derive' >$conf

expect "unload succeeds" dsnctl unload
fails "nothing loaded" "dsnctl: not loaded"
expect "load succeeds once more" dsnctl load

define build-8 $other_vm $bdf ua-nic0
define build-7 $vm $other_bdf ua-nic0
start "a VM with another UUID" build-8
sees "a VM with another UUID reads another serial for the same alias" build-8 1 01:00.0 \
	"$(dsnctl derive $other_vm alias ua-nic0)"
end build-8

start "hot-plug" build-7
expect "a claim of a second card is added" \
	dsnctl claim --add $vm $bdf "derive:alias ua-nic1"
device $bdf ua-nic1 | sed "s/slot='0x\(..\)\.\(.\)'/slot='0x\1' function='0x\2'/" >/run/nic1.xml
expect "the claimed card is plugged in" virsh attach-device build-7 /run/nic1.xml
sees "before the plug the guest has read its first card" build-7 1 01:00.0 $nic0
expect "the VM with the plugged card is reset" virsh reset build-7
sees "the plugged card shows the serial that was claimed" build-7 2 02:00.0 $nic1
expect "libvirtd restarts with the plugged card there" systemctl restart libvirtd
expect "the VM with the plugged card has survived it" is_running build-7
expect "the claims of the VM with the plugged card have survived it" claims_are 2
end build-7
expect "the end of the VM ends the claim of the plugged card too" claims_are 0

define plain 22222222-2222-4333-8444-555555555555
start "a VM without cards" plain
expect "the VM without cards is saved" virsh save plain /var/lib/libvirt/plain.save
expect "the VM without cards is restored, as the hook prints nothing" virsh restore /var/lib/libvirt/plain.save
end plain

expect_output "AppArmor has denied dsnctl nothing" "^0$" \
	sh -c "journalctl -b -k -o cat | grep -c 'DENIED.*dsnctl'; true"
expect_output "no guest has seen a real serial after load" "^0$" \
	sh -c "cat /var/log/libvirt/qemu/*.seen | grep -cE '$real|$other_real'; true"
finish
