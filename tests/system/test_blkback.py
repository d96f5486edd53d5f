# SPDX-License-Identifier: GPL-2.0-or-later
"""Disks of a stock guest by our blkback: plugged, changed and limited, then killed over and over. Every load checks what it reads:
no error, no difference."""
import os
import re
import time

import pytest

import programs
from host import Host
from test_netback import confined, silence

KILLS = int(os.environ.get("KILLS", "20"))
SLOW_MIB = 8
# Four writers at once, past the guest's page cache; each compares what it reads back with what it wrote. The fifth
# process reads one block again and again and keeps the longest time that took, in milliseconds.
LOAD = """cd /root; rm -f go* bad ready; touch go
for i in 1 2 3 4; do ( n=0; head -c 2M /dev/urandom >src$i; sync src$i
while [ -e go ]; do
dd if=src$i of=dst$i bs=$((16 * i))k oflag=direct conv=fsync,notrunc status=none || echo write $i >>bad
dd if=dst$i iflag=direct bs=64k status=none | cmp - src$i || echo differs $i >>bad
n=$((n + 1)); done; echo $n >rounds$i ) </dev/null >log$i 2>&1 & done
( most=0; until [ -s src1 ]; do sleep 0.1; done; while [ -e go ]; do a=${EPOCHREALTIME/./}; dd if=src1 iflag=direct bs=4k count=1 of=/dev/null status=none || echo read >>bad
b=${EPOCHREALTIME/./}; [ $((b - a)) -gt $most ] && most=$((b - a)); done; echo $((most / 1000)) >pause ) </dev/null >/dev/null 2>&1 &
echo started"""
# Two processes of fio write blocks all over their halves of a disk and read them back, again and again; each block has a sum,
# its place and its round's own number in it. What they do not like goes to `bad`.
FIO = """cd /root; : >bad; touch go
( n=0; while [ -e go ]; do /mnt/bin/fio --name=w --filename=/dev/xvdb --direct=1 --ioengine=libaio --iodepth=8 --rw=randwrite --bsrange=4k-64k \
--blockalign=4k --numjobs=2 --size=%dM --offset_increment=%dM --randrepeat=0 --verify=crc32c --verify_fatal=1 >fio.log 2>&1 || { cat fio.log >>bad; break; }
n=$((n + 1)); done; echo $n >rounds ) </dev/null >/dev/null 2>&1 &
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


@pytest.fixture(scope="module")
def guest():
	"""A host with one guest, for all of this file."""
	with Host("paravane", name="system-blkback", cpus=2, network=None, dom0_mem=640,
			extra=programs.tools_drive("fio") + programs.slow_drive(2 * SLOW_MIB, 300)) as host:
		host.start_guests(1, 1, "memory=192")
		yield host


def kill_over_and_over(host, devid, log, before):
	"""KILLS times, each a second after the one that came before goes on with this disk; it went on so often before."""
	host.ok(f"for i in $(seq {KILLS}); do p=$(pgrep -x blkback) && kill -9 $p || exit 1; for k in $(seq 100); do"
		f" [ $(grep -c 'blkback.*{devid}.*goes on' {log}) -ge $((i + {before})) ] && break; sleep 0.1; done; sleep 1; done", 60 + 10 * KILLS)


def quiet(host):
	"""Nothing in the guest's kernel log that tells of a disk in trouble."""
	assert host.guest(1, "dmesg | grep -E 'I/O error|EXT4-fs error|blkfront.*unexpected|hung task'; true") == ""


