#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the store costs beside Debian's two, in one dom0: instructions of a whole round trip by the same libxenstore client
on one emulated CPU whose clock counts them, an echo server as the floor, and the memory of a node and of a watch.

The dom0 is Debian's kernel on Paravane (HYPERVISOR=xen: on Debian's Xen), and none of its own services runs."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))

from host import CPU, ROOT, Host, HostFailed, cache  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(ROOT, "build", "bench")
STORES = ("ours", "xenstored", "oxenstored")
TIME = 150
# What is asked of each row: own cost against the better peer's, and of the two that must not depend on size.
RATIO, SAME = 0.5, 0.10


def measure(hypervisor):
	"""({(what, clients): {store: instructions}}, {store: (bytes a node, bytes a watch)})"""
	rows, memory = {}, {}
	files = [(f"{OUT}/xenstore/client", "bench/client"), (f"{OUT}/xenstore/floor", "bench/floor"),
		(f"{HERE}/in-dom0", "bench/in-dom0")]
	with Host(hypervisor, name="bench-xenstore", cpus=1, icount=True, network=None, services=False, tools="paravane",
			files=files, cpu=CPU + ",-erms,-fsrm") as host:
		for what, store in [("cost", s) for s in ("floor",) + STORES] + [("size", "ours")] + [("memory", s) for s in STORES]:
			for line in host.ok(f"bash /opt/bench/in-dom0 {what} {store}", TIME).splitlines():
				word = line.split()
				if word[0] == "row":
					rows.setdefault((word[1], int(word[2])), {})[store] = int(word[3])
				elif word[0] == "memory":
					memory[store] = int(word[1]), int(word[2])
	return rows, memory


def verdict(reached):
	"""How a row ends."""
	return "ok" if reached else "MISSED"


def print_cost(rows):
	"""The rows with every store's cost; returns how many were missed."""
	missed = 0
	print(f"{'instructions':28}{'floor':>9}" + "".join(f"{s:>12}{'own':>9}" for s in STORES) + "   ours/best")
	for (what, clients), cost in rows.items():
		if "xenstored" not in cost or what == "start+abort":
			continue
		own = {s: cost[s] - cost["floor"] for s in STORES}
		ratio = own["ours"] / min(own[s] for s in STORES[1:])
		name = f"{what}, {clients} client" + ("s" if clients > 1 else "")
		print(f"{name:28}{cost['floor']:9}" + "".join(f"{cost[s]:12}{own[s]:9}" for s in STORES) +
			f"   {ratio:8.2f}  {verdict(ratio <= RATIO)}")
		missed += ratio > RATIO
	return missed


def print_size(rows):
	"""The two that must not depend on the store's size; returns how many were missed."""
	missed = 0
	for what, a, b in (("start and abort a transaction, 100 and 100,000 nodes", "start+abort-100", "start+abort-100000"),
			("write, without and with 10,000 watches elsewhere", "write-nowatch", "write-10000watches")):
		a, b = rows[a, 1]["ours"], rows[b, 1]["ours"]
		print(f"ours, {what}: {a} -> {b}, {100 * (b - a) / a:+.1f} %  {verdict(b <= a * (1 + SAME))}")
		missed += b > a * (1 + SAME)
	return missed


def print_memory(memory):
	"""What the process's resident set, our log included, grew by; returns how many were missed."""
	missed = 0
	for i, what in enumerate(("node", "watch")):
		print(f"bytes a {what}: " + ", ".join(f"{s} {memory[s][i]}" for s in STORES), end="  ")
		reached = memory["ours"][i] < min(memory[s][i] for s in STORES[1:])
		print(verdict(reached))
		missed += not reached
	return missed


def main():
	"""Measure, print, keep as JSON; fail if a figure is worse than asked."""
	hypervisor = os.environ.get("HYPERVISOR", "paravane")
	try:
		rows, memory = measure(hypervisor)
	except (HostFailed, cache.Failed) as e:
		sys.exit(f"make bench-xenstore: {e}\nto repeat: make bench-xenstore")
	print(f"the store, in dom0 on {hypervisor}:")
	missed = print_cost(rows) + print_size(rows) + print_memory(memory)
	with open(os.path.join(OUT, "xenstore.json"), "w") as f:
		json.dump({"hypervisor": hypervisor, "memory": memory,
			"rows": [{"figure": w, "clients": n, **cost} for (w, n), cost in rows.items()]}, f, indent=1)
	return 1 if missed else 0


if __name__ == "__main__":
	sys.exit(main())
