# What manager.service runs: reads the serial through VFIO, leaves it in /run/seen.
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh
# shellcheck source=tests/boot/common.sh
. /tests/common.sh

mkdir -p /run/seen
{
	flock 9 # a group is opened by one at a time
	[ "$(driver_of $bdf)" = vfio-pci ] || bind_vfio $bdf
	vfio_read $bdf serial >"/run/seen/$1"
} 9>/run/seen.lock