class Disks:
	"""Disks that come, go and are used while the guest runs, by either back end (test_blkback_stock.py has the kernel's)."""
	KIND = None

	def test_attach(self, guest):
		guest.ok("cd /guests; truncate -s 32M b.img; head -c 1M /dev/urandom >c.img; truncate -s 8M c.img")
		guest.ok(f"{guest.vane} block-attach guest1 /guests/b.img,raw,xvdb,w")
		guest.ok(f"{guest.vane} block-attach guest1 /guests/c.img,raw,xvdc,r")
		size = guest.guest(1, "for i in $(seq 50); do [ -b /dev/xvdb -a -b /dev/xvdc ] && break; sleep 0.1; done; blockdev --getsize64 /dev/xvdb")
		assert size == str(32 << 20)
		assert guest.ok(f"xenstore-read /local/domain/0/backend/{self.KIND}/1/51728/state") == "4"

	def test_written_and_read_back(self, guest):
		out = guest.guest(1, "head -c 8M /dev/urandom >/root/r; dd if=/root/r of=/dev/xvdb bs=256k oflag=direct status=none;"
			" dd if=/dev/xvdb bs=64k count=128 iflag=direct status=none | cmp - /root/r && md5sum </root/r")
		assert out == guest.ok("head -c 8M /guests/b.img | md5sum")

	def test_second_writer_refused(self, guest):
		status, out = guest.run(f"{guest.vane} block-attach guest1 /guests/b.img,raw,xvdd,w")
		assert status and 'in use by guest "guest1"' in out

	def test_readonly(self, guest):
		assert guest.guest(1, "cat /sys/block/xvdc/ro; dd if=/dev/zero of=/dev/xvdc bs=4k count=1 status=none 2>/dev/null || echo refused") \
			== "1\nrefused"
		assert guest.guest(1, "head -c 1M /dev/xvdc | md5sum") == guest.ok("head -c 1M /guests/c.img | md5sum")

	def test_discard(self, guest):
		"""What the guest discards is no longer there, and takes no room."""
		before = int(guest.ok("stat -c %b /guests/b.img"))
		assert guest.guest(1, "blkdiscard -o 0 -l 4M /dev/xvdb; head -c 4M /dev/xvdb | tr -d '\\0' | wc -c") == "0"
		assert int(guest.ok("sync; stat -c %b /guests/b.img")) <= before - 4 * 2048 + 64

	def test_discard_device(self, guest):
		"""The same on a block device that can: what is discarded is gone from the file behind the loop device."""
		loop = guest.ok("head -c 8M /dev/urandom >/guests/e.img; losetup --show -f /guests/e.img")
		guest.ok(f"{guest.vane} block-attach guest1 {loop},raw,xvde,w")
		limits = "cat /sys/block/%s/queue/discard_granularity"
		assert guest.guest(1, f"for i in $(seq 50); do [ -b /dev/xvde ] && break; sleep 0.1; done; {limits % 'xvde'}") \
			== guest.ok(limits % os.path.basename(loop))
		assert guest.guest(1, "blkdiscard -o 2M -l 4M /dev/xvde; head -c 6M /dev/xvde | tail -c 4M | tr -d '\\0' | wc -c") == "0"
		before, after = "head -c 2M /guests/e.img | md5sum", "tail -c 2M /guests/e.img | md5sum"
		assert guest.guest(1, "head -c 2M /dev/xvde | md5sum; tail -c 2M /dev/xvde | md5sum") == guest.ok(f"{before}; {after}")
		assert int(guest.ok("sync; stat -c %b /guests/e.img")) <= 4 * 2048 + 64
		assert guest.guest(1, "dd if=/root/r of=/dev/xvde bs=1M seek=2 count=4 oflag=direct status=none && echo written") == "written"
		guest.ok(f"{guest.vane} block-detach guest1 xvde; losetup -d {loop}; rm /guests/e.img")

	def test_discard_refused(self, guest):
		"""A disk that was attached without it."""
		guest.ok(f"truncate -s 4M /guests/f.img; {guest.vane} block-attach guest1 /guests/f.img,raw,xvdf,w,no-discard")
		assert guest.guest(1, "for i in $(seq 50); do [ -b /dev/xvdf ] && break; sleep 0.1; done;"
			" blkdiscard /dev/xvdf 2>/dev/null || echo refused") == "refused"
		guest.ok(f"{guest.vane} block-detach guest1 xvdf; rm /guests/f.img")

	def test_large_sectors(self, guest):
		"""A disk with sectors of 4096 bytes has them in the guest too, and no smaller ones are written."""
		loop = guest.ok("truncate -s 8M /guests/g.img; losetup -b 4096 --show -f /guests/g.img")
		guest.ok(f"{guest.vane} block-attach guest1 {loop},raw,xvdg,w")
		out = guest.guest(1, "for i in $(seq 50); do [ -b /dev/xvdg ] && break; sleep 0.1; done;"
			" cat /sys/block/xvdg/queue/logical_block_size /sys/block/xvdg/size; dd if=/root/r of=/dev/xvdg bs=4k seek=3 count=5 oflag=direct status=none;"
			" dd if=/dev/xvdg bs=4k skip=3 count=5 iflag=direct status=none | cmp -n 20480 - /root/r && echo same;"
			" dd if=/root/r of=/dev/xvdg bs=512 count=1 oflag=direct status=none 2>/dev/null || echo refused; head -c 20480 /root/r | md5sum")
		assert out.split()[:4] == ["4096", str(8 << 11), "same", "refused"]
		assert guest.ok("dd if=/guests/g.img bs=4k skip=3 count=5 status=none | md5sum").split()[0] == out.split()[4]
		guest.ok(f"{guest.vane} block-detach guest1 xvdg; losetup -d {loop}; rm /guests/g.img")

	def detach_under_load(self, guest):
		"""One disk goes while another is at work."""
		load(guest, lambda: guest.ok(f"{guest.vane} block-detach guest1 xvdb && {guest.vane} block-detach guest1 xvdc", 40))
		assert guest.guest(1, "ls /dev/xvd*") == "/dev/xvda"
		assert guest.run(f"xenstore-ls /local/domain/0/backend/{self.KIND}/1/51728")[0] != 0
		quiet(guest)


