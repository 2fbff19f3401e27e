# What goes wrong, and what is said then: each cause has its own message and status.
# kernel: any
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

mv /lib/modules /lib/modules.away
says 4 "no vfio-pci" "there is no vfio-pci for this kernel: install the kernel's modules" dsnctl load
mv /lib/modules.away /lib/modules
umount /sys/fs/bpf
says 1 "no bpffs" "mount -t bpf" dsnctl load
mount -t bpf bpf /sys/fs/bpf
expect "load succeeds before vfio-pci is loaded" dsnctl load
expect "load has loaded vfio-pci" test -d /sys/bus/pci/drivers/vfio-pci
bind_vfio $bdf
expect "set succeeds" dsnctl set $bdf $chosen

mkdir -p /etc
echo 'nobody:x:1234:1234::/:/bin/sh' >>/etc/passwd
for command in load unload status dump list save apply "set $bdf scrub" "get $bdf"; do
	# shellcheck disable=SC2086
	says 1 "not root: $command" "needs root" su nobody -c "dsnctl $command"
done

for command in "set $bdf hello" "set $bdf ff-ff-ff-ff-ff-ff-ff-ff" "set *:00.0 scrub" \
	"set default $chosen" "unset default" "set $bdf" "get" "get $bdf $bdf" "status --what" \
	"load --hook fentry" "load --check best" "load --guard off" "apply --real" "frobnicate"; do
	# shellcheck disable=SC2086
	expect_status 2 "wrong usage: $command" dsnctl $command
done
expect_output "wrong usage changed nothing" "^$chosen$" vfio_read $bdf serial
expect_status 1 "dump to a full disk fails" sh -c "dsnctl dump >/dev/full"

# another version's pins
size=$(bpftool -j map show pinned $pins/state | json_get bytes_value)
# shellcheck disable=SC2046
bpftool map update pinned $pins/state key 0 0 0 0 value 99 $(yes 0 | head -n $((size - 1)))
says 1 "pins of another version: load" "another version.*layout 99" dsnctl load
says 1 "pins of another version: set" "another version.*layout 99" dsnctl set $bdf scrub
expect_output "pins of another version: the rule stays in force" "^$chosen$" vfio_read $bdf serial
expect "pins of another version: unload clears them" dsnctl unload
expect "pins of another version: load succeeds after unload" dsnctl load

# as many rules as there may be, JSON of that size, and one more
expect "8191 rules can be in force" fill_rules 8191
expect_output "set succeeds beside 8191 rules" ": $chosen" dsnctl set $bdf $chosen
expect_output "a rule that was set beside 8191 rules is in force" "^$chosen$" \
	vfio_read $bdf serial
expect_output "dump -j prints 8192 rules" "^8192$" sh -c "dsnctl dump -j | json_get rules length"
says 1 "one rule too many: set" "too many rules: at most 8192" dsnctl set 01:00.0 scrub
says 1 "one rule too many: set default" "too many rules: at most 8192" dsnctl set default pass
echo "01:00.0 scrub" >/run/one
says 1 "one rule too many: apply" "too many rules: at most 8192" dsnctl apply /run/one
awk 'BEGIN { for (i = 0; i < 8193; i++) printf "%x:00:00.0 scrub\n", i }' >/run/8193
says 1 "a file of 8193 rules" "too many rules: at most 8192" dsnctl apply --prune /run/8193
expect_output "one rule too many: those in force stay" "^8192$" count rules
expect_output "one rule too many: a guest reads what it read" "^$chosen$" vfio_read $bdf serial
expect "unset makes room for a rule" dsnctl unset $bdf
expect "set succeeds after unset made room" dsnctl set 01:00.0 scrub
expect "all rules are removed at once" fill_rules 0
expect_output "dump -j prints no rules" "^0$" sh -c "dsnctl dump -j | json_get rules length"
expect_output "status -j counts no rules" "^0$" count rules

# load killed at any moment: what ran runs on, and the next load is whole
i=0
wrong=0
while [ $i -lt 25 ]; do
	dsnctl load >/dev/null 2>&1 &
	victim=$!
	usleep $((i * 40000))
	kill -9 $victim 2>/dev/null
	wait $victim 2>/dev/null
	vfio_read $bdf serial | grep -q 52-54 && wrong=$((wrong + 1))
	i=$((i + 1))
done
expect_output "25 killed loads, and no read shows the real serial" "^0$" echo $wrong
expect "load succeeds after killed loads" dsnctl load
expect "a load after killed loads leaves one hook" within 30 one_program dsn_fexit
expect "a load after killed loads leaves one check" within 30 one_program "dsn_usage|dsn_resume"
expect_output "a load after killed loads is proven" "^proven$" count guarantee
expect_output "a load after killed loads leaves nothing prepared" "^0$" \
	sh -c "ls $pins | grep -c _new; true"

# killed at any moment, the policy stays in force: one value or the other
expect "set succeeds before commands are killed" dsnctl set $bdf $chosen
i=0
wrong=0
while [ $i -lt 60 ]; do
	value=$chosen
	[ $((i % 2)) = 0 ] || value=scrub
	dsnctl set $bdf $value >/dev/null &
	victim=$!
	usleep $((i * 1500))
	kill -9 $victim 2>/dev/null
	wait $victim 2>/dev/null
	vfio_read $bdf serial | grep -Eq "^($zero|$chosen)$" || wrong=$((wrong + 1))
	i=$((i + 1))
done
expect_output "60 killed commands, and each read shows one value or the other" "^0$" echo $wrong
expect "set succeeds after killed commands" dsnctl set $bdf $chosen
expect_output "a rule that was set after killed commands is in force" "^$chosen$" \
	vfio_read $bdf serial
expect "load succeeds after killed commands" dsnctl load
expect "unload succeeds after killed commands" dsnctl unload
finish
