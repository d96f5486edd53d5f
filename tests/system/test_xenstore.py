# SPDX-License-Identifier: GPL-2.0-or-later
"""The store of a running host: xenstored is killed and replaced under load; guests and dom0's kernel go on as if nothing had
been, the daemons connect again."""
import time

import pytest

LIB = "/usr/local/lib/paravane"
KILLS, UPDATES = 10, 30
START = "/opt/bin/xenstored >>/var/log/xen/xenstored.log 2>&1; until xenstore-exists / 2>/dev/null; do sleep 0.02; done"
# In a guest: writes of its node data/k by its own kernel's /dev/xen/xenbus, each with the next number, until the file
# stop is there.  Every reply must be the one to WRITE: nothing lost, nothing twice, nothing of another request.
GUEST_LOAD = r"""rm -f /run/stop /run/acked
(exec 3<>/dev/xen/xenbus
for ((i = 10000; i < 100000; i++)); do
	[ -e /run/stop ] && break
	printf '\x0b\0\0\0%b\0\0\0\0\0\0\0\x0c\0\0\0data/k\0%d' "\\x$(printf %02x $((i % 256)))" $i >&3
	reply=$(head -c 19 <&3 | od -An -v -tx1 | tr -d ' \n')
	[ "${reply:0:8} ${reply:8:2} ${reply: -6}" = "0b000000 $(printf %02x $((i % 256))) 4f4b00" ] || { echo "$i: $reply"; break; }
done
echo $i >/run/acked) >/run/said 2>&1 &
"""
GUEST_STOP = "touch /run/stop; for i in $(seq 100); do [ -s /run/acked ] && break; sleep 0.1; done; cat /run/said /run/acked"
# In dom0: the same by a client on the socket, which tries again when its connection ends.
DOM0_LOAD = r"""rm -f /run/stop
(i=0; until [ -e /run/stop ]; do
	xenstore-write /load $((i + 1)) 2>/dev/null && i=$((i + 1)) && echo $i >/run/acked
done) >/dev/null 2>&1 &"""


@pytest.fixture(scope="class")
def loaded(host):
	"""The host with a guest that answers."""
	host.start_guests(1, 1, "vcpus=1", "memory=160")
	return host


def under_load(host, what):
	"""Run commands in dom0 while the guest and a client in dom0 write; nothing acknowledged may be lost, and the guest's
	every write succeeds.  Returns how many writes of the guest were answered."""
	host.guest(1, GUEST_LOAD)
	host.ok(DOM0_LOAD)
	host.ok(what, 150)
	said = host.guest(1, GUEST_STOP).split()
	host.ok("touch /run/stop; sleep 0.3")
	assert len(said) == 1, f"the guest's kernel had a wrong reply: {said}"
	domid = host.ok(f"{host.vane} domid guest1")
	assert int(host.ok(f"xenstore-read /local/domain/{domid}/data/k")) == int(said[0]) - 1
	acked, there = host.ok("cat /run/acked; xenstore-read /load").split()
	assert int(there) in (int(acked), int(acked) + 1)
	assert host.ok("xenstore-control check").split()[-1] == "ok"
	return int(said[0]) - 10000


def hotplug(host, number):
	"""A network interface and a disk come to the running guest and go: its xenbus, and that of dom0's kernel, work."""
	vane = host.vane
	host.ok(f"{vane} network-attach guest1 mac=00:16:3e:00:01:{number:02x} bridge=xenbr0", 60)
	host.ok(f"{vane} block-attach guest1 /guests/guest2.img,raw,xvdc,r", 60)
	wait = f"for i in $(seq 100); do grep -q 3e:00:01:{number:02x} /sys/class/net/*/address && grep -q xvdc /proc/partitions" \
		" && exit 0; sleep 0.1; done; exit 1"
	host.guest(1, wait)
	host.ok(f"{vane} network-detach guest1 1 && {vane} block-detach guest1 xvdc", 60)
	host.guest(1, "for i in $(seq 100); do grep -q xvdc /proc/partitions || exit 0; sleep 0.1; done; exit 1")