class TestBlkbackDisks(Disks):
	"""And what only ours does: changed, limited, counted, restarted."""
	KIND = "uvbd"

	def test_one_process(self, guest):
		"""It serves all three disks."""
		assert guest.ok("pgrep -xc blkback") == "1"

	def test_pages_stay_mapped(self, guest):
		"""Linux keeps to its pages: they were mapped, and its data is copied by the process."""
		out = guest.ok(f"{guest.vane} block-list -s guest1")
		assert int(re.search(r"^persistent_pages (\d+)", out[out.index("device 51728"):], re.M).group(1)) >= 32

	def test_resize(self, guest):
		out = guest.ok(f"{guest.vane} block-resize guest1 xvdb 48m")
		assert f"{48 << 11} sectors, before {32 << 11}" in out
		assert guest.guest(1, "for i in $(seq 50); do [ $(cat /sys/block/xvdb/size) = 98304 ] && break; sleep 0.1; done;"
			" cat /sys/block/xvdb/size; dd if=/root/r of=/dev/xvdb bs=1M seek=40 oflag=direct status=none && echo written") == "98304\nwritten"

	def test_limit(self, guest):
		"""2 MiB at 1 MiB a second take more than a second, however fast the disk is."""
		take = "a=${EPOCHREALTIME/./}; dd if=/dev/xvdb of=/dev/null bs=64k count=32 iflag=direct status=none; b=${EPOCHREALTIME/./}; echo $((b - a))"
		guest.ok(f"{guest.vane} block-limit guest1 xvdb bps=1048576")
		assert int(guest.guest(1, take)) >= 1_500_000
		guest.ok(f"{guest.vane} block-limit guest1 xvdb bps=0")
		assert "\nbps_limit 0\n" in guest.ok(f"{guest.vane} block-list -s guest1 | sed -n '/device 51728/,$p'") + "\n"

	def test_statistics(self, guest):
		out = guest.ok(f"{guest.vane} block-list -s guest1")
		disk = out[out.index("device 51728"):]
		assert int(re.search(r"^bytes_written (\d+)", disk, re.M).group(1)) >= 8 << 20
		assert int(re.search(r"^discards (\d+)", disk, re.M).group(1)) > 0
		assert sum(map(int, re.search(r"^latency_us (.*)", disk, re.M).group(1).split())) > 0

	def test_upgrade(self, guest):
		"""`vane backend restart` under load: another process, nothing lost."""
		before = guest.ok("pgrep -x blkback")
		load(guest, lambda: guest.ok(f"{guest.vane} backend restart guest1; {guest.vane} backend list", 30))
		assert guest.ok("pgrep -x blkback") not in ("", before)
		quiet(guest)

	def test_detach_under_load(self, guest):
		self.detach_under_load(guest)

	def test_idle_costs_nothing(self, guest):
		"""No wake-up of an idle guest's process in 10 s (the guest's own disk is quiet as it has no journal)."""
		guest.guest(1, "sync; sleep 12")
		ticks = "awk '/ctxt_switches/ { n += $2 } END { print n }' /proc/$(pgrep -x blkback)/task/*/status"
		before = guest.ok(ticks)
		time.sleep(10)
		assert guest.ok(ticks) == before

	def test_idle_with_two_of_each(self, guest):
		"""The same of both back ends of a guest with two disks and two interfaces."""
		guest.ok(f"truncate -s 4M /guests/h.img; {guest.vane} block-attach guest1 /guests/h.img,raw,xvdh,w;"
			f" {guest.vane} network-attach guest1 bridge=xenbr0")
		guest.guest(1, "for i in $(seq 50); do [ -b /dev/xvdh -a -e /sys/class/net/eth1 ] && break; sleep 0.1; done; head -c 1M /dev/xvdh >/dev/null;"
			" ip link set eth1 up; sync")
		silence(guest, 1)
		domid = guest.ok(f"{guest.vane} domid guest1")
		states = f"for k in uvbd/{domid} uvif/{domid}; do for d in $(xenstore-list /local/domain/0/backend/$k); do" \
			" xenstore-read /local/domain/0/backend/$k/$d/state; done; done"
		out = guest.ok(f"cat /sys/class/net/vif{domid}.[01]/carrier; {states}").split()
		assert out[:2] == ["1", "1"] and len(out) >= 6 and set(out[2:]) == {"4"}, out
		ticks = f"for p in $(pgrep -f '(blkback|netback) .* {domid}$'); do cat /proc/$p/comm; awk '/ctxt_switches/ {{ n += $2 }} END {{ print n }}' /proc/$p/task/*/status; done"
		time.sleep(25)
		before = guest.ok(ticks)
		assert sorted(before.split()[::2]) == ["blkback", "netback"]
		time.sleep(10)
		assert guest.ok(ticks) == before
		guest.ok(f"{guest.vane} network-detach guest1 1; {guest.vane} block-detach guest1 xvdh; rm /guests/h.img")

	def test_target_comes_back(self, guest):
		"""A disk that cannot be opened after a kill, but can be some seconds later: the guest waits and has no error."""
		guest.ok(f"head -c 1M /dev/urandom >/guests/i.img; {guest.vane} block-attach guest1 /guests/i.img,raw,xvdi,w")
		guest.guest(1, "for i in $(seq 50); do [ -b /dev/xvdi ] && break; sleep 0.1; done; sleep 1")
		guest.ok("mv /guests/i.img /guests/away.img; kill -9 $(pgrep -x blkback); (sleep 5; mv /guests/away.img /guests/i.img) >/dev/null 2>&1 &")
		assert guest.guest(1, "dd if=/dev/xvdi bs=64k iflag=direct status=none | md5sum", 90) == guest.ok("md5sum </guests/i.img")
		quiet(guest)
		guest.ok(f"{guest.vane} block-detach guest1 xvdi; rm /guests/i.img")

	def test_bad_target(self, guest):
		"""A disk that cannot be opened after a kill is tried again for half a minute; then it is closed with the reason."""
		status, out = guest.run(f"truncate -s 1M /guests/d.img; {guest.vane} block-attach guest1 /guests/d.img,raw,xvdd,w"
			" && rm /guests/d.img && kill -9 $(pgrep -x blkback);"
			" for i in $(seq 60); do sleep 1; [ $(xenstore-read /local/domain/0/backend/uvbd/1/51760/state) = 6 ] && break; done;"
			" xenstore-read /local/domain/0/error/backend/uvbd/1/51760/error; xenstore-read /local/domain/0/backend/uvbd/1/51760/state", 100)
		assert "/guests/d.img: No such file" in out and out.split()[-1] == "6"
		assert guest.guest(1, "cat /root/r | wc -c") == str(8 << 20)
		guest.ok(f"{guest.vane} block-detach -f guest1 xvdd")


