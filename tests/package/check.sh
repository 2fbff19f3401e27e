# What tests of installing share: sourced.
# shellcheck shell=bash
failed=0

# check NAME COMMAND...: a TAP-like line, and what a command that fails has printed
check() {
	local name=$1 said

	shift
	if said=$("$@" 2>&1); then
		echo "ok - $name"
	else
		echo "not ok - $name"
		tail -n 40 <<<"$said" | sed 's/^/# /'
		# shellcheck disable=SC2034 # for the exit status of those that source this
		failed=1
	fi
}

# The files of the packages without their documentation, sorted.
package_files() {
	cat <<-END
		/usr/lib/systemd/system/dsnctl-repair.service
		/usr/lib/systemd/system/dsnctl.service
		/usr/sbin/dsnctl
		/usr/share/bash-completion/completions/dsnctl
		/usr/share/man/man5/dsnctl-json.5.gz
		/usr/share/man/man5/dsnctl.conf.5.gz
		/usr/share/man/man8/dsnctl.8.gz
		/usr/share/zsh/vendor-completions/_dsnctl
	END
}

hook_files() {
	cat <<-END
		/etc/libvirt/hooks/qemu.d/50-dsnctl
		/usr/sbin/dsnctl-libvirt
		/usr/share/man/man8/dsnctl-libvirt.8.gz
	END
}
