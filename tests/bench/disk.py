#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""make bench-disk: what a guest's disk requests cost, in instructions of the whole host: Debian's Xen 4.17 with xen-blkback,
Paravane with xen-blkback, and Paravane with blkback.

Two disks: a block device, and a raw file on a file system, which is a loop device for the kernel's back end, as its hotplug
script has it. Both lie in memory (brd): nothing waits for a disk. One emulated CPU whose clock counts instructions (icount), so
a figure repeats however busy this computer is. Prints a table for each disk, keeps them as build/bench/disk.json, fails if a
row of blkback's costs more than the kernel's on either.
"""
import json
import os
import shutil
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from costs import CPU, LIMIT, OUT, ROW, Host, HostFailed, cache, images, inputs  # noqa: E402

CONFIG = """cat >/tmp/bench.cfg <<'END'
name = "bench"
type = "pv"
kernel = "/guests/vmlinux"
ramdisk = "/opt/boot/disk.gz"
cmdline = "console=hvc0 quiet rdinit=/init ARGS"
memory = 160
vcpus = 1
tsc_mode = "native"
disk = ["DISK"]
END
"""
PREPARE = """insmod /opt/boot/brd.ko rd_nr=2 rd_size=98304 && modprobe loop && mkdir -p /etc/xen /media/disk || exit 1
dd if=/dev/zero of=/dev/ram0 bs=1M count=64 conv=fsync status=none
mkfs.ext4 -q /dev/ram1 && mount /dev/ram1 /media/disk && dd if=/dev/zero of=/media/disk/disk bs=1M count=64 conv=fsync status=none || exit 1
losetup /dev/loop7 /media/disk/disk"""
XEN, KERNEL, OURS = "xen", "kernel", "blkback"
# (disk, column): (hypervisor, the disk as its tools take it)
CELLS = {
	("device", XEN): ("xen", "phy:/dev/ram0,xvda,w"),
	("device", KERNEL): ("paravane", "/dev/ram0,raw,xvda,w,backendtype=phy"),
	("device", OURS): ("paravane", "/dev/ram0,raw,xvda,w,backendtype=user"),
	("file", XEN): ("xen", "phy:/dev/loop7,xvda,w"),
	("file", KERNEL): ("paravane", "/dev/loop7,raw,xvda,w,backendtype=phy"),
	("file", OURS): ("paravane", "/media/disk/disk,raw,xvda,w,backendtype=user"),
}
TITLES = {"device": "block device", "file": "raw file", XEN: "Xen, kernel's", KERNEL: "kernel's", OURS: "blkback"}


def initrd():
	"""The program as a kernel's first process, with blkfront's module and what it needs."""
	tree, path = os.path.join(OUT, "disk-tree"), os.path.join(OUT, "disk.gz")
	shutil.rmtree(tree, ignore_errors=True)
	for sub in ("dev", "modules"):
		os.makedirs(os.path.join(tree, sub))
	order = images.module_files(["xen-blkfront"])
	for module in order:
		shutil.copy(os.path.join(inputs.kernel(), module), os.path.join(tree, "modules"))
	with open(os.path.join(tree, "modules", "order"), "w") as f:
		f.write("".join(os.path.basename(m) + "\n" for m in order))
	shutil.copy(os.path.join(OUT, "disk"), os.path.join(tree, "init"))
	images.cpio(tree, path)
	shutil.rmtree(tree)
	return path


def host_for(name, hypervisor, path):
	"""The host, not started; the program's initrd is in it."""
	machine = Host(hypervisor, name=name, cpus=1, memory=2048, icount=True, network=None, cpu=CPU,
		files=[(path, "boot/disk.gz"), (os.path.join(inputs.kernel(), images.module_files(["brd"])[-1]), "boot/brd.ko")])
	# The idle clock goes as ours does: dom0's own disk and the hotplug scripts have their time. What is counted is never idle.
	machine.qemu.arguments = [a.replace("sleep=off", "sleep=on") for a in machine.qemu.arguments]
	return machine


