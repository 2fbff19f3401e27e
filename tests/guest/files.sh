# The configuration folder as hosts have it, and commands that change things twice or half.
# kernel: any
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

sees() { expect_output "$1" "^$2$" vfio_read $bdf serial; }

mkdir -p /etc
bind_vfio $bdf
expect "load succeeds" dsnctl load

# nothing there is no error, anything else in the folder's place is
expect_output "no file at all: nothing changes" "^unchanged" dsnctl apply
dsnctl set $bdf pass >/run/out 2>&1
ln -s /nowhere /etc/dsnctl.d
says 1 "apply with a dangling /etc/dsnctl.d" "/etc/dsnctl.d: is a link that leads nowhere" \
	dsnctl apply --prune
sees "a dangling folder does not drop rules" $real
rm /etc/dsnctl.d
echo "$bdf pass" >/etc/dsnctl.d
says 1 "apply with a file at /etc/dsnctl.d" "/etc/dsnctl.d: is not a folder" dsnctl apply --prune
rm /etc/dsnctl.d
ln -s /nowhere /etc/dsnctl.conf
says 1 "apply with a dangling /etc/dsnctl.conf" "/etc/dsnctl.conf: No such file" \
	dsnctl apply --prune
sees "a dangling file does not drop rules" $real
rm /etc/dsnctl.conf
mkdir /run/rules
ln -s /run/rules /etc/dsnctl.d
echo "$bdf $chosen" >/run/rules/10-nic.conf
expect "apply through a link to a folder succeeds" dsnctl apply
sees "a link to a folder is followed" $chosen
rm /etc/dsnctl.d
mkdir /etc/dsnctl.d
mkfifo /etc/dsnctl.d/50-pipe.conf
says 1 "apply with a FIFO among the files" "50-pipe.conf: is a FIFO" timeout 10 dsnctl apply
rm /etc/dsnctl.d/50-pipe.conf
mkdir /etc/dsnctl.d/50-folder.conf
says 1 "apply with a folder among the files" "50-folder.conf: is a folder" dsnctl apply
rmdir /etc/dsnctl.d/50-folder.conf
: >/etc/dsnctl.d/50-empty.conf
expect_output "a file without rules is named" "50-empty.conf: has no rules" \
	sh -c "dsnctl apply 2>&1"
rm /etc/dsnctl.d/50-empty.conf
expect "unload succeeds" dsnctl unload

# what save prints changes nothing
expect "a fresh load succeeds" dsnctl load
expect_output "fresh: what save prints, apply takes as unchanged" "^unchanged" \
	sh -c "dsnctl save | dsnctl apply --dry-run -"
expect_output "fresh: apply of what save prints changes nothing" "^unchanged" \
	sh -c "dsnctl save | dsnctl apply -"
expect_output "fresh: set default scrub is no change" "^default: unchanged" \
	dsnctl set default scrub
expect_output "control: another default is a change" "^default: hide \(was none\)" \
	sh -c "echo default hide | dsnctl apply --dry-run -; true"

# closed standard output
expect "set --save with standard output closed succeeds" \
	sh -c "dsnctl set --save $bdf $chosen >&- 2>/run/err"
sees "set with standard output closed has set the rule" $chosen
expect_output "set --save with standard output closed has written the file whole" "^2 $bdf $chosen$" \
	sh -c \
	"echo \$(wc -l </etc/dsnctl.d/$bdf.conf) \$(tail -n 1 /etc/dsnctl.d/$bdf.conf)"
expect_output "set --save with standard output closed reports that its output is lost" "cannot write the output" \
	cat /run/err
expect "set with its output to a full disk succeeds" sh -c "dsnctl set $bdf $second >/dev/full"
expect "unset --save with standard output closed succeeds" sh -c "dsnctl unset --save $bdf >&-"
expect_status 1 "unset --save with standard output closed has removed the file" \
	test -e /etc/dsnctl.d/$bdf.conf
expect "load with all standard streams closed succeeds" sh -c "dsnctl load <&- >&- 2>&-"
expect "load with standard output closed succeeds" sh -c "dsnctl load >&-"
expect_status 1 "save with standard output closed is an error" sh -c "dsnctl save >&-"
expect_status 1 "a dry run with standard output closed is an error" \
	sh -c "dsnctl apply --dry-run >&-"
expect_status 1 "dump to a full disk is an error" sh -c "dsnctl dump >/dev/full"

# a read-only /etc
expect "set --save succeeds before /etc is read-only" dsnctl set --save $bdf $chosen
mkdir -p /run/etc
mount -t tmpfs tmpfs /run/etc
cp -a /etc/. /run/etc
mount -o bind /run/etc /etc
mount -o remount,ro /etc
says 1 "set --save on a read-only /etc" "Read-only file system" dsnctl set --save $bdf $second
says 1 "unset --save on a read-only /etc" "Read-only file system" dsnctl unset --save $bdf
sees "commands that cannot write /etc have not changed the rule" $chosen
expect "unset --save of what is not saved needs no writing" dsnctl unset --save 0000:09:00.0
mount -o remount,rw /etc
expect "unset --save succeeds with /etc writable again" dsnctl unset --save $bdf

# another layout in force
layout() {
	local size

	size=$(bpftool -j map show pinned $pins/state | json_get bytes_value)
	bpftool -j map dump pinned $pins/state >/run/state
	# shellcheck disable=SC2046
	bpftool map update pinned $pins/state key 0 0 0 0 value "$1" $(yes 0 | head -n $((size - 1)))
}
expect "a rule that is in no file is set" dsnctl set $bdf $chosen expect 8086:10d3
expect "a default is set" dsnctl set default hide
# a pass of layout 6, which has zeros where layout 7 has what is shown of VPD
expect "a pass is set" dsnctl set 0000:09:00.0 pass vpd empty
layout 5
says 1 "load over a former layout" "layout 5.*dsnctl save.*unload.*load.*apply" dsnctl load
expect_output "save reads a former layout" "^$bdf $chosen expect 8086:10d3$" dsnctl save
expect_output "save reads the default of a former layout" "^default hide$" dsnctl save
expect_output "save reads a pass of a former layout as one that passes VPD" "^0000:09:00.0 pass$" dsnctl save
# the advice, word by word
expect "save to a file succeeds over a former layout" sh -c "dsnctl save >/run/saved.conf"
expect "unload succeeds over a former layout" dsnctl unload
expect "load succeeds after unload of a former layout" dsnctl load
expect "apply succeeds with what was saved of a former layout" dsnctl apply /run/saved.conf
sees "the rule of a former layout is in force again" $chosen
layout 99
says 1 "save of a later layout" "layout 99.*'dsnctl save' of that version" dsnctl save
says 1 "load over a later layout" "layout 99.*'dsnctl save' of that version" dsnctl load
expect "unload of a later layout succeeds" dsnctl unload
finish
