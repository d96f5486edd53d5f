# SPDX-License-Identifier: GPL-2.0-or-later
"""Two stock PV guests with two vcpus each: console, disk, network, panic, shutdown; then create and destroy, over and
over, and what is left behind."""
import re
import time

import pytest

LIB = "/usr/local/lib/paravane"
CYCLES = 50
TINY = """name = "tiny"
type = "pv"
kernel = "/opt/boot/pvt.elf"
memory = 32
"""


@pytest.fixture(scope="class")
def guests(host):
	"""The host with two guests that answer."""
	host.start_guests(1, 2, "vcpus=2", "memory=192")
	return host


def figures(host):
	"""Free memory in MiB, dom0's open event ports, grant mappings in use, xenstore nodes, domains."""
	out = host.ok(f"{host.vane} info free_memory; /usr/lib/xen-4.17/bin/lsevtchn 0 | wc -l; xl debug-keys g;"
		" xl dmesg | sed -n 's/^.*d0 grants.*maptrack \\([0-9]*\\) used.*$/\\1/p' | tail -n 1; xenstore-ls -f / | wc -l;"
		f" {host.vane} list | wc -l; losetup -a | wc -l; ls /sys/class/net | wc -l")
	return [int(n) for n in out.split()]


class TestGuests:
	BOOT = {"cpus": 2, "network": None, "dom0_mem": 640}

	def test_listed(self, guests):
		lines = guests.ok(f"{guests.vane} list").splitlines()
		assert [re.split(r"\s+", line)[0] for line in lines[1:]] == ["Domain-0", "guest1", "guest2"]
		assert all(re.split(r"\s+", line)[2:4] == ["192", "2"] for line in lines[2:])

	def test_two_vcpus_each(self, guests):
		for i in (1, 2):
			assert guests.guest(i, "nproc") == "2"

	def test_console_login(self, guests):
		"""Log in on hvc0 through the console's terminal, as `console` does."""
		out = guests.ok("tty=$(xenstore-read /local/domain/$(" + guests.vane + " domid guest1)/console/tty); exec 3<>$tty;"
			" stty raw -echo <&3; until_shown() { s=; while IFS= read -r -n1 -t 30 c <&3; do s+=$c; [[ $s == *\"$1\"* ]] && return;"
			" done; echo \"no $1, but $s\"; exit 1; }; printf '\\n' >&3; until_shown login: ; printf 'root\\n' >&3;"
			" until_shown '# '; printf 'echo it is $(hostname) $((6 * 7))\\n' >&3; until_shown 'is guest1 42'; echo \"$s\"", 120)
		assert "it is guest1 42" in out

	def test_console_is_logged(self, guests):
		assert "login:" in guests.ok("cat /var/log/xen/console/guest-guest2.log")

	def test_disk_load(self, guests):
		"""Both guests write 48 MiB at once, drop their caches and read the same back."""
		script = ("cd /root && head -c 48M /dev/urandom | tee file | md5sum >sum && sync && echo 3 >/proc/sys/vm/drop_caches"
			" && md5sum <file | cmp - sum && echo same")
		out = guests.ok(f"for i in 1 2; do {LIB}/in-guest $i '{script}' & done; wait", 180)
		assert out.split() == ["same", "same"]

	def test_ping_between_guests(self, guests):
		assert "5 received" in guests.guest(1, "ping -c 5 -i 0.2 10.77.0.12")

	def test_tcp_between_guests(self, guests):
		guests.ok(f"{LIB}/in-guest 2 'nc -l -N -p 6000 </dev/null | md5sum >/root/got' >/dev/null 2>&1 &")
		guests.guest(2, "for i in $(seq 100); do ss -ltn | grep -q ':6000 ' && exit 0; sleep 0.1; done; exit 1")
		sent = guests.guest(1, "head -c 32M /dev/urandom | tee >(md5sum >/root/sent) | nc -N 10.77.0.12 6000;"
			" until [ -s /root/sent ]; do sleep 0.1; done; cat /root/sent", 120)
		got = guests.guest(2, "for i in $(seq 300); do [ -s /root/got ] && break; sleep 0.1; done; cat /root/got")
		assert got == sent, f"sent {sent}, got {got}"

	def test_no_complaint_from_the_kernels(self, guests):
		pattern = "'BUG|WARNING:|Oops|general protection|segfault|soft lockup|rcu.*stall'"
		assert guests.run(f"dmesg | grep -E {pattern}")[1].strip() == ""
		for i in (1, 2):
			assert guests.guest(i, f"dmesg | grep -E {pattern}; true") == ""

	def test_pause_and_unpause(self, guests):
		vane = guests.vane
		guests.ok(f"{vane} pause guest1")
		assert re.search(r"-[b-]p---", guests.ok(f"{vane} list guest1"))
		guests.ok(f"{vane} unpause guest1")
		assert guests.guest(1, "echo back") == "back"

	def test_guest_panic_is_its_own(self, guests):
		"""guest2's kernel panics: it is gone (on_crash is destroy), guest1 and dom0 go on."""
		guests.run(f"timeout 5 {LIB}/in-guest 2 'echo c >/proc/sysrq-trigger'")
		guests.ok(f"for i in $(seq 100); do {guests.vane} domid guest2 || exit 0; sleep 0.2; done; exit 1")
		assert guests.guest(1, "echo well") == "well"

	def test_reboot(self, guests):
		"""A guest asked to reboot starts anew as another domain, and serves again."""
		before = guests.ok(f"{guests.vane} domid guest1")
		guests.ok(f"{guests.vane} reboot guest1")
		guests.ok(f"for i in $(seq 300); do n=$({guests.vane} domid guest1) && [ $n != {before} ] && exit 0; sleep 0.2; done; exit 1", 90)
		guests.ok(f"{LIB}/in-guest 1 --wait 90", 100)
		assert guests.guest(1, "cut -d. -f1 /proc/uptime; true").isdigit()

	def test_shutdown(self, guests):
		"""It powers off when asked; `-w` waits until it is gone, and its disk is nobody's any more."""
		guests.ok(f"{guests.vane} shutdown -w guest1", 90)
		guests.ok(f"for i in $(seq 100); do {guests.vane} domid guest1 || exit 0; sleep 0.2; done; exit 1")
		assert guests.vane == "xl" or guests.ok("losetup -a") == ""


def destroy_guest1(host):
	"""Destroy it; Debian's xl leaves the loop devices that were set up for it to us."""
	host.ok(f"{host.vane} destroy guest1" + ("; losetup -D" if host.vane == "xl" else ""))


class TestCycles:
	BOOT = {"cpus": 2, "network": None, "dom0_mem": 640}

	def test_tiny_guests_leave_nothing(self, host):
		"""Create and destroy, again and again: every figure is back at its start."""
		host.ok(f"cat >/tmp/tiny.cfg <<'END'\n{TINY}END\n{host.vane} create -p /tmp/tiny.cfg && {host.vane} destroy tiny", 60)
		before = figures(host)
		host.ok(f"for i in $(seq {CYCLES}); do {host.vane} create -q -p /tmp/tiny.cfg && {host.vane} destroy tiny || exit 1;"
			" done", 240)
		assert figures(host) == before

	def test_guests_with_devices_leave_nothing(self, host):
		"""Once more with a disk and a network interface that were in use."""
		host.start_guests(1, 1, "memory=128")
		destroy_guest1(host)
		time.sleep(2)
		before = figures(host)
		host.start_guests(1, 1, "memory=128")
		destroy_guest1(host)
		time.sleep(2)
		assert figures(host) == before
