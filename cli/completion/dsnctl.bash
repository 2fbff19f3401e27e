# SPDX-License-Identifier: GPL-2.0
# Completion of dsnctl for bash; commands, options and operands are what --help says.
# shellcheck shell=bash

_dsnctl_help() { PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin "$@" --help 2>/dev/null; }

# The functions that have extended config space, where serials are.
_dsnctl_functions() {
	stat -L -c '%s %n' /sys/bus/pci/devices/*/config 2>/dev/null |
		sed -n 's|^4096 .*/\([^/]*\)/config$|\1|p'
}

# Devices of several functions, named without function.
_dsnctl_devices() { _dsnctl_functions | sed 's/\.[0-7]$//' | uniq -d; }

# The vendor:device of the function in the same command.
_dsnctl_ids() {
	local word folder vendor device

	for word; do
		folder=/sys/bus/pci/devices/$word
		{ read -r vendor <"$folder/vendor" && read -r device <"$folder/device"; } 2>/dev/null &&
			echo "${vendor#0x}:${device#0x}"
	done
}

# The VMs that libvirt has here.
_dsnctl_uuids() { sed -nE 's|^ *<uuid>(.*)</uuid>.*|\1|p' /etc/libvirt/qemu/*.xml 2>/dev/null; }

# The words for an operand or a value as --help writes it: in capitals what it stands for.
_dsnctl_words() {
	case $1 in
	*\|*) _dsnctl_words "${1%%|*}"; _dsnctl_words "${1#*|}" ;;
	HOOK) echo auto fexit kprobe none permission ;;
	CHECK) echo auto off usage resume ;;
	HOW) echo known refuse allow ;;
	LEVEL) echo proven withheld vmm-trusted best-effort ;;
	VALUE) echo scrub hide pass derive ;;
	VPD) echo empty hide pass ;;
	GAPS) echo pass zero ;;
	UUID) _dsnctl_uuids ;;
	LABEL) echo alias mac slot ;;
	CLAIMED) echo scrub hide none derive: ;;
	BDF) _dsnctl_functions ;;
	TARGET) echo default; _dsnctl_functions; _dsnctl_devices ;;
	VENDOR:DEVICE | IDS) shift; _dsnctl_ids "$@" ;;
	[a-z]*) echo "$1" ;;
	esac
}

# Names of settings that may still follow, as NAME|NAME, or the word for what the last one
# wants: _dsnctl_settings "OPERAND..." NAME WORD...
_dsnctl_settings() {
	local given=" $1 " names=''

	shift
	while (($# > 1)); do
		[[ $given != *" $1 " ]] || { echo "$2" && return; }
		[[ $given == *" $1"[\ =]* ]] || names+="|$1"
		shift 2
	done
	echo "${names#|}"
}

_dsnctl() {
	local program=$1 line=${COMP_LINE:0:COMP_POINT} words=() operands=() wants=() settings=()
	local current command help word kind='' i

	# bash would take a BDF apart at its colons
	read -ra words <<<"$line"
	[[ $line != *[[:space:]] ]] || words+=('')
	current=${words[-1]}
	COMPREPLY=()
	if ((${#words[@]} <= 2)); then
		mapfile -t COMPREPLY < <(compgen -W "$(_dsnctl_help "$program" | sed -nE \
			's/^  ([a-z]+) .*/\1/p') --help --version" -- "$current")
		return
	fi

	command=${words[1]}
	help=$(_dsnctl_help "$program" "$command")
	for word in "${words[@]:2:${#words[@]}-3}"; do
		if [[ $kind ]]; then
			kind='' # this word was the option's value
		elif [[ $word == --* ]]; then
			kind=$(sed -nE "s/^  .*$word ([A-Z]{2,}) .*/\1/p" <<<"$help")
		elif [[ $word != -?* ]]; then
			operands+=("$word")
		fi
	done
	if [[ ! $kind && $current == --*=* ]]; then
		kind=$(sed -nE "s/^  .*${current%%=*} ([A-Z]{2,}) .*/\1/p" <<<"$help")
		current=${current#*=}
	elif [[ ! $kind && $current == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(sed -nE \
			's/^  .*(--[a-z-]+) .*/\1/p' <<<"$help") --help" -- "$current")
		return
	elif [[ ! $kind ]]; then
		read -ra wants < <(sed -nE "1s/^Usage: dsnctl $command//p" <<<"$help" |
			sed 's/\[OPTION.*//; s/[][]//g')
		# a derived serial has more words, and what follows a value is in any order
		if [[ $command == set ]]; then
			settings=("${wants[@]:2}") wants=("${wants[@]:0:2}")
			if [[ ${operands[1]:-} == derive ]]; then
				wants+=(UUID LABEL)
				[[ ! ${operands[3]:-} =~ ^(alias|mac|slot)$ ]] || wants+=(NAME)
			fi
			i=${#wants[@]}
			if ((${#operands[@]} >= i)); then
				kind=$(_dsnctl_settings "${operands[*]:i}" "${settings[@]}")
				[[ $kind ]] || return
				wants=("${operands[@]}" "$kind") kind=''
			fi
		fi
		# pairs after the UUID
		if [[ $command == claim ]]; then
			for ((i = 1; i <= ${#operands[@]}; i += 2)); do
				wants[i]=BDF wants[i + 1]=CLAIMED
			done
		fi
		i=${#operands[@]}
		((i < ${#wants[@]})) || i=$((${#wants[@]} - 1))
		((i < 0)) || kind=${wants[i]}
		# only what ends with dots comes more than once
		((${#operands[@]} <= i)) || [[ $kind == *... ]] || return
	fi
	kind=${kind%...}
	if [[ $kind == @(FILE|PATH) ]]; then
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
	fi
	mapfile -t COMPREPLY < <(compgen -W "$(_dsnctl_words "$kind" "${operands[@]}")" -- "$current")
	# only what is behind the last colon is replaced
	if [[ $current == *:* && $COMP_WORDBREAKS == *:* ]]; then
		COMPREPLY=("${COMPREPLY[@]#"${current%"${current##*:}"}"}")
	fi
}

complete -F _dsnctl dsnctl
