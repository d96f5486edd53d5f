#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""make bench-jobs-profile JOB=boot|compile|'pgbench 100'|'nginx 500': where Paravane's processor is during a job of bench-jobs.

Samples: the emulator is asked again and again where the processor is. They are even in this computer's time, so what is slow
to emulate (an address-space switch, a new translation) weighs more than its instructions. Both kernels are the same at the
same addresses and are counted together; programs are one line.
"""
import bisect
import collections
import os
import re
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import exectrace  # noqa: E402
import jobs  # noqa: E402
import programs  # noqa: E402
import work  # noqa: E402
from host import Host, HostFailed  # noqa: E402

INTERVAL, LINES, LIMIT = 0.02, 20, 600
KERNEL = 0xffff800000000000


def prepare(host, job):
	"""The command of dom0's that has the job done."""
	if job == "boot":
		host.ok(jobs.CONFIG.format(**jobs.LARGE).replace("quiet", "nokaslr quiet") + jobs.UNTIL_UP.format(vane=host.vane), LIMIT)
		host.ok(f"{host.vane} create -q -p /tmp/large.cfg", LIMIT)
		return jobs.UP
	guest = work.Guest(host)
	host.ok(guest.command("ready"), LIMIT)
	host.ok(guest.command("drop"), LIMIT)
	return guest.command(job)


def samples(host, command):
	"""Where the processor was while dom0 ran a command: addresses; None is idle."""
	failed = []

	def run():
		try:
			host.ok(command, LIMIT)
		except HostFailed as e:
			failed.append(e)
	runner = threading.Thread(target=run)
	runner.start()
	while runner.is_alive():
		said = exectrace.monitor(host.qemu, "info registers")
		yield None if "HLT=1" in said else int(re.search(r"RIP=([0-9a-f]+)", said).group(1), 16)
		time.sleep(INTERVAL)
	if failed:
		raise failed[0]


def main(job):
	"""Sample, count, print."""
	with Host("paravane", name="bench-jobs-profile", cpus=1, memory=2048, icount=True, network=None, cpu=jobs.CPU,
			dom0_args="nokaslr", files=jobs.files(jobs.initrd()), extra=programs.work_drive()) as host:
		starts, names = exectrace.table(exectrace.hypervisor_functions("hv: ") + exectrace.kernel_functions(host))
		command = prepare(host, job)
		where = [a for a in samples(host, command) if a is not None]
	found = collections.Counter(names[bisect.bisect_right(starts, a) - 1] if a >= KERNEL else "programs" for a in where)
	hypervisor = sum(n for name, n in found.items() if name.startswith("hv: "))
	parts = {"programs": found["programs"], "hypervisor": hypervisor, "kernels": len(where) - hypervisor - found["programs"]}
	print(f"{job}: {len(where)} samples; " + ", ".join(f"{what} {n / len(where):.1%}" for what, n in parts.items()))
	for name, n in found.most_common(LINES):
		print(f"  {name:40}{n / len(where):8.1%}")


if __name__ == "__main__":
	try:
		main(sys.argv[1])
	except HostFailed as e:
		sys.exit(f"make bench-jobs-profile: {e}")
