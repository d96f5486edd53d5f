#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""make bench-costs: what the kernel's services and the hypercalls cost, in instructions: on the bare machine, on Debian's
Xen 4.17 and on Paravane, in the control domain and in a guest, with the same programs under the same QEMU.

One emulated CPU whose clock counts instructions (icount), so a figure repeats however busy this computer is.  Prints one
table, keeps it as build/bench/costs.json, and fails if a row is missing.  The guest asks for the processor's own time
stamp counter: Xen would emulate it on this CPU, and Debian's kernel reads it at every system call.
"""
import json
import math
import os
import re
import shutil
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from host import ROOT, Host, HostFailed, cache, hypervisor_file, images, inputs  # noqa: E402
from qemu import Qemu  # noqa: E402

OUT = os.path.join(ROOT, "build", "bench")
LOGS = os.path.join(ROOT, "build", "log")
# Without ERMS: with it QEMU counts each byte of a rep as an instruction.
CPU = "max,-smap,-xsave,-erms,-fsrm"
LIMIT = 400
ROW = re.compile(rb"^(?:\[[^\]]*\] )?row (\w+) (\d+)\r*$", re.M)
FACT = re.compile(rb"^(?:\(XEN\) )?  (hc_\w+) = (\d+)\r*$", re.M)
CONFIG = """cat >/tmp/bench.cfg <<'END'
name = "bench"
type = "pv"
kernel = "/guests/vmlinux"
ramdisk = "/opt/boot/primitives.gz"
cmdline = "console=hvc0 quiet rdinit=/init"
memory = 320
vcpus = 1
tsc_mode = "native"
END
"""


def initrd():
	"""The program as a kernel's first process, with a shell to start."""
	tree, path = os.path.join(OUT, "tree"), os.path.join(OUT, "primitives.gz")
	shutil.rmtree(tree, ignore_errors=True)
	for sub in ("bin", "proc", "dev"):
		os.makedirs(os.path.join(tree, sub))
	shutil.copy(os.path.join(inputs.unpack("busybox", inputs.INITRD_PACKAGES), "bin/busybox"), os.path.join(tree, "bin"))
	shutil.copy(os.path.join(OUT, "primitives"), os.path.join(tree, "init"))
	images.cpio(tree, path)
	shutil.rmtree(tree)
	return path


def until_end(name, arguments, pattern, end):
	"""Boot a machine and return {row: figure} of what it prints until the pattern for its end."""
	machine = Qemu(arguments + ["-nic", "none"], os.path.join(LOGS, f"bench-{name}.log"), cpus=1, memory=1024, cpu=CPU, icount=True)
	machine.start()
	try:
		machine.wait(machine.com1, end, LIMIT)
		return {k.decode(): int(v) for k, v in pattern.findall(bytes(machine.com1.data))}
	finally:
		machine.stop()


def on_bare(path):
	"""The program on Debian's kernel alone."""
	return until_end("bare", ["-kernel", inputs.vmlinuz(), "-initrd", path, "-append", "console=ttyS0 quiet rdinit=/init"],
		ROW, rb"rows end")


def on_dom0(hypervisor, path, rows=()):
	"""The program as the control domain's first process; all its rows, or those that are named."""
	module = f"{inputs.vmlinux()} console=hvc0 quiet rdinit=/init -- {' '.join(rows)}".replace(",", ",,")
	return until_end(f"dom0-{hypervisor}", ["-kernel", hypervisor_file(hypervisor), "-append", "console=com1 dom0_mem=640M",
		"-initrd", f"{module},{path}"], ROW, rb"rows end")


def hypercalls(hypervisor):
	"""The test kernel's own counts: (in the control domain and between domains, in a guest)."""
	machine = Qemu(["-nic", "none", "-kernel", hypervisor_file(hypervisor), "-append", "console=com1 dom0_mem=64M",
		"-initrd", os.path.join(OUT, "hypercalls.elf")], os.path.join(LOGS, f"bench-hypercalls-{hypervisor}.log"),
		cpus=1, memory=512, cpu=CPU, icount=True)
	machine.start()
	try:
		machine.wait(machine.com1, rb"pvt: 3 passed, 0 failed", LIMIT)
		text = bytes(machine.com1.data)
	finally:
		machine.stop()
	parts = re.split(rb"TEST bench_(\w+)", text)
	found = {parts[i].decode(): {k.decode(): int(v) for k, v in FACT.findall(parts[i + 1])} for i in range(1, len(parts), 2)}
	return {**found["dom0"], **found["two_domains"]}, found["guest"]


