# verify opens a function by its file in /dev/vfio/devices, and by its group if it has none.
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

# all_match NAME: each of the six ways of reading
all_match() {
	expect_output "$1" "^6$" \
		sh -c "dsnctl verify $bdf >/run/verify && grep -c ' match ' /run/verify"
}

# busy_by NAME: while vfio_read holds it
busy_by() {
	hold_device $bdf /run/held
	expect_status 1 "$1" dsnctl verify $bdf
	expect_output "$1: says who" "busy: process $holder \(vfio_read\) has it open" \
		sh -c "dsnctl verify $bdf 2>&1; true"
	kill $holder
	wait $holder
}

bind_vfio $bdf
group=/dev/vfio/$(group_of $bdf)
expect "load succeeds" dsnctl load
dsnctl set $bdf $chosen >/dev/null
all_match "verify"
busy_by "busy, by group"
export VFIO_CDEV=1
busy_by "busy, by cdev"
mv "$group" /dev/vfio/hidden
all_match "verify without a group is by cdev"
mv /dev/vfio/devices/vfio0 /dev/vfio/devices/hidden
expect_status 1 "control: without either it fails" dsnctl verify $bdf
mv /dev/vfio/hidden "$group"
all_match "verify without a cdev is by group"
mv /dev/vfio/devices/hidden /dev/vfio/devices/vfio0
mv /dev/iommu /dev/hidden
all_match "verify without /dev/iommu is by group"
mv /dev/hidden /dev/iommu
expect_output "what the hook does not settle is told, by cdev" "MISMATCH.*real serial was readable" \
	sh -c "dsnctl load --hook kprobe --check off >/dev/null 2>&1
		echo 0 >/sys/kernel/debug/kprobes/enabled
		dsnctl verify $bdf; true"
finish
