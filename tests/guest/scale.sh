# What 8192 rules cost, and a load, in exact instructions, beside the least it takes.
# kernel: any
# only: make check-all
# boot: --icount --mem 2048
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

# ratio NAME LIMIT COST LEAST: a ratio that may be this at most, printed with the result
ratio() {
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

# What `load` has in force, for libbpf alone to load.
load_bare() {
	local check=0 fops=0 programs="dsn_fexit dsn_open"

	fops=$(awk '$3 == "vfio_device_fops" { print $1 }' /proc/kallsyms)
	case $(count check) in
	usage) check=1 programs="dsn_usage $programs" ;;
	resume) check=2 programs="dsn_resume $programs" ;;
	esac
	# shellcheck disable=SC2086
	cost scale load $check "$fops" $programs
}

awk 'BEGIN {
	for (i = 0; i < 8192; i++)
		printf "%x:%02x:%02x.%x 02-00-00-00-00-%02x-%02x-%02x\n", 65536 + int(i / 65536),
			int(i / 256) % 256, int(i / 8) % 32, i % 8, int(i / 65536) % 256,
			int(i / 256) % 256, i % 256
}' >/run/8192
head -n 819 /run/8192 >/run/819
# each rule once, in an order that is none, with serials in another
awk '{ lines[NR - 1] = $1; serials[NR - 1] = $2 }
	END { for (i = 0; i < NR; i++)
		print lines[i * 7919 % NR], serials[i * 104729 % NR] }' /run/8192 >/run/mixed

bind_vfio $bdf
batch=$(scale batch 8192)
process=$(cost scale batch 8192)
first=$(cost dsnctl load)
again=$(cost dsnctl load)
bare=$(load_bare)
echo "# instructions to verify the largest program: $(scale verified)"
expect_output "no program takes 40000 instructions or more to verify" \
	"^([1-9][0-9]{0,3}|[1-3][0-9]{4})$" scale verified
ratio "load costs, next to libbpf's load of the same" 1.4 "$first" "$bare"
ratio "a second load costs, next to libbpf's load of the same" 1.4 "$again" "$bare"

# the command's own cost, with one rule: nothing below is about that
head -n 1 /run/8192 >/run/1
one=$(cost dsnctl apply /run/1)
same=$(cost dsnctl apply /run/1)
echo "# apply of one rule: $one instructions, and $same if it is the same"
applied=$(cost dsnctl apply /run/8192)
expect_output "apply of 8192 rules has set 8192 rules" "^8192$" count rules
memory=$(bpftool -j map show pinned /sys/fs/bpf/dsnctl/rules | json_get bytes_memlock)
echo "# the map: $((memory / 8192)) bytes a rule"
ratio "apply of 8192 rules costs, next to a batch update" 8 $((applied - one)) "$batch"
ratio "apply of 8192 rules costs, next to a process that makes a batch update" \
	6 $((applied - one)) "$process"
ratio "apply of 8192 unchanged rules costs, next to a batch update" \
	8 $(($(cost dsnctl apply /run/8192) - same)) "$batch"
mixed=$(cost dsnctl apply --prune /run/mixed)
ratio "apply of 8192 changed rules in no order costs, next to a batch update" \
	10 $((mixed - one)) "$batch"
dump=$(scale run dsnctl dump -j)
list=$(cost dsnctl list)
dsnctl apply --prune /run/819 >/dev/null 2>&1
small=$(scale run dsnctl dump -j)
ratio "dump -j of 8192 rules costs, next to 819" 10 "${dump% *}" "${small% *}"
echo "# dump -j: $(((${dump#* } - ${small#* }) * 1024 / 7373)) bytes of memory a rule," \
	"$(((${dump% *} - ${small% *}) / 7373)) instructions"
ratio "list beside 8192 rules costs, next to 819" 3 "$list" "$(cost dsnctl list)"
finish
