#!/bin/bash
# Whether the manual, the completions and the README say what --help says; prints TAP-like lines.
set -uo pipefail

dsnctl=$(readlink -f "$1")
cd "$(dirname "$(readlink -f "$0")")/../.." || exit
page=docs/dsnctl.8.scd
failed=0

# same NAME WANTED GOT: lists of words
same() {
	local differ

	differ=$(diff <(tr -s ' ' '\n' <<<"$2" | sort -u) <(tr -s ' ' '\n' <<<"$3" | sort -u) |
		sed -n 's/^</missing:/p; s/^>/unknown:/p')
	if [[ -z $differ && -n $2 ]]; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		sed 's/^/# /' <<<"$differ"
		failed=1
	fi
}

options_of() { "$dsnctl" "$1" --help | sed -nE 's/^  .*(--[a-z-]+) .*/\1/p'; }

# The section of a command in the manual, from its heading to the next.
section_of() { sed -nE "/^## $1( |$)/,/^#/p" "$page" | sed '1b; /^#/d'; }

# What real bash offers where the cursor is behind these words.
bash_offers() {
	bash --norc -c '
		. cli/completion/dsnctl.bash
		stat() { echo "4096 /sys/bus/pci/devices/0000:01:00.0/config"; }
		COMP_LINE="$2" COMP_POINT=${#2}
		_dsnctl "$1"
		echo "${COMPREPLY[*]}"' bash "$dsnctl" "$1"
}

# What is left of the words that stand for something else.
list() { sed -E 's/.*want //; s/ or a serial.*//; s/,? or |, |\|/ /g; s/[()]//g' <<<"$1"; }

commands=$("$dsnctl" --help | sed -nE 's/^  ([a-z]+) .*/\1/p')
same "the manual has the commands" "$commands" \
	"$(sed -nE '/^# COMMANDS/,/^# /s/^## ([a-z]+).*/\1/p' "$page")"
same "the README has the commands" "$commands" \
	"$(sed -nE 's/^\| `dsnctl ([a-z]+).*/\1/p' README.md)"
same "bash completes the commands" "$commands --help --version" "$(bash_offers 'dsnctl ')"

for command in $commands; do
	options=$(options_of "$command")
	section=$(section_of "$command")
	# -j is every command's, and told once
	same "the manual has the options of $command" "$options" \
		"--json $(sed -nE 's/^\*(--[a-z-]+)\*.*/\1/p' <<<"$section")"
	same "the manual's heading of $command has its options" "$options" \
		"--json $(head -n 1 <<<"$section" | grep -oE -e '--[a-z-]+')"
	same "bash completes the options of $command" "$options --help" \
		"$(bash_offers "dsnctl $command -")"
done
same "bash completes hooks" "$(list "$("$dsnctl" load --hook '?' 2>&1 | head -n 1)")" \
	"$(bash_offers 'dsnctl load --hook ')"
same "bash completes checks" "$(list "$("$dsnctl" load --check '?' 2>&1 | head -n 1)")" \
	"$(bash_offers 'dsnctl load --check=')"
same "bash completes what becomes of whole reads" \
	"$(list "$("$dsnctl" load --whole-reads '?' 2>&1 | head -n 1)")" \
	"$(bash_offers 'dsnctl load --whole-reads ')"
same "bash completes levels" "$(list "$("$dsnctl" status --require '?' 2>&1 | head -n 1)")" \
	"$(bash_offers 'dsnctl status --require ')"
same "bash completes values" "$(list "$("$dsnctl" set 1:0.0 '?' 2>&1 | head -n 1)")" \
	"$(bash_offers 'dsnctl set 01:00.0 ')"
same "bash completes functions" "0000:01:00.0" "$(bash_offers 'dsnctl get ')"
same "bash completes what may follow a value" "vpd gaps expect" \
	"$(bash_offers 'dsnctl set 01:00.0 scrub ')"
same "bash completes what VPD may be" "$(list "$("$dsnctl" set 1:0.0 scrub vpd '?' 2>&1 | head -n 1)")" \
	"vpd $(bash_offers 'dsnctl set 01:00.0 scrub vpd ')"
same "bash completes what gaps may be" "$(list "$("$dsnctl" set 1:0.0 scrub gaps '?' 2>&1 | head -n 1)")" \
	"gaps $(bash_offers 'dsnctl set 01:00.0 scrub vpd=hide gaps ')"
same "bash completes the words that were not given yet" "gaps expect" \
	"$(bash_offers 'dsnctl set 01:00.0 pass vpd hide ')"
same "bash completes the last word after one with '='" "expect" \
	"$(bash_offers 'dsnctl set 01:00.0 pass vpd=pass gaps zero ')"
same "bash completes nothing after all words" "none" \
	"none $(bash_offers 'dsnctl set 01:00.0 pass vpd=pass gaps zero expect 8086:10d3 ')"
same "bash completes labels" "alias mac slot" "$(bash_offers 'dsnctl derive 0 ')"
same "bash completes labels of a rule" "alias mac slot" \
	"$(bash_offers 'dsnctl set 01:00.0 derive 0 ')"
same "bash completes what may follow a label" "vpd gaps expect" \
	"$(bash_offers 'dsnctl set 01:00.0 derive 0 nic0 ')"
same "bash completes what may follow a label of two words" "vpd gaps expect none" \
	"none $(bash_offers 'dsnctl set 01:00.0 derive 0 slot ')$(
		bash_offers 'dsnctl set 01:00.0 derive 0 slot 0000:01:00 ')"
