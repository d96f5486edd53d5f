# SPDX-License-Identifier: GPL-2.0-or-later
"""What a store is, said as simply as possible: a dictionary of paths, and what each operation does to it.

A state maps a path to (value, permissions); permissions are a tuple of (letter, domid). States are never changed, only
copied, so a checker can keep as many as it likes. Domain 0 may do everything."""
import itertools

READ, WRITE, OWNER = 1, 2, 4
LETTERS = {"n": 0, "r": READ, "w": WRITE, "b": READ | WRITE}
FIRST = {"/": (b"", (("n", 0),)), "/local": (b"", (("n", 0),)), "/tool": (b"", (("n", 0),)),
	 "/tool/xenstored": (b"", (("n", 0),))}


def parent(path):
	return path[:path.rindex("/")] or "/"


def under(path, top):
	return path == top or top == "/" or path.startswith(top + "/")


def ancestors(path):
	"""The path itself and all above it, the root last."""
	while path != "/":
		yield path
		path = parent(path)
	yield "/"


def full(path, domid):
	return path if path[0] in "/@" else f"/local/domain/{domid}/{path}"


def allow(perms, domid):
	if domid == 0 or perms[0][1] == domid:
		return READ | WRITE | OWNER
	for letter, who in perms[1:]:
		if who == domid:
			return LETTERS[letter]
	return LETTERS[perms[0][0]]


class No(Exception):
	"""The operation is refused; args[0] is the error's name."""


def nearest(state, path):
	return next(p for p in ancestors(path) if p in state)


def look(state, domid, path, need):
	at = nearest(state, path)
	if allow(state[at][1], domid) & need != need:
		raise No("EACCES")
	if at != path:
		raise No("ENOENT")
	return state[path]


def inherit(perms, domid):
	return perms if domid in (0, perms[0][1]) else ((perms[0][0], domid),) + perms[1:]


def create(state, domid, path, value):
	perms = inherit(state[nearest(state, path)][1], domid)
	new = dict(state)
	for p in ancestors(path):
		if p in new:
			break
		new[p] = (b"", perms)
	new[path] = (value, perms)
	return new


def missing(state, domid, path, need):
	"""May it be made (True), is it there (False), or is it refused (No)?"""
	try:
		look(state, domid, path, need)
	except No as e:
		if e.args[0] != "ENOENT":
			raise
		return True
	return False


def children(state, path):
	prefix = "/" if path == "/" else path + "/"
	return sorted({p[len(prefix):].split("/")[0] for p in state if p.startswith(prefix) and p != "/"})


def op_read(state, domid, path):
	return look(state, domid, path, READ)[0], state


def op_directory(state, domid, path):
	look(state, domid, path, READ)
	return children(state, path), state


def op_get_perms(state, domid, path):
	return [f"{letter}{who}" for letter, who in look(state, domid, path, READ)[1]], state


def op_write(state, domid, path, value):
	if missing(state, domid, path, WRITE):
		return None, create(state, domid, path, value)
	return None, {**state, path: (value, state[path][1])}


def op_mkdir(state, domid, path):
	return None, create(state, domid, path, b"") if missing(state, domid, path, WRITE) else state


def op_rm(state, domid, path):
	if missing(state, domid, path, WRITE):
		if parent(path) in state:
			return None, state
		raise No("ENOENT")
	if path == "/":
		raise No("EINVAL")
	return None, {p: n for p, n in state.items() if not under(p, path)}


def op_set_perms(state, domid, path, perms):
	value, old = look(state, domid, path, WRITE | OWNER)
	if domid and perms[0][1] != old[0][1]:
		raise No("EPERM")
	return None, {**state, path: (value, tuple(perms))}


OPS = {"read": op_read, "directory": op_directory, "get_perms": op_get_perms, "write": op_write, "mkdir": op_mkdir,
       "rm": op_rm, "set_perms": op_set_perms}
