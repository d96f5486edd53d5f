#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Sizes that keep the code readable: file <= 900 lines, C function <= 80, line <= 100 columns (tabs 8), first line SPDX.
Exceptions stand in tools/check/exceptions.txt: `path[:function] reason`. --total prints the promise on the hypervisor's size."""
import re
import subprocess
import sys

FILE, FUNCTION, COLUMNS, PROMISE = 900, 80, 100, 50000


def tracked(*patterns):
	out = subprocess.run(["git", "ls-files", "--", *patterns], capture_output=True, text=True, check=True)
	return out.stdout.split()


def functions(lines):
	"""Yield (name, first line, length) of C functions: kernel style, the body between `{` and `}` in column 0."""
	start = None
	for number, line in enumerate(lines):
		if line.startswith("{"):
			start = number
		elif line.startswith("}") and start is not None:
			head = next((l for l in reversed(lines[max(0, start - 6):start]) if re.search(r"\w+\(", l)), "?")
			found = re.search(r"(\w+)\(", head)
			yield (found.group(1) if found else "?"), start + 1, number - start - 1
			start = None


def check():
	exceptions = dict(l.split(None, 1) for l in open("tools/check/exceptions.txt") if l.strip() and l[0] != "#")
	problems, used = [], set()

	def report(key, text):
		if key in exceptions:
			used.add(key)
		else:
			problems.append(text)

	for path in tracked("*.c", "*.h", "*.S", "*.py", "*.sh", "*.def", "*.y", "*.l"):
		lines = open(path, errors="replace").read().split("\n")[:-1]
		if not any("SPDX-License-Identifier: GPL-2.0-or-later" in l for l in lines[:2]):
			report(path + ":spdx", f"{path}:1: no SPDX line")
		if len(lines) > FILE:
			report(path, f"{path}: {len(lines)} lines, the limit is {FILE}")
		if path.endswith((".c", ".h", ".S")):
			for number, line in enumerate(lines, 1):
				if len(line.expandtabs(8)) > COLUMNS:
					report(path + ":columns", f"{path}:{number}: {len(line.expandtabs(8))} columns")
		if path.endswith(".c"):
			for name, number, length in functions(lines):
				if length > FUNCTION:
					report(f"{path}:{name}", f"{path}:{number}: {name} has {length} lines, the limit is {FUNCTION}")
	for key in sorted(set(exceptions) - used):
		problems.append(f"tools/check/exceptions.txt: {key} needs no exception")
	print("\n".join(problems) if problems else "sizes: all within the limits")
	return 1 if problems else 0


def total():
	count = sum(len(open(p, errors="replace").readlines()) for p in tracked("hypervisor/*.[chS]", "hypervisor/*.def"))
	print(f"hypervisor: {count} lines (promise: under {PROMISE})")
	return 0 if count < PROMISE else 1


sys.exit(total() if "--total" in sys.argv else check())
