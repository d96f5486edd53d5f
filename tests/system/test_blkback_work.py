# SPDX-License-Identifier: GPL-2.0-or-later
"""What guests do with disks: fio, which checks every block that it reads by its CRC-32C, and sqlite, on each kind of disk that
can be given to a guest, by our blkback and by the kernel's back end: which side does a failure belong to?"""
import json
import os
import re

import programs
import pytest
from test_blkback import quiet
from test_netback import serve

MIB = int(os.environ.get("FIO_MIB", "8"))
ROWS = int(os.environ.get("SQLITE_ROWS", "20"))
PROGRAM = "/mnt/bin/fio --name=w --filename=/dev/xvdb --direct=1 --ioengine=libaio --iodepth=8 --rw=randwrite --bsrange=4k-64k" \
	f" --blockalign=4k --size={MIB}M --fsync=32 --verify=crc32c --verify_fatal=1 --do_verify=1 --output-format=json"
NBD_SERVER = "truncate -s 64M /guests/n.img; qemu-storage-daemon --daemonize --blockdev driver=file,node-name=n,filename=/guests/n.img" \
	" --nbd-server addr.type=unix,addr.path=/run/w.sock --export type=nbd,id=n,node-name=n,name=n,writable=on"
# Disks as `vane block-attach` has them, and what makes them ready in dom0; SATA is the disk that is as large as no other.
SATA_MB = 72
KINDS = {
	"file": ("/guests/w.img,raw,xvdb,w", "truncate -s 64M /guests/w.img"),
	"device": ("/dev/scratch,raw,xvdb,w", f"for d in /sys/block/sd*; do [ $(cat $d/size) = {SATA_MB << 11} ] && ln -s ${{d##*/}} /dev/scratch; done"),
	"qcow2": ("/guests/w.qcow2,qcow2,xvdb,w", "qemu-img create -q -f qcow2 /guests/w.qcow2 64M"),
	"nbd": ("vdev=xvdb,access=rw,target=nbd+unix:///n?socket=/run/w.sock", NBD_SERVER),
}
BUSY = "/mnt/bin/fio --name=w --filename=/dev/xvdb --direct=1 --ioengine=libaio --iodepth=8 --rw=randwrite --bs=4k --size=16M --time_based --runtime=120" \
	" --allow_file_create=0"
# One transaction a row, each synced; the table is looked at again when nothing of it is in memory any more.
SQLITE = f"""umount /srv 2>/dev/null; mkfs.ext4 -q -F /dev/xvdb && mount /dev/xvdb /srv || exit 1
( echo 'PRAGMA synchronous = FULL; CREATE TABLE t (n INTEGER PRIMARY KEY, v TEXT);'
for i in $(seq {ROWS}); do echo "INSERT INTO t VALUES ($i, printf('%05000d', $i));"; done ) | /mnt/bin/sqlite3 -bail /srv/db || exit 1
umount /srv && echo 3 >/proc/sys/vm/drop_caches && mount /dev/xvdb /srv || exit 1
/mnt/bin/sqlite3 /srv/db "PRAGMA integrity_check; SELECT count(*), sum(n), sum(v = printf('%05000d', n)) FROM t"
umount /srv && e2fsck -fn /dev/xvdb >/dev/null 2>&1 && echo clean"""


def top(host, program):
	"""The header and guest1's row, by the header's words, that a program like xentop prints."""
	lines = host.ok(f"{program} -b -f -i 1").split("\n")
	row = next(line for line in lines if line.split()[0] == "guest1").replace("no limit", "no-limit")
	return lines[0], dict(zip(lines[0].split(), row.split()))


