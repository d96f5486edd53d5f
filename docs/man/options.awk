# SPDX-License-Identifier: GPL-2.0-or-later
# Rows of abi/options.def -> scdoc paragraphs: *name*=KIND, default, text.
/^OPT_/ {
	kind = $0; sub(/^OPT_/, "", kind); sub(/\(.*/, "", kind)
	match($0, /"[^"]*"/); name = substr($0, RSTART + 1, RLENGTH - 2)
	rest = substr($0, RSTART + RLENGTH)
	text = rest; sub(/"\)[ \t]*$/, "", text); sub(/.*"/, "", text)
	value = rest; sub(/^, */, "", value); sub(/, *"[^"]*"\)[ \t]*$/, "", value); gsub(/"/, "", value)
	if (value == "") value = "none"
	printf "*%s*=_%s_ (default: %s)\n\t%s\n\n", name, tolower(kind), value, text
}
