# SPDX-License-Identifier: GPL-2.0-or-later
"""A whole host in QEMU: a hypervisor, Debian's kernel as dom0 on its own disk, and a way to run commands there.

	with Host("paravane", cpus=2) as host:
		status, output = host.run("vane list")

The command channel is dom0's second serial port (tools/setup/dom0/.../agent holds the other end); the console stays
free for a person and for the log.
"""
import base64
import glob
import os
import re
import shlex
import shutil
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools", "setup"))

import cache  # noqa: E402
import images  # noqa: E402
import inputs  # noqa: E402
from qemu import CPU, HostFailed, Qemu  # noqa: E402

LOGS = os.path.join(ROOT, "build", "log")
WORK = os.path.join(ROOT, "build", "system")
# What must not be on the console of a healthy host.
FATAL = re.compile(rb"Panic on CPU \d+[^\n]*\n[^\n]*|Kernel panic - not syncing[^\n]*|[Dd]om0 crashed[^\n]*|"
	rb"paravane: panic[^\n]*|BUG:[^\n]*")
PROGRAMS = os.path.join(ROOT, "build", "bin")
# An initrd may be another run's of this tree, which waits for its turn with QEMU.
KEPT_S = 3600


def hypervisor_file(name):
	"""The bootable file of a hypervisor: paravane, xen, or a path."""
	if name == "xen":
		return inputs.peer()
	return os.path.join(ROOT, "build", "paravane.elf") if name == "paravane" else name


def payload(image):
	"""What is under test, the hypervisor's image among it, and rides in the initrd, to be found below /opt in dom0: [(file, place), ...]."""
	found = []
	for name in sorted(os.listdir(PROGRAMS)) if os.path.isdir(PROGRAMS) else []:
		found.append((os.path.join(PROGRAMS, name), "bin/" + name))
	found += [(image, "boot/hypervisor"), (os.path.join(ROOT, "build", "pvt.elf"), "boot/pvt.elf")]
	return [(source, place) for source, place in found if os.path.exists(source)]


def initrd_with(files):
	"""dom0's initrd with files added to it; the plain one when there are none."""
	plain = images.initrd()
	if not files:
		return plain
	os.makedirs(WORK, exist_ok=True)
	path = os.path.join(WORK, f"initrd-{cache.digest(plain, *['@' + f for f, _ in files])}.gz")
	if not os.path.exists(path):
		for old in glob.glob(os.path.join(WORK, "initrd-*")):
			if time.time() - os.path.getmtime(old) > KEPT_S:
				os.unlink(old)
		tree = os.path.join(WORK, "payload")
		shutil.rmtree(tree, ignore_errors=True)
		for source, place in files:
			os.makedirs(os.path.dirname(os.path.join(tree, "payload", place)), exist_ok=True)
			shutil.copy(source, os.path.join(tree, "payload", place))
		images.cpio(tree, path + ".payload")
		with open(path + ".part", "wb") as out:
			for part in (plain, path + ".payload"):
				with open(part, "rb") as f:
					out.write(f.read())
		os.unlink(path + ".payload")
		os.rename(path + ".part", path)
	return path


