# VPD as the command line shows it: list, verify and warnings, on a card whose VPD the test module
# answers.
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh
# shellcheck source=tests/hostile/serial.sh
. /serial.sh
# shellcheck source=tests/hostile/vpd.sh
. /vpd.sh

add_vpd
expect "control: the device has this VPD" grep -q MT19 $vpd

expect_output "list before load says that there is VPD" "^$bdf +vfio-pci +unprotected .* yes$" dsnctl list
expect_output "list --real prints what VPD says, and no control character" \
	' ID NIC1; PN A-1; SN MT19<1b>\[2J0360; V3 u1$' dsnctl list --real
expect_output "list --real -j has VPD by keyword" '^MT19<1b>\[2J0360$' \
	sh -c "dsnctl list --real -j | json_get devices 0 real_vpd SN"
expect_output "after list --real the device shows the first bytes to the next guest" "82 04 00 4e" \
	sh -c "dd if=$table bs=1 skip=68 count=4 2>/dev/null | od -An -tx1"
expect "load succeeds" dsnctl load
expect_status 1 "list without --real prints nothing of VPD" \
	sh -c "{ dsnctl list; dsnctl list -j; } | grep -e MT19 -e NIC1"

# verifies WORDS...: the rule is set, and VPD reads like it in every way
verifies() {
	expect "set $* succeeds" dsnctl set $bdf "$@"
	expect_output "$*: verify finds VPD as the rule says, in three ways" "^3$" \
		sh -c "dsnctl verify $bdf | grep -c ' vpd [a-z]* *match'"
	expect "$*: verify succeeds" dsnctl verify $bdf
	expect_status 1 "$*: verify prints nothing of VPD" sh -c "dsnctl verify $bdf -j | grep MT19"
}
verifies scrub
verifies $chosen vpd=hide
verifies scrub vpd pass
verifies hide gaps=zero
verifies pass expect 8086:10d3

# a card with VPD and no serial
cp $table /run/table
put 0x100 '\0377\0377\0001\0000'
again
expect_output "list has a function with VPD alone" "^$bdf .* yes$" dsnctl list
expect_output "verify reads VPD alone" "^3$" sh -c "dsnctl verify $bdf | grep -c match"
expect_status 1 "set on it does not say that it has no effect" \
	sh -c "dsnctl set $bdf scrub 2>&1 | grep 'no effect'"
dd if=/run/table of=$table bs=4096 2>/dev/null

# a vendor whose driver needs VPD
put 0 '\0045\0024'
answers 0 2
again
expect_output "set warns that Chelsio's driver needs VPD" "no VPD, and Chelsio's driver .*'vpd pass'" \
	sh -c "dsnctl set $bdf scrub vpd hide 2>&1"
expect_output "a vpd pass without expect is warned of" "$bdf: vpd pass without 'expect'.* real VPD" \
	sh -c "dsnctl set $bdf scrub vpd pass 2>&1"
expect_status 1 "under vpd pass there is no warning of the driver" \
	sh -c "dsnctl set $bdf hide vpd pass expect 1425:10d3 2>&1 | grep Chelsio"
put 0 '\0206\0200'
again

# control: verify finds what is shown, with the hook gone and the rule still there
expect "set of scrub succeeds" dsnctl set $bdf scrub
expect "load without a check succeeds" dsnctl load --hook fexit --check off
expect "control: verify succeeds while the hook is there" dsnctl verify $bdf
rm $pins/dsn_fexit /run/dsnctl/dsn_fexit
is_shown() { [ "$(vfio_read "$bdf" serial)" = "$real" ]; }
expect "control: the hook goes with its pins" within 30 is_shown
expect_status 3 "control: verify exits with 3 without the hook" dsnctl verify $bdf
expect_output "control: without the hook verify reports VPD in three ways" "^3$" \
	sh -c "dsnctl verify $bdf 2>/dev/null | grep -c 'MISMATCH .*the real VPD was readable'"
expect_status 1 "control: without the hook verify prints nothing of VPD" \
	sh -c "dsnctl verify $bdf -j 2>&1 | grep -e MT19 -e NIC1"
finish
