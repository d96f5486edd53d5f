#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Boot the test kernel (build/pvt.elf) on a hypervisor under QEMU and judge its transcript.

	run.py [--hypervisor PATH|xen] [--transcript FILE] [ARGUMENTS...]	run; arguments go to the kernel (test=a,b group=x)
	run.py --conform [ARGUMENTS...]	run on both, compare the facts with differences.txt

"xen" is Debian's package, unpacked below $CACHE. A test that takes the machine down counts as failed, and the run goes
on behind it in another boot. Writes build/test/guest.count (conform.count) and ends with the totals.
"""
import argparse
import glob
import gzip
import os
import re
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from qemu import die_with_parent, lock_machine  # noqa: E402
from total import keep  # noqa: E402

KERNEL = "build/pvt.elf"
QUIET = 40  # seconds without output: hung
LIMIT = 170  # seconds for one boot
PACKAGE = "xen-hypervisor-4.17-amd64"
FAILED_AT = re.compile(r"FAIL (\S+) (.*)")


def xen():
	"""The peer: Debian's Xen, from the cache or its package."""
	cache = os.environ.get("CACHE") or os.path.expanduser("~/.cache/paravane")
	image = os.path.join(cache, "xen-4.17.elf")
	if os.path.exists(image):
		return image
	work = os.path.join(cache, "unpack")
	os.makedirs(work, exist_ok=True)
	subprocess.run(["apt-get", "download", "-q", PACKAGE], cwd=work, check=True, stdout=subprocess.DEVNULL)
	package = glob.glob(os.path.join(work, PACKAGE + "_*.deb"))[0]
	subprocess.run(["dpkg-deb", "-x", package, os.path.join(work, "tree")], check=True)
	source = sorted(glob.glob(os.path.join(work, "tree/boot/xen-4.17*.gz")))[0]
	with gzip.open(source) as packed, open(image + ".new", "wb") as plain:
		shutil.copyfileobj(packed, plain)
	os.rename(image + ".new", image)
	shutil.rmtree(work)
	return image


def boot(hypervisor, arguments, log):
	"""One boot, its serial output to the file LOG. Returns the text; a hang ends it."""
	module = f"{KERNEL} {arguments}".replace(",", ",,")
	command = ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "max,-smap", "-m", "512", "-smp", "2",
		"-display", "none", "-monitor", "none", "-no-reboot", "-kernel", hypervisor, "-initrd", module,
		"-append", "console=com1 dom0_mem=64M", "-serial", "file:" + log]
	lock = lock_machine()
	open(log, "w").close()
	start = time.monotonic()
	with subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=die_with_parent) as machine:
		size, heard = 0, start
		while machine.poll() is None:
			time.sleep(0.1)
			now = time.monotonic()
			if os.path.getsize(log) != size:
				size, heard = os.path.getsize(log), now
			if now - heard > QUIET or now - start > LIMIT:
				machine.kill()
	if lock:
		lock.close()
	return open(log, errors="replace").read().replace("\r", "")


def parse(text):
	"""[(name, verdict or None, facts, where)] of each test, in order, and whether the kernel reached its end."""
	tests, ended = [], False
	for line in text.split("\n"):
		if line.startswith("TEST "):
			tests.append([line[5:].strip(), None, [], ""])
		elif line.startswith("pvt: ") and re.match(r"pvt: \d+ passed, \d+ failed$", line):
			ended = True
		elif not tests:
			continue
		elif line.startswith("PASS "):
			tests[-1][1] = tests[-1][1] or "PASS"
		elif FAILED_AT.match(line):
			tests[-1][1], tests[-1][3] = "FAIL", FAILED_AT.match(line).group(2)
		elif line.startswith("  ") and " = " in line:
			tests[-1][2].append(line.strip())
	return tests, ended


def run(hypervisor, arguments, log):
	"""All tests, in as many boots as it takes. Returns [(name, verdict, facts, where)]."""
	results, more = [], ""
	for _ in range(60):
		text = boot(hypervisor, (arguments + " " + more).strip(), log)
		tests, ended = parse(text)
		results += tests
		if ended:
			return results
		tail = "".join("    " + line + "\n" for line in text.split("\n")[-25:])
		if not tests:
			print(f"{hypervisor}: the kernel ran no test; the end of the output:\n{tail}")
			return results
		last = tests[-1]
		last[1], last[3] = "FAIL", last[3] or "took the machine down or hung"
		print(f"  {last[0]}: the machine stopped here:\n{tail}")
		more = "after=" + last[0]
	return results


