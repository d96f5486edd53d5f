# SPDX-License-Identifier: GPL-2.0-or-later
# `nm -n IMAGE` to an assembly table of its functions for x86/symbol.c: offsets from the image's start,
# ascending, and names. Text comes before constants in the image, so the table does not move what it names.
function hex(s,    i, v) {
	v = 0
	for (i = 1; i <= length(s); i++)
		v = v * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1
	return v
}
BEGIN {
	print "\t.section .rodata.symbols, \"a\"\n\t.balign 4\n\t.globl symbol_table, symbol_table_end"
	print "symbol_table:"
}
$3 == "image_start" { base = hex(substr($1, 5)) }
$2 ~ /[tT]/ && !($1 in seen) {
	seen[$1] = 1
	printf "\t.long %d, name_%d - symbol_table\n", hex(substr($1, 5)) - base, n
	names[n++] = $3
}
END {
	print "symbol_table_end:"
	for (i = 0; i < n; i++)
		printf "name_%d: .asciz \"%s\"\n", i, names[i]
}
