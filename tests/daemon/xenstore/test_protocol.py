# SPDX-License-Identifier: GPL-2.0-or-later
"""Every operation, over sockets and rings: replies, errors, limits, watches, permissions."""
import os
import struct

from store import (CONTROL, DIRECTORY, DIRECTORY_PART, GET_DOMAIN_PATH, GET_PERMS, HEAD, INTRODUCE,
		   IS_DOMAIN_INTRODUCED, MKDIR, READ, RELEASE, RESET_WATCHES, RESUME, RM, SET_PERMS, SET_TARGET,
		   TRANSACTION_END, TRANSACTION_START, UNWATCH, WATCH, WRITE, Gone, Host, Refused, Socket, refused,
		   until)


def equal(a, b):
	assert a == b, f"{a!r} is not {b!r}"


def test_nodes():
	"""Write makes what is missing; directories, removal, errors."""
	with Host() as h:
		c = h.client()
		c.write("/a/b/c", b"\0any\xff")
		equal(c.read("/a/b/c"), b"\0any\xff")
		equal(c.read("/a"), b"")
		equal(c.directory("/a"), ["b"])
		c.mkdir("/a/d")
		c.mkdir("/a/d")
		equal(c.directory("/a"), ["b", "d"])
		equal(refused(c.read, "/nothing"), "ENOENT")
		equal(refused(c.directory, "/nothing/there"), "ENOENT")
		c.rm("/a/none")
		equal(refused(c.rm, "/none/none"), "ENOENT")
		equal(refused(c.rm, "/"), "EINVAL")
		c.rm("/a")
		equal(refused(c.read, "/a/b/c"), "ENOENT")
		c.write("relative", b"x")
		equal(c.read("/local/domain/0/relative"), b"x")


def test_paths():
	"""Only canonical paths of the allowed characters and lengths."""
	with Host() as h:
		c = h.client()
		for bad in ("", "//", "/a//b", "/a/", "a/", "/a b", "/a+", "/\x01", "@x", "/local/domain/"):
			equal(refused(c.write, bad, b"x"), "EINVAL")
		c.write("/" + "a" * 3071, b"x")
		equal(refused(c.write, "/" + "a" * 3072, b"x"), "EINVAL")
		c.write("r" * 2048, b"x")
		equal(refused(c.write, "r" * 2049, b"x"), "EINVAL")
		equal(refused(c.write, "/local/domain/0/" + "r" * 2049, b"x"), "EINVAL")
		c.write("/a-_@Z9", b"x")
		c.write("/x" * 1536, b"deep")
		equal(c.read("/x" * 1536), b"deep")
		c.rm("/x")


def test_shapes():
	"""Payloads that are not what the operation takes."""
	with Host() as h:
		c = h.client()
		for kind in (DIRECTORY, READ, GET_PERMS, MKDIR, RM, GET_DOMAIN_PATH, IS_DOMAIN_INTRODUCED, RELEASE, RESUME):
			for body in (b"", b"/a", b"/a\0b\0", b"/a\0b"):
				equal(refused(c.ask, kind, body), "EINVAL")
		for kind, bodies in ((WRITE, (b"", b"/a")), (WATCH, (b"", b"/a\0", b"/a\0t", b"/a\0t\0u\0")),
				     (UNWATCH, (b"/a\0",)), (SET_PERMS, (b"", b"/\0", b"/\0n0", b"/\0x0\0", b"/\0n\0", b"/\0n-1\0", b"/\0n99999\0")),
				     (INTRODUCE, (b"1\0", b"1\0002\0", b"x\0001\0001\0")), (SET_TARGET, (b"1\0",)),
				     (DIRECTORY_PART, (b"/\0", b"/\0x\0")), (CONTROL, (b"", b"nonsense\0", b"check"))):
			for body in bodies:
				equal(refused(c.ask, kind, body), "EINVAL")
		for kind in (15, 16, 20, 23, 99, 0xffff, 0xffffffff):
			equal(refused(c.ask, kind, b"/\0"), "ENOSYS")
		for body in (b"X\0", b"TT\0", b"\0"):
			tx = c.start()
			equal(refused(c.ask, TRANSACTION_END, body, tx), "EINVAL")
			c.end(tx, False)
		equal(refused(c.set_perms, "/", ["n99"]), "ENOENT")
		equal(refused(c.read, "/", 77), "ENOENT")
		equal(refused(c.ask, TRANSACTION_END, b"T\0"), "ENOENT")


