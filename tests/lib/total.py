#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Add up the counts that the runners left in DIR/*.count; name what failed, where a runner wrote that after its counts, and print one
closing line."""
import glob
import os
import re
import sys

total = [0, 0, 0]
for name in sorted(glob.glob(os.path.join(sys.argv[1], "*.count"))):
	text = open(name).read()
	numbers = re.match(r"(\d+) passed, (\d+) failed, (\d+) skipped", text)
	if not numbers:
		sys.exit(f"{name}: no count in it")
	for failure in text.splitlines()[1:]:
		print("failed: " + failure)
	total = [a + int(b) for a, b in zip(total, numbers.groups())]
print("%d passed, %d failed, %d skipped" % tuple(total))
sys.exit(1 if total[1] or not total[0] else 0)
