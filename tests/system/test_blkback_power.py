# SPDX-License-Identifier: GPL-2.0-or-later
"""Power cuts: what a guest has flushed is there after the host lost its power."""
import os
import random
import re
import shutil
import signal
import subprocess
import time

from host import WORK, Host, cache, images

# Of power; make test has one, make soak many.
CUTS = int(os.environ.get("CUTS", "1"))


class Disk:
	"""dom0's disk by nbdkit, whose write-back cache holds what was not flushed and ends with it: cut() is a loss of power."""

	def __init__(self):
		os.makedirs(WORK, exist_ok=True)
		self.socket = os.path.join(WORK, "power.sock")
		self.path = os.path.join(WORK, "power.img")
		cache.run(["cp", "--sparse=always", images.dom0(), self.path])
		self.server = None

	def on(self):
		"""Start the server; what QEMU calls the disk."""
		if os.path.exists(self.socket):
			os.unlink(self.socket)
		self.server = subprocess.Popen([shutil.which("nbdkit"), "-f", "--exit-with-parent", "-U", self.socket, "--filter=cache", "file",
			self.path, "cache=writeback"], env=dict(os.environ, TMPDIR=WORK))
		while not os.path.exists(self.socket):
			assert self.server.poll() is None
			time.sleep(0.05)
		return f"file=nbd+unix:///?socket={self.socket},format=raw,cache=writeback"

	def cut(self):
		"""What was not flushed is lost."""
		self.server.send_signal(signal.SIGKILL)
		self.server.wait()

	def gone(self):
		"""Leave nothing behind."""
		self.cut()
		os.unlink(self.path)
		os.unlink(self.socket)


class TestBlkbackPowerCut:
	"""The host loses its power while a guest writes numbered blocks, each flushed or written through before its number is
	told on the host's serial port. After the next boot every block has the last number told of it, or a later one."""
	BLOCKS = 64
	WRITER = "n=0; while :; do n=$((n + 1)); f='oflag=direct conv=fsync,notrunc'; [ $((n % 3)) = 0 ] && f='oflag=direct,dsync conv=notrunc';" \
		f" printf %04096d $n | dd of=/dev/xvdb bs=4k seek=$((n % {BLOCKS})) iflag=fullblock $f status=none || break; echo told $n; done"
	CONTENT = "tr '\\0' 0 </guests/power.img | fold -w 4096 | sed 's/^0*/n/'"

	def written(self, host):
		"""Let the guest write until the power goes; the last number told of each block."""
		host.ok("truncate -s 0 /guests/power.img; truncate -s %dk /guests/power.img" % (4 * self.BLOCKS))
		host.start_guests(1, 1, "memory=128")
		host.ok(f"sync; {host.vane} block-attach guest1 /guests/power.img,raw,xvdb,w")
		host.guest(1, "for i in $(seq 50); do [ -b /dev/xvdb ] && break; sleep 0.1; done")
		host.ok("cat >/run/writer <<'END'\n" + self.WRITER + "\nEND")
		host.send("nc -N 10.77.0.11 5000 </run/writer")
		host.qemu.wait(host.qemu.com2, re.compile(rb"told %d\n" % (self.BLOCKS // 2)), 60)
		time.sleep(random.uniform(1, 4))
		return host.qemu.com2

	def check(self, host, port):
		"""Compare what the disk has with what was told."""
		told = {}
		for n in re.findall(rb"told (\d+)\n", bytes(port.data)):
			told[int(n) % self.BLOCKS] = int(n)
		found = [int(line[1:] or 0) for line in host.ok(self.CONTENT).split("\n")]
		assert len(found) == self.BLOCKS
		print(f"power cut: last number told {max(told.values())}, last on the disk {max(found)}")
		lost = {block: (n, found[block]) for block, n in told.items() if found[block] < n or found[block] % self.BLOCKS != block}
		assert not lost, f"block: (told, found): {lost}"

	def test_power_cut(self):
		disk, port = Disk(), None
		try:
			for _ in range(CUTS):
				with Host("paravane", name="system-blkbackpower", cpus=2, network=None, dom0_mem=640, disk=disk.on()) as host:
					if port:
						self.check(host, port)
					port = self.written(host)
					disk.cut()
			host = Host("paravane", name="system-blkbackpowerlast", cpus=2, network=None, dom0_mem=640, disk=disk.on(), services=False)
			try:
				host.start()
				self.check(host, port)
			finally:
				host.stop()
		finally:
			disk.gone()
