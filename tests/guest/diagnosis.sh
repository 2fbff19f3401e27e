# What dsnctl says of a host (check, verify, metrics), beside what is so.
# kernel: any
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
	expect_output "check: $1 is $2" "^$1 +$2" sh -c "dsnctl check -v 2>/dev/null; true"
}

# check, before anything is there
expect "check, before vfio-pci is loaded" dsnctl check
state vfio-pci limited
expect_status 1 "check has not loaded it" test -d /sys/bus/pci/drivers/vfio-pci
expect_output "check without vfio-pci says that it is not certain" "^false$" \
	sh -c "dsnctl check -j 2>/dev/null | json_get certain"
foretold "vfio-pci not loaded"
mv /lib/modules /lib/modules.away
rmmod vfio-pci
expect_status 4 "check without any vfio-pci module exits with 4" dsnctl check
expect_output "check without any vfio-pci module names the cause" \
	"^dsnctl: this host cannot do it: there is no vfio-pci" \
	sh -c "dsnctl check 2>&1; true"
mv /lib/modules.away /lib/modules

bind_vfio $bdf
dmesg -c >/dev/null
expect "check succeeds with vfio-pci loaded" dsnctl check
expect_output "check with vfio-pci loaded is certain" "^true$" \
	sh -c "dsnctl check -j | json_get certain"
for item in btf jit vfio-pci module_btf lockdown fexit kprobes permission ftrace preemption \
	numa_balancing tracepoints task_work lsm addresses bpffs iommu; do
	state $item ok
done
expect_output "check on a host without a fault prints no row of its table" \
	"^17 items are ok; -v prints them$" dsnctl check
expect_status 1 "check on a host without a fault has nothing to fix" \
	sh -c "dsnctl check | grep -e '^btf' -e '^to fix'"
expect "check leaves no program loaded" within 30 no_program dsn_
expect_status 1 "check pins nothing" ls $pins
expect_status 1 "the kernel has logged no BPF program of check" sh -c "dmesg | grep -i bpf"
mkdir -p /etc
echo 'nobody:x:1234:1234::/:/bin/sh' >/etc/passwd
expect "check succeeds for a user who is not root" su nobody -c "dsnctl check"
expect_output "check by a user who is not root says that preemption is unknown" \
	"^preemption +unknown" \
	su nobody -c "dsnctl check"
umount /sys/fs/bpf
expect_status 1 "check without bpffs fails, as load would" dsnctl check
expect_output "check without bpffs says what to do" "mount -t bpf" sh -c "dsnctl check 2>&1; true"
expect_output "check without bpffs prints its row" "^bpffs +missing" \
	sh -c "dsnctl check 2>/dev/null; true"
expect_output "check without bpffs prints no row that is ok" "^16 items are ok" \
	sh -c "dsnctl check 2>/dev/null; true"
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
	skip "ftrace off: no read is real" "this kernel cannot turn ftrace off"
fi
echo 2 >/proc/sys/kernel/kptr_restrict
state addresses ok
if preempt full; then foretold "addresses hidden, preemption full"; fi
echo 0 >/proc/sys/kernel/kptr_restrict
preempt "$was"
echo 0 >/proc/sys/net/core/bpf_jit_enable
if grep -q 0 /proc/sys/net/core/bpf_jit_enable; then
	expect_status 4 "without a JIT check exits with 4" dsnctl check
	expect_status 4 "without a JIT load exits with 4" dsnctl load
	echo 1 >/proc/sys/net/core/bpf_jit_enable
else
	skip "without a JIT load exits with 4" "this kernel always compiles"
fi

# verify
ways='"match".*"match".*"match".*"match".*"match".*"match"'

expect_status 3 "verify before load exits with 3" dsnctl verify
expect "load succeeds before verify" dsnctl load
for value in scrub $chosen hide pass; do
	dsnctl set $bdf "$value" >/dev/null
	expect_output "verify under $value: all ways match" "$ways" dsnctl verify $bdf -j
