# The examples vm-claim.conf, for VMMs without libvirt, and dsnctl-metrics.timer: sourced by
# changed.sh, while the rule is $second. Leaves nothing for the next boot.
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

examples=/usr/share/doc/dsnctl/examples
units=/run/systemd/system
vm=7c1e7a52-0d5a-4b6e-9d0f-0c3f7a0e5b07
other=11111111-2222-4333-8444-555555555555
derived=$(dsnctl derive $vm nic0)
seen=/run/vm.seen
prom=/var/lib/prometheus/node-exporter/dsnctl.prom

# the timer, whose second time is awaited at the end
mkdir -p ${prom%/*}
install -m 644 -t $units $examples/dsnctl-metrics.service $examples/dsnctl-metrics.timer

# A VMM of an unprivileged user, which reads the serial until it ends.
install -D -m 644 /dev/stdin $units/vm.service <<-END
	[Service]
	User=nobody
	ExecStart=/bin/sh -c 'exec vfio_read $bdf hold >$seen'
END
systemctl daemon-reload
[ "$(driver_of $bdf)" = vfio-pci ] || bind_vfio $bdf
chmod 666 "/dev/vfio/$(group_of $bdf)"

# start_vm [STATUS] NAME: systemctl start has this exit status
start_vm() {
	local status=0

	[ $# = 1 ] || {
		status=$1
		shift
	}
	: >$seen
	chmod 666 $seen
	expect_status "$status" "$1" systemctl start vm
}

# vm_sees SERIAL: the VMM that runs has read it, and no other
vm_sees() { [ "$(sort -u $seen)" = "$1" ]; }
no_claim() { [ "$(dsnctl status -j | grep -c "$vm")" = 0 ]; }
is_failed() { systemctl --quiet is-failed vm; }

expect "dsnctl-metrics.timer starts" systemctl start dsnctl-metrics.timer
expect "dsnctl-metrics.timer writes the counters" within 60 test -s $prom
expect_output "the counters say that dsnctl is loaded" "^dsnctl_loaded 1$" cat $prom
rm $prom

start_vm "control: the VMM starts without the drop-in"
expect "control: without the drop-in it sees the rule's serial" within 60 vm_sees $second
expect "control: the VMM stops" systemctl stop vm

expect "vm-claim.conf is installed" install -D -m 644 $examples/vm-claim.conf \
	$units/vm.service.d/dsnctl.conf
sed -i "s/0000:01:00.0/$bdf/" $units/vm.service.d/dsnctl.conf
systemctl daemon-reload
start_vm "the VMM starts with vm-claim.conf"
expect "with vm-claim.conf it sees the serial that is derived for the VM" within 60 vm_sees "$derived"
expect_output "status has the VM and its serial" "^$bdf +$derived +vm +$vm " dsnctl status
expect "the VMM stops with vm-claim.conf" systemctl stop vm
expect "a stop ends the claim" no_claim
expect_output "after a stop the rule counts again" "^$second$" vfio_read $bdf serial

start_vm "the VMM starts once more"
expect "the VMM sees the same serial" within 60 vm_sees "$derived"
expect "the VMM is killed" systemctl kill --signal=KILL vm
expect "systemd reports the crash" within 60 is_failed
expect "a crash ends the claim" within 60 no_claim
expect_output "after a crash the rule counts again" "^$second$" vfio_read $bdf serial

# a claim that is refused
dsnctl claim $other $bdf scrub --name test-1 >/run/out
hold_device $bdf /run/held
start_vm 1 "the VMM does not start while another VM has the device"
told "the journal names the other VM" "VM test-1 \($other\) has claimed it" vm
expect_output "the VMM that did not start has read nothing" "^0$" sh -c "wc -c <$seen"
kill $holder
wait
dsnctl release $other >/run/out

expect "dsnctl-metrics.timer writes the counters again" within 90 test -s $prom
systemctl stop dsnctl-metrics.timer
rm $prom
rmdir -p ${prom%/*} 2>/dev/null
