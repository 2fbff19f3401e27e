#!/bin/bash
# dsnctl derive, and the manual's computation of the same serials. Prints TAP-like lines.
set -uo pipefail

dsnctl=$(readlink -f "$1")
cd "$(dirname "$(readlink -f "$0")")/../.." || exit
page=docs/dsnctl.8.scd
vm=7c1e7a52-0d5a-4b6e-9d0f-0c3f7a0e5b07
failed=0

# same NAME WANTED GOT
same() {
	if [[ $2 == "$3" && -n $2 ]]; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		printf '%s\n' "want: $2" "got: $3" | cat -v | sed 's/^/# /'
		failed=1
	fi
}

# refused NAME REGEX OPERAND...
refused() {
	local name=$1 regex=$2 said status=0

	shift 2
	said=$("$dsnctl" derive "$@" 2>&1) || status=$?
	if ((status == 2)) && grep -qE -e "^dsnctl: $regex" <<<"$said"; then
		echo "ok - derive refuses $name"
	else
		echo "not ok - derive refuses $name"
		printf '%s\n' "status $status" "$said" | sed 's/^/# /'
		failed=1
	fi
}

# The literal block NUMBER of the manual's section; scdoc takes a backslash away.
block() {
	sed -n '/^## Computing one without dsnctl/,/^## The key/p' "$page" |
		awk -v number="$1" '/^```/ { n++; next } n == 2 * number - 1' | sed -E 's/\\(.)/\1/g'
}

# by_hand UUID LABEL KEY: the example with these in place of its own
by_hand() {
	block 1 | sed -e "s/^uuid=.*/uuid=$1/; s/^label=.*/label='$2'/; s/^key=.*/key=$3/" | bash
}

if [[ -e /etc/dsnctl.key ]]; then
	echo "ok - derive # SKIP this host has /etc/dsnctl.key, and so other serials"
	exit 0
fi

same "the manual's example prints the first serial of its table" \
	"$(block 2 | sed -nE '1s/^.{22}  ([^ ]*).*/\1/p')" "$(block 1 | bash)"
counting=$(printf '%02x' {0..31})
vectors=0
while IFS= read -r line; do
	read -r with_none with_key <<<"${line:24}"
	label=$(sed 's/ *$//' <<<"${line:0:23}")
	same "the manual's computation without a key: $label" "$with_none" "$(by_hand $vm "$label" 00)"
	same "the manual's computation with a key: $label" "$with_key" \
		"$(by_hand $vm "$label" "$counting")"
	same "derive of a label that is one operand: $label" "$with_none" \
		"$("$dsnctl" derive $vm "$label")"
	# shellcheck disable=SC2086 # the label's words
	same "derive of a label that is two operands: $label" "$with_none" \
		"$("$dsnctl" derive $vm $label)"
	((++vectors))
done < <(block 2)
same "the manual has four vectors" 4 "$vectors"
for label in a.b_c-1 "slot 0000:ff:1f" nic3788 nic12651; do
	same "derive and the manual's computation agree: $label" "$(by_hand $vm "$label" 00)" \
		"$("$dsnctl" derive $vm "$label")"
done
# their digests have FF-FF and FF-FE in the middle
same "derive clears a bit of a middle that is FF-FF" 8e-a1-76-7f-ff-e0-5d-c6 \
	"$("$dsnctl" derive $vm nic3788)"
same "derive clears a bit of a middle that is FF-FE" 4e-09-29-7f-fe-2c-2a-ba \
	"$("$dsnctl" derive $vm nic12651)"
same "derive -j has serial, uuid, label and key_id" \
	'{"schema":1,"command":"derive","serial":"ea-c7-0c-92-a3-7b-21-ee","uuid":"'$vm'","label":"alias ua-nic0","key_id":null}' \
	"$("$dsnctl" derive -j "${vm^^}" alias ua-nic0)"

refused "a UUID of zeros" "00000000-.*: all zeros is the UUID of no VM" \
	00000000-0000-0000-0000-000000000000 nic0
refused "a name in the UUID's place" "build-7: not a UUID \(want" build-7 nic0
refused "an alias that libvirt gives by position" "alias: 'alias' wants .* begins with ua-" \
	$vm alias hostdev0
refused "an alias without its kind" "ua-nic0: write 'alias' before it" $vm ua-nic0
refused "a MAC address in upper case" "mac: 'mac' wants six bytes in lower case" \
	$vm mac 52:54:00:AB:CD:EF
refused "a slot with a function" "slot: 'slot' wants .* without function" $vm slot 0000:01:00.0
refused "a label of two words" "a b: not a label \(want" $vm "a b"
refused "more after the label" "more: nothing may follow the label" $vm nic0 more
refused "a missing label" "derive: want UUID LABEL" $vm
exit $failed
