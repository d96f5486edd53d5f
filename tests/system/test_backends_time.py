# SPDX-License-Identifier: GPL-2.0-or-later
"""Times of the back ends, on a machine whose clock counts instructions, 1 ns each: they do not depend on how busy this computer is."""
import pytest

from host import Host
from test_blkback import load, quiet
from test_netback import LIB, wait_open


class TestBackendsTime:
	@pytest.fixture(scope="class")
	def guest(self):
		machine = Host("paravane", name="system-backendstime", cpus=1, network=None, dom0_mem=640, icount=True)
		# Waiting for a disk takes its own time; the processor's is counted.
		machine.qemu.arguments = [a.replace("sleep=off", "sleep=on") for a in machine.qemu.arguments]
		with machine as host:
			host.start_guests(1, 1, "memory=128", "vcpus=1")
			yield host

	def test_pause(self, guest):
		"""How long the guest waits for its disk when blkback is killed."""
		rounds, pause = load(guest, lambda: guest.ok("for i in 1 2; do kill -9 $(pgrep -x blkback) || exit 1; sleep 1.5; done", 200))
		print(f"2 kills, {rounds} rounds, longest pause {pause} ms")
		assert guest.ok("grep -c 'blkback.*goes on' /var/log/xen/vaned.log") == "2"
		assert pause <= 2000
		quiet(guest)

	def test_rate(self, guest):
		"""What a guest sends through an interface with rate=10Mb/s, in the middle of a stream: that, within 5 %."""
		guest.ok(f"{guest.vane} network-attach guest1 mac=00:16:3e:00:01:03 bridge=xenbr0 rate=10Mb/s; ip addr add 10.78.0.1/24 dev xenbr0", 120)
		guest.guest(1, "for i in $(seq 50); do [ -e /sys/class/net/eth1 ] && break; sleep 0.1; done; ip link set eth1 up;"
			" ip addr add 10.78.0.11/24 dev eth1")
		guest.ok("(nc -l -N -p 6003 </dev/null >/dev/null) >/dev/null 2>&1 & true")
		wait_open(guest, 0, 6003)
		guest.ok(f"({LIB}/in-guest 1 'head -c 100M /dev/zero | nc -N 10.78.0.1 6003') >/dev/null 2>&1 & true")
		look = f"cat /sys/class/net/vif{guest.ok(f'{guest.vane} domid guest1')}.1/statistics/rx_bytes; date +%s.%N"
		bytes1, time1, bytes2, time2 = map(float, guest.ok(f"sleep 2; {look}; sleep 8; {look}", 200).split())
		rate = (bytes2 - bytes1) * 8 / (time2 - time1)
		print(f"rate=10Mb/s: {rate / 1e6:.2f} Mb/s in {time2 - time1:.1f} s of the machine's time")
		assert 9_500_000 <= rate <= 10_500_000
