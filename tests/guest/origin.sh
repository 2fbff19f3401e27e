# Rules from files go with their lines; rules set by hand stay.
# kernel: any
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

file=/etc/dsnctl.d/10-site.conf

sees() { expect_output "$1" "^$2$" vfio_read $bdf serial; }

# unsaved NAME LINES: the rules that are in no file, as status -j has them
unsaved() {
	local i=0 count

	dsnctl status -j >/run/status 2>/run/err
	count=$(json_get unsaved </run/status)
	{
		while [ $i -lt "${count:-0}" ]; do
			echo "$(json_get unsaved_rules $i target </run/status)" \
				"$(json_get unsaved_rules $i value </run/status)" \
				"$(json_get unsaved_rules $i file </run/status)"
			i=$((i + 1))
		done
	} >/run/list
	printf '%b' "$2" >/run/want
	expect "$1" cmp /run/want /run/list
}

mkdir -p /etc/dsnctl.d
bind_vfio $bdf
expect "load succeeds" dsnctl load
unsaved "fresh: no rule without a file" ""

echo "$bdf pass expect 8086:10d3" >$file
expect "apply of a pass succeeds" dsnctl apply
sees "a pass in a file shows the real serial" $real
unsaved "a rule that is in a file" ""
: >$file
unsaved "a rule whose line is gone is named before apply" "$bdf pass expect 8086:10d3 null\n"
expect_output "a dry run names it" "^$bdf: none \(was pass expect 8086:10d3\)" \
	sh -c "dsnctl apply --dry-run 2>/dev/null; true"
expect "apply with the line gone succeeds" dsnctl apply
sees "a pass whose line is gone is taken back" $zero
expect_output "a rule whose line is gone is no rule any more" "^0$" count rules

# by hand
expect "a rule is set by hand" dsnctl set $bdf $chosen
expect "another rule is set by hand" dsnctl set 06:00.0 hide
unsaved "rules by hand are named" "$bdf $chosen null\n0000:06:00.0 hide null\n"
expect_output "status prints them for people" "^0000:06:00.0 +hide" dsnctl status
echo "07:00.0 scrub" >$file
expect "apply beside rules by hand succeeds" dsnctl apply
sees "a rule by hand stays" $chosen
echo "$bdf $second" >$file
unsaved "a rule that differs from its file's is named, with the file's" \
	"$bdf $chosen $second\n0000:06:00.0 hide null\n0000:07:00.0 scrub null\n"
expect "apply of another value than by hand succeeds" dsnctl apply
sees "the file's rule replaces one by hand" $second
expect_output "a rule by hand stays, that of the file is gone" "^2$" \
	count rules
expect "set of a value that is in a file succeeds" dsnctl set $bdf $second
echo "# nothing" >$file
expect "apply with the line gone of a rule set by hand succeeds" dsnctl apply
sees "a rule that was set by hand since stays" $second
echo "$bdf $second" >$file
expect_output "a rule by hand that a file has now is no change" "^unchanged" dsnctl apply
: >$file
expect "apply with the line of a rule by hand gone succeeds" dsnctl apply
sees "a rule by hand that a file has had is the file's" $zero
expect_output "set --save counts as a file's" "saved$" dsnctl set --save $bdf $chosen
unsaved "a saved rule is in a file" "0000:06:00.0 hide null\n"
rm /etc/dsnctl.d/$bdf.conf
expect "apply with a saved rule's file gone succeeds" dsnctl apply
sees "a saved rule is taken back with its file" $zero

# the default
echo "default pass" >$file
expect "apply of a default succeeds" dsnctl apply
sees "the default of a file is in force" $real
: >$file
expect "apply with the default's line gone succeeds" dsnctl apply
sees "a default whose line is gone is scrub" $zero
expect "a default is set by hand" dsnctl set default hide
unsaved "a default by hand is named" "0000:06:00.0 hide null\ndefault hide null\n"
expect "apply beside a default by hand succeeds" dsnctl apply
expect_output "a default by hand stays" "^hide$" count default
expect "set default scrub succeeds" dsnctl set default scrub
unsaved "the default that a load has needs no file" "0000:06:00.0 hide null\n"

# operands are no configuration: they add
echo "$bdf $chosen" >$file
expect "apply of one rule succeeds" dsnctl apply
echo "08:00.0 hide" >/run/more.conf
expect_output "a file that is named adds" "^1 added, 0 changed, 0 removed" \
	dsnctl apply /run/more.conf
sees "apply of a named file takes nothing back" $chosen
expect_output "apply of the configuration takes back its own rules alone" "^unchanged" \
	dsnctl apply
unsaved "a rule that a named file added is in no file of /etc" \
	"0000:06:00.0 hide null\n0000:08:00.0 hide null\n"
expect "a second load succeeds" dsnctl load
: >$file
expect "apply after a second load succeeds" dsnctl apply
sees "rules keep their file over a load" $zero
echo "$bdf $chosen" >$file
expect_output "--prune drops those by hand too" "^1 added, 0 changed, 2 removed" \
	dsnctl apply --prune

# an open device
expect "set default pass succeeds" dsnctl set default pass
hold_device $bdf /run/held
: >$file
expect_status 1 "what an open device shows is not taken back" dsnctl apply
kill $holder
wait $holder
expect "apply takes a rule back once its device is closed" dsnctl apply
sees "a device whose rule was taken back shows the default" $real

# files that are wrong
echo nonsense >$file
expect_output "status goes on if the files are wrong, and says so" \
	"cannot find out which rules are in no file.*10-site.conf:1" sh -c "dsnctl status 2>&1"
expect_output "the list of unsaved rules is null if the files are wrong" "^null$" \
	sh -c "dsnctl status -j 2>/dev/null | json_get unsaved"
finish
