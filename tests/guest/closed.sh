# Functions without extended capabilities, hosts without functions:
# what list, get and status say of them; and a pass that is tied to its card.
# boot: --device e1000e,addr=4,romfile=,mac=52:54:00:12:34:56
# boot: --device pcie-root-port,id=rp0,addr=5 --device virtio-rng-pci,bus=rp0
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

bare=0000:01:00.0
sys=/sys/bus/pci/devices

# said NAME REGEX COMMAND...: of stdout and stderr, whatever the exit status
said() {
	local name=$1 regex=$2

	shift 2
	expect_output "$name" "$regex" sh -c '"$@" 2>&1; true' sh "$@"
}

bind_vfio $bdf
bind_vfio $bare
mkdir -p /etc/dsnctl.d
expect "load succeeds" dsnctl load

# a function whose extended space is closed
expect_output "control: nothing is at 0x100 of a function without extended capabilities" "^0000$" \
	sh -c "dd if=$sys/$bare/config bs=1 skip=256 count=4 2>/dev/null | od -An -tu1 | tr -d ' '"
expect_output "list names it and says why" "^$bare +vfio-pci .* no extended capabilities" dsnctl list
expect_output "list -j has the reason" "^no extended capabilities$" \
	sh -c "dsnctl list -j | json_get devices 1 closed"
expect_output "list -j: a function with a serial is not closed" "^null$" \
	sh -c "dsnctl list -j | json_get devices 0 closed"
expect_output "get says why it is closed" "^closed: +no extended capabilities$" dsnctl get $bare
expect_output "get says of others that they are not" "^closed: +-$" dsnctl get $bdf
expect_output "status counts it" "^1$" sh -c "dsnctl status -j | json_get closed"
expect_output "status names it and says why" "^$bare +no extended capabilities$" dsnctl status
unbind $bare
expect_output "bound to no vfio driver it is no function for a guest" "^0$" \
	sh -c "dsnctl status -j | json_get closed"

# pass without expect
said "pass without expect warns" "$bdf: pass without 'expect'.*expect 8086:10d3" dsnctl set $bdf pass
said "pass with expect does not" "^$bdf: pass expect 8086:10d3 \(was pass\)$" \
	dsnctl set $bdf pass expect 8086:10d3
said "a pass for a device warns too" "0000:00:04: pass without 'expect'" dsnctl set 00:04 pass
expect_status 1 "the ids in place, nothing is said" \
	sh -c "dsnctl set $bdf pass expect 8086:10d3 2>&1 | grep without"
dsnctl unset $bdf >/dev/null
expect "pass --save is taken" dsnctl set --save $bdf pass
expect_output "pass --save writes the ids" "^$bdf pass expect 8086:10d3$" cat /etc/dsnctl.d/$bdf.conf
expect_output "pass --save has the ids in force" "^$bdf pass expect 8086:10d3$" dsnctl save
expect "pass --save of a device is taken" dsnctl set --save 00:04 pass
expect_output "pass --save of a device writes the ids" "^0000:00:04 pass expect 8086:10d3$" \
	cat /etc/dsnctl.d/0000:00:04.conf
said "pass --save of what is not there warns" "0000:09:00.0: pass without 'expect'" \
	dsnctl set --save 09:00.0 pass
expect "scrub --save is taken" dsnctl set --save $bdf scrub
expect_output "scrub --save is for any card" "^$bdf scrub$" cat /etc/dsnctl.d/$bdf.conf

# a host without functions that have a serial
echo 1 >$sys/$bdf/remove
echo 1 >$sys/$bare/remove
expect_output "list prints its head without a function" "^BDF +DRIVER +POLICY" dsnctl list
expect_output "list -j is an empty list then" "^0$" sh -c "dsnctl list -j | json_get devices length"
finish
