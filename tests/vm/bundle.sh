# Debian's programs for the machine: fetched into the cache, each with its own libraries.
# The caller defines assemble(), which fills the folder "bundle".
# shellcheck shell=bash
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/apt.sh"

cache=${DSNCTL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/dsnctl}

say() { echo "$kind $name: $*" >&2; }

die() {
	say "$@"
	exit 1
}

# bundle KIND NAME SUITE PACKAGE...: prints the folder, which is fetched if it is missing
bundle() {
	local kind=$1 name=$2 suite=$3 folder=$cache/$1/$2

	shift 3
	if [[ ! -d $folder ]]; then
		mkdir -p "$cache/$kind"
		exec {lock}>"$cache/$kind/.lock"
		flock -n "$lock" || { say "waiting for another fetch"; flock "$lock"; }
		[[ -d $folder ]] || fetch "$@"
		exec {lock}>&-
	fi
	echo "$folder"
}

# Builds in a folder of its own; the rename makes the bundle appear whole.
fetch() (
	rm -rf "$cache/$kind"/.fetch.* # of runs that were killed
	work=$(mktemp -d "$cache/$kind/.fetch.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	trap 'exit 1' INT TERM

	cd "$work" || exit
	apt_setup "$cache/apt" || die "cannot set up apt"
	apt_refresh daily || die "cannot refresh the package lists"
	download "$@" || { apt_refresh now && download "$@"; } ||
		die "cannot fetch it from $suite"
	for package in ./*.deb; do
		dpkg-deb -x "$package" root
	done
	rm -- ./*.deb
	mkdir -p bundle/lib
	assemble
	mv -T bundle "$cache/$kind/$name"
)

# What apt would install on an empty machine: of what comes along, the libraries.
resolve() {
	local wanted="$*"

	apt-get -s -qq --no-install-recommends -t "$suite" install "$@" |
		sed -nE 's/^Inst (\S+) \((\S+) .*/\1=\2/p' |
		grep -E "^(${wanted// /|}|lib[^=]*)=" | grep -Ev '^lib[^=]*-(dev|perl|stdlib)='
}

# Leaves the packages in the current folder.
download() {
	local -a packages
	local list size

	list=$(resolve "$@") && [[ -n $list ]] || return
	mapfile -t packages <<<"$list"
	size=$(apt-get -qq download --print-uris "${packages[@]}" |
		awk '{ sum += $3 } END { print sum }') || return
	say "fetching $(sed -n "s/^$1=//p" <<<"$list") and its libraries" \
		"($(((size + 500000) / 1000000)) MB)"
	apt_download "${packages[@]}"
}

# take FILE TO: from wherever the packages have it
take() {
	local file

	file=$(find root -name "$1" -print -quit)
	[[ -n $file ]] || die "no $1 in the packages"
	install -m 644 "$file" "$2"
}

# take_program FILE: with its libraries, as the packages' own loader finds them. Only the
# loader may be executed: what else is in the folder is never taken for a program of this
# machine, with this machine's libraries.
take_program() {
	local folders library loader=bundle/lib/ld-linux-x86-64.so.2

	take "$1" bundle/lib
	if [[ ! -e $loader ]]; then
		take ld-linux-x86-64.so.2 "$loader"
		chmod +x "$loader"
	fi
	folders=$(find "$PWD/root" -name '*.so*' -printf '%h\n' | sort -u | paste -sd :)
	"$loader" --library-path "$folders" --list "bundle/lib/$1" >needed ||
		die "the libraries of $1 are incomplete"
	while read -r library; do
		[[ $library == */ld-linux-* ]] || install -m 644 "$library" bundle/lib/
	done < <(grep -o '/[^ ]*\.so[^ ]*' needed)
}

# starter FILE ARGUMENT...: a script that runs the program from wherever the folder is;
# $here is that place
starter() {
	local file=bundle/$1

	shift
	{
		echo '#!/bin/sh'
		echo 'here=$(dirname "$(readlink -f "$0")")'
		echo "exec \"\$here/lib/ld-linux-x86-64.so.2\" --library-path \"\$here/lib\" \\"
		echo "	\"\$here/lib/${file##*/}\" $* \"\$@\""
	} >"$file"
	chmod +x "$file"
}
