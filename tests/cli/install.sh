#!/bin/bash
# Builds and installs what `make dist` packs, and takes it away again; prints TAP-like lines.
# shellcheck disable=SC2317 # functions are called by their names
set -uo pipefail

cd "$(dirname "$(readlink -f "$0")")/../.." || exit
version=$("$1" --version | sed 's/.* //')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
# shellcheck source=tests/package/check.sh
. tests/package/check.sh

# In the unpacked tree, with a git that fails.
make_there() {
	env -u MAKEFLAGS -u MAKELEVEL PATH="$work/bin:$PATH" \
		make -C "$work/dsnctl-$version" -j 2 DESTDIR="$root" prefix=/usr "$@"
}

unpacks() {
	tar -x -C "$work" -f "build/dsnctl-$version.tar.gz" || return
	mkdir "$work/bin" && ln -s "$(command -v false)" "$work/bin/git"
}

files() { (cd "$root" && find . ! -type d -printf '%m %P\n' | sort -k 2); }

has_files() {
	diff - <(files | grep -v ' usr/share/doc/dsnctl/') <<-END
	644 usr/lib/systemd/system/dsnctl-repair.service
	644 usr/lib/systemd/system/dsnctl.service
	755 usr/sbin/dsnctl
	644 usr/share/bash-completion/completions/dsnctl
	644 usr/share/man/man5/dsnctl-json.5
	644 usr/share/man/man5/dsnctl.conf.5
	644 usr/share/man/man8/dsnctl.8
	644 usr/share/zsh/site-functions/_dsnctl
	END
}

has_texts() {
	local wanted

	for wanted in README.md $(grep -o 'docs/[a-z]*\.md' README.md); do
		[[ -s $root/usr/share/doc/dsnctl/$wanted ]] || return
	done
}

has_examples() {
	diff - <(ls "$root/usr/share/doc/dsnctl/examples") <<-END
	alerts.yml
	dsnctl-metrics.service
	dsnctl-metrics.timer
	hold-vms.conf
	proxmox-hook
	vm-claim.conf
	END
}

runs() { [[ $("$root/usr/sbin/dsnctl" --version) == "dsnctl $version" ]]; }
unit_has_path() { grep -q '^ExecStart=/usr/sbin/dsnctl load' "$root/usr/lib/systemd/system/dsnctl.service"; }
# shellcheck disable=SC2251 # the last command
nothing_left() { ! find "$root" ! -type d | grep .; }

hook_has_files() {
	diff - <(files) <<-END
	755 etc/libvirt/hooks/qemu.d/50-dsnctl
	755 usr/sbin/dsnctl-libvirt
	644 usr/share/man/man8/dsnctl-libvirt.8
	END
}

if ! git rev-parse --git-dir >/dev/null 2>&1; then
	echo "ok - the tarball # SKIP not a git checkout"
	exit 0
fi
check "make dist succeeds" make -s dist
check "the tarball of make dist unpacks" unpacks
check "make install succeeds without git" make_there install
check "make install installs the files it should, and no others" has_files
check "make install installs the README and the pages it needs" has_texts
check "make install installs the examples" has_examples
check "make install makes a folder for configuration" test -d "$root/etc/dsnctl.d"
check "the installed dsnctl runs and prints its version" runs
check "the RPM has the same version" grep -qE "^Version: +$version\$" dsnctl.spec
check "the installed unit has the path of the installed dsnctl" unit_has_path
check "make uninstall succeeds" make_there uninstall
check "make uninstall leaves nothing" nothing_left
check "make install-libvirt succeeds" make_there install-libvirt
check "make install-libvirt installs the files it should, and no others" hook_has_files
check "make uninstall-libvirt succeeds" make_there uninstall-libvirt
check "make uninstall-libvirt leaves nothing" nothing_left
exit $failed
