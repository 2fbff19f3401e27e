# check exits as load does, whatever load is called with and whoever calls it.
# boot: --file /usr/sbin/capsh
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

# both STATUS NAME REGEX COMMAND...: check and load, called by the command, exit with the
# status, and what each prints matches
both() {
	local want=$1 name=$2 regex=$3 command

	shift 3
	for command in check load; do
		expect_status "$want" "$name: exit status of $command" "$@" /usr/sbin/dsnctl $command
		expect_output "$name: what $command says" "$regex" \
			sh -c '"$@" 2>&1; true' sh "$@" /usr/sbin/dsnctl $command
	done
}

mkdir -p /run/empty
expect "no vfio-pci to begin with" test ! -d /sys/bus/pci/drivers/vfio-pci
both 0 "a PATH without /sbin, as of cron and su" "proven" env PATH=/run/empty
expect "load has brought the module" test -d /sys/bus/pci/drivers/vfio-pci
expect "unload succeeds" dsnctl unload
expect "the module goes" rmmod vfio-pci
# the kernel lets go of it some time after the last program
expect "the module of the hook's function goes" within 30 rmmod vfio-pci-core
both 4 "no module for this kernel" "no vfio-pci for this kernel" \
	sh -c 'mv /lib/modules /lib/modules.away; "$@"; status=$?; mv /lib/modules.away /lib/modules; exit $status' sh
bind_vfio $bdf

# capabilities
for drop in cap_sys_admin,cap_bpf cap_sys_admin all; do
	capsh --drop=$drop --shell=/bin/sh -- -c "dsnctl load" >/run/load 2>&1
	status=$?
	dsnctl unload >/run/unload 2>&1
	expect_status $status "without $drop: check exits as load, with $status" \
		capsh --drop=$drop --shell=/bin/sh -- -c "dsnctl check"
done
expect "control: with all capabilities" dsnctl check
expect_status 1 "control: load without any fails" test "$status" = 0

# /run
mkdir -p /run/dsnctl
mount -t tmpfs -o ro tmpfs /run/dsnctl
status=0
dsnctl load >/run/load 2>&1 || status=$?
dsnctl unload >/run/unload 2>&1
expect_status $status "a read-only file system at /run/dsnctl: check exits as load, with $status" dsnctl check
umount /run/dsnctl

# another layout
expect "load succeeds" dsnctl load
size=$(bpftool -j map show pinned $pins/state | json_get bytes_value)
# shellcheck disable=SC2046
bpftool map update pinned $pins/state key 0 0 0 0 value 99 $(yes 0 | head -n $((size - 1)))
both 1 "maps of another layout" "another version of dsnctl \(layout 99" env
expect "unload succeeds" dsnctl unload
both 0 "control: without them" "proven" env

# what runs already is more than what load would give
expect "a load, in force" dsnctl load
expect "check beside it" dsnctl check
finish
