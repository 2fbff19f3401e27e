# With nothing attached, first and last, every count is the same: else none is worth a thing.
$1 == "cost" && $2 == "nothing" { first[$3] = $4 }
$1 == "cost" && $2 == "nothing-again" {
	rows++
	if (first[$3] != $4)
		wrong = wrong "# " $3 ": " first[$3] ", then " $4 "\n"
}
END {
	name = " - " kernel ": with nothing attached the same instructions, first and last"
	if (rows && !wrong) {
		print "ok" name
		exit
	}
	printf "not ok%s\n%s", name, wrong
	exit 1
}
