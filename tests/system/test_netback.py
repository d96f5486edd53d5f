# SPDX-License-Identifier: GPL-2.0-or-later
"""Network interfaces of guests, served by our netback and, by the same tests, by the stock kernel's xen-netback: streams both
ways that arrive as they were sent, UDP, jumbo frames, queues, IPv6, plugging under load; ours also killed under load."""
import os
import re

import pytest

import extras

LIB = "/usr/local/lib/paravane"
KILLS = int(os.environ.get("KILLS", "20"))
MB = 4
VLAN = 5


def confined(host, find, uid):
	"""The process that `find` finds has a user of its own, no capabilities, a filter, an empty root, no network."""
	proc = f"/proc/$({find})"
	status = host.ok(f"cat {proc}/status")
	assert re.search(rf"^Uid:(\s+{uid}){{4}}$", status, re.M)
	assert re.search(r"^CapEff:\s+0+$", status, re.M) and re.search(r"^CapPrm:\s+0+$", status, re.M)
	assert re.search(r"^NoNewPrivs:\s+1$", status, re.M) and re.search(r"^Seccomp:\s+2$", status, re.M)
	assert host.ok(f"ls -A {proc}/root/") == ""
	assert host.ok(f"[ $(readlink {proc}/ns/net) != $(readlink /proc/self/ns/net) ] && echo apart") == "apart"


def silence(host, number):
	"""From now on nobody looks for routers, neighbours or listeners on the guest's network."""
	off = "for f in /proc/sys/net/ipv6/conf/*/disable_ipv6; do echo 1 >$f; done"
	host.guest(number, off)
	host.ok(f"{off}; ip link set xenbr0 type bridge mcast_snooping 0")


def serve(host, backend, kind="vif"):
	"""New interfaces (kind disk: new disks) are served by this back end."""
	host.ok(f"sed -i '/^{kind}.default.backendtype/d' /etc/xen/xl.conf; echo '{kind}.default.backendtype=\"{backend}\"' "
		">>/etc/xen/xl.conf")


@pytest.fixture(scope="class")
def guests(host, request):
	"""Two guests whose interfaces are served by the class's back end."""
	serve(host, request.cls.BACKEND)
	if hasattr(request.cls, "EXTRAS"):
		extras.install(host)
		for number in (1, 2):
			extras.install_guest(host, number)
	host.start_guests(1, 2, "vcpus=2", "memory=192")
	return host


def run_in(host, guest, command, timeout=60):
	"""Run a command in a guest, or in dom0 (guest 0)."""
	return host.guest(guest, command, timeout) if guest else host.ok(command, timeout)


def wait_open(host, guest, port, protocol="tcp"):
	"""Wait until somebody listens on a port (looked up, not tried: nc serves one connection)."""
	run_in(host, guest, f"for i in $(seq 200); do grep -qi ':{port:04X} 0*:0000 ' /proc/net/{protocol} /proc/net/{protocol}6"
		" && exit 0; sleep 0.1; done; exit 1")


def listen(host, guest, port, output, family=""):
	"""Put the sum of what comes to a port of a guest (0: dom0) into a file there."""
	run_in(host, guest, f"rm -f {output} {output}.part")
	command = f"nc {family} -l -N -p {port} </dev/null | sha256sum >{output}.part; mv {output}.part {output}"
	if guest:
		command = f"{LIB}/in-guest {guest} '{command}'"
	host.ok(f"({command}) >/dev/null 2>&1 & true")
	wait_open(host, guest, port)


def send(host, guest, address, port, megabytes=MB, family=""):
	"""Send random bytes from a guest (0: dom0); their sum."""
	return run_in(host, guest, f"head -c {megabytes}M /dev/urandom | tee >(sha256sum >/tmp/sent.part; mv /tmp/sent.part /tmp/sent) |"
		f" nc {family} -N {address} {port}; for i in $(seq 100); do [ -s /tmp/sent ] && break; sleep 0.1; done;"
		" cat /tmp/sent; rm /tmp/sent", 180)


def got(host, guest, output):
	"""The sum that a listener has written."""
	return run_in(host, guest, f"for i in $(seq 300); do [ -s {output} ] && break; sleep 0.1; done; cat {output}")


def stream(host, source, sink, **how):
	"""A TCP stream from one to the other arrives as it was sent."""
	address = how.pop("address", f"10.77.0.{10 + sink if sink else 1}")
	family = how.get("family", "")
	listen(host, sink, 6000, "/tmp/got", family)
	sent = send(host, source, address, 6000, **how)
	assert re.match("[0-9a-f]{64}", sent)
	assert got(host, sink, "/tmp/got") == sent


