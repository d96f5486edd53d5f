# SPDX-License-Identifier: GPL-2.0-or-later
"""Disks that fail: errors and delays injected by nbdkit reach the guest as they are, and only where they belong."""
import programs
import pytest
from host import Host

NBDKIT = "/usr/lib/x86_64-linux-gnu/nbdkit"
OBJECTS = [f"{NBDKIT}/plugins/nbdkit-memory-plugin.so", f"{NBDKIT}/filters/nbdkit-error-filter.so", f"{NBDKIT}/filters/nbdkit-delay-filter.so"]


class TestBlkbackFaults:
	"""The guest's disk is NBD from nbdkit, which fails while a file exists, for as many requests as come meanwhile."""
	SERVER = "nbdkit -U /run/%(name)s.sock --filter=/opt/nbdkit/nbdkit-error-filter.so --filter=/opt/nbdkit/nbdkit-delay-filter.so" \
		" /opt/nbdkit/nbdkit-memory-plugin.so 16M error-file=/run/%(name)s.fail error-rate=0 %(options)s </dev/null >/run/%(name)s.log 2>&1"
	WAIT = "for i in $(seq 100); do [ -b /dev/%s ] && break; sleep 0.1; done; "
	READ = "dd if=/dev/%s of=/dev/null bs=4k count=4 iflag=direct status=none 2>&1 | grep -o 'Input/output error' || echo read"
	WRITE = "dd if=/root/r of=/dev/%s bs=4k count=4 oflag=direct conv=fsync status=none 2>&1 | grep -o 'Input/output error' || echo written"

	@pytest.fixture(scope="class")
	def guest(self):
		with Host("paravane", name="system-blkbackfaults", cpus=2, network=None, dom0_mem=640,
				files=programs.storage_daemon() + programs.for_dom0("nbdkit", objects=OBJECTS)) as host:
			host.ok(programs.STORAGE_READY)
			host.start_guests(1, 1, "memory=128")
			host.guest(1, "head -c 64k /dev/urandom >/root/r")
			yield host

	def attach(self, guest, vdev, options):
		"""Another disk of the guest's, of a server of its own with options of the filters."""
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
		assert guest.guest(1, "head -c 16k /root/r | cmp - <(dd if=/dev/xvdd bs=16k count=1 iflag=direct status=none) && echo same") == "same"

	def test_storage_daemon_killed(self, guest):
		"""The process that serves an image dies: errors in the guest, the reason in the log, and another attach serves the same data."""
		guest.ok(f"kill -9 $(cat /run/xen/images/disk-1-{202 << 8 | 2 << 4}.pid)")
		assert guest.guest(1, self.READ % "xvdc") == "Input/output error"
		assert guest.ok("grep -c 'operation 0 at sector.*Transport endpoint is not connected' /var/log/xen/vaned.log") != "0"
		guest.ok(f"{guest.vane} block-detach guest1 xvdc")
		guest.ok(f"{guest.vane} block-attach guest1 'vdev=xvdc,access=rw,target=nbd+unix:///?socket=/run/xvdc.sock'")
		assert guest.guest(1, self.WAIT % "xvdc" + "head -c 16k /root/r | cmp - <(dd if=/dev/xvdc bs=16k count=1 iflag=direct status=none)"
			" && echo same") == "same"

	def test_others_unharmed(self, guest):
		"""The guest's own disk had no error all the while."""
		assert guest.guest(1, "dmesg | grep 'dev xvda'; cat /root/r >/root/s && sync && cmp /root/r /root/s && echo same") == "same"
