#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""make bench-disk-profile ROW=read_4k_1 DISK='blkback, file': where the host spends a guest's disk request, by function.

The guest stays at the row; then the emulator runs one instruction at a time and says the address of each for a moment.
Control domain and guest run the same kernel at the same addresses: what runs between two switches of the hypervisor's is
the domain's of which it has addresses that are only its own (its programs, its modules). Of the guest only the sum is
printed. The column "calls" is how often a function was entered. PROFILE_SECONDS=4 and PROFILE_LINES=60 may be set otherwise.
"""
import bisect
import collections
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import exectrace  # noqa: E402
from costs import LIMIT, OUT, HostFailed  # noqa: E402
from disk import COLUMNS, PREPARE, host_for, initrd, run_guest  # noqa: E402
from host import ROOT  # noqa: E402

NAME = "bench-disk-profile"
WINDOW = float(os.environ.get("PROFILE_SECONDS", "4"))
LINES = int(os.environ.get("PROFILE_LINES", "60"))
# Modules of dom0 that the guest has not, and its programs; the guest's only program is not relocatable.
OF_DOM0 = ("[loop]", "[xen_blkback]", "[xen_gntdev]", "[xen_evtchn]")
USER_GUEST, USER_DOM0 = (0x400000, 0x10000000), (0x500000000000, 0x800000000000)
MAPS = "pid=$(cat /proc/[0-9]*/stat | awk '$2 == \"(blkback)\" { print $1 }'); test -z \"$pid\" || cat /proc/$pid/maps"


def program_symbols(maps):
	"""blkback by function, its libraries by their names."""
	found, seen = [], set()
	for line in maps.splitlines():
		words = line.split()
		if len(words) < 6 or words[5] in seen:
			continue
		seen.add(words[5])
		low = int(words[0].split("-")[0], 16)
		if words[5].endswith("/blkback"):
			found += exectrace.elf_functions(os.path.join(ROOT, "build", "bin", "blkback"), low, "blkback: ")
			found.append((low, "blkback: (stubs)"))
		else:
			found.append((low, "blkback: " + os.path.basename(words[5])))
	return found


def stay(host, row, disk):
	"""A guest that stays at the row; what names the addresses."""
	spec = next((c for c in COLUMNS if c[0] == disk and c[1] == "paravane"), None)
	if not spec:
		raise HostFailed(f"no such disk: {disk}")
	run_guest(host, spec[2], row, "rows again", destroy=False)
	program = program_symbols(host.run(MAPS, LIMIT)[1])
	return exectrace.table(exectrace.hypervisor_functions("hv: ") + exectrace.kernel_functions(host) + program)


def profile(host, row, disk):
	"""Trace, count, print."""
	starts, names = stay(host, row, disk)
	request = next(a for a, n in exectrace.elf_functions(os.path.join(OUT, "disk")) if n == "start")
	switches = {a for a, n in zip(starts, names) if n in ("hv: pv_switch_to", "hv: idle_switch_to")}
	known, total, calls, requests = {}, collections.Counter(), collections.Counter(), 0
	part, owner = collections.Counter(), None

	def close():
		"""The end of what one domain ran."""
		for a, n in part.items():
			name, entered = known[a]
			if owner != "dom0" and not name.startswith("hv: "):
				name, entered = ("(guest)" if owner == "guest" else "(unknown)"), False
			elif name.startswith("hv: "):
				total[f"hv in {owner}"] += n
			else:
				total["dom0 user" if name.startswith("blkback: ") else "dom0 kernel"] += n
			total[name] += n
			calls[name] += n if entered else 0
		part.clear()

	path = exectrace.record(host.qemu, NAME, WINDOW)
	host.ok(f"{host.vane} destroy bench; sleep 1", LIMIT)
	for a in exectrace.addresses(path):
		if a in switches:
			close()
			owner = None
		if a not in known:
			i = bisect.bisect_right(starts, a) - 1
			known[a] = (names[i] if i >= 0 else hex(a), i >= 0 and a == starts[i])
		part[a] += 1
		if owner is None:
			if USER_GUEST[0] <= a < USER_GUEST[1]:
				owner = "guest"
			elif USER_DOM0[0] <= a < USER_DOM0[1] or known[a][0].endswith(OF_DOM0):
				owner = "dom0"
		requests += a == request
	close()
	if not requests:
		raise HostFailed(f"no request was seen; {total.most_common(20)}")
	print(f"{row}, {disk}: {requests} requests, instructions for one, by function; calls")
	sums = [k for k in total if k.startswith(("hv in ", "dom0 "))]
	for name in sums + [n for n, _ in total.most_common(LINES + len(sums)) if n not in sums]:
		print(f"  {name:52}{total[name] / requests:10.1f}{calls[name] / requests:8.2f}")
	for name in sorted(n for n in calls if n.startswith("__x64_sys_")):
		print(f"  system call {name[10:]:40}{'':10}{calls[name] / requests:8.2f}")
	print(f"  {'sum':52}{sum(v for k, v in total.items() if k not in sums) / requests:10.1f}")


def main(rows, disk):
	"""One host, the rows that are named."""
	with host_for(NAME, "paravane", initrd()) as host:
		host.ok(PREPARE, LIMIT)
		for row in rows.split():
			profile(host, row, disk)


if __name__ == "__main__":
	try:
		main(*sys.argv[1:3])
	except HostFailed as e:
		sys.exit(f"make bench-disk-profile: {e}")
