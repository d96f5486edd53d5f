# SPDX-License-Identifier: GPL-2.0-or-later
"""iperf3 between dom0 and guests and between guests, frames with VLAN tags, jumbo frames from guest to guest."""
import json

import pytest

import extras
from test_netback import run_in, serve, stream

IPERF = ["iperf3", "libiperf0", "libsctp1", "libssl3"]
MIB = 1 << 20
VLAN = 5


def iperf(host, source, sink, options, address=None):
	"""Run iperf3 from one to the other (0: dom0) against a server of its own; its report."""
	address = address or f"10.77.0.{10 + sink if sink else 1}"
	server = "iperf3 -s -1 -D -I /tmp/iperf.pid && for i in $(seq 50); do grep -qi ':1451 ' /proc/net/tcp6 && exit 0; sleep 0.1; done; exit 1"
	run_in(host, sink, server)
	report = json.loads(run_in(host, source, f"iperf3 -J -c {address} {options}; true", 120))
	assert "error" not in report, report["error"]
	return report["end"]


class Traffic:
	"""Two guests with iperf3 and the module for VLANs."""
	# What a stream carries is test_netback's: these are volume.
	SOAK = ("test_iperf_tcp", "test_iperf_udp")
	BOOT = {"cpus": 2, "network": None, "dom0_mem": 640}
	EXTRAS = (IPERF, ["8021q"])
	BACKEND = None

	@pytest.fixture(scope="class")
	def guests(self, host, request):
		serve(host, request.cls.BACKEND)
		extras.install(host)
		for number in (1, 2):
			extras.install_guest(host, number)
		host.start_guests(1, 2, "vcpus=2", "memory=192")
		for number in (0, 1, 2):
			run_in(host, number, "depmod -a; modprobe 8021q")
		return host

	@pytest.mark.parametrize("source,sink", [(0, 1), (1, 0), (1, 2)])
	def test_iperf_tcp(self, guests, source, sink):
		"""Over two connections at once, for 2 s. The sum of a stream is test_netback's; here the receiver's count ends while the
		last windows, some MiB, are on their way."""
		end = iperf(guests, source, sink, "-P 2 -t 2")
		assert end["sum_received"]["bytes"] >= MIB, end["sum_received"]

	@pytest.mark.parametrize("source,sink", [(0, 1), (1, 0), (1, 2)])
	def test_iperf_udp(self, guests, source, sink):
		"""A slow stream of datagrams: next to none is lost (none would say something about the machine under QEMU)."""
		end = iperf(guests, source, sink, "-u -l 1400 -b 4M -n 1M")["sum"]
		assert end["packets"] >= 700
		assert end["lost_percent"] < 5

	def test_vlan(self, guests):
		"""Tagged frames cross the bridge between guests, and to dom0's own end of the VLAN; untagged ones do not get there."""
		guests.ok(f"ip link add link xenbr0 name xenbr0.{VLAN} type vlan id {VLAN}; ip addr add 10.80.0.1/24 dev xenbr0.{VLAN};"
			f" ip link set xenbr0.{VLAN} up")
		for number in (1, 2):
			guests.guest(number, f"ip link add link eth0 name eth0.{VLAN} type vlan id {VLAN};"
				f" ip addr add 10.80.0.{10 + number}/24 dev eth0.{VLAN}; ip link set eth0.{VLAN} up")
		stream(guests, 1, 2, address="10.80.0.12", megabytes=1)
		stream(guests, 2, 0, address="10.80.0.1", megabytes=1)
		stream(guests, 0, 1, address="10.80.0.11", megabytes=1)
		# The whole frame, not one bit more: 1500 bytes and a tag.
		assert "2 received" in guests.guest(1, "ping -M do -c 2 -i 0.2 -s 1472 10.80.0.12")
		guests.guest(2, f"ip link set eth0.{VLAN} down; ip addr add 10.80.0.12/24 dev eth0")
		assert " 0 received" in guests.guest(1, "ping -c 1 -W 1 10.80.0.12; true")
		guests.guest(2, f"ip addr del 10.80.0.12/24 dev eth0; ip link del eth0.{VLAN}")
		guests.guest(1, f"ip link del eth0.{VLAN}")
		guests.ok(f"ip link del xenbr0.{VLAN}")

	def test_jumbo_frames_between_guests(self, guests):
		names = [f"vif{guests.ok(f'{guests.vane} domid guest{n}')}.0" for n in (1, 2)]
		guests.ok(f"for i in {' '.join(names)} xenbr0; do ip link set $i mtu 9000; done")
		for number in (1, 2):
			guests.guest(number, "ip link set eth0 mtu 9000; ethtool -K eth0 tso off gso off 2>/dev/null; true")
		assert "3 received" in guests.guest(1, "ping -M do -c 3 -i 0.2 -s 8972 10.77.0.12")
		assert " 0 received" in guests.guest(1, "ping -M do -c 1 -W 1 -s 8973 10.77.0.12; true")
		stream(guests, 1, 2)
		stream(guests, 2, 1)


class TestNetbackTraffic(Traffic):
	BACKEND = "user"