CHANGES = ("write", "mkdir", "rm", "set_perms")


def apply(state, domid, op):
	"""op is (name, path, ...). Returns (answer, new state); a refusal answers with the error's name as a string."""
	try:
		return OPS[op[0]](state, domid, full(op[1], domid), *op[2:])
	except No as e:
		return e.args[0], state


def run(state, domid, ops):
	answers = []
	for op in ops:
		answer, state = apply(state, domid, op)
		answers.append(answer)
	return answers, state


class Watches:
	"""Who hears what. Events of one change come in the order in which a client set its watches."""

	def __init__(self):
		self.all = []			# (client, domid, path, as given, token), oldest first

	def add(self, client, domid, path, token):
		entry = (client, domid, full(path, domid), path, token)
		if any(w[0] == client and w[2] == entry[2] and w[4] == token for w in self.all):
			return "EEXIST"
		self.all.append(entry)
		return None

	def remove(self, client, domid, path, token):
		for w in self.all:
			if w[0] == client and w[2] == full(path, domid) and w[4] == token:
				self.all.remove(w)
				return None
		return "ENOENT"

	@staticmethod
	def shown(watch, path):
		home = f"/local/domain/{watch[1]}/"
		return path if watch[3][0] == "/" else path[len(home):]

	def events(self, before, after, op, domid):
		"""Of one change that was made: [(client, path, token)...]."""
		path = full(op[1], domid)
		if op[0] == "mkdir" and path in before or op[0] == "rm" and path not in before:
			return []
		old = before.get(path)
		hearing = [s[p][1] for s in (after, before) for p in (path,) if p in s]
		if path != "/":
			hearing += [after[parent(path)][1]] if parent(path) in after else []
		out = []
		if op[0] == "rm":
			out += self.below(before, path)
		elif op[0] != "set_perms" and old is not None:
			hearing = [after[path][1]] + ([after[parent(path)][1]] if path != "/" else [])
		out += [(w[0], self.shown(w, path), w[4]) for w in self.all
			if under(path, w[2]) and any(allow(p, w[1]) & READ for p in hearing)]
		return out

	def below(self, before, top):
		out = []
		for p in sorted((p for p in before if under(p, top) and p != top), key=lambda p: p.split("/")):
			hearing = [before[p][1], before[parent(p)][1]]
			out += [(w[0], self.shown(w, p), w[4]) for w in self.all
				if w[2] == p and any(allow(q, w[1]) & READ for q in hearing)]
		return out


def related(a, b):
	return under(a, b) or under(b, a)


class Unit:
	"""Something that must look as if it happened at one moment between `invoked` and `answered`."""

	def __init__(self, domid, ops, answers, invoked, answered, keeps=True):
		self.domid, self.ops, self.answers = domid, ops, answers
		self.invoked, self.answered, self.keeps = invoked, answered, keeps

	def try_at(self, state):
		"""The state after it, or None when it cannot have happened here."""
		answers, after = run(state, self.domid, self.ops)
		if answers != self.answers:
			return None
		return after if self.keeps else state


def linearize(state, units):
	"""An order of the units that explains all answers, or None. Depth first, oldest answers first, with a memory."""
	seen = set()
	stack = [(0, state, None)]
	whole = (1 << len(units)) - 1
	by_answer = sorted(range(len(units)), key=lambda i: units[i].answered)
	while stack:
		done, now, order = stack.pop()
		if done == whole:
			return order or ()
		key = (done, hash(frozenset(now.items())))
		if key in seen:
			continue
		seen.add(key)
		left = [i for i in by_answer if not done >> i & 1]
		limit = units[left[0]].answered
		ready = itertools.takewhile(lambda i: True, (i for i in left if units[i].invoked <= limit))
		for i in reversed(list(ready)):
			after = units[i].try_at(now)
			if after is not None:
				stack.append((done | 1 << i, after, (order, i)))
	return None
