# Rules from files, rules for devices, hidden capabilities, and devices that are open.
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
expect_status 3 "apply before load" dsnctl apply
vfio_read $bdf save /run/image
expect "load" dsnctl load

# hide
expect_output "set hide" ": hide \(was scrub" dsnctl set $bdf hide
expect_output "hide: every read around the capability" "^[1-9][0-9]* reads, 0 wrong" \
	vfio_read $bdf sweep /run/image hide
expect_output "hide: reads that fail half-way" "^[1-9][0-9]* reads, 0 wrong" \
	vfio_read $bdf fault /run/image hide
expect_output "hide: guest writes change nothing" "^[1-9][0-9]* reads, 0 wrong" \
	vfio_read $bdf write /run/image hide
expect_output "get says hide" "^policy: +hide$" dsnctl get $bdf
expect_output "control: what hide shows is not what scrub shows" " [1-9][0-9]* wrong bytes" \
	sh -c "vfio_read $bdf sweep /run/image $zero; true"
expect "unset" dsnctl unset $bdf
expect "set default hide" dsnctl set default hide
expect_output "default hide" "^[1-9][0-9]* reads, 0 wrong" vfio_read $bdf sweep /run/image hide
expect "set default scrub" dsnctl set default scrub

# rules for a device
expect_output "set of a device" "^$device: $second" dsnctl set 00:04 $second
sees "its function has it" $second
expect_output "get says whose rule it is" "^rule: +device$" dsnctl get $bdf
expect_output "dump" "^$device +serial $second device" dsnctl dump
expect "a function's rule" dsnctl set $bdf $chosen
sees "comes before its device's" $chosen
expect "unset of the function" dsnctl unset $bdf
sees "the device's again" $second
expect "unset of the device" dsnctl unset $device
sees "the default again" $zero

# expect
expect "a rule that expects this function" dsnctl set $bdf $chosen expect 8086:10d3
sees "counts" $chosen
told "a rule that expects another is told" "is 8086:10d3, not 15b3:1015" \
	dsnctl set $bdf $second expect 15b3:1015
sees "and does not count" $zero
expect_output "get says the default" "^rule: +default$" dsnctl get $bdf
expect_output "status shows the drift" "^$bdf +15b3:1015 +8086:10d3" dsnctl status
expect_status 2 "expect of no ids" dsnctl set $bdf $second expect 15b3
expect "back" dsnctl unset $bdf

# files
cat >/etc/dsnctl.conf <<END
# a comment
default scrub
$bdf $second	# and one behind a rule
END
printf '%s %s expect 8086:10d3\n0000:05:00.0 hide\n' $bdf $chosen >/etc/dsnctl.d/10-site.conf
expect_status 3 "dry run finds a difference" dsnctl apply --dry-run
told "and names it" "^$bdf: $chosen expect 8086:10d3 \(was none\)" dsnctl apply --dry-run
sees "a dry run changes nothing" $zero
expect_output "apply" "^2 added, 0 changed, 0 removed: 3 rules" dsnctl apply
sees "the later file counts" $chosen
expect_output "apply again is unchanged" "^unchanged: 3 rules" dsnctl apply
expect "dry run finds none" dsnctl apply --dry-run
expect_output "apply -j" "^0$" sh -c "dsnctl apply -j | json_get changes length"
expect_output "save prints it" "^$bdf $chosen expect 8086:10d3$" dsnctl save
expect "what save prints, apply takes as unchanged" \
	sh -c "dsnctl save | dsnctl apply --prune - | grep -q ^unchanged"
expect_output "save -j" "^8086:10d3$" sh -c "dsnctl save -j | json_get rules 0 expect"
expect "a rule by hand" dsnctl set 06:00.0 hide
expect_output "stays without --prune" "^unchanged: 4 rules" dsnctl apply
expect_output "goes with it" "^0 added, 0 changed, 1 removed: 3 rules" dsnctl apply --prune

cat >/etc/dsnctl.d/20-bad.conf <<END
$bdf $second
nonsense
$bdf zz
$bdf scrub
END
expect_status 1 "bad lines" dsnctl apply
for line in "20-bad.conf:2: nonsense: has no value" "20-bad.conf:3: zz: not a value" \
	"20-bad.conf:4: $bdf: has a rule in line 1" "nothing was changed"; do
	told "all are told: $line" "$line" dsnctl apply
done
sees "and nothing changes" $chosen
rm /etc/dsnctl.d/20-bad.conf
printf '\377\376\000x\n' >/etc/dsnctl.d/20-bad.conf
expect_status 1 "a file of another kind" dsnctl apply
rm /etc/dsnctl.d/20-bad.conf
expect_status 1 "a file that is not there" dsnctl apply /no/such/file

