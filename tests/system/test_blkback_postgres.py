# SPDX-License-Identifier: GPL-2.0-or-later
"""PostgreSQL of a guest on a disk by our blkback, which dies over and over while transactions are committed with fsync: none fails,
and what was committed is there and whole. The same by the kernel's back end, which nobody kills. The programs and the database come on
the disk images.work() (tools/setup/work)."""
import os
import re
import time

import pytest

import programs
from host import Host
from test_blkback import kill_over_and_over, quiet
from test_netback import serve

KILLS = int(os.environ.get("KILLS", "20"))
LOG = "/var/log/xen/vaned.log"
RUN = "chroot /mnt /jobs/run"
# The guest's own disk xvda is the system's; xvdb has the database, xvdc the programs.
READY = "for i in $(seq 100); do [ -b /dev/xvdb -a -b /dev/xvdc ] && break; sleep 0.1; done; mkfs.ext4 -q /dev/xvdb && mount -o ro /dev/xvdc /mnt" \
	" && mount /dev/xvdb /mnt/data && mount --bind /dev /mnt/dev && mount --bind /dev/shm /mnt/dev/shm && mount -t proc proc /mnt/proc" \
	" && mount -t tmpfs tmp /mnt/tmp && mount -t tmpfs run /mnt/run && cp -a /mnt/pg /mnt/data/pg && sync && echo ready"
BIN = "/usr/lib/postgresql/15/bin"
SQL = f"chroot /mnt {BIN}/psql -h /tmp -U bench -d postgres -Atqc "
# Rounds of transactions by 4 clients; what each printed goes to `rounds`, what went wrong to `bad`. Meanwhile nothing stays in memory
# for long: pages are read again and again, and written by checkpoints, after which the log has whole pages.
LOAD = f"""cd /root; rm -f bad rounds ended; touch go
( while [ -e go ]; do {RUN} pgbench 10 >out || cat out >>bad; cat out >>rounds; done; touch ended ) </dev/null >/dev/null 2>&1 &
( while [ -e go ]; do echo 3 >/proc/sys/vm/drop_caches; {SQL} CHECKPOINT >>bad 2>&1; done ) </dev/null >/dev/null 2>&1 &
echo started"""
STOP = "cd /root; rm go; for i in $(seq 600); do [ -e ended ] && break; sleep 0.1; done; [ -e ended ] && cat bad 2>/dev/null; cat rounds"


class Postgres:
	"""In order: each test goes on with the database of the one before."""
	SOAK = True
	BACKEND = None
	committed = None

	@pytest.fixture(scope="class")
	def guest(self, request):
		"""A host whose guest has both disks."""
		with Host("paravane", name="system-blkback-postgres", cpus=2, network=None, dom0_mem=640, extra=programs.work_drive()) as host:
			serve(host, request.cls.BACKEND, "disk")
			host.start_guests(1, 1, "memory=320")
			host.ok(f"truncate -s 192M /guests/pg.img; {host.vane} block-attach guest1 /guests/pg.img,raw,xvdb,w")
			host.ok(f"{host.vane} block-attach guest1 $(findfs LABEL=work),raw,xvdc,r")
			assert host.guest(1, READY, 120) == "ready"
			yield host

	def test_started(self, guest):
		assert guest.guest(1, f"{RUN} start /data/pg", 120) == "postgres is up"
		assert guest.guest(1, SQL + "'SHOW fsync; SHOW data_checksums; SHOW synchronous_commit; SHOW data_directory'") == "on\non\non\n/data/pg"

	def meanwhile(self, guest):
		"""What happens under load."""
		raise NotImplementedError

	def test_under_pgbench(self, guest):
		"""Each transaction that a client was told to be committed is counted."""
		guest.guest(1, LOAD)
		self.meanwhile(guest)
		time.sleep(1)
		rounds = guest.guest(1, STOP, 90).splitlines()
		counts = [re.fullmatch(r"number of transactions actually processed: (\d+)/(\d+)", line) for line in rounds]
		assert counts and all(c and c.group(1) == c.group(2) for c in counts), rounds
		type(self).committed = sum(int(c.group(1)) for c in counts)
		print(f"{self.committed} transactions in {len(counts)} rounds")
		quiet(guest)

	def sums(self, guest):
		"""The balances agree, and their history has every transaction that was committed."""
		said = guest.guest(1, f"{RUN} check", 180)
		assert re.fullmatch(r"sums agree: (-?\d+)\|\1\|\1\|\1\|" + str(self.committed), said), said

	def test_balances(self, guest):
		self.sums(guest)

	def test_checksums(self, guest):
		"""postgres stops, and what is on the disk, read anew, has the right sums; so has the file system."""
		again = "umount /mnt/data && e2fsck -fn /dev/xvdb >/root/fsck 2>&1 || cat /root/fsck; echo 3 >/proc/sys/vm/drop_caches; mount /dev/xvdb /mnt/data"
		assert guest.guest(1, f"{RUN} stop /data/pg", 120).split() == ["Bad", "checksums:", "0"]
		assert guest.guest(1, again, 60) == ""
		guest.guest(1, "umount /mnt/data; echo 3 >/proc/sys/vm/drop_caches; mount /dev/xvdb /mnt/data")

	def test_started_again(self, guest):
		"""All is there when nothing of it was in memory."""
		assert guest.guest(1, f"{RUN} start /data/pg", 120) == "postgres is up"
		self.sums(guest)
		quiet(guest)

	def test_what_is_wrong_is_found(self, guest):
		"""The same checks on a database that is wrong: a balance that no transaction made, a byte that changed on the disk."""
		guest.guest(1, SQL + "'UPDATE pgbench_branches SET bbalance = bbalance + 1'")
		assert "failed: sums differ" in guest.guest(1, f"{RUN} check || true", 60)
		file = guest.guest(1, SQL + "\"SELECT pg_relation_filepath('pgbench_accounts')\"")
		guest.guest(1, f"chroot /mnt /bin/su bench -c '{BIN}/pg_ctl -D /data/pg -w stop'", 60)
		guest.guest(1, f"printf x | dd of=/mnt/data/pg/{file} bs=1 seek=5000 conv=notrunc status=none")
		assert guest.guest(1, f"chroot /mnt /bin/su bench -c '{BIN}/pg_checksums --check -D /data/pg' 2>&1"
			" | grep -c 'checksum verification failed'", 60) == "1"


class TestBlkbackPostgres(Postgres):
	BACKEND = "user"

	def meanwhile(self, guest):
		"""KILLS kills, some of them while requests are under way."""
		before = int(guest.ok(f"sleep 2; grep -c 'blkback.*51728.*goes on' {LOG}; true"))
		kill_over_and_over(guest, 51728, LOG, before)
		again = int(guest.ok(f"grep 'done again' {LOG} | grep -vc ': 0 req'; true"))
		print(f"{KILLS} kills, {again} times with requests in flight")
		assert again > 0
		assert int(guest.ok(f"grep -c 'blkback.*51728.*goes on' {LOG}")) - before == KILLS


class TestBlkbackPostgresStock(Postgres):
	BACKEND = "phy"

	def meanwhile(self, guest):
		time.sleep(20)
