#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""make test-costs: the steadiest rows of make bench-costs against tests/bench/figures.json; a row that costs more than 1 %
above its figure fails.  `make bench-figures` (--renew) writes what is measured now into that file: do it when a row became
cheaper, or dearer for a reason that is worth it, and say so in the commit.

Rows in which Debian's kernel runs are compared within 1 % with the kernel that the figures were taken with; another build
of it gets 5 %.
"""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))

from costs import hypercalls, initrd, on_dom0  # noqa: E402
from host import HostFailed, cache, inputs  # noqa: E402
from total import keep  # noqa: E402

FIGURES = os.path.join(HERE, "figures.json")
SERVICES = ["null_syscall", "stat", "open_close", "pipe_2", "mprotect_64_twice"]
ABOVE, ABOVE_OTHER_KERNEL = 1.01, 1.05


def measure():
	"""{group: {row: instructions}}"""
	own, guest = hypercalls("paravane")
	return {"hypercalls, control domain": own, "hypercalls, guest": guest,
		"services, control domain": on_dom0("paravane", initrd(), SERVICES)}


def compare(got, kept):
	"""Print each row that costs too much; (passed, failed)."""
	passed = failed = 0
	for group, figures in kept["rows"].items():
		same = not group.startswith("services") or kept["kernel"] == inputs.kernel_version()
		for name, figure in figures.items():
			now, most = got[group].get(name), figure * (ABOVE if same else ABOVE_OTHER_KERNEL)
			if now is not None and now <= most:
				passed += 1
				continue
			failed += 1
			print(f"FAIL {group}: {name}: {'not measured' if now is None else f'{now:,}'}, kept {figure:,}"
				+ (f" ({now / figure:.3f} times)" if now else "") + "\n  to repeat: make test-costs; to renew: make bench-figures")
	return passed, failed


def main():
	"""Compare or renew."""
	try:
		got = measure()
		if "--renew" in sys.argv:
			with open(FIGURES, "w") as f:
				json.dump({"kernel": inputs.kernel_version(), "rows": got}, f, indent=1)
				f.write("\n")
			return 0
		with open(FIGURES) as f:
			passed, failed = compare(got, json.load(f))
	except (HostFailed, cache.Failed) as e:
		print(f"FAIL costs: {e}\n  to repeat: make test-costs")
		passed, failed = 0, 1
	return keep("costs", passed, failed)


if __name__ == "__main__":
	sys.exit(main())