class Interfaces:
	"""What both back ends do."""
	BOOT = {"cpus": 2, "network": None, "dom0_mem": 640}
	KIND = BACKEND = None

	def test_served_by_the_one_asked_for(self, guests):
		domid = guests.ok(f"{guests.vane} domid guest1")
		assert guests.ok(f"xenstore-read /local/domain/{domid}/device/vif/0/backend") == \
			f"/local/domain/0/backend/{self.KIND}/{domid}/0"
		assert guests.ok(f"xenstore-read /local/domain/0/backend/{self.KIND}/{domid}/0/state") == "4"
		assert f"vif{domid}.0" in guests.ok("ls /sys/class/net/xenbr0/brif")

	def test_two_queues(self, guests):
		domid = guests.ok(f"{guests.vane} domid guest1")
		assert guests.ok(f"xenstore-read /local/domain/{domid}/device/vif/0/multi-queue-num-queues") == "2"

	def test_ping(self, guests):
		assert "5 received" in guests.guest(1, "ping -c 5 -i 0.2 10.77.0.12")

	def test_large_ping_in_fragments(self, guests):
		assert "3 received" in guests.guest(1, "ping -c 3 -i 0.2 -s 30000 10.77.0.1")

	@pytest.mark.parametrize("source,sink", [(0, 1), (1, 0), (1, 2)])
	def test_tcp(self, guests, source, sink):
		stream(guests, source, sink)

	def test_tcp_over_ipv6(self, guests):
		guests.ok("ip -6 addr add fd77::1/64 dev xenbr0 nodad")
		guests.guest(1, "ip -6 addr add fd77::11/64 dev eth0 nodad")
		stream(guests, 0, 1, address="fd77::11", family="-6")
		stream(guests, 1, 0, address="fd77::1", family="-6")

	def test_segmentation_is_left_to_the_other_side(self, guests):
		"""Fewer than one packet for 8 KiB: TSO works both ways."""
		domid = guests.ok(f"{guests.vane} domid guest1")
		counters = f"cd /sys/class/net/vif{domid}.0/statistics; cat rx_packets rx_bytes tx_packets tx_bytes"
		before = [int(n) for n in guests.ok(counters).split()]
		guests.guest(1, "ethtool -k eth0 | grep 'tcp-segmentation-offload: on' || true")
		stream(guests, 1, 0)
		stream(guests, 0, 1)
		after = [int(n) for n in guests.ok(counters).split()]
		packets = [b - a for a, b in zip(before, after)]
		assert packets[1] > MB << 20 and packets[3] > MB << 20
		# Each direction also carries the other one's acknowledgements.
		assert packets[1] / packets[0] > 4000 and packets[3] / packets[2] > 4000

	def test_udp(self, guests):
		"""200 datagrams, not one too few or changed."""
		guests.ok(f"({LIB}/in-guest 1 'timeout 20 nc -u -l -p 6001 </dev/null >/tmp/udp') >/dev/null 2>&1 & true")
		wait_open(guests, 1, 6001, "udp")
		guests.ok("exec 3>/dev/udp/10.77.0.11/6001; for i in $(seq 200); do echo \"datagram $i of 200\" >&3; done")
		guests.guest(1, "for i in $(seq 100); do [ $(wc -l </tmp/udp) = 200 ] && break; sleep 0.1; done")
		assert guests.guest(1, "sort -k2n /tmp/udp | sha256sum") == \
			guests.ok("for i in $(seq 200); do echo \"datagram $i of 200\"; done | sha256sum")

	def test_jumbo_frames(self, guests):
		domid = guests.ok(f"{guests.vane} domid guest1")
		guests.ok(f"ip link set vif{domid}.0 mtu 9000; ip link set xenbr0 mtu 9000")
		guests.guest(1, "ip link set eth0 mtu 9000")
		assert "3 received" in guests.guest(1, "ping -M do -c 3 -i 0.2 -s 8900 10.77.0.1")
		stream(guests, 1, 0)
		stream(guests, 0, 1)
		guests.guest(1, "ip link set eth0 mtu 1500")
		guests.ok(f"ip link set vif{domid}.0 mtu 1500; ip link set xenbr0 mtu 1500")

	def test_attach_and_detach_under_load(self, guests):
		"""A second interface comes and goes while the first one carries a stream."""
		guests.ok(f"(while [ ! -e /tmp/stop ]; do head -c 1M /dev/zero; done | nc -N 10.77.0.12 6002) >/dev/null 2>&1 &"
			f" ({LIB}/in-guest 2 'nc -l -N -p 6002 </dev/null >/dev/null') >/dev/null 2>&1 & true")
		before = guests.ok("ls /sys/class/net")
		for _ in range(3):
			guests.ok(f"{guests.vane} network-attach guest2 mac=00:16:3e:00:01:02 bridge=xenbr0", 90)
			guests.guest(2, "for i in $(seq 50); do [ -e /sys/class/net/eth1 ] && break; sleep 0.1; done; ip link set eth1 up")
			guests.ok(f"{guests.vane} network-detach guest2 00:16:3e:00:01:02", 90)
		guests.ok("touch /tmp/stop")
		assert guests.ok("ls /sys/class/net") == before
		assert guests.guest(2, "ls /sys/class/net").split() == ["eth0", "lo"]

	def test_unplugged_under_its_own_stream(self, guests):
		"""An interface goes while it carries a stream each way, at once; another one in its place is served."""
		attach = f"{guests.vane} network-attach guest2 mac=00:16:3e:00:01:04 bridge=xenbr0"
		up = "for i in $(seq 50); do [ -e /sys/class/net/eth1 ] && break; sleep 0.1; done; ip link set eth1 up; ip addr add 10.78.0.12/24 dev eth1"
		guests.ok(f"{attach}; ip addr add 10.78.0.1/24 dev xenbr0", 90)
		guests.guest(2, up)
		guests.ok(f"(timeout 20 nc -l -p 6004 </dev/zero >/dev/null) >/dev/null 2>&1 &"
			f" ({LIB}/in-guest 2 'timeout 20 nc 10.78.0.1 6004 </dev/zero >/dev/null') >/dev/null 2>&1 & sleep 3")
		counters = f"cd /sys/class/net/vif{guests.ok(f'{guests.vane} domid guest2')}.1/statistics; cat rx_bytes tx_bytes"
		before = [int(n) for n in guests.ok(f"{counters}").split()]
		after = [int(n) for n in guests.ok(f"sleep 1; {counters}").split()]
		assert min(b - a for a, b in zip(before, after)) > 100000, (before, after)
		took = int(guests.ok(f"a=$SECONDS; {guests.vane} network-detach guest2 00:16:3e:00:01:04; echo $((SECONDS - a))", 90))
		print(f"unplugged in {took} s")
		assert took < 8
		assert guests.guest(2, "ls /sys/class/net").split() == ["eth0", "lo"]
		guests.ok(attach, 90)
		guests.guest(2, up)
		assert "3 received" in guests.guest(2, "ping -c 3 -i 0.2 10.78.0.1")
		guests.ok(f"{guests.vane} network-detach guest2 00:16:3e:00:01:04; ip addr del 10.78.0.1/24 dev xenbr0", 90)

	def test_front_end_begins_anew(self, guests):
		"""The guest's driver lets go of an interface and takes it again: it is served as before."""
		domid = guests.ok(f"{guests.vane} domid guest2")
		state = f"xenstore-read /local/domain/0/backend/{self.KIND}/{domid}/0/state"
		for _ in range(3):
			guests.guest(2, "cd /sys/bus/xen/drivers/vif && echo vif-0 >unbind && echo vif-0 >bind;"
				" for i in $(seq 50); do [ -e /sys/class/net/eth0 ] && break; sleep 0.1; done; ip addr add 10.77.0.12/24 dev eth0; ip link set eth0 up")
			guests.ok(f"for i in $(seq 50); do [ $({state}) = 4 ] && break; sleep 0.1; done")
			assert guests.ok(state) == "4"
		assert "3 received" in guests.guest(2, "ping -c 3 -i 0.2 10.77.0.11")
		stream(guests, 1, 2)
		stream(guests, 2, 0)

	def no_complaint_and_nothing_left(self, guests):
		"""The end of each class."""
		pattern = "'BUG|WARNING:|Oops|general protection|segfault|soft lockup|rcu.*stall|vif.*[Ii]nvalid|vif.*Disabled'"
		assert guests.run(f"dmesg | grep -E {pattern}")[1].strip() == ""
		assert guests.guest(1, f"dmesg | grep -E {pattern}; true") == ""
		guests.ok(f"{LIB}/guests stop", 60)
		assert guests.ok("ls /sys/class/net | grep vif; xenstore-ls /local/domain/0/backend 2>/dev/null | grep vif;"
			" for i in $(seq 50); do pgrep -x netback >/dev/null || exit 0; sleep 0.1; done; echo it runs") == ""


