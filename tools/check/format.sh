#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# clang-format in check mode over the C that git tracks; `tools/check/format.sh fix` rewrites instead.
set -eu
command -v clang-format >/dev/null || { echo "format: clang-format is not installed" >&2; exit 1; }
files=$(git ls-files '*.c' '*.h')
[ -n "$files" ] || { echo "format: no C file found" >&2; exit 1; }
if [ "${1:-}" = fix ]; then
	echo "$files" | xargs clang-format -i
	exit 0
fi
echo "$files" | xargs clang-format --dry-run -Werror 2>build/format.log || {
	grep -c 'error:' build/format.log | sed 's/$/ places differ from .clang-format; tools\/check\/format.sh fix rewrites them/'
	grep 'error:' build/format.log | cut -d: -f1 | sort | uniq -c | sort -rn | head -20
	exit 1
}
echo "format: as .clang-format says"
