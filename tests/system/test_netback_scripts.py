# SPDX-License-Identifier: GPL-2.0-or-later
"""Hotplug scripts other than vif-bridge, as Debian ships them: vif-route, vif-nat and vif-openvswitch with a real Open vSwitch
find the interface, and its guest is reached by them."""
import pytest

import extras
from test_netback import serve, stream

OVS = ["openvswitch-switch", "openvswitch-common", "libunbound8", "libevent-2.1-7", "libnghttp2-14", "libprotobuf-c1", "libbpf1",
	"libelf1", "libxdp1", "libnuma1", "libcap-ng0", "libssl3", "zlib1g"]
OVS_START = "mkdir -p /run/openvswitch /etc/openvswitch /var/log/openvswitch; cd /;" \
	" ovsdb-tool create /etc/openvswitch/conf.db /usr/share/openvswitch/vswitch.ovsschema && modprobe openvswitch &&" \
	" ovsdb-server --remote=punix:/run/openvswitch/db.sock --pidfile --detach --log-file >/dev/null 2>&1 &&" \
	" ovs-vsctl --no-wait init && /usr/lib/openvswitch-switch/ovs-vswitchd --pidfile --detach --log-file >/dev/null 2>&1"


class Scripts:
	"""One guest, to which interfaces are added by each script in turn."""
	BOOT = {"cpus": 2, "network": None, "dom0_mem": 640}
	SOAK = True
	EXTRAS = (OVS, ["openvswitch"])
	BACKEND = None

	@pytest.fixture(scope="class")
	def guest(self, host, request):
		serve(host, request.cls.BACKEND)
		extras.install(host)
		host.ok("ln -s $(command -v busybox) /usr/sbin/ifconfig; echo 1 >/proc/sys/net/ipv4/ip_forward")
		host.start_guests(1, 2, "vcpus=1", "memory=192")
		return host

	def attach(self, host, number, spec, address, route=""):
		"""Add an interface to a guest and set it up there; the device's name in dom0."""
		host.ok(f"{host.vane} network-attach guest{number} mac=00:16:3e:00:03:1{number} {spec}", 90)
		host.guest(number, "for i in $(seq 50); do [ -e /sys/class/net/eth1 ] && break; sleep 0.1; done;"
			f" ip link set eth1 up; ip addr add {address} dev eth1; {route}")
		return f"vif{host.ok(f'{host.vane} domid guest{number}')}.1"

	def detach(self, host, number):
		host.ok(f"{host.vane} network-detach guest{number} 00:16:3e:00:03:1{number}", 90)
		assert "vif" + host.ok(f"{host.vane} domid guest{number}") + ".1" not in host.ok("ls /sys/class/net")

	def test_route(self, guest):
		"""No bridge: dom0 has a route to the guest's address and answers for the rest of the world."""
		vif = self.attach(guest, 1, "script=vif-route ip=10.82.0.11 gatewaydev=xenbr0", "10.82.0.11/32",
			"ip route add 10.77.0.1 dev eth1 src 10.82.0.11 table 7; ip rule add from 10.82.0.11 table 7;"
			" ip route add 10.77.0.0/24 via 10.77.0.1 dev eth1 onlink table 7")
		assert f"10.82.0.11 dev {vif}" in guest.ok("ip route")
		assert guest.ok(f"cat /proc/sys/net/ipv4/conf/{vif}/proxy_arp") == "1"
		assert "/brport" not in guest.ok(f"ls -d /sys/class/net/{vif}/brport 2>/dev/null; true")
		assert "2 received" in guest.ok("ping -c 2 -i 0.2 10.82.0.11")
		stream(guest, 0, 1, address="10.82.0.11")
		self.detach(guest, 1)
		assert "10.82.0.11" not in guest.ok("ip route")

	def test_nat(self, guest):
		"""dom0 has the router's address on the interface and a route to the guest's."""
		vif = self.attach(guest, 1, "script=vif-nat ip=10.83.0.11/16", "10.83.0.11/16")
		assert f"10.83.0.11 dev {vif}" in guest.ok("ip route")
		assert "10.83.0.138" in guest.ok(f"ip addr show dev {vif}")
		assert "2 received" in guest.guest(1, "ping -c 2 -i 0.2 10.83.0.138")
		stream(guest, 0, 1, address="10.83.0.11")
		self.detach(guest, 1)
		assert "10.83." not in guest.ok("ip route")

	def test_openvswitch(self, guest):
		"""Two guests on a switch; its record says whose port it is; a port with a VLAN tag is apart."""
		guest.ok(OVS_START, 90)
		guest.ok("ovs-vsctl --timeout=20 add-br ovs0 && ip addr add 10.84.0.1/24 dev ovs0 && ip link set ovs0 up", 60)
		for number in (1, 2):
			vif = self.attach(guest, number, "script=vif-openvswitch bridge=ovs0", f"10.84.0.1{number}/24")
			assert vif in guest.ok("ovs-vsctl --timeout=20 list-ports ovs0").split()
			assert f"guest{number}" in guest.ok(f"ovs-vsctl --timeout=20 get interface {vif} external-ids:xen-vm-name")
		stream(guest, 0, 1, address="10.84.0.11")
		stream(guest, 1, 2, address="10.84.0.12")
		self.detach(guest, 2)
		vif = self.attach(guest, 2, "script=vif-openvswitch bridge=ovs0.7", "10.84.0.12/24")
		assert guest.ok(f"ovs-vsctl --timeout=20 get port {vif} tag") == "7"
		assert " 0 received" in guest.guest(1, "ping -c 1 -W 1 10.84.0.12; true")
		for number in (1, 2):
			self.detach(guest, number)
		assert guest.ok("ovs-vsctl --timeout=20 list-ports ovs0") == ""

	def test_failure_is_told(self, guest):
		"""A switch that is not there: the script's words reach whoever asked, and nothing is left."""
		status, said = guest.run(f"{guest.vane} network-attach guest1 script=vif-openvswitch bridge=ovs9", 90)
		assert status and "script said" in said, said
		guest.guest(1, "for i in $(seq 50); do [ -e /sys/class/net/eth1 ] || exit 0; sleep 0.1; done; exit 1")


class TestNetbackScripts(Scripts):
	BACKEND = "user"
