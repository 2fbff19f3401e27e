# Of a log of instructions, those of one system call, by function; behind "ADDRESS NAME", sorted.

function name_of(address, low, high, middle)
{
	low = 1
	high = symbols
	while (low < high) {
		middle = int((low + high + 1) / 2)
		if (at[middle] <= address)
			low = middle
		else
			high = middle - 1
	}
	return names[low]
}

FNR == NR {
	at[++symbols] = $1 ""
	names[symbols] = $2
	next
}

# Trace 0: 0x7f... [segment/address/...
/^Trace / {
	split($0, parts, "/")
	pc[++steps] = parts[2] ""
	if (steps > 1 && pc[steps] ~ /^ffff/ && pc[steps - 1] !~ /^ffff/) {
		if (entry)
			lengths[steps - entry]++
		entries[++calls] = entry = steps
	}
}

END {
	for (n in lengths)
		if (lengths[n] > most) {
			most = lengths[n]
			usual = n + 0
		}
	for (call = 1; call < calls; call++)
		if (entries[call + 1] - entries[call] == usual)
			break
	for (i = entries[call]; i < entries[call + 1]; i++) {
		name = pc[i] ~ /^ffff/ ? name_of(pc[i]) : "user space"
		if (!(name in sum))
			order[++functions] = name
		sum[name]++
	}
	for (i = 1; i <= functions; i++)
		printf "%6d %s\n", sum[order[i]], order[i]
	printf "%6d in all, as in %d of %d calls\n", usual, most, calls - 1
}
