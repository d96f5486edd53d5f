# SPDX-License-Identifier: GPL-2.0-or-later
"""Disks that another process shows as a file: images by qemu-storage-daemon, NBD by blkback-nbd; and disks that fail: errors and delays
injected by nbdkit reach the guest as they are, and only where they belong."""
import time

import programs
import pytest
from host import Host
from test_blkback import quiet
from test_netback import confined

LIB = "/usr/local/lib/paravane"
NBDKIT = "/usr/lib/x86_64-linux-gnu/nbdkit"
OBJECTS = [f"{NBDKIT}/plugins/nbdkit-memory-plugin.so", f"{NBDKIT}/filters/nbdkit-error-filter.so", f"{NBDKIT}/filters/nbdkit-delay-filter.so"]


@pytest.fixture(scope="module")
def guest():
	"""A host with one guest, for all of this file."""
	with Host("paravane", name="system-blkbackimages", cpus=2, network=None, dom0_mem=640,
			files=programs.for_dom0("nbdkit", objects=OBJECTS)) as host:
		host.start_guests(1, 1, "memory=128")
		yield host


class TestBlkbackImages:
	"""qcow2 and NBD."""
	# Written past the page cache in the guest, read back and compared.
	FILL = "head -c 8M /dev/urandom >/root/r; dd if=/root/r of=/dev/xvdb bs=128k oflag=direct conv=fsync status=none;" \
		" dd if=/dev/xvdb bs=64k count=128 iflag=direct status=none | cmp - /root/r && echo same"
	WAIT = "for i in $(seq 100); do [ -b /dev/xvdb ] && break; sleep 0.1; done; blockdev --getsize64 /dev/xvdb"

	def test_qcow2(self, guest):
		guest.ok("qemu-img create -q -f qcow2 /guests/t.qcow2 64M; truncate -s 16M /guests/n.img")
		guest.ok(f"{guest.vane} block-attach guest1 /guests/t.qcow2,qcow2,xvdb,w")
		assert guest.guest(1, self.WAIT) == str(64 << 20)
		assert guest.guest(1, self.FILL) == "same"

	def test_second_user_refused(self, guest):
		status, out = guest.run(f"{guest.vane} block-attach guest1 /guests/t.qcow2,qcow2,xvdd,w")
		assert status and 'in use by guest "guest1"' in out

	def test_killed_under_load(self, guest):
		"""blkback dies while it writes to the image; nothing is lost."""
		self.killed(guest)

	def killed(self, guest):
		"""It is killed five times while the second disk is filled and compared four times."""
		guest.ok(f"({LIB}/in-guest 1 'cd /root; for i in 1 2 3 4; do {self.FILL}; done' >/tmp/out 2>&1 &); sleep 1;"
			" for i in 1 2 3 4 5; do kill -9 $(pgrep -x blkback); sleep 2; done; sleep 4", 120)
		for _ in range(30):
			if guest.ok("cat /tmp/out").split() == ["same"] * 4:
				break
			time.sleep(1)
		assert guest.ok("cat /tmp/out").split() == ["same"] * 4
		quiet(guest)

	def test_kept(self, guest):
		"""Detached, the daemon is gone and the image closed; attached again, it holds what was written."""
		guest.ok(f"{guest.vane} block-detach guest1 xvdb; ! pgrep -f '[q]emu-storage-daemon --daemonize' && [ -z \"$(ls /run/xen/images)\" ]")
		assert int(guest.ok("stat -c %s /guests/t.qcow2")) > 8 << 20
		guest.ok(f"{guest.vane} block-attach guest1 /guests/t.qcow2,qcow2,xvdb,r")
		assert guest.guest(1, self.WAIT + ">/dev/null; dd if=/dev/xvdb bs=64k count=128 iflag=direct status=none | cmp - /root/r && echo same") == "same"
		guest.ok(f"{guest.vane} block-detach guest1 xvdb")

	def test_broken_image(self, guest):
		status, out = guest.run(f"head -c 1M /dev/urandom >/guests/x.img; {guest.vane} block-attach guest1 /guests/x.img,qcow2,xvdb,w")
		assert status and "Image is not in qcow2 format" in out and "as it was before" in out
		assert guest.ok("ls /run/xen/images") == ""

	def test_nbd(self, guest):
		guest.ok("qemu-storage-daemon --daemonize --blockdev driver=file,node-name=f,filename=/guests/n.img"
			" --nbd-server addr.type=unix,addr.path=/run/n.sock --export type=nbd,id=n,node-name=f,name=n,writable=on")
		guest.ok(f"{guest.vane} block-attach guest1 'vdev=xvdb,access=rw,target=nbd+unix:///n?socket=/run/n.sock'")
		assert guest.guest(1, self.WAIT) == str(16 << 20)
		assert guest.guest(1, self.FILL) == "same"
		assert guest.ok("head -c 8M /guests/n.img | md5sum") == guest.guest(1, "md5sum </root/r")

	def test_nbd_confined(self, guest):
		"""It is served by blkback-nbd, which has a user of its own, no capabilities, a filter, an empty root, no network."""
		confined(guest, "pgrep -x blkback-nbd", 0x70010000 + 1)

	def test_nbd_killed_under_load(self, guest):
		self.killed(guest)
		assert guest.ok("head -c 8M /guests/n.img | md5sum") == guest.guest(1, "md5sum </root/r")

	def test_nbd_discard(self, guest):
		"""What the guest discards is a hole at the server."""
		before = int(guest.ok("sync; du -k /guests/n.img | cut -f1"))
		guest.guest(1, "blkdiscard -o 1M -l 4M /dev/xvdb")
		assert int(guest.ok("sync; du -k /guests/n.img | cut -f1")) <= before - 4096
		assert guest.guest(1, "cmp -n 4M -i 1M:0 /dev/xvdb /dev/zero && cmp -n 1M /dev/xvdb /root/r && echo same") == "same"

	def test_nbd_gone(self, guest):
		"""Detached, its process is gone; one that cannot be had is refused with the reason."""
		guest.ok(f"{guest.vane} block-detach guest1 xvdb; ! pgrep -x blkback-nbd && [ -z \"$(ls /run/xen/images)\" ]")
		status, out = guest.run(f"{guest.vane} block-attach guest1 'vdev=xvdb,access=rw,target=nbd+unix:///x?socket=/run/n.sock'")
		assert status and "no export named 'x'" in out and "as it was before" in out
		status, out = guest.run(f"{guest.vane} block-attach guest1 'vdev=xvdb,access=rw,target=nbd+unix:///x?socket=/run/none.sock'")
		assert status and "No such file or directory" in out and "as it was before" in out
		assert guest.ok("ls /run/xen/images") == ""