def test_big_directory():
	"""A directory beyond one message: E2BIG, then in parts."""
	with Host() as h:
		c = h.client()
		names = sorted(f"name-{i:05}" for i in range(3000))
		numbers = [c.send(WRITE, f"/d/{n}".encode() + b"\0v") for n in names]
		for n in numbers:
			c.wait(n)
		equal(refused(c.directory, "/d"), "E2BIG")
		got, at, generation = [], 0, None
		while True:
			part = c.ask(DIRECTORY_PART, b"/d\0%d\0" % at)
			head, rest = part.split(b"\0", 1)
			assert generation in (None, head)
			generation = head
			last = rest.endswith(b"\0\0") or rest == b"\0"
			body = rest[:-1] if last else rest
			got += body.split(b"\0")[:-1]
			at += len(body)
			if last:
				break
		equal([g.decode() for g in got], names)
		c.write("/d/another", b"")
		assert c.ask(DIRECTORY_PART, b"/d\0000\0").split(b"\0")[0] != generation
		c.rm("/d")


def test_watches():
	"""At the path, below, above; relative; order; removal of a subtree; errors."""
	with Host() as h:
		c, w = h.client(), h.client()
		w.watch("/a/b", "1")
		w.watch("/a", "2")
		w.watch("home", "3")
		equal(w.wait_events(3), [(b"/a/b", b"1"), (b"/a", b"2"), (b"home", b"3")])
		c.write("/a/b/c", b"")
		equal(w.wait_events(2), [(b"/a/b/c", b"1"), (b"/a/b/c", b"2")])
		c.write("/a", b"x")
		equal(w.wait_events(1), [(b"/a", b"2")])
		c.write("/local/domain/0/home/x", b"")
		equal(w.wait_events(1), [(b"home/x", b"3")])
		c.rm("/a")
		equal(w.wait_events(2), [(b"/a/b", b"1"), (b"/a", b"2")])
		c.mkdir("/a/b")
		equal(w.wait_events(2), [(b"/a/b", b"1"), (b"/a/b", b"2")])
		c.mkdir("/a/b")
		c.set_perms("/a/b", ["n0", "r7"])
		equal(w.wait_events(2), [(b"/a/b", b"1"), (b"/a/b", b"2")])
		equal(refused(w.watch, "/a", "2"), "EEXIST")
		equal(refused(w.unwatch, "/a", "x"), "ENOENT")
		equal(refused(w.watch, "/a//", "x"), "EINVAL")
		w.unwatch("/a", "2")
		c.write("/a/b", b"")
		equal(w.wait_events(1), [(b"/a/b", b"1")])
		w.ask(RESET_WATCHES, b"\0")
		c.write("/a/b", b"")
		equal(w.settle(), [])


