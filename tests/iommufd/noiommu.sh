# vfio's no-IOMMU mode, in which DPDK may have devices: what check says, and that verify reads.
# boot: --append intel_iommu=off
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

sys=/sys/bus/pci/devices

# said NAME REGEX COMMAND...: of stdout and stderr, whatever the exit status
said() {
	local name=$1 regex=$2

	shift 2
	expect_output "$name" "$regex" sh -c '"$@" 2>&1; true' sh "$@"
}

modprobe vfio-pci
said "check: with no IOMMU there are no groups" "^iommu +missing +0 groups" dsnctl check
echo Y >/sys/module/vfio/parameters/enable_unsafe_noiommu_mode
bind_vfio $bdf
expect_output "control: the group is one of vfio's no-IOMMU mode" "^vfio-noiommu$" \
	cat $sys/$bdf/iommu_group/name
said "check names groups without an IOMMU" "^iommu +limited +1 groups, 1 without an IOMMU" dsnctl check
said "check says what such a guest can do" "all memory of the host" dsnctl check
expect "load succeeds without an IOMMU" dsnctl load
expect_output "verify opens a no-IOMMU group: all ways match" \
	'"match".*"match".*"match".*"match".*"match".*"match"' dsnctl verify $bdf -j
dsnctl set $bdf pass >/dev/null 2>&1
dsnctl unset $bdf >/dev/null
dsnctl load --check off >/dev/null 2>&1
rm $pins/dsn_fexit /run/dsnctl/dsn_fexit
within 30 no_program dsn_fexit
expect_status 3 "control: verify of a no-IOMMU group finds a hook that is gone" dsnctl verify $bdf
dsnctl load >/dev/null 2>&1
export VFIO_NOIOMMU=1
expect_output "a reader by a no-IOMMU group reads what the rules say" "^$zero$" vfio_read $bdf serial
expect "unload succeeds" dsnctl unload
expect_output "control: after unload it reads the real serial" "^$real$" vfio_read $bdf serial
finish