class TestNetbackStock(Interfaces):
	"""The kernel's back end: which side does a failure belong to?"""
	SOAK = True
	KIND, BACKEND = "vif", "phy"

	def test_no_complaint_and_nothing_left(self, guests):
		self.no_complaint_and_nothing_left(guests)


class TestNetbackOurs(Interfaces):
	"""And what only ours does."""
	KIND, BACKEND = "uvif", "user"
	EXTRAS = ([], ["8021q"])

	def test_statistics(self, guests):
		"""What came and went is counted, and an idle interface does nothing."""
		text = guests.ok(f"{guests.vane} network-list -s guest1")
		assert int(re.search(r"^queue0_tx_packets (\d+)$", text, re.M).group(1)) > 0
		silence(guests, 1)
		silence(guests, 2)
		guests.ok("sleep 15")
		before, after = guests.ok(f"{guests.vane} network-list -s guest1 | grep wakeups; sleep 10; echo +;"
			f" {guests.vane} network-list -s guest1 | grep wakeups").split("\n+\n")
		assert before == after, f"{before} became {after}"

	def test_pages_are_granted(self, guests):
		"""Frames lie in pages that are granted to the control domain, not in the plain ones that would do."""
		domid = guests.ok(f"{guests.vane} domid guest1")
		assert guests.ok(f"grep -c /dev/xen/gntalloc /proc/$(pgrep -f 'netback .* {domid}$')/maps") == "2"

	def test_sandboxed(self, guests):
		"""A user of its own, no capabilities, a filter, an empty root, no network."""
		domid = guests.ok(f"{guests.vane} domid guest1")
		confined(guests, f"pgrep -f 'netback .* {domid}$'", 0x70008000 + int(domid))

	def test_killed_under_load(self, guests):
		"""Streams both ways over one connection each go on through kills; not a byte is lost or doubled, and no state changed."""
		source = "while [ ! -e /tmp/stop ]; do head -c 1M /dev/urandom; done | tee >(sha256sum >/tmp/out) | nc -N"
		domid = guests.ok(f"{guests.vane} domid guest1")
		listen(guests, 1, 6000, "/tmp/got")
		listen(guests, 0, 6000, "/tmp/got")
		guests.ok(f"(xenstore-watch /local/domain/0/backend/uvif/{domid}/0/state >/tmp/states) 2>/dev/null &"
			f" ({source} 10.77.0.11 6000) >/dev/null 2>&1 & "
			f"({LIB}/in-guest 1 '{source} 10.77.0.1 6000') >/dev/null 2>&1 & sleep 2")
		out = guests.ok(f"for i in $(seq {KILLS}); do p=$(pgrep -f 'netback .* {domid}$'); kill -9 $p || exit 1;"
			f" for k in $(seq 50); do n=$(pgrep -f 'netback .* {domid}$') && [ $n != $p ] && break; sleep 0.1; done;"
			" sleep 1.1; done; grep -c 'goes on' /var/log/xen/vaned.log", 150 + 8 * KILLS)
		assert int(out) >= KILLS
		guests.ok("touch /tmp/stop")
		guests.guest(1, "touch /tmp/stop", 90)
		assert got(guests, 1, "/tmp/got") == got(guests, 0, "/tmp/out")
		assert got(guests, 0, "/tmp/got") == got(guests, 1, "/tmp/out")
		assert len(guests.ok("cat /tmp/states").split()) == 1

	def test_pause(self, guests):
		"""Between two answers to a ping every 50 ms no more than 2 s pass when the back end is killed."""
		domid = guests.ok(f"{guests.vane} domid guest1")
		before = guests.ok(f"pgrep -f 'netback .* {domid}$'")
		out = guests.ok("(sleep 2; pkill -9 -f 'netback .* %s$') & ping -D -i 0.05 -c 100 10.77.0.11; true" % domid)
		assert guests.ok(f"pgrep -f 'netback .* {domid}$'") not in ("", before)
		times = [float(t) for t in re.findall(r"^\[([\d.]+)\] 64 bytes", out, re.M)]
		assert len(times) >= 60
		assert max(b - a for a, b in zip(times, times[1:])) < 2

	def test_vlan(self, guests):
		"""Tagged frames cross the bridge between guests, and to dom0's own end of the VLAN; untagged ones do not get there."""
		for number in (0, 1, 2):
			run_in(guests, number, "depmod -a; modprobe 8021q")
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

	def test_no_complaint_and_nothing_left(self, guests):
		self.no_complaint_and_nothing_left(guests)
