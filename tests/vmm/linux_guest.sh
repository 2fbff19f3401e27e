# A Linux guest of the packed QEMU: boots it, and runs commands in it. Sourced after vmm.sh.
# shellcheck shell=dash
# shellcheck disable=SC2034,SC2154,SC2086 # constants of lib.sh, and for those who source this

guest_bdf=0000:00:05.0

boot_guest() {
	echo "# $1: booting it, a minute or two"
	start_vmm guest $bdf -m 256 -kernel /linux/vmlinuz -initrd /linux/initramfs \
		-append "console=ttyS0 quiet panic=-1 mitigations=off nokaslr no_timer_check tsc=reliable"
	up guest "$1" 600
}

in_guest() {
	tell guest "$*"
	hear guest end 120
}
