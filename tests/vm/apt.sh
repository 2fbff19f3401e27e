# A private apt, without root: own lists and cache, the mirror of this machine.
# shellcheck shell=bash
# shellcheck disable=SC2016 # $(SITE) and its like are apt's

# The first Debian archive of the machine's own apt configuration, security excluded.
mirror() {
	local site

	site=$(apt-get indextargets --format '$(SITE)|$(ORIGIN)|$(LABEL)|$(COMPONENT)' |
		awk -F'|' '$4 == "main" && $2 == "Debian" && $3 == "Debian" {
			print $1; exit }')
	# Lists that were never fetched have no origin yet, only a site.
	[[ -n $site ]] || site=$(apt-get indextargets \
		--format '$(SITE)|$(CODENAME)$(RELEASE)|$(COMPONENT)|$(ORIGIN)' |
		awk -F'|' '$3 == "main" && $4 == "" && $1 ~ /\/debian\/?$/ {
			print $1; exit }')
	if [[ -z $site ]]; then
		echo "no Debian mirror in the apt configuration:" \
			"run 'apt-get update' first" >&2
		return 1
	fi
	echo "$site"
}

keyring() {
	local file

	for file in /usr/share/keyrings/debian-archive-keyring.{gpg,pgp}; do
		if [[ -f $file ]]; then
			echo "$file"
			return
		fi
	done
	echo "no debian-archive-keyring in /usr/share/keyrings" >&2
	return 1
}

# apt_setup DIR [ARCHITECTURE]: exports APT_CONFIG. Of the machine's own settings only
# proxies and such stay in force. DIR-ARCHITECTURE is used for another than amd64.
apt_setup() {
	local architecture=${2:-amd64} site key release acquire

	apt_dir=$1
	[[ $architecture == amd64 ]] || apt_dir+=-$architecture
	acquire=$(apt-config dump | grep -E '^Acquire::(https?|Check)' || true)
	mkdir -p "$apt_dir"/{lists,cache/archives}/partial
	if [[ ! -s $apt_dir/sources.list ]]; then
		site=$(mirror) && key=$(keyring) || return
		for release in bookworm trixie trixie-backports; do
			echo "deb [signed-by=$key] $site $release main"
		done >"$apt_dir/sources.list.new"
		mv "$apt_dir/sources.list.new" "$apt_dir/sources.list"
	fi
	: >"$apt_dir/status"
	cat >"$apt_dir/apt.conf" <<-END
	$acquire
	APT::Architecture "$architecture";
	APT::Architectures { "$architecture"; };
	APT::Sandbox::User "root";
	Acquire::Languages "none";
	Dir::State::Lists "$apt_dir/lists";
	Dir::State::status "$apt_dir/status";
	Dir::Cache "$apt_dir/cache";
	Dir::Etc::Main "/dev/null";
	Dir::Etc::Parts "/dev/null";
	Dir::Etc::SourceList "$apt_dir/sources.list";
	Dir::Etc::SourceParts "/dev/null";
	Dir::Etc::Preferences "/dev/null";
	Dir::Etc::PreferencesParts "/dev/null";
	END
	export APT_CONFIG=$apt_dir/apt.conf
}

# apt_refresh daily|now: "now" fails if this run has refreshed already.
apt_refresh() {
	local stamp=$apt_dir/refreshed

	[[ -z ${refreshed:-} ]] || return
	if [[ $1 == daily && -n $(find "$stamp" -mmin -1440 2>/dev/null) ]]; then
		return
	fi
	echo "refreshing the package lists" >&2
	apt-get -qq -o APT::Update::Error-Mode=any update >&2 || return
	touch "$stamp"
	refreshed=1
}

# field NAME PACKAGE: PACKAGE is a name or name/suite
field() { apt-cache show --no-all-versions "$2" | sed -n "s/^$1: //p"; }

# The names a package depends on, alternatives included, one per line.
depends_of() {
	local list

	list=$(field Depends "$1") || return
	sed -E 's/ *\([^)]*\)//g; s/ *[,|] */\n/g' <<<"$list"
}

# The bytes of all packages together.
size_of() {
	local package size sum=0

	for package; do
		size=$(field Size "$package") || return
		sum=$((sum + size))
	done
	echo "$sum"
}

apt_download() { apt-get -qq download "$@" >&2; }
