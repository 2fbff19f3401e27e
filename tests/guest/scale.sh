# What 100,000 rules cost, and a load, in exact instructions, beside the least it takes.
# boot: --icount --mem 2048
# shellcheck shell=dash
. /lib.sh

# within NAME LIMIT COST LEAST: a ratio that may be this at most, printed with the result
within() {
	local name

	name="$1: $(awk -v a="$3" -v b="$4" 'BEGIN { if (b) printf "%.2f", a / b }') times, at most $2"
	if awk -v a="$3" -v b="$4" -v limit="$2" 'BEGIN { exit !(a > 0 && b > 0 && a <= b * limit) }'; then
		ok "$name"
	else
		not_ok "$name" "$3 and $4 instructions"
	fi
}

# cost COMMAND...: the instructions of the whole process; of one that fails, nothing
cost() {
	local figures

	figures=$(scale run "$@") && echo "${figures% *}"
}

# kB that BPF maps are made of
kernel_memory() {
	awk '/^(SUnreclaim|Percpu|VmallocUsed):/ { sum += $2 } END { print sum }' /proc/meminfo
}

# What `load` has in force, for libbpf alone to load.
load_bare() {
	local guard=0 fops=0 programs="dsn_fexit dsn_open"

	fops=$(awk '$3 == "vfio_device_fops" { print $1 }' /proc/kallsyms)
	case $(dsnctl status -j | json_get guard) in
	tracepoint) guard=1 programs="$programs dsn_rpm_resume dsn_rpm_usage dsn_rpm_idle" ;;
	lsm) guard=2 programs="$programs dsn_lsm" ;;
	none) programs="dsn_switched dsn_end dsn_begin $programs" ;;
	esac
	# shellcheck disable=SC2086
	cost scale load $guard "$fops" $programs
}

awk 'BEGIN {
	for (i = 0; i < 100000; i++)
		printf "%x:%02x:%02x.%x 02-00-00-00-00-%02x-%02x-%02x\n", 65536 + int(i / 65536),
			int(i / 256) % 256, int(i / 8) % 32, i % 8, int(i / 65536) % 256,
			int(i / 256) % 256, i % 256
}' >/run/100k
head -n 10000 /run/100k >/run/10k
# each rule once, in an order that is none, with serials in another
awk '{ lines[NR - 1] = $1; serials[NR - 1] = $2 }
	END { for (i = 0; i < NR; i++)
		print lines[i * 7919 % NR], serials[i * 104729 % NR] }' /run/100k >/run/mixed

bind_vfio 0000:00:04.0
batch=$(scale batch 100000)
process=$(cost scale batch 100000)
first=$(cost dsnctl load)
again=$(cost dsnctl load)
bare=$(load_bare)
within "load, next to libbpf's" 1.2 "$first" "$bare"
within "load again" 1.2 "$again" "$bare"

before=$(kernel_memory)
applied=$(cost dsnctl apply /run/100k)
after=$(kernel_memory)
expect_output "100,000 rules" "^100000$" sh -c "dsnctl status -j | json_get rules"
echo "# kernel memory: $(((after - before) * 1024 / 100000)) bytes a rule," \
	"$(bpftool -j map show pinned /sys/fs/bpf/dsnctl/rules | json_get bytes_memlock) of the map"
within "apply of 100,000 rules, next to a batch update" 3 "$applied" "$batch"
within "the same, next to a process that makes one" 3 "$applied" "$process"
within "unchanged" 3 "$(cost dsnctl apply /run/100k)" "$batch"
mixed=$(cost dsnctl apply --prune /run/mixed)
within "all of them changed, from a file in no order" 4.5 "$mixed" "$batch"
dump=$(scale run dsnctl dump -j)
list=$(cost dsnctl list)
dsnctl apply --prune /run/10k >/dev/null 2>&1
small=$(scale run dsnctl dump -j)
within "dump -j of 100,000 rules, next to 10,000" 11 "${dump% *}" "${small% *}"
echo "# dump -j: $(((${dump#* } - ${small#* }) * 1024 / 90000)) bytes of memory a rule," \
	"$(((${dump% *} - ${small% *}) / 90000)) instructions"
within "list beside 100,000 rules, next to 10,000" 11 "$list" "$(cost dsnctl list)"
finish
