# QEMU compares the serials of the two sides when a VM with an assigned function migrates.
# boot: --device e1000e,addr=4,romfile=,mac=52:54:00:12:34:56
# boot: --device e1000e,addr=5,romfile=,mac=52:54:00:12:34:57
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh
# shellcheck source=tests/vmm/vmm.sh
. /vmm.sh

target=0000:00:05.0

start_source() {
	start_peek source $bdf
	up source "$1: the source's guest boots" 60
}

return_path=off

# What the two monitors tell of it, and what the target prints, is left in /run/seen.
migrate() {
	local tries=0

	rm -f /run/migration
	start_peek target $target -incoming unix:/run/migration
	until [ -S /run/migration ] || [ $tries = 60 ]; do
		sleep 1
		tries=$((tries + 1))
	done
	# a guest whose memory is all pinned never counts as clean enough to stop it
	monitor source "migrate_set_parameter downtime-limit 2000000" >/run/seen
	monitor source "migrate_set_capability return-path $return_path" >>/run/seen
	monitor source "migrate -d unix:/run/migration" >>/run/seen
	until monitor source "info migrate" | tee /run/status |
		grep -Eq "[Ss]tatus:[[:space:]]*(completed|failed)" || [ $tries -ge 90 ]; do
		sleep 1
		tries=$((tries + 1))
	done
	sleep 1
	cat /run/status /run/source.log /run/target.log >>/run/seen
}

# agrees NAME SERIAL
agrees() {
	migrate
	expect_output "$1: the target takes it" "[Ss]tatus:[[:space:]]*running" \
		monitor target "info status"
	tell target look
	hear target end 60 >/run/seen
	expect_output "$1: the guest reads there what it read before" \
		"^dword header 00010003 serial $2 " cat /run/seen
	stop_vmm target
	stop_vmm source
}

# refuses NAME SENT OWN: for the lowest byte of the serials of the source and of the target
refuses() {
	migrate
	expect_output "$1: the target refuses it" \
		"Bad config data: i=0x144 read: $2 device: $3 " cat /run/seen
	expect_status 1 "$1: the target's QEMU ends" [ -d "/proc/$(cat /run/target.pid)" ]
	stop_vmm source
}

bind_to() {
	echo "$2" >"/sys/bus/pci/devices/$1/driver_override"
	unbind "$1"
	echo "$1" >/sys/bus/pci/drivers_probe
}

bind_vfio $bdf
start_source "vfio-pci"
expect_output "vfio-pci's device does not migrate at all" \
	"VFIO .*(is not supported in kernel|doesn't support migration)" \
	monitor source "migrate unix:/run/migration"
stop_vmm source

if ! /vmm/qemu-system-x86_64 -device vfio-pci,help | grep -q "^ *enable-migration="; then
	skip "migration between functions with the same serial" "this QEMU does not speak the kernel's present migration protocol"
	finish
fi
modprobe vfio-pci
insmod /migrating_vfio.ko || { not_ok "the module that migrates is loaded"; finish; }
bind_to $bdf migrating-vfio
bind_to $target migrating-vfio
expect_output "the target is bound to the driver that migrates" "^migrating-vfio$" \
	driver_of $target
# QEMU cannot track what is written to this card's third BAR: it is left unmapped
vfio_options=,enable-migration=on,x-no-mmap=on

start_source "control"
refuses "control: real serials, which differ" 56 57
expect_output "control: without a return path the source takes it for completed" \
	"[Ss]tatus:[[:space:]]*completed" cat /run/seen
[ ! -e /run/not_ok ] || finish
start_source "open before load"
expect_output "load succeeds while the source runs" "^loaded" dsnctl load
refuses "open before load: the copy has the real serial, the target zeros" 56 0
start_source "scrubbed"
agrees "scrubbed on both sides" $zero
expect "set of the source's serial succeeds" dsnctl set $bdf $chosen
expect "set of the target's serial succeeds" dsnctl set $target $second
start_source "set"
return_path=on
refuses "set to serials that differ" 1 2
expect_output "set to serials that differ: with a return path the source reports the failure" \
	"[Ss]tatus:[[:space:]]*failed" \
	cat /run/seen
return_path=off
expect "set of the target to the source's serial succeeds" dsnctl set $target $chosen
start_source "set"
agrees "set to the same serial" $chosen
finish
