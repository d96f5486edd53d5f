# SPDX-License-Identifier: GPL-2.0-or-later
"""Disks of stock guests: by our blkback and, for comparison, by the kernel's xen-blkback. Every load checks what it reads.
blkback is killed over and over under load: no error, no difference, no pause over two seconds."""
import re
import time

import pytest

LIB = "/usr/local/lib/paravane"
KILLS = 20
# Four writers at once, past the guest's page cache; each compares what it reads back with what it wrote. The fifth
# process reads one block again and again and keeps the longest time that took, in milliseconds.
LOAD = """cd /root; rm -f go* bad ready; touch go
for i in 1 2 3 4; do ( n=0; head -c 2M /dev/urandom >src$i; sync src$i
while [ -e go ]; do
dd if=src$i of=dst$i bs=$((16 * i))k oflag=direct conv=fsync,notrunc status=none || echo write $i >>bad
dd if=dst$i iflag=direct bs=64k status=none | cmp - src$i || echo differs $i >>bad
n=$((n + 1)); done; echo $n >rounds$i ) </dev/null >log$i 2>&1 & done
( most=0; while [ -e go ]; do a=${EPOCHREALTIME/./}; dd if=src1 iflag=direct bs=4k count=1 of=/dev/null status=none || echo read >>bad
b=${EPOCHREALTIME/./}; [ $((b - a)) -gt $most ] && most=$((b - a)); done; echo $((most / 1000)) >pause ) </dev/null >/dev/null 2>&1 &
echo started"""
STOP = "cd /root; rm go; for p in $(jobs -p); do wait $p; done; for i in $(seq 100); do [ -e rounds1 -a -e rounds2 -a -e rounds3" \
	" -a -e rounds4 -a -e pause ] && break; sleep 0.1; done; cat bad 2>/dev/null; cat rounds[1-4] pause; rm -f rounds? pause"


def load(host, meanwhile):
	"""Run the load while `meanwhile()` does its work; rounds of each writer and the longest pause in ms."""
	host.guest(1, LOAD)
	time.sleep(3)
	meanwhile()
	time.sleep(1)
	lines = host.guest(1, STOP, 90).split()
	assert re.fullmatch(r"(\d+ ){4}\d+", " ".join(lines)), lines
	return [int(n) for n in lines[:4]], int(lines[4])


def quiet(host):
	"""Nothing in the guest's kernel log that tells of a disk in trouble."""
	assert host.guest(1, "dmesg | grep -E 'I/O error|EXT4-fs error|blkfront.*unexpected|hung task'; true") == ""


class TestBlkback:
	BOOT = {"cpus": 2, "network": None, "dom0_mem": 640}

	@pytest.fixture(scope="class")
	def guest(self, host):
		host.start_guests(1, 1, "memory=128")
		return host

	def test_is_ours(self, guest):
		assert guest.ok("xenstore-read /local/domain/0/backend/uvbd/1/51712/state") == "4"
		assert guest.ok("pgrep -xc blkback") == "1"
		assert guest.ok("losetup -a") == ""

	def test_sandboxed(self, guest):
		"""A user of its own, no capabilities, a filter, an empty root, no network."""
		status = guest.ok("cat /proc/$(pgrep -x blkback)/status")
		assert re.search(r"^Uid:\s+1879048193\s+1879048193\s+1879048193", status, re.M)
		assert re.search(r"^CapEff:\s+0+$", status, re.M) and re.search(r"^CapPrm:\s+0+$", status, re.M)
		assert re.search(r"^NoNewPrivs:\s+1$", status, re.M) and re.search(r"^Seccomp:\s+2$", status, re.M)
		assert guest.ok("ls -A /proc/$(pgrep -x blkback)/root/") == ""
		assert guest.ok("[ $(readlink /proc/$(pgrep -x blkback)/ns/net) != $(readlink /proc/self/ns/net) ] && echo apart") == "apart"

	def test_load(self, guest):
		rounds, _ = load(guest, lambda: time.sleep(5))
		assert min(rounds) > 0
		quiet(guest)

	def test_killed_under_load(self, guest):
		"""The process dies KILLS times while the guest reads and writes."""
		def kill():
			guest.ok(f"for i in $(seq {KILLS}); do p=$(pgrep -x blkback) && kill -9 $p || exit 1; sleep 1.1; done", 120)
		rounds, pause = load(guest, kill)
		print(f"{KILLS} kills, {rounds} rounds, longest pause {pause} ms")
		again = guest.ok("grep -c 'goes on' /var/log/xen/vaned.log; grep 'done again' /var/log/xen/vaned.log | grep -vc ': 0 req'")
		assert int(again.split()[0]) == KILLS
		# Not all kills met requests in flight, but some did.
		assert int(again.split()[1]) > 0
		assert pause <= 2000
		quiet(guest)

	def test_killed_at_once_again(self, guest):
		"""Killed while it starts."""
		guest.ok("for i in 1 2 3; do kill -9 $(pgrep -x blkback); sleep 0.05; done; sleep 6; pgrep -x blkback")
		rounds, _ = load(guest, lambda: None)
		assert min(rounds) > 0
		quiet(guest)

	def test_vaned_killed(self, guest):
		"""blkback outlives vaned; the next vaned finds it and starts it again when it dies."""
		before = guest.ok("pgrep -x blkback")
		guest.ok("kill -9 $(pgrep -x vaned); sleep 0.5; /opt/bin/vaned </dev/null >>/var/log/xen/vaned.log 2>&1; sleep 1")
		assert guest.ok("pgrep -x blkback") == before
		load(guest, lambda: guest.ok("kill -9 $(pgrep -x blkback); sleep 2; pgrep -x blkback"))
		quiet(guest)

	def test_destroyed(self, guest):
		"""With the guest its process goes, and what is left of it."""
		guest.ok(f"{guest.vane} destroy guest1; sleep 1; ! pgrep -x blkback && [ -z \"$(ls /run/xen/backend | grep -v empty)\" ]")


class TestBlkbackStock:
	"""The same load on the kernel's back end: which side does a failure belong to?"""
	BOOT = {"cpus": 2, "network": None, "dom0_mem": 640}

	def test_load(self, host):
		host.ok("echo 'disk.default.backendtype=\"phy\"' >>/etc/xen/xl.conf")
		host.start_guests(1, 1, "memory=128")
		assert host.ok("xenstore-read /local/domain/0/backend/vbd/1/51712/state") == "4"
		rounds, _ = load(host, lambda: time.sleep(5))
		assert min(rounds) > 0
		quiet(host)
