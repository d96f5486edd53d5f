#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""make bench-profile ROW=hc_...: where the hypervisor spends a hypercall row, instructions by function.

The test kernel stays at the row; then the emulator runs one instruction at a time and says the address of each for a
moment. Exact counts of a steady loop: the sum is divided by how often the row's first function was entered.
"""
import bisect
import collections
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import exectrace  # noqa: E402
from costs import CPU, LOGS, OUT, HostFailed, hypervisor_file  # noqa: E402
from qemu import Qemu  # noqa: E402

SECONDS = 3
GUEST = "(guest)"
TESTS = {"hc_event_round_trip": "bench_two_domains", "hc_grant_map_unmap": "bench_two_domains",
	"hc_grant_copy_1": "bench_two_domains", "hc_grant_copy_16": "bench_two_domains"}


def traced(row):
	"""The addresses of all instructions of some seconds at the row."""
	machine = Qemu(["-nic", "none", "-kernel", hypervisor_file("paravane"), "-append", "console=com1 dom0_mem=64M",
		"-initrd", os.path.join(OUT, "hypercalls.elf") + f" test={TESTS.get(row, 'bench_dom0')} again={row}"],
		os.path.join(LOGS, "bench-profile.log"), cpus=1, memory=512, cpu=CPU, icount=True)
	machine.start()
	try:
		machine.wait(machine.com1, rb"TEST bench_", 60)
		time.sleep(4)
		path = exectrace.record(machine, "bench-profile", SECONDS)
	finally:
		machine.stop()
	return exectrace.addresses(path)


def main():
	"""Trace, count, print."""
	row = sys.argv[1]
	starts, names = exectrace.table(exectrace.hypervisor_functions())
	counts, entries = collections.Counter(), 0
	for address in traced(row):
		i = bisect.bisect_right(starts, address) - 1
		name = names[i] if 0 <= i and address - starts[i] < 0x4000 else GUEST
		counts[name] += 1
		entries += name != GUEST and address == starts[i] and name == "entry_syscall"
	if not entries:
		raise HostFailed(f"no entry of the hypervisor was seen; {counts.most_common(20)}")
	print(f"{row}: {entries} hypercalls, instructions for one, by function")
	for name, count in counts.most_common(40):
		print(f"  {name:32}{count / entries:10.1f}")
	print(f"  {'sum':32}{sum(counts.values()) / entries:10.1f}")


if __name__ == "__main__":
	try:
		main()
	except HostFailed as e:
		sys.exit(f"make bench-profile: {e}")