def test_transactions():
	"""Isolation, commit, conflict, and what is none."""
	with Host() as h:
		a, b = h.client(), h.client()
		a.write("/x", b"0")
		t = a.start()
		a.write("/x", b"1", t)
		a.write("/new/y", b"2", t)
		equal(a.read("/x", t), b"1")
		equal(b.read("/x"), b"0")
		a.end(t)
		equal(b.read("/x"), b"1")
		equal(b.read("/new/y"), b"2")
		t = a.start()
		a.read("/x", t)
		b.write("/x", b"3")
		equal(a.read("/x", t), b"1")
		a.write("/z", b"", t)
		equal(refused(a.end, t), "EAGAIN")
		equal(refused(a.read, "/z"), "ENOENT")
		# Both made the same directory.
		t = a.start()
		a.write("/d/one", b"1", t)
		b.write("/d/two", b"2")
		equal(refused(a.end, t), "EAGAIN")
		# Siblings, values of the same node that were not read, lists that did not change: no conflicts.
		t = a.start()
		a.read("/x", t)
		a.write("/d/one", b"1", t)
		b.write("/d/zero", b"2")
		a.end(t)
		equal(b.directory("/d"), ["one", "two", "zero"])
		t = a.start()
		a.write("/x", b"blind", t)
		b.write("/x", b"other")
		a.end(t)
		equal(b.read("/x"), b"blind")
		t = a.start()
		a.directory("/d", t)
		b.write("/d/two", b"changed")
		a.end(t)
		t = a.start()
		a.directory("/d", t)
		b.write("/d/three", b"")
		equal(refused(a.end, t), "EAGAIN")
		t = a.start()
		a.write("/x", b"dropped", t)
		a.end(t, False)
		equal(b.read("/x"), b"blind")
		equal(refused(a.ask, TRANSACTION_START, b"\0", a.start()), "EBUSY")


def test_transaction_watches():
	"""Nothing is told before the commit; then each changed path once."""
	with Host() as h:
		a, w = h.client(), h.client()
		w.watch("/t", "w")
		w.settle()
		t = a.start()
		a.write("/t/a", b"1", t)
		a.write("/t/a", b"2", t)
		a.write("/t/b", b"3", t)
		a.mkdir("/t/c/d", t)
		a.rm("/t/b", t)
		equal(w.settle(), [])
		a.end(t)
		events = w.settle()
		assert events.count((b"/t/a", b"w")) == 1 and (b"/t/c/d", b"w") in events and (b"/t/b", b"w") in events
		t = a.start()
		a.rm("/t", t)
		a.end(t, False)
		equal(w.settle(), [])


def test_permissions():
	"""What a guest may do with what is not its own."""
	with Host() as h:
		c = h.client()
		g = h.guest(5, c)
		equal(refused(g.read, "/local"), "EACCES")
		equal(refused(g.read, "/local/domain/7/x"), "EACCES")
		equal(refused(g.write, "/mine", b""), "EACCES")
		g.write("data", b"mine")
		equal(c.get_perms("/local/domain/5/data"), ["n5"])
		c.write("/shared", b"s")
		c.set_perms("/shared", ["n0", "r5"])
		equal(g.read("/shared"), b"s")
		equal(refused(g.write, "/shared", b""), "EACCES")
		equal(refused(g.write, "/shared/x", b""), "EACCES")
		equal(refused(g.read, "/shared/x"), "ENOENT")
		equal(refused(g.set_perms, "/shared", ["n5"]), "EACCES")
		c.set_perms("/shared", ["n0", "w5"])
		equal(refused(g.read, "/shared"), "EACCES")
		g.write("/shared/x", b"")
		equal(c.get_perms("/shared/x"), ["n5", "w5"])
		equal(refused(g.set_perms, "/shared/x", ["n0"]), "EPERM")
		g.set_perms("/shared/x", ["b5", "r0"])
		c.set_perms("/shared", ["b0"])
		g.write("/shared", b"")
		g.rm("/shared/x")
		for kind, body in ((INTRODUCE, b"6\0001\0001\0"), (RELEASE, b"5\0"), (RESUME, b"5\0"), (SET_TARGET, b"5\0000\0"),
				   (CONTROL, b"check\0")):
			equal(refused(g.ask, kind, body), "EACCES")
		equal(g.ask(GET_DOMAIN_PATH, b"5\0"), b"/local/domain/5\0")
		equal(refused(g.ask, IS_DOMAIN_INTRODUCED, b"5\0"), "EACCES")
		equal(c.ask(IS_DOMAIN_INTRODUCED, b"5\0"), b"T\0")
		equal(c.ask(IS_DOMAIN_INTRODUCED, b"6\0"), b"F\0")


