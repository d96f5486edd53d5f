# SPDX-License-Identifier: GPL-2.0-or-later
"""vane called as xl, and Debian's own xl 4.17, on the same host at the same moment: the same output and the same exit
status.  Times of processors are left out: they go on between the two."""
import difflib
import re

import pytest

STOCK = "/usr/lib/xen-4.17/bin/xl"
OURS = "bash -c 'exec -a xl /opt/bin/vane \"$@\"' xl"
GUEST = """name = "parity"
type = "pv"
kernel = "/opt/boot/pvt.elf"
memory = 32
vcpus = 2
uuid = "11111111-2222-3333-4444-555555555555"
"""
COMMANDS = """list
li
list -v
list -n
list -c
list -l parity
list parity
list nosuch
list -x
vm-list
claims
info
info total_memory
info nosuch
vcpu-list parity
sched-credit2
sched-credit2 -d parity
sched-credit2 -s
cpupool-list
cpupool-list -c
domid parity
domid nosuch
domname 1
domname 77
network-list parity
block-list parity
destroy nosuch
shutdown nosuch
shutdown
pause
nosuchcommand
create
create /nosuch
create -n /tmp/parity.cfg
help pause
help list
help destroy
help vcpu-pin
help mem-set
rename parity
dmesg""".splitlines()


@pytest.fixture(scope="class")
def guest(host):
	"""The host with one paused guest, made by vane."""
	host.ok(f"cat >/tmp/parity.cfg <<'END'\n{GUEST}END\n/opt/bin/vane create -q -p /tmp/parity.cfg", 60)
	yield host
	host.ok("/opt/bin/vane destroy parity")


def plain(output):
	return re.sub(r" +\d+\.\d\b", " T", output)


class TestParity:
	BOOT = {"cpus": 2, "network": None, "dom0_mem": 640, "tools": "paravane"}

	@pytest.mark.parametrize("command", COMMANDS)
	def test_same(self, guest, command):
		status, stock = guest.run(f"{STOCK} {command} 2>&1")
		own_status, own = guest.run(f"{OURS} {command} 2>&1")
		difference = list(difflib.unified_diff(plain(stock).splitlines(), plain(own).splitlines(), lineterm=""))
		assert not difference, "\n".join(difference)
		assert own_status == status

	def test_stock_lists_our_guest_as_its_own(self, guest):
		"""The record that vane keeps is one that xl reads."""
		assert '"name": "parity"' in guest.ok(f"{STOCK} list -l parity")

	def test_ours_destroys_what_stock_made(self, guest):
		guest.ok(f"{STOCK} create -p -q /tmp/parity.cfg 'name=\"other\"' "
			"'uuid=\"11111111-2222-3333-4444-555555555556\"'", 60)
		guest.ok("/opt/bin/vane list other && /opt/bin/vane destroy other")
		assert guest.run("/opt/bin/vane domid other")[0] != 0
