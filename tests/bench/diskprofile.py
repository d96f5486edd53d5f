#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""make bench-disk-profile ROW=read_4k_1 DISK=file BY=blkback: where the host spends a guest's disk request, by function.

The guest stays at the row; then the emulator runs one instruction at a time and says the address of each for a moment
(exectrace.py). Of the guest only the sum is printed. The column "calls" is how often a function was entered.
PROFILE_SECONDS=4 and PROFILE_LINES=60 may be set otherwise.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import exectrace  # noqa: E402
from costs import LIMIT, OUT, HostFailed  # noqa: E402
from disk import CELLS, PREPARE, host_for, initrd, run_guest  # noqa: E402

NAME = "bench-disk-profile"
WINDOW = float(os.environ.get("PROFILE_SECONDS", "4"))
LINES = int(os.environ.get("PROFILE_LINES", "60"))
ROW_S = 420  # for a guest at a row, beside the window: nobody waits for the emulator longer
# Modules of dom0 that the guest has not, and its programs; the guest's only program is not relocatable.
OF_DOM0 = ("[loop]", "[xen_blkback]", "[brd]", "[xen_gntdev]", "[xen_evtchn]")
USER_GUEST, USER_DOM0 = (0x400000, 0x10000000), (0x500000000000, 0x800000000000)


def whose(a, name):
	"""The domain that has this address for itself."""
	if USER_GUEST[0] <= a < USER_GUEST[1]:
		return "guest"
	return "dom0" if USER_DOM0[0] <= a < USER_DOM0[1] or name.endswith(OF_DOM0) else None


def record(host, row, spec):
	"""A guest stays at the row: what was recorded, and what will count it."""
	run_guest(host, spec, row, "rows again", destroy=False)
	program = exectrace.program_functions(exectrace.maps_of(host, "blkback"), "blkback")
	rows = exectrace.hypervisor_functions("hv: ") + exectrace.kernel_functions(host) + program
	request = next(a for a, n in exectrace.elf_functions(os.path.join(OUT, "disk")) if n == "start")
	path = exectrace.record(host.qemu, f"{NAME}-{row}", WINDOW)
	host.ok(f"{host.vane} destroy bench; sleep 1", LIMIT)
	return path, exectrace.Split(rows, whose, request, "blkback: ")


def main(rows, disk, column):
	"""One host, the rows that are named; counted when the host has ended."""
	rows = rows.split()
	hypervisor, spec = CELLS.get((disk, column), ("none", None))
	if hypervisor != "paravane":
		raise HostFailed(f"no such disk, or not on Paravane: {disk}, {column}")
	with host_for(NAME, "paravane", initrd()) as host, exectrace.time_limit(len(rows) * (ROW_S + WINDOW)):
		host.ok(PREPARE, LIMIT)
		recorded = [(row, *record(host, row, spec)) for row in rows]
	for row, path, split in recorded:
		split.count(path)
		split.show(f"{row}, {disk}, {column}: {split.units} requests", LINES)


if __name__ == "__main__":
	try:
		main(*sys.argv[1:4])
	except HostFailed as e:
		sys.exit(f"make bench-disk-profile: {e}")
