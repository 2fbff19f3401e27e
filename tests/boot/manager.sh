# What manager.service runs: reads the serial through VFIO, leaves it in /run/seen.
# shellcheck shell=dash
. /lib.sh
# shellcheck source=common.sh
. /tests/common.sh

mkdir -p /run/seen
{
	flock 9 # a group is opened by one at a time
	[ "$(driver_of $nic)" = vfio-pci ] || bind_vfio $nic
	vfio_read $nic serial >"/run/seen/$1"
} 9>/run/seen.lock
