# The examples for VMMs without libvirt and for Prometheus: vm-claim.conf, dsnctl-metrics.timer.
# After the first reboot with the service enabled; leaves nothing for the next boot.
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh
# shellcheck source=tests/boot/common.sh
. /tests/common.sh

examples=/usr/share/doc/dsnctl/examples
units=/run/systemd/system
vm=7c1e7a52-0d5a-4b6e-9d0f-0c3f7a0e5b07
other=11111111-2222-4333-8444-555555555555
derived=$(dsnctl derive $vm nic0)

# A VMM of an unprivileged user, which reads the serial until it ends.
install -D -m 644 /dev/stdin $units/vm.service <<-END
	[Service]
	User=nobody
	RuntimeDirectory=vm
	ExecStart=/bin/sh -c 'exec vfio_read $bdf hold >/run/vm/seen'
END
[ "$(driver_of $bdf)" = vfio-pci ] || bind_vfio $bdf
chmod 666 "/dev/vfio/$(group_of $bdf)"

# vm_sees SERIAL: the running service, and no other serial
vm_sees() { [ "$(sort -u /run/vm/seen)" = "$1" ]; }
no_claim() { [ "$(dsnctl status -j | grep -c "$vm")" = 0 ]; }
is_failed() { systemctl --quiet is-failed vm; }

expect "control: the VMM starts without the drop-in" systemctl start vm
expect "control: without the drop-in it sees the rule's serial" within 20 vm_sees $chosen
expect "control: the VMM stops" systemctl stop vm

expect "vm-claim.conf is installed" install -D -m 644 $examples/vm-claim.conf \
	$units/vm.service.d/dsnctl.conf
sed -i "s/0000:01:00.0/$bdf/" $units/vm.service.d/dsnctl.conf
systemctl daemon-reload
expect "the VMM starts with the drop-in" systemctl start vm
expect "with the drop-in it sees the serial that is derived for the VM" within 20 vm_sees "$derived"
expect_output "status has the VM by the name of its service" "^$bdf +$derived +vm +$vm " dsnctl status
expect "the VMM stops with the drop-in" systemctl stop vm
expect "a stop ends the claim" no_claim
expect_output "after a stop the rule counts again" "^$chosen$" vfio_read $bdf serial

expect "the VMM starts once more" systemctl start vm
expect "it sees the same serial" within 20 vm_sees "$derived"
expect "the VMM is killed" systemctl kill --signal=KILL vm
expect "systemd reports the crash" within 20 is_failed
expect "a crash ends the claim" within 20 no_claim
expect_output "after a crash the rule counts again" "^$chosen$" vfio_read $bdf serial

# a claim that cannot be had
dsnctl claim $other $bdf scrub --name test-1 >/run/out
vfio_read $bdf hold >/run/held &
holder=$!
within 20 test -s /run/held
expect_status 1 "the VMM does not start while another VM has the device" systemctl start vm
told "the journal names the other VM" "VM test-1 \($other\) has claimed it" vm
expect_status 1 "the VMM has not run" test -e /run/vm/seen
kill $holder
wait $holder
dsnctl release $other >/run/out

# the timer
prom=/var/lib/prometheus/node-exporter/dsnctl.prom
mkdir -p ${prom%/*}
install -m 644 -t $units $examples/dsnctl-metrics.service $examples/dsnctl-metrics.timer
systemctl daemon-reload
expect "dsnctl-metrics.timer starts" systemctl start dsnctl-metrics.timer
expect "the counters are written" within 30 test -s $prom
expect_output "the counters say that dsnctl is loaded" "^dsnctl_loaded 1$" cat $prom
rm $prom
expect "the counters are written again" within 60 test -s $prom
rm $prom
rmdir -p ${prom%/*} 2>/dev/null
finish
