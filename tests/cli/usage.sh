#!/bin/bash
# The command line without a kernel: help, options, bad input. Prints TAP-like lines.
set -uo pipefail

dsnctl=$1
failed=0

# expect STATUS NAME REGEX ARGUMENT...: the regex must match stdout and stderr together.
expect() {
	local want=$1 name=$2 regex=$3 out status=0

	shift 3
	out=$("$dsnctl" "$@" 2>&1) || status=$?
	if ((status == want)) && grep -qE -e "$regex" <<<"$out"; then
		echo "ok - $name"
	else
		echo "not ok - $name"
		printf '# dsnctl %s: status %s, want %s and %s\n%s\n' "$*" "$status" "$want" \
			"$regex" "$out" | sed 's/^[^#]/# &/'
		failed=1
	fi
}

expect 0 "--help prints the usage" "^Usage: dsnctl COMMAND" --help
expect 0 "-h prints the usage" "^Usage: dsnctl COMMAND" -h
expect 0 "--version prints the version" "^dsnctl [0-9]+\.[0-9]+$" --version
expect 2 "no command is wrong usage" "no command" 
expect 2 "an unknown command is wrong usage" "frobnicate: not a command" frobnicate
expect 2 "a prefix of a command is wrong usage" "stat: not a command" stat
expect 2 "an unknown option is wrong usage" "try 'dsnctl status --help'" status --frobnicate
expect 2 "an option of another command is wrong usage" "set: does not take that option" \
	set --real 01:00.0 scrub
expect 2 "an option without its value is wrong usage" "--check needs a value" load --check
expect 2 "wrong usage with -j is reported as JSON" \
	'"command":"get","status":2,"errors":\[".*not a PCI' get -j zz
expect 2 "a wrong option with -j is reported as JSON" \
	'"status":2,"errors":\["get: --zz is no option"\]' get --zz -j
expect 2 "missing operands are wrong usage" "set: want TARGET VALUE" set 01:00.0
expect 2 "too many operands are wrong usage" "unset: unexpected 'x'" unset 01:00.0 x
expect 2 "a bad address is wrong usage" "01:00: not a PCI function|01:00: the device is not" \
	get 01:00
expect 2 "a wildcard is wrong usage" "\*:00.0: wildcards are not taken" set '*:00.0' scrub
expect 2 "a bad value is wrong usage" "hide-it: not a value" set 01:00.0 hide-it
expect 2 "a short serial is wrong usage" "01-02: not a serial" set 01:00.0 01-02
expect 2 "all ones is wrong usage" "all ones is what a missing device reads as" \
	set 01:00.0 ffffffffffffffff
expect 2 "a serial for the default is wrong usage" "default: takes scrub, hide or pass" \
	set default 02-00-5e-10-00-00-00-01
expect 2 "an expect without ids is wrong usage" "expect: wants VENDOR:DEVICE" \
	set 01:00.0 scrub expect
expect 2 "an expect of half an id is wrong usage" "8086: not a vendor and device id" \
	set 01:00.0 scrub expect 8086
expect 2 "another word after the value is wrong usage" "only 'vpd', 'gaps' and 'expect VENDOR:DEVICE' may follow" \
	set 01:00.0 scrub please 1
expect 2 "an expect for the default is wrong usage" "default: takes no 'expect'" \
	set default scrub gaps zero expect 8086:10d3
expect 2 "a word that VPD cannot be is wrong usage" "vpd=none: want vpd empty, hide or pass" \
	set 01:00.0 scrub vpd=none
expect 2 "a vpd without its word is wrong usage" "vpd: wants empty, hide or pass" \
	set 01:00.0 scrub vpd
expect 2 "a word that gaps cannot be is wrong usage" "hide: want gaps zero or pass" \
	set 01:00.0 scrub gaps hide
expect 2 "gaps given twice are wrong usage" "gaps: is given twice" \
	set 01:00.0 scrub gaps=zero vpd=empty gaps pass
expect 2 "a target that is neither function nor device is wrong usage" \
	"01:00:00:00: neither a PCI function" set 01:00:00:00 scrub
expect 1 "apply of a missing file fails" "/no/such/file: No such file" apply /no/such/file
expect 2 "unset of the default is wrong usage" "default: cannot be unset" unset default
expect 2 "a bad hook is wrong usage" "--hook fentry: want auto" load --hook fentry
expect 2 "a bad check is wrong usage" "--check best: want auto" load --check best
expect 2 "two checks are wrong usage" "--check usage\|resume: want auto" \
	load --check 'usage|resume'
expect 2 "an empty check is wrong usage" "--check : want auto" load --check ''
expect 2 "a former option is wrong usage" "'dsnctl load --help'" load --guard off
expect 2 "a bad level is wrong usage" "--require all: want proven" status --require all

expect 2 "a bad process id is wrong usage" "0x12: not a process id" repair 0x12
expect 2 "process id 0 is wrong usage" "0: not a process id" repair 0
expect 2 "a process id with --follow is wrong usage" "12: --follow is for all processes" \
	repair --follow 12

vm=7c1e7a52-0d5a-4b6e-9d0f-0c3f7a0e5b07
expect 2 "a claim of pass is wrong usage" "pass: cannot be claimed: use 'dsnctl set'" \
	claim $vm 01:00.0 pass
expect 2 "a claim of no value is wrong usage" "shown: not a value of a claim \(want scrub" \
	claim $vm 01:00.0 shown
expect 2 "a claim of a device is wrong usage" "01:00: the device is not|01:00: not a PCI function" \
	claim $vm 01:00 scrub
expect 2 "a claim whose last function has no value is wrong usage" "02:00.0: has no value" \
	claim $vm 01:00.0 scrub 02:00.0
expect 2 "a claim of one function twice is wrong usage" "0000:01:00.0: is named twice" \
	claim $vm 01:00.0 scrub 0000:01:00.0 scrub
expect 2 "a claim of a wrong label is wrong usage" "ua-nic0: write 'alias' before it" \
	claim $vm 01:00.0 derive:ua-nic0
expect 2 "a claim for no UUID is wrong usage" "build-7: not a UUID" claim build-7 01:00.0 scrub
expect 2 "a name with control characters is wrong usage" "UTF-8 without control characters" \
	claim $vm 01:00.0 scrub --name $'a\nb'
expect 2 "a release of no UUID is wrong usage" "build-7: not a UUID" release build-7

commands=$("$dsnctl" --help | sed -nE 's/^  ([a-z]+) .*/\1/p')
for command in $commands; do
	expect 0 "$command --help prints its usage" "^Usage: dsnctl $command" "$command" --help
	if grep -q "dsnctl $command" README.md; then
		echo "ok - README names $command"
	else
		echo "not ok - README names $command"
		failed=1
	fi
done
if [[ $(wc -w <<<"$commands") -ge 8 ]]; then
	echo "ok - help lists the commands"
else
	echo "not ok - help lists the commands"
	failed=1
fi
if "$dsnctl" --help >/dev/full 2>/dev/null; then
	echo "not ok - --help to a full disk fails"
	failed=1
else
	echo "ok - --help to a full disk fails"
fi
exit $failed
