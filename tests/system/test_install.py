# SPDX-License-Identifier: GPL-2.0-or-later
"""`make install` on a Debian control domain that systemd starts: the units come up, and come back."""
import os
import shutil
import subprocess

import pytest

from host import Host, ROOT, WORK

TREE = os.path.join(WORK, "install")
# Becomes init: lays what was installed over dom0's disk, enables the units, and hands over to systemd.
START = """#!/bin/bash
export PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin
mount -o remount,rw /
tar -C / --keep-directory-symlink --no-same-owner -xpf /opt/tree.tar
systemctl --quiet enable xenstored xenconsoled vaned channel
exec /sbin/init
"""
CHANNEL = """[Unit]
After=vaned.service
[Service]
ExecStart=/usr/local/lib/paravane/agent ttyS1
ExecStartPost=/bin/sh -c 'echo "dom0: [0.0] ready" >/dev/console'
[Install]
WantedBy=multi-user.target
"""


def installed():
	"""Files for dom0: the installed tree, the script that begins, the command channel."""
	shutil.rmtree(TREE, ignore_errors=True)
	subprocess.run(["make", "-s", "-C", ROOT, "install", f"DESTDIR={TREE}"], check=True, stdout=subprocess.DEVNULL,
		env=dict(os.environ, MAKEFLAGS=""))
	unit = os.path.join(TREE, "etc", "systemd", "system", "channel.service")
	os.makedirs(os.path.dirname(unit))
	for path, text in ((unit, CHANNEL), (TREE + ".start", START)):
		with open(path, "w") as f:
			f.write(text)
	os.chmod(TREE + ".start", 0o755)
	subprocess.run(["tar", "-C", TREE, "-cf", TREE + ".tar", "."], check=True)
	return [(TREE + ".tar", "tree.tar"), (TREE + ".start", "start")]


class TestInstall:
	@pytest.fixture(scope="class")
	def host(self):
		with Host("paravane", name="system-install", cpus=2, network=None, services=False, programs=False, files=installed(),
				dom0_args="init=/opt/start systemd.show_status=0") as host:
			yield host

	def test_units_are_up(self, host):
		for unit in ("proc-xen.mount", "xenstored", "xenconsoled", "vaned", "xen-init-dom0"):
			assert host.ok(f"systemctl is-active {unit}") == "active"
		assert host.run("systemctl --failed --no-legend")[1].strip() == ""
		assert b"/usr/local/lib/systemd" not in host.qemu.com1.data, "systemd complained of a unit"

	def test_xl_is_ours(self, host):
		assert host.ok("readlink -f $(command -v xl)") == "/usr/local/sbin/vane"
		assert host.ok("xl list Domain-0 | awk 'NR == 2 { print $1, $2 }'") == "Domain-0 0"
		assert host.ok("xenstore-read /local/domain/0/name") == "Domain-0"

	def test_store_runs_as_its_own_user(self, host):
		assert host.ok("stat -c %U /proc/$(systemctl show -P MainPID xenstored)") == "xenstored"

	def test_killed_store_comes_back_as_it_was(self, host):
		before = host.ok("xenstore-write /tool/kept yes; systemctl show -P MainPID xenstored")
		host.ok(f"kill -9 {before}; for i in $(seq 100); do p=$(systemctl show -P MainPID xenstored);"
			f" [ $p != 0 ] && [ $p != {before} ] && systemctl -q is-active xenstored && exit; sleep 0.1; done; exit 1")
		assert host.ok("xenstore-read /tool/kept") == "yes"

	def test_restarted_units(self, host):
		"""By hand, for a new version; a guest that is there stays, and is known afterwards."""
		host.ok("printf 'name=\"small\"\\nkernel=\"/guests/vmlinuz\"\\nmemory=128\\n' >/root/small.cfg; xl create -qp /root/small.cfg")
		host.ok("systemctl restart xenstored xenconsoled vaned")
		assert host.ok("xl domid small") == host.ok("xl list small | awk 'NR == 2 { print $2 }'")
		host.ok("xl destroy small")
		assert host.ok("xenstore-read /tool/kept") == "yes"

	def test_poweroff(self, host):
		host.send("exec systemctl poweroff")
		assert host.qemu.wait_end(120), host.qemu.report("the machine did not go off")
