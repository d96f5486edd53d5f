# SPDX-License-Identifier: GPL-2.0-or-later
"""An NMI of the machine comes to dom0, whatever its CPU does, and the hypervisor goes on."""
import time


class TestNmi:
	BOOT = {"cpus": 2}

	def test_dom0_is_told(self, host):
		for count in (1, 2):
			host.qemu.qmp("inject-nmi")
			end = time.monotonic() + 20
			while True:
				told = int(host.ok("dmesg | grep -c 'NMI received for unknown reason' || true"))
				if told >= count or time.monotonic() > end:
					break
				time.sleep(0.5)
			assert told == count
