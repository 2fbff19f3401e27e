# Rules for the run of one VM: what they cover, what leaves them alone, and what outlives a kill.
# kernel: any
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

vm=7c1e7a52-0d5a-4b6e-9d0f-0c3f7a0e5b07
other=11111111-2222-4333-8444-555555555555
nic0=ea-c7-0c-92-a3-7b-21-ee
absent=0000:09:00.0

sees() { expect_output "$1" "^$2$" vfio_read $bdf serial; }

# once STATUS NAME REGEX COMMAND...: like says, of one run, as the second changes nothing
once() {
	local want=$1 name=$2 regex=$3 status=0

	shift 3
	"$@" >/run/said 2>&1 || status=$?
	if [ $status = "$want" ] && grep -Eq -e "$regex" /run/said; then
		ok "$name"
	else
		not_ok "$name" "status $status, want $want and $regex" "$(cat /run/said)"
	fi
}

mkdir -p /etc/dsnctl.d
bind_vfio $bdf
expect_status 3 "claim before load exits with 3" dsnctl claim $vm $bdf scrub
expect "load succeeds" dsnctl load

# over the default, a device's rule, a rule of its own
once 0 "claim prints what it shows" "^$bdf: $nic0 \(was none\)" \
	dsnctl claim $vm $bdf "derive:alias ua-nic0" --name build-7
sees "a claim covers the default" $nic0
once 0 "the same claim again changes nothing" "^VM build-7 \($vm\): unchanged" \
	dsnctl claim $vm $bdf "derive:alias ua-nic0"
expect "set of the device succeeds" dsnctl set 0000:00:04 $second
sees "a claim covers the device's rule" $nic0
once 0 "set of a claimed function says whose it is" \
	"$bdf: VM build-7 \($vm\) has claimed it" dsnctl set $bdf $chosen
sees "set leaves a claim alone" $nic0
expect_output "save prints the rule below the claim" "^$bdf $chosen$" sh -c "dsnctl save 2>/dev/null"
once 0 "save says that claims are not in it" "claims of VMs are not saved: 1 functions" dsnctl save
once 0 "release prints what counts again" "^$bdf: $chosen \(was $nic0\)" dsnctl release $vm
sees "release gives back what was set meanwhile" $chosen
once 0 "release of nothing is done" "^VM $vm: unchanged" dsnctl release $vm
expect "claim of hide succeeds" dsnctl claim $vm $bdf hide --name build-7
expect "unset of the function succeeds below a claim" dsnctl unset $bdf
expect "release succeeds" dsnctl release $vm
sees "release gives back the device's rule after unset of the function's" $second

# who has it
expect "claim of two functions succeeds" dsnctl claim $vm $bdf "derive:alias ua-nic0" \
	$absent "derive:alias ua-nic1" --name build-7
expect_output "get names the VM" "^vm: +build-7$" dsnctl get $bdf
expect_output "get names the VM's UUID" "^uuid: +$vm$" dsnctl get $bdf
expect_output "get names the claim as the rule" "^rule: +claim$" dsnctl get $bdf
expect_output "list names VM and UUID" "^$bdf .* claim .* build-7 +$vm" dsnctl list
expect_output "dump names VM and UUID" "^$absent .* claim .* build-7 +$vm" dsnctl dump
expect_output "status counts claims" "^claims: +2$" dsnctl status
expect_output "status shows an idle claim" "^$bdf +$nic0 +build-7 +$vm +-$" dsnctl status
expect_output "metrics have the claim" \
	"^dsnctl_claim_open\{bdf=\"$bdf\",vm=\"build-7\",uuid=\"$vm\"\} 0$" dsnctl metrics
expect_output "metrics count claims" "^dsnctl_claims 2$" dsnctl metrics
expect_output "a claim is no unsaved rule" "^1$" sh -c "dsnctl status -j | json_get unsaved"

once 0 "claim warns of a function that is not there" "0000:0a:00.0: no such function now" \
	dsnctl claim $other 0000:0a:00.0 scrub
once 0 "claim warns of one serial for two functions" "the same serial $nic0" \
	dsnctl claim $other 0000:0a:00.0 $nic0
expect "release of the second VM succeeds" dsnctl release $other

# files, reload
echo "$bdf $chosen" >/etc/dsnctl.d/$bdf.conf
once 0 "apply --prune says whose function has a new rule" "$bdf: VM build-7 .* has claimed it" \
	dsnctl apply --prune
