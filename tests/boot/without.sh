# The control: dsnctl.service is not enabled. Then it is started by hand, and enabled.
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh
# shellcheck source=tests/boot/common.sh
. /tests/common.sh

managers_saw $real

# as QEMU of libvirt: of another user, open before the service starts
chown nobody "/dev/vfio/$(group_of $bdf)"
setpriv --reuid=nobody --clear-groups vfio_read $bdf hold >/run/held &
holder=$!
expect "a process has the device open" within 60 test -s /run/held
if [ -e /dsnctl.deb ]; then
	rm /etc/dpkg/dpkg.cfg.d/99mmdebstrap # by which the root is without /usr/share/doc
	expect "the package installs" dpkg -i /dsnctl.deb
fi
expect "the service starts by hand" systemctl start dsnctl
told "the service names a process that had a device open before" \
	"process [0-9]+ \(vfio_read\) had it open before this" dsnctl
kill $holder
wait
expect "the service's bpffs is mounted for everybody" mountpoint /run/dsnctl
expect_output "scrub is the default" "^$zero$" vfio_read $bdf serial
loaded=$(journalctl -b -o cat -u dsnctl | grep '^loaded:')
expect_output "load in the service loads what load outside does" "^$loaded$" dsnctl load

expect "enable of the service succeeds" systemctl enable dsnctl
mkdir -p $config
echo "$bdf $chosen # the NIC" >$config/10-nic.conf
finish
