# load --answer: reads of a serial that never get to the device, and those that still do.
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

# sweep NAME SERIAL
sweep() {
	expect_output "$1: every read around the serial" "^[1-9][0-9]* reads, 0 wrong" \
		vfio_read $bdf sweep /run/image "$2"
}

sweep_quietly() { vfio_read "$bdf" sweep /run/image "$1"; }

# by NUMBER NAME COMMAND...: how many reads more were answered
by() {
	local before want=$1 name=$2

	shift 2
	before=$(count answered)
	"$@" >/run/by 2>&1
	expect_output "$name" "^$((before + want))$" count answered
}

bind_vfio $bdf
if ! has_fexit; then
	expect_output "without direct calls, load reports that it loads without --answer" \
		"loaded without --answer" \
		sh -c "dsnctl load --answer 2>&1"
	expect_output "without direct calls, a read is scrubbed" "^$zero$" vfio_read $bdf serial
	finish
fi
vfio_read $bdf save /run/image
expect_output "load --answer is proven" "^loaded: hook fexit, check [a-z]+(, gate)?: proven$" \
	dsnctl load --answer
expect_output "status reports answer: yes" "^yes$" \
	sh -c "dsnctl status | sed -n 's/^answer: *//p'"
by 1 "a qword is answered, a whole read is not" vfio_read $bdf serial
expect_output "an answered read is scrubbed" "^$zero$" cat /run/by
by 36 "a sweep has 36 preads wholly in the serial" sweep_quietly $zero
sweep scrub $zero
expect_output "scrub: reads that fail half-way show no real byte" " 0 wrong" \
	vfio_read $bdf fault /run/image $zero
expect "set succeeds" dsnctl set $bdf $chosen
sweep serial $chosen
expect_output "serial: guest writes change nothing" " 0 wrong" \
	vfio_read $bdf write /run/image $chosen
by 0 "a read of the header is not answered" vfio_read $bdf hex 0x140 4
by 0 "a read over the edge of the serial is not answered" vfio_read $bdf hex 0x142 4
by 1 "a read of one byte of the serial is answered" vfio_read $bdf hex 0x14b 1
by 0 "a reader that is not the opener goes to the device, and past other LSMs" \
	vfio_read $bdf other
expect_output "a reader that is not the opener reads what policy shows" "^$chosen$" cat /run/by
expect "set hide succeeds" dsnctl set $bdf hide
sweep hide hide
expect "set pass succeeds" dsnctl set $bdf pass
by 0 "under pass no read is answered" vfio_read $bdf serial
sweep pass $real
expect "set scrub succeeds after pass" dsnctl set $bdf scrub
expect_output "answered reads are counted with the function's" "^[1-9]" \
	sh -c "dsnctl get $bdf -j | json_get reads"
expect "verify succeeds" dsnctl verify
expect_output "no reader was killed for an answered read" "^0$" count kills

# What is answered is answered before other security modules are asked, as
# docs/guarantee.md says: policy's bytes, and nothing of the device.
cp /usr/sbin/vfio_read /run/denied
trace /usr/sbin/deny.bpf.o &
tracer=$!
denied() { ! /run/denied "$bdf" hex 0x140 4 >/run/by 2>&1; }
within 30 denied
expect_status 1 "control: another LSM refuses reads of the header" /run/denied $bdf hex 0x140 4
expect_output "a read that another LSM would refuse is answered with policy's bytes" \
	"^00 00 00 00$" \
	/run/denied $bdf hex 0x144 4
expect "load without --answer succeeds after it" dsnctl load
expect_output "status reports answer: no" "^no$" sh -c "dsnctl status | sed -n 's/^answer: *//p'"
expect_status 1 "without --answer the other LSM refuses a read of the serial" \
	/run/denied $bdf hex 0x144 4
kill $tracer
by 0 "without --answer no read is answered" vfio_read $bdf serial
expect "unload succeeds" dsnctl unload
finish
