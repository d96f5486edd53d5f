#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run tests/system with pytest; print one line a test with its time and end with the counts."""
import os
import sys
import time

import pytest

from total import keep

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Counter:
	"""Counts outcomes; a test that cannot be set up has failed."""

	def __init__(self):
		self.counts = {"passed": 0, "failed": 0, "skipped": 0}
		self.start, self.last, self.failures = time.monotonic(), None, []

	def pytest_runtest_logreport(self, report):
		"""pytest calls this after set-up, test and tear-down of each test."""
		if report.when == "teardown" and report.passed or report.when == "setup" and report.passed:
			return
		self.counts[report.outcome] += 1
		name = report.nodeid.removeprefix("tests/system/").replace(".py::", " ").replace("::", " ")
		print(f"  system  [{time.monotonic() - self.start:6.1f} s] {report.outcome:7} {name}", flush=True)
		if report.failed:
			crash = getattr(report.longrepr, "reprcrash", None)
			text = f"{crash.path}:{crash.lineno}: {crash.message}" if crash else report.longreprtext
			print("    as the one before" if text == self.last else text, flush=True)
			self.last = text
			self.failures.append(f"{name}: {text.strip().splitlines()[0][:300] if text.strip() else 'no message'}")

	def pytest_collectreport(self, report):
		"""A file that does not even load has failed."""
		if report.failed:
			self.counts["failed"] += 1
			self.failures.append(f"{report.nodeid}: does not load")
			print(report.longreprtext, flush=True)


def main(names):
	"""Run all tests or those whose names contain one of the words; with and, or, not among them they are an expression."""
	os.chdir(ROOT)
	counter = Counter()
	arguments = ["-p", "no:cacheprovider", "-p", "no:terminal", "-s", "--assert=plain", "--rootdir=tests/system", "tests/system"]
	if names:
		arguments += ["-k", (" " if {"and", "or", "not"} & set(names) else " or ").join(names)]
	pytest.main(arguments, plugins=[counter])
	counts = counter.counts
	if not any(counts.values()):
		print("no such test" + ("" if os.environ.get("SOAK") else "; those for soak only need SOAK=1"))
	if counts["failed"]:
		print("to repeat: make test-system T='words of test names'; serial logs in build/log")
	return keep("system", **counts, failures=counter.failures)


if __name__ == "__main__":
	sys.exit(main(sys.argv[1:]))
