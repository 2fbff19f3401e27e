# A preadv2 that the kernel refuses for its flags has read nothing: nothing is done about it.
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

bind_vfio $bdf
vfio_read $bdf save /run/image

# refused_reads NAME [OPTION]...: options of load
refused_reads() {
	local name=$1 touched

	shift
	if ! dsnctl load "$@" >/run/load 2>&1; then
		skip "$name: reads with refused flags" "load $*: $(head -n 1 /run/load)"
		return
	fi
	dsnctl set $bdf $chosen >/dev/null
	touched=$(count touched)
	expect_output "$name: reads with refused flags fail, and their buffer stays" " 0 wrong" \
		vfio_read $bdf flags /run/image $chosen
	expect_output "$name: only the read with the flag that is allowed is counted" \
		"^$((touched + 1))$" count touched
	expect_output "$name: nobody is killed for them" "^0$" count kills
	expect_output "$name: none of them is counted as unchecked" "^0$" count unchecked
}

refused_reads "both layers"
expect_output "both layers: none of the reads is counted as repaired" "^0$" count repaired
refused_reads "the check alone" --hook none
refused_reads "the hook alone" --check off
refused_reads "reads answered before vfio" --answer
finish
