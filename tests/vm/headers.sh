# What modules for a kernel of the cache are built with, laid out so that it works in a folder.
# shellcheck shell=bash
# shellcheck disable=SC2154 # the caller sets release and suite

# Programs of the kernel's build that want newer libraries than this machine has get them.
add_libraries() {
	local libraries=$1/libraries list program loader
	local -a found packages

	mapfile -t found < <(find kernel/usr/lib/linux-kbuild-* -type f -perm /111 -exec \
		sh -c 'ldd "$1" 2>&1 | grep -q "not found" && echo "$1"' sh {} \;)
	((${#found[@]})) || return 0
	list=$(for package in libc6 libelf1t64 zlib1g libzstd1; do
		echo "$package/${suite%-backports}"
	done)
	mapfile -t packages <<<"$list"
	say "this machine's C library is older than the kernel's tools: fetching theirs" \
		"($(($(size_of "${packages[@]}") / 1000000)) MB)"
	apt_download "${packages[@]}" || return
	for package in ./*.deb; do
		dpkg-deb -x "$package" libraries
	done
	rm -- ./*.deb
	mkdir kernel/libraries
	cp -a libraries/usr/lib/*-linux-gnu/*.so* kernel/libraries/
	loader=$(find kernel/libraries -name 'ld-linux*' -printf '%f\n')
	for program in "${found[@]}"; do
		mv "$program" "$program.here"
		printf '#!/bin/sh\nexec %q --library-path %q %q "$@"\n' "$libraries/$loader" \
			"$libraries" "$1/${program#kernel/}.here" >"$program"
		chmod +x "$program"
	done
}

# fetch_headers FOLDER: leaves in ./kernel what will be FOLDER; FOLDER/build is for make -C.
fetch_headers() {
	local package list build
	local -a packages

	[[ -n $(field Version "linux-headers-$release/$suite") ]] ||
		die "no linux-headers-$release in $suite any more:" \
			"delete the kernel's folder to get a newer kernel"
	list=$(resolve "linux-headers-$release" '^linux-(headers-.*-common|kbuild-)')
	mapfile -t packages <<<"$list"
	say "fetching the headers of $release" \
		"($(($(size_of "${packages[@]}") / 1000000)) MB)"
	apt_download "${packages[@]}" || die "cannot fetch the headers from $suite"
	for package in ./*.deb; do
		dpkg-deb -x "$package" kernel
	done
	rm -- ./*.deb
	build=usr/src/linux-headers-$release
	sed -i "s|/usr/src/|$1/usr/src/|" "kernel/$build/Makefile"
	ln -s "$build" kernel/build
	rm -f "kernel/$build/vmlinux" # without it modules get no BTF, and pahole is not needed
	add_libraries "$1" || die "cannot fetch the libraries of the kernel's tools"
}
