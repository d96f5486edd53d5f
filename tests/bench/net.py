#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""make bench-net: instructions of the whole host for a MiB of TCP and for a 64-byte UDP packet, between dom0 and a guest, with
our netback, with the stock kernel's on Paravane, and with that on Debian's Xen 4.17.

One CPU, guest time runs by one nanosecond an instruction (icount shift=0), both sides always busy: the time between the
first and the last byte or packet at the sink is the number of instructions. Prints one table, keeps it as
build/bench/net.json, and fails if a row of ours costs more than that of another. `net.py user phy`: those columns.
"""
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from host import ROOT, Host, HostFailed  # noqa: E402

OUT = os.path.join(ROOT, "build", "bench")
MIB, PACKETS = 24, 20000
LIB = "/usr/local/lib/paravane"
NET = os.path.join(OUT, "net")
DOM0, GUEST, PORT = "10.77.0.1", "10.77.0.11", 7001
# Row: (kind, amount, to the guest).
ROWS = {"TCP from a guest, a MiB": ("tcp", MIB, False), "TCP to a guest, a MiB": ("tcp", MIB, True),
	"UDP of 64 bytes from a guest, a packet": ("udp", PACKETS, False), "UDP of 64 bytes to a guest, a packet": ("udp", PACKETS, True)}
# Name on the command line: (title, hypervisor).
COLUMNS = {"user": ("netback", "paravane"), "phy": ("xen-netback", "paravane"), "xen": ("xen-netback, Xen", "xen")}
# The time stamp counter is the processor's own: Xen would emulate it on this CPU.
CONFIG = f"""cp --sparse=always /guests/debian.img /guests/guest1.img; disk=/guests/guest1.img,raw,xvda,w
[ VANE = vane ] || disk=phy:$(losetup --show -f /guests/guest1.img),xvda,w
cat >/tmp/net.cfg <<END
name = "guest1"
type = "pv"
kernel = "/guests/vmlinux"
ramdisk = "/guests/initrd.gz"
cmdline = "root=/dev/xvda rw init={LIB}/init console=hvc0 net.ifnames=0 quiet loglevel=4"
memory = 192
vcpus = 1
tsc_mode = "native"
disk = ["$disk"]
vif = ["mac=00:16:3e:00:00:0b,bridge=xenbr0BACKEND"]
END
VANE create -q /tmp/net.cfg && {LIB}/in-guest 1 --wait 180
"""


def host_for(name, column, more=()):
	"""The host of a column, not started; the program and more files are in it."""
	return Host(COLUMNS[column][1], name=name, cpus=1, dom0_mem=640, icount=True, network=None, cpu="max,-smap,-xsave,-erms,-fsrm",
		files=[(NET, "boot/net"), *more])


def prepare(host, column):
	"""A guest whose interface has the column's back end, and the program in both."""
	backend = "" if column == "xen" else f",backendtype={column}"
	host.ok("cp /opt/boot/net /tmp/net; " + CONFIG.replace("VANE", host.vane).replace("BACKEND", backend), 240)
	host.ok(f"nc -l -N -p 7000 </opt/boot/net >/dev/null & sleep 1;"
		f" {LIB}/in-guest 1 'nc -d {DOM0} 7000 >/tmp/net; chmod +x /tmp/net'")


def commands(kind, amount, to_guest):
	"""(sink, source) of a row."""
	sink = f"/tmp/net {kind}-sink {PORT}" + (f" {amount}" if kind == "tcp" else "")
	return sink, f"/tmp/net {kind} {GUEST if to_guest else DOM0} {PORT} {amount}"


def figure(host, kind, amount, to_guest):
	"""Instructions for each MiB or packet, and the part of the packets that arrived."""
	sink, source = commands(kind, amount, to_guest)
	if to_guest:
		out = host.ok(f"{LIB}/in-guest 1 '{sink}' >/tmp/out & sleep 2; {source}; wait; cat /tmp/out", 300)
	else:
		out = host.ok(f"{sink} >/tmp/out & sleep 1; {LIB}/in-guest 1 '{source}'; wait; cat /tmp/out", 300)
	count, ns = (int(n) for n in out.split())
	return (ns / (count / (1 << 20)), 1.0) if kind == "tcp" else (ns / count, count / amount)


def figures(column):
	"""All figures of one column."""
	with host_for(f"bench-net-{column}", column) as host:
		prepare(host, column)
		found = {}
		for name, row in ROWS.items():
			found[name] = figure(host, *row)
			print(f"  {column:5} {name}: {found[name][0]:,.0f} ({found[name][1]:.0%} arrived)", file=sys.stderr, flush=True)
		if os.environ.get("BENCH_AFTER"):
			print(host.run(os.environ["BENCH_AFTER"])[1], file=sys.stderr)
		return found


def table(found):
	"""Print the rows, ours over each other column's; how many miss."""
	others = [c for c in found if c != "user"] if "user" in found else []
	print(f"{'instructions of the whole host':40}" + "".join(f"{COLUMNS[c][0]:>18}" for c in found)
		+ ("  netback over each other" if others else ""))
	missed = 0
	for name in ROWS:
		ratios = [found["user"][name][0] / found[c][name][0] for c in others]
		worse = any(r > 1 for r in ratios)
		print(f"{name:40}" + "".join(f"{found[c][name][0]:18,.0f}" for c in found) + "".join(f"{r:8.3f}" for r in ratios)
			+ (("  MISSED" if worse else "  ok") if others else ""))
		missed += worse
	return missed


def main(columns):
	"""Measure, print, keep; fail if ours costs more."""
	start, found = time.monotonic(), {}
	if set(columns) - set(COLUMNS):
		sys.exit(f"make bench-net: columns are {' '.join(COLUMNS)}")
	try:
		for c in columns or COLUMNS:
			found[c] = figures(c)
			print(f"[{time.monotonic() - start:6.1f} s] {COLUMNS[c][0]}", flush=True)
	except HostFailed as e:
		sys.exit(f"make bench-net: {e}\nto repeat: make bench-net")
	with open(os.path.join(OUT, "net.json"), "w") as f:
		json.dump(found, f, indent="\t")
	return 1 if table(found) else 0


if __name__ == "__main__":
	sys.exit(main(sys.argv[1:]))
