# SPDX-License-Identifier: GPL-2.0-or-later
"""The tests of disks with the kernel's back end: which side does a failure belong to?"""
import pytest

from test_blkback import Disks
from test_netback import serve


class TestBlkbackDisksStock(Disks):
	SOAK = True
	KIND = "vbd"
	BOOT = {"cpus": 2, "network": None, "dom0_mem": 640}

	@pytest.fixture(scope="class")
	def guest(self, host):
		serve(host, "phy", "disk")
		host.start_guests(1, 1, "memory=192")
		return host

	def test_detach_under_load(self, guest):
		self.detach_under_load(guest)

	def test_nothing_left(self, guest):
		assert guest.ok("losetup -a | grep -vc guest1; true") == "0"
