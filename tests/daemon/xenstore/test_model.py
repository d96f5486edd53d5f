# SPDX-License-Identifier: GPL-2.0-or-later
"""The store against the model: the same requests one after the other, and concurrent histories that must have an order."""
import itertools
import os
import random
import time

import model
from store import (DIRECTORY, GET_PERMS, MKDIR, READ, RM, SET_PERMS, TRANSACTION_END, TRANSACTION_START, WRITE,
		   ERROR, Host, Refused, refused, until)

KINDS = {"read": READ, "directory": DIRECTORY, "get_perms": GET_PERMS, "write": WRITE, "mkdir": MKDIR, "rm": RM,
	 "set_perms": SET_PERMS}
GUESTS = (1, 2, 3)


def random_op(rng, top, domid, names="abc", depth=3):
	path = top + "/" + "/".join(rng.choice(names) for _ in range(rng.randint(1, depth)))
	name = rng.choices(("read", "directory", "get_perms", "write", "mkdir", "rm", "set_perms"),
			   (6, 3, 1, 8, 2, 2, 1))[0]
	if name == "write":
		return name, path, b"%d" % rng.randrange(1000)
	if name == "set_perms":
		owner = domid if domid and rng.random() < 0.8 else rng.choice((0,) + GUESTS)
		perms = [(rng.choice("bbbnrw"), owner)] + [(rng.choice("nrwb"), d) for d in GUESTS if rng.random() < 0.3]
		return name, path, tuple(perms)
	return name, path


def encode(op):
	body = op[1].encode() + b"\0"
	if op[0] == "write":
		body += op[2]
	elif op[0] == "set_perms":
		body += b"".join(f"{letter}{who}\0".encode() for letter, who in op[2])
	return KINDS[op[0]], body


def decode(op, kind, body):
	if kind == ERROR:
		return body.rstrip(b"\0").decode()
	if op[0] == "read":
		return body
	if op[0] == "directory":
		return [n.decode() for n in body.split(b"\0")[:-1]]
	if op[0] == "get_perms":
		return [p.decode() for p in body.split(b"\0")[:-1]]
	return None


def ask(client, op, tx=0):
	number = client.send(*encode(op), tx)
	while number not in client.replies:
		client.pull(1)
	return decode(op, *client.replies.pop(number))


def start(host):
	admin = host.client()
	guests = [host.guest(d, admin) for d in GUESTS]
	state = dict(model.FIRST)
	for d in GUESTS:
		state = model.create(state, 0, f"/local/domain/{d}", b"")
		state[f"/local/domain/{d}"] = (b"", (("n", d),))
	clients = [(0, admin), (0, host.client())] + [(g.domid, g) for g in guests]
	return clients, state


def random_watch(rng, watches, i, domid, client):
	path = rng.choice(["/m", "/m/a", "/m/b/c", "a", "b/b", "/"])
	token = rng.choice("xy")
	add = rng.random() < 0.7
	call = client.watch if add else client.unwatch
	want = (watches.add if add else watches.remove)(i, domid, path, token)
	got = refused(call, path, token)
	assert got == want, (path, token, got, want)
	return [(i, path, token)] if add and want is None else []


def hear(client):
	"""All events so far: they come before the reply to a request that is sent now."""
	ask(client, ("read", "/local"))
	events, client.events = client.events, []
	return events


def check_events(clients, expected):
	for i, (_, client) in enumerate(clients):
		want = [(path.encode(), token.encode()) for j, path, token in expected if j == i]
		got = hear(client) if want else []
		assert sorted(got) == sorted(want), f"client {i}: events {got}, expected {want}"


