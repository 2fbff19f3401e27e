# Reads, changes, loads, opens and rebinds for SECONDS; kernel memory must not grow.
# Arguments: seconds, kB of growth that is allowed, and what to leak: nothing, map or process.
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

seconds=$1 allowed=$2 leak=$3

now() { cut -d. -f1 /proc/uptime; }

# kB of a line of /proc/meminfo
kb() { awk -v name="$1:" '$1 == name { print $2 }' /proc/meminfo; }

objects() { bpftool -j "$1" show | grep -o '"id":' | wc -l; }

memlock() {
	bpftool -j map show | grep -o '"bytes_memlock":[0-9]*' |
		awk -F: '{ sum += $2 } END { print sum + 0 }'
}

# Leaves its process in /run/loads, by which the kernel names it.
load() {
	local process

	dsnctl load >/dev/null &
	process=$!
	wait $process || return
	echo $process >>/run/loads
}

# What the kernel says goes to /run/dmesg, and from its buffer.
listen() { dmesg -c >>/run/dmesg; }

# Under the readers programs are loaded again, once, and rules change until they are done,
# one by one and a thousand at once.
change() {
	load || return
	while [ ! -e /run/done ]; do
		dsnctl set --force $bdf $unlike && dsnctl set --force $bdf $chosen &&
			dsnctl apply --force --prune /run/many &&
			dsnctl apply --force --prune /run/few || return
		dsnctl status -j && dsnctl dump -j && dsnctl list && dsnctl metrics || return
	done >/dev/null
}

open_and_close() {
	local n=0

	while [ $n -lt 5 ]; do
		vfio_read $bdf serial && vfio_read $bdf fault /run/image $chosen || return
		# readers by io_uring are killed, also this one, or refused on real-time kernels
		! vfio_read $bdf ring 0x140 12 || return
		n=$((n + 1))
	done >/dev/null 2>&1
}

# A control: what this leaves behind must be found.
leave_behind() {
	case $leak in
	map)
		bpftool map create "/sys/fs/bpf/leak$1" type array key 4 value 4 entries 1 \
			name leak
		;;
	process) sleep 100000 & ;;
	esac
}

round() {
	rm -f /run/done
	change 2>/run/change &
	changes=$!
	stress $bdf /run/image 10 4 $chosen $unlike >/run/stress 2>&1 ||
		not_ok "round $1: readers" "$(cat /run/stress)"
	: >/run/done
	wait $changes || not_ok "round $1: changes" "$(tail -n 3 /run/change)"
	awk '/^total:/ { print $2 }' /run/stress >>/run/reads
	open_and_close || not_ok "round $1: opening and closing"
	unbind $bdf
	bind_vfio $bdf || not_ok "round $1: unbinding and binding"
	leave_behind "$1"
}

# The least of three, as what is freed is gone only when RCU has settled:
# kB of memory, bytes of maps, programs, maps, links
sample() {
	local n=0

	sync
	echo 3 >/proc/sys/vm/drop_caches
	while [ $n -lt 3 ]; do
		sleep 1
		echo "$(kb SUnreclaim) $(kb Percpu) $(kb VmallocUsed) $(memlock)" \
			"$(objects prog) $(objects map) $(objects link)"
		n=$((n + 1))
	done | awk '{ $1 += $2 + $3; for (i = 1; i <= NF; i++)
			if (NR == 1 || $i < least[i]) least[i] = $i }
		END { print least[1], least[4], least[5], least[6], least[7] }'
}

# kB in each of the kernel's caches of objects
slabs() { awk 'NR > 2 { print $1, $15 * $6 * 4 }' /proc/slabinfo; }

# The caches that are larger than after the first quarter of the time.
grown() {
	slabs | awk 'NR == FNR { before[$1] = $2; next }
		$2 > before[$1] + 7 { print $1 ": " $2 - before[$1] " kB more" }' /run/slabs -
}