# set --save
told "set --save" "^$bdf: $second.*, saved$" dsnctl set --save $bdf $second
expect_output "is in a file of its own" "^$bdf $second$" cat /etc/dsnctl.d/$bdf.conf
told "an earlier file is told, as it counts" "10-site.conf:1 has another rule" \
	dsnctl set --save $bdf $second
rm /etc/dsnctl.d/10-site.conf
expect_output "apply takes it" "^unchanged" dsnctl apply
told "unset --save" "saved" dsnctl unset --save $bdf
expect_status 1 "takes the file away" test -e /etc/dsnctl.d/$bdf.conf
rm /etc/dsnctl.conf

# warnings from facts
told "a serial that is not local" "not locally administered" \
	dsnctl set $bdf 00-00-5e-10-00-00-00-01
told "a serial like a MAC's" "FF-FF or FF-FE" dsnctl set $bdf 02-00-5e-ff-ff-00-00-01
expect "one device" dsnctl set 07:00.0 $second
told "the same for another" "$bdf and 0000:07:00.0: the same serial $second" \
	dsnctl set $bdf $second
expect "but not for a function of its own card" sh -c \
	"! dsnctl set 07:00.1 $second 2>&1 | grep '07:00.0 and 0000:07:00.1'"
# a stand-in: no device here has a driver that minds zeros
mkdir -p /lib/modules/"$(uname -r)"
cp /minds_zero/modules.* /lib/modules/"$(uname -r)"
told "a driver that minds zeros" "the driver bnxt_en has no VF representors" \
	dsnctl set $bdf scrub

# devices that are open
vfio_read $bdf hold >/dev/null &
holder=$!
sleep 1
told "set of an open device is refused" "$bdf: process $holder \(vfio_read\) has it open" \
	dsnctl set $bdf $chosen
expect_status 1 "with exit status 1" dsnctl set $bdf $chosen
expect_status 1 "set default too, as the device has no other" \
	sh -c "dsnctl unset --force $bdf && dsnctl set default hide"
echo "$bdf $chosen" >/etc/dsnctl.conf
expect_status 1 "and apply" dsnctl apply
expect "the same value is no change" dsnctl set $bdf scrub
expect "another function is free" dsnctl set 08:00.0 $chosen
expect_output "list says who has it open" "$holder \(vfio_read\)" dsnctl list
if has_fexit; then
	echo 2 >/proc/sys/kernel/kptr_restrict
	expect_output "also where addresses are hidden since load" "$holder \(vfio_read\)" \
		dsnctl list
	echo 0 >/proc/sys/kernel/kptr_restrict
else
	skip "addresses are hidden since load" "kprobes do not hold the module"
fi
expect_output "list -j: not before load" "^false$" sh -c "dsnctl list -j | json_get devices 0 early"
expect "--force" dsnctl set --force $bdf $chosen
expect "and for apply" dsnctl apply --force
expect "unload --force" dsnctl unload --force
told "open before load is told" "process $holder \(vfio_read\) had it open before" dsnctl load
expect_output "list -j: early" "^true$" sh -c "dsnctl list -j | json_get devices 0 early"
expect_output "status too" "^$bdf +$holder \(vfio_read\)" dsnctl status
kill $holder
wait $holder
expect_output "closed" "^null$" sh -c "dsnctl list -j | json_get devices 0 open_by"
expect "and changed without --force" dsnctl set $bdf $second

# one switch for many rules, under readers
seq 0 9999 | while read -r i; do
	printf '%x:%02x:%02x.%x %016x\n' $((0x10000 + i / 65536)) $((i / 256 % 256)) \
		$((i / 8 % 32)) $((i % 8)) $((0x0200000000010000 + i))
done >/run/rules
{ cat /run/rules && echo "$bdf $chosen"; } >/run/one
{ sed 's/ 020000/ 0a0000/' /run/rules && echo "$bdf $second"; } >/run/other
expect_output "apply of 10,000 rules" "^10001 " sh -c "dsnctl apply --prune /run/one | grep -o '1000[12] rules' | sed 's/2/1/'"
vfio_read $bdf mixed $chosen $second >/run/mixed 2>&1 &
reader=$!
i=0
while [ $i -lt 10 ]; do
	{ dsnctl apply --force --prune /run/other && dsnctl apply --force --prune /run/one; } \
		>/run/apply 2>&1 || not_ok "apply $i" "$(tail -n 3 /run/apply)"
	i=$((i + 1))
done
expect_output "10,001 rules before and after" "^10001$" count rules
kill $reader
wait $reader
expect_output "under readers: the one or the other, never a third or a mix" \
	"^[1-9][0-9]* reads, [1-9][0-9]* of each, 0 wrong" cat /run/mixed
expect "unload" dsnctl unload
sees "after unload the real serial" $real
finish
