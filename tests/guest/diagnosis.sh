# What dsnctl says of a host (check, verify, metrics), beside what is so.
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

text=/run/dsnctl.prom

# foretold NAME: check before load says what status says after it
foretold() {
	local want

	want=$(outcome check)
	dsnctl load >/dev/null 2>&1
	expect_output "$1: check has foretold '$want'" "^${want:-nothing}$" outcome status
	dsnctl unload --force >/dev/null
}

# state ITEM STATE: of a row of check
state() {
	expect_output "check: $1 is $2" "^$1 +$2" sh -c "dsnctl check 2>/dev/null; true"
}

# check, before anything is there
expect "check, before vfio-pci is loaded" dsnctl check
state vfio-pci limited
expect_status 1 "check has not loaded it" test -d /sys/bus/pci/drivers/vfio-pci
expect_output "and it says that not all could be seen" "^false$" \
	sh -c "dsnctl check -j 2>/dev/null | json_get certain"
foretold "vfio-pci not loaded"
mv /lib/modules /lib/modules.away
rmmod vfio-pci
expect_status 4 "no vfio-pci at all" dsnctl check
expect_output "is told" "^dsnctl: this host cannot do it: there is no vfio-pci" \
	sh -c "dsnctl check 2>&1; true"
mv /lib/modules.away /lib/modules

bind_vfio $bdf
dmesg -c >/dev/null
expect "check" dsnctl check
expect_output "all is seen" "^true$" sh -c "dsnctl check -j | json_get certain"
for item in btf jit vfio-pci module_btf lockdown fexit kprobes permission ftrace preemption \
	numa_balancing tracepoints task_work lsm addresses bpffs iommu; do
	state $item ok
done
expect_status 1 "no program was loaded by it" sh -c "bpftool prog show | grep dsn_"
expect_status 1 "nothing is pinned" ls $pins
expect_status 1 "the kernel has not warned of one" sh -c "dmesg | grep -i bpf"
mkdir -p /etc
echo 'nobody:x:1234:1234::/:/bin/sh' >/etc/passwd
expect "not root: check" su nobody -c "dsnctl check"
expect_output "not root: the preemption model is not seen" "^preemption +unknown" \
	su nobody -c "dsnctl check"
umount /sys/fs/bpf
expect_status 1 "no bpffs: as load would" dsnctl check
expect_output "no bpffs: what to do" "mount -t bpf" sh -c "dsnctl check 2>&1; true"
mount -t bpf bpf /sys/fs/bpf

was=$(sed 's/.*(\(.*\)).*/\1/' /sys/kernel/debug/sched/preempt)
for name in none voluntary full lazy; do
	if preempt $name; then
		foretold "preemption $name"
	else
		skip "preemption $name" "this kernel has no such model"
	fi
done
if echo 0 >/proc/sys/kernel/ftrace_enabled; then
	state ftrace off
	for name in voluntary full lazy; do
		if preempt $name; then foretold "ftrace off, preemption $name"; fi
	done
	echo 1 >/proc/sys/kernel/ftrace_enabled
else
	skip "ftrace off" "this kernel cannot turn ftrace off"
fi
echo 2 >/proc/sys/kernel/kptr_restrict
state addresses limited
if preempt full; then foretold "addresses hidden, preemption full"; fi
echo 0 >/proc/sys/kernel/kptr_restrict
preempt "$was"
echo 0 >/proc/sys/net/core/bpf_jit_enable
if grep -q 0 /proc/sys/net/core/bpf_jit_enable; then
	expect_status 4 "no JIT: check" dsnctl check
	expect_status 4 "no JIT: load" dsnctl load
	echo 1 >/proc/sys/net/core/bpf_jit_enable
else
	skip "no JIT" "this kernel always compiles"
fi

# verify
ways='"match".*"match".*"match".*"match".*"match".*"match"'

expect_status 3 "verify: not loaded" dsnctl verify
expect "load" dsnctl load
for value in scrub $chosen hide pass; do
	dsnctl set $bdf "$value" >/dev/null
	expect_output "verify under $value: all ways match" "$ways" dsnctl verify $bdf -j
