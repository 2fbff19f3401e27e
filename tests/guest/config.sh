# Rules from files, rules for devices, hidden capabilities, and devices that are open.
# kernel: any
# boot: --dir build/minds_zero/lib/modules/0.0.0:/minds_zero
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

device=0000:00:04

sees() { expect_output "$1" "^$2$" vfio_read $bdf serial; }

# told NAME REGEX COMMAND...: of stdout and stderr, whatever the exit status
told() {
	local name=$1 regex=$2

	shift 2
	expect_output "$name" "$regex" sh -c '"$@" 2>&1; true' sh "$@"
}

mkdir -p /etc/dsnctl.d
bind_vfio $bdf
expect_status 3 "apply before load exits with 3" dsnctl apply
vfio_read $bdf save /run/image
expect "load succeeds" dsnctl load

# hide
expect_output "set hide says that it was scrub" ": hide \(was scrub" dsnctl set $bdf hide
expect_output "hide: every read around the capability" "^[1-9][0-9]* reads, 0 wrong" \
	vfio_read $bdf sweep /run/image hide
expect_output "hide: reads that fail half-way" "^[1-9][0-9]* reads, 0 wrong" \
	vfio_read $bdf fault /run/image hide
expect_output "hide: guest writes change nothing" "^[1-9][0-9]* reads, 0 wrong" \
	vfio_read $bdf write /run/image hide
expect_output "get reports the policy hide" "^policy: +hide$" dsnctl get $bdf
expect_output "control: what hide shows is not what scrub shows" " [1-9][0-9]* wrong bytes" \
	sh -c "vfio_read $bdf sweep /run/image $zero; true"
expect "unset of hide succeeds" dsnctl unset $bdf
expect "set default hide succeeds" dsnctl set default hide
expect_output "default hide: every read around the capability" "^[1-9][0-9]* reads, 0 wrong" \
	vfio_read $bdf sweep /run/image hide
expect "set default scrub succeeds" dsnctl set default scrub

# rules for a device
expect_output "a rule for a device is set" "^$device: $second" dsnctl set 00:04 $second
sees "a function follows its device's rule" $second
expect_output "get reports that the rule is the device's" "^rule: +device$" dsnctl get $bdf
expect_output "dump has the device's rule" "^$device +serial $second device" dsnctl dump
expect "a rule for the function is set beside its device's" dsnctl set $bdf $chosen
sees "a function's own rule comes before its device's" $chosen
expect "unset of the function's rule succeeds" dsnctl unset $bdf
sees "without a rule of its own a function follows its device's again" $second
expect "unset of the device's rule succeeds" dsnctl unset $device
sees "without any rule a function follows the default again" $zero

# expect
expect "a rule that expects this function's ids is set" dsnctl set $bdf $chosen expect 8086:10d3
sees "a rule that expects this function's ids is in force" $chosen
told "set warns of a rule that expects other ids" "is 8086:10d3, not 15b3:1015" \
	dsnctl set $bdf $second expect 15b3:1015
sees "a rule that expects other ids is not in force" $zero
expect_output "get reports the default beside a rule that expects other ids" "^rule: +default$" \
	dsnctl get $bdf
expect_output "status lists a rule that expects other ids" "^$bdf +15b3:1015 +8086:10d3" \
	dsnctl status
expect_status 2 "a rule that expects half an id is wrong usage" \
	dsnctl set $bdf $second expect 15b3
expect "unset of a rule that expects other ids succeeds" dsnctl unset $bdf

# files
cat >/etc/dsnctl.conf <<END
# a comment
default scrub
$bdf $second	# and one behind a rule
END
printf '%s %s expect 8086:10d3\n0000:05:00.0 hide\n' $bdf $chosen >/etc/dsnctl.d/10-site.conf
expect_status 3 "apply --dry-run exits with 3 if rules differ" dsnctl apply --dry-run
told "apply --dry-run names what differs" "^$bdf: $chosen expect 8086:10d3 \(was none\)" \
	dsnctl apply --dry-run