class TestXenstore:
	BOOT = {"cpus": 2, "network": None, "dom0_mem": 640, "tools": "paravane"}

	def test_kills_under_load(self, loaded):
		"""kill -9 and a new start, again and again, at moments of no choice."""
		answered = under_load(loaded, f"for i in $(seq {KILLS}); do sleep 0.$((RANDOM % 9)); kill -9 $(pidof xenstored); {START};"
			" done")
		assert answered > KILLS

	def test_hotplug_after_kills(self, loaded):
		hotplug(loaded, 1)

	def test_daemons_connect_again(self, loaded):
		loaded.ok("for i in $(seq 150); do grep -q 'xenstore was started again' /var/log/xen/vaned.log &&"
			" grep -q 'xenstore was started again' /var/log/xen/vane-consoled.log && exit 0; sleep 0.1; done; exit 1")
		assert "guest1" in loaded.ok(f"{loaded.vane} list")

	def test_live_updates_under_load(self, loaded):
		"""The binary replaces itself; sockets stay open, so that no client sees anything at all."""
		pid = loaded.ok("pidof xenstored")
		loaded.ok("cp /opt/bin/xenstored /run/xenstored-new")
		loaded.ok("exec 9> >(cat >/dev/null); (xenstore-watch /held >/run/held 2>&1) & sleep 0.5")
		answered = under_load(loaded, f"for i in $(seq {UPDATES}); do xenstore-control live-update /run/xenstored-new || exit 1; done")
		assert answered > UPDATES
		assert loaded.ok("pidof xenstored") == pid
		assert loaded.ok("readlink /proc/$(pidof xenstored)/exe") == "/run/xenstored-new"
		loaded.ok("xenstore-write /held now; for i in $(seq 50); do grep -q -x /held <(tail -n +2 /run/held) && exit 0; sleep 0.1;"
			" done; cat /run/held; exit 1")

	def test_hotplug_after_updates(self, loaded):
		hotplug(loaded, 2)

	def test_own_user(self, loaded):
		"""Where there is a user xenstored, a new start becomes it, and can do all that root could: log, rings, live update; a
		start after kill -9 is root's again."""
		loaded.ok("echo xenstored:x:980:980::/run/xenstored:/usr/sbin/nologin >>/etc/passwd; echo xenstored:x:980: >>/etc/group")
		for _ in range(2):
			answered = under_load(loaded, f"kill -9 $(pidof xenstored); {START};"
				" for i in 1 2 3; do xenstore-control live-update /opt/bin/xenstored || exit 1; done")
			assert answered > 10
			assert loaded.ok("grep -E '^(Uid|Gid|Groups|CapEff|CapBnd|Seccomp):' /proc/$(pidof xenstored)/status | tr -s ' \\t' ' '"
				).splitlines() == ["Uid: 980 980 980 980", "Gid: 980 980 980 980", "Groups: ", "CapEff: 0000000000000000",
				"CapBnd: 0000000000000000", "Seccomp: 2"]
		assert "goes on as root" not in loaded.ok("cat /var/log/xen/xenstored.log")
		hotplug(loaded, 3)

	def test_new_guest_and_its_end(self, loaded):
		"""The daemons do their work with the store as it is now: a console for a new guest, its end noticed and cleaned up."""
		loaded.start_guests(2, 2, "vcpus=1", "memory=128")
		loaded.ok("for i in $(seq 100); do grep -q login: /var/log/xen/console/guest-guest2.log && exit 0; sleep 0.1; done; exit 1")
		loaded.ok(f"{loaded.vane} shutdown -w guest2", 90)
		loaded.ok(f"for i in $(seq 100); do {loaded.vane} domid guest2 || exit 0; sleep 0.2; done; exit 1")
		time.sleep(1)
		homes = loaded.ok("xenstore-list /local/domain").split()
		assert homes == ["0", loaded.ok(f"{loaded.vane} domid guest1")]

	def test_top(self, loaded):
		out = loaded.ok(f"{loaded.vane} xenstore top -b -n 1")
		assert "operations/s" in out and len(out.splitlines()) == 4
