# The second copy of the pins: load protects without it, and status says if it is missing.
# kernel: any
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

copy=/run/dsnctl

bind_vfio $bdf
echo "$bdf $second" >/rules.conf

# has_copy NAME true|false: what status says of the second copy
has_copy() {
	expect_output "$1: status -j says $2" "^$2$" \
		sh -c "dsnctl status -j 2>/dev/null | json_get second_copy"
	expect "$1: status succeeds" dsnctl status --require proven
	[ "$2" = true ] ||
		expect_output "$1: status warns" "no second copy.*'dsnctl load'" \
			sh -c "dsnctl status 2>&1"
}

# changes NAME: rules can be changed, and hold
changes() {
	expect "$1: set" dsnctl set $bdf $chosen
	expect_output "$1: set is in force" "^$chosen$" vfio_read $bdf serial
	expect "$1: apply" dsnctl apply /rules.conf
	expect_output "$1: apply is in force" "^$second$" vfio_read $bdf serial
	expect_output "$1: get" "^serial: +$second" dsnctl get $bdf
	expect "$1: unset" dsnctl unset $bdf
	expect_output "$1: unset is in force" "^$zero$" vfio_read $bdf serial
}

# with_run OPTIONS COMMAND: in a mount namespace with another /run
with_run() {
	unshare -m sh -c "mount --make-rprivate /; mount -t tmpfs -o $1 tmpfs /run && $2"
}

expect_output "an ordinary load warns of nothing" "^1 loaded: " sh -c \
	"dsnctl load >/run/said 2>&1; echo \$(wc -l </run/said) \$(cat /run/said)"
has_copy "an ordinary load" true
expect "unload of both copies" dsnctl unload

for options in nr_inodes=1 ro; do
	expect_output "load with /run $options warns" "no second copy.*$copy" \
		with_run $options "dsnctl load 2>&1"
	expect_output "load with /run $options is in force" "^$zero$" vfio_read $bdf serial
	has_copy "load with /run $options" false
	changes "load with /run $options"
	expect_output "load with /run $options again succeeds there" "^loaded: .*proven" \
		with_run $options "dsnctl load"
	expect "load with /run $options: load with another" dsnctl load
	has_copy "load after that with /run $options" true
	expect "load with /run $options: unload" dsnctl unload
done

expect_output "load where a file is in the way warns" "no second copy.*$copy" \
	sh -c ": >$copy; dsnctl load 2>&1"
has_copy "a file in the way" false
changes "a file in the way"
rm $copy
expect "load once it is gone" dsnctl load
has_copy "load once it is gone" true
expect "unload after a file was in the way" dsnctl unload

# no /run at all: another root, which has everything else
mkdir -p /tmp/root
mount -t tmpfs tmpfs /tmp/root
for dir in bin sbin usr lib lib64 proc sys dev etc; do
	[ -e /$dir ] || continue
	mkdir /tmp/root/$dir
	mount --rbind /$dir /tmp/root/$dir
done
expect_output "load without /run warns" "no second copy.*$copy" \
	chroot /tmp/root sh -c "dsnctl load 2>&1"
has_copy "no /run" false
changes "no /run"
expect "unload without /run" chroot /tmp/root dsnctl unload
expect_status 3 "unload without /run: status" dsnctl status

# a container with a /run of its own that shares bpffs, and stays
with_run mode=755 "dsnctl load; echo \$\$ >/tmp/container; exec sleep 1000" >/dev/null &
while [ ! -s /tmp/container ]; do sleep 1; done
expect_output "load from a container is in force" "^$zero$" vfio_read $bdf serial
has_copy "load from a container" false
changes "load from a container"
expect_status 1 "unload, while the container holds the programs" dsnctl unload
expect_output "unload, while the container holds the programs, reads" "^$zero$" \
	vfio_read $bdf serial
links() { bpftool link show | sed -n 's/^\([0-9]*\):.*/\1/p'; }
of_container=$(links)
expect_status 0 "load takes over from the container" dsnctl load
has_copy "load took over from the container" true
# no_links ID...: 0 if none of them is left
no_links() { ! links | grep -qxF "$(printf '%s\n' "$@")"; }
# shellcheck disable=SC2086 # words
expect_status 1 "control: the container's programs stay after load" no_links $of_container
kill "$(cat /tmp/container)"
# shellcheck disable=SC2086 # words
expect "the container's programs go with it" within 30 no_links $of_container
expect "once the container is gone: unload" dsnctl unload
expect_status 3 "once the container is gone: status" dsnctl status

# somebody unmounts it
expect "load before the unmount" dsnctl load
expect "umount of the copy" umount $copy
has_copy "unmounted" false
changes "unmounted"
expect "load puts it back" dsnctl load
has_copy "put back" true
# a copy of other links is none
rm $copy/dsn_usage $copy/dsn_resume 2>/dev/null
has_copy "a copy that is not whole" false
expect "load completes it" dsnctl load
has_copy "completed" true
rm -r $pins
expect_output "only the second is left: status says so" "$pins is gone.*'dsnctl load'" \
	sh -c "dsnctl status 2>&1"
expect_output "only the second is left: set says what to do" "'dsnctl load' restores it" \
	sh -c "dsnctl set $bdf $chosen 2>&1; true"
expect_status 1 "only the second is left: set" dsnctl set $bdf $chosen
expect "load puts the first back" dsnctl load
changes "the first is back"
expect "unload at the end" dsnctl unload
finish