sees "apply --dry-run changes nothing" $zero
expect_output "apply adds the rules of the files" "^2 added, 0 changed, 0 removed: 3 rules" \
	dsnctl apply
sees "of two files the rule of the later one is in force" $chosen
expect_output "a second apply changes nothing" "^unchanged: 3 rules" dsnctl apply
expect "apply --dry-run exits with 0 if nothing differs" dsnctl apply --dry-run
expect_output "apply -j reports no changes" "^0$" \
	sh -c "dsnctl apply -j | json_get changes length"
expect_output "save prints a rule with the ids that it expects" "^$bdf $chosen expect 8086:10d3$" \
	dsnctl save
expect "what save prints, apply takes as unchanged" \
	sh -c "dsnctl save | dsnctl apply --prune - | grep -q ^unchanged"
expect_output "save -j has the ids that a rule expects" "^8086:10d3$" \
	sh -c "dsnctl save -j | json_get rules 0 expect"
expect "a rule that is in no file is set" dsnctl set 06:00.0 hide
expect_output "apply without --prune keeps a rule that is in no file" "^unchanged: 4 rules" \
	dsnctl apply
expect_output "apply --prune removes a rule that is in no file" \
	"^0 added, 0 changed, 1 removed: 3 rules" dsnctl apply --prune

cat >/etc/dsnctl.d/20-bad.conf <<END
$bdf $second
nonsense
$bdf zz
$bdf scrub
END
expect_status 1 "apply of a file with bad lines fails" dsnctl apply
for line in "20-bad.conf:2: nonsense: has no value" "20-bad.conf:3: zz: not a value" \
	"20-bad.conf:4: $bdf: has a rule in line 1" "nothing was changed"; do
	told "apply reports every bad line: $line" "$line" dsnctl apply
done
sees "apply of a file with bad lines changes nothing" $chosen
rm /etc/dsnctl.d/20-bad.conf
printf '\377\376\000x\n' >/etc/dsnctl.d/20-bad.conf
expect_status 1 "apply of a binary file fails" dsnctl apply
rm /etc/dsnctl.d/20-bad.conf
expect_status 1 "apply of a missing file fails" dsnctl apply /no/such/file

# set --save
told "set --save reports that it saved" "^$bdf: $second.*, saved$" dsnctl set --save $bdf $second
expect_output "set --save writes a file for the function" "^$bdf $second$" \
	cat /etc/dsnctl.d/$bdf.conf
told "set --save warns of an earlier file's rule" "10-site.conf:1 has another rule" \
	dsnctl set --save $bdf $second
rm /etc/dsnctl.d/10-site.conf
expect_output "apply keeps the rule that set --save wrote, and removes that of a file that is gone" \
	"^0 added, 0 changed, 1 removed: 2 rules" dsnctl apply
expect_output "the rule that set --save wrote stays in force" "^$second$" vfio_read $bdf serial
told "unset --save reports that it saved" "saved" dsnctl unset --save $bdf
expect_status 1 "unset --save removes the file" test -e /etc/dsnctl.d/$bdf.conf
rm /etc/dsnctl.conf

# warnings from facts
told "set warns of a serial that is not locally administered" "not locally administered" \
	dsnctl set $bdf 00-00-5e-10-00-00-00-01
told "set warns of a serial that looks made from a MAC" "FF-FF or FF-FE" \
	dsnctl set $bdf 02-00-5e-ff-ff-00-00-01
expect "a serial is set for a function of another card" dsnctl set 07:00.0 $second
told "set warns of the same serial on two cards" "$bdf and 0000:07:00.0: the same serial $second" \
	\
	dsnctl set $bdf $second
expect "set does not warn of the same serial on one card" sh -c \
	"! dsnctl set 07:00.1 $second 2>&1 | grep '07:00.0 and 0000:07:00.1'"
