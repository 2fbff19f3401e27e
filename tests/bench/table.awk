# What guest.sh has printed as a table in Markdown.
$1 == "cost" {
	if (!($2 in seen))
		columns[++count] = $2
	seen[$2]
	if (!($3 in text))
		rows[++lines] = $3
	cost[$2, $3] = $4
	text[$3] = substr($0, length($1 $2 $3 $4) + 5)
}
$1 == "skip" {
	skipped = skipped "\n" $2 ": not on this kernel: " substr($0, length($1 $2) + 3)
}
END {
	printf "\nKernel %s: instructions, and ratios to them\n\n| | nothing", kernel
	for (i = 2; i < count; i++)
		printf " | %s", columns[i]
	printf " |\n|---"
	for (i = 1; i < count; i++)
		printf "|---"
	print "|"
	for (j = 1; j <= lines; j++) {
		printf "| %s | %d", text[rows[j]], cost["nothing", rows[j]]
		for (i = 2; i < count; i++)
			printf " | %.3f", cost[columns[i], rows[j]] / cost["nothing", rows[j]]
		print " |"
	}
	if (skipped)
		print skipped
}