# The least of the last quarter is not above the least of the second.
compare() {
	awk -v column="$1" -v allowed="$2" '{ values[NR] = $column }
		END {
			for (i = int(NR / 4) + 1; i <= int(NR / 2); i++)
				if (!before || values[i] < before) before = values[i]
			for (i = int(NR * 3 / 4) + 1; i <= NR; i++)
				if (!after || values[i] < after) after = values[i]
			print before + 0, after + 0
			exit !(before && after <= before + allowed)
		}' /run/samples
}

check() {
	local status=0 values

	values=$(compare "$2" "$3") || status=1
	values="${values% *} in the second quarter, ${values#* } in the last"
	if [ $status = 0 ]; then
		ok "$1 does not grow: $values"
	else
		not_ok "$1 grows: $values" "$(grown)"
	fi
}

# The kernels that tell of bpf_probe_write_user do so whenever the verifier comes to a call
# of it, ten times in five seconds at most: each load is told of, and nothing else is.
check_dmesg() {
	sort -u /run/loads >/run/loaders
	sed -n 's/.* dsnctl\[\([0-9]*\)\] is installing .*bpf_probe_write_user.*/\1/p' /run/dmesg |
		sort -u >/run/told
	if [ ! -s /run/told ] || cmp -s /run/loaders /run/told; then
		ok "dmesg tells of each load ($(wc -l </run/loads)) and no other, or of none"
	else
		not_ok "dmesg tells of each load ($(wc -l </run/loads)) and no other, or of none" \
			"not told of: $(grep -vxF -f /run/told /run/loaders | tr '\n' ' ')" \
			"told of: $(grep -vxF -f /run/loaders /run/told | tr '\n' ' ')"
	fi
	# 7 tells of the reset when a device is opened or closed; of hrtimer, once at most, a
	# machine that is emulated
	grep -Ev -e 'dsnctl.*bpf_probe_write_user|bpf_get_probe_write_proto: .* suppressed' \
		-e "vfio-pci $bdf: (resetting|reset done)$" \
		-e 'hrtimer: interrupt took [0-9]* ns' /run/dmesg >/run/new
	if [ -s /run/new ]; then
		not_ok "nothing else in dmesg" "$(head -n 20 /run/new)"
	else
		ok "nothing else in dmesg"
	fi
}

seq 0 999 | while read -r i; do
	printf '10000:%02x:%02x.%x %016x\n' $((i / 256)) $((i / 8 % 32)) $((i % 8)) \
		$((0x0200000000010000 + i))
done >/run/many
echo "$bdf $chosen" | tee -a /run/many >/run/few
bind_vfio $bdf || exit 1
vfio_read $bdf save /run/image
echo 4 >/proc/sys/vm/drop_caches # from now on it says nothing in dmesg
listen
: >/run/dmesg
load && listen && dsnctl set $bdf $chosen >/dev/null || exit 1
sleep 6 # the next load is told of too

start=$(now) n=0 told=0
while [ $(($(now) - start)) -lt "$seconds" ]; do
	n=$((n + 1))
	round $n
	sample >/run/sample
	cat /run/sample >>/run/samples
	listen
	[ -e /run/slabs ] || [ $(($(now) - start)) -lt $((seconds / 4)) ] || slabs >/run/slabs
	[ $(($(now) - told)) -ge 60 ] || continue
	told=$(now)
	echo "$((told - start)) s, round $n: $(awk '{ print $1 " kB, maps " $2 " bytes, " \
		$3 " programs, " $4 " maps, " $5 " links" }' /run/sample)"
done
echo "$n rounds: $(awk '{ n += $1 } END { print n + 0 }' /run/reads) reads, $(wc -l </run/loads) loads"
[ $n -ge 8 ] || not_ok "enough rounds to tell" "$n, not 8: more seconds are needed"
check "kernel memory (kB)" 1 "$allowed"
check "memory of maps (bytes)" 2 0
check "the number of programs" 3 0
check "the number of maps" 4 0
check "the number of links" 5 0
check_dmesg
expect "proven to the end" dsnctl status --require proven
finish
