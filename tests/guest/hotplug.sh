# A function that is plugged into a running VM by QEMU's monitor: covered from its first read.
# boot: --boot-timeout 180 --vmm 7.2 --mem 1536 --file tests/vmm/vmm.sh
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh
# shellcheck source=tests/vmm/vmm.sh
. /vmm.sh

shown="20001@100 10003@140"

boot_guest() {
	start_machine guest \
		-device pcie-root-port,id=plug0,chassis=1,addr=6,power_controller_present=off \
		-kernel /usr/sbin/peek -append "140 525400ff ff123456"
	up guest "$1" 180
}

plug() {
	expect_status 1 "no VM has the function open before it is plugged in" \
		sh -c "dsnctl list | grep qemu"
	monitor guest "device_add vfio-pci,id=nic,host=$bdf,bus=plug0,romfile=$vfio_options"
}

bind_vfio $bdf
boot_guest "a guest boots without the function"
plug
sees "control: plugged in before load" "$shown" 00010003 $real 2
stop_vmm guest
expect "load succeeds" dsnctl load
boot_guest "the next guest boots without the function"
: >/run/events
dsnctl monitor -j >/run/events &
monitor=$!
within 30 grep -q '"event":"start"' /run/events
plug
sees "plugged in after load" "$shown" 00010003 $zero 0
within 30 grep -q '"read"' /run/events
kill $monitor
wait $monitor
expect_output "the first event is QEMU's read of the whole space" '"offset": *0,.*"length": *4096' \
	sh -c "grep '\"read\"' /run/events | head -n 1"
expect_output "that read was scrubbed" '"scrubbed"' sh -c "grep '\"read\"' /run/events | head -n 1"
stop_vmm guest
expect "set succeeds while no guest has it" dsnctl set $bdf $chosen
boot_guest "a third guest boots without the function"
plug
sees "plugged in with a serial" "$shown" 00010003 $chosen 0
expect_status 1 "set is refused while it is plugged in" dsnctl set $bdf scrub
expect_output "no read passed the check" "^0$" sh -c "dsnctl status -j | json_get unchecked"
stop_vmm guest
finish
