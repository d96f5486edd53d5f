# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs of this machine, taken with their libraries to where they are not installed: dom0's /opt, or a disk of a guest's."""
import os
import re
import shutil
import tempfile

from host import WORK, cache, images


def libraries(*programs):
	"""Every library, the loader among them, that programs or shared objects need."""
	found = set()
	for program in programs:
		found |= set(re.findall(r"(/\S+) \(0x", cache.run(["ldd", program])))
	return sorted(found)


def wrapper(name, where):
	"""A script that starts the program `name` in the folder `where`, which has its libraries too; its path here."""
	path = os.path.join(WORK, name + ".sh")
	os.makedirs(WORK, exist_ok=True)
	with open(path, "w") as f:
		f.write(f"#!/bin/sh\nexec {where}/ld-linux-x86-64.so.2 --library-path {where} {where}/{name} \"$@\"\n")
	os.chmod(path, 0o755)
	return path


def for_dom0(*names, objects=()):
	"""Programs in dom0's PATH; shared objects that they load by themselves, and all else, in /opt/FIRSTNAME: [(file, place), ...]."""
	paths = [*map(shutil.which, names), *objects]
	return [(file, f"{names[0]}/" + os.path.basename(file)) for file in [*libraries(*paths), *paths]] \
		+ [(wrapper(name, "/opt/" + names[0]), "bin/" + name) for name in names]


def disk(name, *programs):
	"""A disk image (ext4) whose /bin has programs to be run when it is mounted on /mnt; its path. What another test put there
	under this name is left to the machine that runs with it."""
	os.makedirs(WORK, exist_ok=True)
	tree = tempfile.mkdtemp(prefix=name, dir=WORK)
	os.chmod(tree, 0o755)
	new, path = tree + ".img", os.path.join(WORK, "-".join([name, *programs]) + ".img")
	for sub in ("bin", "lib"):
		os.makedirs(os.path.join(tree, sub))
	for file in [*libraries(*map(shutil.which, programs)), *map(shutil.which, programs)]:
		shutil.copy(file, os.path.join(tree, "lib"))
	for program in programs:
		shutil.copy(wrapper(program, "/mnt/lib"), os.path.join(tree, "bin", program))
	with open(new, "wb") as f:
		f.truncate(256 << 20)
	cache.run(["/sbin/mkfs.ext4", "-q", "-F", "-O", "^has_journal,^metadata_csum", "-E", "lazy_itable_init=0,nodiscard", "-L", name, "-d", tree, new])
	os.replace(new, path)
	shutil.rmtree(tree)
	return path


def tools_drive(*names):
	"""What Host(extra=...) takes: a disk of programs for guests, for give_tools()."""
	return drive(disk("tools", *names))


def work_drive():
	"""The same with the root of a guest that works (images.work())."""
	return drive(images.work())


def drive(path, port=2, limit=""):
	"""A disk image as one more disk of the host's."""
	return ["-drive", f"file={path},format=raw,if=none,id=d{port},snapshot=on{limit}", "-device", f"ide-hd,drive=d{port},bus=ahci.{port}"]


def slow_drive(mib, requests):
	"""An empty disk that answers so many requests a second."""
	path = os.path.join(WORK, f"empty{mib}.img")
	os.makedirs(WORK, exist_ok=True)
	with open(path, "ab") as f:
		f.truncate(mib << 20)
	return drive(path, 3, f",throttling.iops-total={requests}")


def give_tools(host, number):
	"""The disk of programs becomes a running guest's xvdc, mounted on /mnt there."""
	host.ok(f"{host.vane} block-attach guest{number} $(findfs LABEL=tools),raw,xvdc,r")
	host.guest(number, "for i in $(seq 50); do [ -b /dev/xvdc ] && break; sleep 0.1; done; mount -o ro /dev/xvdc /mnt")