done
expect_output "verify without a function finds the function" "$ways" dsnctl verify -j
expect_status 1 "verify does not print the real serial" sh -c "dsnctl verify $bdf | grep $real"
expect_output "verify does not keep the group" "^$real$" vfio_read $bdf serial
dsnctl set $bdf $chosen >/dev/null
hold_device $bdf /run/held
expect_status 1 "verify of an open device fails" dsnctl verify $bdf
expect_output "verify of an open device names its process" \
	"^$bdf +serial +- +busy +process $holder" sh -c "dsnctl verify $bdf 2>/dev/null; true"
kill $holder
wait $holder 2>/dev/null
expect_status 2 "verify of something else than an address is wrong usage" dsnctl verify here
for case in "0000:00:1e.7 no such function" "0000:00:00.0 no Device Serial Number"; do
	expect_status 1 "verify fails: $case" dsnctl verify "${case%% *}"
	expect_output "verify names the cause: $case" "${case#* }" \
		sh -c "dsnctl verify ${case%% *} 2>&1; true"
done
unbind $bdf
expect_output "verify of an unbound function says that it is not bound to vfio-pci" \
	"not to vfio-pci" sh -c "dsnctl verify $bdf 2>&1; true"
expect_output "verify without a bound function says that nothing was verified" \
	"nothing was verified" sh -c "dsnctl verify 2>&1"
bind_vfio $bdf
expect_output "verify has killed no reader" "^0$" count kills
# control: with the hook gone behind our back, and the policy still there
for way in scrub $chosen hide; do
	dsnctl load --check off >/dev/null 2>&1
	dsnctl set $bdf "$way" >/dev/null
	expect "control: verify succeeds while the hook is there" dsnctl verify
	rm $pins/dsn_fexit /run/dsnctl/dsn_fexit
	within 30 no_program dsn_fexit
	expect_status 3 "control: verify exits with 3 if the hook is gone under $way" \
		dsnctl verify
	expect_output "control: without the hook every way of verify reports the real serial" \
		"^6$" \
		sh -c "dsnctl verify 2>/dev/null | grep -c 'MISMATCH .*real serial was readable'"
	expect_output "control: without the hook verify -j reports the real serial" "^true$" \
		sh -c "dsnctl verify -j 2>/dev/null | json_get real_readable"
	expect_status 1 "control: without the hook verify does not print the real serial" \
		sh -c "dsnctl verify 2>&1 | grep $real"
done
# with the check behind it, a hook that is gone makes no difference
dsnctl load >/dev/null 2>&1
dsnctl set $bdf scrub >/dev/null
rm $pins/dsn_fexit /run/dsnctl/dsn_fexit
within 30 no_program dsn_fexit
expect_output "verify matches in all ways with the check alone" "$ways" dsnctl verify -j
expect_output "status reports no hook, a check, and proven" "^none (usage|resume) proven$" \
	sh -c "dsnctl status -j >/run/s; echo \$(json_get hook </run/s) \$(json_get check </run/s) \
		\$(json_get guarantee </run/s)"
dsnctl set $bdf pass >/dev/null
expect "control: verify takes the real serial for policy under pass" dsnctl verify
dsnctl load >/dev/null 2>&1
if dsnctl load --check off >/dev/null 2>&1 && echo 0 >/proc/sys/kernel/ftrace_enabled; then
	dsnctl set $bdf scrub >/dev/null
	expect_status 3 "control: verify exits with 3 with ftrace off and no check" dsnctl verify
	echo 1 >/proc/sys/kernel/ftrace_enabled
	expect "verify succeeds with ftrace on again" dsnctl verify
else
	skip "control: verify exits with 3 with ftrace off and no check" \
		"this kernel cannot turn ftrace off then"
fi
expect "unload succeeds" dsnctl unload
expect_status 3 "verify after unload exits with 3" dsnctl verify

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
expect "metrics before load exits with 0" dsnctl metrics
expect_output "metrics: dsnctl_loaded is 0" "^0$" metric dsnctl_loaded
expect_output "metrics before load report not protected" "^1$" \
	metric 'dsnctl_guarantee{level="not protected"}'
