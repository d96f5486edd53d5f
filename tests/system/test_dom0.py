# SPDX-License-Identifier: GPL-2.0-or-later
"""dom0 with 4 CPUs, booted by Multiboot 1: processors, disk, network card, interrupts, reboot and power-off."""
import hashlib
import os
import re
import socket
import threading

MB = 40


class Source:
	"""A server on the loopback interface that sends MB of known data to who connects; QEMU's network brings dom0 there."""

	def __init__(self):
		block = os.urandom(1 << 20)
		digest = hashlib.md5()
		for _ in range(MB):
			digest.update(block)
		self.block, self.digest = block, digest.hexdigest()
		self.server = socket.create_server(("127.0.0.1", 0))
		self.port = self.server.getsockname()[1]
		threading.Thread(target=self._serve, daemon=True).start()

	def _serve(self):
		with self.server.accept()[0] as connection:
			for _ in range(MB):
				connection.sendall(self.block)


class Sink:
	"""A server that takes what comes and keeps its hash."""

	def __init__(self):
		self.digest, self.length, self.done = hashlib.md5(), 0, threading.Event()
		self.server = socket.create_server(("127.0.0.1", 0))
		self.port = self.server.getsockname()[1]
		threading.Thread(target=self._serve, daemon=True).start()

	def _serve(self):
		with self.server.accept()[0] as connection:
			while piece := connection.recv(1 << 16):
				self.digest.update(piece)
				self.length += len(piece)
		self.done.set()


def interrupts(host, what):
	"""Sum of the counts of an interrupt line of dom0, and the line."""
	line = host.ok(f"grep -m1 {what} /proc/interrupts")
	return sum(int(n) for n in re.match(r"\s*\d+:((?:\s+\d+)+)", line).group(1).split()), line


# The empty disk: which of the two it is depends on which came up first.
SCRATCH = "scratch=/dev/$(lsblk -dnro NAME | grep ^sd | grep -v \"$(findmnt -no SOURCE / | xargs basename)\")"


class TestDom0:
	BOOT = {"cpus": 4, "reboots": True, "scratch_mb": 512}

	def test_four_vcpus(self, host):
		assert host.ok("nproc") == "4"

	def test_no_complaint_from_the_kernel(self, host):
		bad = host.run("dmesg | grep -E 'BUG|WARNING:|Oops|general protection|segfault|soft lockup|rcu.*stall'")[1]
		assert bad.strip() == ""

	def test_vcpus_offline_and_online(self, host):
		for cpu in (1, 2, 3):
			host.ok(f"echo 0 >/sys/devices/system/cpu/cpu{cpu}/online")
		assert host.ok("nproc") == "1"
		for cpu in (1, 2, 3):
			host.ok(f"echo 1 >/sys/devices/system/cpu/cpu{cpu}/online")
		assert host.ok("nproc") == "4"
		for cpu in range(4):
			assert host.ok(f"taskset -c {cpu} sh -c 'echo ran'") == "ran"

	def test_all_cpus_compute_the_same(self, host):
		out = host.ok("for i in 0 1 2 3; do (for j in 1 2 3; do taskset -c $i sha256sum </guests/vmlinuz; done) & done;"
			" wait", 120)
		assert len(out.splitlines()) == 12 and len(set(out.splitlines())) == 1

	def test_disk_interrupts_are_msi(self, host):
		before, line = interrupts(host, "ahci")
		assert "-msi" in line
		host.ok("dd if=/dev/sda of=/dev/null bs=1M count=8 skip=200 iflag=direct 2>&1")
		assert interrupts(host, "ahci")[0] > before

	def test_disk_write_survives_reboot(self, host):
		host.ok(SCRATCH + "; mkfs.ext4 -q $scratch && mkdir -p /mnt && mount $scratch /mnt")
		host.ok("head -c 60M /guests/guest1.img >/mnt/copy && head -c 20M /dev/urandom >/mnt/random && sync", 180)
		written = host.ok("cd /mnt && md5sum copy random", 120)
		host.reboot()
		host.ok(SCRATCH + "; mount $scratch /mnt")
		assert host.ok("cd /mnt && md5sum copy random", 120) == written
		host.ok(SCRATCH + "; umount /mnt && e2fsck -fn $scratch 2>&1", 120)

	def test_ping_through_e1000(self, host):
		out = host.ok("ping -c 5 -i 0.2 10.0.2.2")
		assert "5 received" in out

	def test_tcp_receive(self, host):
		source = Source()
		before = interrupts(host, "eth0")[0]
		out = host.ok(f"nc -d 10.0.2.2 {source.port} | md5sum", 180)
		assert out.split()[0] == source.digest
		assert interrupts(host, "eth0")[0] > before

	def test_tcp_send(self, host):
		sink = Sink()
		out = host.ok(f"head -c {MB}M /guests/debian.img | tee >(md5sum >/run/sum) | nc -N 10.0.2.2 {sink.port}; cat /run/sum", 180)
		assert sink.done.wait(30)
		assert sink.length == MB << 20
		assert sink.digest.hexdigest() == out.split()[0]

	def test_time_goes_at_the_right_rate(self, host):
		"""Two seconds of the clock, of the monotonic clock and of sleep agree."""
		out = host.ok("a=$(date +%s%N); read u _ </proc/uptime; sleep 2; b=$(date +%s%N); read v _ </proc/uptime;"
			" echo $(( (b - a) / 1000000 )) $u $v")
		wall, u, v = out.split()
		assert 1990 <= int(wall) < 4000
		assert abs(int(wall) - 1000 * (float(v) - float(u))) < 100

	def test_poweroff(self, host):
		assert host.poweroff(), host.qemu.report("the machine did not go off")