class Host:
	"""A host: `hypervisor` is paravane, xen or none (the bare kernel); `tools` is paravane or xen, by default the
	hypervisor's own; `boot` is kernel (Multiboot 1, the kernel's file unpacked before, or `kernel`), bios or uefi (GRUB with
	Multiboot 2, the kernel's file as it is); `disk` is dom0's as QEMU's -drive has it."""

	def __init__(self, hypervisor="paravane", cpus=2, memory=2048, dom0_mem=768, tools=None, hypervisor_args="",
			dom0_args="", boot="kernel", name="host", icount=False, reboots=False, network="e1000", extra=(),
			services=True, programs=True, scratch_mb=0, files=(), cpu=CPU, disk=None, kernel=None):
		self.hypervisor, self.boot, self.name = hypervisor, boot, name
		self.kernel = kernel or inputs.vmlinux()
		self.disk = disk or f"file={images.dom0()},format=raw,snapshot=on,cache=unsafe"
		self.tools = tools or ("xen" if hypervisor == "xen" else "paravane")
		self.memory, self.cpus, self.next_id, self.broken = memory, cpus, 0, None
		self.vane = "vane" if self.tools == "paravane" and os.path.exists(os.path.join(PROGRAMS, "vane")) else "xl"
		self.hypervisor_args = f"console=com1 com1=115200,8n1 dom0_mem={dom0_mem}M,max:{dom0_mem}M loglvl=info " \
			f"guest_loglvl=info {hypervisor_args}".strip()
		self.dom0_args = "console=hvc0 earlyprintk=xen root=LABEL=dom0 rw init=/usr/local/lib/paravane/init quiet " \
			f"loglevel=5 paravane.tools={self.tools} {'' if services else 'paravane.services=no '}{dom0_args}".strip()
		self.initrd = initrd_with((payload(hypervisor_file(hypervisor)) if programs else []) + list(files))
		arguments = self._disks(scratch_mb) + self._boot_arguments() + list(extra)
		if network:
			arguments += ["-netdev", "user,id=net0", "-device", f"{network},netdev=net0,mac=52:54:00:12:34:56"]
		else:
			arguments += ["-nic", "none"]
		self.qemu = Qemu(arguments, os.path.join(LOGS, name + ".log"), cpus=cpus, memory=memory, icount=icount,
			reboots=reboots, cpu=cpu)

	def _disks(self, scratch_mb):
		"""dom0's disk, whose changes are dropped unless `disk` is another, and an empty one if asked for, on AHCI."""
		arguments = ["-device", "ich9-ahci,id=ahci", "-drive",
			f"{self.disk},if=none,id=d0",
			"-device", "ide-hd,drive=d0,bus=ahci.0"]
		if scratch_mb:
			os.makedirs(WORK, exist_ok=True)
			path = os.path.join(WORK, f"{self.name}.scratch")
			with open(path, "wb") as f:
				f.truncate(scratch_mb << 20)
			arguments += ["-drive", f"file={path},format=raw,if=none,id=d1,cache=writeback",
				"-device", "ide-hd,drive=d1,bus=ahci.1"]
		return arguments

	def _boot_arguments(self):
		image = hypervisor_file(self.hypervisor)
		if not os.path.exists(image):
			raise HostFailed(f"{image} is not there: run make first")
		if self.boot == "kernel":
			module = f"{self.kernel} {self.dom0_args}".replace(",", ",,")
			return ["-kernel", image, "-append", self.hypervisor_args, "-initrd", f"{module},{self.initrd}"]
		iso = self._iso(image, inputs.vmlinuz())
		arguments = ["-drive", f"file={iso},format=raw,media=cdrom,if=ide,readonly=on"]
		if self.boot == "uefi":
			arguments += ["-drive", "if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/OVMF/OVMF_CODE.fd"]
		return arguments

	def _iso(self, image, kernel):
		"""A CD image on which GRUB loads everything by Multiboot 2, for BIOS and for UEFI."""
		tree = os.path.join(WORK, "iso")
		shutil.rmtree(tree, ignore_errors=True)
		os.makedirs(os.path.join(tree, "boot", "grub"))
		for source, name in ((image, "hypervisor"), (kernel, "vmlinuz"), (self.initrd, "initrd.gz")):
			shutil.copy(source, os.path.join(tree, "boot", name))
		with open(os.path.join(tree, "boot", "grub", "grub.cfg"), "w") as f:
			f.write("set timeout=0\nserial --unit=0 --speed=115200\nterminal_output serial\nmenuentry host {\n"
				f"multiboot2 /boot/hypervisor {self.hypervisor_args}\n"
				f"module2 /boot/vmlinuz {self.dom0_args}\n"
				"module2 --nounzip /boot/initrd.gz\n}\n")
		path = os.path.join(WORK, f"{self.name}.iso")
		cache.run(["grub-mkrescue", "-o", path, tree])
		shutil.rmtree(tree)
		return path

	def start(self, timeout=180):
		"""Boot and wait for dom0's command channel."""
		self.qemu.start()
		self.wait_channel(timeout)

	def wait_channel(self, timeout=180, start=0):
		"""Wait until dom0 takes commands, from an offset of the second serial port on."""
		self.qemu.wait(self.qemu.com2, rb"~pv hello\r?\n", timeout, start, FATAL)

	def wait_ready(self, timeout=120, start=0):
		"""Wait until dom0's services have been started."""
		self.qemu.wait(self.qemu.com1, rb"dom0: \[[\d.]+\] ready", timeout, start, FATAL)

	def run(self, command, timeout=60):
		"""Run a command in dom0's bash; return (status, output)."""
		if self.broken:
			raise HostFailed(f"the host failed before: {self.broken}")
		self.next_id += 1
		start = len(self.qemu.com2.data)
		self.qemu.com2.write(b"%d %s\n" % (self.next_id, base64.b64encode(command.encode())))
		pattern = re.compile(rb"~pv %d begin\r?\n(.*)\n~pv %d end (\d+)\r?\n" % (self.next_id, self.next_id), re.S)
		try:
			found = self.qemu.wait(self.qemu.com2, pattern, timeout, start, FATAL)
		except HostFailed as e:
			self.broken = f"in `{command}`"
			said = bytes(self.qemu.com2.data[start:]).decode(errors="replace")
			raise HostFailed(f"dom0: {command}\nprinted so far: {said}\n{e}") from None
		return int(found.group(2)), found.group(1).decode(errors="replace")

	def ok(self, command, timeout=60):
		"""Run a command that must succeed; return its output."""
		status, output = self.run(command, timeout)
		if status:
			raise HostFailed(self.qemu.report(f"dom0: {command}\nexit {status}, printed:\n{output}", 15))
		return output.strip()

	def poweroff(self, timeout=60):
		"""Power dom0 off through ACPI; True if the machine went off by itself."""
		self.send("exec /usr/local/lib/paravane/off poweroff")
		return self.qemu.wait_end(timeout)

	def reboot(self, timeout=180):
		"""Reboot the machine through ACPI and wait until dom0 is ready again (needs reboots=True)."""
		com1, com2 = len(self.qemu.com1.data), len(self.qemu.com2.data)
		self.send("exec /usr/local/lib/paravane/off reboot")
		self.wait_channel(timeout, com2)
		self.wait_ready(timeout, com1)

	def guest(self, number, command, timeout=60):
		"""Run a command in a guest; it must succeed."""
		return self.ok(f"/usr/local/lib/paravane/in-guest {number} {shlex.quote(command)}", timeout)

	def start_guests(self, first, last, *keys, timeout=180):
		"""Create guests with the quick init, of the kernel's file unpacked before, and wait until they answer."""
		self.ok(f"/usr/local/lib/paravane/guests start {first} {last} kernel=/guests/vmlinux {shlex.join(keys)}", timeout)
		for i in range(first, last + 1):
			self.ok(f"/usr/local/lib/paravane/in-guest {i} --wait {timeout}", timeout + 10)

	def send(self, command):
		"""Start a command in dom0 without waiting for its end."""
		self.qemu.com2.write(b"0 %s\n" % base64.b64encode(command.encode()))

	def stop(self):
		"""End the machine."""
		self.qemu.stop()

	def __enter__(self):
		try:
			self.start()
			self.wait_ready()
		except BaseException:
			self.stop()
			raise
		return self

	def __exit__(self, *_):
		self.stop()
