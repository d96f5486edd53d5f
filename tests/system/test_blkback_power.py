# SPDX-License-Identifier: GPL-2.0-or-later
"""Power cuts: what a guest has flushed is there after its disk, or the whole host, lost its power."""
import os
import random
import re
import shutil
import signal
import subprocess
import time

from host import WORK, Host, cache, images

# Of the disk's power, about ten a minute; and of the host's, about one.
CUTS = int(os.environ.get("CUTS", "5"))
HOST_CUTS = int(os.environ.get("HOST_CUTS", "3"))
# DISK_CACHE=unsafe is a disk that says yes to a flush and forgets: the tests must fail.
CACHE = os.environ.get("DISK_CACHE", "writeback")
BLOCKS = 64
WRITER = "n=%d; while :; do n=$((n + 1)); f='oflag=direct conv=fsync,notrunc'; [ $((n %% 3)) = 0 ] && f='oflag=direct,dsync conv=notrunc';" \
	f" printf %%04096d $n | dd of=/dev/xvdb bs=4k seek=$((n %% {BLOCKS})) iflag=fullblock $f status=none 2>/dev/null || break; echo told $n; done"
CONTENT = "tr '\\0' 0 <%s | fold -w 4096 | sed 's/^0*/n/'"


class Disk:
	"""A disk by nbdkit, whose write-back cache holds what was not flushed and ends with it: cut() is a loss of power."""

	def __init__(self, name):
		os.makedirs(WORK, exist_ok=True)
		self.socket = os.path.join(WORK, name + ".sock")
		self.path = os.path.join(WORK, name + ".img")
		self.server = None

	def on(self):
		"""Start the server; what QEMU calls the disk."""
		if os.path.exists(self.socket):
			os.unlink(self.socket)
		self.server = subprocess.Popen([shutil.which("nbdkit"), "-f", "--exit-with-parent", "-U", self.socket, "--filter=cache", "file",
			self.path, f"cache={CACHE}"], env=dict(os.environ, TMPDIR=WORK))
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
		if self.server:
			self.cut()
			os.unlink(self.socket)
		os.unlink(self.path)


def write(host, path, first=0):
	"""A new file becomes the guest's second disk, where the guest writes numbered blocks, the first being first + 1, each flushed
	or written through before its number is told on the host's second serial port, until that fails; wait for a quarter of them."""
	host.ok(f"truncate -s 0 {path}; truncate -s {4 * BLOCKS}k {path}; sync; {host.vane} block-attach guest1 {path},raw,xvdb,w")
	host.guest(1, "for i in $(seq 50); do [ -b /dev/xvdb ] && break; sleep 0.1; done")
	host.ok(f"cat >/run/writer <<'END'\n{WRITER % first}\nEND")
	host.send("nc -N 10.77.0.11 5000 </run/writer")
	host.qemu.wait(host.qemu.com2, re.compile(rb"told %d\n" % (first + BLOCKS // 4)), 60)


def check(host, path, said):
	"""Every block has the last number told of it, or a later one; the last number on the disk."""
	told = {}
	for n in re.findall(rb"told (\d+)\n", bytes(said)):
		told[int(n) % BLOCKS] = int(n)
	found = [int(line[1:] or 0) for line in host.ok(CONTENT % path).split("\n")]
	assert len(found) == BLOCKS
	print(f"power cut: last number told {max(told.values())}, last on the disk {max(found)}")
	lost = {block: (n, found[block]) for block, n in told.items() if found[block] < n or found[block] % BLOCKS != block}
	assert not lost, f"block: (told, found): {lost}"
	return max(found)


class TestBlkbackPowerCut:
	"""A disk of the host's, with the file that is the guest's disk, loses its power while the guest writes; the host and the
	guest go on without, and it is mounted again when its power is back."""
	MB = 72

	def test_disk(self):
		disk = Disk("cut")
		with open(disk.path, "wb") as f:
			f.truncate(self.MB << 20)
		cache.run(["/sbin/mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,nodiscard", disk.path])
		try:
			with Host("paravane", name="system-blkbackpower", cpus=2, network=None, dom0_mem=640,
					extra=["-drive", f"{disk.on()},if=none,id=d2", "-device", "ide-hd,drive=d2,bus=ahci.2"]) as host:
				host.start_guests(1, 1, "memory=128")
				# Hundreds of lines of each cut, over a serial port.
				host.ok("dmesg -n 1")
				self.device = host.ok(f"mkdir /cut; for d in /sys/block/sd*; do if [ $(cat $d/size) = {self.MB << 11} ]; then echo /dev/${{d##*/}}; fi; done")
				# A request to a dead disk fails at once; QEMU, which looks for its server after 0, 1, 3 and 7 s, finds it sooner.
				host.ok(f"echo 0 >/sys/block/{self.device.rsplit('/', 1)[1]}/device/scsi_disk/*/max_retries")
				last = 0
				for _ in range(CUTS):
					last = self.once(host, disk, last)
		finally:
			disk.gone()

	def once(self, host, disk, last):
		"""One cut; the last number on the disk."""
		start = len(host.qemu.com2.data)
		host.ok(f"mount {self.device} /cut")
		write(host, "/cut/disk.img", last)
		time.sleep(random.uniform(0.1, 2))
		disk.cut()
		# The next command waits for the writer's end. blkback closes its file a moment after the disk is gone.
		host.ok(f"{host.vane} block-detach guest1 xvdb; for i in $(seq 50); do umount /cut 2>/dev/null && exit 0; sleep 0.1; done; exit 1", 90)
		said = bytes(host.qemu.com2.data[start:])
		disk.on()
		host.ok(f"for i in $(seq 100); do dd if={self.device} of=/dev/null bs=4k count=1 iflag=direct status=none && break; sleep 0.1; done;"
			f" blockdev --flushbufs {self.device} && mount {self.device} /cut", 90)
		last = check(host, "/cut/disk.img", said)
		host.ok("umount /cut")
		return last


class TestBlkbackHostPowerCut:
	"""The host loses its power while its guest writes, and is started again."""
	SOAK = True

	def test_host(self):
		disk, port, path = Disk("power"), None, "/guests/power.img"
		cache.run(["cp", "--sparse=always", images.dom0(), disk.path])
		try:
			for _ in range(HOST_CUTS):
				with Host("paravane", name="system-blkbackhostpower", cpus=2, network=None, dom0_mem=640, disk=disk.on()) as host:
					if port:
						check(host, path, port.data)
					host.start_guests(1, 1, "memory=128")
					write(host, path)
					time.sleep(random.uniform(0.5, 3))
					port = host.qemu.com2
					disk.cut()
			host = Host("paravane", name="system-blkbackpowerlast", cpus=2, network=None, dom0_mem=640, disk=disk.on(), services=False)
			try:
				host.start()
				check(host, path, port.data)
			finally:
				host.stop()
		finally:
			disk.gone()
