# kernel.ftrace_enabled goes to 0 and back: no read is real meanwhile, and status does not forget.
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

switch=/proc/sys/kernel/ftrace_enabled

# off_and_on REGEX NAME: what a read shows while ftrace is off
off_and_on() {
	if ! echo 0 >$switch; then
		skip "$2" "this kernel cannot turn ftrace off while the hook is attached"
		return 1
	fi
	expect_output "$2" "$1" vfio_read $bdf serial
	echo 1 >$switch
}

bind_vfio $bdf
vfio_read $bdf save /run/image
if [ ! -e $switch ] || ! has_fexit; then
	skip "ftrace off and on" "this kernel has no hook that ftrace calls directly"
	finish
fi

expect "both layers: load succeeds" dsnctl load --hook fexit
level=$(count guarantee)
if [ "$(count check)" != off ]; then
	expect "set succeeds" dsnctl set $bdf $chosen
	expect_output "both layers: proven before ftrace goes off" "^proven$" echo "$level"
	if off_and_on "^$chosen$" "both layers: a read while ftrace is off shows no real byte"; then
		expect_output "both layers: proven after ftrace was off, as nothing was lost" \
			"^proven$" count guarantee
		expect_output "both layers: the check has repaired what the hook did not see" \
			"^[1-9]" count repaired
	fi
	expect_output "both layers: the hook acts again" " 0 wrong" \
		vfio_read $bdf sweep /run/image $chosen
else
	skip "both layers: a read while ftrace is off shows no real byte" \
		"no check on this kernel"
fi

expect "the check alone: load succeeds" dsnctl load --hook none
dsnctl set $bdf $chosen >/dev/null
if [ "$(count check)" != off ]; then
	if off_and_on "^$chosen$" "the check alone: a read while ftrace is off shows no real byte"; then
		expect_output "the check alone: proven after ftrace was off" "^proven$" \
			count guarantee
	fi
fi

expect "the hook alone: load succeeds" dsnctl load --hook fexit --check off
dsnctl set $bdf $chosen >/dev/null
expect_output "the hook alone: best-effort before ftrace goes off" "^best-effort$" count guarantee
if off_and_on "^$real$" "control: the hook alone shows the real serial while ftrace is off"; then
	expect_output "the hook alone: no more than best-effort after ftrace was off" \
		"^(best-effort|not protected)$" count guarantee
	expect_status 3 "the hook alone: not proven after ftrace was off" \
		dsnctl status --require proven
fi
expect "both layers again: load succeeds" dsnctl load
expect_output "both layers again: the level is that of before" "^$level$" count guarantee
expect "unload succeeds" dsnctl unload
finish
