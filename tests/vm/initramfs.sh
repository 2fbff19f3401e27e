# Packs the guest's root: files with their libraries, modules with what they need.
# shellcheck shell=bash
# shellcheck disable=SC2154 # the caller sets stage, the folder to pack, and maybe sysroot

# add_file HOST GUEST
add_file() {
	install -D "$1" "$stage$2"
	add_libraries "$1"
}

# Libraries go where every loader looks, whatever path they have here.
add_libraries() {
	local path

	[[ -z ${has_libraries:-} ]] || return 0
	[[ $(head -c 4 "$1" | tr -d '\0') == $'\x7fELF' ]] || return 0
	if [[ -n ${sysroot:-} ]]; then
		add_foreign_libraries "$1"
		return
	fi
	for path in $(ldd "$1" 2>/dev/null | grep -o '/[^ ]*' || true); do
		case $path in
		/lib64/*) install -D "$path" "$stage$path" ;;
		*) install -D "$path" "$stage/usr/lib/${path##*/}" ;;
		esac
	done
}

# The same for another architecture, whose loader does not run here: from the sysroot.
add_foreign_libraries() {
	local library path

	for library in $(readelf -dl "$1" | sed -nE \
		's/.*\(NEEDED\).*\[(.*)\]/\1/p; s/.*interpreter: (.*)\]/\1/p'); do
		[[ ! -e $stage/usr/lib/$library && ! -e $stage$library ]] || continue
		case $library in
		/*) install -D "$sysroot$library" "$stage$library" ;;
		*)
			path=$(find "$sysroot"/{,usr/}lib/*-linux-gnu -maxdepth 1 \
				-name "$library" -print -quit)
			[[ -n $path ]] || { echo "no $library in $sysroot" >&2; return 1; }
			install -D "$path" "$stage/usr/lib/$library"
			add_foreign_libraries "$path"
			;;
		esac
	done
}

# add_dir HOSTDIR GUESTDIR
add_dir() {
	local program

	mkdir -p "$stage$2"
	cp -a --no-preserve=ownership "$1/." "$stage$2/"
	while IFS= read -r -d '' program; do
		add_libraries "$program"
	done < <(find "$1" -type f -perm /111 -print0)
}

# add_modules KERNELDIR NAME...: unpacked, with a modules.dep that says so, and the indexes that
# libkmod asks.
add_modules() {
	local release from to file

	release=$(cat "$1/release")
	from=$1/lib/modules/$release to=$stage/lib/modules/$release
	shift
	mkdir -p "$to"
	cp "$from/modules.builtin" "$to/" # busybox modprobe asks it
	needed_modules "$from" "$@" >"$stage/modules.list"
	while read -r file; do
		install -D "$from/$file" "$to/$file"
		[[ $file != *.xz ]] || xz -d "$to/$file"
	done <"$stage/modules.list"
	awk 'NR == FNR { keep[$1 ":"]; next } $1 in keep' \
		"$stage/modules.list" "$from/modules.dep" |
		sed -E 's/\.ko\.xz/.ko/g' >"$to/modules.dep"
	rm "$stage/modules.list"
	PATH="$PATH:/usr/sbin:/sbin" depmod -b "$stage" "$release" 2>/dev/null
}

# Paths of the modules and all they depend on; "-" and "_" are the same to modprobe.
needed_modules() {
	local from=$1

	shift
	awk -v names="$*" '
	function name(path) {
		sub(/.*\//, "", path)
		sub(/\.ko.*/, "", path)
		gsub(/-/, "_", path)
		return path
	}
	FNR == NR {
		path = $1
		sub(/:$/, "", path)
		paths[name(path)] = path
		line[path] = $0
		next
	}
	{ builtin[name($1)] }
	END {
		n = split(names, wanted, " ")
		for (i = 1; i <= n; i++) {
			key = name(wanted[i])
			if (key in builtin)
				continue
			if (!(key in paths)) {
				print "no module " wanted[i] >"/dev/stderr"
				exit 1
			}
			m = split(line[paths[key]], path_of, /:? /)
			for (j = 1; j <= m; j++) {
				sub(/:$/, "", path_of[j])
				if (path_of[j] != "" && !seen[path_of[j]]++)
					print path_of[j]
			}
		}
	}' "$from/modules.dep" "$from/modules.builtin"
}

# The script and its arguments, quoted for the guest's shell.
add_script() {
	local arg

	install -D "$1" "$stage/script"
	shift
	{
		printf 'exec sh /script'
		for arg; do
			printf " '%s'" "${arg//\'/\'\\\'\'}"
		done
		echo
	} >"$stage/run-script"
}

# pack FILE: writes the archive.
pack() { (cd "$stage" && find . | cpio -o -H newc -R 0:0 --quiet) >"$1"; }
