#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""make bench-disk: what a guest's disk requests cost, in instructions of the whole host: Debian's Xen 4.17 with xen-blkback,
Paravane with xen-blkback, and Paravane with blkback on the same loop device and on the file itself.

One emulated CPU whose clock counts instructions (icount), so a figure repeats however busy this computer is. The file is in
memory: nothing waits for a disk. Prints one table, keeps it as build/bench/disk.json, fails if a row of blkback's costs more
than the kernel's on either.
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
kernel = "/guests/vmlinuz"
ramdisk = "/opt/boot/disk.gz"
cmdline = "console=hvc0 quiet rdinit=/init ARGS"
memory = 160
vcpus = 1
tsc_mode = "native"
disk = ["DISK"]
END
"""
PREPARE = "dd if=/dev/zero of=/dev/shm/disk bs=1M count=64 status=none; modprobe loop; losetup /dev/loop7 /dev/shm/disk; " \
	"mkdir -p /etc/xen"
COLUMNS = [("Xen, kernel's", "xen", "phy:/dev/loop7,xvda,w"),
	("kernel's", "paravane", "/dev/loop7,raw,xvda,w,backendtype=phy"),
	("blkback, loop", "paravane", "/dev/loop7,raw,xvda,w,backendtype=user"),
	("blkback, file", "paravane", "/dev/shm/disk,raw,xvda,w,backendtype=user")]


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
		files=[(path, "boot/disk.gz")])
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


def table(titles, figures):
	"""Print the rows, each of blkback's columns over each of the kernel's; how many of blkback's figures are above one of those."""
	ours = [i for i, t in enumerate(titles) if t.startswith("blkback")]
	pairs = [(i, k) for i in ours for k in range(len(titles)) if k not in ours]
	heads = [f"  {titles[i].split(', ')[1]}/{titles[k].split(',')[0].split(chr(39))[0]}" for i, k in pairs]
	print(f"\n{'instructions a request':24}" + "".join(f"{t:>15}" for t in titles) + "".join(heads))
	missed = 0
	for name in figures[0]:
		row = [f[name] for f in figures]
		worse = {i for i, k in pairs if row[i] > row[k]}
		print(f"{name:24}" + "".join(f"{v:15,}" for v in row) + "".join(f"{row[i] / row[k]:{len(h)}.2f}" for (i, k), h in zip(pairs, heads))
			+ ("  MISSED" if worse else "  ok" if pairs else ""))
		missed += len(worse)
	return missed


def main(words):
	"""Measure, print, keep; of the hypervisors that are named, or both, all columns or those named (`disk.py paravane blkback`)."""
	start, figures = time.monotonic(), []
	hypervisors = {"xen", "paravane"} & set(words) or {"xen", "paravane"}
	named = set(words) - hypervisors
	columns = [c for c in COLUMNS if c[1] in hypervisors and (not named or any(w in c[0] for w in named))]
	if not columns:
		sys.exit(f"make bench-disk: no column has {' or '.join(sorted(named))} in its name")
	try:
		path = initrd()
		for hypervisor in dict.fromkeys(c[1] for c in columns):
			figures += measure(hypervisor, path, [c[2] for c in columns if c[1] == hypervisor])
			print(f"[{time.monotonic() - start:6.1f} s] {hypervisor}", flush=True)
	except (HostFailed, cache.Failed) as e:
		sys.exit(f"make bench-disk: {e}\nto repeat: make bench-disk")
	if any(set(f) != set(figures[0]) or "failed" in f for f in figures):
		sys.exit(f"make bench-disk: not all rows: {figures}")
	missed = table([c[0] for c in columns], figures)
	with open(os.path.join(OUT, "disk.json"), "w") as f:
		json.dump({c[0]: f for c, f in zip(columns, figures)}, f, indent=1)
	return 1 if missed else 0


if __name__ == "__main__":
	sys.exit(main(sys.argv[1:]))
