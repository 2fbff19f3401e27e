# Holds what guest.sh has printed to the limits, which are read after it. Compilers differ:
# of what a limit is away from 1 a twentieth more is let through, and nothing where it is 1.
function slack(limit) { return 0.05 * (limit > 1 ? limit - 1 : 1 - limit) }

function judge(column, row, limit,    way, base, ratio, name) {
	split(column "/nothing", way, "/")
	base = way[2]
	name = sprintf(" - %s: %s, %s", kernel, column, row)
	if (way[1] in skipped) {
		if (!told[way[1]]++)
			print "ok - " kernel ": " way[1] " # SKIP " skipped[way[1]]
		return
	}
	if (!((way[1], row) in cost) || !((base, row) in cost)) {
		print "not ok" name ": was not counted"
		failed = 1
		return
	}
	ratio = cost[way[1], row] / cost[base, row]
	name = sprintf("%s: %.4f, at most %s", name, ratio, limit)
	if (ratio > limit + slack(limit) + 1e-9) {
		print "not ok" name
		failed = 1
	} else {
		print "ok" name
	}
}

$1 == "cost" { cost[$2, $3] = $4; next }
$1 == "skip" { skipped[$2] = substr($0, length($1 $2) + 3); next }
/^#/ || !NF { next }
{
	if (index("," $1 ",", "," kernel ",") == 0)
		next
	columns = split($2, column, ",")
	rows = split($3, row, ",")
	for (i = 1; i <= columns; i++)
		for (j = 1; j <= rows; j++)
			judge(column[i], row[j], $4)
}
END { exit failed }
