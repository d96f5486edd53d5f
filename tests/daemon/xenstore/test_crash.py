# SPDX-License-Identifier: GPL-2.0-or-later
"""kill -9 and live update at random instants under load: nothing acknowledged is lost, nothing is half done, guests keep
their rings, watches and transactions, and see every reply exactly once and in order."""
import json
import os
import random
import threading
import time

from store import (READ, TRANSACTION_END, TRANSACTION_START, WATCH, WRITE, Gone, Host, Refused, refused, until)

BINARY, PRELOAD = "build/bin/xenstored", "build/test/fake_xen.so"
GUESTS = 4


class GuestLoad:
	"""One guest: plain writes, long ones, and transactions that write the same value to two nodes."""

	def __init__(self, guest, rng):
		self.g, self.rng = guest, rng
		self.value = 0
		self.sent = []			# (number, what, value), oldest first
		self.tx = None
		self.plan = []
		self.acked = {"k": 0, "pair": 0}
		self.maybe = {"k": set(), "pair": set()}
		self.again = 0
		self.answers = 0
		self.g.ask(WATCH, b"told\0t\0")
		self.g.order.clear()

	def send(self, what, kind, body, tx=0):
		self.sent.append((self.g.send(kind, body, tx), what, self.value))

	def plan_next(self):
		self.value += 1
		self.plan = ["start"] if self.rng.random() < 0.4 else ["k"]

	def step(self):
		if not self.plan:
			self.plan_next()
		what, value = self.plan.pop(0), b"%d" % self.value
		if what == "k":
			self.maybe["k"].add(self.value)
			self.send("k", WRITE, b"k\0" + value.ljust(self.rng.choice([1, 20, 1500])))
		elif what == "start":
			self.send("start", TRANSACTION_START, b"\0")
		elif what == "end":
			self.maybe["pair"].add(self.value)
			self.send("pair", TRANSACTION_END, b"T\0", self.tx)
		elif what == "check":
			self.send("check", READ, b"a\0", self.tx)
		else:
			self.send("part", WRITE, what.encode() + b"\0" + value, self.tx)

	def answer(self, kind, body):
		number, what, value = self.sent.pop(0)
		self.answers += 1
		if what == "start":
			assert kind == TRANSACTION_START, body
			self.tx = int(body.rstrip(b"\0"))
			self.plan = ["a", "check", "b", "end"]
		elif what == "check":
			assert body == b"%d" % value, (body, value)
		elif what == "part":
			assert kind == WRITE, body
		elif kind == WRITE or kind == TRANSACTION_END:
			self.acked[what] = value
			self.maybe[what] = {v for v in self.maybe[what] if v > value}
		else:
			assert body == b"EAGAIN\0", body
			self.maybe[what].discard(value)
			self.again += 1

	def turn(self, seconds):
		"""Keep requests under way; a transaction waits for its start's reply."""
		while len(self.sent) < 4 and not (self.sent and self.sent[-1][1] in ("start", "pair")):
			self.step()
		self.g.pull(seconds)
		while self.g.order:
			number = self.g.order.pop(0)
			assert self.sent and number == self.sent[0][0], f"reply {number}, but {self.sent[:1]} was due"
			self.answer(*self.g.replies.pop(number))

	def finish(self):
		end = time.monotonic() + 20
		self.plan = self.plan or []
		while self.sent or self.plan:
			assert time.monotonic() < end, f"no reply to {self.sent}"
			while self.plan and not (self.sent and self.sent[-1][1] in ("start", "pair")):
				self.step()
			self.g.pull(0.05)
			while self.g.order:
				number = self.g.order.pop(0)
				assert number == self.sent[0][0], f"reply {number}, but {self.sent[0]} was due"
				self.answer(*self.g.replies.pop(number))

	def check(self, admin):
		home = f"/local/domain/{self.g.domid}"
		got = {}
		t = admin.start()
		for name in ("k", "a", "b"):
			text = None if refused(admin.read, f"{home}/{name}", t) else admin.read(f"{home}/{name}", t)
			got[name] = int(text) if text else 0
		admin.end(t, False)
		assert got["a"] == got["b"], f"half a transaction: {got}"
		for name, what in (("k", "k"), ("a", "pair")):
			assert got[name] == self.acked[what] or got[name] in self.maybe[what], \
				f"{name} is {got[name]}, acknowledged {self.acked[what]}, under way {self.maybe[what]}"