def sequences(n, length, seed):
	"""One request after the other from clients in turn: every answer and every event as the model says."""
	rng = random.Random(seed)
	done = 0
	for _ in range(n):
		with Host() as h:
			clients, state = start(h)
			watches = model.Watches()
			ask(clients[0][1], ("mkdir", "/m"))
			_, state = model.apply(state, 0, ("mkdir", "/m"))
			perms = ("set_perms", "/m", (("b", 0),))
			ask(clients[0][1], perms)
			_, state = model.apply(state, 0, perms)
			for _ in range(length):
				i = rng.randrange(len(clients))
				domid, client = clients[i]
				expected = []
				if rng.random() < 0.1:
					expected += random_watch(rng, watches, i, domid, client)
				elif rng.random() < 0.15:
					ops = [random_op(rng, rng.choice(["/m", "/m", "x"]), domid) for _ in range(rng.randint(1, 5))]
					tx = client.start()
					got = [ask(client, op, tx) for op in ops]
					want, after = model.run(state, domid, ops)
					assert got == want, (domid, ops, got, want)
					commit = rng.random() < 0.7
					client.end(tx, commit)
					if commit:
						state = after
					for _, c in clients:
						hear(c)
				else:
					op = random_op(rng, rng.choice(["/m", "/m", "x"]), domid)
					got = ask(client, op)
					want, after = model.apply(state, domid, op)
					assert got == want, (domid, op, got, want)
					if not isinstance(want, str) and op[0] in model.CHANGES:
						expected += watches.events(state, after, op, domid)
					state = after
				check_events(clients, expected)
				done += 1
			for _, c in clients:
				assert not hear(c), "an event that nobody expected"
			assert clients[0][1].control("check").split(":")[1].strip() == "ok"
	return f"{done} requests"


class Player:
	"""One client of a history: it plays units, each of one request or a transaction."""

	def __init__(self, rng, domid, client, top, ops):
		self.rng, self.domid, self.client, self.top, self.left = rng, domid, client, top, ops
		self.units, self.again = [], []
		self.waiting = None
		self.tx = None
		client.order.clear()

	def busy(self):
		return self.waiting or self.tx or self.left > 0

	def begin(self, clock):
		"""Send the next request, if none is under way."""
		if self.tx is None:
			self.ops, self.answers, self.invoked = [], [], clock
			self.size = self.rng.randint(2, 6) if self.rng.random() < 0.35 else 0
			self.left -= max(self.size, 1)
			if self.size:
				self.tx = 0
				self.waiting = ("start", self.client.send(TRANSACTION_START, b"\0"))
				return
		if self.tx is not None and len(self.ops) == self.size:
			self.commit = self.rng.random() < 0.9
			self.waiting = ("end", self.client.send(TRANSACTION_END, b"T\0" if self.commit else b"F\0", self.tx))
			return
		self.ops.append(random_op(self.rng, self.top, self.domid, "ab", 2))
		self.waiting = ("op", self.client.send(*encode(self.ops[-1]), self.tx or 0))

	def finish(self, clock, keeps):
		self.units.append(model.Unit(self.domid, self.ops, self.answers, self.invoked, clock, keeps))
		self.tx = None

	def answer(self, clock):
		"""Take the answer, if it is there."""
		self.client.pull(0)
		what, number = self.waiting
		if number not in self.client.replies:
			return
		kind, body = self.client.replies.pop(number)
		self.waiting = None
		if what == "start":
			assert kind == TRANSACTION_START, body
			self.tx = int(body.rstrip(b"\0"))
		elif what == "op":
			self.answers.append(decode(self.ops[-1], kind, body))
			if self.tx is None:
				self.finish(clock, True)
		elif kind == ERROR:
			assert body == b"EAGAIN\0" and self.commit, body
			self.finish(clock, False)
			self.again.append(self.units[-1])
		else:
			self.finish(clock, self.commit)


def changed_paths(unit):
	return [model.full(op[1], unit.domid) for op, answer in zip(unit.ops, unit.answers)
		if op[0] in model.CHANGES and not isinstance(answer, str)]


def disturbed_paths(unit):
	"""What others may be in conflict with; writing also makes what is missing above."""
	if len(unit.ops) == 1 and not unit.keeps:
		return []
	paths = [model.full(op[1], unit.domid) for op in unit.ops] if len(unit.ops) > 1 else changed_paths(unit)
	made = [model.parent(model.full(op[1], unit.domid)) for op in unit.ops if op[0] in ("write", "mkdir")]
	return paths + [p for p in made if p.count("/") > 1]


