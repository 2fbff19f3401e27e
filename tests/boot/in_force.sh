# After a reboot: the rule is in force before any VM manager, and stays until it is changed.
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh
# shellcheck source=tests/boot/common.sh
. /tests/common.sh

managers_saw $chosen
expect "it is active" systemctl is-active dsnctl
expect "its bpffs is mounted for everybody" mountpoint /run/dsnctl
told "status is in the journal: hook and guarantee" "^loaded: hook .*: proven$" dsnctl
expect "so says status" dsnctl status --require proven

expect "the repair service runs" systemctl is-active dsnctl-repair
expect "it repairs a stopped process of another session" \
	timeout 20 setsid -w stop_self /usr/local/sbin/stop_self.bpf.o 4 5
told "the repair is in the journal" "^repair: process [0-9]+ \(stop_self\): .* stopped for" \
	dsnctl-repair

vfio_read $bdf hold >/run/held &
holder=$!
sleep 1
expect "stop" systemctl stop dsnctl
expect_status 3 "it is stopped" systemctl is-active dsnctl
expect "the repair service runs on" systemctl is-active dsnctl-repair
expect "it is in force all the same" dsnctl status
sleep 2
expect "start" systemctl start dsnctl
expect "restart" systemctl restart dsnctl
expect "reload" systemctl reload dsnctl
sleep 2
echo "$bdf $second" >$config/10-nic.conf
expect_status 1 "reload does not change what an open device shows" systemctl reload dsnctl
told "it names who has it open" "$bdf: process $holder \(vfio_read\) has it open" dsnctl
sleep 2
kill $holder
wait
expect_output "all the while the same serial" "^ *[0-9]+ $chosen$" uniq -c /run/held
expect_output "and no other" "^1$" sh -c "sort -u /run/held | wc -l"

echo "$bdf 02-00-zz" >$config/20-wrong.conf
expect_status 1 "reload with a wrong rule fails" systemctl reload dsnctl
told "it names file and line" "$config/20-wrong.conf:1: " dsnctl
expect "it stays active" systemctl is-active dsnctl
expect_output "the rules stay" "^$chosen$" vfio_read $bdf serial
rm $config/20-wrong.conf

expect "reload" systemctl reload dsnctl
expect_output "the new rule is in force" "^$second$" vfio_read $bdf serial
journalctl --sync
journalctl -b -o json "DSNCTL_TARGET=$bdf" "DSNCTL_ACTION=apply" "_SYSTEMD_UNIT=dsnctl.service" |
	tail -n 1 >/run/audit
expect_output "the change is in the journal" "\"DSNCTL_NEW\":\"$second\"" cat /run/audit
expect_output "and what it replaced" "\"DSNCTL_OLD\":\"$chosen\"" cat /run/audit
finish