done
expect_output "verify without a function finds it" "$ways" dsnctl verify -j
expect_status 1 "it does not print the real serial" sh -c "dsnctl verify $bdf | grep $real"
expect_output "it does not keep the group" "^$real$" vfio_read $bdf serial
dsnctl set $bdf $chosen >/dev/null
vfio_read $bdf hold >/run/reader &
reader=$!
sleep 1
expect_status 1 "verify: busy" dsnctl verify $bdf
expect_output "verify says busy" "^$bdf +serial +- +busy +process $reader" sh -c "dsnctl verify $bdf 2>/dev/null; true"
kill $reader
wait $reader 2>/dev/null
expect_status 2 "verify: no address" dsnctl verify here
for case in "0000:00:1e.7 no such function" "0000:00:00.0 no Device Serial Number"; do
	expect_status 1 "verify: $case" dsnctl verify "${case%% *}"
	expect_output "says: $case" "${case#* }" sh -c "dsnctl verify ${case%% *} 2>&1; true"
done
unbind $bdf
expect_output "verify: not bound" "not to vfio-pci" sh -c "dsnctl verify $bdf 2>&1; true"
expect_output "verify: nothing to verify" "nothing was verified" sh -c "dsnctl verify 2>&1"
bind_vfio $bdf
expect_output "nobody was killed" "^0$" count kills
# control: with the hook gone behind our back, and the policy still there
for way in scrub $chosen hide; do
	dsnctl load --check off >/dev/null 2>&1
	dsnctl set $bdf "$way" >/dev/null
	expect "control: a hook is there" dsnctl verify
	rm $pins/dsn_fexit /run/dsnctl/dsn_fexit
	sleep 1
	expect_status 3 "control: the hook is gone under $way" dsnctl verify
	expect_output "control: every way says so" "^6$" \
		sh -c "dsnctl verify 2>/dev/null | grep -c 'MISMATCH .*real serial was readable'"
	expect_output "control: JSON too" "^true$" \
		sh -c "dsnctl verify -j 2>/dev/null | json_get real_readable"
	expect_status 1 "control: the real serial is not printed" \
		sh -c "dsnctl verify 2>&1 | grep $real"
done
# with the check behind it, a hook that is gone makes no difference
dsnctl load >/dev/null 2>&1
dsnctl set $bdf scrub >/dev/null
rm $pins/dsn_fexit /run/dsnctl/dsn_fexit
sleep 1
expect_output "the hook is gone, the check is there: all ways match" "$ways" dsnctl verify -j
expect_output "status says so" "^none (usage|resume) proven$" \
	sh -c "dsnctl status -j >/run/s; echo \$(json_get hook </run/s) \$(json_get check </run/s) \
		\$(json_get guarantee </run/s)"
dsnctl set $bdf pass >/dev/null
expect "control: under pass it is policy" dsnctl verify
dsnctl load >/dev/null 2>&1
if dsnctl load --check off >/dev/null 2>&1 && echo 0 >/proc/sys/kernel/ftrace_enabled; then
	dsnctl set $bdf scrub >/dev/null
	expect_status 3 "control: ftrace off, no check" dsnctl verify
	echo 1 >/proc/sys/kernel/ftrace_enabled
	expect "and on again" dsnctl verify
else
	skip "control: ftrace off, no check" "this kernel cannot turn ftrace off then"
fi
expect "unload" dsnctl unload
expect_status 3 "verify after unload" dsnctl verify

# metrics

# Stricter than the format: one HELP and TYPE, both before the samples, no sample twice.
cat >/run/strict <<-\AWK
	function bad(why) { print "line " NR ": " why ": " $0; failed = 1 }
	/^# HELP [a-z_]+ ./ { if (help[$3]++) bad("second HELP"); next }
	/^# TYPE [a-z_]+ (counter|gauge)$/ {
		if (type[$3]) bad("second TYPE")
		if (!help[$3]) bad("no HELP")
		if (($4 == "counter") != ($3 ~ /_total$/)) bad("counters end in _total")
		type[$3] = $4
		now = $3
		next
	}
	/^[a-z_]+([{][a-z_]+="[^"\\]*"(,[a-z_]+="[^"\\]*")*[}])? [0-9]+$/ {
		name = $0
		sub(/[{ ].*/, "", name)
		if (name != now) bad("not behind its TYPE")
		sample = $0
		sub(/ [0-9]+$/, "", sample)
		if (seen[sample]++) bad("second sample")
		samples++
		next
	}
	{ bad("neither comment nor sample") }
	END { if (!samples) bad("no samples"); exit failed }
AWK

# metric SAMPLE: its value
metric() {
	dsnctl metrics | awk -v sample="$1" 'index($0, sample " ") == 1 {
		print substr($0, length(sample) + 2) }'
}