class TestBlkbackFaults:
	"""The guest's disk is NBD from nbdkit, which fails while a file exists, for as many requests as come meanwhile."""
	SERVER = "nbdkit -U /run/%(name)s.sock --filter=/opt/nbdkit/nbdkit-error-filter.so --filter=/opt/nbdkit/nbdkit-delay-filter.so" \
		" /opt/nbdkit/nbdkit-memory-plugin.so 16M error-file=/run/%(name)s.fail error-rate=0 %(options)s </dev/null >/run/%(name)s.log 2>&1"
	WAIT = "for i in $(seq 100); do [ -b /dev/%s ] && break; sleep 0.1; done; "
	READ = "dd if=/dev/%s of=/dev/null bs=4k count=4 iflag=direct status=none 2>&1 | grep -o 'Input/output error' || echo read"
	WRITE = "dd if=/root/f of=/dev/%s bs=4k count=4 oflag=direct conv=fsync status=none 2>&1 | grep -o 'Input/output error' || echo written"

	def attach(self, guest, vdev, options):
		"""Another disk of the guest's, of a server of its own with options of the filters."""
		guest.guest(1, "[ -e /root/f ] || head -c 64k /dev/urandom >/root/f")
		guest.ok(self.SERVER % {"name": vdev, "options": options})
		guest.ok(f"{guest.vane} block-attach guest1 'vdev={vdev},access=rw,target=nbd+unix:///?socket=/run/{vdev}.sock'")
		guest.guest(1, self.WAIT % vdev + "dmesg -C")

	def failing(self, guest, vdev, command):
		"""What a command in the guest prints while the disk fails, and afterwards."""
		guest.ok(f"touch /run/{vdev}.fail")
		bad = guest.guest(1, command % vdev)
		guest.ok(f"rm /run/{vdev}.fail")
		return bad, guest.guest(1, command % vdev)

	def test_read_error(self, guest):
		"""EIO of a read is an error of that read and of no other request."""
		self.attach(guest, "xvdb", "error-pread=EIO error-pread-rate=100%")
		assert self.failing(guest, "xvdb", self.READ) == ("Input/output error", "read")
		assert guest.guest(1, self.WRITE % "xvdb") == "written"
		assert guest.guest(1, "dmesg | grep -c 'I/O error, dev xvdb.*READ'") != "0"
		assert guest.ok("grep -c 'operation 0 at sector.*Input/output error' /var/log/xen/vaned.log") != "0"

	def test_no_space(self, guest):
		"""ENOSPC of a write: an error of the write in the guest (its ring has one error only), the reason in the host's log."""
		self.attach(guest, "xvdc", "error-pwrite=ENOSPC error-pwrite-rate=100%")
		assert self.failing(guest, "xvdc", self.WRITE) == ("Input/output error", "written")
		assert guest.guest(1, self.READ % "xvdc") == "read"
		assert guest.guest(1, "dmesg | grep -c 'I/O error, dev xvdc.*WRITE'") != "0"
		assert guest.ok("grep -c 'operation 1 at sector.*No space left' /var/log/xen/vaned.log") != "0"

	def test_delay(self, guest):
		"""A slow disk is slow, and nothing else: a read takes as long as the server does."""
		self.attach(guest, "xvdd", "delay-read=1500ms")
		took = guest.guest(1, "a=${EPOCHREALTIME/./}; dd if=/dev/xvdd of=/dev/null bs=4k count=1 skip=100 iflag=direct status=none;"
			" b=${EPOCHREALTIME/./}; echo $((b - a))")
		assert int(took) >= 1_400_000
		assert guest.guest(1, self.WRITE % "xvdd") == "written"
		assert guest.guest(1, "head -c 16k /root/f | cmp - <(dd if=/dev/xvdd bs=16k count=1 iflag=direct status=none) && echo same") == "same"

	def test_server_killed(self, guest):
		"""The process that shows a disk as a file dies: errors in the guest, the reason in the log, and another attach serves the same data."""
		guest.ok(f"kill -9 $(cat /run/xen/images/disk-1-{202 << 8 | 2 << 4}.pid)")
		assert guest.guest(1, self.READ % "xvdc") == "Input/output error"
		assert guest.ok("grep -c 'operation 0 at sector.*Transport endpoint is not connected' /var/log/xen/vaned.log") != "0"
		guest.ok(f"{guest.vane} block-detach guest1 xvdc")
		guest.ok(f"{guest.vane} block-attach guest1 'vdev=xvdc,access=rw,target=nbd+unix:///?socket=/run/xvdc.sock'")
		assert guest.guest(1, self.WAIT % "xvdc" + "head -c 16k /root/f | cmp - <(dd if=/dev/xvdc bs=16k count=1 iflag=direct status=none)"
			" && echo same") == "same"

	def test_connection_lost(self, guest):
		"""The NBD server dies and is there again: errors in the guest until the disk is attached anew, for what was not flushed is lost."""
		guest.ok("pkill -9 -f '[n]bdkit -U /run/xvdd.sock'; rm /run/xvdd.sock")
		assert guest.guest(1, self.READ % "xvdd") == "Input/output error"
		guest.ok(self.SERVER % {"name": "xvdd", "options": ""})
		assert guest.guest(1, self.READ % "xvdd") == "Input/output error"
		guest.ok(f"{guest.vane} block-detach guest1 xvdd")
		guest.ok(f"{guest.vane} block-attach guest1 'vdev=xvdd,access=rw,target=nbd+unix:///?socket=/run/xvdd.sock'")
		assert guest.guest(1, self.WAIT % "xvdd" + self.READ % "xvdd") == "read"

	def test_others_unharmed(self, guest):
		"""The guest's own disk had no error all the while."""
		assert guest.guest(1, "dmesg | grep 'dev xvda'; cat /root/f >/root/s && sync && cmp /root/f /root/s && echo same") == "same"
