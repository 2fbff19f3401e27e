# After a reboot: the rule is in force before any VM manager, and stays until it is changed.
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh
# shellcheck source=tests/boot/common.sh
. /tests/common.sh

managers_saw $chosen
expect "dsnctl.service is active after a reboot" systemctl is-active dsnctl
expect "the service's bpffs is mounted for everybody" mountpoint /run/dsnctl
told "status is in the journal: hook and guarantee" "^loaded: hook .*: proven$" dsnctl
expect "status is proven after a reboot" dsnctl status --require proven

expect "dsnctl-repair.service runs after a reboot" systemctl is-active dsnctl-repair
expect "dsnctl-repair.service repairs a stopped process of another session" \
	timeout 60 setsid -w stop_self /usr/local/sbin/stop_self.bpf.o 4 5
# not by unit: the child that has repaired may be gone before journald looks up its unit
journalctl --sync
expect_output "the repair is in the journal" "^repair: process [0-9]+ \(stop_self\): .* stopped for" \
	journalctl -b -o cat -t dsnctl

hold_device $bdf /run/held
expect "stop of the service succeeds" systemctl stop dsnctl
expect_status 3 "the service is not active after stop" systemctl is-active dsnctl
expect "dsnctl-repair.service runs on after stop" systemctl is-active dsnctl-repair
expect "the programs stay in force after stop" dsnctl status
sleep 2
expect "start of the service succeeds" systemctl start dsnctl
expect "restart of the service succeeds" systemctl restart dsnctl
expect "reload of the service succeeds" systemctl reload dsnctl
sleep 2
echo "$bdf $second" >$config/10-nic.conf
expect_status 1 "reload does not change what an open device shows" systemctl reload dsnctl
told "a refused reload names the process that has the device open" \
	"$bdf: process $holder \(vfio_read\) has it open" dsnctl
sleep 2
kill $holder
wait
expect_output "a reader meanwhile has seen the rule's serial" "^ *[0-9]+ $chosen$" \
	uniq -c /run/held
expect_output "a reader meanwhile has seen no other serial" "^1$" \
	sh -c "sort -u /run/held | wc -l"

echo "$bdf 02-00-zz" >$config/20-wrong.conf
expect_status 1 "reload with a wrong rule fails" systemctl reload dsnctl
told "a failed reload names the file and the line" "$config/20-wrong.conf:1: " dsnctl
expect "the service stays active after a failed reload" systemctl is-active dsnctl
expect_output "the rules stay after a failed reload" "^$chosen$" vfio_read $bdf serial
rm $config/20-wrong.conf

# the service reads what root reads
echo "0000:0a:00.0 hide" >$config/40-other.conf
chmod 600 $config/40-other.conf
chmod 700 $config
chown -R nobody $config
expect "reload with files of another user, readable by that user and root" systemctl reload dsnctl
expect_output "a rule in such a file is in force" "^0000:0a:00.0 +hide" dsnctl dump
chown -R root $config
chmod 755 $config
rm $config/40-other.conf

expect "reload succeeds with the rule put right" systemctl reload dsnctl
expect_output "the new rule is in force after reload" "^$second$" vfio_read $bdf serial
journalctl --sync
# nobody but the service has applied rules since this boot
journalctl -b -o json "DSNCTL_TARGET=$bdf" "DSNCTL_ACTION=apply" |
	tail -n 1 >/run/audit
expect_output "the journal has the new serial of the change" \
	"\"DSNCTL_NEW\":\"$second\"" cat /run/audit
expect_output "the journal has the serial that the change replaced" \
	"\"DSNCTL_OLD\":\"$chosen\"" cat /run/audit
finish
