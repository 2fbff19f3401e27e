# The main job in a machine: load, scrub by default, set, dump, unload.
# shellcheck shell=dash
. /lib.sh

bdf=0000:00:04.0
real=52-54-00-ff-ff-12-34-56
zero=00-00-00-00-00-00-00-00
chosen=02-00-5e-10-00-00-00-01

bind_vfio $bdf
expect_output "before load the guest reads the real serial" "^$real$" vfio_read $bdf serial
vfio_read $bdf save /run/image
expect_status 3 "status says not loaded" dsnctl status
expect "load" dsnctl load
dsnctl status
expect_output "after load the serial is zeros" "^$zero$" vfio_read $bdf serial
expect_output "sweep" "" time vfio_read $bdf sweep /run/image $zero
expect_output "fault" "" time vfio_read $bdf fault /run/image $zero
expect_output "write" "" time vfio_read $bdf write /run/image $zero
expect "set" dsnctl set $bdf $chosen
expect_output "sweep" "" vfio_read $bdf sweep /run/image $chosen
dsnctl dump
dsnctl dump -j
dsnctl list --real
dsnctl get 00:04.0
dsnctl status -j
ls -la /sys/fs/bpf/dsnctl
bpftool -p map dump pinned /sys/fs/bpf/dsnctl/rules
bpftool -p map dump pinned /sys/fs/bpf/dsnctl/devices
time dsnctl load
dsnctl dump
expect "unload" dsnctl unload
expect_output "after unload the real serial again" "^$real$" vfio_read $bdf serial
finish