def check_conflicts(players):
	"""EAGAIN only when somebody changed something that the transaction touched while it was open, or has it in a
	transaction that failed too often already."""
	for p in players:
		for unit in p.again:
			touched = [model.full(op[1], unit.domid) for op in unit.ops]
			assert any(model.related(a, b) for q in players if q is not p for other in q.units if
				   other.answered >= unit.invoked and other.invoked <= unit.answered
				   for a in disturbed_paths(other) for b in touched), f"EAGAIN without a conflict: {unit.ops}"


def check_heard(clients, players, top, state, order):
	"""Dom0 hears of every change that was made, at least once. Whether a MKDIR or RM at the same time as a write below it
	changed anything may depend on the order; then an event below does."""
	units = [u for p in players for u in p.units]
	steps = []
	while order:
		order, i = order
		steps.append(units[i])
	events = {path.decode() for path, token in hear(clients[0][1]) if token == b"h"}
	for unit in reversed(steps):
		before = state
		if not unit.keeps:
			continue
		_, state = model.run(state, unit.domid, unit.ops)
		for path in changed_paths(unit):
			if (path in before) != (path in state) or before.get(path) != state.get(path):
				assert any(model.under(e, path) for e in events), f"nobody told of {path}"


def history(rng, h, clients, number, length):
	top = f"/h{number}"
	admin = clients[0][1]
	admin.mkdir(top)
	admin.set_perms(top, ["b0"])
	admin.watch(top, "h")
	admin.settle(0)
	state = {**model.FIRST, top: (b"", (("b", 0),))}
	chosen = rng.sample(clients, rng.randint(3, len(clients)))
	players = [Player(rng, domid, c, top, length // len(chosen)) for domid, c in chosen]
	clock = 0
	end = time.monotonic() + 20
	while any(p.busy() for p in players):
		assert time.monotonic() < end, "no end"
		clock += 1
		p = rng.choice([p for p in players if p.busy()])
		if p.waiting:
			p.answer(clock)
		else:
			p.begin(clock)
	units = [u for p in players for u in p.units]
	order = model.linearize(state, units)
	assert order is not None, f"no order explains history {number}:\n" + "\n".join(
		f"{u.invoked}-{u.answered} domain {u.domid}{'' if u.keeps else ' (dropped)'}: {list(zip(u.ops, u.answers))}"
		for u in sorted(units, key=lambda u: u.answered))
	check_conflicts(players)
	check_heard(clients, players, top, state, order)
	admin.unwatch(top, "h")
	admin.rm(top)
	return sum(len(u.ops) for u in units), sum(len(p.again) for p in players)


def histories(n, seed):
	rng = random.Random(seed)
	ops = again = 0
	with Host() as h:
		clients, _ = start(h)
		clients += [(0, h.client()) for _ in range(3)]
		for i in range(n):
			a, b = history(rng, h, clients, i, 60)
			ops, again = ops + a, again + b
	return f"{n} histories, {ops} operations, {again} conflicts, 0 violations"


def contention(clients, commits):
	"""Everybody adds to the same counter; the most tries that one commit took."""
	clients[0].write("/counter", b"0")
	clients[0].set_perms("/counter", ["b0"])
	worst, left, state = 0, {c: commits for c in clients}, {c: None for c in clients}
	tries = {c: 0 for c in clients}
	while any(left.values()):
		for c in [c for c in clients if left[c]]:
			# One step of each in turn: all transactions are open at once.
			if state[c] is None:
				state[c] = ("tx", c.start())
				tries[c] += 1
			elif state[c][0] == "tx":
				state[c] = ("read", state[c][1], int(c.read("/counter", state[c][1])))
			elif state[c][0] == "read":
				c.write("/counter", b"%d" % (state[c][2] + 1), state[c][1])
				state[c] = ("end", state[c][1])
			else:
				error = refused(c.end, state[c][1])
				state[c] = None
				assert error in (None, "EAGAIN"), error
				if error is None:
					worst, tries[c], left[c] = max(worst, tries[c]), 0, left[c] - 1
	assert int(clients[0].read("/counter")) == commits * len(clients)
	return worst


def test_sequences():
	return sequences(10, 300, 1)


def test_histories():
	return histories(500, time.time_ns())


def test_contention():
	"""Under contention of eight clients everybody commits within 64 tries."""
	with Host() as h:
		clients = [c for _, c in start(h)[0]] + [h.client() for _ in range(3)]
		worst = contention(clients, 25)
		assert worst <= 64, worst
	return f"8 clients, most tries of one commit: {worst}"


def test_checker():
	"""The checker itself: it refuses a history in which an update is lost, and one with half a transaction."""
	state = {**model.FIRST, "/c": (b"0", (("b", 0),))}
	def add(value, invoked, answered):
		return model.Unit(0, [("read", "/c"), ("write", "/c", b"%d" % (value + 1))], [b"%d" % value, None],
				  invoked, answered)
	assert model.linearize(state, [add(0, 1, 5), add(1, 2, 6)]) is not None
	assert model.linearize(state, [add(0, 1, 5), add(0, 2, 6)]) is None
	pair = model.Unit(0, [("write", "/a", b"1"), ("write", "/b", b"1")], [None, None], 1, 9)
	half = model.Unit(0, [("read", "/a"), ("read", "/b")], [b"1", "ENOENT"], 2, 3)
	assert model.linearize(state, [pair, half]) is None


def soak_sequences():
	return sequences(200, 1000, time.time_ns())


def soak_histories():
	return histories(20000, time.time_ns())


def test_contention_with_writes():
	"""Somebody who writes without pause does not keep a guest's transaction from ever being committed."""
	with Host() as h:
		clients, _ = start(h)
		admin, one, two = clients[0][1], clients[2][1], clients[3][1]
		admin.write("/shared", b"0")
		admin.set_perms("/shared", ["b0"])
		tries = committed = 0
		number = two.send(*encode(("write", "/shared", b"x")))
		while committed < 20:
			tries += 1
			tx = one.start()
			one.read("/shared", tx)
			one.write("/mine" if one.domid == 0 else "mine", b"1", tx)
			# The other one has always one write under way, and time to get it done.
			for _ in range(20):
				two.pull(0)
				if number in two.replies:
					two.replies.pop(number)
					number = two.send(*encode(("write", "/shared", b"%d" % tries)))
				admin.read("/shared")
			if refused(one.end, tx) is None:
				committed += 1
			assert tries <= 20 * 8, f"{committed} commits in {tries} tries"
		two.wait(number)
	return f"{committed} commits in {tries} tries"


def write_without_pause(h):
	"""A client in dom0 that always has many writes of /shared under way, until it is killed."""
	c = h.client()
	for i in itertools.count():
		number = c.send(*encode(("write", "/shared", b"%d" % i)))
		if i >= 32:
			c.wait(number - 32)


def test_guest_against_dom0():
	"""Dom0 writes without pause what a guest's transactions read: the guest gets through, and dom0 hardly waits."""
	with Host(binary="build/bin/xenstored", preload="build/test/fake_xen.so") as h:
		admin = h.client()
		guest = h.guest(1, admin)
		admin.write("/shared", b"0")
		admin.set_perms("/shared", ["n0", "r1"])
		pid = os.fork()
		if not pid:
			write_without_pause(h)
		try:
			until(lambda: admin.read("/shared") != b"0", "dom0 writes")
			tries = committed = 0
			worst, end = 0, time.monotonic() + 10
			while committed < 8:
				assert time.monotonic() < end, f"{committed} commits in {tries} tries"
				tries += 1
				tx = guest.start()
				guest.read("/shared", tx)
				time.sleep(0.002)
				guest.write("mine", b"%d" % tries, tx)
				committed += refused(guest.end, tx) is None
				began = time.monotonic()
				admin.write("/shared", b"-")
				worst = max(worst, time.monotonic() - began)
		finally:
			os.kill(pid, 9)
			os.waitpid(pid, 0)
		assert worst < 0.1, f"dom0 waited {worst * 1000:.0f} ms"
	return f"{committed} commits in {tries} tries, dom0 waited {worst * 1000:.0f} ms at most"
