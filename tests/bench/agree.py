#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""agree.py PART: compare what a part of make bench has just measured (build/bench/PART.json) with what it measured the last
time with the same hypervisor and the same programs; print each row that is more than 1 % apart, with how far.
"""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from host import PROGRAMS, ROOT, cache, hypervisor_file  # noqa: E402

OUT = os.path.join(ROOT, "build", "bench")
APART = 0.01
# Derived from others, or a spread itself.
LEFT_OUT = ("ours over Xen", "spread of ", "worst share")


def rows(figures, name=""):
	"""{row: number} of whatever a part keeps."""
	found = {}
	if isinstance(figures, (int, float)) and not isinstance(figures, bool):
		return {name: figures}
	if isinstance(figures, dict):
		for key, value in figures.items():
			if not key.startswith(LEFT_OUT):
				found.update(rows(value, f"{name}, {key}" if name else key))
	if isinstance(figures, list):
		for i, value in enumerate(figures):
			found.update(rows(value, f"{name} [{i}]"))
	return found


def apart(before, now):
	"""[(row, how far it is from what it was, as a part of that)]: those that do not agree, the farthest first."""
	found = [(row, now[row] / value - 1) for row, value in before.items() if value and row in now]
	return sorted([f for f in found if abs(f[1]) > APART], key=lambda f: -abs(f[1]))


def main(part):
	"""Compare, print, keep."""
	path, kept = (os.path.join(OUT, f"{part}{end}.json") for end in ("", ".last"))
	build = cache.digest("@" + hypervisor_file("paravane"), "@" + PROGRAMS)
	last = {}
	if os.path.exists(kept):
		with open(kept) as f:
			last = json.load(f)
	if not os.path.exists(path) or last.get("taken") == os.path.getmtime(path):
		print(f"agree: {part} has no new figures")
		return
	with open(path) as f:
		now = rows(json.load(f))
	if last.get("build") == build:
		far = apart(last["rows"], now)
		print(f"agree: {len(now)} figures, {len(far)} of them more than {APART:.0%} from the last run of this build")
		for row, by in far:
			print(f"  {row:70}{by:+8.1%}")
	else:
		print(f"agree: {part} was not run with this build before")
	with open(kept, "w") as f:
		json.dump({"build": build, "taken": os.path.getmtime(path), "rows": now}, f)


if __name__ == "__main__":
	main(sys.argv[1].removeprefix("bench-"))
