# SPDX-License-Identifier: GPL-2.0-or-later
"""iperf3 between dom0 and guests and between guests."""
import json

import pytest

from test_netback import guests, run_in  # noqa: F401

IPERF = ["iperf3", "libiperf0", "libsctp1", "libssl3"]
MIB = 1 << 20


def iperf(host, source, sink, options, address=None):
	"""Run iperf3 from one to the other (0: dom0) against a server of its own; its report."""
	address = address or f"10.77.0.{10 + sink if sink else 1}"
	server = "iperf3 -s -1 -D -I /tmp/iperf.pid && for i in $(seq 50); do grep -qi ':1451 ' /proc/net/tcp6 && exit 0; sleep 0.1; done; exit 1"
	run_in(host, sink, server)
	report = json.loads(run_in(host, source, f"iperf3 -J -c {address} {options}; true", 120))
	assert "error" not in report, report["error"]
	return report["end"]


class Traffic:
	"""Two guests with iperf3. What a stream carries is test_netback's; this is volume."""
	SOAK = True
	BOOT = {"cpus": 2, "network": None, "dom0_mem": 640}
	EXTRAS = (IPERF, [])
	BACKEND = None

	@pytest.mark.parametrize("source,sink", [(0, 1), (1, 0), (1, 2)])
	def test_iperf_tcp(self, guests, source, sink):
		"""Over two connections at once, for 10 s. The receiver's count ends while the last windows, some MiB, are on their
		way."""
		end = iperf(guests, source, sink, "-P 2 -t 10")
		assert end["sum_received"]["bytes"] >= MIB, end["sum_received"]

	@pytest.mark.parametrize("source,sink", [(0, 1), (1, 0), (1, 2)])
	def test_iperf_udp(self, guests, source, sink):
		"""A slow stream of datagrams: next to none is lost (none would say something about the machine under QEMU)."""
		end = iperf(guests, source, sink, "-u -l 1400 -b 4M -n 8M")["sum"]
		assert end["packets"] >= 5600
		assert end["lost_percent"] < 5


class TestNetbackTraffic(Traffic):
	BACKEND = "user"


class TestNetbackTrafficStock(Traffic):
	BACKEND = "phy"
