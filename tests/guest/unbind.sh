# A function that is unbound and bound by ever new processes leaves nothing behind.
# only: make check-all
# boot: --cpus 2 --append preempt=full --append init_on_free=1
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

rounds=120
driver=/sys/bus/pci/drivers/vfio-pci

# Elements of all hash maps of the programs, by the names that bpftool has for them.
elements() {
	local id sum=0

	for id in $(bpftool map show | sed -n 's/^\([0-9]*\): hash .*/\1/p'); do
		sum=$((sum + $(bpftool -j map dump id "$id" 2>/dev/null | json_get length)))
	done
	echo $sum
}

# Each echo is another process, as each is that a management daemon starts.
rebind() {
	local n=0

	while [ "$n" -lt "$rounds" ]; do
		sh -c "echo $bdf >$driver/unbind" && sh -c "echo $bdf >$driver/bind" || return
		n=$((n + 1))
	done
}

bind_vfio $bdf
vfio_read $bdf save /run/image

# unbinding_is_harmless NAME [OPTION]...: options of load
unbinding_is_harmless() {
	local name=$1 before

	shift
	expect "$name: load succeeds" dsnctl load "$@"
	dsnctl set $bdf $chosen >/dev/null
	expect_output "$name: a reader before unbinding sees no real byte" " 0 wrong" \
		asleep $bdf /run/image $chosen steady 1 2 qword low
	before=$(elements)
	expect "$name: no process that unbinds or binds is killed" rebind
	if [ $(($(elements) - before)) -le 8 ]; then
		ok "$name: no record of an unbinding process stays"
	else
		not_ok "$name: no record of an unbinding process stays" \
			"$before elements of maps before, $(elements) after $rounds times"
	fi
	expect_output "$name: a reader afterwards shows no real byte and is not killed" \
		" 0 wrong, .* 2 finished" asleep $bdf /run/image $chosen steady 2 2 qword low
	expect_output "$name: no reader was killed" "^0$" count kills
	expect_output "$name: no read was refused" "^0$" count refused
	expect_output "$name: no read was unchecked" "^0$" count unchecked
}

unbinding_is_harmless "both layers"
unbinding_is_harmless "the check alone" --hook none
finish
