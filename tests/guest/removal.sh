# What removing the Debian package does to a protection that is in force.
# kernel: any
# only: make check-all
# shellcheck shell=dash source=tests/vm/lib.sh
# boot: --file debian/dsnctl.prerm
. /lib.sh

prerm=/dsnctl.prerm

# dpkg runs this before it takes the files away.
removal() { sh "$prerm" remove; }

expect "removal succeeds with nothing loaded" removal
expect "load succeeds before removal" dsnctl load
bind_vfio $bdf
hold_device $bdf /run/held

expect_status 1 "removal while a guest has a device is refused" removal
expect_output "a refused removal says that the serials stay hidden" \
	"NOT removed, and the serials stay hidden" \
	sh -c 'sh "$0" remove 2>&1; true' "$prerm"
expect "the protection stays after a refused removal" dsnctl status
expect "an upgrade succeeds while a guest has a device" sh "$prerm" upgrade 0.2-1
expect "the protection stays over an upgrade" dsnctl status

kill $holder
wait
expect "removal succeeds once the guest has ended" removal
expect_status 3 "the protection is gone after removal" dsnctl status
finish
