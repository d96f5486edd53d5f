#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""make bench-jobs: what whole jobs of the toolstack cost, in instructions, beside Debian's xl on Debian's Xen 4.17.

One emulated CPU whose clock counts instructions.  A job costs what the vcpus of all domains ran meanwhile: waiting is left
out, what the hypervisor did for them is in.  Prints one table and keeps it as build/bench/jobs.json.
"""
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from costs import CPU, OUT, initrd, mean  # noqa: E402
from host import Host, HostFailed, cache  # noqa: E402

TIME = "/opt/boot/cputime"
# Runs agree within this; a row that does not is printed with its spread.
AGREE = 0.01
CONFIG = """cat >/tmp/{name}.cfg <<'END'
name = "{name}"
type = "pv"
kernel = "{kernel}"
ramdisk = "{ramdisk}"
cmdline = "console=hvc0 quiet rdinit=/bin/busybox -- sh -c 'echo here; sleep 100000'"
memory = {memory}
vcpus = 1
tsc_mode = "native"
END
"""
LARGE = {"name": "large", "kernel": "/guests/vmlinuz", "ramdisk": "/opt/boot/primitives.gz", "memory": 96}
SMALL = {"name": "small", "kernel": "/opt/boot/pvt.elf", "ramdisk": "", "memory": 64}


def cost(host, command, tail_ms=500):
	"""Instructions in which a command of dom0 ran and, for some time after its end, what it set going."""
	return int(host.ok(f"{TIME} -t {tail_ms} {command}", 600).split()[-1])


def middle(figures):
	"""(the middle one, how far apart the others are beside it)"""
	value = sorted(figures)[len(figures) // 2]
	return value, (max(figures) - min(figures)) / value


def jobs(hypervisor, path):
	"""{job: instructions} on one hypervisor with its own tools."""
	files = [(path, "boot/primitives.gz"), (os.path.join(OUT, "cputime"), "boot/cputime")]
	with Host(hypervisor, name=f"bench-jobs-{hypervisor}", cpus=1, memory=2048, icount=True, network=None, cpu=CPU,
			files=files) as host:
		host.ok(CONFIG.format(**LARGE) + CONFIG.format(**SMALL).replace('ramdisk = ""\n', ""))
		vane, log = host.vane, "/var/log/xen/console/guest-large.log"
		host.ok(f"{vane} create -q -p /tmp/small.cfg; {vane} destroy small; sleep 2")
		got = {
			"create, 64 MiB": cost(host, f"{vane} create -q -p /tmp/small.cfg"),
			"list": cost(host, f"{vane} list"),
			"destroy, 64 MiB": cost(host, f"{vane} destroy small", 2000),
			"create, Debian's kernel": cost(host, f"{vane} create -q -p /tmp/large.cfg"),
		}
		got["boot of the guest to its init"] = cost(host, f"sh -c '{vane} unpause large; until grep -q here {log}; do sleep 0.5; done'")
		got["destroy of it"] = cost(host, f"sh -c '{vane} destroy large; sleep 2'")
		got["create, the same kernel again"] = cost(host, f"{vane} create -q -p /tmp/large.cfg")
		return got


def main():
	"""Measure both, print and keep the table."""
	start, got = time.monotonic(), {}
	try:
		path = initrd()
		for h in ("xen", "paravane"):
			got[h] = jobs(h, path)
			print(f"[{time.monotonic() - start:6.1f} s] {h}", flush=True)
	except (HostFailed, cache.Failed) as e:
		sys.exit(f"make bench-jobs: {e}\nto repeat: make bench-jobs")
	ratios = {job: got["paravane"][job] / got["xen"][job] for job in got["xen"]}
	print(f"\n{'job':32}{'Xen 4.17':>16}{'Paravane':>16}{'ours / Xen':>12}")
	for job, ratio in ratios.items():
		print(f"{job:32}{got['xen'][job]:16,}{got['paravane'][job]:16,}{ratio:12.2f}" + ("  MORE" if ratio > 1 else ""))
	print(f"{'geometric mean':64}{mean(ratios.values()):12.2f}")
	with open(os.path.join(OUT, "jobs.json"), "w") as f:
		json.dump({"instructions": got, "ours over Xen": ratios}, f, indent=1)
	return 0


if __name__ == "__main__":
	sys.exit(main())
