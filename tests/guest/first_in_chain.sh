# A device whose serial is the first capability in the chain, at 0x100.
# boot: --device vmxnet3,addr=4,mac=52:54:00:12:34:56
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

bind_vfio $bdf
vfio_read $bdf save /run/image
expect_output "the serial is at 0x100" "^03 00" vfio_read $bdf hex 0x100 2
expect_output "control: before load reads show the real serial" "[1-9][0-9]* wrong bytes" \
	sh -c "vfio_read $bdf sweep /run/image $chosen; true"
expect "load succeeds" dsnctl load
expect_output "scrub: every read around the serial" " 0 wrong" \
	vfio_read $bdf sweep /run/image $zero
expect "set succeeds" dsnctl set $bdf $chosen
expect_output "serial: every read around the serial" " 0 wrong" \
	vfio_read $bdf sweep /run/image $chosen
expect_output "serial: reads that fail half-way show no real byte" " 0 wrong" \
	vfio_read $bdf fault /run/image $chosen
expect_output "list has the serial of the rule" "^$bdf vfio-pci serial $chosen" dsnctl list
finish
