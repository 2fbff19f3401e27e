# Rules from files go with their lines; rules set by hand stay.

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
expect "load" dsnctl load
unsaved "fresh: no rule without a file" ""

echo "$bdf pass expect 8086:10d3" >$file
expect "apply of a pass" dsnctl apply
sees "a pass in a file shows the real serial" $real
unsaved "a rule that is in a file" ""
: >$file
unsaved "a rule whose line is gone is named before apply" "$bdf pass expect 8086:10d3 null\n"
expect_output "a dry run names it" "^$bdf: none \(was pass expect 8086:10d3\)" \
	sh -c "dsnctl apply --dry-run 2>/dev/null; true"
expect "apply with the line gone" dsnctl apply
sees "a pass whose line is gone is taken back" $zero
expect_output "it is no rule any more" "^0$" sh -c "dsnctl status -j | json_get rules"

# by hand
expect "a rule by hand" dsnctl set $bdf $chosen
expect "another by hand" dsnctl set 06:00.0 hide
unsaved "rules by hand are named" "$bdf $chosen null\n0000:06:00.0 hide null\n"
expect_output "status prints them for people" "^0000:06:00.0 +hide" dsnctl status
echo "07:00.0 scrub" >$file
expect "apply" dsnctl apply
sees "a rule by hand stays" $chosen
echo "$bdf $second" >$file
unsaved "a rule that differs from its file's is named, with the file's" \
	"$bdf $chosen $second\n0000:06:00.0 hide null\n0000:07:00.0 scrub null\n"
expect "apply" dsnctl apply
sees "the file's counts" $second
expect_output "the one by hand stays, that of the file has gone" "^2$" \
	sh -c "dsnctl status -j | json_get rules"
expect "the same value by hand, which is in a file" dsnctl set $bdf $second
echo "# nothing" >$file
expect "apply" dsnctl apply
sees "a rule that was set by hand since stays" $second
echo "$bdf $second" >$file
expect_output "a rule by hand that a file has now is no change" "^unchanged" dsnctl apply
: >$file
expect "apply" dsnctl apply
sees "but it is the file's from then on" $zero
expect_output "set --save counts as a file's" "saved$" dsnctl set --save $bdf $chosen
unsaved "saved: in a file" "0000:06:00.0 hide null\n"
rm /etc/dsnctl.d/$bdf.conf
expect "apply" dsnctl apply
sees "taken back with its file" $zero

# the default
echo "default pass" >$file
expect "apply of a default" dsnctl apply
sees "the default of a file" $real
: >$file
expect "apply" dsnctl apply
sees "a default whose line is gone is scrub" $zero
expect "a default by hand" dsnctl set default hide
unsaved "a default by hand is named" "0000:06:00.0 hide null\ndefault hide null\n"
expect "apply" dsnctl apply
expect_output "a default by hand stays" "^hide$" sh -c "dsnctl status -j | json_get default"
expect "default scrub again" dsnctl set default scrub
unsaved "the default that a load has needs no file" "0000:06:00.0 hide null\n"

# operands are no configuration: they add
echo "$bdf $chosen" >$file
expect "apply" dsnctl apply
echo "08:00.0 hide" >/run/more.conf
expect_output "a file that is named adds" "^1 added, 0 changed, 0 removed" dsnctl apply /run/more.conf
sees "and takes nothing back" $chosen
expect_output "the configuration takes back its own alone" "^unchanged" dsnctl apply
unsaved "what it added is in no file of /etc" "0000:06:00.0 hide null\n0000:08:00.0 hide null\n"
expect "load again" dsnctl load
: >$file
expect "apply" dsnctl apply
sees "rules remember it over a load" $zero
echo "$bdf $chosen" >$file
expect_output "--prune drops those by hand too" "^1 added, 0 changed, 2 removed" dsnctl apply --prune

# an open device
expect "default pass" dsnctl set default pass
vfio_read $bdf hold >/dev/null &
holder=$!
sleep 1
: >$file
expect_status 1 "what an open device shows is not taken back" dsnctl apply
kill $holder
wait $holder
expect "closed, it is" dsnctl apply
sees "and shows the default" $real

# files that are wrong
echo nonsense >$file
expect_output "status goes on if the files are wrong, and says so" \
	"cannot tell which rules are in no file.*10-site.conf:1" sh -c "dsnctl status 2>&1"
expect_output "its list is not known then" "^null$" sh -c "dsnctl status -j 2>/dev/null | json_get unsaved"
finish
