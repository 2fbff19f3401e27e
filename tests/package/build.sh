#!/bin/bash
# In a bare system: builds from the tarball, builds the package, runs lintian.
# shellcheck disable=SC2317 # functions are called by their names
set -uo pipefail

version=$1
failed=0

# try NAME COMMAND...: what it says goes to a log, which is shown if it fails
try() {
	local name=$1 log

	shift
	log=/mnt/${name// /-}.log
	if "$@" >"$log" 2>&1; then
		echo "ok - $name"
	else
		echo "not ok - $name"
		tail -n 40 "$log" | sed 's/^/# /'
		failed=1
	fi
}

builds_from_tarball() {
	mkdir /tmp/plain && cd /tmp/plain || return
	tar xf "/mnt/dsnctl_$version.orig.tar.gz" && cd "dsnctl-$version" || return
	! command -v git || return
	make V=1 && make install DESTDIR=/tmp/root prefix=/usr || return
	/tmp/root/usr/sbin/dsnctl --version | grep -qx "dsnctl $version" || return
	make uninstall DESTDIR=/tmp/root prefix=/usr || return
	# shellcheck disable=SC2251 # the last command
	! find /tmp/root ! -type d | grep .
}

builds_package() {
	mkdir /tmp/package && cd /tmp/package || return
	cp "/mnt/dsnctl_$version.orig.tar.gz" . || return
	tar xf "dsnctl_$version.orig.tar.gz" && cd "dsnctl-$version" || return
	mv /mnt/debian . || return
	dpkg-buildpackage -us -uc || return
	cp ../*.{deb,dsc,changes,tar.*z} /mnt
}

# The source package alone must be enough to build it again.
source_is_whole() {
	cd /tmp && dpkg-source -x package/dsnctl_"$version"-*.dsc again || return
	diff -r again "package/dsnctl-$version" -x .pc -x build -x .debhelper -x dsnctl -x dsnctl-libvirt -x files \
		-x '*.substvars' -x '*.debhelper*' -x debhelper-build-stamp
}

lintian_is_content() {
	cd /tmp/package && lintian --allow-root --info \
		--fail-on error,warning ./*.changes
}

try "build from the tarball without git" builds_from_tarball
try "build the package" builds_package
try "the source package is whole" source_is_whole
try "lintian" lintian_is_content
exit $failed
