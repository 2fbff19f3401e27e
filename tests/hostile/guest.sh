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
if [ "$what" = beside ]; then
	for option in "--hook none" "--hook kprobe" --answer; do
		# shellcheck disable=SC2086 # two words
		expect "load $option succeeds" dsnctl load $option
		hostile $bdf beside $chosen >/run/more || not_ok "hostile beside comes to its end"
		sed -E "s/^(not )?ok - /&$option: /" /run/more >/run/named
		cat /run/named
		cat /run/named >>/run/results
	done
	# nothing repairs what the hook leaves
	expect "load --check off succeeds" dsnctl load --hook fexit --check off
	expect "the hook alone: set of all words succeeds" dsnctl set $bdf scrub vpd empty gaps zero --force
	expect_output "the hook alone: data of VPD are end tags" "^78 78 78 78$" vfio_read $bdf hex 0x44 4
	expect_output "the hook alone: so are those of a longer read" "( 78){4} " \
		vfio_read $bdf hex 0x3c 16
	expect_output "the hook alone: a gap is zeros" "^00 00 00 00$" vfio_read $bdf hex 0x300 4
	expect "the hook alone: set vpd hide succeeds" dsnctl set $bdf scrub vpd hide --force
	expect_output "the hook alone: hidden VPD has its next pointer" "^00 c8 00 00 00 00 00 00$" \
		vfio_read $bdf hex 0x40 8
	expect "load --hook permission succeeds" \
		dsnctl load --check off --hook permission --whole-reads refuse
	expect "set without words succeeds" dsnctl set $bdf scrub
	expect_output "permission: the header of VPD is shown" "^03 c8 " vfio_read $bdf hex 0x40 4
	expect_output "permission: data of VPD leaves the buffer" "^00 00 00 00$" \
		vfio_read $bdf hex 0x44 4
	expect_output "permission: a byte of it leaves the buffer" "^00$" vfio_read $bdf hex 0x47 1
	expect_status 1 "permission: a read over the edge is refused" vfio_read $bdf hex 0x42 4
	expect_status 1 "permission: a whole read is refused" vfio_read $bdf hex 0 4096
	expect "permission: set pass succeeds" dsnctl set $bdf pass --force
	expect_output "permission: under pass data of VPD is shown" "^78 56 34 12$" vfio_read $bdf hex 0x44 4
	expect_output "permission: under pass a gap is shown" "^[0-9a-f]{2}( [0-9a-f]{2}){3}$" \
		vfio_read $bdf hex 0x300 4
	gap=$(vfio_read $bdf hex 0x300 4)
	expect "permission: set of gaps zero succeeds" dsnctl set $bdf scrub gaps zero --force
	expect_status 1 "control: the gap was not zeros" [ "$gap" = "00 00 00 00" ]
	expect_output "permission: a gap leaves the buffer" "^00 00 00 00$" vfio_read $bdf hex 0x300 4
	expect_output "permission: a byte of it leaves the buffer too" "^00$" vfio_read $bdf hex 0x301 1
	expect_status 1 "permission: a read of gaps and more is refused" vfio_read $bdf hex 0xc4 8
fi
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