sees "apply --prune leaves a claim alone" $nic0
expect_output "apply --prune keeps all claims" "^claims: +2$" dsnctl status
expect "load over claims succeeds" dsnctl load
sees "a claim survives a reload" $nic0
expect_output "the VM's name survives a reload" "^vm: +build-7$" dsnctl get $bdf
expect "verify finds what claims show" dsnctl verify $bdf
expect "claim that names one of two succeeds" dsnctl claim $vm $bdf "derive:alias ua-nic0"
expect_output "what is not named any more is released" "^claims: +1$" dsnctl status
expect_output "the VM keeps its name" "^vm: +build-7$" dsnctl get $bdf
expect "claim --add succeeds" dsnctl claim $vm $absent scrub --add
expect_output "claim --add keeps the others" "^claims: +2$" dsnctl status

# take-over
hold_device $bdf /run/held
once 1 "a claim of another VM that is open is refused" \
	"$bdf: VM build-7 \($vm\) has claimed it, and process $holder \(vfio_read\) has it open" \
	dsnctl claim $other $bdf scrub --name test-1
once 1 "release is refused while the device is open" "process $holder .* has it open" \
	dsnctl release $vm
once 0 "a claim that is open stays if it is not named" "$bdf: stays claimed, as process $holder" \
	dsnctl claim $vm $absent hide
expect_output "metrics have the open claim" \
	"^dsnctl_claim_open\{bdf=\"$bdf\",.*\} 1$" dsnctl metrics
expect_output "status names the process of a claim" "^$bdf +$nic0 +build-7 +$vm +$holder " dsnctl status
expect "set succeeds below an open claim" dsnctl set $bdf $second
kill $holder
wait $holder 2>/dev/null
once 0 "an idle claim is taken over, and reported" "$bdf: taken over from VM build-7 \($vm\)" \
	dsnctl claim $other $bdf $unlike --name test-1
sees "the claim of the other VM counts" $unlike
expect "release of the VM that has lost one succeeds" dsnctl release $vm
sees "a release leaves the other VM's claim alone" $unlike
expect "release of the other VM succeeds" dsnctl release $other
sees "the rule that was set below both counts again" $second
expect_output "no claim is left" "^claims: +0$" dsnctl status
expect_output "no record of a claim is left in the map" "^1$" \
	sh -c "bpftool -j map dump pinned $pins/rules | grep -o '\"key\":\[' | wc -l"

# no claim: by a VM that has no line, of a function that another VM had claimed
expect "claim of one VM succeeds" dsnctl claim $vm $bdf $unlike $absent scrub --name build-7
once 0 "claim of none takes back the idle claim of another VM" \
	"$bdf: taken back from VM build-7 \($vm\)" dsnctl claim $other $bdf none --name test-1
sees "the rule counts again after a claim of none" $second
expect_output "claim of none leaves other functions' claims" "^claims: +1$" dsnctl status
once 0 "claim of none where there is none changes nothing" "^VM test-1 .*: unchanged" \
	dsnctl claim $other $bdf none --name test-1
expect "claim of one VM succeeds once more" dsnctl claim $vm $bdf $unlike --name build-7
hold_device $bdf /run/held
once 1 "claim of none is refused while another VM has the function open" \
	"VM build-7 .* has claimed it, and process $holder" dsnctl claim $other $bdf none
kill $holder
wait $holder 2>/dev/null
expect "release succeeds after claims of none" dsnctl release $vm

# killed at any system call that may change anything: before or after, never between
# killed NAME BEFORE AFTER RESTORE COMMAND...: RESTORE leads back to BEFORE
shows() { dsnctl get $bdf | grep -E '^(policy|serial|rule|vm|uuid):'; }
killed() {
	local name=$1 before=$2 after=$3 restore=$4 n=0 befores=0 afters=0 now

	shift 4
	while :; do
		n=$((n + 1))
		kill_at $n "$@" >/run/out 2>&1 || break
		now=$(shows)
		if [ "$now" = "$before" ]; then
			befores=$((befores + 1))
		elif [ "$now" = "$after" ]; then
			afters=$((afters + 1))
			$restore >/run/out 2>&1
			[ "$(shows)" = "$before" ] || not_ok "$name: back after kill $n" "$(shows)"
		else
			not_ok "$name: kill $n" "$now"
		fi
	done
	if [ $befores -gt 5 ] && [ $afters -gt 0 ] && [ "$(shows)" = "$after" ]; then
		ok "$name: $befores kills left the state before, $afters that after"
	else
		not_ok "$name" "before $befores, after $afters" "$(shows)"
	fi
}
claim="dsnctl claim $vm $bdf derive:nic0 --name build-7"
release="dsnctl release $vm"
free=$(shows)
$claim >/run/out
claimed=$(shows)
$release >/run/out
# shellcheck disable=SC2086 # words
killed "claim" "$free" "$claimed" "$release" $claim
# shellcheck disable=SC2086
killed "release" "$claimed" "$free" "$claim" $release
expect "unload succeeds after all that" dsnctl unload
finish
