# SPDX-License-Identifier: GPL-2.0-or-later
"""A store daemon under test, and its clients: sockets and rings, with the wire protocol written out by hand."""
import mmap
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

(CONTROL, DIRECTORY, READ, GET_PERMS, WATCH, UNWATCH, TRANSACTION_START, TRANSACTION_END, INTRODUCE, RELEASE,
 GET_DOMAIN_PATH, WRITE, MKDIR, RM, SET_PERMS, WATCH_EVENT, ERROR, IS_DOMAIN_INTRODUCED, RESUME,
 SET_TARGET) = range(20)
RESET_WATCHES, DIRECTORY_PART = 21, 22
HEAD = struct.Struct("<IIII")
RING = 1024
REQ_CONS, REQ_PROD, RSP_CONS, RSP_PROD, FEATURES, CONNECTION, RING_ERROR = range(2048, 2048 + 28, 4)
WAIT = 20


class Refused(Exception):
	"""The store said no; args[0] is the name of the error."""


class Gone(Exception):
	"""The connection was closed."""


class Client:
	"""What sockets and rings have in common: requests, replies, events. Subclasses move bytes."""

	def __init__(self):
		self.buffer = b""
		self.replies = {}
		self.order = []
		self.events = []
		self.next_id = 1

	def send(self, kind, body=b"", tx=0):
		number = self.next_id
		self.next_id += 1
		self.push(HEAD.pack(kind, number, tx, len(body)) + body)
		return number

	def take(self):
		"""Sort the messages that are in the buffer."""
		while len(self.buffer) >= 16:
			kind, number, _, length = HEAD.unpack(self.buffer[:16])
			if len(self.buffer) < 16 + length:
				return
			body, self.buffer = self.buffer[16:16 + length], self.buffer[16 + length:]
			if kind == WATCH_EVENT:
				self.events.append(tuple(body.split(b"\0")[:2]))
			else:
				self.replies[number] = (kind, body)
				self.order.append(number)

	def wait(self, number):
		end = time.monotonic() + WAIT
		while number not in self.replies:
			if time.monotonic() > end:
				raise TimeoutError(f"no reply to {number}")
			self.pull(0.2)
		kind, body = self.replies.pop(number)
		if kind == ERROR:
			raise Refused(body.rstrip(b"\0").decode())
		return body

	def ask(self, kind, body=b"", tx=0):
		return self.wait(self.send(kind, body, tx))

	def wait_events(self, n):
		end = time.monotonic() + WAIT
		while len(self.events) < n:
			if time.monotonic() > end:
				raise TimeoutError(f"{len(self.events)} events of {n}")
			self.pull(0.2)
		events, self.events = self.events[:n], self.events[n:]
		return events

	def settle(self, seconds=0.05):
		"""Take what comes until nothing does for a while."""
		while self.pull(seconds):
			pass
		events, self.events = self.events, []
		return events

	def read(self, path, tx=0):
		return self.ask(READ, path.encode() + b"\0", tx)

	def write(self, path, value, tx=0):
		self.ask(WRITE, path.encode() + b"\0" + value, tx)

	def mkdir(self, path, tx=0):
		self.ask(MKDIR, path.encode() + b"\0", tx)

	def rm(self, path, tx=0):
		self.ask(RM, path.encode() + b"\0", tx)

	def directory(self, path, tx=0):
		names = self.ask(DIRECTORY, path.encode() + b"\0", tx)
		return [n.decode() for n in names.split(b"\0")[:-1]]

	def get_perms(self, path, tx=0):
		return self.ask(GET_PERMS, path.encode() + b"\0", tx).rstrip(b"\0").decode().split("\0")

	def set_perms(self, path, perms, tx=0):
		self.ask(SET_PERMS, b"".join(s.encode() + b"\0" for s in [path] + list(perms)), tx)

	def watch(self, path, token):
		self.ask(WATCH, path.encode() + b"\0" + token.encode() + b"\0")

	def unwatch(self, path, token):
		self.ask(UNWATCH, path.encode() + b"\0" + token.encode() + b"\0")

	def start(self):
		return int(self.ask(TRANSACTION_START, b"\0").rstrip(b"\0"))

	def end(self, tx, commit=True):
		self.ask(TRANSACTION_END, b"T\0" if commit else b"F\0", tx)

	def control(self, *words):
		return self.ask(CONTROL, b"".join(w.encode() + b"\0" for w in words)).rstrip(b"\0").decode()


