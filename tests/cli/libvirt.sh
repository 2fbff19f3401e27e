#!/bin/bash
# libvirt's hook called by hand, with a dsnctl beside it that notes its words. Prints TAP-like lines.
set -uo pipefail

cd "$(dirname "$(readlink -f "$0")")/../.." || exit
hook=$(dirname "$(dirname "$(readlink -f "$1")")")/hook/sbin/dsnctl-libvirt
root=${hook%/sbin/*} # the hook is built for files below it
work=$(mktemp -d)
trap 'rm -rf "$work" "$root/etc" "$root/run"' EXIT
vm=7c1e7a52-0d5a-4b6e-9d0f-0c3f7a0e5b07
failed=0

# result STATUS NAME DETAIL...
result() {
	if (($1 == 0)); then
		echo "ok - $2"
		return
	fi
	echo "not ok - $2"
	printf '%s\n' "${@:3}" | sed 's/^/# /'
	failed=1
}

# stub STATUS: dsnctl, from now on
stub() {
	printf '#!/bin/sh\nprintf "%%s|" "$@" >>%s\necho for libvirt\nexit %s\n' "$work/said" "$1" \
		>"$root/sbin/dsnctl"
	chmod +x "$root/sbin/dsnctl"
}

# configure LINE...: of dsnctl.conf; none: there is no file
configure() {
	rm -f "$root/etc/dsnctl.conf"
	(($# == 0)) || printf '%s\n' "$@" >"$root/etc/dsnctl.conf"
}

# device BUS ALIAS SLOT
device() {
	cat <<-END
	<hostdev mode='subsystem' type='pci' managed='yes'>
	<source><address domain='0x0000' bus='0x$1' slot='0x00' function='0x0'/></source>
	<alias name='$2'/><address type='pci' domain='0x0000' bus='0x$3' slot='0x00' function='0x0'/>
	</hostdev>
	END
}

# domain METADATA DEVICES
domain() {
	echo "<domain type='kvm' id='1'><name>build-7</name><uuid>$vm</uuid>" \
		"${1:+<metadata><d:vm xmlns:d='urn:x-dsnctl:vm:1'>$1</d:vm></metadata>}" \
		"<devices>$2</devices></domain>"
}

# calls STATUS NAME OPERATION PART WORDS REGEX: with $xml; WORDS is what dsnctl was run with,
# REGEX what stderr has, or empty if it has nothing
calls() {
	local status=0 said

	: >"$work/said"
	echo "$xml" | timeout 30 "$hook" build-7 "$3" "$4" - >"$work/out" 2>"$work/err" || status=$?
	said=$(<"$work/said")
	[[ $status == "$1" && $said == "$5" && ! -s $work/out ]] &&
		if [[ $6 ]]; then grep -qE -e "$6" "$work/err"; else [[ ! -s $work/err ]]; fi
	result $? "$2" "status $status, want $1" "ran: $said" "want: $5" "stdout: $(<"$work/out")" \
		"stderr: $(<"$work/err")" "want: $6"
}

mkdir -p "$root/etc" "$root/run"
stub 0
xml=$(domain '' "$(device 01 ua-nic0 02)$(device 21 hostdev1 03)")
derived="claim|$vm|0000:01:00.0|derive:alias ua-nic0|0000:21:00.0|derive:slot 0000:03:00|--name|build-7|"
nothing="claim|$vm|0000:01:00.0|none|0000:21:00.0|none|--name|build-7|"

configure
calls 0 "a VM without a line claims nothing, and drops what idle claims show" start begin "$nothing" ''
configure 'vm default derive'
calls 0 "start claims by alias and slot" start begin "$derived" ''
calls 0 "prepare claims nothing" prepare begin '' ''
calls 0 "started claims nothing" started begin '' ''
calls 0 "stopped claims nothing" stopped end '' ''
calls 0 "a later operation of libvirt's is no error" frobnicate begin '' ''
calls 0 "the end of start is not its begin" start end '' ''
calls 0 "release releases" release end "release|$vm|" ''
calls 0 "reconnect renews claims, and releases none" reconnect begin "$derived--add|" ''
calls 0 "migrate asks if dsnctl is in force" migrate begin "status|" ''
calls 0 "restore asks if dsnctl is in force" restore begin "status|" ''

configure "vm $vm hide" 'vm default derive' "vm $vm device slot:0000:03:00 derive keep 16"
calls 0 "the VM's lines count before that of all" start begin \
	"claim|$vm|0000:01:00.0|hide|0000:21:00.0|derive:slot 0000:03:00 keep 16|--name|build-7|" ''
plain=$xml
xml=$(domain "<d:serial device='ua-nic0'>02-00-5e-10-00-00-00-01</d:serial>" "$(device 01 ua-nic0 02)")
configure 'vm default derive'
calls 0 "metadata count before the line of all" start begin \
	"claim|$vm|0000:01:00.0|02-00-5e-10-00-00-00-01|--name|build-7|" ''
configure "vm $vm scrub"
calls 0 "the VM's line counts before metadata" start begin \
	"claim|$vm|0000:01:00.0|scrub|--name|build-7|" ''
for operation in prepare start migrate restore; do
	xml=$(domain "<d:serial>pass</d:serial>" "$(device 01 ua-nic0 02)")
	calls 1 "pass in metadata is refused at $operation" $operation begin '' \
		"the VM's XML: metadata: pass: not for a VM"
	xml=$(domain "<d:serial device='ua-nic0'>00-15-4d-12-34-56-10-ff</d:serial>" "$(device 01 ua-nic0 02)")
	calls 1 "a vendor's number in metadata is refused at $operation" $operation begin '' \
		"only locally administered serials"
	xml="$plain<"
	calls 1 "what is no XML is refused at $operation" $operation begin '' "the VM's XML: line [0-9]+: "
	xml=$plain
	configure "vm $vm pass"
	calls 1 "a wrong line is refused at $operation by file and line" $operation begin '' \
		"/etc/dsnctl.conf:1: pass: not for a VM"
	configure 'vm default derive'
	head -c 7 /dev/zero >"$root/etc/dsnctl.key"
	calls 1 "a key that is no key is refused at $operation" $operation begin '' "dsnctl.key"
	rm "$root/etc/dsnctl.key"
	configure 'vm default derive' 'key 4d718762'
	calls 1 "a missing key is refused at $operation if a line wants one" $operation begin '' \
		"/etc/dsnctl.conf:2: the key has the id none, not 4d718762"
	configure 'vm default derive'
done
configure nonsense
for operation in prepare start migrate restore; do
	xml=$(domain '' '')
	calls 0 "a VM without a host device is not held at $operation by a wrong line" $operation begin '' ''
done
configure 'vm default derive'
xml=$plain
stub 1
calls 1 "a claim that fails fails the start" start begin "$derived" "its serials could not be claimed"
calls 1 "migrate fails if dsnctl is not in force" migrate begin "status|" "not in force here"
configure
calls 1 "a claim that cannot be dropped fails the start" start begin "$nothing" "could not be claimed"
calls 0 "migrate of a VM without a line asks nothing" migrate begin '' ''
stub 3
calls 0 "a VM without a line starts where nothing is loaded" start begin "$nothing" ''
configure 'vm default derive'
calls 1 "a VM with a line does not start where nothing is loaded" start begin "$derived" "could not be claimed"
rm "$root/sbin/dsnctl"
calls 1 "start fails without dsnctl" start begin '' "dsnctl: cannot be run: No such file"

# a VM that runs is never ended by reconnect, and a release never fails
quiet() {
	echo "$xml" | "$hook" build-7 "$2" "$3" - >"$work/out" 2>"$work/err"
	[[ $? == 0 && ! -s $work/out ]]
	result $? "$1" "$(<"$work/out")" "$(<"$work/err")"
}
quiet "reconnect succeeds without dsnctl" reconnect begin
quiet "attach succeeds without dsnctl" attach begin
quiet "release succeeds without dsnctl" release end
stub 1
quiet "reconnect succeeds if the claim fails" reconnect begin
quiet "release succeeds if it is refused" release end
printf '#!/bin/sh\nkill -SEGV $PPID\n' >"$root/sbin/dsnctl"
quiet "reconnect succeeds if the renewal crashes" reconnect begin
stub 0
configure "vm $vm pass"
quiet "reconnect succeeds with a wrong line" reconnect begin
xml='<domain'
quiet "reconnect succeeds with what is no XML" reconnect begin
quiet "release succeeds with what is no XML" release end
xml=$plain

# what would be claimed
configure 'vm default derive' "vm $vm device slot:0000:03:00 derive keep 16"
plan=$(echo "$xml" | "$hook" --plan)
diff <(echo "$plan") - >"$work/differ" <<-END
	0000:01:00.0  ea-c7-0c-92-a3-7b-21-ee  derive:alias ua-nic0  $root/etc/dsnctl.conf:1
	0000:21:00.0  $(build/san/dsnctl derive $vm slot 0000:03:00 | cut -c 1-17)-XX-XX  derive:slot 0000:03:00 keep 16  $root/etc/dsnctl.conf:2
END
result $? "--plan prints function, serial, claim and line" "$(<"$work/differ")"

# --check, with processes that have a daemon's name
checks() {
	status=0
	said=$("$hook" --check 2>&1) || status=$?
	[[ $status == "$1" ]] && grep -qE -e "$2" <<<"$said"
}
check() {
	checks "$1" "$3"
	result $? "$2" "status $status, want $1 and $3" "$said"
}
# check_soon: the same, once the daemon has come to it
check_soon() {
	local tries=0

	until checks "$1" "$3" || ((++tries >= 300)); do
		sleep 0.1
	done
	check "$@"
}
installed=$root/etc/libvirt/hooks/qemu.d/50-dsnctl
check 3 "--check reports a missing hook" "50-dsnctl: No such file"
cp "$(command -v bash)" "$work/virtqemud"
mkfifo "$work/next"
"$work/virtqemud" -c 'read -r; "$@" </dev/null; read -r; exit' - "$hook" build-7 started begin - \
	<>"$work/next" &
daemon=$!
sleep 1.1
mkdir -p "${installed%/*}"
printf '#!/bin/sh\n' >"$installed"
check 3 "--check reports a hook that is not executable" "50-dsnctl: is not executable"
chmod +x "$installed"
check 3 "--check reports a daemon that is older than the hook" \
	"virtqemud \(process $daemon\): has not read its hooks since .*'systemctl reload virtqemud'"
cp -p "$installed" "$installed.dpkg-old"
check 3 "--check reports a copy of the hook" "50-dsnctl.dpkg-old: is called as well"
rm "$installed.dpkg-old"
echo >"$work/next"
check_soon 0 "--check reports a daemon that has called the hook" "^virtqemud \(process $daemon\) has called"
kill $daemon
wait $daemon 2>/dev/null
rm -f "$root/run/"*
sleep 1.1
"$work/virtqemud" -c 'read -r; exit' <>"$work/next" &
daemon=$!
check_soon 0 "--check reports a daemon that is newer than the hook" \
	"^virtqemud \(process $daemon\) has read its hooks"
kill $daemon
wait $daemon 2>/dev/null

"$hook" --frobnicate >"$work/out" 2>&1
result $(($? != 2)) "an unknown option is wrong usage" "$(<"$work/out")"
exit $failed
