# What status claims holds beside readers of real-time priority, and the kernel stays whole.
# kernel: any
# only: make check-all
# boot: --cpus 2
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

seconds=8

complaints() { dmesg | grep -cE 'Oops|BUG:|WARNING:|general protection|Call Trace' || true; }

bind_vfio $bdf
vfio_read $bdf save /run/image

# claim_holds NAME [OPTION]...: options of load
claim_holds() {
	local name=$1 level before shown=$chosen status=0

	shift
	if ! dsnctl load "$@" >/run/load 2>&1; then
		skip "$name" "load $*: $(head -n 1 /run/load)"
		return
	fi
	dsnctl set $bdf $chosen >/dev/null
	level=$(count guarantee)
	[ "$level" != withheld ] || shown=withheld
	before=$(complaints)
	stress $bdf /run/image $seconds 12 $shown >/run/readers 2>&1 || status=$?
	echo "# $name: $level; $(tail -n 1 /run/readers)"
	case $level:$status in
	proven:0 | withheld:0) ok "$name: $level, and no reader has seen a real byte" ;;
	proven:* | withheld:*)
		not_ok "$name: $level, and no reader has seen a real byte" \
			"status $status" "$(cat /run/readers)"
		;;
	*) skip "$name: no reader has seen a real byte" "$level is claimed, no more" ;;
	esac
	expect_output "$name: the kernel has not complained" "^$before$" complaints
	expect_output "$name: the level is still what it was" "^$level$" count guarantee
	expect_output "$name: no reader was unkillable" "^0$" count unkillable
	expect_output "$name: no read was unchecked" "^0$" count unchecked
}

claim_holds "both layers"
claim_holds "the check alone" --hook none
claim_holds "the kprobe pair and the check" --hook kprobe
claim_holds "both layers, reads answered" --answer
finish