same "bash completes functions of a claim" "0000:01:00.0" \
	"$(bash_offers 'dsnctl claim 0 02:00.0 scrub ')"
same "bash completes values of a claim" "scrub hide none derive:" \
	"$(bash_offers 'dsnctl claim 0 02:00.0 scrub 01:00.0 ')"
same "bash completes no third operand" "none" "none $(bash_offers 'dsnctl unset 01:00.0 ')"
same "bash completes files, one after another" "README.md" "$(bash_offers 'dsnctl apply - READ')"
same "bash completes behind a colon" "00.0" "$(bash_offers 'dsnctl get 0000:01:')"

# JSON's members, as the sources and the table of counters name them
members=$(sed -nE 's/.*(object_add|add_[a-z]+)\([a-z_>.-]+, "([a-z_]+)".*/\2/p' cli/*/*.c
	sed -n '/^static const struct column/,/^}/p' cli/*/*.c | grep -oE '\{ "[a-z_]+"' | tr -d '{ "'
	"$dsnctl" status --help | sed -nE 's/^([a-z_]+)  .*/\1/p')
described=$(grep -oE '[a-z_]+' docs/dsnctl-json.5.scd | sed 's/^_//; s/_$//')
same "the manual has the members of JSON" "$members" \
	"$(grep -xF "$members" <<<"$described")"

same "the manual has the rows of check" \
	"$(sed -nE 's/.*\badd\(table, "([a-z_-]+)".*/\1/p' cli/cmd/check.c)" \
	"$(section_of check | grep -E '^\*[a-z][a-z*, _-]*\*$' | tr -d '*,')"
same "the manual has the metrics" \
	"$("$dsnctl" metrics --help | grep -oE '^dsnctl_[a-z_]+')" \
	"$(sed -n '/^## metrics \[/,/^#/p' "$page" | grep -oE 'dsnctl_[a-z_]+[a-z]')"

if command -v zsh >/dev/null; then
	lines=('dsnctl ' 'dsnctl load --hook ' 'dsnctl load --check=' 'dsnctl status --require '
		'dsnctl set 01:00.0 ' 'dsnctl get ' 'dsnctl derive 0 ' 'dsnctl set 01:00.0 derive 0 '
		'dsnctl claim 0 ' 'dsnctl claim 0 01:00.0 '
		'dsnctl set 01:00.0 derive 0 nic0 ' 'dsnctl set 01:00.0 derive 0 slot 0000:01:00 '
		'dsnctl set 01:00.0 scrub ' 'dsnctl set 01:00.0 scrub vpd ' 'dsnctl set 01:00.0 pass vpd hide '
		'dsnctl set 01:00.0 scrub vpd=hide gaps ' 'dsnctl set 01:00.0 pass vpd=pass gaps zero ')
	for command in $commands; do
		lines+=("dsnctl $command -")
	done
	mapfile -t offers < <(zsh -f tests/cli/offers.zsh "$dsnctl" "${lines[@]}")
	for i in "${!lines[@]}"; do
		same "zsh offers what bash does: ${lines[i]}" \
			"$(bash_offers "${lines[i]}" | sed 's/ --help --version//')" "${offers[i]:-}"
	done
else
	echo "ok - zsh completes # SKIP zsh is not installed"
fi

same "the manual has the exit statuses" \
	"$("$dsnctl" --help | sed -n '/^Exit status:/,$p' | grep -oE '[0-9]+')" \
	"$(sed -nE '/^# EXIT STATUS/,/^# [^E]/s/^\*([0-9]+)\*$/\1/p' "$page")"
same "the README has the exit statuses" \
	"$("$dsnctl" --help | sed -n '/^Exit status:/,$p' | grep -oE '[0-9]+')" \
	"$(sed -n '/Exit status:/,/^$/p' README.md | tr '\n' ' ' | sed 's/.*Exit status://; s/\..*//' | grep -oE '\b[0-9]\b')"
exit $failed