class Socket(Client):
	def __init__(self, path):
		super().__init__()
		self.s = socket.socket(socket.AF_UNIX)
		self.s.settimeout(WAIT)
		self.s.connect(path)

	def push(self, data):
		self.s.sendall(data)

	def pull(self, seconds):
		if not select.select([self.s], [], [], seconds)[0]:
			return False
		data = self.s.recv(65536)
		if not data:
			raise Gone()
		self.buffer += data
		self.take()
		return True

	def close(self):
		self.s.close()


class Guest(Client):
	"""A domain at its end of the ring. Like Linux's xenbus it writes header and body apart, tells of a request only when all
	before it had been taken, and of room for replies only when there was none."""

	def __init__(self, host, domid):
		super().__init__()
		self.host, self.domid = host, domid
		self.unsent = b""
		self.to = os.open(f"{host.dir}/to{domid}", os.O_RDWR | os.O_NONBLOCK)
		self.out = os.open(f"{host.dir}/from{domid}", os.O_RDWR | os.O_NONBLOCK)
		with open(f"{host.dir}/ring{domid}", "r+b") as f:
			self.page = mmap.mmap(f.fileno(), 4096)
		self.words = memoryview(self.page).cast("I")

	def get(self, field):
		return self.words[field // 4]

	def put(self, field, value):
		self.words[field // 4] = value & 0xffffffff

	def kick(self):
		try:
			os.write(self.out, b"!")
		except BlockingIOError:
			pass

	def push(self, data):
		"""What does not fit now goes on its way with the next pull()."""
		for part in (data[:HEAD.size], data[HEAD.size:]):
			self.unsent += part
			self.move()

	def move(self):
		while self.unsent:
			prod = self.get(REQ_PROD)
			at = prod % RING
			n = min(RING - ((prod - self.get(REQ_CONS)) & 0xffffffff), len(self.unsent), RING - at)
			if n <= 0:
				return
			self.page[at:at + n] = self.unsent[:n]
			self.put(REQ_PROD, prod + n)
			self.unsent = self.unsent[n:]
			if (self.get(REQ_CONS) - prod) & 0xffffffff < 0x80000000:
				self.kick()

	def pull(self, seconds):
		self.move()
		if self.get(RSP_PROD) == self.get(RSP_CONS):
			select.select([self.to], [], [], seconds)
		try:
			os.read(self.to, 4096)
		except BlockingIOError:
			pass
		cons = self.get(RSP_CONS)
		n = (self.get(RSP_PROD) - cons) & 0xffffffff
		if not n:
			return False
		at = 1024 + cons % RING
		first = min(n, 2048 - at)
		self.buffer += self.page[at:at + first] + self.page[1024:1024 + n - first]
		self.put(RSP_CONS, cons + n)
		if (self.get(RSP_PROD) - cons) & 0xffffffff >= RING:
			self.kick()
		self.take()
		return True

	def close(self):
		if not self.page.closed:
			self.words.release()
			self.page.close()
			os.close(self.to)
			os.close(self.out)


class Host:
	"""A daemon on a hypervisor made of files. Use as a context manager."""
	binary = "build/test/xenstored-asan"
	preload = None

	def __init__(self, *options, binary=None, preload=None, env=None):
		self.dir = tempfile.mkdtemp(prefix="store.", dir="/dev/shm")
		self.binary = os.path.abspath(binary or Host.binary)
		self.preload = preload or Host.preload
		self.options = list(options)
		self.extra = env or {}
		self.process = None
		self.clients = []
		self.path = f"{self.dir}/socket"
		os.mkfifo(f"{self.dir}/virq")
		self.virq = os.open(f"{self.dir}/virq", os.O_RDWR | os.O_NONBLOCK)
		with open(f"{self.dir}/xsd_port", "w") as f:
			f.write("1")
		self.make_domain(0)
		self.start()

	def __enter__(self):
		return self

	def __exit__(self, *_):
		for client in self.clients:
			client.close()
		self.stop()
		os.close(self.virq)
		shutil.rmtree(self.dir, ignore_errors=True)

	def environment(self):
		env = dict(os.environ, FAKE_XEN=self.dir, XENSTORED_RUNDIR=self.dir,
			   ASAN_OPTIONS="detect_leaks=0:abort_on_error=1", **self.extra)
		env.pop("XENSTORED_PATH", None)
		if self.preload:
			env["LD_PRELOAD"] = os.path.abspath(self.preload)
		return env

	def start(self):
		if os.path.exists(self.path):
			os.unlink(self.path)
		self.log = open(f"{self.dir}/log", "ab")
		self.process = subprocess.Popen([self.binary, "-N", *self.options], env=self.environment(),
						stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
		self.log.close()
		end = time.monotonic() + WAIT
		while True:
			try:
				Socket(self.path).close()
				return
			except OSError:
				if self.process.poll() is not None or time.monotonic() > end:
					raise RuntimeError(f"the daemon does not start:\n{self.messages()}")
				time.sleep(0.002)

	def messages(self):
		with open(f"{self.dir}/log", errors="replace") as f:
			return f.read()

	def kill(self):
		self.process.send_signal(signal.SIGKILL)
		self.process.wait()

	def stop(self):
		"""End the daemon; anything but a clean end is an error."""
		if self.process.poll() is None:
			self.process.terminate()
		status = self.process.wait(WAIT)
		if status not in (0, -signal.SIGKILL):
			raise RuntimeError(f"the daemon ended with {status}:\n{self.messages()[-6000:]}")

	def resident(self):
		with open(f"/proc/{self.process.pid}/statm") as f:
			return int(f.read().split()[1]) * 4096

	def client(self):
		self.clients.append(Socket(self.path))
		return self.clients[-1]

	def make_domain(self, domid):
		"""The domain as the hypervisor's: a ring, events, a state."""
		for name in ("to", "from"):
			if not os.path.exists(f"{self.dir}/{name}{domid}"):
				os.mkfifo(f"{self.dir}/{name}{domid}")
		with open(f"{self.dir}/ring{domid}", "wb") as f:
			f.write(bytes(4096))
		with open(f"{self.dir}/dom{domid}", "w"):
			pass

	def guest(self, domid, admin):
		"""A new domain, introduced, with a home of its own."""
		self.make_domain(domid)
		admin.mkdir(f"/local/domain/{domid}")
		admin.set_perms(f"/local/domain/{domid}", [f"n{domid}"])
		admin.ask(INTRODUCE, b"%d\0%d\0%d\0" % (domid, 1, 1))
		self.clients.append(Guest(self, domid))
		return self.clients[-1]

	def domains_changed(self):
		os.write(self.virq, b"!")

	def remove_domain(self, domid):
		os.unlink(f"{self.dir}/dom{domid}")
		self.domains_changed()


def refused(call, *args, **more):
	"""The name of the error that the call gives, or None."""
	try:
		call(*args, **more)
	except Refused as e:
		return e.args[0]
	return None


def until(condition, what, seconds=WAIT):
	end = time.monotonic() + seconds
	while not condition():
		if time.monotonic() > end:
			raise TimeoutError(what)
		time.sleep(0.005)
