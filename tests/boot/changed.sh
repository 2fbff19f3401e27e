# After one more reboot, the changed rule is in force, and the examples work. Leaves a wrong
# rule for the next.
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh
# shellcheck source=tests/boot/common.sh
. /tests/common.sh

managers_saw $second
# shellcheck source=tests/boot/claimed.sh
. /tests/claimed.sh

printf '# two lines\n%s 02-00-zz\n' $bdf >$config/20-wrong.conf
for manager in libvirtd virtqemud; do
	expect "hold-vms.conf is installed for $manager" install -D -m 644 \
		/usr/share/doc/dsnctl/examples/hold-vms.conf \
		/etc/systemd/system/$manager.service.d/dsnctl.conf
done
finish