echo 'a_total 1' >/run/wrong
expect_status 1 "control: the check of the format finds an error" awk -f /run/strict /run/wrong
expect "metrics: not loaded" dsnctl metrics
expect_output "metrics: dsnctl_loaded is 0" "^0$" metric dsnctl_loaded
expect_output "metrics: not protected" "^1$" metric 'dsnctl_guarantee{level="not protected"}'
dsnctl metrics >/run/metrics
expect "metrics, not loaded: the format" awk -f /run/strict /run/metrics
dsnctl load >/dev/null 2>&1
dsnctl set $bdf $chosen >/dev/null
vfio_read $bdf serial >/dev/null
dsnctl set $bdf pass >/dev/null
vfio_read $bdf serial >/dev/null
dsnctl metrics >/run/metrics
expect "metrics: the format" awk -f /run/strict /run/metrics
expect_output "metrics: dsnctl_loaded" "^1$" metric dsnctl_loaded
expect_output "metrics: proven" "^1$" metric 'dsnctl_guarantee{level="proven"}'
expect_output "metrics: one level only" "^1$" sh -c "grep -c '^dsnctl_guarantee.* 1$' /run/metrics"
expect_output "metrics: the hook" '^dsnctl_info\{.*hook="fexit",check="[a-z]+",preemption="[a-z]+"' cat /run/metrics
expect_output "metrics: rules" "^1$" metric dsnctl_rules
for key in touched missed repaired answered refused wholes wholes_passed unchecked stops kills \
	failed_writes unkillable uncounted collapsed; do
	expect_output "metrics: $key as in status" "^$(count $key)$" \
		metric dsnctl_${key}_total
done
expect_output "metrics: reads of the device" "^$(dsnctl get $bdf -j | json_get reads)$" \
	metric "dsnctl_device_reads_total{bdf=\"$bdf\"}"
expect_output "metrics: which there were" "^[1-9]" metric "dsnctl_device_reads_total{bdf=\"$bdf\"}"
expect_output "metrics: passed" "^[1-9]" metric "dsnctl_device_passed_total{bdf=\"$bdf\"}"
now=$(date +%s)
age=$((now - $(metric dsnctl_loaded_timestamp_seconds)))
expect "metrics: when it was loaded" test $age -ge 0 -a $age -lt 120
expect_output "metrics -j" "^dsnctl_loaded$" sh -c "dsnctl metrics -j | json_get metrics 0 name"
expect_status 1 "metrics do not have the serial" grep -E "$real|$chosen" /run/metrics
expect_status 1 "not root: metrics" su nobody -c "dsnctl metrics"

expect "metrics --textfile" dsnctl metrics --textfile $text
expect "the same text" cmp $text /run/metrics
expect_output "mode 0644" "^-rw-r--r--" ls -l $text
exec 3<$text
dsnctl unload >/dev/null
dsnctl metrics --textfile $text
expect_output "who has the old file open reads it to its end" "^[0-9]+ /run/metrics$" \
	sh -c "cat <&3 | cmp - /run/metrics && wc -c /run/metrics"
exec 3<&-
expect_output "the file is the new one" "^dsnctl_loaded 0$" cat $text
expect_output "no temporary file is left" "^1$" sh -c "ls -d $text* | wc -l"
mkdir /run/full
mount -t tmpfs -o size=4k tmpfs /run/full
echo old >/run/full/metrics.prom
expect_status 1 "a full disk" dsnctl metrics --textfile /run/full/metrics.prom
expect_output "leaves the old file" "^old$" cat /run/full/metrics.prom
expect_output "and nothing else" "^1$" sh -c "ls -a /run/full | grep -c metrics"
expect_status 1 "no such folder" dsnctl metrics --textfile /nowhere/metrics.prom
finish
