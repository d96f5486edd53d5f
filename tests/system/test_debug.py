# SPDX-License-Identifier: GPL-2.0-or-later
"""`make debug`: gdb attached to a host, our commands at a stop in a hypercall of dom0's tools."""
import os
import re
import subprocess
import sys

from host import ROOT


class TestDebug:
	def test_commands_at_a_stop(self):
		commands = ["hbreak hc_sysctl", "continue", "bt 3", "pv-domains", "pv-vcpus 0", "pv-ports 0", "pv-page $cr3 >> 12", "kill"]
		arguments = [word for c in commands for word in ("-ex", c)]
		out = subprocess.run([sys.executable, os.path.join(ROOT, "tests", "lib", "debug.py"), "-batch", *arguments],
			stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, check=False).stdout.decode()
		assert re.search(r"#0 +hc_sysctl ", out), out
		assert re.search(r"^ +0 +2 +\d+ +\d+ +\d+ +0 +control", out, re.M), out
		assert re.search(r"^d0v0 +\d+ +(yes|no).*0x[0-9a-f]+$", out, re.M), out
		assert re.search(r"^ +\d+ +virq +virq 0 ", out, re.M), out
		assert re.search(r"owner d0, \d+ references.*\n  type word 0x[0-9a-f]+: L4, \d+ uses.*validated", out), out
