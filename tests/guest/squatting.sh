# What others put where dsnctl keeps its pins is not taken for its own, and waits end.
# kernel: any
# boot: --file /usr/bin/flock
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

copy=/run/dsnctl

mkdir -p /etc
echo 'nobody:x:1234:1234::/:/bin/sh' >>/etc/passwd
bind_vfio $bdf

# refused NAME REGEX: load is, says why, and leaves nothing of its own
refused() {
	expect_status 1 "$1: load is refused" timeout 60 dsnctl load
	expect_output "$1: load says why" "$2" sh -c "timeout 60 dsnctl load 2>&1; true"
	expect_output "$1: no program is attached" "^0$" sh -c "bpftool link show | grep -c .; true"
	expect "$1: no copy is left" test ! -e $copy
	expect_status 3 "$1: status" dsnctl status
}

# 0 if somebody has locked the folder of pins
is_locked() { ! flock -n "$pins" true; }

# left_nothing NAME COMMAND...: fails, and leaves no folder and no mount
left_nothing() {
	local name=$1 mounts

	mounts=$(wc -l </proc/mounts)
	shift
	expect_status 1 "$name fails" sh -c '"$@"; [ $? != 0 ] || exit 0; exit 1' sh "$@"
	expect "$name leaves no folder of pins" test ! -e $pins
	expect "$name leaves no folder of copies" test ! -e $copy
	expect_output "$name leaves no mount" "^$mounts$" sh -c "wc -l </proc/mounts"
}

expect_output "the kernel's mode lets everybody make folders" "^1777$" stat -c %a /sys/fs/bpf

# a load that fails leaves nothing
left_nothing "load by root of a user's namespace" without userns=1234 dsnctl load
left_nothing "load by root of root's namespace" without userns=0 dsnctl load
left_nothing "load by root with a container's capabilities" without caps dsnctl load
left_nothing "load with bpf() denied" without bpf dsnctl load
left_nothing "load with five files" without files=5 dsnctl load

# somebody else's folder
su nobody -c "mkdir $pins"
refused "a user's folder" "$pins: it is user 1234's, not root's.*rmdir $pins"
su nobody -c "exec flock -o $pins sleep 300" &
within 30 is_locked
refused "a user's folder, locked" "$pins: it is user 1234's, not root's"
killall flock
su nobody -c "rmdir $pins; mkdir -m 0700 /sys/fs/bpf/mine; ln -s mine $pins"
refused "a user's symbolic link" "$pins: it is not a folder"
expect_output "nothing was pinned where it leads to" "^0$" sh -c "ls /sys/fs/bpf/mine | wc -l"
su nobody -c "rm $pins; rmdir /sys/fs/bpf/mine"
mkdir -m 0777 $pins
refused "a folder that everybody may write" "$pins: its mode is 0777, not 0700"
chmod 0700 $pins
mount -t tmpfs -o mode=0700 tmpfs $pins
refused "a folder of another file system" "$pins: it is not on a bpffs"
umount $pins
expect "load takes root's own empty folder" dsnctl load
expect_output "load takes root's own empty folder: it is in force" "^$zero$" vfio_read $bdf serial
expect "unload from a folder that was there" dsnctl unload

# the copy's place: load goes on without it
for kind in link file user mode; do
	case $kind in
	link) mkdir -m 0700 /run/elsewhere && ln -s elsewhere $copy ;;
	file) : >$copy ;;
	user) mkdir -m 0700 $copy && chown nobody $copy ;;
	mode) mkdir -m 0777 $copy && chmod 0777 $copy ;;
	esac
	expect_output "$copy is a wrong $kind: load warns" "no second copy.*$copy" \
		sh -c "dsnctl load 2>&1"
	expect_output "$copy is a wrong $kind: it is in force" "^$zero$" vfio_read $bdf serial
	expect_status 1 "$copy is a wrong $kind: nothing was mounted over it" \
		grep -q " bpf .*/run/\| /run/[^ ]* bpf " /proc/mounts
	expect_output "$copy is a wrong $kind: nothing is in it" "^0$" sh -c "ls $copy/ 2>/dev/null | wc -l"
	expect "$copy is a wrong $kind: unload" dsnctl unload
	expect "$copy is a wrong $kind: unload leaves it" ls -d $copy
	rm -rf $copy /run/elsewhere
done

# waits for the lock end
expect "load before the lock is taken" dsnctl load
flock -o $pins sleep 500 &
holder=$!
within 30 is_locked
start=$(date +%s)
for command in "set $bdf scrub" load unload apply; do
	# shellcheck disable=SC2086
	expect_status 1 "$command, while another holds the lock, gives up" \
		timeout 60 dsnctl $command
done
expect_output "they wait, and not for long" "^yes$" \
	sh -c "taken=\$((\$(date +%s) - $start)); [ \$taken -ge 40 -a \$taken -le 160 ] && echo yes"
expect_output "set, while another holds the lock, says who" "process $holder \(flock\) has had the lock" \
	sh -c "timeout 60 dsnctl set $bdf scrub 2>&1; true"
kill $holder
expect "set when the lock is free" dsnctl set $bdf scrub
flock -o $pins sleep 6 &
within 30 is_locked
expect "set waits for a lock that is given back" timeout 60 dsnctl set $bdf pass
expect_output "set after the wait is in force" "^$real$" vfio_read $bdf serial
expect "unload after the waits" dsnctl unload
expect_output "the advice on bpffs keeps others out" "mount -t bpf -o mode=0700" \
	sh -c "umount /sys/fs/bpf; dsnctl load 2>&1; true"
finish
