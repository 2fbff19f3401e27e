# Commands in a PID namespace of their own, which hides the host's processes from them.
# kernel: any
# boot: --file /usr/bin/unshare
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

# inside COMMAND...: in a container that has the host's bpffs, say
inside() { unshare --pid --fork --mount-proc "$@"; }

bind_vfio $bdf
expect "load succeeds on the host" dsnctl load
expect "set succeeds on the host" dsnctl set $bdf $chosen
expect "control: unshare gives a PID namespace" inside sh -c '[ $$ = 1 ]'

hold_device $bdf /run/held
expect_status 1 "control: unload on the host is refused while a device is open" dsnctl unload
expect_status 1 "unload in a PID namespace is refused while a device is open" inside dsnctl unload
expect_output "unload in a PID namespace names the cause" \
	"this PID namespace hides the host's processes" sh -c \
	"unshare --pid --fork --mount-proc dsnctl unload 2>&1; true"
expect_status 1 "set in a PID namespace is refused while a device is open" \
	inside dsnctl set $bdf $second
expect_status 5 "repair in a PID namespace cannot tell who is stopped" inside dsnctl repair
expect_output "the reader's serial is still the rule's" "^$chosen$" tail -n 1 /run/held
kill $holder
wait $holder 2>/dev/null
expect "unload on the host succeeds without readers" dsnctl unload
expect_output "the first load in a PID namespace says that it cannot tell who has a device open" \
	"cannot tell which devices were open before this" sh -c \
	"unshare --pid --fork --mount-proc dsnctl load 2>&1"
expect "unload on the host succeeds again" dsnctl unload
finish