def test_watch_permissions():
	"""A guest hears only of what it may read, or may list."""
	with Host() as h:
		c = h.client()
		g = h.guest(5, c)
		g.watch("/", "all")
		g.settle()
		c.write("/secret", b"")
		c.write("/open", b"")
		equal(g.settle(), [])
		c.set_perms("/open", ["n0", "r5"])
		equal(g.settle(), [(b"/open", b"all")])
		c.set_perms("/open", ["n0"])
		equal(g.settle(), [(b"/open", b"all")])
		c.rm("/secret")
		c.rm("/open")
		equal(g.settle(), [])


def test_targets():
	"""A stub domain may do what its target may."""
	with Host() as h:
		c = h.client()
		g5, g6 = h.guest(5, c), h.guest(6, c)
		g5.write("x", b"5")
		equal(refused(g6.read, "/local/domain/5/x"), "EACCES")
		c.ask(SET_TARGET, b"6\0005\0")
		equal(g6.read("/local/domain/5/x"), b"5")
		equal(refused(g5.read, "/local/domain/6"), "EACCES")
		equal(refused(c.ask, SET_TARGET, b"9\0005\0"), "ENOENT")


def test_domains():
	"""Introduction, shutdown, death, and what the special watches say."""
	with Host() as h:
		c, w = h.client(), h.client()
		w.watch("@introduceDomain", "i")
		w.watch("@releaseDomain", "r")
		w.watch("@releaseDomain/5", "r5")
		w.settle()
		g = h.guest(5, c)
		equal(w.wait_events(1), [(b"@introduceDomain", b"i")])
		g.write("x", b"1")
		with open(f"{h.dir}/dom5", "w") as f:
			f.write("s")
		h.domains_changed()
		equal(w.wait_events(2), [(b"@releaseDomain", b"r"), (b"@releaseDomain/5", b"r5")])
		h.domains_changed()
		equal(w.settle(), [])
		c.ask(RESUME, b"5\0")
		h.domains_changed()
		equal(len(w.wait_events(2)), 2)
		h.remove_domain(5)
		equal(len(w.wait_events(2)), 2)
		equal(refused(c.read, "/local/domain/5/x"), "ENOENT")
		equal(c.ask(IS_DOMAIN_INTRODUCED, b"5\0"), b"F\0")
		equal(refused(c.ask, RELEASE, b"5\0"), "ENOENT")
		equal(refused(c.ask, INTRODUCE, b"6\0001\0001\0"), "ENOENT")


def test_recycled_domid():
	"""Who gets a domid again inherits nothing of the one before."""
	with Host() as h:
		c = h.client()
		g = h.guest(5, c)
		c.write("/for5", b"secret")
		c.set_perms("/for5", ["n0", "b5"])
		equal(g.read("/for5"), b"secret")
		g.watch("/for5", "old")
		g.close()
		h.remove_domain(5)
		until(lambda: c.ask(IS_DOMAIN_INTRODUCED, b"5\0") == b"F\0", "release")
		g = h.guest(5, c)
		equal(refused(g.read, "/for5"), "EACCES")
		equal(c.get_perms("/for5"), ["n0"])
		c.write("/for5", b"x")
		equal(g.settle(), [])
		c.set_perms("/for5", ["n0", "r5"])
		equal(g.read("/for5"), b"x")


def test_ring_limits():
	"""Messages longer than the ring; more replies than it holds; nonsense in the indices; reconnection."""
	with Host() as h:
		c = h.client()
		g = h.guest(5, c)
		big = bytes(range(256)) * 8
		g.write("big", big)
		equal(g.read("big"), big)
		numbers = [g.send(READ, b"big\0") for _ in range(30)]
		for n in numbers:
			equal(g.wait(n), big)
		equal(g.get(2048 + 16), 3)
		g.watch("w", "w")
		g.put(2048 + 4, g.get(2048) + 2000)
		g.kick()
		until(lambda: g.get(2048 + 24) == 2, "the ring's error")
		equal(c.read("/local/domain/5/big"), big)
		g.put(2048 + 20, 1)
		g.kick()
		until(lambda: g.get(2048 + 20) == 0, "reconnection")
		g.buffer = b""
		g.settle()
		equal(g.read("big"), big)
		c.write("/local/domain/5/w", b"")
		equal(g.settle(), [])
		g.push(HEAD.pack(READ, 1, 0, 4097))
		until(lambda: g.get(2048 + 24) == 3, "the ring's error")


