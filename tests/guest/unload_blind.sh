# unload drops all or nothing: what it cannot see or cannot drop stays in force.
# kernel: any
# boot: --file debian/dsnctl.prerm
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

copy=/run/dsnctl

# What the reader, which has the device open all the time, reads now.
now() { tail -n 0 -f /run/held | head -n 2 | tail -n 1; }

# The pins of both places.
pinned() { (cd $pins && ls) && (cd $copy && ls); }

# Links in the kernel that hold programs of dsnctl.
attached() { bpftool link show | grep -c -E 'prog [0-9]+' || true; }

# unchanged NAME: all is as it was.
unchanged() {
	expect_output "$1: the guest reads the rule's serial" "^$chosen$" now
	expect_output "$1: every pin is there" "^$all$" echo "$(pinned | tr '\n' ' ')"
	expect "$1: it is proven" dsnctl status --require proven
}

bind_vfio $bdf
expect "load with all rights" dsnctl load
expect "set with all rights" dsnctl set $bdf $chosen
hold_device $bdf /run/held
all=$(pinned | tr '\n' ' ')

for how in caps bpf files=5; do
	for option in "" --force; do
		# shellcheck disable=SC2086
		expect_status 5 "unload $option without $how is refused" \
			without $how dsnctl unload $option
		# shellcheck disable=SC2086
		expect_output "unload $option without $how says that nothing was changed" \
			"cannot tell.*nothing was changed" \
			sh -c "without $how dsnctl unload $option 2>&1; true"
	done
	unchanged "after unload without $how"
	# a shell needs more files
	[ $how != files=5 ] || continue
	expect_status 1 "removal of the package without $how is refused" \
		without $how sh /dsnctl.prerm remove
	expect_output "removal without $how says what is so" \
		"NOT removed: it cannot tell .* nothing was changed" \
		sh -c "without $how sh /dsnctl.prerm remove 2>&1; true"
	unchanged "after removal without $how"
done

# whatever number of files it may open: nothing is dropped, as a guest has the device
wrong=''
for files in 3 4 5 6 7 8 9 10 11 12 13 14 16 18 20 24 32; do
	without files=$files dsnctl unload >/dev/null 2>&1 && wrong="$wrong $files"
	[ "$(now)" = $chosen ] || wrong="$wrong $files(real)"
done
expect_output "unload under any limit of files is refused" "^none$" echo "${wrong:-none}"
unchanged "after unload under any limit of files"

kill $holder
wait $holder 2>/dev/null

# by force under a limit: all is dropped, or nothing
wrong=''
for files in 3 4 5 6 7 8 9 10 11 12 13 14 16 18 20 24 32; do
	if without files=$files dsnctl unload --force >/dev/null 2>&1; then
		[ "$(vfio_read $bdf serial)" = $real ] || wrong="$wrong $files(kept)"
		dsnctl load >/dev/null
		dsnctl set $bdf $chosen >/dev/null
	else
		[ "$(vfio_read $bdf serial)" = $chosen ] || wrong="$wrong $files(dropped)"
		[ "$(pinned | tr '\n' ' ')" = "$all" ] || wrong="$wrong $files(pins)"
	fi
done
expect_output "unload --force under any limit of files drops all or nothing" "^none$" \
	echo "${wrong:-none}"

# a place that cannot be written, and a pin in the middle that cannot be dropped
for place in $pins $copy; do
	mount --bind "$place" "$place"
	mount -o remount,ro,bind "$place"
	expect_status 1 "$place is read-only: unload" dsnctl unload
	expect_output "$place is read-only: unload names it" "$place.*Read-only" \
		sh -c "dsnctl unload 2>&1; true"
	umount "$place"
	expect_output "$place is read-only: the rule holds" "^$chosen$" vfio_read $bdf serial
	expect_output "$place is read-only: every pin is there" "^$all$" \
		echo "$(pinned | tr '\n' ' ')"
	for pin in dsn_usage dsn_resume dsn_fexit rules; do
		[ -e "$place/$pin" ] || continue
		mount --bind "$place/$pin" "$place/$pin"
		expect_status 1 "$place/$pin cannot be dropped: unload" dsnctl unload
		umount "$place/$pin"
		expect_output "$place/$pin cannot be dropped: the rule holds" "^$chosen$" \
			vfio_read $bdf serial
		expect_output "$place/$pin cannot be dropped: every pin is there" "^$all$" \
			echo "$(pinned | tr '\n' ' ')"
		expect "$place/$pin cannot be dropped: it is proven" \
			dsnctl status --require proven
	done
done

expect "unload with all rights" dsnctl unload
expect_output "the real serial is back at once" "^$real$" vfio_read $bdf serial
expect_status 1 "nothing is pinned in $pins" test -e $pins
expect_status 1 "nothing is pinned in $copy" test -e $copy
expect_output "no link is left" "^0$" attached
expect "unload when nothing is loaded" dsnctl unload
expect_status 5 "unload without caps when nothing is loaded" without caps dsnctl unload
finish
