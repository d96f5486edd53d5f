# SPDX-License-Identifier: GPL-2.0-or-later
"""The tools that people use: ours, and libxenstore's unmodified ones, when they are installed."""
import os
import re
import shutil
import subprocess
import sys
import time

from store import Host, until

sys.path.insert(0, "tools/setup")


def run(h, *argv, libraries=None):
	env = dict(os.environ, XENSTORED_RUNDIR=h.dir)
	if libraries:
		env["LD_LIBRARY_PATH"] = libraries
	done = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
	return done.returncode, done.stdout.decode()


def debian():
	"""Folders with Debian's tools and libraries, unpacked from its packages."""
	import inputs
	at = inputs.unpack("store-tools", ["xenstore-utils", "xen-utils-" + inputs.XEN, "libxenmisc" + inputs.XEN,
		"libxencall1", "libxendevicemodel1", "libxenevtchn1", "libxenforeignmemory1", "libxengnttab1", "libxenhypfs1",
		"libxentoolcore1", "libxentoollog1", "libxenstore4"])
	return f"{at}/usr/bin", f"{at}/usr/lib/xen-{inputs.XEN}/bin", f"{at}/usr/lib/x86_64-linux-gnu"


def test_top():
	"""xenstore-top shows every domain, more than one reply holds."""
	with Host() as h:
		c = h.client()
		for d in range(1, 60):
			h.guest(d, c).close()
		status, text = run(h, "build/bin/xenstore-top", "-b", "-n", "1")
		assert status == 0, text
		assert len(re.findall(r"^ +\d+ +\d+ +\d+ +\d+/\d+", text, re.M)) == 60, text


def test_debian_tools():
	"""Debian's xenstore-* and test-xenstore, with Debian's libxenstore."""
	bin_, libexec, lib = debian()
	with Host() as h:
		h.make_domain(5)

		def ok(tool, *args):
			status, text = run(h, f"{bin_}/xenstore-{tool}", *args, libraries=lib)
			assert status == 0, f"xenstore-{tool} {args}: {status}: {text}"
			return text
		ok("write", "/a/b", "one", "/a/c", "two words")
		assert ok("read", "/a/b", "/a/c") == "one\ntwo words\n"
		ok("chmod", "/a/b", "n0", "r5")
		assert ok("ls", "-fp", "/a") == '/a/b = "one"   (n0,r5)\n/a/c = "two words"   (n0)\n', ok("ls", "-fp", "/a")
		assert ok("list", "/a") == "b\nc\n"
		ok("exists", "/a/b")
		assert run(h, f"{bin_}/xenstore-exists", "/a/none", libraries=lib)[0] == 1
		for i in range(0, 400, 50):
			ok("write", *[w for k in range(i, i + 50) for w in (f"/big/a-rather-long-name-for-a-node-{k}", "x")])
		assert len(ok("list", "/big").split()) == 400
		ok("rm", "/a", "/big")
		assert run(h, f"{bin_}/xenstore-read", "/a/b", libraries=lib)[0] == 1
		control = f"{libexec}/xenstore-control"
		for args in (["check"], ["help"], ["quota"], ["memreport"], ["log", "on"], ["log", "off"]):
			status, text = run(h, control, *args, libraries=lib)
			assert status == 0 and "ERROR" not in text, (args, text)
		ok("write", "/before", "update")
		status, text = run(h, control, "live-update", h.binary, libraries=lib)
		assert status == 0, text
		assert ok("read", "/before") == "update\n"
		status, text = run(h, f"{libexec}/test-xenstore", "-i", "20", libraries=lib)
		assert status == 0 and "ta rmw" in text, text


def test_options():
	"""The command line of Debian's xenstored, short and long."""
	for options in (["-D", "-P", "-I", "-K", "-T", "/dev/null", "-q", "memory=1", "-w", "watch-event=1", "-E", "100", "-S", "50",
			"-W", "7", "-t", "3", "-A", "4", "-M", "300", "-Q", "outstanding=9"],
			["--no-domain-init", "--output-pid", "--internal-db", "--keep-orphans", "--trace-file", "/dev/null",
			"--quota-soft", "memory=1", "--timeout", "watch-event=1", "--entry-nb", "100", "--entry-size", "50", "--watch-nb", "7",
			"--transaction", "3", "--perm-nb", "4", "--path-max", "300", "--quota", "outstanding=9"]):
		pid_file = "/dev/shm/store-pid.%d" % os.getpid()
		with Host(*options, "-F", pid_file) as h:
			c = h.client()
			assert c.control("check").split()[-1] == "ok"
			shown = c.control("quota")
			for name, value in (("nodes", 100), ("node-size", 50), ("watches", 7), ("transactions", 3), ("node-permissions", 4),
					("path-length", 300), ("outstanding", 9)):
				assert re.search(rf"^{name} *: *{value} ", shown, re.M), shown
			with open(pid_file) as f:
				assert int(f.read()) == h.process.pid
			assert h.messages().startswith(f"{h.process.pid}\n"), h.messages()
			os.unlink(pid_file)


class Watcher:
	"""A daemon's connection to the store, in a process of its own; `said` is what it printed."""

	def __init__(self, h):
		self.path = f"{h.dir}/watcher"
		with open(self.path, "wb") as out:
			self.process = subprocess.Popen(["build/test/storewatch"], env=dict(os.environ, XENSTORED_RUNDIR=h.dir),
				stdin=subprocess.DEVNULL, stdout=out, stderr=out)

	def said(self):
		with open(self.path) as f:
			return f.read().split("\n")[:-1]

	def heard(self):
		"""How often it was told of domains."""
		return self.said().count("event")

	def stop(self):
		self.process.kill()
		self.process.wait()


def test_daemons_connect_again():
	"""The store is killed twice: a daemon finds it again each time, and hears of domains as before."""
	with Host() as h:
		watcher = Watcher(h)
		try:
			until(lambda: "ready" in watcher.said(), "its start")
			for i in (1, 2):
				h.kill()
				h.start()
				c = h.client()
				until(lambda: sum("started again" in line for line in watcher.said()) == i, "it connects again")
				before = watcher.heard()
				h.guest(i, c).close()
				until(lambda: watcher.heard() > before, "it hears of the new domain")
				before = watcher.heard()
				h.remove_domain(i)
				until(lambda: watcher.heard() > before, "it hears of the domain's end")
				assert watcher.process.poll() is None
		finally:
			watcher.stop()


def test_daemon_waits_for_the_store():
	"""While no store is there a daemon waits, without burning the processor."""
	with Host() as h:
		watcher = Watcher(h)
		try:
			until(lambda: "ready" in watcher.said(), "its start")
			h.kill()
			os.unlink(h.path)
			time.sleep(6)
			assert watcher.process.poll() is None
			with open(f"/proc/{watcher.process.pid}/stat") as f:
				ticks = sum(int(n) for n in f.read().rsplit(")", 1)[1].split()[11:13])
			assert ticks < 50, f"{ticks} ticks of processor time"
			h.start()
			until(lambda: any("started again" in line for line in watcher.said()), "it connects again")
		finally:
			watcher.stop()
