#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the store costs, in instructions, beside Debian's two: one emulated CPU whose clock counts instructions, Debian's
kernel, every store with the same libxenstore client and an echo server as the floor. Prints one table.

Memory for each node and watch is measured on this machine, by what the process's resident set grows by."""
import os
import re
import shutil
import subprocess
import sys

sys.path[:0] = ["tests/lib", "tools/setup", "tests/daemon/xenstore"]
import images
import inputs
import qemu
import store

B = "build/bench/xenstore"
NAMES = ("floor", "ours", "xenstored", "oxenstored")
TIME = 170
OXENSTORED = ("persistent = false\nquota-activate = false\n"
	"xenstored-kva = /proc/xen/xsd_kva\nxenstored-port = /proc/xen/xsd_port\n")
NODES, WATCHES = 20000, 5000


def libraries(programs, path):
	"""Every shared library that the programs need: {name: file}."""
	found = {}
	env = dict(os.environ, LD_LIBRARY_PATH=path)
	for p in programs:
		text = subprocess.run(["ldd", p], env=env, stdout=subprocess.PIPE, check=True).stdout.decode()
		for name, file in re.findall(r"(\S+) => (\S+) \(", text):
			found[name] = file
		found.update((os.path.basename(f), f) for f in re.findall(r"^\s*(/\S+ld-linux\S+) \(", text, re.M))
	return found


def peer():
	"""Where Debian's two stores are, unpacked."""
	return inputs.unpack("store-peer", ["xen-utils-" + inputs.XEN, "libxenmisc" + inputs.XEN, "libxencall1",
		"libxendevicemodel1", "libxenevtchn1", "libxenforeignmemory1", "libxengnttab1", "libxenhypfs1",
		"libxentoolcore1", "libxentoollog1", "libxenstore4"])


def make_initrd(at):
	busybox = inputs.unpack("busybox", inputs.INITRD_PACKAGES)
	tree = f"{B}/tree"
	shutil.rmtree(tree, ignore_errors=True)
	for sub in ("bin", "lib", "lib64", "proc", "dev", "tmp", "var/run", "var/lib"):
		os.makedirs(f"{tree}/{sub}")
	peers = f"{at}/usr/lib/xen-{inputs.XEN}/bin"
	programs = {"client": f"{B}/client", "floor": f"{B}/floor", "xenstored": "build/bin/xenstored",
		    "peer-xenstored": f"{peers}/xenstored", "oxenstored": f"{peers}/oxenstored"}
	for name, file in programs.items():
		shutil.copy(file, f"{tree}/bin/{name}")
	for name, file in libraries(programs.values(), f"{at}/usr/lib/x86_64-linux-gnu").items():
		shutil.copy(file, f"{tree}/lib/{name}")
	shutil.copy(f"{tree}/lib/ld-linux-x86-64.so.2", f"{tree}/lib64/")
	shutil.copy("build/test/fake_xen.so", f"{tree}/lib")
	shutil.copy(f"{busybox}/bin/busybox", f"{tree}/bin")
	for name in ("sh", "mount", "mkdir", "mkfifo", "dd", "sleep", "rm", "cat", "sed", "grep", "poweroff", "kill", "touch"):
		os.symlink("busybox", f"{tree}/bin/{name}")
	with open(f"{tree}/oxenstored.conf", "w") as f:
		f.write(OXENSTORED)
	shutil.copy("tests/bench/xenstore/init", f"{tree}/init")
	os.chmod(f"{tree}/init", 0o755)
	images.cpio(tree, f"{B}/initrd.gz")


def boot():
	machine = qemu.Qemu(["-kernel", inputs.vmlinuz(), "-initrd", f"{B}/initrd.gz", "-append",
		"console=ttyS0 quiet panic=-1 mitigations=off tsc=reliable"], f"{B}/log", cpus=1, memory=1024,
		cpu=qemu.CPU + ",-erms,-fsrm", icount=True)
	machine.start()
	try:
		machine.wait(machine.com1, rb"bench ends", TIME)
		return bytes(machine.com1.data).decode(errors="replace")
	finally:
		machine.stop()


def read_rows(text):
	rows, name = {}, None
	for line in text.replace("\r", "").splitlines():
		if line.startswith("store "):
			name = line.split()[1]
		elif line.startswith("row "):
			_, what, clients, cost = line.split()
			rows.setdefault((what, int(clients)), {})[name] = int(cost)
	return rows


def table(rows):
	print(f"{'instructions':28}{'floor':>9}" + "".join(f"{n:>12}{'own':>9}" for n in NAMES[1:]) + "   ours/best")
	for (what, clients), cost in rows.items():
		if "xenstored" not in cost:
			continue
		floor = cost["floor"]
		own = {n: cost[n] - floor for n in NAMES[1:] if n in cost}
		best = min(own[n] for n in own if n != "ours")
		print(f"{what + ', ' + str(clients) + ' client' + ('s' if clients > 1 else ''):28}{floor:9}" +
		      "".join(f"{cost.get(n, 0):12}{own.get(n, 0):9}" for n in NAMES[1:]) + f"   {own['ours'] / best:8.2f}")
	for what, a, b in (("start and abort, 100 and 100,000 nodes", "start+abort-100", "start+abort-100000"),
			   ("write, without and with 10,000 watches elsewhere", "write-nowatch", "write-10000watches")):
		a, b = rows[a, 1]["ours"], rows[b, 1]["ours"]
		print(f"ours, {what}: {a} -> {b}, {100 * (b - a) / a:+.1f} %")


def memory(name, binary, env):
	"""Bytes for each node and each watch; None where it cannot run here."""
	try:
		with store.Host(binary=binary, preload="build/test/fake_xen.so", env=env) as h:
			h.stop = h.kill
			c = h.client()
			first = h.resident()
			for i in range(NODES):
				c.write(f"/fill/{i // 100}/{i % 100}", b"0123456789")
			nodes = h.resident()
			for i in range(WATCHES):
				c.watch(f"/fill/{i // 100}/{i % 100}", "token")
				c.events.clear()
			watches = h.resident()
	except (RuntimeError, TimeoutError, OSError) as e:
		print(f"  {name}: no memory figure: {e}")
		return
	print(f"  {name}: {(nodes - first) / NODES:.0f} bytes a node, {(watches - nodes) / WATCHES:.0f} bytes a watch")


def main():
	os.makedirs(B, exist_ok=True)
	at = peer()
	if "memory" not in sys.argv:
		make_initrd(at)
		table(read_rows(boot()))
	print("memory (resident set, the log included):")
	env = {"LD_LIBRARY_PATH": f"{at}/usr/lib/x86_64-linux-gnu"}
	memory("ours", "build/bin/xenstored", {})
	memory("xenstored", f"{at}/usr/lib/xen-{inputs.XEN}/bin/xenstored", env)


if __name__ == "__main__":
	main()
