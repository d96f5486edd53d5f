#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may include whom (docs/tour.md): exit 1 and name each include line that points the wrong way."""
import glob
import re
import sys

ORDER = ["abi", "lib", "x86", "core", "pv", "hc"]
SEAMS = {"lib": {"x86/machine.h"}, "core": {"x86/machine.h", "x86/regs.h", "x86/boot_info.h"}}
TOPS = ["hypervisor", "xenstore", "netback", "blkback", "tools"]
# lib/ waits in its locks and prints its failures: it sees the machine's seam, the log and the trace ring.
LIB_UP = {"core/log.h", "core/trace.h", "x86/machine.h", "x86/regs.h"}


def includes(path):
	for number, line in enumerate(open(path, errors="replace"), 1):
		found = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
		if found:
			yield number, found.group(1)


def hypervisor_errors():
	for path in sorted(glob.glob("hypervisor/*/**/*.[chS]", recursive=True)):
		layer = path.split("/")[1]
		for number, name in includes(path):
			if name == "x86/upcalls.h" or layer not in ORDER:
				continue
			target = name.split("/")[0]
			if target not in ORDER:
				continue
			allowed = ORDER.index(target) <= ORDER.index(layer)
			if layer == "core" and target == "x86":
				allowed = name in SEAMS["core"]
			if layer == "lib" and name in LIB_UP or layer == "x86" and name in {"core/log.h", "core/trace.h"}:
				allowed = True
			if not allowed:
				yield f"{path}:{number}: {layer}/ may not see {name}"


def user_errors():
	for top in TOPS[1:]:
		for path in sorted(glob.glob(f"{top}/**/*.[ch]", recursive=True)):
			for number, name in includes(path):
				first = name.split("/")[0]
				if first == "tests" or first == "hypervisor":
					yield f"{path}:{number}: {top}/ may not see {name}"
				elif top != "tools" and first in TOPS and first not in (top, "tools"):
					yield f"{path}:{number}: {top}/ may not see {name}"
				elif top != "tools" and first == "tools" and not name.startswith("tools/lib/"):
					yield f"{path}:{number}: {top}/ may see only tools/lib, not {name}"


errors = list(hypervisor_errors()) + list(user_errors())
print("\n".join(errors) if errors else "arrows: every include points the right way")
sys.exit(1 if errors else 0)
