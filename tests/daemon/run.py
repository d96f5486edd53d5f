#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run the daemons' tests: every function test_* of tests/daemon/*/test_*.py, each with a time limit.

Arguments: parts of names; only tests whose "area/file:function" contains one of them run. With --long the functions
soak_* run instead of test_*. The counts go to build/test/daemon.count."""
import glob
import importlib.util
import os
import signal
import sys
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from total import keep  # noqa: E402

LIMIT = 240
LONG_LIMIT = 6 * 3600


def too_long(*_):
	raise TimeoutError("the test's time is over")


def load(path):
	sys.path.insert(0, os.path.dirname(path))
	spec = importlib.util.spec_from_file_location(os.path.basename(path)[:-3], path)
	module = importlib.util.module_from_spec(spec)
	spec.loader.exec_module(module)
	return module


def main(args):
	long = "--long" in args
	wanted = [a for a in args if a != "--long"]
	prefix = "soak_" if long else "test_"
	passed, failures = 0, []
	signal.signal(signal.SIGALRM, too_long)
	for path in sorted(glob.glob("tests/daemon/*/test_*.py")):
		module = load(path)
		for name in [n for n in vars(module) if n.startswith(prefix)]:
			full = f"{path.split('/')[-2]}/{os.path.basename(path)[5:-3]}:{name[len(prefix):]}"
			if wanted and not any(w in full for w in wanted):
				continue
			signal.alarm(LONG_LIMIT if long else LIMIT)
			began = time.monotonic()
			try:
				said = getattr(module, name)()
				passed += 1
				print(f"  daemon  {full}: ok, {time.monotonic() - began:.1f} s{', ' + said if said else ''}",
				      flush=True)
			except Exception:
				failures.append(full)
				print(f"  daemon  {full}: FAILED\n{traceback.format_exc()}", flush=True)
			signal.alarm(0)
	return keep("daemon", passed, len(failures), failures=failures)


if __name__ == "__main__":
	sys.exit(main(sys.argv[1:]))
