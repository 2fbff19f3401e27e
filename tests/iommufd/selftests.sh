# The kernel's own tests of VFIO, which open devices by an iommufd or a group, with dsnctl
# loaded: they pass as they do without it.
# boot: --cpus 2 --mem 2048 --device e1000e,addr=4,romfile=,mac=52:54:00:12:34:56
# boot: --device pcie-root-port,id=rp0,addr=5 --device nvme-subsys,id=sub --device
# boot: nvme,serial=1,subsys=sub,bus=rp0,sriov_max_vfs=2,sriov_vq_flexible=4,sriov_vi_flexible=2,max_ioqpairs=6,msix_qsize=5
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

pf=0000:01:00.0

# run_test RUN PROGRAM BDF: one that passes
run_test() {
	"/selftests/$2" "$3" >"/run/$2" 2>&1
	expect_output "$1: $2 passes" "^# Totals: pass:[1-9][0-9]* fail:0 " cat "/run/$2"
	sed -n "s/^# Totals:/# $1: $2:/p" "/run/$2"
}

run_all() {
	run_test "$1" vfio_pci_device_test $bdf
	run_test "$1" vfio_iommufd_setup_test $bdf
	run_test "$1" vfio_dma_mapping_test $bdf
	run_test "$1" vfio_pci_sriov_uapi_test $pf
}

modprobe vfio-pci enable_sriov=1
bind_vfio $bdf
bind_vfio $pf
modprobe iommufd
run_all control
vfio_read $bdf save /run/image
expect "load succeeds" dsnctl load
dsnctl set $bdf $chosen >/dev/null
run_all loaded
expect "load of the check alone succeeds" dsnctl load --hook none
run_all "check alone"
for way in "" 1; do
	# shellcheck disable=SC2016
	expect_output "afterwards every read shows the rule's serial${way:+, by cdev too}" \
		"^[1-9][0-9]* reads, 0 wrong" \
		env ${way:+VFIO_CDEV=1} vfio_read $bdf sweep /run/image $chosen
done
expect_output "no read passed the check" "^0$" sh -c "dsnctl status -j | json_get unchecked"
expect_output "nobody was killed" "^0$" sh -c "dsnctl status -j | json_get kills"
finish
