#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""make bench-boot: what booting costs and what memory the hypervisor takes, ours beside Debian's Xen in the same QEMU.

Instructions from reset to dom0's init: one CPU, guest time runs by one nanosecond an instruction (icount shift=0), the
same kernel, initrd and command lines.  The initrd's first act pauses the machine by QEMU's panic port; the ACPI timer
(3.579545 MHz from time 0) and the clock, which tells its wraps apart, say how much time that was.
Memory: of a 2 GiB host, what is neither free nor dom0's; then what eight paused guests of 128 MiB take beyond that.
"""
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from host import ROOT, Host, HostFailed, cache, inputs  # noqa: E402

OUT = os.path.join(ROOT, "build", "bench")
PM_HZ, PM_WRAP = 3579545, 1 << 24
HOST_MB, DOM0_MB, GUEST_MB, GUESTS = 2048, 768, 128, 8
CONFIG = """cat >/tmp/g{0}.cfg <<'END'
name="g{0}"
type="pv"
kernel="/guests/vmlinux"
ramdisk="/guests/initrd.gz"
memory={1}
vcpus=1
END
xl create -q -p /tmp/g{0}.cfg"""


def instructions(hypervisor):
	"""Instructions from reset to the first act of dom0's initrd."""
	host = Host(hypervisor, name=f"bench-boot-{hypervisor}", cpus=1, memory=HOST_MB, icount=True, network=None,
		programs=False, tools="xen", dom0_args="paravane.stop", kernel=inputs.vmlinuz(), cpu="max,-smap,-xsave,-erms,-fsrm",
		extra=["-device", "pvpanic", "-action", "panic=pause"])
	host.qemu.start()
	try:
		host.qemu.wait(host.qemu.control, rb'"event": "(GUEST_PANICKED|STOP)"', 400)
		answer = host.qemu.qmp("human-monitor-command", **{"command-line": "i /w 0x608"})
		ticks = int(re.search(r"= *(0x[0-9a-f]+)", answer).group(1), 16) % PM_WRAP
		clock = host.qemu.qmp("qom-get", path="/machine", property="rtc-time")
	finally:
		host.stop()
	seconds = clock["tm_hour"] * 3600 + clock["tm_min"] * 60 + clock["tm_sec"]
	wraps = round((seconds + 0.5 - ticks / PM_HZ) / (PM_WRAP / PM_HZ))
	return round((ticks + wraps * PM_WRAP) * 1e9 / PM_HZ)


def memory(hypervisor):
	"""(KiB that the hypervisor takes of an idle host, KiB beyond its own that a guest takes)"""
	def free():
		return int(host.ok("/opt/boot/pages").split()[1]) * 4
	with Host(hypervisor, name=f"bench-memory-{hypervisor}", cpus=2, memory=HOST_MB, dom0_mem=DOM0_MB, network=None,
			tools="xen", kernel=inputs.vmlinuz(), files=[(os.path.join(OUT, "pages"), "boot/pages")]) as host:
		host.ok(CONFIG.format(0, GUEST_MB), 120)
		host.ok("xl destroy g0")
		before = free()
		for i in range(1, GUESTS + 1):
			host.ok(CONFIG.format(i, GUEST_MB), 120)
		after = free()
	return HOST_MB * 1024 - DOM0_MB * 1024 - before, (before - after) / GUESTS - GUEST_MB * 1024


def lines():
	"""Lines of the hypervisor as `make size` counts them."""
	text = subprocess.run(["make", "-s", "size"], cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout.decode()
	return int(re.search(r"([\d,]+)", text.split("hypervisor", 1)[-1]).group(1).replace(",", ""))


def main():
	"""Measure, print the table, keep it as JSON; fail if a figure is worse than asked."""
	rows = []
	try:
		boot = {h: instructions(h) for h in ("paravane", "xen")}
		rows.append(("instructions from reset to dom0's init, millions", boot["paravane"] / 1e6, boot["xen"] / 1e6 * 0.95))
		taken = {h: memory(h) for h in ("paravane", "xen")}
		rows.append(("memory the hypervisor takes of 2 GiB, KiB", taken["paravane"][0], taken["xen"][0]))
		rows.append(("memory it takes for a guest of 128 MiB, KiB", taken["paravane"][1], taken["xen"][1]))
	except (HostFailed, cache.Failed) as e:
		sys.exit(f"make bench-boot: {e}\nto repeat: make bench-boot")
	rows.append(("lines of the hypervisor", lines(), 50000))
	print(f"{'figure':52} {'ours':>10} {'at most':>10}")
	for name, ours, limit in rows:
		print(f"{name:52} {ours:10,.0f} {limit:10,.0f}  {'ok' if ours <= limit else 'MISSED'}")
	with open(os.path.join(OUT, "boot.json"), "w") as f:
		json.dump([{"figure": n, "ours": o, "at_most": m} for n, o, m in rows], f, indent=1)
	return 0 if all(ours <= limit for _, ours, limit in rows) else 1


if __name__ == "__main__":
	sys.exit(main())
