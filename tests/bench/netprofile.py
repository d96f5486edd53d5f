#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""make bench-net-profile ROW='TCP to a guest; UDP from a guest' BY=user|phy: where the host spends a MiB or a packet of
make bench-net, by function. A row is named by its beginning.

Source and sink stay at the row; then the emulator runs one instruction at a time and says the address of each for a moment
(exectrace.py). Of the guest only the sum is printed. The column "calls" is how often a function was entered. Counted is what
the sink has got, TCP by whole quarters of a MiB; a TCP source writes ahead by more than that, so its part is rough.
PROFILE_SECONDS=30 and PROFILE_LINES=60 may be set otherwise.
"""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import exectrace  # noqa: E402
from net import NET, OUT, ROWS, HostFailed, commands, host_for, prepare  # noqa: E402

NAME = "bench-net-profile"
WINDOW = float(os.environ.get("PROFILE_SECONDS", "30"))
LINES = int(os.environ.get("PROFILE_LINES", "60"))
ROW_S, START_S = 120, 300  # for a row beside the window, for the guest: nobody waits for the emulator longer
FOREVER = {"tcp": 1 << 20, "udp": 1 << 30}
PIECES = 4  # of a MiB, as net.c's PIECE
NET_DOM0 = os.path.join(OUT, "net-dom0")
USER_GUEST = (0x400000, 0x10000000)
USER_DOM0 = ((0x20000000, 0x30000000), (0x500000000000, 0x800000000000))
MODULES = re.compile(r"^\S+ (\d+) .* 0x([0-9a-f]+)(?: \(\w+\))?$", re.M)


def modules(text):
	"""[(first, end), ...] of /proc/modules."""
	return [(int(at, 16), int(at, 16) + int(size)) for size, at in MODULES.findall(text)]


def within(a, ranges):
	"""Is the address in one of the ranges?"""
	return any(low <= a < high for low, high in ranges)


def owner_of(dom0, guest):
	"""whose() of exectrace.Split, by the modules of both."""
	def whose(a, _):
		if within(a, [USER_GUEST]):
			return "guest"
		if within(a, USER_DOM0):
			return "dom0"
		if within(a, dom0) != within(a, guest):
			return "dom0" if within(a, dom0) else "guest"
		return None
	return whose


def row_named(word):
	"""The row that begins so."""
	for name, row in ROWS.items():
		if name.startswith(word.strip()):
			return name, row
	raise HostFailed(f"no such row: {word}; there are {'; '.join(ROWS)}")


def record(host, name, row):
	"""Source and sink stay at the row: what was recorded, and what will count it."""
	kind, _, to_guest = row
	sink, source = commands(kind, FOREVER[kind], to_guest)
	for program in (sink, source):
		command = f"{program} </dev/null >/dev/null 2>&1 & echo $! >>/tmp/pids"
		if to_guest == (program == sink):
			host.guest(1, command, 60)
		else:
			host.ok(command.replace("/tmp/net ", "/tmp/net-dom0 "), 60)
		host.ok("sleep 2", 60)
	program = exectrace.program_functions(exectrace.maps_of(host, "netback"), "netback")
	mine = exectrace.elf_functions(NET_DOM0, 0, "net: ")
	rows = exectrace.hypervisor_functions("hv: ") + exectrace.kernel_functions(host) + program + mine
	unit = next(a for a, n in exectrace.elf_functions(NET if to_guest else NET_DOM0) if n == "unit")
	whose = owner_of(modules(host.ok("cat /proc/modules", 60)), modules(host.guest(1, "cat /proc/modules", 60)))
	path = exectrace.record(host.qemu, f"{NAME}-{name.split(',')[0].replace(' ', '-')}", WINDOW)
	stop = "kill $(cat /tmp/pids); rm /tmp/pids"
	host.ok(stop, 60)
	host.guest(1, stop, 60)
	return path, exectrace.Split(rows, whose, unit, ("netback: ", "net: "))


def main(words, backend):
	"""One host, the rows that are named; counted when the host has ended."""
	rows = [row_named(w) for w in words.split(";")]
	with host_for(NAME, backend, [(NET_DOM0, "boot/net-dom0")]) as host, exectrace.time_limit(START_S + len(rows) * (ROW_S + WINDOW)):
		prepare(host, backend)
		host.ok("cp /opt/boot/net-dom0 /tmp", 60)
		recorded = [(name, row, *record(host, name, row)) for name, row in rows]
	for name, row, path, split in recorded:
		split.count(path)
		units = split.units / PIECES if row[0] == "tcp" else split.units
		split.show(f"{name}, {backend}: {units:g} of them", LINES, units)


if __name__ == "__main__":
	try:
		main(*sys.argv[1:3])
	except HostFailed as e:
		sys.exit(f"make {NAME}: {e}")