def test_bad_messages():
	"""A socket that sends what cannot be is closed; the others do not notice."""
	with Host() as h:
		c = h.client()
		for data in (HEAD.pack(READ, 1, 0, 4097), HEAD.pack(READ, 1, 0, 0xffffffff), b"\xff" * 100):
			bad = h.client()
			bad.push(data)
			try:
				while bad.pull(5):
					pass
				raise AssertionError("the connection stayed open")
			except (Gone, ConnectionResetError):
				pass
		half = h.client()
		half.push(HEAD.pack(READ, 1, 0, 100) + b"/")
		c.write("/x", b"1")
		equal(c.read("/x"), b"1")
		half.close()
		equal(c.control("check").split(":")[1].strip(), "ok")


def test_byte_by_byte():
	"""A request may come in any pieces."""
	with Host() as h:
		c = h.client()
		body = b"/slow\0" + b"v" * 100
		for b in HEAD.pack(WRITE, 1, 0, len(body)) + body:
			c.push(bytes([b]))
		c.wait(1)
		equal(c.read("/slow"), b"v" * 100)
		both = HEAD.pack(READ, 2, 0, 6) + b"/slow\0" + HEAD.pack(READ, 3, 0, 6) + b"/slow\0"
		c.push(both[:30])
		c.push(both[30:])
		equal(c.wait(2), b"v" * 100)
		equal(c.wait(3), b"v" * 100)


def test_read_only_socket():
	with Host() as h:
		c, r = h.client(), Socket(h.path + "_ro")
		c.write("/x", b"1")
		equal(r.read("/x"), b"1")
		for call in (lambda: r.write("/x", b""), lambda: r.rm("/x"), lambda: r.mkdir("/y"),
			     lambda: r.set_perms("/x", ["n0"])):
			equal(refused(call), "EACCES")
		equal(oct(os.stat(h.path).st_mode & 0o777), "0o600")
		equal(oct(os.stat(h.path + "_ro").st_mode & 0o777), "0o660")


def test_special_permissions():
	"""Dom0 can let others hear of domains."""
	with Host() as h:
		c = h.client()
		g = h.guest(5, c)
		g.watch("@introduceDomain", "i")
		g.settle()
		h.guest(6, c)
		equal(g.settle(), [])
		equal(refused(g.set_perms, "@introduceDomain", ["r5"]), "EACCES")
		c.set_perms("@introduceDomain", ["n0", "r5"])
		equal(c.get_perms("@introduceDomain"), ["n0", "r5"])
		h.guest(7, c)
		equal(g.settle(), [(b"@introduceDomain", b"i")])


def test_quotas():
	"""Each quota refuses with its own error, is set, shown, and logged once."""
	with Host("-E", "20", "-Q", "transaction-nodes=8") as h:
		c = h.client()
		g = h.guest(5, c)
		made = 0
		while refused(g.write, f"n{made}", b"") is None:
			made += 1
		equal(made, 19)
		equal(refused(g.write, "n99", b""), "ENOSPC")
		c.control("quota", "set", "nodes", "1000", "5")
		g.write("n99", b"")
		g.write("size", b"v" * 2048)
		equal(refused(g.write, "size", b"v" * 2049), "ENOSPC")
		equal(refused(g.set_perms, "size", ["n5"] + ["r1"] * 5), "ENOSPC")
		for i in range(128):
			g.watch(f"w{i}", "t")
		equal(refused(g.watch, "more", "t"), "E2BIG")
		ids = [g.start() for _ in range(10)]
		equal(refused(g.start), "ENOSPC")
		for i in range(4):
			g.write(f"n{i}", b"x", ids[0])
		equal("ENOSPC" in [refused(g.write, f"t{i}", b"x", ids[0]) for i in range(8)], True)
		for t in ids:
			g.end(t, False)
		assert "watches           :        128 of 128" in c.control("quota", "5"), c.control("quota", "5")
		equal(refused(c.control, "quota", "set", "nonsense", "1"), "EINVAL")
		equal(h.messages().count("quota nodes, limit 20"), 1)
		g.close()
		h.remove_domain(5)
		until(lambda: refused(c.control, "quota", "5") == "ENOENT", "the domain is forgotten")
		equal(c.control("check").split(":")[1].strip(), "ok")


