#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""make bench-profile ROW=hc_...: where the hypervisor spends a hypercall row, instructions by function.

The test kernel stays at the row; then the emulator runs one instruction at a time and says the address of each for a
moment. Exact counts of a steady loop: the sum is divided by how often the row's first function was entered.
"""
import collections
import bisect
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from costs import CPU, LOGS, OUT  # noqa: E402
from host import ROOT, HostFailed, hypervisor_file  # noqa: E402
from qemu import Qemu  # noqa: E402

SECONDS = 3
GUEST = "(guest)"
TESTS = {"hc_event_round_trip": "bench_two_domains", "hc_grant_map_unmap": "bench_two_domains",
	"hc_grant_copy_1": "bench_two_domains", "hc_grant_copy_16": "bench_two_domains"}
ADDRESS = re.compile(rb"\[[0-9a-f]+/([0-9a-f]{16})/")


def symbols():
	"""Addresses in order, and their names."""
	text = subprocess.run(["nm", "-n", os.path.join(ROOT, "build", "paravane.elf")], stdout=subprocess.PIPE, check=True).stdout
	rows = [line.split() for line in text.decode().splitlines()]
	rows = [(int(r[0], 16), r[2]) for r in rows if len(r) == 3 and r[1] in "tT"]
	return [r[0] for r in rows], [r[1] for r in rows]


def traced(row):
	"""The addresses of all instructions of some seconds at the row."""
	path = os.path.join(LOGS, "bench-profile.trace")
	machine = Qemu(["-nic", "none", "-kernel", hypervisor_file("paravane"), "-append", "console=com1 dom0_mem=64M", "-D", path,
		"-initrd", os.path.join(OUT, "hypercalls.elf") + f" test={TESTS.get(row, 'bench_dom0')} again={row}"],
		os.path.join(LOGS, "bench-profile.log"), cpus=1, memory=512, cpu=CPU, icount=True)
	machine.start()
	try:
		machine.wait(machine.com1, rb"TEST bench_", 60)
		time.sleep(4)
		for command in ("singlestep on", "log exec,nochain"):
			machine.qmp("human-monitor-command", **{"command-line": command})
		time.sleep(SECONDS)
		machine.qmp("human-monitor-command", **{"command-line": "log none"})
	finally:
		machine.stop()
	with open(path, "rb") as f:
		found = [int(a, 16) for a in ADDRESS.findall(f.read())]
	os.unlink(path)
	return found


def main():
	"""Trace, count, print."""
	row = sys.argv[1]
	starts, names = symbols()
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
