# Lines for VMs: what plan prints and claim shows, what apply makes of them, and bits that are kept.
# kernel: any
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

vm=7c1e7a52-0d5a-4b6e-9d0f-0c3f7a0e5b07
nic0=ea-c7-0c-92-a3-7b-21-ee
# the low 16 bits are those of the real serial
kept=ea-c7-0c-92-a3-7b-${real#??-??-??-??-??-??-}

mkdir -p /etc/dsnctl.d
bind_vfio $bdf
cat >/etc/dsnctl.conf <<-END
	vm default derive
	vm $vm device slot:0000:02:00 hide
	vm $vm device ua-kept derive keep 16
END
expect "load succeeds" dsnctl load
expect "apply takes lines for VMs" dsnctl apply
expect_output "apply makes no rule of lines for VMs" "^$bdf .* default" dsnctl list
expect_output "plan prints serial, label, claim and line" \
	"^$bdf +$nic0 +alias ua-nic0 +derive:alias ua-nic0 +/etc/dsnctl.conf:1$" \
	dsnctl plan $vm $bdf ua-nic0 slot:0000:01:00
expect_output "plan goes by the device's line" "^$bdf +hide +- +hide +/etc/dsnctl.conf:2$" \
	dsnctl plan $vm $bdf slot:0000:02:00
expect_output "plan derives from a slot if there is no other name" \
	"^$bdf +42-9c-5b-a0-dd-7b-78-0c +slot 0000:01:00 " dsnctl plan $vm $bdf slot:0000:01:00
expect_status 1 "plan of a function without a name fails" dsnctl plan $vm $bdf
expect_output "plan changes nothing" "^claims: +0$" dsnctl status

expect_output "a serial that keeps bits has the other bits derived" \
	"^$(dsnctl derive $vm alias ua-kept | cut -c 1-17)-$(echo $real | cut -c 19-)$" \
	sh -c "dsnctl plan -j $vm $bdf ua-kept | json_get functions 0 value"
expect "claim of what keeps bits succeeds" dsnctl claim $vm $bdf "derive:alias ua-nic0 keep 16"
expect_output "the guest reads 6 derived bytes and 2 real ones" "^$kept$" vfio_read $bdf serial
expect "release succeeds" dsnctl release $vm
expect_status 1 "no bits can be kept of a function that is not there" \
	dsnctl claim $vm 0000:09:00.0 "derive:nic0 keep 16"

echo "vm $vm pass" >/etc/dsnctl.d/pass.conf
expect_output "apply refuses a wrong line by file and line" \
	"/etc/dsnctl.d/pass.conf:1: pass: not for a VM" sh -c "! dsnctl apply 2>&1"
expect_status 1 "plan fails if any line is wrong" dsnctl plan $vm $bdf ua-nic0
expect_output "a wrong line leaves the default in force" "^$zero$" vfio_read $bdf serial
rm /etc/dsnctl.d/pass.conf
echo "vm $vm scrub" >/etc/dsnctl.d/vm.conf
expect_output "a VM's own line counts before that of all" "^$bdf +scrub +- +scrub +/etc/dsnctl.d/vm.conf:1$" \
	dsnctl plan $vm $bdf ua-nic0

# the key of derived serials
counting() { seq 0 31 | xargs printf '%02x'; }
says_id() { expect_output "$1" "^dsnctl_key_info\{id=\"$2\"\} 1$" dsnctl metrics; }
says_id "metrics have no key's id" none
umask 077
counting >/etc/dsnctl.key
says_id "metrics have the key's id" 4d718762
echo "key 4d718762" >/etc/dsnctl.d/key.conf
expect "apply succeeds with the key that a line wants" dsnctl apply
expect_output "derive has the key" "^9a-92-54-40-41-e4-b7-8f$" dsnctl derive $vm alias ua-nic0
rm /etc/dsnctl.key
wanted="/etc/dsnctl.d/key.conf:1: the key has the id none, not 4d718762"
expect_output "apply refuses a missing key" "$wanted" sh -c "! dsnctl apply 2>&1"
expect_output "derive refuses a missing key" "$wanted" \
	sh -c "! dsnctl derive $vm alias ua-nic0 2>&1"
expect_output "claim refuses a missing key" "$wanted" \
	sh -c "! dsnctl claim $vm $bdf derive:nic0 2>&1"
expect_output "set refuses a missing key" "$wanted" \
	sh -c "! dsnctl set $bdf derive $vm nic0 2>&1"
echo "$bdf derive $vm nic0" >/run/rules.conf
expect_output "apply of a file refuses a missing key" "$wanted" \
	sh -c "! dsnctl apply /run/rules.conf 2>&1"
expect "claim of a serial needs no key" dsnctl claim $vm $bdf $chosen
counting >/run/dsnctl.key
expect "claim succeeds with a key in /run" dsnctl claim $vm $bdf "derive:alias ua-nic0"
expect_output "the guest reads the serial of the key in /run" "^9a-92-54-40-41-e4-b7-8f$" \
	vfio_read $bdf serial
counting | tr 0 1 >/etc/dsnctl.key
expect_output "a key in /run counts before that in /etc" "^9a-92-54-40-41-e4-b7-8f$" \
	dsnctl derive $vm alias ua-nic0
chmod 644 /run/dsnctl.key
expect_status 1 "a key in /run that others can read is refused" dsnctl derive $vm alias ua-nic0
says_id "metrics say that a key is unusable" unusable
finish
