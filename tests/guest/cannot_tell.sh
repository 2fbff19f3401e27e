# Where it is not to be seen what runs, that is said: no false alarm and no false all-clear.
# kernel: any
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh


# Runs a command where pins are out of sight, in a mount namespace of its own.
cat >/usr/sbin/blind <<-\END
	#!/bin/sh
	exec unshare -m sh -c 'mount --make-rprivate /; umount /run/dsnctl 2>/dev/null
		umount /sys/fs/bpf; mount -t bpf bpf /sys/fs/bpf; exec "$@"' sh "$@"
END
chmod +x /usr/sbin/blind

# hidden NAME REASON RUN...: every command under RUN says that it cannot tell
hidden() {
	local name=$1 reason=$2 command

	shift 2
	for command in status "status -j" "status --require best-effort" metrics "metrics -j" \
		list verify "verify $bdf" "get $bdf" dump save \
		"set $bdf scrub" "unset $bdf" "apply /rules.conf" unload; do
		# shellcheck disable=SC2086
		expect_status 5 "$name: $command: exit status" "$@" dsnctl $command
		# shellcheck disable=SC2086
		expect_output "$name: $command: message" "cannot tell.*$reason" \
			sh -c '"$@" 2>&1; true' sh "$@" dsnctl $command
		# shellcheck disable=SC2086
		expect_output "$name: $command: no false alarm, no figure" "^0$" \
			sh -c '"$@" 2>&1 | grep -c -e "read the real serials" -e "not loaded" \
				-e "^dsnctl_" -e "nothing was verified" -e unprotected -e "\"loaded\""; true' \
			sh "$@" dsnctl $command
	done
	expect_output "$name: status -j: its status" "^5$" \
		sh -c '"$@" 2>/dev/null | json_get status' sh "$@" sh -c "dsnctl status -j; true"
	echo old >/run/metrics.prom
	expect_status 5 "$name: metrics --textfile" "$@" dsnctl metrics --textfile /run/metrics.prom
	expect_output "$name: metrics --textfile leaves the old file" "^old$" cat /run/metrics.prom
}

bind_vfio $bdf
echo "$bdf scrub" >/rules.conf

# not loaded, and seen to be so
expect_status 3 "not loaded: status" dsnctl status
expect_status 3 "not loaded: get" dsnctl get $bdf
expect_output "not loaded: metrics" "^dsnctl_loaded 0$" dsnctl metrics
expect_output "not loaded: list" "^$bdf +vfio-pci +unprotected" dsnctl list
expect_status 3 "not loaded, no pins in sight either: status" blind dsnctl status
# not loaded, and not seen
hidden "not loaded, a container's capabilities" "CAP_SYS_ADMIN" without caps
hidden "not loaded, bpf() denied" "bpf\(\)" without bpf

expect "load for all to see" dsnctl load
expect "set for all to see" dsnctl set $bdf $chosen
expect_output "loaded: list" "^$bdf +vfio-pci +serial +$chosen" dsnctl list
hidden "a container's capabilities" "CAP_SYS_ADMIN" without caps
hidden "bpf() denied" "bpf\(\)" without bpf
hidden "root of root's namespace" "CAP_SYS_ADMIN" without userns=0
hidden "root of a user's namespace" "$pins|CAP_SYS_ADMIN" without userns=1234
hidden "no files left" "open files" without files=5
hidden "no pins in sight" "loaded.*pins are not visible here" blind
expect_output "after all that the rule is in force" "^$chosen$" vfio_read $bdf serial
expect "after all that it is proven" dsnctl status --require proven

# load beside one that is out of sight protects, and says so
expect_output "no pins in sight: load warns" "pins are not visible here" \
	sh -c "blind dsnctl load 2>&1"
expect_output "the former rule is in force" "^$chosen$" vfio_read $bdf serial

# in sight again
expect "unload, with the pins in sight" dsnctl unload
expect_status 3 "unloaded: status" dsnctl status
expect_status 3 "unloaded: status, no pins in sight" blind dsnctl status
finish
