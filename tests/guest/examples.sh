# The examples of the man pages, each of them: commands run, rules are taken, output has the
# members that are printed in the page. The recipe and table of DERIVED SERIALS, for bash, have
# a test of their own (tests/cli/derive.sh).
# kernel: any
# boot: --dir docs:/docs --file /usr/bin/jq --file build/dsnctl-libvirt
# boot: --device pcie-root-port,id=rp0,addr=5
# boot: --device e1000e,bus=rp0,romfile=,mac=52:54:00:12:34:56
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

# Stand-ins for what is not in this machine: the other host is this one, and systemd has a
# test of its own (tests/boot).
stub() {
	printf '#!/bin/sh\n%s\n' "$2" >/usr/sbin/"$1"
	chmod +x /usr/sbin/"$1"
}
# shellcheck disable=SC2016
stub ssh 'shift; exec "$@"'
# shellcheck disable=SC2016
stub virsh 'if [ "$1" = dumpxml ]; then
		echo "<domain><name>$2</name><uuid>7c1e7a52-0d5a-4b6e-9d0f-0c3f7a0e5b07</uuid></domain>"
	else
		echo "virsh $*"
	fi'
# shellcheck disable=SC2016
stub systemctl '[ "$*" = "enable --now dsnctl" ] && dsnctl load && dsnctl apply'

mkdir -p /etc/dsnctl.d /run/examples
bind_vfio 0000:01:00.0
# the key of the pages, 32 bytes that count from 0
(umask 077 && awk 'BEGIN { for (i = 0; i < 32; i++) printf "%02x", i }' | xxd -r -p >/etc/dsnctl.key)
for page in /docs/*.scd; do
	awk -v to="/run/examples/$(basename "$page" .scd)" '
		/^# / { skip = /DERIVED/ }
		skip { next }
		/^```/ { inside = !inside; if (inside) n++; next }
		inside { gsub(/\\\\/, "\\"); print > (to "." n) }' "$page"
done
expect_output "the pages have examples" "^[1-9][0-9]$" sh -c "ls /run/examples | wc -l"

# is_config FILE: its lines are rules and comments
is_config() { ! grep -Evq '^(#|default |vm |key |[0-9a-f]{4}:|$)' "$1"; }

# commands FILE: as an operator would run them; that something would change is no failure
commands() {
	local status=0

	sh -e "$1" || status=$?
	[ "$status" = 0 ] || { [ "$status" = 3 ] && grep -q -e --dry-run "$1"; }
}

# session FILE: a command behind "$ ", and the object that it prints
session() {
	sh -c "$(sed -n 's/^\$ //p' "$1")" | jq -c keys >/run/got &&
		grep -v '^\$ ' "$1" | jq -c keys >/run/want &&
		cmp /run/want /run/got
}

for example in /run/examples/*; do
	name="$(basename "$example"): $(head -n 1 "$example")"
	if is_config "$example"; then
		expect "example $name: the rules are taken" dsnctl apply "$example"
	elif grep -q '^\$ ' "$example"; then
		expect "example $name: the output has these members" session "$example"
	else
		expect "example $name: the commands run" commands "$example"
	fi
done
expect_output "the rule of an example is in force" "^0000:01:00.0 02-00-5e-10-00-00-00-01 expect 8086:10d3" \
	dsnctl save
finish
