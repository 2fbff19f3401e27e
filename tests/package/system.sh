# With systemd: installs the package, upgrades it under a running guest, removes it.
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

# The id of the program in force.
program() {
	bpftool -j link show pinned /sys/fs/bpf/dsnctl/dsn_fexit | grep -o '"prog_id":[0-9]*'
}

expect "install" dpkg -i /dsnctl_0.deb
expect "the service is enabled" systemctl is-enabled dsnctl
expect "and runs" systemctl is-active dsnctl
expect "the repair service runs" systemctl is-active dsnctl-repair
expect "it is in force" dsnctl status

bind_vfio $bdf
vfio_read $bdf hold >/run/held &
holder=$!
sleep 1
before=$(program)
expect "upgrade, while a guest runs" dpkg -i /dsnctl_1.deb
expect "the service runs" systemctl is-active dsnctl
expect "the repair service runs after the upgrade" systemctl is-active dsnctl-repair
expect "it is in force after the upgrade" dsnctl status
expect_status 1 "by other programs than before" test "$(program)" = "$before"
sleep 1
expect_output "all the while the same serial" "^ *[0-9]+ $zero$" uniq -c /run/held
expect_output "and no other" "^1$" sh -c "sort -u /run/held | wc -l"

expect_status 1 "removal, while a guest runs, is refused" dpkg -r dsnctl
expect_output "it stays installed" " ok installed$" \
	dpkg-query -W -f '${Status}\n' dsnctl
expect "it stays in force" dsnctl status
expect "the service still runs" systemctl is-active dsnctl
kill $holder
wait
expect "removal once the guest has ended" dpkg -r dsnctl
expect_output "the serials show" "^$real$" vfio_read $bdf serial
expect "purge" dpkg -P dsnctl
expect "the service is forgotten" sh -c '! systemctl cat dsnctl'
expect "its folder is gone" test ! -e /etc/dsnctl.d

umount /sys/fs/bpf
expect "install, where it cannot be put in force" \
	sh -c "dpkg -i /dsnctl_0.deb >/run/said 2>&1"
expect_output "it is said" "installed, and NOT in force" cat /run/said
expect "the package is whole" dpkg --verify dsnctl
expect_output "the service has failed" "^failed$" sh -c "systemctl is-failed dsnctl; true"
finish
