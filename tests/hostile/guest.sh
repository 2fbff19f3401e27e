# Config spaces that no device should have: guest.sh shapes|random SEED COUNT
# shellcheck shell=dash
. /lib.sh

bdf=0000:00:04.0
chosen=02-00-5e-10-00-00-00-01

modprobe vfio-pci disable_idle_d3=1 # opening a thousand times takes long enough
bind_vfio $bdf
insmod /config_table.ko device=$bdf
expect "load" dsnctl load
expect "set" dsnctl set $bdf $chosen
if ! hostile $bdf "$1" $chosen $2 $3 >/run/results; then
	not_ok "hostile $1: it ended early"
fi
cat /run/results
! grep -q '^not ok' /run/results || : >/run/not_ok
expect_output "no reader was killed" "^0$" sh -c "dsnctl status -j | json_get kills"
finish