def transcript(results):
	return "".join(f"TEST {name}\n" + "".join(f"  {fact}\n" for fact in facts) + f"{verdict} {name}\n"
		for name, verdict, facts, _ in results)


def failures(results):
	"""Print what failed; the same as a list."""
	failed = [f"{name}: {where}" for name, verdict, _, where in results if verdict != "PASS"]
	for line in failed:
		print("  FAIL " + line)
	return failed


def listed():
	"""differences.txt: {(test, ours, peer's): reason}; lines of "test | ours | Xen's | reason"."""
	known = {}
	path = os.path.join(HERE, "differences.txt")
	for number, line in enumerate(open(path), 1):
		if not line.strip() or line.startswith("#"):
			continue
		fields = [f.strip() for f in line.split("|")]
		if len(fields) != 4 or not all((fields[0], fields[3])):
			sys.exit(f"{path}:{number}: not 'test | ours | Xen | reason'")
		known[tuple(fields[:3])] = fields[3]
	return known


def pair(ours, theirs):
	"""The facts in which two runs of one test differ, as (ours, theirs) with "" where one has none."""
	import difflib
	for tag, a, b, c, d in difflib.SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
		if tag == "equal":
			continue
		left, right = ours[a:b], theirs[c:d]
		for i in range(max(len(left), len(right))):
			yield (left[i] if i < len(left) else "", right[i] if i < len(right) else "")


def run_peer(arguments):
	"""The facts of Debian's Xen by test. Its timers are late at times when this machine is loaded, which is no fact of
	it: what failed there is run once more; ours has no second try."""
	peer = {r[0]: r for r in run(xen(), arguments, "build/test/guest-xen.log")}
	failed = [name for name, r in peer.items() if r[1] != "PASS"]
	if failed:
		again = run(xen(), "test=" + ",".join(failed), "build/test/guest-xen-again.log")
		peer.update((r[0], r) for r in again)
	return peer


def conform(arguments, ours):
	"""Compare the facts of both hypervisors; every difference must be listed, every listed one must occur."""
	mine = {r[0]: r for r in run(ours, arguments, "build/test/guest.log")}
	peer = run_peer(arguments)
	known, used, bad, same = listed(), set(), 0, 0
	missing = (None, "FAIL", [], "not run")
	for name in list(mine) + [n for n in peer if n not in mine]:
		_, verdict, facts, where = mine.get(name, missing)
		_, peer_verdict, peer_facts, peer_where = peer.get(name, missing)
		found = [(name, a, b) for a, b in pair(facts, peer_facts)]
		if peer_verdict != "PASS":
			found.append((name, "", f"fails on Xen: {peer_where}"))
		if verdict != "PASS":
			found.append((name, "fails: " + where, ""))
		unlisted = [f for f in found if f not in known]
		used.update(f for f in found if f in known)
		for _, a, b in unlisted:
			print(f"{name} | {a} | {b} | not in differences.txt")
		bad, same = bad + bool(unlisted), same + (not unlisted)
	for gone in [k for k in known if k not in used and (not arguments or k[0] in mine)]:
		print(f"  {gone[0]}: listed difference '{gone[1]}' / '{gone[2]}' no longer occurs")
		bad += 1
	return keep("conform", same, bad)


def main():
	parser = argparse.ArgumentParser()
	parser.add_argument("--hypervisor", default="build/paravane.elf")
	parser.add_argument("--transcript")
	parser.add_argument("--conform", action="store_true")
	parser.add_argument("arguments", nargs="*")
	args = parser.parse_args()
	arguments = " ".join(args.arguments)
	os.makedirs("build/test", exist_ok=True)
	count = "build/test/conform.count" if args.conform else "build/test/guest.count"
	if os.path.exists(count):  # of an earlier run: no result of this one
		os.remove(count)
	if args.conform:
		return conform(arguments, args.hypervisor)
	on_xen = args.hypervisor == "xen"
	log = "build/test/guest-xen.log" if on_xen else "build/test/guest.log"
	results = run(xen() if on_xen else args.hypervisor, arguments, log)
	if args.transcript:
		with open(args.transcript, "w") as f:
			f.write(transcript(results))
	failed = failures(results)
	return keep("guest", len(results) - len(failed), len(failed), failures=failed)


if __name__ == "__main__":
	sys.exit(main())
