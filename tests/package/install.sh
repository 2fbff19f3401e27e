#!/bin/bash
# In a bare system: installs the package, looks at it, removes it, purges it.
# shellcheck disable=SC2317 # functions are called by their names
set -uo pipefail

version=$1
package=$(echo /mnt/dsnctl_"$version"-*_*.deb)
hook=$(echo /mnt/dsnctl-libvirt_"$version"-*_*.deb)
# shellcheck source=tests/package/check.sh
. "$(dirname "$0")/check.sh"

# All files but the logs and the lists of the package tools themselves.
files() {
	find / -xdev \( -path /proc -o -path /mnt -o -path /var/lib/dpkg -o -path /var/log \
		-o -path /var/cache -o -path /var/lib/apt -o -path /tmp \) -prune -o -print | sort
}

installs_dependencies() {
	apt-get -qq update
	apt-get -qq -y --no-install-recommends satisfy "$(dpkg-deb -f "$package" Depends)" \
		"$(dpkg-deb -f "$hook" Depends | sed 's/dsnctl ([^)]*), //')"
}

# The files of a package that is installed, without documentation.
files_of() {
	dpkg -L "$1" | grep -v -e /lintian/ -e /usr/share/doc/ |
		while read -r file; do [[ -d $file ]] || echo "$file"; done |
		sed 's|^/lib/|/usr/lib/|' | sort
}

has_files() { diff <(package_files) <(files_of dsnctl); }
hook_has_files() { diff <(hook_files) <(files_of dsnctl-libvirt); }

hook_of() { /etc/libvirt/hooks/qemu.d/50-dsnctl vm start begin - <"$1"; }
refuses_what_is_no_xml() { [[ $(hook_of /dev/null 2>&1) == *"line 1: no element found"* ]]; }
removes_the_program() { dpkg --remove dsnctl-libvirt && [[ ! -e /usr/sbin/dsnctl-libvirt ]]; }

names_its_version() { [[ $(dsnctl --version) == "dsnctl $version" ]]; }
is_enabled() { find /etc/systemd/system -name dsnctl.service | grep .; }

# What `set --save` writes, what one that was cut off leaves, and a file of the operator's.
write_configuration() {
	local mark="# written by 'dsnctl set --save'"

	printf '%s\n' "$mark" "default scrub" >/etc/dsnctl.d/default.conf &&
		printf '%s\n' "$mark" "0000:01:00 hide" >/etc/dsnctl.d/0000:01:00.conf &&
		touch /etc/dsnctl.d/.0000:02:00.0.conf.new &&
		echo "0000:02:00.0 scrub" >/etc/dsnctl.d/0000:02:00.0.conf
}

removes() {
	dpkg --remove dsnctl || return
	[[ ! -e /usr/sbin/dsnctl && -e /etc/dsnctl.d/default.conf ]]
}

purges() {
	local said

	said=$(dpkg --purge dsnctl 2>&1) || return
	echo "$said"
	[[ $said == */etc/dsnctl.d/0000:02:00.0.conf* && -e /etc/dsnctl.d/0000:02:00.0.conf ]] || return
	rm /etc/dsnctl.d/0000:02:00.0.conf && rmdir /etc/dsnctl.d
}

left_nothing() { diff <(echo "$before") <(files); }

check "the package's dependencies can be installed" installs_dependencies
before=$(files)
check "the package installs without systemd and without a kernel that will do" \
	dpkg --install "$package"
check "the installed files are as packed" dpkg --verify dsnctl
check "the package has the files it should have, and no others" has_files
check "dsnctl.service is enabled" is_enabled
check "dsnctl runs and prints the package's version" names_its_version
check "the package has the folder /etc/dsnctl.d" test -d /etc/dsnctl.d
check "the package installs once more" dpkg --install "$package"
check "libvirt's package installs without libvirt" dpkg --install "$hook"
check "libvirt's package has the files it should have, and no others" hook_has_files
check "libvirt's hook runs" refuses_what_is_no_xml
check "libvirt's package can be removed" removes_the_program
check "libvirt's hook lets VMs start after the removal" hook_of /dev/null
check "libvirt's package can be purged" dpkg --purge dsnctl-libvirt
write_configuration
check "removal leaves the configuration" removes
check "a purge leaves the files that the operator has written" purges
check "a purge leaves nothing else" left_nothing
exit $failed
