# SPDX-License-Identifier: GPL-2.0-or-later
"""The cache of test inputs: every product is a folder named after a hash of all that went into it.

A step is skipped when its folder exists; it is built beside its place and renamed when complete, so an interrupted run
leaves nothing half done.  Old products stay until `rm -rf` of the cache: nothing in it is precious.
"""
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
START = time.monotonic()


def place():
	"""The cache folder, made if need be."""
	default = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "paravane")
	path = os.path.abspath(os.environ.get("CACHE") or default)
	os.makedirs(path, exist_ok=True)
	return path


def say(text):
	"""One progress line with the time since the start."""
	print(f"[{time.monotonic() - START:6.1f} s] {text}", file=sys.stderr, flush=True)


class Failed(Exception):
	"""A step failed; the text says what and what to do."""


def run(argv, **keywords):
	"""Run a command; on failure raise Failed with the tail of what it printed."""
	if "input" not in keywords:
		keywords["stdin"] = subprocess.DEVNULL
	done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **keywords)
	text = done.stdout.decode(errors="replace")
	if done.returncode:
		raise Failed(f"{' '.join(argv)[:200]}: exit {done.returncode}\n" + "\n".join(text.splitlines()[-20:]))
	return text


def digest(*parts):
	"""A short hash of texts and of files; a part that begins with @ names a file or a tree to hash."""
	h = hashlib.sha256()
	for part in parts:
		if not part.startswith("@"):
			h.update(b"t" + part.encode() + b"\0")
			continue
		for path in sorted(tree(part[1:])):
			h.update(b"f" + os.path.relpath(path, part[1:]).encode() + b"\0")
			h.update(b"%o" % (os.stat(path).st_mode & 0o777))
			with open(path, "rb") as f:
				h.update(hashlib.sha256(f.read()).digest())
	return h.hexdigest()[:12]


def tree(path):
	"""All plain files below a path, or the path itself."""
	if os.path.isfile(path):
		return [path]
	return [os.path.join(d, f) for d, _, files in os.walk(path) for f in files if not f.endswith(".pyc")]


def step(name, key, build, what):
	"""Return the folder of a product; build(folder) makes it when it is not there."""
	path = os.path.join(place(), f"{name}-{key}")
	with open(os.path.join(place(), f"{name}.lock"), "w") as lock:
		fcntl.flock(lock, fcntl.LOCK_EX)
		if os.path.isdir(path):
			return path
		say(what)
		part = path + ".part"
		shutil.rmtree(part, ignore_errors=True)
		os.makedirs(part)
		build(part)
		os.rename(part, path)
	return path
