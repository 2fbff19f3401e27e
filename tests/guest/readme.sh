# README's terminal sessions, replayed: each command prints what README shows.
# Replayed are blocks that begin with ```console. "host# " or "# " is a command on the host,
# "guest$ " one in a QEMU's guest; `virsh start` and `virsh destroy` of a guest start it and
# end it, and the first "guest$ " starts it too. Other lines are what a command prints.
# kernel: any
# boot: --boot-timeout 180 --vmm 7.2 --mem 1536 --file tests/vmm/vmm.sh --file README.md
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh
# shellcheck source=tests/vmm/vmm.sh
. /vmm.sh

is_up=''

start_guest() {
	[ -z "$is_up" ] || return 0
	boot_peek $bdf "a guest starts for README's session"
	is_up=1
}

end_guest() {
	[ -z "$is_up" ] || stop_vmm guest
	is_up=''
}

# What lspci says of the extended capabilities that the guest finds, in lspci's words.
guest_sees() {
	start_guest
	tell guest look
	hear guest end 60 >/run/seen
	serial=$(sed -n 's/^dword .* serial \([^ ]*\) .*/\1/p' /run/seen)
	chain=$(sed -n 's/^chain //p' /run/seen)
	for capability in $chain; do
		at=${capability#*@} header=${capability%@*}
		case $header in
		*0001) text="Advanced Error Reporting" ;;
		*0003) text="Device Serial Number $serial" ;;
		*) text="[$header]" ;;
		esac
		printf '\tCapabilities: [%s v%s] %s\n' "$at" "${header%????}" "$text"
	done
}

# normal: what may differ from run to run and from kernel to kernel is made the same
normal() {
	sed -E 's/check (usage|resume)/check CHECK/g
		s/process [0-9]+ \([^)]*\)/process N (NAME)/g
		s/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.+-]*/TIME/g
		s/(^| )[0-9]+( |$)/\1N\2/g; s/[[:space:]]+/ /g; s/^ //; s/ $//' "$1"
}

# compare COMMAND: its output and what README shows
compare() {
	[ -n "$1" ] || return 0
	normal /run/shown >/run/want
	normal /run/printed >/run/got
	if cmp -s /run/want /run/got; then
		ok "README shows what this prints: $1"
	else
		not_ok "README shows what this prints: $1" "README:" "$(cat /run/shown)" \
			"printed:" "$(cat /run/printed)"
	fi
	commands=$((commands + 1))
}

# replay KIND COMMAND: its output goes to /run/printed; sets $command, or to nothing for a
# command that is stood in for
replay() {
	command=$2
	: >/run/printed
	case $1:$2 in
	"host:virsh start "*) start_guest && command='' ;;
	"host:virsh destroy "*) end_guest && command='' ;;
	guest:*)
		guest_sees >/run/lspci
		PATH=/run/bin:$PATH sh -c "$2" >/run/printed 2>&1
		;;
	*) sh -c "$2" >/run/printed 2>&1 ;;
	esac
}

bind_vfio $bdf
mkdir -p /run/bin
printf '#!/bin/sh\ncat /run/lspci\n' >/run/bin/lspci
chmod +x /run/bin/lspci
awk '/^```console$/ { inside = 1; next }
	/^```$/ { inside = 0 }
	!inside { next }
	sub(/^guest[$] /, "") { print "guest " $0; next }
	sub(/^(host)?# /, "") { print "host " $0; next }
	{ print "shown " $0 }' /README.md >/run/session
command='' commands=0
while IFS= read -r line <&3; do
	case $line in
	"shown "*) printf '%s\n' "${line#shown }" >>/run/shown ;;
	*)
		compare "$command"
		: >/run/shown
		replay "${line%% *}" "${line#* }" 3<&-
		;;
	esac
done 3</run/session
compare "$command"
end_guest
expect "README has a session of at least four commands" test $commands -ge 4
for kind in guest "host dsnctl"; do
	expect_output "README's session has commands of the kind: $kind" "^$kind" cat /run/session
done
finish