def with_block_and_wake(rows):
	"""The rows and one more, told by two of them: a round trip is two sends, each with a block and a wake."""
	return {**rows, "block_and_wake": rows["hc_event_round_trip"] // 2 - rows["hc_event_send"]}


def on_guest(hypervisor, path):
	"""The program as the first process of a guest that our toolstack, or Debian's, made."""
	with Host(hypervisor, name=f"bench-guest-{hypervisor}", cpus=1, memory=2048, icount=True, network=None, cpu=CPU,
			files=[(path, "boot/primitives.gz")]) as host:
		host.ok(CONFIG + f"{host.vane} create -q /tmp/bench.cfg", LIMIT)
		log = "/var/log/xen/console/guest-bench.log"
		for _ in range(LIMIT // 5):
			status, text = host.run(f"sleep 5; cat {log}", 120)
			if status == 0 and "rows end" in text:
				return {k.decode(): int(v) for k, v in ROW.findall(text.encode())}
		raise HostFailed(f"the guest did not come to its end; its console: {text[-500:]}")


def mean(ratios):
	"""Their geometric mean."""
	return math.exp(sum(math.log(r) for r in ratios) / len(ratios))


def more(ratio, limit=1.0):
	"""Is it more than it may be, as it is printed?"""
	return round(ratio, 2) > limit


def table(title, names, columns):
	"""Print rows of figures with the ratio of the last two columns; return the ratios."""
	print(f"\n{title:22}" + "".join(f"{c:>14}" for c, _ in columns) + f"{'ours / Xen':>12}")
	ratios = {}
	for name in names:
		figures = [column.get(name) for _, column in columns]
		if None in figures:
			raise HostFailed(f"{title}: no figure for {name}")
		ratios[name] = figures[-1] / figures[-2]
		print(f"{name:22}" + "".join(f"{f:14,}" for f in figures) + f"{ratios[name]:12.2f}" + ("  MISSED" if more(ratios[name]) else ""))
	print(f"{'geometric mean':22}" + " " * 14 * len(columns) + f"{mean(ratios.values()):12.2f}")
	return ratios


def beside(got, ratios):
	"""Print what is asked of more than one row, or beside the bare machine; what misses it."""
	guest, bare = got["paravane guest"], got["bare"]
	asked = [("all rows, geometric mean", mean([r for rows in ratios.values() for r in rows.values()]), 0.85),
		("work of a guest's over bare", guest["compute"] / bare["compute"], 1.01),
		("a guest's clock_gettime over bare", guest["clock_gettime"] / bare["clock_gettime"], 1.3)]
	print()
	for what, ratio, limit in asked:
		print(f"{what:36}{ratio:8.2f}, at most {limit:.2f}{'  MISSED' if more(ratio, limit) else '  ok'}")
	return [what for what, ratio, limit in asked if more(ratio, limit)]


def main():
	"""Measure everything, say each step, print and keep the tables."""
	start, got = time.monotonic(), {}
	steps = [("bare", lambda: on_bare(path))]
	for h in ("xen", "paravane"):
		steps += [(f"{h} hypercalls", lambda h=h: hypercalls(h)), (f"{h} dom0", lambda h=h: on_dom0(h, path)),
			(f"{h} guest", lambda h=h: on_guest(h, path))]
	try:
		path = initrd()
		for name, step in steps:
			got[name] = step()
			print(f"[{time.monotonic() - start:6.1f} s] {name}", flush=True)
		for h in ("xen", "paravane"):
			control, guest = got[f"{h} hypercalls"]
			got[f"{h} hypercalls"] = with_block_and_wake(control), guest
		ratios = {
			where: table(title, got["bare"], [("bare", got["bare"]), ("Xen 4.17", got["xen " + where]),
				("Paravane", got["paravane " + where])])
			for where, title in (("dom0", "in the control domain"), ("guest", "in a guest"))
		}
		for i, where in enumerate(("control domain", "guest")):
			ratios["hypercalls of the " + where] = table("hypercalls, " + where, got["xen hypercalls"][i],
				[("Xen 4.17", got["xen hypercalls"][i]), ("Paravane", got["paravane hypercalls"][i])])
	except (HostFailed, cache.Failed) as e:
		sys.exit(f"make bench-costs: {e}\nto repeat: make bench-costs")
	missed = [f"{name} {where}" for where, rows in ratios.items() for name, r in rows.items() if more(r)] + beside(got, ratios)
	with open(os.path.join(OUT, "costs.json"), "w") as f:
		json.dump({"instructions": got, "ours over Xen": ratios}, f, indent=1)
	if missed:
		print("missed: " + ", ".join(missed))
	return 1 if missed else 0


if __name__ == "__main__":
	sys.exit(main())
