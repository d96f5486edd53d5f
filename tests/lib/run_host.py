#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run cmocka programs, one on each processor, each with a time limit; print failures whole and one line a program; end with the totals."""
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from total import keep

TIMEOUT = 600


def run(program):
	"""Return (passed, failed, skipped, output) of one cmocka program; a crash or a hang counts as one failure."""
	try:
		done = subprocess.run([program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=TIMEOUT)
	except subprocess.TimeoutExpired as e:
		return 0, 1, 0, (e.stdout or b"").decode(errors="replace") + f"\n{program}: no end after {TIMEOUT} s\n"
	text = done.stdout.decode(errors="replace")
	passed = len(re.findall(r"^\[       OK \]", text, re.M))
	failed = len(re.findall(r"^\[  FAILED  \] (?!\d+ test)\S+$", text, re.M))
	skipped = len(re.findall(r"^\[  SKIPPED \] (?!\d+ test)", text, re.M))
	failed = min(failed, len(re.findall(r"^\[ RUN      \]", text, re.M)))
	if done.returncode and not failed:
		failed = 1
	if not passed and not failed:
		failed, text = 1, text + f"\n{program}: ran no test\n"
	return passed, failed, skipped, text


def main(programs):
	total, failures = [0, 0, 0], []
	pool = ThreadPoolExecutor(os.cpu_count())
	for program, (passed, failed, skipped, text) in zip(programs, pool.map(run, programs)):
		if failed:
			print(text)
			failures.append(f"{program}: {failed} failed")
		print(f"  host    {os.path.basename(program)}: {passed} passed, {failed} failed, {skipped} skipped", flush=True)
		total = [a + b for a, b in zip(total, (passed, failed, skipped))]
	return keep("host", *total, failures)


if __name__ == "__main__":
	sys.exit(main(sys.argv[1:]))
