# SPDX-License-Identifier: GPL-2.0-or-later
"""The other ways to boot: GRUB with Multiboot 2 from a CD, on BIOS with one CPU and on UEFI with two.  (Multiboot 1 is
what every other test uses.)  On the first, Debian's own unmodified tools run too."""
import os
import re

LIB = "/usr/local/lib/paravane"


class TestBios:
	BOOT = {"cpus": 1, "boot": "bios", "network": None, "tools": "xen"}

	def test_one_vcpu(self, host):
		assert host.ok("nproc") == "1"

	def test_xl_list(self, host):
		lines = host.ok("xl list").splitlines()
		assert re.match(r"Name +ID +Mem VCPUs\tState\tTime\(s\)$", lines[0])
		assert re.match(r"Domain-0 +0 +768 +1 +r----- +\d+\.\d$", lines[1])

	def test_xl_info(self, host):
		info = dict(line.split(":", 1) for line in host.ok("xl info").splitlines() if ":" in line)
		info = {k.strip(): v.strip() for k, v in info.items()}
		assert (info["xen_major"], info["xen_minor"]) == ("4", "17")
		assert info["nr_cpus"] == "1" and info["xen_pagesize"] == "4096"
		assert "xen-3.0-x86_64" in info["xen_caps"]
		assert 2000 < int(info["total_memory"]) <= 2048
		assert 768 < int(info["free_memory"]) < 2048 - 768

	def test_xl_dmesg(self, host):
		"""The log holds the hypervisor's command line, as everyone's does."""
		assert "dom0_mem=768M" in host.ok("xl dmesg")

	def test_xl_create_paused_and_destroy(self, host):
		host.ok("cat >/tmp/g.cfg <<'END'\nname='g'\ntype='pv'\nkernel='/guests/vmlinuz'\nramdisk='/guests/initrd.gz'\n"
			"memory=128\nvcpus=2\nEND\nxl create -p /tmp/g.cfg", 120)
		line = host.ok("xl list g").splitlines()[1]
		assert re.match(r"g +\d+ +128 +\d +--p--- +0\.0", line)
		free = int(host.ok("xl info free_memory"))
		host.ok("xl destroy g")
		assert host.run("xl list g")[0] == 1
		assert int(host.ok("xl info free_memory")) >= free + 128

	def test_debian_grub_script_finds_the_hypervisor(self, host):
		"""Debian's 20_linux_xen, given our file in /boot, writes a Multiboot 2 entry with the kernel and the initrd."""
		host.ok("gzip -c /opt/boot/hypervisor >/boot/xen-4.17-paravane.gz; cp /guests/vmlinuz /boot/vmlinuz-$(uname -r);"
			" cp /guests/initrd.gz /boot/initrd.img-$(uname -r); echo CONFIG_XEN_DOM0=y >/boot/config-$(uname -r)")
		out = host.ok("export pkgdatadir=/usr/share/grub GRUB_DEVICE=/dev/sda GRUB_DEVICE_BOOT=/dev/sda GRUB_FS=ext2"
			" GRUB_DEVICE_UUID= GRUB_DISABLE_UUID=true GRUB_DISABLE_LINUX_UUID=true; /etc/grub.d/20_linux_xen")
		assert re.search(r"multiboot2\s+/boot/xen-4.17-paravane\.gz placeholder", out), out
		assert re.search(r"module2\s+/boot/vmlinuz-\S+ placeholder root=", out), out
		assert re.search(r"module2\s+--nounzip\s+/boot/initrd\.img-", out), out

	def test_poweroff(self, host):
		assert host.poweroff(), host.qemu.report("the machine did not go off")


class TestUefi:
	BOOT = {"cpus": 2, "boot": "uefi", "network": None}

	def test_two_vcpus(self, host):
		assert host.ok("nproc") == "2"

	def test_list(self, host):
		assert "Domain-0" in host.ok(f"{host.vane} list")

	def test_reboot_ends_qemu(self, host):
		"""A reset ends this machine (it runs with -no-reboot), so the reset itself is seen."""
		host.send(f"exec {LIB}/off reboot")
		assert host.qemu.wait_end(60), host.qemu.report("the machine did not reset")


class TestCrash:
	BOOT = {"cpus": 2, "network": None, "services": False}

	def test_crash_prints_and_reboots(self, host):
		"""A panic of dom0's kernel: the hypervisor shows its registers and resets the machine."""
		host.send("echo c >/proc/sysrq-trigger")
		assert host.qemu.wait_end(120), host.qemu.report("the machine did not reset")
		log = bytes(host.qemu.com1.data).decode(errors="replace")
		assert re.search(r"[Dd]om(ain )?0.*crashed", log)
		assert re.search(r"rip: *[0-9a-f]+|RIP: *[0-9a-f:]+", log, re.I)


def test_logs_are_kept():
	"""Every boot above left its serial log."""
	for name in ("bios", "uefi", "crash"):
		assert os.path.getsize(os.path.join("build", "log", f"system-{name}.log")) > 1000
