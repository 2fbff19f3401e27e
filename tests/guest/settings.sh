# The words for VPD and gaps in rules: set, printed, saved, applied, claimed; a device without VPD.
# kernel: any
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

vm=7c1e7a52-0d5a-4b6e-9d0f-0c3f7a0e5b07
bind_vfio $bdf
expect "load succeeds" dsnctl load
member() { dsnctl get "$bdf" -j | json_get "$1"; }

expect_output "without a rule VPD is empty" "^empty$" member vpd
expect_output "without a rule gaps pass" "^pass$" member gaps
expect_output "set prints what it was told" "^$bdf: scrub vpd hide gaps zero \(was scrub, no rule" \
	dsnctl set $bdf scrub vpd=hide gaps=zero
expect_output "set of the same in other words is unchanged" "^$bdf: unchanged" \
	dsnctl set $bdf scrub gaps zero vpd hide
expect_output "get prints what is shown of VPD" "^vpd: +hide$" dsnctl get $bdf
expect_output "get prints what is shown of gaps" "^gaps: +zero$" dsnctl get $bdf
expect_output "dump prints both" "^$bdf scrub +$zero function .* hide +zero$" dsnctl dump
expect_output "list prints both, and that there is no VPD" "^$bdf .* hide +zero +no$" dsnctl list
expect_output "save prints both" "^$bdf scrub vpd hide gaps zero$" dsnctl save
expect_output "save -j has VPD" "^hide$" sh -c "dsnctl save -j | json_get rules 0 vpd"
expect_output "save -j has gaps" "^zero$" sh -c "dsnctl save -j | json_get rules 0 gaps"
expect_output "what save prints is what is in force" "unchanged" \
	sh -c "dsnctl save | dsnctl apply --dry-run -"
expect_output "the journal's words are those of set" "was scrub vpd hide gaps zero" \
	dsnctl set $bdf scrub gaps zero
expect "verify finds serial and gaps as the rules say" dsnctl verify $bdf

expect_output "a default may have both" "^default: scrub gaps zero" dsnctl set default scrub gaps=zero
expect_output "dump prints the default's words" "^default: scrub gaps zero$" dsnctl dump
expect_output "status prints the default's words" "^default: +scrub gaps zero$" dsnctl status
expect_output "status lists the default as in no file" "^default +scrub gaps zero +-$" dsnctl status

# pass: all of the card, unless it says otherwise
expect_output "pass passes VPD" "^pass$" sh -c "dsnctl set $bdf pass expect 8086:10d3 >&2
	dsnctl get $bdf -j | json_get vpd"
expect_output "pass may keep VPD back" "^$bdf pass vpd empty expect 8086:10d3$" \
	sh -c "dsnctl set $bdf pass vpd=empty expect=8086:10d3 >&2; dsnctl save"

# a claim keeps what the rule below says of VPD and gaps
expect "set for a claim succeeds" dsnctl set $bdf scrub vpd hide gaps zero
expect "claim succeeds" dsnctl claim $vm $bdf $chosen
expect_output "a claim keeps the rule's gaps" "^zero$" member gaps
expect_output "a claim keeps the rule's VPD" "^hide$" member vpd
expect_output "a claim has its serial" "^$chosen$" member serial
expect "release succeeds" dsnctl release $vm
expect "set of pass for a claim succeeds" dsnctl set $bdf pass expect 8086:10d3
expect "claim over pass succeeds" dsnctl claim $vm $bdf $chosen
expect_output "a claim over pass does not pass VPD" "^empty$" member vpd
expect "release over pass succeeds" dsnctl release $vm
expect "set of vpd pass with ids succeeds" dsnctl set $bdf scrub vpd pass expect 8086:10d3
expect_status 1 "a claim is not told to expect ids, which it cannot" \
	sh -c "dsnctl claim $vm $bdf $chosen 2>&1 | grep without"
expect_output "a claim over vpd pass passes VPD" "^pass$" member vpd
expect "release over vpd pass succeeds" dsnctl release $vm

# files
mkdir -p /etc/dsnctl.d
echo "$bdf $chosen vpd=hide gaps=zero # as people type it" >/etc/dsnctl.d/a.conf
expect "apply of a file with both succeeds" dsnctl apply
expect_output "apply has put both in force" "^$bdf $chosen vpd hide gaps zero$" dsnctl save
expect_output "apply again is unchanged" "unchanged" dsnctl apply
echo "$bdf $chosen vpd=hide" >/etc/dsnctl.d/a.conf
says 3 "apply --dry-run sees a change of gaps alone" "$chosen vpd hide" dsnctl apply --dry-run
rm /etc/dsnctl.d/a.conf
expect "set --save with both succeeds" dsnctl set --save $bdf scrub vpd=hide gaps zero
expect_output "the saved file has both" "^$bdf scrub vpd hide gaps zero$" cat /etc/dsnctl.d/$bdf.conf
rm /etc/dsnctl.d/$bdf.conf

# an open device is not changed under its guest
hold_device $bdf /run/held
says 1 "set of gaps alone while the device is open" "has it open" dsnctl set $bdf scrub vpd hide
kill $holder
finish
