# SPDX-License-Identifier: GPL-2.0-or-later
"""What guests do with disks: fio, which checks every block that it reads by its CRC-32C, and sqlite, on each kind of disk that
can be given to a guest."""
import json
import os

import programs
import pytest
from host import Host

MIB = int(os.environ.get("FIO_MIB", "8"))
ROWS = int(os.environ.get("SQLITE_ROWS", "20"))
PROGRAM = "/mnt/bin/fio --name=w --filename=/dev/xvdb --direct=1 --ioengine=libaio --iodepth=8 --rw=randwrite --bsrange=4k-64k" \
	f" --blockalign=4k --size={MIB}M --fsync=32 --verify=crc32c --verify_fatal=1 --do_verify=1 --output-format=json"
MEMORY_PLUGIN = "/usr/lib/x86_64-linux-gnu/nbdkit/plugins/nbdkit-memory-plugin.so"
# Disks as `vane block-attach` has them, and what makes them ready in dom0; SATA is the disk that is as large as no other.
SATA_MB = 72
KINDS = {
	"file": ("/guests/w.img,raw,xvdb,w", "truncate -s 64M /guests/w.img"),
	"device": ("/dev/scratch,raw,xvdb,w", f"for d in /sys/block/sd*; do [ $(cat $d/size) = {SATA_MB << 11} ] && ln -s ${{d##*/}} /dev/scratch; done"),
	"nbd": ("vdev=xvdb,access=rw,target=nbd+unix:///?socket=/run/w.sock", "nbdkit -U /run/w.sock /opt/nbdkit/nbdkit-memory-plugin.so 64M"),
}
# One transaction a row, each synced; the table is looked at again when nothing of it is in memory any more.
SQLITE = f"""umount /srv 2>/dev/null; mkfs.ext4 -q -F /dev/xvdb && mount /dev/xvdb /srv || exit 1
( echo 'PRAGMA synchronous = FULL; CREATE TABLE t (n INTEGER PRIMARY KEY, v TEXT);'
for i in $(seq {ROWS}); do echo "INSERT INTO t VALUES ($i, printf('%05000d', $i));"; done ) | /mnt/bin/sqlite3 -bail /srv/db || exit 1
umount /srv && echo 3 >/proc/sys/vm/drop_caches && mount /dev/xvdb /srv || exit 1
/mnt/bin/sqlite3 /srv/db "PRAGMA integrity_check; SELECT count(*), sum(n), sum(v = printf('%05000d', n)) FROM t"
umount /srv && e2fsck -fn /dev/xvdb >/dev/null 2>&1 && echo clean"""


class TestBlkbackWork:
	"""One guest; its second disk is of each kind in turn."""

	@pytest.fixture(scope="class")
	def guest(self):
		tools = programs.disk("tools", "fio", "sqlite3")
		with Host("paravane", name="system-blkbackwork", cpus=2, network=None, dom0_mem=640, scratch_mb=SATA_MB,
				files=programs.for_dom0("nbdkit", objects=[MEMORY_PLUGIN]),
				extra=["-drive", f"file={tools},format=raw,if=none,id=d2,snapshot=on", "-device", "ide-hd,drive=d2,bus=ahci.2"]) as host:
			host.start_guests(1, 1, "memory=192")
			host.ok(f"{host.vane} block-attach guest1 $(findfs LABEL=tools),raw,xvdc,r")
			host.guest(1, "for i in $(seq 50); do [ -b /dev/xvdc ] && break; sleep 0.1; done; mount -o ro /dev/xvdc /mnt")
			yield host

	def attach(self, guest, kind):
		"""The second disk of a kind."""
		target, ready = KINDS[kind]
		guest.ok(f"{ready}; {guest.vane} block-attach guest1 '{target}'")
		guest.guest(1, "for i in $(seq 50); do [ -b /dev/xvdb ] && break; sleep 0.1; done; [ -b /dev/xvdb ]")
		assert guest.run("xenstore-exists /local/domain/0/backend/uvbd/1/51728")[0] == 0

	def detach(self, guest):
		"""And away, with nothing in the guest's log about it."""
		assert guest.guest(1, "dmesg | grep -E 'I/O error|EXT4-fs error|hung task'; true") == ""
		guest.ok(f"{guest.vane} block-detach guest1 xvdb")

	@pytest.mark.parametrize("kind", KINDS)
	def test_verified(self, guest, kind):
		"""All that fio wrote it has read again with the right sums; what sqlite committed is there."""
		self.attach(guest, kind)
		job = json.loads(guest.guest(1, PROGRAM, 60 + 4 * MIB))["jobs"][0]
		assert job["error"] == 0 and job["write"]["io_bytes"] == job["read"]["io_bytes"] == MIB << 20
		assert guest.guest(1, SQLITE, 60 + ROWS).split() == ["ok", f"{ROWS}|{ROWS * (ROWS + 1) // 2}|{ROWS}", "clean"]
		self.detach(guest)