# a stand-in: no device here has a driver that minds zeros
mkdir -p /lib/modules/"$(uname -r)"
cp /minds_zero/modules.* /lib/modules/"$(uname -r)"
told "set warns if the driver minds a serial of zeros" "the driver bnxt_en has no VF representors" \
	\
	dsnctl set $bdf scrub

# devices that are open
hold_device $bdf /run/held
told "set names the process that has the device open" \
	"$bdf: process $holder \(vfio_read\) has it open" \
	dsnctl set $bdf $chosen
expect_status 1 "set of an open device exits with 1" dsnctl set $bdf $chosen
expect_status 1 "set default is refused for an open device that follows it" \
	sh -c "dsnctl unset --force $bdf && dsnctl set default hide"
echo "$bdf $chosen" >/etc/dsnctl.conf
expect_status 1 "apply is refused for an open device" dsnctl apply
expect "set of the same value is allowed for an open device" dsnctl set $bdf scrub
expect "set of another function is allowed while a device is open" dsnctl set 08:00.0 $chosen
expect_output "list names the process that has the device open" "$holder \(vfio_read\)" \
	dsnctl list
if has_fexit; then
	echo 2 >/proc/sys/kernel/kptr_restrict
	expect_output "list names the process if addresses were hidden after load" \
		"$holder \(vfio_read\)" \
		dsnctl list
	echo 0 >/proc/sys/kernel/kptr_restrict
else
	skip "list names the process if addresses were hidden after load" \
		"kprobes do not hold the module"
fi
expect_output "list -j: a device that was opened after load is not early" "^false$" \
	sh -c "dsnctl list -j | json_get devices 0 early"
expect "set --force changes an open device" dsnctl set --force $bdf $chosen
expect "apply --force changes an open device" dsnctl apply --force
expect "unload --force succeeds while a device is open" dsnctl unload --force
told "load names the process that had a device open before" \
	"process $holder \(vfio_read\) had it open before" dsnctl load
expect_output "list -j: a device that was opened before load is early" "^true$" \
	sh -c "dsnctl list -j | json_get devices 0 early"
expect_output "status names the process that had a device open before load" \
	"^$bdf +$holder \(vfio_read\)" dsnctl status
kill $holder
wait $holder
expect_output "list -j names no process once the device is closed" "^null$" \
	sh -c "dsnctl list -j | json_get devices 0 open_by"
expect "set needs no --force once the device is closed" dsnctl set $bdf $second

# one switch for many rules, under readers
seq 0 7999 | while read -r i; do
	printf '%x:%02x:%02x.%x %016x\n' $((0x10000 + i / 65536)) $((i / 256 % 256)) \
		$((i / 8 % 32)) $((i % 8)) $((0x0200000000010000 + i))
done >/run/rules
{ cat /run/rules && echo "$bdf $chosen"; } >/run/one
{ sed 's/ 020000/ 0a0000/' /run/rules && echo "$bdf $second"; } >/run/other
expect_output "apply takes 8000 rules" "^8001 " \
	sh -c "dsnctl apply --prune /run/one | grep -o '800[12] rules' | sed 's/2/1/'"
vfio_read $bdf mixed $chosen $second >/run/mixed 2>&1 &
reader=$!
i=0
while [ $i -lt 10 ]; do
	{ dsnctl apply --force --prune /run/other && dsnctl apply --force --prune /run/one; } \
		>/run/apply 2>&1 || not_ok "apply $i of two sets under readers succeeds" "$(tail -n 3 /run/apply)"
	i=$((i + 1))
done
expect_output "after twenty applies there are 8001 rules" "^8001$" count rules
kill $reader
wait $reader
expect_output "readers beside apply see one serial or the other, never a mix" \
	"^[1-9][0-9]* reads, [1-9][0-9]* of each, 0 wrong" cat /run/mixed
expect "unload succeeds" dsnctl unload
sees "after unload a read shows the real serial" $real
finish
