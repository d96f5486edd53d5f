#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""make bench-scale [GUESTS='1 10 50 100']: what many guests cost.

Guests of 32 MiB with a kernel of our own (tests/bench/spin.c) in a host of 12 GiB with one emulated CPU whose clock counts
instructions; every second guest has twice the weight. At each number of guests: instructions to start the last one and to
list them (in all domains: waiting is left out), the hypervisor's memory for a guest; then all of them work at once: each
one's CPU time beside its due, and the work of all beside what one alone does.  Prints one table and keeps it as
build/bench/scale.json; fails when a figure of ours is missed.
"""
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from costs import CPU, OUT  # noqa: E402
from host import Host, HostFailed, cache  # noqa: E402
from jobs import cost  # noqa: E402

POINTS = [1, 10, 50, 100]
PAGE_KIB, LIGHT, HEAVY = 4, 256, 512
SHARE = "/opt/boot/share"
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
	"""All guests work at once: (work in a second of guest time that was there, worst share beside its due)."""
	seconds = max(2, guests * 0.4)
	look(host, "1")
	host.ok("sleep 1", 120)
	before = look(host)[1]
	host.ok(f"sleep {seconds}", 900)
	after = look(host, "0")[1]
	host.ok("sleep 1", 120)
	ids = sorted(set(after) - {0})
	ran = [after[i][0] - before[i][0] for i in ids]
	weights = [LIGHT if n % 2 == 0 else HEAVY for n in range(len(ids))]
	due = [sum(ran) * w / sum(weights) for w in weights]
	elapsed = sum(after[i][0] - before[i][0] for i in after)
	done = sum(after[i][2] - before[i][2] for i in ids)
	return {"work a second": done * 1e9 / elapsed, "worst share over its due": max(abs(r / d - 1) for r, d in zip(ran, due)),
		"CPU share of all": sum(ran) / elapsed}


def scale(points, start):
	"""{guests: {figure: value}}"""
	files = [(os.path.join(OUT, f), "boot/" + f) for f in ("spin.elf", "share", "cputime")]
	got, there = {}, 0
	with Host("paravane", name="bench-scale", cpus=1, memory=12288, dom0_mem=1024, icount=True, network=None,
			cpu=CPU, files=files) as host:
		vane = host.vane
		host.ok(CONFIG.format(first=1, last=points[-1], light=LIGHT, heavy=HEAVY) +
			f"\n{vane} create -q /tmp/s1.cfg && {vane} destroy s1; sleep 2", 300)
		at_first = look(host)
		for n in points:
			while there < n - 1:
				host.ok(f"{vane} create -q /tmp/s{there + 1}.cfg", 300)
				there += 1
			row = got[n] = {"start": cost(host, f"{vane} create -q /tmp/s{n}.cfg")}
			there = n
			host.ok("sleep 1")
			row["list"] = cost(host, f"{vane} list")
			row["hypervisor KiB a guest"] = taken(host, at_first) / n
			row.update(work(host, n))
			print(f"[{time.monotonic() - start:6.1f} s] {n} guests", flush=True)
	return got


def table(got):
	"""Print all figures, a column for each number of guests."""
	forms = {"start": ",.0f", "list": ",.0f", "hypervisor KiB a guest": ",.1f", "work a second": ",.0f",
		"worst share over its due": ".2%", "CPU share of all": ".2%"}
	print(f"\n{'figure':30}" + "".join(f"{n:>12} guests" for n in got))
	for name, form in forms.items():
		print(f"{name:30}" + "".join(f"{row[name]:19{form}}" for row in got.values()))


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
	"""Measure, print and keep the table."""
	start, points = time.monotonic(), [int(n) for n in sys.argv[1:]] or POINTS
	try:
		got = scale(points, start)
	except (HostFailed, cache.Failed) as e:
		sys.exit(f"make bench-scale: {e}\nto repeat: make bench-scale")
	table(got)
	with open(os.path.join(OUT, "scale.json"), "w") as f:
		json.dump(got, f, indent=1)
	return 1 if judge(got) else 0


if __name__ == "__main__":
	sys.exit(main())
