#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""make bench-scale [GUESTS='[paravane] [xen] 1 10 50 100']: what many guests cost, on Paravane and on Debian's Xen 4.17 with its own xl.

Guests of 32 MiB with a kernel of our own (tests/bench/spin.c) in a host of 12 GiB with one emulated CPU whose clock counts
instructions; every second guest has twice the weight. At each number of guests: instructions to make the last one (the
middle of three times; waiting is left out), to list them, the hypervisor's memory for a guest; then, at the least, the
most and ten of them, all work at once: each one's CPU time beside its due, and the work of all beside what one alone does.
Prints one table and keeps it as build/bench/scale.json; fails when a figure of ours is missed.
"""
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from costs import CPU, OUT  # noqa: E402
from host import Host, HostFailed, cache  # noqa: E402
from jobs import AGREE, cost, middle  # noqa: E402

POINTS = [1, 10, 50, 100]
# Xen's xl takes several times as long for each guest: no more of them there, unless Xen is named.
XEN_MOST = 10
PAGE_KIB, LIGHT, HEAVY = 4, 256, 512
SHARE = "/opt/boot/share"
# Guests look for orders every 10 s when they sleep, 20 times a second when they are to be ready.
LOOK_S = 11
# Seconds that all work, for each of them: the scheduler's slices are of 10 ms, and a light guest shall have 30 of them.
WORK_S = 0.45
CONFIG = """for i in $(seq {first} {last}); do cat >/tmp/s$i.cfg <<END
name = "s$i"
type = "pv"
kernel = "/opt/boot/spin.elf"
memory = 32
vcpus = 1
cpu_weight = $((i % 2 ? {light} : {heavy}))
tsc_mode = "native"
END
done"""


def look(host, order=""):
	"""(KiB free, {domain: (CPU ns, KiB, work)})"""
	free, domains = 0, {}
	for line in host.ok(f"{SHARE} {order}", 120).splitlines():
		word = line.split()
		if word[0] == "free":
			free = int(word[1]) * PAGE_KIB
		else:
			domains[int(word[1])] = (int(word[2]), int(word[3]) * PAGE_KIB, int(word[4]))
	return free, domains


def taken(host, at_first):
	"""KiB that the hypervisor took beyond the domains' own memory since it was looked at first."""
	free, domains = look(host)
	return at_first[0] - free - (sum(d[1] for d in domains.values()) - sum(d[1] for d in at_first[1].values()))


def work(host, guests):
	"""All guests work at once: work in a second of guest time that was there, worst share beside its due."""
	look(host, "2")
	host.ok(f"sleep {LOOK_S}", 300)
	look(host, "1")
	host.ok("sleep 0.2", 300)
	before = look(host)[1]
	host.ok(f"sleep {max(1, guests * WORK_S)}", 900)
	after = look(host, "0")[1]
	ids = sorted(set(after) - {0})
	ran = [after[i][0] - before[i][0] for i in ids]
	weights = [LIGHT if n % 2 == 0 else HEAVY for n in range(len(ids))]
	due = [sum(ran) * w / sum(weights) for w in weights]
	elapsed = sum(after[i][0] - before[i][0] for i in after)
	done = sum(after[i][2] - before[i][2] for i in ids)
	return {"work a second": done * 1e9 / elapsed, "worst share over its due": max(abs(r / d - 1) for r, d in zip(ran, due)),
		"CPU share of all": sum(ran) / elapsed}


def point(host, n, at_first):
	"""The figures with n guests, n - 1 of which are there."""
	starts = [cost(host, f"{host.vane} create -q -p /tmp/s{n}.cfg")]
	for _ in range(2):
		host.ok(f"{host.vane} destroy s{n}; sleep 1")
		starts.append(cost(host, f"{host.vane} create -q -p /tmp/s{n}.cfg"))
	host.ok(f"{host.vane} unpause s{n}; sleep 1")
	row = {}
	row["start"], row["spread of start"] = middle(starts)
	row["list"], row["spread of list"] = middle([cost(host, f"{host.vane} list") for _ in range(3)])
	row["hypervisor KiB a guest"] = taken(host, at_first) / n
	return row