class Work:
	"""One guest; its second disk is of each kind in turn."""
	BOOT = {"cpus": 2, "network": None, "dom0_mem": 640, "scratch_mb": SATA_MB}
	TOOLS = ("fio", "sqlite3")
	BACKEND = SERVED = None

	@pytest.fixture(scope="class")
	def guest(self, host, request):
		serve(host, request.cls.BACKEND, "disk")
		host.start_guests(1, 1, "memory=192")
		programs.give_tools(host, 1)
		return host

	def attach(self, guest, kind):
		"""The second disk of a kind."""
		target, ready = KINDS[kind]
		guest.ok(f"{ready}; {guest.vane} block-attach guest1 '{target}'")
		guest.guest(1, "for i in $(seq 50); do [ -b /dev/xvdb ] && break; sleep 0.1; done; [ -b /dev/xvdb ]")
		assert guest.ok(f"xenstore-read /local/domain/0/backend/{self.SERVED}/1/51728/state") == "4"

	def verified(self, guest, kind):
		"""All that fio wrote it has read again with the right sums; what sqlite committed is there."""
		self.attach(guest, kind)
		job = json.loads(guest.guest(1, PROGRAM, 60 + 4 * MIB))["jobs"][0]
		assert job["error"] == 0 and job["write"]["io_bytes"] == job["read"]["io_bytes"] == MIB << 20
		assert guest.guest(1, SQLITE, 180 + ROWS).split() == ["ok", f"{ROWS}|{ROWS * (ROWS + 1) // 2}|{ROWS}", "clean"]
		quiet(guest)
		guest.ok(f"{guest.vane} block-detach guest1 xvdb")

	def test_unplugged_at_work(self, guest):
		"""A disk goes while fio writes to it: fio has an error and ends, and so does the unplugging; the next disk is served."""
		self.attach(guest, "file")
		guest.guest(1, f"({BUSY} >/root/busy.log 2>&1; echo $? >/root/busy) </dev/null >/dev/null 2>&1 &"
			" for i in $(seq 300); do [ $(awk '{ print $5 }' /sys/block/xvdb/stat) -gt 100 ] && exit 0; sleep 0.1; done; exit 1")
		guest.ok(f"{guest.vane} block-detach guest1 xvdb", 60)
		ended = "for i in $(seq 300); do [ -e /root/busy ] && break; sleep 0.1; done; cat /root/busy; rm /root/busy; ls /dev/xvd*; dmesg | grep 'hung task'; true"
		assert guest.guest(1, ended).split() == ["1", "/dev/xvda", "/dev/xvdc"]
		self.attach(guest, "file")
		assert guest.guest(1, "dd if=/dev/zero of=/dev/xvdb bs=64k count=16 oflag=direct conv=fsync status=none && echo written") == "written"
		guest.guest(1, "dmesg -C")
		guest.ok(f"{guest.vane} block-detach guest1 xvdb")


class TestBlkbackWork(Work):
	BACKEND, SERVED = "user", "uvbd"

	@pytest.mark.parametrize("kind", KINDS)
	def test_verified(self, guest, kind):
		self.verified(guest, kind)

	def test_top(self, guest):
		"""`vane top` prints what blkback counts of all disks, and of the network what netback counts."""
		guest.guest(1, "sync; sleep 1")
		row = top(guest, "/opt/bin/vane top")[1]
		disks, nics = guest.ok(f"{guest.vane} block-list -s guest1"), guest.ok(f"{guest.vane} network-list -s guest1")

		def total(text, *names):
			return sum(int(n) for n in re.findall(rf"^(?:{'|'.join(names)}) (\d+)$", text, re.M))
		assert (row["VBDS"], row["NETS"]) == (str(len(re.findall("^device ", disks, re.M))), "1") and row["VBDS"] == "2"
		assert int(row["VBD_RD"]) == total(disks, "reads") and int(row["VBD_WR"]) == total(disks, "writes", "barriers")
		assert int(row["VBD_RSECT"]) == total(disks, "bytes_read") // 512
		assert int(row["VBD_WSECT"]) == total(disks, "bytes_written") // 512 > 0
		assert abs(total(nics, r"queue\d+_rx_bytes") // 1024 - int(row["NETTX(k)"])) <= 20
		assert abs(total(nics, r"queue\d+_tx_bytes") // 1024 - int(row["NETRX(k)"])) <= 20


class TestBlkbackWorkStock(Work):
	"""It serves no images and no NBD."""
	BACKEND, SERVED = "phy", "vbd"
	SOAK = ("test_verified", "test_unplugged_at_work")

	@pytest.mark.parametrize("kind", ["file", "device"])
	def test_verified(self, guest, kind):
		self.verified(guest, kind)

	def test_top(self, guest):
		"""`vane top` prints what Debian's xentop prints at the same moment, but for what goes on between the two: processor
		time, and the bytes on the network."""
		guest.guest(1, "head -c 9M /dev/urandom >/root/r; sync; sleep 1")
		header, stock = top(guest, "/usr/lib/xen-4.17/bin/xentop")
		ours_header, ours = top(guest, "/opt/bin/vane top")
		moving = {"CPU(sec)": 5, "NETTX(k)": 20, "NETRX(k)": 20}
		alike = ours.keys() - moving.keys() - {"STATE", "CPU(%)"}
		assert header == ours_header
		assert {k: stock[k] for k in alike} == {k: ours[k] for k in alike}
		assert int(ours["VBD_WSECT"]) > 8 << 11
		for column, slack in moving.items():
			assert 0 <= int(ours[column]) - int(stock[column]) <= slack, (column, stock, ours)
