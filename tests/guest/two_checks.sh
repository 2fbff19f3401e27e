# While `load` replaces the programs, the old and the new check both see a read for a moment.
# Here the old one is held in force for good, by a pin of the test's.
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

checks() { bpftool link show | grep -c '^[0-9]*: raw_tracepoint'; }

# shellcheck disable=SC2317 # called by its name
hold_checks() {
	mkdir -p /sys/fs/bpf/held
	for id in $(bpftool link show | sed -n 's/^\([0-9]*\): raw_tracepoint.*/\1/p'); do
		bpftool link pin id "$id" /sys/fs/bpf/held/"$id" || return
	done
}

bind_vfio $bdf
vfio_read $bdf save /run/image
expect "load of the check alone succeeds" dsnctl load --hook none
expect "set succeeds" dsnctl set $bdf $chosen
before=$(checks)
expect "the check is held" hold_checks
expect "load succeeds while the old check is held" dsnctl load --hook none
expect_output "control: two checks are in force" "^$((2 * before))$" checks
expect_output "with two checks: every read around the serial" " 0 wrong" \
	vfio_read $bdf sweep /run/image $chosen
expect_status 137 "with two checks: a reader by io_uring is killed" vfio_read $bdf ring 0x144 4
expect_output "with two checks: it is counted" "^[12]$" count kills
expect_output "with two checks: the kernel has refused nothing" "^0$" count unkillable
expect "with two checks: status is proven" dsnctl status --require proven
rm -r /sys/fs/bpf/held
# the kernel frees a link some time after its last pin
are_checks() { [ "$(checks)" = "$1" ]; }
expect "control: one check is in force again" within 30 are_checks "$before"
expect_status 137 "with one check: a reader by io_uring is killed" vfio_read $bdf ring 0x144 4
expect_output "with one check: the kernel has refused nothing" "^0$" count unkillable
expect "unload succeeds" dsnctl unload
finish
