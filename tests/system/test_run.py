# SPDX-License-Identifier: GPL-2.0-or-later
"""`make run` as a person meets it: a terminal, the guest's login prompt, Ctrl-] to dom0's shell, `poweroff` there."""
import os
import pty
import re
import select
import subprocess
import sys
import time

import pytest

from host import ROOT


class Terminal:
	"""A program on a terminal of its own: what it shows, and typing."""

	def __init__(self, *arguments):
		self.fd, other = pty.openpty()
		self.text, self.seen = "", 0
		self.process = subprocess.Popen([sys.executable, os.path.join(ROOT, "tests", "lib", "run.py"), *arguments],
			stdin=other, stdout=other, stderr=other, start_new_session=True)
		os.close(other)

	def expect(self, pattern, seconds):
		"""Wait until what is shown after the last match matches; the match."""
		end = time.monotonic() + seconds
		while not (found := re.compile(pattern).search(self.text, self.seen)):
			left = end - time.monotonic()
			assert left > 0, f"no {pattern!r} in {seconds} s; shown so far: ...{self.text[-1500:]}"
			if select.select([self.fd], [], [], min(left, 1))[0]:
				try:
					self.text += os.read(self.fd, 65536).decode(errors="replace")
				except OSError:
					assert False, f"ended before {pattern!r}: ...{self.text[-1500:]}"
		self.seen = found.end()
		return found

	def type(self, text):
		"""Type at the terminal."""
		os.write(self.fd, text.encode())

	def end(self, seconds):
		"""Its exit status."""
		limit = time.monotonic() + seconds
		while self.process.poll() is None and time.monotonic() < limit:
			if select.select([self.fd], [], [], 0.5)[0]:
				try:
					self.text += os.read(self.fd, 65536).decode(errors="replace")
				except OSError:
					break
		return self.process.wait(max(1, limit - time.monotonic()))

	def close(self):
		"""Nothing of it stays."""
		if self.process.poll() is None:
			self.process.terminate()
			self.process.wait(30)
		os.close(self.fd)


@pytest.fixture
def demo(request):
	"""make run with its default of one guest, or with the test's arguments."""
	t = Terminal(*getattr(request, "param", []))
	yield t
	t.close()


class TestRun:
	def test_login_prompt_shell_and_poweroff(self, demo):
		demo.expect(r"guest1 answers at 10\.77\.0\.11", 300)
		demo.expect(r"guest1 +\d+ +256 +2", 60)
		demo.expect(r"guest1 login: ", 60)
		demo.type("root\r")
		demo.expect(r"root@guest1:~# ", 60)
		demo.type("echo $((6 * 7)) $(findmnt -no SOURCE /) $(ps -o comm= 1)\r")
		demo.expect(r"42 /dev/xvda systemd", 30)
		demo.type("\x1d")
		demo.expect(r"root@dom0:~# ", 30)
		# Its back ends are ours, for an image too.
		demo.type("qemu-img create -q -f qcow2 /guests/q 64M; vane block-attach guest1 /guests/q,qcow2,xvdb,w; vane backend list; vane block-list guest1\r")
		demo.expect(r"51728 .*/backend/uvbd/", 30)
		demo.expect(r"root@dom0:~# ", 30)
		# -w ends when the guest is down; vaned destroys it a moment later.
		demo.type("vane shutdown -w guest1; while vane domid guest1 2>/dev/null; do sleep 0.2; done; vane list\r")
		demo.expect(r"Domain-0 +0 +\d+ +2", 120)
		assert "guest1" not in demo.expect(r"[^#]*root@dom0:~# ", 30).group()
		demo.type("poweroff\r")
		assert demo.end(60) == 0

	@pytest.mark.parametrize("demo", [["--guests", "0", "--exec", "vane list; exit 7"]], indirect=True)
	def test_exec_gives_its_exit_status(self, demo):
		demo.expect(r"Domain-0 +0 +\d+ +2", 200)
		assert demo.end(60) == 7
