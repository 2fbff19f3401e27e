# Serials that belong to a VM as rules' values, and key files that are refused.
# kernel: any
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

vm=7c1e7a52-0d5a-4b6e-9d0f-0c3f7a0e5b07
nic0=ea-c7-0c-92-a3-7b-21-ee nic1=1a-b7-06-db-cd-5d-40-73 slot=42-9c-5b-a0-dd-7b-78-0c
keyed=9a-92-54-40-41-e4-b7-8f
file=/etc/dsnctl.d/$bdf.conf
key=/etc/dsnctl.key

sees() { expect_output "$1" "^$2$" vfio_read $bdf serial; }

# counting_key: the bytes 00 01 .. 1f
counting_key() {
	printf '\000\001\002\003\004\005\006\007\010\011\012\013\014\015\016\017'
	printf '\020\021\022\023\024\025\026\027\030\031\032\033\034\035\036\037'
}

mkdir -p /etc/dsnctl.d
umask 077
bind_vfio $bdf
expect_output "derive works while nothing is loaded" "^$nic0$" dsnctl derive $vm alias ua-nic0
expect "load succeeds" dsnctl load
sees "control: without a rule the serial reads as zeros" $zero

# set
expect_output "set derive prints the serial" "^$bdf: $nic0 \(was scrub" \
	dsnctl set $bdf derive $vm alias ua-nic0
sees "set derive shows the derived serial" $nic0
expect_output "get prints the derived serial" "^serial: +$nic0$" dsnctl get $bdf
expect_output "list prints the derived serial" "^$bdf .*$nic0" dsnctl list
expect_output "dump prints the derived serial" "^$bdf .*$nic0" dsnctl dump
expect_output "set of the serial itself is no change" "^$bdf: unchanged" dsnctl set $bdf $nic0
expect_output "set derive with other ids after the label expects them" \
	"^$bdf: $nic1 expect 8086:10d3" dsnctl set $bdf derive $vm "alias ua-nic1" expect 8086:10d3
sees "set derive with ids shows the derived serial" $nic1

# files
expect "set derive --save succeeds" dsnctl set --save $bdf derive $vm alias ua-nic0 expect 8086:10d3
expect_output "set --save writes the words that were given" \
	"^$bdf derive $vm alias ua-nic0 expect 8086:10d3$" cat "$file"
expect_output "a saved derived rule is not unsaved" "^0$" \
	sh -c "dsnctl status -j | json_get unsaved"
expect_output "apply of what set --save wrote changes nothing" "^unchanged" dsnctl apply
expect_output "save prints the derived serial" "^$bdf $nic0 expect 8086:10d3$" dsnctl save
expect_output "apply takes what save prints as unchanged" "^unchanged" \
	sh -c "dsnctl save | dsnctl apply --dry-run -"
echo "$bdf derive $vm slot 0000:01:00" >"$file"
expect_output "apply prints what a derived serial replaces" "^$bdf: $slot \(was $nic0 expect" \
	dsnctl apply
sees "apply shows the derived serial" $slot
printf '%s\n' "$bdf derive $vm alias hostdev0" >"$file"
says 1 "apply of a wrong label" "^dsnctl: $file:1: alias: 'alias' wants" dsnctl apply
sees "apply of a wrong label changes nothing" $slot
echo "$bdf derive $vm alias ua-nic0" >"$file"
expect "apply succeeds with a right label" dsnctl apply
sees "apply shows the serial of the right label" $nic0

# the key
dsnctl save >/run/saved
counting_key >$key
says 3 "a dry run under another key" "^$bdf: $keyed \(was $nic0\)" dsnctl apply --dry-run
sees "a new key changes nothing by itself" $nic0
expect "apply under the key succeeds" dsnctl apply
sees "apply shows the serial of the key" $keyed
expect_output "set derives with the key" "^$bdf: unchanged" dsnctl set $bdf derive $vm alias ua-nic0
expect_output "derive -j identifies the key" "^4d718762$" \
	sh -c "dsnctl derive -j $vm nic0 | json_get key_id"
dsnctl save >/run/keyed
rm $key
expect "apply of what save printed under the key succeeds without it" dsnctl apply /run/keyed
sees "what save printed shows the same serial without the key" $keyed
expect "apply of what save printed without a key succeeds" dsnctl apply /run/saved
sees "what save printed shows the same serial again" $nic0
echo 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f >$key
expect_output "a key in hex is the same as in bytes" "^$keyed$" dsnctl derive $vm alias ua-nic0

# Keys that are refused, by all that need them: refused NAME REGEX
refused() {
	says 1 "derive with a key that $1" "^dsnctl: $key: $2" timeout 10 dsnctl derive $vm nic0
	says 1 "set with a key that $1" "^dsnctl: $key: $2" timeout 10 dsnctl set $bdf derive $vm nic0
	says 1 "apply with a key that $1" "^dsnctl: $file:1: derive: $key: $2" timeout 10 dsnctl apply
	sees "a key that $1 changes no rule" $nic0
	rm -rf $key
}
# the second line needs the key too, and is not reported once more
printf '%s\n' "$bdf derive $vm nic0" "0000:09:00.0 derive $vm nic1" >"$file"
chmod 640 $key
refused "others may read" "is open to others than root: 'chmod 600' it"
counting_key >$key
chown 1000 $key
refused "belongs to another user" "belongs to another user than root: 'chown root:root' it"
counting_key | head -c 31 >$key
refused "is short" "holds neither 32 bytes nor 64 hex digits: make one by"
{ counting_key && echo; } >$key
refused "is long" "holds neither 32 bytes nor 64 hex digits: make one by"
: >$key
refused "is empty" "holds neither 32 bytes nor 64 hex digits: make one by"
head -c 32 /dev/zero >$key
refused "is all zeros" "holds one byte over and over"
counting_key >/run/key
ln -s /run/key $key
refused "is a link" "is a symbolic link: put the key's file itself there"
ln -s /nowhere $key
refused "is a link that leads nowhere" "is a symbolic link: put the key's file itself there"
mkfifo $key
refused "is a FIFO" "is not a file: remove it"
mkdir $key
refused "is a folder" "is not a file: remove it"
: >$key
expect_output "a wrong key is reported once" "^1$" \
	sh -c "dsnctl apply 2>&1 | grep -c 'dsnctl.key'"
echo "$bdf $second" >"$file"
expect "a wrong key does not matter where no rule derives" dsnctl apply
sees "a rule that does not derive is applied beside a wrong key" $second
expect "set of a serial succeeds beside a wrong key" dsnctl set $bdf $chosen
rm $key

# an open device
hold_device $bdf /run/held
says 1 "set derive while the device is open" "$bdf: process .* has it open" \
	dsnctl set $bdf derive $vm nic0
kill $holder
finish
