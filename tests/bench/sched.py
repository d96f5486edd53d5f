#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""make bench-sched: shares by weight and by cap, wake-ups and switches, on Paravane and on Debian's Xen 4.17 (credit2).

Our own kernel is the control domain and its guests (tests/bench/sched.c). All times are the emulator's: it counts
instructions, one nanosecond each, on both CPUs by one clock, so a figure repeats however busy this computer is. Prints one
table, keeps it as build/bench/sched.json; fails when a figure of ours is missed.
"""
import json
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from costs import CPU, LOGS, OUT  # noqa: E402
from host import HostFailed, cache, hypervisor_file  # noqa: E402
from qemu import Qemu  # noqa: E402

LIMIT = 600
FACT = re.compile(rb"^(?:\(XEN\) )?  (\w+) = (\d+)\r*$", re.M)
FAILED = re.compile(rb"FAIL [^\n]*|Panic on CPU[^\n]*\n[^\n]*|BUG at[^\n]*")
# fact: (what it is, unit, what it is divided by, least, most); the limits are in hundredths of a percent, or in ns.
FACTS = {
	"weight_10_of_12": ("weight 10 of 10:1:1, 2 CPUs", "%", 100, 9800, 10200),
	"weight_1_of_12_a": ("weight 1", "%", 100, 4900, 5100),
	"weight_1_of_12_b": ("weight 1, the other", "%", 100, 4900, 5100),
	"beside_cap_50": ("cap of 50 % at weight 2", "%", 100, 4900, 5100),
	"beside_3": ("weight 3 beside it", "%", 100, 8820, 9180),
	"beside_2": ("weight 2 beside it", "%", 100, 5880, 6120),
	"cap_20": ("cap of 20 %", "%", 100, 1960, 2040),
	"cap_50": ("cap of 50 %", "%", 100, 4900, 5100),
	"cap_80": ("cap of 80 %", "%", 100, 7840, 8160),
	"two_wakes": ("wake-ups beside 2 spinning, 2 CPUs", "", 1, 100, 100),
	"two_wake_worst": ("latest of them", "us", 1000, 0, 1000000),
	"two_wake_mean": ("mean", "us", 1000, 0, 1000000),
	"wakes": ("wake-ups beside 2 spinning, 1 CPU", "", 1, 200, 200),
	"wake_worst": ("latest of them", "us", 1000, 0, 1000000),
	"wake_mean": ("mean", "us", 1000, 0, 1000000),
	"switches_a_second": ("switches a second, 3 spin on 1 CPU", "", 1, None, None),
	"yields_that_switched": ("yields that switch", "%", 100, None, None),
	"switch": ("a switch by yield", "instructions", 1, None, None),
}


def measured(hypervisor, which, cpus):
	"""The facts of one boot."""
	machine = Qemu(["-nic", "none", "-kernel", hypervisor_file(hypervisor), "-append", "console=com1 dom0_mem=64M dom0_max_vcpus=1",
		"-initrd", os.path.join(OUT, "sched.elf") + f" test=bench_{which}"],
		os.path.join(LOGS, f"bench-sched-{which}-{hypervisor}.log"), cpus=cpus, memory=512, cpu=CPU, icount=True)
	machine.start()
	try:
		machine.wait(machine.com1, rb"pvt: 1 passed, 0 failed", LIMIT, fatal=FAILED)
		found = {k.decode(): int(v) for k, v in FACT.findall(bytes(machine.com1.data))}
	finally:
		machine.stop()
	return found


def verdict(name, value):
	"""ok, MISSED, or nothing where no figure is asked."""
	least, most = FACTS[name][3:]
	return "" if most is None else "ok" if least <= value <= most else "MISSED"


def main():
	"""Measure both, print and keep the table."""
	start, got = time.monotonic(), {}
	try:
		for h in ("paravane", "xen"):
			got[h] = {}
			for which, cpus in (("two", 2), ("waking", 2), ("one", 1)):
				got[h].update(measured(h, which, cpus))
				print(f"[{time.monotonic() - start:6.1f} s] {h}, {cpus} CPU{'s' * (cpus > 1)}", flush=True)
	except (HostFailed, cache.Failed) as e:
		sys.exit(f"make bench-sched: {e}\nto repeat: make bench-sched")
	missed = 0
	print(f"\n{'scheduling':44}{'Xen 4.17':>14}{'Paravane':>14}")
	for name, (what, unit, by, _, _) in FACTS.items():
		ours, theirs = got["paravane"][name], got["xen"][name]
		says = verdict(name, ours)
		missed += says == "MISSED"
		form = ",.2f" if by > 1 else ",.0f"
		print(f"{what:44}{theirs / by:14{form}}{ours / by:14{form}} {unit:13}{says}")
	with open(os.path.join(OUT, "sched.json"), "w") as f:
		json.dump(got, f, indent=1)
	return 1 if missed else 0


if __name__ == "__main__":
	sys.exit(main())
