# SPDX-License-Identifier: GPL-2.0-or-later
"""antispoof=1: what a guest sends with an address that is not its own reaches nobody, whoever serves its interface."""
import re

import pytest

import extras
from test_netback import serve

MODULES = ["nf_tables"]
PACKAGES = ["nftables", "libnftables1", "libnftnl11", "libjansson4", "libedit2", "libbsd0", "libmd0", "libxtables12", "libmnl0"]
MAC = "00:16:3e:00:02:11"


def reached(host, source, target="10.79.0.1"):
	"""Does dom0 answer a guest that sends from this address?"""
	return "1 received" in host.guest(1, f"ping -c 1 -W 1 -I {source} {target} || ping -c 1 -W 2 -I {source} {target}; true")


def knows(host, address):
	"""The hardware address that dom0 believes an address to have."""
	return host.ok(f"ip neigh show {address} dev xenbr0 nud reachable nud stale nud delay")


class Guard:
	"""One guest with a second interface, which is guarded."""
	BOOT = {"cpus": 1, "network": None, "dom0_mem": 640}
	EXTRAS = (PACKAGES, MODULES)
	BACKEND = None

	@pytest.fixture(scope="class")
	def guarded(self, host, request):
		serve(host, request.cls.BACKEND)
		extras.install(host)
		host.start_guests(1, 1, "vcpus=1", "memory=192")
		host.ok("ip addr add 10.79.0.1/24 dev xenbr0; ip -6 addr add fd79::1/64 dev xenbr0 nodad")
		host.ok(f"{host.vane} network-attach guest1 mac={MAC} bridge=xenbr0 antispoof=1 vifname=web 'ip=10.79.0.11 fd79::11'", 90)
		host.guest(1, "for i in $(seq 50); do [ -e /sys/class/net/eth1 ] && break; sleep 0.1; done;"
			" echo 0 >/proc/sys/net/ipv6/conf/eth1/dad_transmits; ip link set eth1 up; for a in 11 99; do"
			" ip addr add 10.79.0.$a/24 dev eth1; ip -6 addr add fd79::$a/64 dev eth1 nodad; done")
		return host

	def test_right_ones_pass(self, guarded):
		assert reached(guarded, "10.79.0.11")
		assert reached(guarded, "fd79::11", "fd79::1")

	def test_false_ip(self, guarded):
		assert not reached(guarded, "10.79.0.99")
		assert not reached(guarded, "fd79::99", "fd79::1")

	def test_false_arp(self, guarded):
		"""Nor is dom0 told where the address is that was taken, not even when it asks; it is told of the right one."""
		for address, right in (("10.79.0.99", False), ("10.79.0.11", True), ("fd79::99", False), ("fd79::11", True)):
			guarded.ok(f"ip neigh flush dev xenbr0; ping -c 1 -W 2 {address}; true")
			assert (MAC in knows(guarded, address)) == right, address

	def test_false_mac(self, guarded):
		guarded.guest(1, "ip link set eth1 down; ip link set eth1 address 00:16:3e:00:02:99; ip link set eth1 up")
		assert not reached(guarded, "10.79.0.11")
		guarded.guest(1, f"ip link set eth1 down; ip link set eth1 address {MAC}; ip link set eth1 up")
		assert reached(guarded, "10.79.0.11")

	def test_counted(self, guarded):
		domid = guarded.ok(f"{guarded.vane} domid guest1")
		rules = guarded.ok(f"nft list table netdev vif{domid}.1")
		drops = re.findall(r"counter packets (\d+) bytes \d+ drop", rules)
		assert len(drops) == 5 and int(drops[0]) > 0 and int(drops[-1]) > 0, rules

	def test_other_interfaces_are_free(self, guarded):
		guarded.guest(1, "ip addr add 10.79.0.98/24 dev eth0; ip link set eth1 down")
		assert reached(guarded, "10.79.0.98")
		guarded.guest(1, "ip addr del 10.79.0.98/24 dev eth0; ip link set eth1 up")

	def test_rules_go_with_the_interface(self, guarded):
		assert "netdev" in guarded.ok("nft list tables")
		guarded.ok(f"{guarded.vane} network-detach guest1 {MAC}", 90)
		assert guarded.ok("nft list tables") == ""


class TestNetbackGuard(Guard):
	BACKEND = "user"

	def test_stays_when_killed(self, guarded):
		"""A new process takes the same device: no frame gets by meanwhile or afterwards."""
		guarded.ok(f"{guarded.vane} network-attach guest1 mac={MAC} bridge=xenbr0 antispoof=1 ip=10.79.0.11", 90)
		guarded.guest(1, "for i in $(seq 50); do [ -e /sys/class/net/eth1 ] && break; sleep 0.1; done; ip link set eth1 up;"
			" ip addr add 10.79.0.11/24 dev eth1; ip addr add 10.79.0.99/24 dev eth1")
		domid = guarded.ok(f"{guarded.vane} domid guest1")
		guarded.ok(f"kill -9 $(pgrep -f 'netback .* {domid}$'); sleep 1; pgrep -f 'netback .* {domid}$'")
		assert reached(guarded, "10.79.0.11")
		assert not reached(guarded, "10.79.0.99")

	def test_rules_go_with_the_guest(self, guarded):
		guarded.ok(f"{guarded.vane} destroy guest1")
		assert guarded.ok("nft list tables") == ""


class TestNetbackGuardStock(Guard):
	SOAK = True
	BACKEND = "phy"
