# SPDX-License-Identifier: GPL-2.0-or-later
"""What the emulator executes, and the names of it: for the profiles of make bench."""
import base64
import bisect
import collections
import contextlib
import gzip
import os
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from host import LOGS, ROOT, HostFailed  # noqa: E402

ADDRESS = re.compile(rb"\[[0-9a-f]+/([0-9a-f]{16})/")


def monitor(qemu, command):
	"""What a command of the emulator's monitor prints."""
	return qemu.qmp("human-monitor-command", timeout=60, **{"command-line": command})


def record(qemu, name, seconds):
	"""Have the address of each instruction of some seconds written down; the file, for addresses()."""
	path = os.path.join(LOGS, name + ".trace")
	try:
		for command in ("logfile " + path, "singlestep on", "log exec,nochain"):
			monitor(qemu, command)
		time.sleep(seconds)
		for command in ("log none", "singlestep off"):
			monitor(qemu, command)
	except BaseException:
		if os.path.exists(path):
			os.unlink(path)
		raise
	return path


def addresses(path):
	"""Each address of the file, which is gone afterwards."""
	with open(path, "rb") as f:
		rest = b""
		while piece := f.read(1 << 24):
			piece = rest + piece
			cut = piece.rfind(b"\n") + 1
			rest = piece[cut:]
			for a in ADDRESS.findall(piece[:cut]):
				yield int(a, 16)
	os.unlink(path)


def table(rows):
	"""(address, name)s as two lists in the order of addresses."""
	rows = sorted(rows)
	return [r[0] for r in rows], [r[1] for r in rows]


def functions(text, base=0, before=""):
	"""(address, name) of the functions that nm or /proc/kallsyms lists; of a module, with its name."""
	rows = [line.split() for line in text.splitlines()]
	return [(base + int(r[0], 16), before + " ".join(r[2:])) for r in rows if len(r) > 2 and r[1] in "tTwW"]


def elf_functions(path, base=0, before=""):
	"""The same of an ELF file."""
	text = subprocess.run(["nm", path], stdout=subprocess.PIPE, check=True).stdout.decode()
	return functions(text, base, before)


def hypervisor_functions(before=""):
	"""The same of Paravane."""
	return elf_functions(os.path.join(ROOT, "build", "paravane.elf"), 0, before)


def kernel_functions(host):
	"""The same of dom0's kernel and its modules."""
	packed = host.ok("grep -i ' [tw] ' /proc/kallsyms | gzip | base64 -w0", 300)
	return functions(gzip.decompress(base64.b64decode(packed)).decode())


def program_functions(maps, program):
	"""A process by what /proc/PID/maps says: its program of ours by function, its libraries by their names."""
	found, seen = [], set()
	for line in maps.splitlines():
		words = line.split()
		if len(words) < 6 or words[5] in seen:
			continue
		seen.add(words[5])
		low = int(words[0].split("-")[0], 16)
		if words[5].endswith("/" + program):
			found += elf_functions(os.path.join(ROOT, "build", "bin", program), low, program + ": ")
			found.append((low, program + ": (stubs)"))
		else:
			found.append((low, f"{program}: {os.path.basename(words[5])}"))
	return found


def maps_of(host, program):
	"""/proc/PID/maps of dom0's process of that name; empty when there is none."""
	return host.run("pid=$(cat /proc/[0-9]*/stat 2>/dev/null | awk '$2 == \"(%s)\" { print $1; exit }'); "
		"test -z \"$pid\" || cat /proc/$pid/maps" % program, 300)[1]


@contextlib.contextmanager
def time_limit(seconds):
	"""HostFailed when what is done here is not over by then."""
	def over(*_):
		raise HostFailed(f"not over after {seconds:.0f} s")
	signal.signal(signal.SIGALRM, over)
	signal.alarm(int(seconds))
	try:
		yield
	finally:
		signal.alarm(0)


class Split:
	"""What was executed, by function and by domain, for each of the units that an address of a program marks.

	Control domain and guest run the same kernel at the same addresses: what runs between two switches of the hypervisor's
	is the domain's of which it has addresses that are only its own. whose(address, name): "dom0", "guest" or None."""

	def __init__(self, rows, whose, unit, users):
		self.starts, self.names = table(rows)
		self.whose, self.unit, self.users = whose, unit, users
		self.switches = {a for a, n in rows if n in ("hv: pv_switch_to", "hv: idle_switch_to")}
		self.known, self.total, self.calls, self.units = {}, collections.Counter(), collections.Counter(), 0

	def _close(self, part, owner, total, calls):
		"""The end of what one domain ran."""
		for a, n in part.items():
			name, entered = self.known[a]
			if name.startswith("hv: "):
				total[f"hv in {owner or 'either'}"] += n
			elif owner != "dom0":
				name, entered = f"({owner or 'either'})", False
			else:
				total["dom0 user" if name.startswith(self.users) else "dom0 kernel"] += n
			total[name] += n
			calls[name] += n if entered else 0
		part.clear()

	def count(self, path):
		"""Read what was recorded, from the first mark of a unit to the last; self, for printing."""
		part, owner, total, calls, begun = collections.Counter(), None, collections.Counter(), collections.Counter(), False
		for a in addresses(path):
			if a in self.switches:
				self._close(part, owner, total, calls)
				owner = None
			if a not in self.known:
				i = bisect.bisect_right(self.starts, a) - 1
				self.known[a] = (self.names[i] if i >= 0 else hex(a), i >= 0 and a == self.starts[i])
			owner = owner or self.whose(a, self.known[a][0])
			if a == self.unit:
				self._close(part, owner, total, calls)
				if begun:
					self.total.update(total)
					self.calls.update(calls)
					self.units += 1
				begun = True
				total.clear()
				calls.clear()
			part[a] += 1
		return self

	def show(self, title, lines, units=None):
		"""Print the sums and the functions, for one unit (of which there were `units`, if they are not the marked ones)."""
		units = units or self.units
		if not units:
			raise HostFailed(f"{title}: not two marks were seen")
		print(f"{title}, instructions for one, by function; calls")
		sums = sorted(k for k in self.total if k.startswith(("hv in ", "dom0 ")))
		for name in sums + [n for n, _ in self.total.most_common(lines + len(sums)) if n not in sums]:
			print(f"  {name:52}{self.total[name] / units:12.1f}{self.calls[name] / units:9.2f}")
		for name in sorted(n for n in self.calls if n.startswith("__x64_sys_")):
			print(f"  system call {name[10:]:40}{'':12}{self.calls[name] / units:9.2f}")
		print(f"  {'sum':52}{sum(v for k, v in self.total.items() if k not in sums) / units:12.1f}")
