#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""make bench-net: instructions of the whole host for a MiB of TCP and for a 64-byte UDP packet, between dom0 and a guest, with
our netback and with the stock kernel's.

One CPU, guest time runs by one nanosecond an instruction (icount shift=0), both sides always busy: the time between the
first and the last byte or packet at the sink is the number of instructions.
"""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from host import ROOT, Host  # noqa: E402

OUT = os.path.join(ROOT, "build", "bench")
MIB, PACKETS = 24, 20000
LIB = "/usr/local/lib/paravane"
NET = os.path.join(OUT, "net")


def figure(host, kind, amount, to_guest):
	"""Instructions for each MiB or packet, and the part of the packets that arrived."""
	sink = f"/tmp/net {kind}-sink 7001" + (f" {amount}" if kind == "tcp" else "")
	source = f"/tmp/net {kind} {'10.77.0.11' if to_guest else '10.77.0.1'} 7001 {amount}"
	if to_guest:
		out = host.ok(f"{LIB}/in-guest 1 '{sink}' >/tmp/out & sleep 2; {source}; wait; cat /tmp/out", 300)
	else:
		out = host.ok(f"{sink} >/tmp/out & sleep 1; {LIB}/in-guest 1 '{source}'; wait; cat /tmp/out", 300)
	count, ns = (int(n) for n in out.split())
	return (ns / (count / (1 << 20)), 1.0) if kind == "tcp" else (ns / count, count / amount)


def figures(backend, hypervisor="paravane"):
	"""All figures of one back end."""
	with Host(hypervisor, name=f"bench-net-{backend}", cpus=1, dom0_mem=640, icount=True, network=None,
			cpu="max,-smap,-xsave,-erms,-fsrm", files=[(NET, "boot/net")]) as host:
		host.ok(f"cp /opt/boot/net /tmp/net; echo 'vif.default.backendtype=\"{backend}\"' >>/etc/xen/xl.conf")
		host.start_guests(1, 1, "vcpus=1", "memory=192")
		host.ok(f"nc -l -N -p 7000 </opt/boot/net >/dev/null & sleep 1;"
			f" {LIB}/in-guest 1 'nc -d 10.77.0.1 7000 >/tmp/net; chmod +x /tmp/net'")
		found = {}
		for kind, amount, to_guest, name in (("tcp", MIB, False, "TCP from a guest, a MiB"), ("tcp", MIB, True, "TCP to a guest, a MiB"),
				("udp", PACKETS, False, "UDP of 64 bytes from a guest, a packet"),
				("udp", PACKETS, True, "UDP of 64 bytes to a guest, a packet")):
			found[name] = figure(host, kind, amount, to_guest)
			print(f"  {backend:5} {name}: {found[name][0]:,.0f} ({found[name][1]:.0%} arrived)", file=sys.stderr, flush=True)
		if os.environ.get("BENCH_AFTER"):
			print(host.run(os.environ["BENCH_AFTER"])[1], file=sys.stderr)
		return found


def main():
	"""Measure, print the table, keep it as JSON; fail if ours costs more."""
	backends = sys.argv[1:] or ["user", "phy"]
	found = {b: figures(b) for b in backends}
	os.makedirs(OUT, exist_ok=True)
	with open(os.path.join(OUT, "net.json"), "w") as f:
		json.dump(found, f, indent="\t")
	if len(backends) < 2:
		return 0
	print(f"{'instructions of the whole host':40} {'netback':>12} {'stock':>12} {'ratio':>6}")
	worse = 0
	for name in found["user"]:
		ours, stock = found["user"][name][0], found["phy"][name][0]
		print(f"{name:40} {ours:12,.0f} {stock:12,.0f} {ours / stock:6.2f}")
		worse += ours > stock
	return 1 if worse else 0


if __name__ == "__main__":
	sys.exit(main())
