# Puts a serial behind the last extended capability of the function whose config space the
# test module answers: sourced as ". /serial.sh".
# shellcheck shell=dash
# shellcheck disable=SC2034 # for those who source it

table=/sys/kernel/debug/config_table/table

# put OFFSET BYTES, as printf has them
put() { printf '%b' "$2" | dd of=$table bs=1 seek=$(($1)) conv=notrunc 2>/dev/null; }

# byte OFFSET: of the table, in decimal
byte() { dd if=$table bs=1 skip=$(($1)) count=1 2>/dev/null | od -An -tu1 | tr -d ' '; }

# The serial at 0x400, and the way there from the end of the chain.
add_serial() {
	local at=256 next

	while :; do
		next=$((($(byte $((at + 3))) << 4 | $(byte $((at + 2))) >> 4) & 4092))
		[ $next -ge 256 ] || break
		at=$next
	done
	# the version stays in the low half of the third byte
	put $((at + 2)) "\\0$(printf %o $(($(byte $((at + 2))) & 15)))\\0100"
	put 0x400 '\0003\0000\0001\0000\0126\0064\0022\0377\0377\0000\0124\0122'
}
