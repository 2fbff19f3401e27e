# Virtual functions, made after load: which rule they are under. No VF that QEMU has shows a
# serial, so the test module puts one behind the last extended capability of an NVMe VF.
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

pf=0000:01:00.0
vf=0000:01:00.1
other=0000:01:00.2
sys=/sys/bus/pci/devices
table=/sys/kernel/debug/config_table/table
third=02-00-5e-10-00-00-00-03

sees() { expect_output "$1" "^$2$" vfio_read $vf serial; }

# put OFFSET BYTES, as printf has them
put() { printf '%b' "$2" | dd of=$table bs=1 seek=$(($1)) conv=notrunc 2>/dev/null; }

# byte OFFSET: of the table, in decimal
byte() { dd if=$table bs=1 skip=$(($1)) count=1 2>/dev/null | od -An -tu1 | tr -d ' '; }

# The serial at 0x400, and the way there from the end of the chain.
add_serial() {
	local at=256 next

	while :; do
		next=$((($(byte $((at + 3))) << 4 | $(byte $((at + 2))) >> 4) & 4092))
		[ $next -ge 256 ] || break
		at=$next
	done
	# the version stays in the low half of the third byte
	put $((at + 2)) "\\0$(printf %o $(($(byte $((at + 2))) & 15)))\\0100"
	put 0x400 '\0003\0000\0001\0000\0126\0064\0022\0377\0377\0000\0124\0122'
}

modprobe nvme
expect "load" dsnctl load
expect "a rule for the PF" dsnctl set $pf $chosen
i=0
while ! echo 2 >$sys/$pf/sriov_numvfs && [ $i -lt 10 ]; do
	sleep 1
	i=$((i + 1))
done
expect "two VFs, made after load" test -e $sys/$other
expect_output "their PF stays with its driver" "^nvme$" driver_of $pf
bind_vfio $vf
insmod /config_table.ko device=$vf
add_serial
expect_output "list knows the VF's serial" "^$vf +vfio-pci +serial +$chosen pf $pf " dsnctl list
sees "a VF follows its PF's rule" $chosen
expect_output "get says so" "^rule: +pf $pf$" dsnctl get $vf
expect "a rule for the VF" dsnctl set $vf $second
sees "comes before its PF's" $second
expect "a rule for the other VF" dsnctl set $other $third
sees "is not this one's" $second
expect "unset of the VF's" dsnctl unset $vf
sees "the PF's again" $chosen
expect "unset of the PF's" dsnctl unset $pf
sees "the default" $zero
expect "a rule for the device, which the VF's function is one of" dsnctl set 0000:01:00 $third
sees "is the VF's own" $third
expect "a rule for the PF" dsnctl set $pf $chosen
sees "does not come before it" $third
expect "unset of the device's" dsnctl unset 0000:01:00
expect "a PF's rule that expects its ids" dsnctl set $pf $second expect 1b36:0010
sees "counts for its VF" $second
expect "and one that expects others" dsnctl set $pf $second expect 8086:10d3
sees "does not" $zero
expect_output "hide" ": hide" dsnctl set $pf hide
expect_status 1 "hidden, the VF has no serial" vfio_read $vf serial
expect "pass" dsnctl set $pf pass
sees "control: the VF's real serial" $real
expect "unload" dsnctl unload
sees "and without the programs" $real
finish
