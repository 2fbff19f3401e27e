#!/bin/bash
# In a bare system: builds the RPM from the tarball, installs it into an empty root, and removes it.
# shellcheck disable=SC2317 # functions are called by their names
set -uo pipefail

version=$1
# shellcheck source=tests/package/check.sh
. "$(dirname "$0")/check.sh"
top=/tmp/rpmbuild
root=/tmp/rpmroot

# What Debian has is not among the packages that rpm knows: no dependencies.
builds() {
	mkdir -p "$top" && cp "/mnt/dsnctl_$version.orig.tar.gz" "$top/dsnctl-$version.tar.gz" || return
	rpmbuild --nodeps --define "_topdir $top" -ta "$top/dsnctl-$version.tar.gz" || return
	cp "$top"/RPMS/*/dsnctl-"$version"-1.*.rpm "$top"/SRPMS/*.rpm /mnt
}

rebuilds() { rpmbuild --nodeps --define "_topdir $top/again" --rebuild "$top"/SRPMS/*.rpm; }

has_files() {
	diff - <(rpm -qlp "$package" | grep -v -e /usr/share/doc/ -e /usr/share/licenses/ \
		-e /.build-id | sed 's/\.gz$//' | sort) <<-END
	/etc/dsnctl.d
	/usr/lib/systemd/system/dsnctl-repair.service
	/usr/lib/systemd/system/dsnctl.service
	/usr/sbin/dsnctl
	/usr/share/bash-completion/completions/dsnctl
	/usr/share/man/man5/dsnctl-json.5
	/usr/share/man/man5/dsnctl.conf.5
	/usr/share/man/man8/dsnctl.8
	/usr/share/zsh/site-functions/_dsnctl
	END
}

installs_into_empty_root() {
	mkdir "$root" && rpm --root "$root" --initdb &&
		rpm --root "$root" --nodeps --noscripts -i "$package"
}

runs() { [[ $("$root/usr/sbin/dsnctl" --version) == "dsnctl $version" ]]; }

removes_from_root() {
	rpm --root "$root" --nodeps --noscripts -e dsnctl && [[ ! -e $root/usr/sbin/dsnctl ]]
}

# With its scripts, in this system.
installs() { rpm --nodeps -i "$package" && rpm -V --nodeps dsnctl && dsnctl --version; }

# A dsnctl that cannot unload stands for a guest that has a device.
is_kept() {
	local status=0

	mv /usr/sbin/dsnctl /usr/sbin/dsnctl.real && mkdir /run/dsnctl || return
	printf '#!/bin/sh\nexit 1\n' >/usr/sbin/dsnctl && chmod +x /usr/sbin/dsnctl || return
	rpm --nodeps -e dsnctl && status=1
	mv /usr/sbin/dsnctl.real /usr/sbin/dsnctl && rmdir /run/dsnctl || return
	rpm -q dsnctl || status=1
	return "$status"
}

removes() { rpm --nodeps -e dsnctl && [[ ! -e /usr/sbin/dsnctl ]]; }

check "rpmbuild makes the RPM from the tarball" builds
package=$(echo "$top"/RPMS/*/dsnctl-"$version"-1.*.rpm)
check "rpmbuild makes it again from the source RPM" rebuilds
check "the RPM has the files it should have, and no others" has_files
check "the RPM is installed into an empty root" installs_into_empty_root
check "the installed files are as packed in the RPM" rpm --root "$root" -V --nodeps dsnctl
check "dsnctl from the RPM runs and prints the package's version" runs
check "the RPM is removed from that root" removes_from_root
check "the RPM installs with its scripts" installs
check "the RPM stays if dsnctl cannot unload" is_kept
check "the RPM is removed if nothing is loaded" removes
exit $failed
