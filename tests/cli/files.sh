#!/bin/bash
# Rule files as people write them, and what reaches JSON and a terminal. Prints TAP-like lines.
set -uo pipefail

dsnctl=$(readlink -f "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit
failed=0

# result GOOD NAME DETAIL...
result() {
	if (($1)); then
		echo "ok - $2"
		return
	fi
	echo "not ok - $2"
	printf '%s\n' "${@:3}" | cat -v | sed 's/^/# /'
	failed=1
}

# apply TEXT: of a file with this text, as printf has it; what it prints goes to out and err
apply() {
	printf '%b' "$1" >rules.conf
	timeout 10 "$dsnctl" apply --dry-run rules.conf >out 2>err
}

# refused NAME REGEX TEXT: by an error that names file, line and cause
refused() {
	apply "$3"
	grep -qE -e "^dsnctl: rules.conf:[0-9]+: .*$2" err && grep -q 'nothing was changed' err
	result $((!$?)) "$1 is refused by its name" "$(cat err)"
}

# taken NAME TEXT: no word about the file (what follows fails here, where nothing is loaded)
taken() {
	apply "$2"
	grep -q 'rules.conf\|nothing was changed' err
	result $(($?)) "$1 is taken" "$(cat err)"
}

rule='0000:01:00.0 02-00-5e-10-00-00-00-01'
taken "a plain rule" "$rule\n"
taken "a last line without its end" "$rule"
taken "CR LF" "# one\r\n$rule\r\n\r\n"
taken "a byte order mark" "\\0357\\0273\\0277$rule\n"
taken "a byte order mark before a comment" "\\0357\\0273\\0277# one\n$rule\n"
taken "a comment in another language" "$rule # f\\0303\\0274r den Gast\n"
taken "a comment that is not UTF-8" "$rule # f\\0374r den Gast\n"
refused "UTF-16" "is UTF-16.*UTF-8" '\0377\0376d\0000e\0000f\0000\n\0000'
refused "UTF-16, high byte first" "is UTF-16.*UTF-8" '\0376\0377\0000d\0000e'
refused "a no-break space" "no-break space \(U\+00A0\)" '0000:01:00.0\0302\0240scrub\n'
refused "a no-break space at the end" "no-break space \(U\+00A0\)" '0000:01:00.0 scrub\0302\0240\n'
refused "a wide space" "space \(U\+3000\)" '0000:01:00.0\0343\0200\0200scrub\n'
refused "a zero-width space" "U\+200B" '0000:01:00.0 scrub\0342\0200\0213\n'
refused "a byte order mark within a line" "U\+FEFF" '0000:01:00.0 \0357\0273\0277scrub\n'
refused "an en dash" "dash \(U\+2013\).*'-'" '0000:01:00.0 02\0342\0200\0223'"00-5e-10-00-00-00-01\n"
refused "a non-breaking hyphen" "dash \(U\+2011\).*'-'" \
	'0000:01:00.0 02\0342\0200\0221'"00-5e-10-00-00-00-01\n"
refused "a minus sign" "dash \(U\+2212\).*'-'" '0000:01:00.0 02\0342\0210\0222'"00-5e\n"
refused "a curly quote" "quote \(U\+201C\)" '0000:01:00.0 \0342\0200\0234scrub\0342\0200\0235\n'
refused "a quoted value" "quotes" '0000:01:00.0 "scrub"\n'
refused "a quoted target" "quotes" "'0000:01:00.0' scrub\n"
refused "an equals sign between" "'='" '0000:01:00.0 = scrub\n'
refused "an equals sign without spaces" "'='" '0000:01:00.0=scrub\n'
refused "a colon after the target" "ends in ':'" '0000:01:00.0: scrub\n'
refused "CR alone as the line end" "CR alone" "$rule\rdefault pass\r"
refused "CR alone after a comment" "CR alone" "# one\r$rule\r"
refused "another comment character" "'#' starts a comment" '; one\n'
refused "a byte that is no UTF-8" "not UTF-8" '0000:01:00.0 scr\0374b\n'

# lines for VMs
vm='vm 7c1e7a52-0d5a-4b6e-9d0f-0c3f7a0e5b07'
taken "a line for all VMs" "vm default derive\n"
taken "lines for a VM and its devices" "$vm hide\n$vm device ua-nic0 derive keep 16\n\
$vm device mac:52:54:00:12:34:56 scrub\n$vm device slot:0000:01:00 02-00-5e-10-00-00-00-01 # one\n"
refused "a VM's line without a VM" "vm: wants 'default' or the UUID" 'vm\n'
refused "a VM's name" "build-7: not a UUID" 'vm build-7 hide\n'
refused "a VM's line without a value" "has no value" "$vm\n"
refused "a VM's device without a value" "ua-nic0: has no value" "$vm device ua-nic0\n"
refused "a VM's device without a name" "device: wants ua-NAME" "$vm device\n"
refused "a device of all VMs" "default: takes no device" "vm default device ua-nic0 hide\n"
refused "an alias by position" "hostdev0: not a device of a VM" "$vm device hostdev0 hide\n"
refused "a slot with a function" "slot:0000:01:00.0: 'slot' wants" "$vm device slot:0000:01:00.0 hide\n"
refused "pass for a VM" "pass: not for a VM, which may get another card" "$vm device ua-nic0 pass\n"
refused "one serial for all VMs" "is one serial for all devices" 'vm default 02-00-5e-10-00-00-00-01\n'
refused "one serial for a VM" "is one serial for all devices" "$vm 02-00-5e-10-00-00-00-01\n"
refused "other bits to keep" "8: wants 'keep 16'" "$vm derive keep 8\n"
refused "more after a VM's value" "nic0: nothing may follow" "$vm derive nic0\n"
refused "a curly quote in a VM's line" "quote \(U\+201C\)" 'vm default \0342\0200\0234derive\n'
refused "two lines of one VM" "the VM has such a line in line 1 already" "$vm hide\n$vm scrub\n"

# the key that derived serials need
refused "a key's id that is none" "key: wants the key's id, 8 hex digits" 'key 4d71876\n'
refused "a key's line without an id" "key: wants the key's id" 'key\n'
refused "more after a key's id" "key: wants the key's id" 'key none none\n'
refused "two keys in one file" "key: stands in line 1 already" 'key none\nkey 4d718762\n'
if [[ -e /etc/dsnctl.key || -e /run/dsnctl.key ]]; then
	echo "ok - the id of the key # SKIP this host has a key"
else
	taken "no key where none is wanted" 'key none\nvm default derive\n'
	refused "a missing key" "the key has the id none, not 4d718762" 'vm default derive\nkey 4d718762\n'
fi

# one whose lines replace those of an earlier file has some
printf 'key none\nvm default derive\n' >first.conf
printf 'key none\nvm default hide\n' >rules.conf
timeout 10 "$dsnctl" apply --dry-run first.conf rules.conf >out 2>err
result $(($(grep -c 'has no rules' err) == 0)) "a file whose lines replace others is not called empty" "$(cat err)"

# a file without a rule is not silent
for text in '# 0000:01:00.0 scrub\n' '' '\n\n'; do
	apply "$text"
	grep -q '^dsnctl: rules.conf: has no rules' err
	result $((!$?)) "a file without a rule is named: '$text'" "$(cat err)"
done

# words of a file never reach a terminal as they are
escape='0000:01:00.0 \0033]0;title\0007\0033[2Jscr\0010ub\0177\n0000:01:00.1 \0302\0233[2J\n'
apply "$escape"
LC_ALL=C grep -q '[^[:print:]]' err
result $(($?)) "escape sequences do not reach the terminal" "$(cat err)"
grep -q 'x1b' err
result $((!$?)) "they are shown as digits" "$(cat err)"
apply '0000:01:00.0 \0342\0200\0256burcs\n'
grep -q 'U+202E' err && ! grep -q $'\xe2\x80\xae' err
result $((!$?)) "a character that reverses the line is named, not printed" "$(cat err)"
name=$'esc\033[2J.conf'
: >"$name"
"$dsnctl" apply --dry-run "$name" >out 2>err
LC_ALL=C grep -q '[^[:print:]]' err
result $(($?)) "nor do those of a file's name" "$(cat err)"
"$dsnctl" get $'\033[2J' >out 2>err
LC_ALL=C grep -q '[^[:print:]]' err
result $(($?)) "nor those of an operand" "$(cat err)"

# JSON is JSON: what is cut, and what is no UTF-8
if command -v jq >/dev/null; then
	json() {
		iconv -f UTF-8 -t UTF-8 <out 2>&1 >/dev/null | head -n 3 >json.err
		[[ ! -s json.err ]] && jq -e '.errors | length > 0' <out >/dev/null 2>json.err
		result $((!$?)) "JSON is JSON: $1" "$(cat json.err out)"
	}
	letters=$(printf '\303\244%.0s' {1..80})
	for shift in '' a ab; do
		"$dsnctl" get -j "$shift$letters" >out 2>err
		json "a long word of non-ASCII letters, moved by ${#shift}"
		printf '0000:01:00.0 %s\n' "$shift$letters" >rules.conf
		"$dsnctl" apply --dry-run -j rules.conf >out 2>err
		json "such a word in a file, moved by ${#shift}"
	done
	printf '0000:01:00.0 \374\n\303\n\377\376\n' >rules.conf
	"$dsnctl" apply --dry-run -j rules.conf >out 2>err
	json "bytes of a file that are no UTF-8"
	"$dsnctl" get -j $'\374\033' >out 2>err
	json "an operand that is no UTF-8"
	"$dsnctl" apply --dry-run -j $'no\374such.conf' >out 2>err
	json "a file's name that is no UTF-8"
	"$dsnctl" load -j --hook $'\374' >out 2>err
	json "an option's value that is no UTF-8"
	"$dsnctl" status -j $'--\374' >out 2>err
	json "an option that is no UTF-8"
else
	echo "ok - JSON is JSON # SKIP jq is not installed"
fi

# a file may come by a pipe, and a name may be no file
"$dsnctl" apply --dry-run <(echo "$rule") >out 2>err
grep -q 'nothing was changed' err
result $(($?)) "a pipe that the shell opens is read" "$(cat err)"
mkdir folder.conf
"$dsnctl" apply --dry-run folder.conf >out 2>err
grep -q 'folder.conf: .*directory' err
result $((!$?)) "a folder in a file's place is named" "$(cat err)"

# closed standard streams: no file of ours takes their place
"$dsnctl" --version >&-
result $((!!$?)) "a closed standard output is an error for what only prints"
"$dsnctl" get zz 2>&- >out
result $(($? == 2)) "a closed standard error changes no exit status"
exit $failed
