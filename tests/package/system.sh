# With systemd: installs the package, upgrades it under a running guest, removes it.
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

# The id of the program in force.
program() {
	bpftool -j link show pinned /sys/fs/bpf/dsnctl/dsn_fexit | grep -o '"prog_id":[0-9]*'
}

expect "the package installs" dpkg -i /dsnctl_0.deb
expect "dsnctl.service is enabled after installation" systemctl is-enabled dsnctl
expect "dsnctl.service is active after installation" systemctl is-active dsnctl
expect "dsnctl-repair.service is active after installation" systemctl is-active dsnctl-repair
expect "the programs are in force after installation" dsnctl status

bind_vfio $bdf
vfio_read $bdf hold >/run/held &
holder=$!
sleep 1
before=$(program)
expect "an upgrade succeeds while a guest runs" dpkg -i /dsnctl_1.deb
expect "dsnctl.service is active after the upgrade" systemctl is-active dsnctl
expect "dsnctl-repair.service is active after the upgrade" systemctl is-active dsnctl-repair
expect "the programs are in force after the upgrade" dsnctl status
expect_status 1 "the programs after the upgrade are other ones" test "$(program)" = "$before"
sleep 1
expect_output "a reader during the upgrade has seen zeros" "^ *[0-9]+ $zero$" uniq -c /run/held
expect_output "a reader during the upgrade has seen nothing else" "^1$" \
	sh -c "sort -u /run/held | wc -l"

expect_status 1 "removal while a guest runs is refused" dpkg -r dsnctl
expect_output "the package stays installed after a refused removal" " ok installed$" \
	dpkg-query -W -f '${Status}\n' dsnctl
expect "the programs stay in force after a refused removal" dsnctl status
expect "dsnctl.service is active after a refused removal" systemctl is-active dsnctl
kill $holder
wait
expect "removal succeeds once the guest has ended" dpkg -r dsnctl
expect_output "after removal a read shows the real serial" "^$real$" vfio_read $bdf serial
expect "a purge succeeds" dpkg -P dsnctl
expect "systemd does not know dsnctl.service after the purge" sh -c '! systemctl cat dsnctl'
expect "/etc/dsnctl.d is gone after the purge" test ! -e /etc/dsnctl.d

umount /sys/fs/bpf
expect "the package installs where the programs cannot be loaded" \
	sh -c "dpkg -i /dsnctl_0.deb >/run/said 2>&1"
expect_output "an installation without protection says so" "installed, and NOT in force" \
	cat /run/said
expect "the package is whole after an installation without protection" dpkg --verify dsnctl
expect_output "dsnctl.service has failed after an installation without protection" "^failed$" \
	sh -c "systemctl is-failed dsnctl; true"
finish
