#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""make bench-jobs: what whole jobs of the toolstack cost, in instructions, beside Debian's xl on Debian's Xen 4.17.

One emulated CPU whose clock counts instructions.  A job costs what the vcpus of all domains ran meanwhile: waiting is left
out, what the hypervisor did for them is in.  Prints one table, in which what does not repeat within 1 % has its spread, keeps
it as build/bench/jobs.json, and fails when a figure is missed.
"""
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

import programs  # noqa: E402
import work  # noqa: E402
from costs import CPU, OUT, initrd, mean  # noqa: E402
from host import Host, HostFailed, cache  # noqa: E402

TIME = "/opt/boot/cputime"
# Runs agree within this; a row that does not is printed with its spread.
AGREE = 0.01
AGAIN = "create, the same kernel again"
CONFIG = """cat >/tmp/{name}.cfg <<'END'
name = "{name}"
type = "pv"
kernel = "{kernel}"
ramdisk = "{ramdisk}"
cmdline = 'console=hvc0 quiet rdinit=/bin/busybox -- sh -c "echo guest-is-up; exec /bin/busybox sleep 100000"'
memory = {memory}
vcpus = 1
tsc_mode = "native"
END
"""
# Starts no program to look and to wait: what is counted is the guest's.
UP = "bash /tmp/until-up"
UNTIL_UP = """mkfifo /tmp/never; cat >/tmp/until-up <<'END'
exec 9<>/tmp/never
{vane} unpause large
until mapfile -t line </var/log/xen/console/guest-large.log && [[ ${{line[*]}} == *guest-is-up* ]]; do read -t 0.2 -u 9; done; true
END
"""
LARGE = {"name": "large", "kernel": "/guests/vmlinuz", "ramdisk": "/opt/boot/primitives.gz", "memory": 96}
SMALL = {"name": "small", "kernel": "/opt/boot/pvt.elf", "ramdisk": "", "memory": 64}


def cost(host, command, tail_ms=500):
	"""Instructions in which a command of dom0 ran and, for some time after its end, what it set going."""
	return int(host.ok(f"{TIME} -t {tail_ms} {command}", 600).split()[-1])


def files(path):
	"""What Host(files=...) takes: the small guests' initrd and the program that counts."""
	return [(path, "boot/primitives.gz"), (os.path.join(OUT, "cputime"), "boot/cputime")]


def middle(figures):
	"""(the middle one, how far apart the others are beside it)"""
	value = sorted(figures)[len(figures) // 2]
	return value, (max(figures) - min(figures)) / value


def jobs(hypervisor, path):
	"""({job: [instructions, ...]} of one hypervisor's own tools, and what its guest's jobs printed); the same job more than once where
	that is cheap."""
	got = {}
	with Host(hypervisor, name=f"bench-jobs-{hypervisor}", cpus=1, memory=2048, icount=True, network=None, cpu=CPU,
			files=files(path), extra=programs.work_drive()) as host:
		def did(job, command, tail_ms=500):
			got.setdefault(job, []).append(cost(host, command, tail_ms))
		host.ok(CONFIG.format(**LARGE) + CONFIG.format(**SMALL).replace('ramdisk = ""\n', ""))
		vane = host.vane
		host.ok(f"{vane} create -q -p /tmp/small.cfg; {vane} destroy small; sleep 2")
		for _ in range(3):
			did("create, 64 MiB", f"{vane} create -q -p /tmp/small.cfg")
			did("list", f"{vane} list")
			did("destroy, 64 MiB", f"{vane} destroy small", 2000)
		did("create, Debian's kernel", f"{vane} create -q -p /tmp/large.cfg")
		host.ok(UNTIL_UP.format(vane=vane))
		did("boot of the guest to its init", UP)
		did("destroy of it", f"{vane} destroy large", 2000)
		# Xen's xl does it all again each time, which takes as long as the first.
		for _ in range(2 if hypervisor == "paravane" else 1):
			did(AGAIN, f"{vane} create -q -p /tmp/large.cfg")
			did("destroy of it", f"{vane} destroy large", 2000)
		said = work.run(host, lambda job, command: did(job, command, 0))
	return got, said


def limit(job):
	"""What our figure may be of Xen's."""
	return 0.10 if job == AGAIN else 0.95


def table(got):
	"""Print each job with its ratio, the spread where it does not repeat, and the limit; ({job: ratio}, jobs that miss it)."""
	print(f"\n{'job':38}{'Xen 4.17':>16}{'Paravane':>16}{'ours / Xen':>12}{'at most':>9}")
	ratios, missed = {}, []
	for job in got["xen"]:
		values = {h: middle(got[h][job]) for h in got}
		ratio = ratios[job] = values["paravane"][0] / values["xen"][0]
		missed += [job] if ratio > limit(job) else []
		spread = "".join(f"  {h} +-{v[1]:.1%}" for h, v in values.items() if v[1] > AGREE)
		print(f"{job:38}{values['xen'][0]:16,}{values['paravane'][0]:16,}{ratio:12.2f}{limit(job):9.2f}"
			+ ("  MISSED" if job in missed else "  ok") + spread)
	print(f"{'geometric mean':70}{mean(ratios.values()):12.2f}")
	return ratios, missed


def main():
	"""Measure both, print and keep the table."""
	start, got, said = time.monotonic(), {}, {}
	try:
		path = initrd()
		for h in ("xen", "paravane"):
			got[h], said[h] = jobs(h, path)
			print(f"[{time.monotonic() - start:6.1f} s] {h}", flush=True)
	except (HostFailed, cache.Failed) as e:
		sys.exit(f"make bench-jobs: {e}\nto repeat: make bench-jobs")
	if said["xen"] != said["paravane"]:
		sys.exit(f"make bench-jobs: the jobs in the guests did not come to the same: {said}")
	ratios, missed = table(got)
	with open(os.path.join(OUT, "jobs.json"), "w") as f:
		json.dump({"instructions": got, "ours over Xen": ratios}, f, indent=1)
	return 1 if missed else 0


if __name__ == "__main__":
	sys.exit(main())
