# A function in vfio's noiommu mode, which no VM can use.
# boot: --append intel_iommu=off
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

modprobe vfio enable_unsafe_noiommu_mode=1
bind_vfio $bdf
expect "the group is one without an IOMMU" test -c "/dev/vfio/noiommu-$(group_of $bdf)"
expect "load succeeds" dsnctl load
expect_status 1 "verify fails in noiommu mode" dsnctl verify $bdf
expect_output "verify says why" "^dsnctl: $bdf: it is in vfio's noiommu mode, which no VM can use" \
	sh -c "dsnctl verify $bdf 2>&1 >/dev/null; true"
expect_output "the table of verify has the reason too" "^$bdf +scrub +- +failed +it is in vfio's noiommu mode" \
	sh -c "dsnctl verify $bdf 2>/dev/null; true"
export VFIO_NOIOMMU=1
expect_output "a reader by noiommu reads what policy says" "^$zero$" vfio_read $bdf serial
expect "unload succeeds" dsnctl unload
expect_output "control: the real serial" "^$real$" vfio_read $bdf serial
finish
