# The kernel's own tests of VFIO, which open devices by an iommufd or a group, with dsnctl
# loaded: they pass as they do without it.
# boot: --cpus 2 --mem 2048
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

# run_test NAME PROGRAM: its result line, and that no case of it failed
run_test() {
	"/selftests/$2" $bdf >"/run/$2" 2>&1
	expect_output "$1: $2" "^# Totals: pass:[1-9][0-9]* fail:0 " cat "/run/$2"
	grep '^# Totals' "/run/$2" | sed "s/^# /# $1: $2: /"
}

run_all() {
	run_test "$1" vfio_pci_device_test
	run_test "$1" vfio_iommufd_setup_test
	run_test "$1" vfio_dma_mapping_test
}

bind_vfio $bdf
modprobe iommufd
run_all "control, without dsnctl"
vfio_read $bdf save /run/image
expect "load succeeds" dsnctl load
dsnctl set $bdf $chosen >/dev/null
run_all "loaded"
expect "load of the check alone succeeds" dsnctl load --hook none
run_all "the check alone"
for way in "" 1; do
	# shellcheck disable=SC2016
	expect_output "afterwards every read shows the rule's serial${way:+, by cdev too}" \
		"^[1-9][0-9]* reads, 0 wrong" \
		env ${way:+VFIO_CDEV=1} vfio_read $bdf sweep /run/image $chosen
done
expect_output "no read passed the check" "^0$" sh -c "dsnctl status -j | json_get unchecked"
expect_output "nobody was killed" "^0$" sh -c "dsnctl status -j | json_get kills"
finish