class TestBlkback:
	"""The process: confined, killed, gone."""
	def test_is_ours(self, guest):
		assert guest.ok("xenstore-read /local/domain/0/backend/uvbd/1/51712/state") == "4"
		assert guest.ok("pgrep -xc blkback") == "1"
		assert guest.ok("losetup -a") == ""

	def test_sandboxed(self, guest):
		"""A user of its own, no capabilities, a filter, an empty root, no network."""
		confined(guest, "pgrep -x blkback", 0x70000000 + 1)

	def test_pages_are_granted(self, guest):
		"""Its data lie in pages that are granted to the control domain, not in the plain ones that would do."""
		assert guest.ok("grep -c /dev/xen/gntalloc /proc/$(pgrep -x blkback)/maps") == "1"

	def test_load(self, guest):
		rounds, _ = load(guest, lambda: time.sleep(5))
		assert min(rounds) > 0
		quiet(guest)

	def test_killed_under_fio(self, guest):
		"""The process dies KILLS times while fio writes to a slow disk, or reads what it wrote: not one error of either kind."""
		log = "/var/log/xen/vaned.log"
		disk = guest.ok(f"grep -lx {2 * SLOW_MIB << 11} /sys/block/sd*/size | cut -d/ -f4")
		guest.ok(f"{guest.vane} block-attach guest1 /dev/{disk},raw,xvdb,w")
		programs.give_tools(guest, 1)
		guest.guest(1, FIO % (SLOW_MIB, SLOW_MIB))
		before = int(guest.ok(f"sleep 2; grep -c 'blkback.*51712.*goes on' {log}; true"))
		kill_over_and_over(guest, 51712, log, before)
		rounds = guest.guest(1, "cd /root; rm go; for i in $(seq 600); do [ -s rounds ] && break; sleep 0.1; done; cat bad; cat rounds", 90)
		again = int(guest.ok(f"grep '51728.*done again' {log} | grep -vc ': 0 req'"))
		print(f"{KILLS} kills, {rounds} rounds of fio, {again} rings with requests in flight")
		# Some come while fio begins a round and has not asked for anything.
		assert int(rounds) > 0 and again >= KILLS / 5
		assert int(guest.ok(f"grep -c 'blkback.*51712.*goes on' {log}")) - before == KILLS
		quiet(guest)
		guest.guest(1, "umount /mnt")
		guest.ok(f"{guest.vane} block-detach guest1 xvdb; {guest.vane} block-detach guest1 xvdc")

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
		guest.ok(f"{guest.vane} destroy guest1; sleep 1; ! pgrep -x blkback && [ -z \"$(ls /run/xen/backend)\" ]")