class SocketLoad:
	"""A client in dom0, which connects again when it has to."""

	def __init__(self, host, domids):
		self.host, self.domids = host, domids
		self.c = host.client()
		self.n, self.acked, self.lost = 0, 0, 0

	def turn(self):
		self.n += 1
		try:
			for d in self.domids:
				self.c.write(f"/local/domain/{d}/told", b"%d" % self.n)
			self.acked = self.n
		except (Gone, OSError):
			self.lost += 1
			self.c.close()
			return False
		return True


def under_load(host, rng, seconds, stop_when, loads, socket):
	"""Load until `seconds` are over or `stop_when` says so."""
	end = time.monotonic() + seconds
	while time.monotonic() < end and not stop_when():
		for load in loads:
			load.turn(0)
		if not socket.turn():
			return


def prepare(host, seed):
	rng = random.Random(seed)
	admin = host.client()
	guests = [host.guest(d, admin) for d in range(1, GUESTS + 1)]
	for g in guests:
		admin.write(f"/local/domain/{g.domid}/told", b"0")
		admin.set_perms(f"/local/domain/{g.domid}/told", ["n0", f"r{g.domid}"])
	return rng, [GuestLoad(g, rng) for g in guests]


def check_told(loads, socket, admin):
	"""Every guest hears of a change after the last acknowledged one, without having asked again."""
	for load in loads:
		load.g.settle(0)
		admin.write(f"/local/domain/{load.g.domid}/told", b"last")
		until(lambda: load.g.pull(0.01) or load.g.events, "the watch's event")
		load.g.events.clear()


def kills(times, seed):
	again = answers = 0
	with Host(binary=BINARY, preload=PRELOAD) as h:
		rng, loads = prepare(h, seed)
		for i in range(times):
			socket = SocketLoad(h, range(1, GUESTS + 1))
			killer = threading.Timer(rng.random() * 0.05, h.kill)
			killer.start()
			under_load(h, rng, 10, lambda: not killer.is_alive(), loads, socket)
			killer.join()
			h.start()
			admin = h.client()
			for load in loads:
				load.finish()
				load.check(admin)
			told = admin.read("/local/domain/1/told")
			assert told == b"last" or socket.acked <= int(told) <= socket.n, (told, socket.acked)
			assert admin.control("check").split(":")[1].strip() == "ok", admin.control("check")
			check_told(loads, socket, admin)
			admin.close()
		again = sum(load.again for load in loads)
		answers = sum(load.answers for load in loads)
	return f"{times} kills, {answers} answers to guests, {again} times EAGAIN"


def updates(times, seed):
	with Host(binary=BINARY, preload=PRELOAD) as h:
		rng, loads = prepare(h, seed)
		socket = SocketLoad(h, range(1, GUESTS + 1))
		admin = h.client()
		pid = h.process.pid
		for i in range(times):
			under_load(h, rng, rng.random() * 0.02, lambda: False, loads, socket)
			assert admin.control("live-update", "-s") == "OK"
			if i % 10 == 9:
				for load in loads:
					load.finish()
					load.check(admin)
				check_told(loads, socket, admin)
		assert not socket.lost, "a socket was closed"
		assert h.process.poll() is None and h.process.pid == pid
		answers = sum(load.answers for load in loads)
		assert "--resume=" in open(f"/proc/{pid}/cmdline").read()
	return f"{times} live updates, {answers} answers to guests"


def state_of(admin, path):
	"""The whole state without what must differ: identities of connections and generations."""
	admin.control("dump", path)
	with open(path) as f:
		state = json.load(f)
	os.unlink(path)
	for d in state["domains"]:
		d.pop("generation")
	for c in state["connections"]:
		c.pop("id")
	state["connections"].sort(key=json.dumps)
	return state


