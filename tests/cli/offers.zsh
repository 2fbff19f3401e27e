# What real zsh offers at a terminal: offers.zsh PROGRAM LINE... prints the words, a line each.
zmodload zsh/zpty zsh/zselect
setopt no_unset err_return

program=$1
shift
folder=$(mktemp -d)
trap 'rm -rf $folder' EXIT
taken=$folder/taken
: >$taken
ln -s $program $folder/dsnctl

# in the shell at the terminal: the widget notes what goes through compadd
cat >$folder/setup <<-END
	fpath=(${(q)PWD}/cli/completion \$fpath)
	autoload -Uz compinit
	compinit -D -u
	stat() { echo "4096 /sys/bus/pci/devices/0000:01:00.0/config" }
	compadd() {
		local -a offered
		builtin compadd -O offered "\$@"
		print -r -- \$offered >>$taken
		builtin compadd "\$@"
	}
	note() {
		: >$taken
		zle complete-word
		print END >>$taken
	}
	zle -N note
	bindkey '^I' note
	path=($folder \$path)
	print END >>$taken
END

# Until the shell has done what it was told.
wait_for_it() {
	local -i tries

	for ((tries = 0; tries < 200; tries++)); do
		[[ $(tail -n 1 $taken) != END ]] || return 0
		zselect -t 5 || true
	done
	print -u 2 "zsh does not answer"
	exit 1
}

zpty shell zsh -f -i
zpty -w shell "source $folder/setup"
wait_for_it
for line; do
	: >$taken
	zpty -w -n shell $'\C-u'$line$'\t'
	wait_for_it
	print -r -- $(sed '$d' $taken)
done
zpty -d shell
