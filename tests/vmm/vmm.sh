# Starts the packed QEMU with an assigned function and talks to its guest and its monitor.
# shellcheck shell=dash

# start_machine NAME ARGUMENT...: its first serial port is talked to as NAME, the monitor by
# monitor().
start_machine() {
	local name=$1 end

	shift
	for end in in out monitor.in monitor.out; do
		rm -f "/run/$name.$end"
		mkfifo "/run/$name.$end"
	done
	/vmm/qemu-system-x86_64 -name process=qemu,debug-threads=on -nodefaults \
		-no-user-config -display none -machine q35 -accel tcg -cpu qemu64,cx16=off -m 128 \
		-chardev "pipe,id=com1,path=/run/$name" -serial chardev:com1 \
		-chardev "pipe,id=monitor,path=/run/$name.monitor" -mon chardev=monitor,mode=control \
		${VFIO_CDEV:+-object iommufd,id=iommufd0} "$@" >"/run/$name.log" 2>&1 &
	echo $! >"/run/$name.pid"
}

# More options of a function that is assigned: by cdev, if VFIO_CDEV is in the environment.
vfio_options=${VFIO_CDEV:+,iommufd=iommufd0}

# start_vmm NAME BDF ARGUMENT...: a machine that has the function at 00:05.0
start_vmm() {
	local name=$1 host=$2

	shift 2
	start_machine "$name" -device "vfio-pci,host=$host,addr=5,romfile=$vfio_options" "$@"
}

stop_vmm() {
	kill "$(cat "/run/$1.pid")"
	while [ -d "/proc/$(cat "/run/$1.pid")" ]; do
		sleep 0.1
	done
}

# The ends are opened for both directions, which never waits for the other side.

# tell NAME TEXT
tell() { echo "$2" 1<>"/run/$1.in"; }

# hear NAME WORD SECONDS: what comes up to a line that is WORD, which must come
hear() {
	local line

	# shellcheck disable=SC3045 # busybox has it
	while read -r -t "$3" line; do
		line=${line%"$(printf '\r')"}
		[ "$line" != "$2" ] || return 0
		echo "$line"
	done <>"/run/$1.out"
	echo "no $2 in $3 s; the VMM said:"
	cat "/run/$1.log"
	return 1
}

# monitor NAME COMMAND: in the words of QEMU's monitor for people, through the one for
# programs, as the former answers with what a terminal needs
monitor() {
	local line

	tell "$1.monitor" '{"execute": "qmp_capabilities"}'
	tell "$1.monitor" "{\"execute\": \"human-monitor-command\", \"id\": \"asked\",
		\"arguments\": {\"command-line\": \"$2\"}}"
	# shellcheck disable=SC3045 # busybox has it
	while read -r -t 60 line; do
		case $line in
		*'"asked"'*)
			printf '%b\n' "$(echo "$line" | sed 's/\\r//g')"
			return
			;;
		esac
	done <>"/run/$1.monitor.out"
	echo "no answer to '$2' in 60 s"
	return 1
}

# up NAME TEXT SECONDS: the guest says that it is ready, or the script is over
up() {
	if hear "$1" ready "$3" >/run/seen; then
		ok "$2"
	else
		not_ok "$2" "$(tail -n 20 /run/seen)"
		finish
	fi
}

# sees NAME CHAIN HEADER SERIAL PLACES: the capability chain that the guest walks, what is
# where the serial was by every way of reading, and in how many places it finds the real one
sees() {
	local way

	tell guest look
	hear guest end 60 >/run/seen
	expect_output "$1: the chain" "^chain $2$" cat /run/seen
	for way in dword word byte odd; do
		expect_output "$1: read by $way" "^$way header $3 serial $4 real $5$" \
			cat /run/seen
	done
	# which is why a guest needs the memory-mapped way: ports reach 256 bytes
	expect_output "$1: ports reach the function" "^ports find 10d38086$" cat /run/seen
	expect_output "$1: ports show nothing of its serial" "^ports .* real 0$" cat /run/seen
}

# start_peek NAME BDF [ARGUMENT]...: tests/vmm/peek.c in the place of a guest's kernel, which
# prints what it reads when told to look
start_peek() {
	local name=$1 host=$2

	shift 2
	start_vmm "$name" "$host" -kernel /usr/sbin/peek -append "140 525400ff ff123456" "$@"
}

# boot_peek BDF TEXT: the same, as guest, up and running
boot_peek() {
	start_peek guest "$1"
	up guest "$2" 180
}
