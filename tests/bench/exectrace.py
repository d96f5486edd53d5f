# SPDX-License-Identifier: GPL-2.0-or-later
"""What the emulator executes, and the names of it: for the profiles of make bench."""
import base64
import gzip
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from host import LOGS, ROOT  # noqa: E402

ADDRESS = re.compile(rb"\[[0-9a-f]+/([0-9a-f]{16})/")


def monitor(qemu, command):
	"""What a command of the emulator's monitor prints."""
	return qemu.qmp("human-monitor-command", timeout=60, **{"command-line": command})


def record(qemu, name, seconds):
	"""Have the address of each instruction of some seconds written down; the file, for addresses()."""
	path = os.path.join(LOGS, name + ".trace")
	for command in ("logfile " + path, "singlestep on", "log exec,nochain"):
		monitor(qemu, command)
	time.sleep(seconds)
	for command in ("log none", "singlestep off"):
		monitor(qemu, command)
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
