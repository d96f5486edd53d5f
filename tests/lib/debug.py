#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""make debug: a host in QEMU that waits for gdb, and gdb attached to it with our commands loaded."""
import os
import signal
import subprocess
import sys
import tempfile

from host import Host, HostFailed, ROOT, cache

IMAGE = os.path.join(ROOT, "build", "paravane.elf")


def gdb_arguments(socket):
	"""gdb's command line for a machine that listens on a socket."""
	return ["gdb", "-q", "-iex", "set confirm off", "-iex", "set pagination off",
		"-ex", f"source {ROOT}/tools/debug/paravane-gdb.py", "-ex", f"target remote {socket}"]


def main():
	"""Start both; the machine ends with gdb."""
	with tempfile.TemporaryDirectory() as folder:
		socket = os.path.join(folder, "gdb")
		try:
			host = Host("paravane", name="debug", cpus=int(os.environ.get("CPUS") or 2),
				extra=["-S", "-gdb", f"unix:{socket},server=on,wait=off"])
		except (HostFailed, cache.Failed) as e:
			sys.exit(f"make debug: {e}")
		host.qemu.start()
		host.qemu.qmp("query-status")
		print(f"the machine stands still; serial log in {os.path.relpath(host.qemu.log_path)}\n"
			"pv-domains, pv-vcpus, pv-page, pv-ports show what is what; try `hbreak main`, `continue`, Ctrl-C")
		signal.signal(signal.SIGINT, signal.SIG_IGN)
		try:
			return subprocess.call(gdb_arguments(socket) + [IMAGE] + sys.argv[1:])
		finally:
			host.stop()


if __name__ == "__main__":
	sys.exit(main())