dsnctl metrics >/run/metrics
expect "metrics before load keep to the format" awk -f /run/strict /run/metrics
begin=$(date +%s)
dsnctl load >/dev/null 2>&1
end=$(date +%s)
dsnctl set $bdf $chosen >/dev/null
vfio_read $bdf serial >/dev/null
dsnctl set $bdf pass >/dev/null
vfio_read $bdf serial >/dev/null
dsnctl metrics >/run/metrics
expect "metrics keep to the format" awk -f /run/strict /run/metrics
expect_output "metrics: dsnctl_loaded is 1 after load" "^1$" metric dsnctl_loaded
expect_output "metrics report proven" "^1$" metric 'dsnctl_guarantee{level="proven"}'
expect_output "metrics report one level only" "^1$" \
	sh -c "grep -c '^dsnctl_guarantee.* 1$' /run/metrics"
expect_output "metrics report the hook, the check and the preemption model" \
	'^dsnctl_info\{.*hook="fexit",check="[a-z]+",preemption="[a-z]+"' cat /run/metrics
expect_output "metrics count one rule" "^1$" metric dsnctl_rules
for key in touched missed repaired answered refused wholes wholes_passed unchecked stops kills \
	failed_writes unkillable uncounted collapsed; do
	expect_output "metrics have $key as status has it" "^$(count $key)$" \
		metric dsnctl_${key}_total
done
expect_output "metrics have the reads of the device as get has them" \
	"^$(dsnctl get $bdf -j | json_get reads)$" \
	metric "dsnctl_device_reads_total{bdf=\"$bdf\"}"
expect_output "metrics count reads of the device" "^[1-9]" \
	metric "dsnctl_device_reads_total{bdf=\"$bdf\"}"
expect_output "metrics count reads that were passed" "^[1-9]" \
	metric "dsnctl_device_passed_total{bdf=\"$bdf\"}"
at=$(metric dsnctl_loaded_timestamp_seconds)
expect "metrics have the time of load" test "$at" -ge $((begin - 1)) -a "$at" -le $((end + 1))
expect_output "metrics -j has the names" "^dsnctl_loaded$" \
	sh -c "dsnctl metrics -j | json_get metrics 0 name"
expect_status 1 "metrics do not print the serial" grep -E "$real|$chosen" /run/metrics
expect_status 1 "metrics by a user who is not root fail" su nobody -c "dsnctl metrics"

expect "metrics --textfile succeeds" dsnctl metrics --textfile $text
expect "metrics --textfile writes what metrics prints" cmp $text /run/metrics
expect_output "metrics --textfile writes a file of mode 0644" "^-rw-r--r--" ls -l $text
exec 3<$text
dsnctl unload >/dev/null
dsnctl metrics --textfile $text
expect_output "a reader of the old text file reads it to its end" "^[0-9]+ /run/metrics$" \
	sh -c "cat <&3 | cmp - /run/metrics && wc -c /run/metrics"
exec 3<&-
expect_output "the text file is the new one" "^dsnctl_loaded 0$" cat $text
expect_output "metrics --textfile leaves no temporary file" "^1$" sh -c "ls -d $text* | wc -l"
mkdir /run/full
mount -t tmpfs -o size=4k tmpfs /run/full
echo old >/run/full/metrics.prom
expect_status 1 "metrics --textfile to a full disk fails" \
	dsnctl metrics --textfile /run/full/metrics.prom
expect_output "metrics --textfile to a full disk leaves the old file" "^old$" \
	cat /run/full/metrics.prom
expect_output "metrics --textfile to a full disk leaves no temporary file" "^1$" \
	sh -c "ls -a /run/full | grep -c metrics"
expect_status 1 "metrics --textfile to a missing folder fails" \
	dsnctl metrics --textfile /nowhere/metrics.prom
finish
