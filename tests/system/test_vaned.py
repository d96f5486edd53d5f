# SPDX-License-Identifier: GPL-2.0-or-later
"""Our toolstack on a whole host: vaned killed and started again, guests' ends that nobody saw, bad input to `vane create`."""
import re

import pytest

LIB = "/usr/local/lib/paravane"
GONE = "for i in $(seq 200); do vane domid {0} 2>/dev/null || exit 0; sleep 0.2; done; vane list; exit 1"
CONFIG = """cat >/tmp/bad.cfg <<'END'
name = "bad"
type = "pv"
kernel = "{kernel}"
memory = {memory}
disk = [ "{disk}" ]
END
vane create /tmp/bad.cfg 2>&1"""


@pytest.fixture(scope="class")
def guests(host):
	"""The host with one guest that answers."""
	host.start_guests(1, 1, "memory=192")
	return host


class TestVaned:
	BOOT = {"cpus": 2, "network": None, "dom0_mem": 640, "tools": "paravane"}

	def test_killed_harms_no_guest(self, guests):
		guests.ok("pkill -9 -x vaned; for i in $(seq 20); do pgrep -x vaned >/dev/null || exit 0; sleep 0.1; done; exit 1")
		assert guests.guest(1, "dd if=/dev/urandom of=/root/f bs=1M count=4 status=none && sync && echo well") == "well"
		guests.ok("vaned")
		guests.ok("vane reboot guest1")
		guests.ok("for i in $(seq 300); do [ \"$(vane domid guest1)\" = 2 ] && exec " + LIB
			+ "/in-guest 1 --wait 60; sleep 0.2; done; exit 1", 120)

	def test_an_end_while_it_was_away(self, guests):
		"""A guest that ended while nobody looked is taken care of when vaned comes back."""
		guests.ok("pkill -9 -x vaned")
		guests.ok("vane shutdown -w guest1", 60)
		assert re.search(r"guest1 +2 .*s", guests.ok("vane list"))
		guests.ok("vaned")
		guests.ok(GONE.format("guest1"), 60)

	def test_its_client_may_be_anything(self, host):
		"""The socket takes one short request; what else comes is closed, and vaned goes on."""
		socket = host.ok("ss -xlH | awk '/vaned/ { print $5; exit }'")
		host.ok("for i in 1 2 3; do head -c 100000 /dev/urandom | timeout 5 busybox nc local:" + socket
			+ "; done 2>/dev/null; pgrep -x vaned")

	@pytest.mark.parametrize("case, said", [
		({"kernel": "/guests/none"}, "/guests/none"),
		({"kernel": "/tmp/cut"}, "/tmp/cut"),
		({"kernel": "/tmp/flipped"}, "/tmp/flipped"),
		({"kernel": "/etc/hostname"}, "/etc/hostname"),
		({"memory": "100000"}, "memory"),
		({"memory": "12x"}, "/tmp/bad.cfg:4"),
		({"disk": "/guests/none.img,raw,xvda,w"}, "/guests/none.img"),
		({"disk": "phy:/dev/null,xvda,w"}, "/dev/null"),
		({"disk": "/guests/debian.img,raw,nonsense,w"}, "/tmp/bad.cfg:5"),
	])
	def test_bad_input_leaves_nothing(self, host, case, said):
		"""The answer names what is wrong; no domain, node, loop device or memory stays."""
		host.ok("[ -e /tmp/cut ] || { head -c 3000000 /guests/vmlinuz >/tmp/cut; cp /guests/vmlinuz /tmp/flipped;"
			" printf '\\377\\000\\377' | dd of=/tmp/flipped bs=1 seek=2000000 conv=notrunc status=none; }")
		figures = "vane info free_memory; xenstore-ls -f / | wc -l; vane list | wc -l; losetup -a | wc -l"
		before = host.ok(figures)
		keys = {"kernel": "/guests/vmlinuz", "memory": "64", "disk": "/guests/debian.img,raw,xvda,w", **case}
		status, output = host.run(CONFIG.format(**keys))
		assert status != 0 and said in output, output
		assert host.ok(figures) == before
