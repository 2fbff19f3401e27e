# Readers in the corners: a device that is closed meanwhile, fresh pages, idle and real-time
# threads, a ring that is closed. None sees a real byte, and no healthy one is killed.
# boot: --cpus 2 --append preempt=full
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

seconds=3

# of_mode MODE: what these readers are
of_mode() {
	case $1 in
	close) echo "readers of a device that another thread closes" ;;
	fresh) echo "readers into pages that were never touched" ;;
	idle) echo "readers of SCHED_IDLE beside busy threads" ;;
	fifo) echo "readers of SCHED_FIFO beside others" ;;
	ring) echo "readers by io_uring whose ring is closed" ;;
	esac
}

# run_mode MODE
run_mode() {
	timeout -s KILL $((seconds * 10 + 60)) \
		corners $bdf /run/image $chosen "$1" $seconds >/run/readers 2>&1
}

# hold NAME MODE...: none of these readers sees a real byte, and none but those by io_uring dies
hold() {
	local layers=$1 mode name status killed

	shift
	for mode; do
		name="$layers: $(of_mode "$mode")"
		killed=$(count kills) status=0
		run_mode "$mode" || status=$?
		if [ $status = 0 ]; then
			ok "$name see no real byte"
		else
			not_ok "$name see no real byte" "status $status" "$(cat /run/readers)"
		fi
		echo "# $(tail -n 1 /run/readers)"
		[ "$mode" != ring ] || continue
		expect_output "$name come to their end" " 6 finished$" cat /run/readers
		expect_output "$name are not killed" "^$killed$" count kills
		expect_output "$name are not stopped for good" "^0$" count stopped
	done
}

# proven NAME [OPTION]...: 1, and a result, if load cannot prove it on this kernel
proven() {
	local name=$1

	shift
	if dsnctl load "$@" >/run/load 2>&1 && [ "$(count guarantee)" = proven ]; then
		dsnctl set $bdf $chosen >/dev/null
		return
	fi
	if is_realtime; then
		skip "$name: readers in the corners" "not proven on this real-time kernel"
	else
		not_ok "$name: load is proven" "$(cat /run/load)"
	fi
	return 1
}

bind_vfio $bdf
vfio_read $bdf save /run/image
modes="close fresh idle fifo ring"
dsnctl repair --follow >/run/repair 2>&1 &
repair=$!
# shellcheck disable=SC2086
! proven "both layers" || hold "both layers" $modes
# shellcheck disable=SC2086
! proven "the check alone" --hook none || hold "the check alone" $modes
expect_output "no reader was unkillable" "^0$" count unkillable
expect_output "no read was unchecked" "^0$" count unchecked
kill $repair
expect "unload succeeds" dsnctl unload --force
for mode in $modes; do
	run_mode "$mode"
	expect_output "control: without dsnctl, $(of_mode "$mode") see the real serial" \
		"^total: .* [1-9][0-9]* real" cat /run/readers
done
finish
