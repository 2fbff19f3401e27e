# Config spaces that no device should have: guest.sh shapes | beside | dangerous | random SEED COUNT
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

modprobe vfio-pci disable_idle_d3=1 # opening a thousand times takes long enough
bind_vfio $bdf
insmod /config_table.ko device=$bdf
what=$1
shift
if [ "$what" = dangerous ]; then # nothing that needs the kernel's memory behind it
	hostile $bdf dangerous $chosen
	exit
fi
expect "load succeeds" dsnctl load
expect "set succeeds" dsnctl set $bdf $chosen
hostile $bdf "$what" $chosen "$@" >/run/results || not_ok "hostile $what comes to its end"
cat /run/results
if [ "$what" = shapes ]; then
	expect "load --answer succeeds" dsnctl load --answer
	hostile $bdf "$what" $chosen >/run/answered || not_ok "hostile $what with --answer comes to its end"
	sed -E 's/^(not )?ok - /&answered: /' /run/answered >/run/more
	cat /run/more
	cat /run/more >>/run/results
	expect_output "with --answer some reads were answered" "^[1-9]" \
		sh -c "dsnctl status -j | json_get answered"
fi
! grep -q '^not ok' /run/results || : >/run/not_ok
expect_output "no reader was killed" "^0$" sh -c "dsnctl status -j | json_get kills"
finish
