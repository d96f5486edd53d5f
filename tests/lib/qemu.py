# SPDX-License-Identifier: GPL-2.0-or-later
"""One QEMU machine: the only place that starts QEMU for whole-host runs.

Two serial ports and a QMP channel run over socket pairs, read by one thread; the first port is kept in a log file.  A
lock lets one machine run at a time on this computer.  The process dies with the object, whatever happens.
"""
import ctypes
import fcntl
import json
import os
import re
import select
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

LOCK = os.environ.get("QEMU_LOCK") or os.path.join(tempfile.gettempdir(), "qemu.lock")
# SMAP must be off: QEMU 7.2 reads the stack with supervisor rights in iret from ring 3 (see docs/debugging.md).
PR_SET_PDEATHSIG = 1
CPU = "max,-smap,-xsave"


def die_with_parent():
	"""In the child, before exec: the kernel kills it when the one who started it ends, however that happens."""
	ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def lock_machine():
	"""Take the lock that lets one QEMU run at a time; the open file holds it.  Who runs us under flock(1) has it already."""
	for fd in os.listdir("/proc/self/fd"):
		try:
			if os.readlink("/proc/self/fd/" + fd) == LOCK:
				return None
		except OSError:
			continue
	try:
		lock, turn = open(LOCK, "a+"), open(LOCK + ".next", "a+")
	except PermissionError:
		lock, turn = open(LOCK), open(LOCK + ".next")  # another user's
	try:
		fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
		fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
	except BlockingIOError:
		print("waiting for the other QEMU on this machine to end", file=sys.stderr, flush=True)
		# One waits for the machine and all others for that place: who ends one machine and starts the next is not first again.
		fcntl.flock(turn, fcntl.LOCK_EX)
		fcntl.flock(lock, fcntl.LOCK_EX)
	turn.close()
	return lock


class HostFailed(Exception):
	"""The machine did not do what was waited for; the text has the tail of its log."""


class Port:
	"""What came from one serial port, and a way to write to it."""

	def __init__(self, log=None):
		self.ours, self.theirs = socket.socketpair()
		self.data = bytearray()
		self.log = open(log, "wb", buffering=0) if log else None
		self.listener = None

	def feed(self):
		"""Take in what is there; False at the end."""
		try:
			piece = self.ours.recv(65536)
		except OSError:
			piece = b""
		if piece:
			self.data += piece
			if self.log:
				self.log.write(piece)
			if self.listener:
				self.listener(piece)
		return bool(piece)

	def write(self, data):
		"""Send bytes to the machine."""
		self.ours.sendall(data)


class Qemu:
	"""A machine with `arguments` added to the ones every machine has."""

	def __init__(self, arguments, log, cpus=2, memory=2048, cpu=CPU, icount=False, reboots=False):
		os.makedirs(os.path.dirname(log), exist_ok=True)
		self.log_path = log
		self.com1, self.com2, self.control = Port(log), Port(), Port()
		self.changed = threading.Condition()
		self.process = self.lock = None
		self.arguments = ["qemu-system-x86_64", "-accel", "tcg", "-cpu", cpu, "-m", str(memory), "-smp", str(cpus),
			"-display", "none", "-nodefaults", "-no-user-config"]
		if not reboots:
			self.arguments.append("-no-reboot")
		if icount:
			self.arguments += ["-icount", "shift=0,sleep=off", "-rtc", "clock=vm,base=2026-01-01T00:00:00"]
		self.fixed = list(arguments)

	def start(self):
		"""Wait for the machine lock and start; the reader thread fills the ports from here on."""
		self.lock = lock_machine()
		argv = list(self.arguments)
		for number, (name, port) in enumerate((("com1", self.com1), ("com2", self.com2))):
			argv += ["-chardev", f"socket,id={name},fd={port.theirs.fileno()}", "-serial", f"chardev:{name}"]
		argv += ["-chardev", f"socket,id=qmp,fd={self.control.theirs.fileno()}", "-mon", "chardev=qmp,mode=control"]
		argv += self.fixed
		fds = [p.theirs.fileno() for p in (self.com1, self.com2, self.control)]
		self.errors = open(self.log_path + ".qemu", "wb")
		self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=self.errors, stderr=self.errors,
			pass_fds=fds, start_new_session=True, preexec_fn=die_with_parent)
		for port in (self.com1, self.com2, self.control):
			port.theirs.close()
		with open(self.log_path + ".command", "w") as f:
			f.write(shlex.join(argv) + "\n")
		self.control.write(b'{"execute": "qmp_capabilities"}\n')
		threading.Thread(target=self._read, daemon=True).start()

	def _read(self):
		ports = {p.ours: p for p in (self.com1, self.com2, self.control)}
		while ports:
			for s in select.select(list(ports), [], [])[0]:
				if not ports[s].feed():
					del ports[s]
			with self.changed:
				self.changed.notify_all()

	def alive(self):
		"""Does QEMU run?"""
		return self.process is not None and self.process.poll() is None

	def wait(self, port, pattern, timeout, start=0, fatal=None):
		"""Wait until a pattern is on a port at or after an offset; return the match.  `fatal`: a pattern on com1 that
		ends the wait at once."""
		end = time.monotonic() + timeout
		pattern = re.compile(pattern) if isinstance(pattern, bytes) else pattern
		with self.changed:
			while True:
				dead = not self.alive()
				found = pattern.search(bytes(port.data), start)
				if found:
					return found
				if fatal and (bad := fatal.search(bytes(self.com1.data))):
					self.changed.wait(1)
					raise HostFailed(self.report("the log says: " + bad.group(0).decode(errors="replace")))
				if dead:
					raise HostFailed(self.report(f"QEMU ended with {self.process.returncode} while waiting for "
						+ repr(pattern.pattern)))
				left = end - time.monotonic()
				if left <= 0:
					raise HostFailed(self.report(f"no {pattern.pattern!r} within {timeout} s"))
				self.changed.wait(min(left, 1.0))

	def wait_end(self, timeout):
		"""Wait until QEMU ends by itself; True if it did."""
		try:
			self.process.wait(timeout)
			return True
		except subprocess.TimeoutExpired:
			return False

	def qmp(self, command, timeout=10, **arguments):
		"""One QMP command; return its answer."""
		start = len(self.control.data)
		tag = f"c{start}"
		message = {"execute": command, "id": tag}
		if arguments:
			message["arguments"] = arguments
		self.control.write(json.dumps(message).encode() + b"\n")
		found = self.wait(self.control, rb'[^\n]*"id": "%s"[^\n]*\n' % tag.encode(), timeout, start)
		answer = json.loads(found.group(0))
		if "error" in answer:
			raise HostFailed(f"{command}: {answer['error']['desc']}")
		return answer["return"]

	def report(self, why, lines=40):
		"""Text for a failure: why, the end of the log, and where all of it is."""
		text = bytes(self.com1.data).decode(errors="replace").replace("\r", "")
		with open(self.log_path + ".qemu", "rb") as f:
			said = f.read().decode(errors="replace")
		tail = "\n".join("  | " + line for line in text.splitlines()[-lines:])
		return f"{why}\n{tail}\n{said}whole log: {os.path.relpath(self.log_path)}"

	def stop(self):
		"""End QEMU now and let the next machine start."""
		if self.process:
			self.process.kill()
			self.process.wait()
		if self.lock:
			self.lock.close()
			self.lock = None