def random_request(rng, c, open_tx):
	"""One request of a client; the answer, or the error's name."""
	path = "/".join(rng.choice("abc") for _ in range(rng.randint(1, 3)))
	tx = rng.choice(open_tx) if open_tx and rng.random() < 0.5 else 0
	kind = rng.randrange(10)
	try:
		if kind == 0:
			open_tx.append(c.start())
			return open_tx[-1]
		if kind == 1 and open_tx:
			return c.end(open_tx.pop(rng.randrange(len(open_tx))), rng.random() < 0.8)
		if kind == 2:
			return c.rm(path, tx)
		if kind == 3:
			return c.directory(path, tx)
		if kind == 4:
			return c.watch(path, str(rng.randrange(3)))
		if kind == 5:
			return c.unwatch(path, str(rng.randrange(3)))
		if kind == 6:
			return c.set_perms(path, [f"n{getattr(c, 'domid', 0)}", f"{rng.choice('nrwb')}{rng.randint(0, 3)}"], tx)
		if kind == 7:
			return c.read(path, tx)
		return c.write(path, b"%d" % rng.randrange(1000), tx)
	except Refused as e:
		return e.args[0]


def compare(times, seed):
	"""The same requests to two daemons, one of which is updated all the time: the same answers, events and state."""
	rng = random.Random(seed)
	with Host(binary=BINARY, preload=PRELOAD) as one, Host(binary=BINARY, preload=PRELOAD) as two:
		sides = []
		for h in (one, two):
			admin = h.client()
			clients = [h.guest(d, admin) for d in (1, 2, 3)] + [h.client(), h.client()]
			sides.append((h, admin, clients, [[] for _ in clients]))
		for i in range(times):
			for _ in range(rng.randint(1, 60)):
				which, choice = rng.randrange(5), rng.randrange(1 << 30)
				a, b = (random_request(random.Random(choice), s[2][which], s[3][which]) for s in sides)
				assert a == b, (a, b)
			if i % 10 == 5:
				states = [state_of(s[1], f"{s[0].dir}/dump") for s in sides]
				assert states[0] == states[1], "the states differ"
			one_admin = sides[0][1]
			assert one_admin.control("live-update", "-s") == "OK"
		for a, b in zip(sides[0][2], sides[1][2]):
			ea, eb = a.settle(), b.settle()
			assert ea == eb, (ea, eb)
		states = [state_of(s[1], f"{s[0].dir}/dump") for s in sides]
		assert states[0] == states[1], "the states differ"
	return f"{times} live updates, {len(states[0]['nodes'])} nodes at the end, 0 differences"


def test_kill():
	return kills(20, 1)


def test_live_update():
	return updates(100, 2)


def test_live_update_compared():
	return compare(100, 3)


def test_torn_log():
	"""A log that ends anywhere gives the state of some moment, never a crash, never a half one."""
	with Host(binary=BINARY, preload=PRELOAD) as h:
		c = h.client()
		for i in range(200):
			t = c.start()
			c.write("/pair/a", b"%d" % i, t)
			c.write("/pair/b", b"%d" % i, t)
			c.end(t)
		h.kill()
		whole = {n: open(f"{h.dir}/log.{n}", "rb").read() for n in (0, 1)}
		rng = random.Random(4)
		seen = set()
		for _ in range(30):
			cut = rng.randrange(600, 40000)
			for n, data in whole.items():
				with open(f"{h.dir}/log.{n}", "r+b") as f:
					f.write(data[:cut] + bytes(len(data) - cut))
			h.start()
			c = h.client()
			if refused(c.read, "/pair/a") is None:
				assert c.read("/pair/a") == c.read("/pair/b")
				seen.add(c.read("/pair/a"))
			assert c.control("check").split(":")[1].strip() == "ok"
			h.kill()
		assert len(seen) > 3
		h.start()


def soak_kill():
	return kills(1000, time.time_ns())


def soak_live_update():
	return updates(5000, time.time_ns())


def soak_live_update_compared():
	return compare(5000, time.time_ns())


def test_sandbox():
	"""Once it serves it has no capabilities and no way to new ones, and cannot make most system calls; also after a
	live update."""
	with Host(binary=BINARY, preload=PRELOAD) as h:
		c = h.client()
		for _ in range(2):
			c.write("/serves", b"now")  # The socket takes connections a moment before.
			with open(f"/proc/{h.process.pid}/status") as f:
				status = dict(line.split(":\t", 1) for line in f.read().splitlines() if ":\t" in line)
			assert status["Seccomp"] == "2" and status["NoNewPrivs"] == "1", status
			assert int(status["CapEff"], 16) == 0 and int(status["CapPrm"], 16) == 0, status
			assert c.control("live-update", "-s") == "OK"
		assert "could not be dropped" not in h.messages() and "cannot be" not in h.messages(), h.messages()
