#!/bin/bash
# What must not be in the tree, and the format of the code. Prints TAP-like lines.
set -uo pipefail

cd "$(dirname "$(readlink -f "$0")")/../.." || exit
failed=0

# none NAME: what stdin has is wrong
none() {
	local found

	found=$(cat)
	if [[ -z $found ]]; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		sed 's/^/# /' <<<"$found"
		failed=1
	fi
}

if ! git rev-parse --git-dir >/dev/null 2>&1; then
	echo "ok - the tree's text # SKIP not a git checkout"
	exit 0
fi
git grep -nEI 'https?://[^ ]*/(debian|ubuntu)\b|registry\.npm' -- . ':!tests/cli/lint.sh' |
	none "no host name of a package registry"
git ls-files '*.c' '*.h' | while read -r file; do
	sed -n '2,3p' "$file" | grep -q '/\*' || echo "$file: no first line that says its job"
done | none "every source file says its job"
# cli/: cmd > kernel > model > lib; a file includes what is beside or below it
upward() {
	local above room

	above='cmd|main'
	for room in kernel model lib; do
		git grep -nE "^#include \"(\.\./|($above)[/.])" -- "cli/$room"
		above+="|$room"
	done
}
upward | none "no include in cli/ runs upwards"
git grep -nE '"lib/message\.h"|\b(say_[a-z]+|printf|puts|warnx?|errx?)\(' -- cli/kernel cli/model |
	none "kernel and model print nothing"
git ls-files 'cli/*.c' 'cli/*.h' | while read -r file; do
	grep -HnE '^#include "[^/"]+"' "$file" | grep -vE '"dsn_|\.skel\.h"'
done | none "cli/ includes headers with their folder"
# a name is printed alone: it does not lean on the line before
git grep -nE '^\s*(expect|expect_output|expect_status [0-9]+|told|sees|check|not_ok|ok) "((and|but|or|nor|so|which|also|it|its|then|now|the same|as before)\b|[^" ]*")' -- 'tests/*.sh' |
	grep -v '"\$' | none "the names of assertions are readable alone"
git grep -nE '(/\*|^[[:space:]]*\*|//) *(What|Whether|Who|Whom|Which|Where|How|Of|As|And) ' -- \
	'*.c' '*.h' ':!vmlinux.h' | none "comments start with a verb or a noun"
# A kernel without CONFIG_KALLSYMS_ALL, as Debian's for arm64, loads no program that refers to a
# variable which its BTF has: there those of x86-64's preemption count are not in it.
arm64_variables() {
	local object

	object=$(mktemp)
	if clang -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_arm64 -I. -Iinclude -Ibpf \
		-idirafter "/usr/include/$(gcc -dumpmachine)" -c -o "$object" bpf/dsnctl.bpf.c; then
		llvm-nm -u "$object" | awk '{ print $NF }' | grep -vE '^(bpf_.*|__preempt_count|pcpu_hot)$'
	else
		echo "does not compile"
	fi
	rm -f "$object"
}
if command -v clang >/dev/null && command -v llvm-nm >/dev/null; then
	arm64_variables 2>&1 | none "programs for arm64 refer to no variable of the kernel"
else
	echo "ok - programs for arm64 refer to no variable of the kernel # SKIP clang and llvm are not installed"
fi
if command -v shellcheck >/dev/null; then
	git grep -lE '^#!.*(bash|sh)$|shellcheck shell=|^\. /lib\.sh' -- tests .ci ':!*.md' |
		xargs shellcheck -x -P SCRIPTDIR -e SC2317,SC2016,SC2001 2>&1 |
		none "shellcheck finds nothing"
else
	echo "ok - shellcheck finds nothing # SKIP shellcheck is not installed"
fi
if clang-format --version 2>/dev/null | grep -q "version 14"; then
	git ls-files '*.c' '*.h' | grep -v '^vmlinux.h$' | while read -r file; do
		clang-format --dry-run -Werror "$file" >/dev/null 2>&1 || echo "$file"
	done | none "clang-format would change nothing"
else
	echo "ok - clang-format would change nothing # SKIP not clang-format 14, whose format this is"
fi
exit $failed
