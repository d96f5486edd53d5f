#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the runners of tests count. Each keeps its counts, and below them the names of what failed, in build/test/NAME.count. As a
program, total.py DIR adds up DIR/*.count, names what failed and prints one closing line."""
import glob
import os
import re
import sys

FOLDER = os.path.join("build", "test")


def keep(name, passed, failed, skipped=0, failures=()):
	"""Write and print what one runner counted; its exit status. It runs in the project's folder."""
	line = f"{passed} passed, {failed} failed, {skipped} skipped"
	os.makedirs(FOLDER, exist_ok=True)
	with open(os.path.join(FOLDER, name + ".count"), "w") as f:
		f.write("\n".join([line, *failures]) + "\n")
	print(f"{name}: {line}", flush=True)
	return 1 if failed or not passed else 0


def main(folder):
	"""Add up."""
	total = [0, 0, 0]
	for name in sorted(glob.glob(os.path.join(folder, "*.count"))):
		with open(name) as f:
			first, *failures = f.read().splitlines() or [""]
		numbers = re.fullmatch(r"(\d+) passed, (\d+) failed, (\d+) skipped", first)
		if not numbers:
			sys.exit(f"{name}: no count in it")
		for failure in failures:
			print("failed: " + failure)
		total = [a + int(b) for a, b in zip(total, numbers.groups())]
	print("%d passed, %d failed, %d skipped" % tuple(total))
	return 1 if total[1] or not total[0] else 0


if __name__ == "__main__":
	sys.exit(main(sys.argv[1]))
