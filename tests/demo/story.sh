# The main job as an operator sees it: before, load, after, set, dump.
# shellcheck shell=dash source=tests/vm/lib.sh
. /lib.sh

say() { printf '\n# %s\n' "$*"; }

run() {
	echo "\$ $*"
	"$@"
}

say "A stock $(uname -r), an e1000e at $bdf, bound to the real vfio-pci."
bind_vfio $bdf || exit 1
say "What a VMM reads through VFIO, and shows its guest, before: the real serial."
run vfio_read $bdf serial
run dsnctl list

say "Hook the kernel. No rule yet: the default is scrub."
run dsnctl load
run vfio_read $bdf serial

say "A second reader keeps the device open, as a running guest does, and reads every second."
vfio_read $bdf hold >/run/reader &
reader=$!
sleep 2

say "Who is that?"
run dsnctl list

say "Give the device a serial of your own. While it is open that is refused, as a guest would see
# it change, unless you mean it. Then the running reader sees it too."
run dsnctl set $bdf $chosen
run dsnctl set --force $bdf $chosen || exit 1
sleep 2
kill $reader
run uniq -c /run/reader

say "What an audit sees."
run dsnctl dump
run dsnctl get $bdf
run dsnctl verify
run dsnctl status

say "And without the programs?"
run dsnctl unload
run vfio_read $bdf serial