def run_guest(host, disk, row="", end="rows end", destroy=True):
	"""A guest with this disk, until it has printed `end`: all it has printed. `row`: the one it is to stay at."""
	log = "/var/log/xen/console/guest-bench.log"
	config = CONFIG.replace("DISK", disk).replace("ARGS", "-- " + row if row else "")
	host.ok(config + f"rm -f {log}; {host.vane} create -q /tmp/bench.cfg", LIMIT)
	text = ""
	for _ in range(LIMIT // 5):
		status, text = host.run(f"sleep 5; cat {log}", 120)
		if status == 0 and end in text:
			break
	else:
		raise HostFailed(f"{disk}: the guest did not come to its end; its console: {text[-500:]}")
	if destroy:
		host.ok(f"{host.vane} destroy bench; sleep 1", LIMIT)
	return text


def measure(hypervisor, path, disks):
	"""One host, a guest for each disk specification: [{row: figure}, ...]."""
	with host_for(f"bench-disk-{hypervisor}", hypervisor, path) as host:
		host.ok(PREPARE, LIMIT)
		return [{k.decode(): int(v) for k, v in ROW.findall(run_guest(host, disk).encode())} for disk in disks]


def table(disk, columns):
	"""Print a disk's rows, {column: {row: figure}}, blkback's over each other; how many of them cost more than another."""
	others = [c for c in columns if c != OURS] if OURS in columns else []
	print(f"\n{TITLES[disk] + ', a request':24}" + "".join(f"{TITLES[c]:>15}" for c in columns)
		+ ("  blkback over each other" if others else ""))
	missed = 0
	for name in next(iter(columns.values())):
		ratios = [columns[OURS][name] / columns[c][name] for c in others]
		worse = any(r > 1 for r in ratios)
		print(f"{name:24}" + "".join(f"{rows[name]:15,}" for rows in columns.values()) + "".join(f"{r:8.3f}" for r in ratios)
			+ ("" if not others else "  MISSED" if worse else "  ok"))
		missed += worse
	return missed


def wanted(words):
	"""The cells whose disk is named, or no disk is, and whose column is, or no column is."""
	groups = [{c[i] for c in CELLS} for i in (0, 1)]
	if set(words) - groups[0] - groups[1]:
		sys.exit("make bench-disk: disks and columns are " + ", ".join(f"{w} ({TITLES[w]})" for g in groups for w in sorted(g)))
	return [cell for cell in CELLS if all(part in words or not g & set(words) for part, g in zip(cell, groups))]


def main(words):
	"""Measure, print, keep; all cells, or some (`disk.py device blkback`)."""
	start, found = time.monotonic(), {}
	cells = wanted(words)
	try:
		path = initrd()
		for hypervisor in dict.fromkeys(CELLS[c][0] for c in cells):
			here = [c for c in cells if CELLS[c][0] == hypervisor]
			found.update(zip(here, measure(hypervisor, path, [CELLS[c][1] for c in here])))
			print(f"[{time.monotonic() - start:6.1f} s] {hypervisor}", flush=True)
	except (HostFailed, cache.Failed) as e:
		sys.exit(f"make bench-disk: {e}\nto repeat: make bench-disk")
	if len({frozenset(f) for f in found.values()}) != 1 or any("failed" in f for f in found.values()):
		sys.exit(f"make bench-disk: not all rows: {found}")
	kept = {disk: {c[1]: found[c] for c in cells if c[0] == disk} for disk in dict.fromkeys(c[0] for c in cells)}
	missed = sum([table(disk, columns) for disk, columns in kept.items()])
	with open(os.path.join(OUT, "disk.json"), "w") as f:
		json.dump(kept, f, indent=1)
	return 1 if missed else 0


if __name__ == "__main__":
	sys.exit(main(sys.argv[1:]))