def test_quota_of_others():
	"""What dom0 makes for a domain counts for it, but dom0 is not refused; the domain is, from then on."""
	with Host("-E", "3") as h:
		c = h.client()
		g = h.guest(5, c)
		for i in range(4):
			c.write(f"/gift{i}", b"")
			c.set_perms(f"/gift{i}", ["n5"])
		t = c.start()
		c.write("/local/domain/5/x", b"", t)
		c.end(t)
		assert "nodes             :          6 of 3" in c.control("quota", "5"), c.control("quota", "5")
		equal(refused(g.write, "y", b""), "ENOSPC")
		t = g.start()
		equal(refused(g.write, "y", b"", t), "ENOSPC")
		g.end(t, False)
		equal(c.control("check").split(":")[1].strip(), "ok")


def test_control():
	with Host() as h:
		c = h.client()
		for command in (["help"], ["quota"], ["quota", "0"], ["memreport"], ["top"], ["log", "on"], ["log", "off"],
				["print", "hello"]):
			assert c.control(*command)
		assert "control: hello" in h.messages()
		c.control("dump", f"{h.dir}/dump.json")
		import json
		with open(f"{h.dir}/dump.json") as f:
			state = json.load(f)
		equal([n["path"] for n in state["nodes"]], ["/", "/local", "/tool", "/tool/xenstored"])
		equal(refused(c.control, "dump", f"{h.dir}/dump.json"), "EEXIST")


def test_control_values():
	"""One value of each child of a directory, as many in a reply as fit, all of them by asking again."""
	with Host() as h:
		c = h.client()
		for i in range(600):
			c.write(f"/local/domain/{i}/name", b"guest %d" % i)
		c.write("/local/domain/1000/other", b"x")
		lines, replies = [], 0
		while not lines or lines[-1] != ".":
			lines += c.control("values", "/local/domain", "name", str(len(lines))).splitlines()
			replies += 1
		equal(sorted(lines[:-1]), sorted(f"{i} guest {i}" for i in range(600)))
		assert replies > 1
		equal(c.control("values", "/local", "name"), ".\n")
		equal(refused(c.control, "values", "/nothing", "name"), "ENOENT")
		equal(refused(c.control, "values", "/local"), "EINVAL")
		equal(refused(c.control, "values", "local//domain", "name"), "EINVAL")
		c.write("/local/domain/0/name", b"two\nlines")
		equal(refused(c.control, "values", "/local/domain", "name"), "E2BIG")


def test_many_clients():
	"""As many as a host may have, all served."""
	with Host() as h:
		clients = [h.client() for _ in range(300)]
		numbers = [(c, c.send(WRITE, b"/m/%d\0%d" % (i, i))) for i, c in enumerate(clients)]
		for c, n in numbers:
			c.wait(n)
		equal(len(clients[0].directory("/m")), 300)


def test_transaction_removes_what_is_gone():
	"""What a transaction removed and somebody else too counts once: the next node in it is not refused."""
	with Host("-E", "20") as h:
		c = h.client()
		g = h.guest(5, c)
		for i in range(15):
			g.write(f"d/{i}", b"")
		t = g.start()
		g.rm("d", t)
		g.rm("d")
		g.write("e", b"", t)
		equal(refused(g.end, t), "EAGAIN")
		equal(c.control("check").split(":")[1].strip(), "ok")