def scale(hypervisor, points, start):
	"""{guests: {figure: value}}"""
	files = [(os.path.join(OUT, f), "boot/" + f) for f in ("spin.elf", "share", "cputime")]
	got, there = {}, 0
	with Host(hypervisor, name=f"bench-scale-{hypervisor}", cpus=1, memory=12288, dom0_mem=1024, icount=True, network=None,
			cpu=CPU, files=files) as host:
		host.ok(CONFIG.format(first=1, last=points[-1], light=LIGHT, heavy=HEAVY) +
			f"\n{host.vane} create -q /tmp/s1.cfg && {host.vane} destroy s1; sleep 2", 300)
		at_first = look(host)
		for n in points:
			host.ok(f"for i in $(seq {there + 1} {n - 1}); do {host.vane} create -q /tmp/s$i.cfg || exit 1; done; sleep 1", 900)
			got[n], there = point(host, n, at_first), n
			if n in (points[0], 10, points[-1]):
				got[n].update(work(host, n))
			print(f"[{time.monotonic() - start:6.1f} s] {hypervisor}, {n} guests", flush=True)
	return got


FORMS = {"start": ",.0f", "list": ",.0f", "hypervisor KiB a guest": ",.1f", "work a second": ",.0f",
	"worst share over its due": ".2%", "CPU share of all": ".2%"}


def table(got):
	"""Print all figures, a column for each number of guests; those that do not repeat with their spread."""
	points = list(next(iter(got.values())))
	print(f"\n{'figure':40}" + "".join(f"{n:>13} guests" for n in points))
	for name, form in FORMS.items():
		for hypervisor, rows in got.items():
			cells = [format(rows[n][name], form) if name in rows.get(n, {}) else "" for n in points]
			for i, n in enumerate(points):
				spread = rows.get(n, {}).get("spread of " + name, 0)
				cells[i] += f" (+-{spread:.1%})" if spread > AGREE else ""
			print(f"{name + ', ' + hypervisor:40}" + "".join(f"{c:>20}" for c in cells))


def judge(ours):
	"""Say how each figure that is asked for is reached; the number of those missed."""
	first, last = min(ours), max(ours)
	rows = [
		(f"cost of starting guest {last} against the first", ours[last]["start"] / ours[first]["start"], 1.1, True),
		(f"work of {last} against one", ours[last]["work a second"] / ours[first]["work a second"], 0.95, False),
		(f"worst share of {last} over its due", ours[last]["worst share over its due"], 0.04, True),
	]
	missed = 0
	for what, value, limit, most in rows:
		fine = value <= limit if most else value >= limit
		missed += not fine
		print(f"{what:50}{value:8.3f}  {'at most' if most else 'at least'} {limit}: {'ok' if fine else 'MISSED'}")
	return missed


def main():
	"""Measure both, print and keep the table."""
	start, got = time.monotonic(), {}
	names = [a for a in sys.argv[1:] if not a.isdigit()] or ["paravane", "xen"]
	points = [int(a) for a in sys.argv[1:] if a.isdigit()] or POINTS
	try:
		for hypervisor in names:
			few = hypervisor == "xen" and "xen" not in sys.argv
			got[hypervisor] = scale(hypervisor, [n for n in points if n <= XEN_MOST] or points[:1] if few else points, start)
	except (HostFailed, cache.Failed) as e:
		sys.exit(f"make bench-scale: {e}\nto repeat: make bench-scale")
	table(got)
	with open(os.path.join(OUT, "scale.json"), "w") as f:
		json.dump(got, f, indent=1)
	return 1 if judge(next(iter(got.values()))) else 0


if __name__ == "__main__":
	sys.exit(main())
