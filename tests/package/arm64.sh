#!/bin/bash
# In a bare system for another processor: builds the package for arm64 and looks at its files.
# shellcheck disable=SC2317 # functions are called by their names
set -uo pipefail

version=$1
# shellcheck source=tests/package/check.sh
. "$(dirname "$0")/check.sh"

builds_package() {
	mkdir /tmp/package && cd /tmp/package || return
	cp "/mnt/dsnctl_$version.orig.tar.gz" . || return
	tar xf "dsnctl_$version.orig.tar.gz" && cd "dsnctl-$version" || return
	mv /mnt/debian . || return
	dpkg-buildpackage -b -us -uc -aarm64 -Pcross,nocheck || return
	cp ../*.{deb,changes} /mnt
}

# PACKAGE: its files without documentation
files_of() {
	dpkg-deb --fsys-tarfile "$1" | tar -t |
		sed -n -e '/\/lintian\//d' -e '/\/usr\/share\/doc\//d' -e '/\/$/d' \
			-e 's|^\.||' -e 's|^/lib/|/usr/lib/|' -e p | sort
}

has_files() { diff <(package_files) <(files_of /mnt/dsnctl_"$version"-*_arm64.deb); }
hook_has_files() { diff <(hook_files) <(files_of /mnt/dsnctl-libvirt_"$version"-*_arm64.deb); }

# PACKAGE PROGRAM LIBRARY: it is for arm64, and so is the package, which depends on its libraries
is_for_arm64() {
	local package program=/mnt/$2

	package=$(echo /mnt/"$1"_"$version"-*_arm64.deb)
	[[ $(dpkg-deb -f "$package" Architecture) == arm64 ]] || return
	dpkg-deb --fsys-tarfile "$package" | tar -xO "./usr/sbin/$2" >"$program" || return
	chmod +x "$program"
	readelf -h "$program" | grep -E 'Machine: +AArch64$' || return
	dpkg-deb -f "$package" Depends | tee /dev/stderr | grep libc6 | grep -E "$3"
}

check "the package for arm64 builds" builds_package
check "the package for arm64 has the files that the others have, and no more" has_files
check "libvirt's package for arm64 has the files it should have, and no others" hook_has_files
check "dsnctl is for arm64" is_for_arm64 dsnctl dsnctl libbpf1
check "libvirt's hook is for arm64" is_for_arm64 dsnctl-libvirt dsnctl-libvirt libexpat1
exit $failed
