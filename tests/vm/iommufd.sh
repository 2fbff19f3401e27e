# The modules of a kernel of the cache, built again with IOMMUFD and /dev/vfio/devices, which
# no kernel of Debian's has. The kernel itself stays as it is.
# shellcheck shell=bash
# shellcheck disable=SC2154 # the caller sets here, cache, name, release, suite and folder

# as the kernel's configuration would have them, but for the kernel itself
iommufd_config=(IOMMUFD_MODULE IOMMUFD_DRIVER IOMMUFD_DRIVER_CORE VFIO_DEVICE_CDEV VFIO_NOIOMMU
	INTERVAL_TREE_SPAN_ITER)

# fetch_debs PACKAGE...: leaves them in the current folder
fetch_debs() {
	say "fetching ${1%/*} ($((($(size_of "$@") + 500000) / 1000000)) MB)"
	apt_download "$@" || die "cannot fetch ${1%/*}"
}

# fetch_source PATH...: these of the kernel's source, of the very release, go to ./source
fetch_source() {
	local version=${release%%[+-]*} package

	package=linux-source-$(cut -d. -f1,2 <<<"$version")
	[[ $(field Version "$package/$suite") == "$version"-* ]] ||
		die "$suite has no $package of $version any more:" \
			"delete the kernel's folder to get a newer kernel"
	fetch_debs "$package/$suite"
	say "unpacking the source"
	mkdir source
	dpkg-deb --fsys-tarfile ./*.deb | tar xO "./usr/src/$package.tar.xz" |
		tar xJ -C source --strip-components=1 "${@/#/$package/}"
	rm -- ./*.deb
}

# pahole of the suite, which knows the kernel's BTF, with its own libraries: ./pahole/run
fetch_pahole() {
	local list package loader

	list=$(for package in pahole libbpf1 libdw1t64 libelf1t64 zlib1g libzstd1 liblzma5 \
		libbz2-1.0 libc6; do
		echo "$package/${suite%-backports}"
	done)
	# shellcheck disable=SC2086 # words
	fetch_debs $list
	for package in ./*.deb; do
		dpkg-deb -x "$package" pahole
	done
	rm -- ./*.deb
	loader=$(find "$PWD/pahole" -name 'ld-linux*' -type f)
	printf '#!/bin/sh\nexec %q --library-path %q %q "$@"\n' "$loader" "${loader%/*}" \
		"$PWD/pahole/usr/bin/pahole" >pahole/run
	chmod +x pahole/run
	pahole/run --version >/dev/null || die "pahole does not run"
}

# What modules are built in, with the kernel's types, which the headers of the cache do
# without: ./build
fetch_build() {
	cp -a "$headers/build/." build
	sed -i "s|^KBUILD_OUTPUT=.*|KBUILD_OUTPUT=$PWD/build|" build/Makefile
	ln -sfn "$(readlink -f "$headers/build/scripts")" build/scripts
	ln -sfn "$(readlink -f "$headers/build/tools")" build/tools
	fetch_debs "linux-headers-$release/$suite"
	dpkg-deb --fsys-tarfile ./*.deb |
		tar xO "./usr/src/linux-headers-$release/vmlinux" >build/vmlinux
	rm -- ./*.deb
}

# The kernel has an interval tree, without the iterator over its spans, so iommufd gets a
# whole one; the names that the kernel exports already it must not export.
lay_out_modules() {
	local makefile=modules/iommufd/Makefile object

	mkdir modules
	mv source/drivers/iommu/iommufd source/drivers/vfio source/drivers/iommu/iommu-priv.h \
		modules/
	sed '/^EXPORT_SYMBOL/d' source/lib/interval_tree.c >modules/iommufd/interval_tree.c
	for object in driver iova_bitmap interval_tree; do
		[[ ! -e modules/iommufd/$object.c ]] || echo "iommufd-y += $object.o" >>$makefile
	done
	{
		echo "ccflags-y += $(printf -- '-DCONFIG_%s=1 ' "${iommufd_config[@]}")"
		echo "subdir-ccflags-y += \$(ccflags-y)"
		echo "obj-m += iommufd/ vfio/"
	} >modules/Kbuild
}

build_modules() {
	local log

	say "building the modules: half a minute, or more"
	log=$(make -j"$(nproc)" -C "$PWD/build" M="$PWD/modules" CC="$here/../hostile/cc" \
		PAHOLE="$PWD/pahole/run" CONFIG_IOMMUFD=m CONFIG_VFIO_DEVICE_CDEV=y modules 2>&1) || {
		echo "$log" >&2
		die "cannot build its modules"
	}
	! grep '^Skipping BTF' <<<"$log" >&2 || die "the modules have no types"
}

# The kernel with the new modules in place of those of vfio: variant drivers go too.
install_modules() {
	local modules=kernel/lib/modules/$release

	cp -al "$cache/kernels/${name%-iommufd}" kernel
	rm -rf "$modules"/kernel/drivers/vfio "$modules"/modules.{dep,symbols,alias}*
	mkdir -p "$modules/kernel/drivers/vfio"
	find modules -name '*.ko' -exec strip -d {} + -exec cp -t "$modules/kernel/drivers/vfio/" {} +
	index_modules
}

# make_iommufd: leaves in ./kernel a kernel with IOMMUFD.
make_iommufd() {
	fetch_source drivers/iommu/iommufd drivers/iommu/iommu-priv.h drivers/vfio \
		lib/interval_tree.c
	fetch_pahole
	fetch_build
	lay_out_modules
	build_modules
	install_modules
}
