#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""make run: boot a whole host in QEMU, start guests, and give the first one's console to the person at the terminal.

With --exec the command runs in dom0 once the guests are up; its output is printed, the host powers off, and its exit
status is ours.  Where there is no terminal, what stdin holds is typed at the console and its end powers the host off.
"""
import argparse
import os
import re
import select
import sys
import termios
import threading
import time
import tty

from host import Host, HostFailed, cache

LIB = "/usr/local/lib/paravane"
QUIT = b"\x1c"
# Lines of the serial log that say how far the boot is.
MILESTONES = [
	(re.compile(rb"^[^\n]*(Xen version [\d.]+|[Pp]aravane [\d.]+)[^\n]*$", re.M), "hypervisor: "),
	(re.compile(rb"^[^\n]*Linux version (\S+)", re.M), "dom0's kernel: Linux "),
	(re.compile(rb"^[^\n]*dom0: \[[\d.]+\] ([^\r\n]*)\r?$", re.M), "dom0: "),
]


class Progress:
	"""Says each milestone of the boot once, when it is seen."""

	def __init__(self, port):
		self.port, self.offset = port, 0
		port.listener = self.feed

	def feed(self, _):
		"""Called with the reader thread for each piece of the log."""
		end = self.port.data.rfind(b"\n") + 1
		text = bytes(self.port.data[self.offset:end])
		for line in text.split(b"\n"):
			for pattern, word in MILESTONES:
				if found := pattern.match(line.rstrip(b"\r")):
					cache.say(word + found.group(1).decode(errors="replace"))
		self.offset = max(self.offset, end)


def arguments():
	"""The command line."""
	parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
	parser.add_argument("--guests", type=int, default=1)
	parser.add_argument("--exec", dest="command", default="")
	parser.add_argument("--hypervisor", default="paravane")
	parser.add_argument("--tools", choices=("paravane", "xen"))
	parser.add_argument("--cpus", type=int, default=2)
	parser.add_argument("--memory", type=int, default=0, help="of the host, in MiB; by default enough for the guests")
	parser.add_argument("--guest-memory", type=int, default=256)
	parser.add_argument("--hypervisor-args", default="")
	parser.add_argument("--dom0-args", default="")
	return parser.parse_args()


def start_guests(host, options):
	"""Create the guests and wait until each answers on the network; each step is said."""
	for i in range(1, options.guests + 1):
		host.ok(f"{LIB}/guests start {i} {i} init=/sbin/init memory={options.guest_memory}", 180)
		cache.say(f"guest{i} is created")
	for i in range(1, options.guests + 1):
		host.ok(f"{LIB}/in-guest {i} --wait 180", 200)
		cache.say(f"guest{i} answers at 10.77.0.{10 + i}: " + host.ok(f"{LIB}/in-guest {i} 'uname -sr'"))
	if options.guests:
		host.ok(f"for i in $(seq 600); do grep -q 'login:' {console_log(1)} && exit 0; sleep 0.2; done; exit 1", 200)


def complain(host, options):
	"""What helps to see why a guest does not come up."""
	try:
		for i in range(1, options.guests + 1):
			print(f"end of {console_log(i)}:\n" + host.run(f"tail -n 25 {console_log(i)}", 20)[1], file=sys.stderr)
		print(host.run(f"{host.vane} list; {host.vane} vcpu-list", 20)[1], file=sys.stderr)
	except HostFailed:
		pass


def console_log(i):
	"""Where the console daemon keeps a guest's output."""
	return f"/var/log/xen/console/guest-guest{i}.log"


def attach(host, first):
	"""Join the terminal and dom0's console until the host is off or the terminal ends; `first` is typed at once."""
	port, terminal = host.qemu.com1, sys.stdin.isatty()
	saved = termios.tcgetattr(0) if terminal else None
	shown = threading.Event()

	def show(piece):
		os.write(1, piece)
		shown.set()
	port.listener = show
	try:
		if terminal:
			tty.setraw(0)
		for text, wait in first:
			port.write(text)
			time.sleep(wait)
		while host.qemu.alive():
			if not select.select([0], [], [], 0.5)[0]:
				continue
			data = os.read(0, 4096)
			if not data or QUIT in data:
				return
			port.write(data if terminal else data.replace(b"\n", b"\r"))
			shown.clear()
			if not terminal:
				shown.wait(2)
	finally:
		if saved:
			termios.tcsetattr(0, termios.TCSADRAIN, saved)
		port.listener = None
		print()


def session(host, options):
	"""What follows when the host and its guests are up; the exit status of all."""
	vane = host.vane
	if options.command:
		status, output = host.run(options.command, 3600)
		print(output, flush=True)
		cache.say(f"exit status {status}; powering off")
		host.poweroff()
		return status
	print(f"$ {vane} list\n" + host.ok(f"{vane} list"), flush=True)
	if options.guests:
		cache.say(f"{vane} console guest1: log in as root, no password; Ctrl-] leaves to dom0's shell,"
			" `poweroff` there or Ctrl-\\ here ends")
		attach(host, [(f"{vane} console guest1\r".encode(), 1.5), (b"\r", 1)])
	else:
		cache.say("dom0's shell; `poweroff` there or Ctrl-\\ here ends")
		attach(host, [(b"\r", 0)])
	if host.qemu.alive():
		cache.say("powering off")
		host.poweroff()
	return 0


def main():
	"""Run; on failure print the log's tail and how to repeat."""
	options = arguments()
	memory = options.memory or max(2048, 1024 + options.guests * (options.guest_memory + 16))
	try:
		host = Host(options.hypervisor, cpus=options.cpus, memory=memory, tools=options.tools, name="run",
			hypervisor_args=options.hypervisor_args, dom0_args=options.dom0_args)
		Progress(host.qemu.com1)
		cache.say(f"starting QEMU: {options.cpus} CPUs, {memory} MiB; serial log in {os.path.relpath(host.qemu.log_path)}")
		with host:
			try:
				start_guests(host, options)
			except HostFailed:
				complain(host, options)
				raise
			host.qemu.com1.listener = None
			return session(host, options)
	except (HostFailed, cache.Failed) as e:
		repeat = "make run" + os.environ.get("RUN_REPEAT", "")
		print(f"\nmake run failed: {e}\nto repeat: {repeat}", file=sys.stderr)
		return 1
	except KeyboardInterrupt:
		return 130


if __name__ == "__main__":
	sys.exit(main())
