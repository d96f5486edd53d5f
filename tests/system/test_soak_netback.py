# SPDX-License-Identifier: GPL-2.0-or-later
"""Interfaces, the parts of `make soak`: the stock kernel's back end under the tests that only ours has in each run, and the rate of
an interface in virtual time."""
import pytest
import test_netback_guard
import test_netback_scripts
import test_netback_traffic
from test_netback import LIB, serve


class TestNetbackGuardStock(test_netback_guard.Guard):
	BACKEND = "phy"


class TestNetbackTrafficStock(test_netback_traffic.Traffic):
	BACKEND = "phy"


class TestNetbackScriptsStock(test_netback_scripts.Scripts):
	BACKEND = "phy"


class TestNetbackRate:
	"""A machine whose clock counts instructions and jumps when all sleep: how busy the real one is makes no difference."""
	BOOT = {"cpus": 1, "network": None, "dom0_mem": 640, "icount": True}

	@pytest.mark.parametrize("rate,bytes_a_second", [("1MB/s", 1000000), ("20Mb/s", 2500000), ("512KB/s@5ms", 512000)])
	def test_rate(self, host, rate, bytes_a_second):
		"""What an interface lets through in 8 s in the middle of a stream is within 5 % of its rate."""
		if host.ok("xenstore-list /local/domain") == "0":
			serve(host, "user")
			host.start_guests(1, 1, "vcpus=1", "memory=192", timeout=600)
			host.ok("ip addr add 10.78.0.1/24 dev xenbr0")
		host.ok(f"{host.vane} network-attach guest1 mac=00:16:3e:00:01:03 bridge=xenbr0 rate={rate}", 120)
		host.guest(1, "for i in $(seq 50); do [ -e /sys/class/net/eth1 ] && break; sleep 0.1; done; ip link set eth1 up;"
			" ip addr add 10.78.0.11/24 dev eth1", 120)
		domid = host.ok(f"{host.vane} domid guest1")
		host.ok("(nc -l -N -p 6003 </dev/null >/dev/null) >/dev/null 2>&1 & sleep 1;"
			f" ({LIB}/in-guest 1 'head -c {bytes_a_second * 14} /dev/zero | nc -N 10.78.0.1 6003') >/dev/null 2>&1 & true", 120)
		look = f"cat /sys/class/net/vif{domid}.1/statistics/rx_bytes; date +%s.%N"
		bytes1, time1, bytes2, time2 = map(float, host.ok(f"sleep 2; {look}; sleep 8; {look}", 300).split())
		host.ok(f"{host.vane} network-detach guest1 00:16:3e:00:01:03", 120)
		assert abs((bytes2 - bytes1) / (time2 - time1) / bytes_a_second - 1) <= 0.05, (bytes2 - bytes1) / (time2 - time1)
