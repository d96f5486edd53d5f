#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Make the images of a test host from fetched packages: an initrd for dom0 and guests, a guest's disk, dom0's disk.

No step needs root: where files must belong to root, the work is done under fakeroot.  All are products of the cache, so
a change to a script or to a list here makes just what depends on it anew.
"""
import glob
import os
import shutil
import subprocess
import sys

import cache
import inputs

SETUP = os.path.join(cache.ROOT, "tools", "setup")
# In the order they are loaded; what a name depends on comes before it.
INITRD_MODULES = ["crc32c_generic", "crc32c-intel", "ext4", "sd_mod", "ahci", "xen-blkfront", "xen-netfront"]
DOM0_MODULES = INITRD_MODULES + ["e1000", "e1000e", "loop", "bridge", "tun", "xen-evtchn", "xen-gntdev",
	"xen-gntalloc", "xen-privcmd", "xenfs", "xen-blkback", "xen-netback", "xen-acpi-processor", "sch_fq_codel", "fuse"]
# The project that a guest compiles: what needs only the C library, and headers.
WORK_SOURCES = ["tests/bench/primitives.c", "tests/bench/net.c"] + ["tools/lib/" + name for name in (
	"text.c", "text.h", "json.c", "json.h", "error.c", "error.h", "error.def", "units.c", "units.h", "log.c", "log.h")]
WORK_LEAVES_OUT = ["share/" + name for name in ("doc", "man", "locale", "lintian", "info", "bug", "apport", "postgresql-common")] + [
	"bin/*lto-dump*", "bin/*-dwp", "bin/*gold", "lib/gcc/*/12/lib?san.*", "lib/gcc/*/12/lto1", "lib/*/libc.a", "lib/*/libm*.a",
	"lib/*/perl", "lib/*/gconv", "lib/postgresql/15/lib/bitcode", "lib/postgresql/15/lib/llvmjit*"]
# What postgres, whose number in the guest's /etc/passwd this is, owns there.
WORK_UID = 70
GUEST_MB = 500
WORK_MB = 300
DOM0_MB = 2500


def module_files(names):
	"""Paths of modules relative to the kernel's tree, dependencies first."""
	tree, version = inputs.kernel(), inputs.kernel_version()
	files = []
	for name in names:
		text = cache.run(["modprobe", "-d", tree, "-S", version, "--show-depends", name],
			env=dict(os.environ, PATH=os.environ["PATH"] + ":/sbin:/usr/sbin"))
		for line in text.splitlines():
			path = line.split()[1] if line.startswith("insmod") else None
			if path and path not in files:
				files.append(path)
	return [os.path.relpath(path, tree) for path in files]


def as_root(script, *arguments):
	"""Run one of the scripts here as root, or as if."""
	prefix = [] if os.geteuid() == 0 else ["fakeroot", "--"]
	cache.run([*prefix, "sh", os.path.join(SETUP, script), *arguments],
		env=dict(os.environ, PATH=os.environ["PATH"] + ":/sbin:/usr/sbin"))


def cpio(tree, path):
	"""Pack a folder as a gzipped initrd; times are left out so that the same input gives the same file."""
	names = sorted(os.path.relpath(os.path.join(d, f), tree) for d, dirs, files in os.walk(tree) for f in dirs + files)
	for name in names:
		os.utime(os.path.join(tree, name), (0, 0), follow_symlinks=False)
	packed = subprocess.run(["cpio", "-o", "-H", "newc", "-R", "0:0", "--reproducible", "--quiet"],
		input="\n".join(names).encode(), stdout=subprocess.PIPE, cwd=tree, check=True).stdout
	with open(path, "wb") as f:
		f.write(subprocess.run(["gzip", "-6n"], input=packed, stdout=subprocess.PIPE, check=True).stdout)


def initrd():
	"""The initrd that mounts root= and hands over; for dom0 and for guests."""
	def build(folder):
		tree = os.path.join(folder, "tree")
		for sub in ("bin", "proc", "sys", "dev", "root", "modules"):
			os.makedirs(os.path.join(tree, sub))
		shutil.copy(os.path.join(busybox, "bin/busybox"), os.path.join(tree, "bin"))
		order = []
		for path in module_files(INITRD_MODULES):
			shutil.copy(os.path.join(inputs.kernel(), path), os.path.join(tree, "modules"))
			order.append(os.path.basename(path))
		with open(os.path.join(tree, "modules", "order"), "w") as f:
			f.write("\n".join(order) + "\n")
		shutil.copy(os.path.join(SETUP, "initrd-init"), os.path.join(tree, "init"))
		os.chmod(os.path.join(tree, "init"), 0o755)
		cpio(tree, os.path.join(folder, "initrd.gz"))
		shutil.rmtree(tree)
	busybox = inputs.unpack("busybox", inputs.INITRD_PACKAGES)
	key = cache.digest(inputs.kernel(), busybox, "@" + os.path.join(SETUP, "initrd-init"), *INITRD_MODULES)
	return os.path.join(cache.step("initrd", key, build, "making the initrd"), "initrd.gz")


def guest():
	"""A guest's disk: the Debian base system with a login on its console."""
	def build(folder):
		as_root("guest-image.sh", inputs.base(), os.path.join(SETUP, "guest"), folder, str(GUEST_MB))
	key = cache.digest(inputs.base(), "@" + os.path.join(SETUP, "guest"),
		"@" + os.path.join(SETUP, "guest-image.sh"), str(GUEST_MB))
	return os.path.join(cache.step("guest", key, build, "making the guest's disk"), "guest.img")


def work_tree(tree):
	"""Unpack the guest's programs and lay their files around them; only what the jobs need is kept."""
	for file in sorted(os.listdir(inputs.work())):
		cache.run(["dpkg-deb", "-x", os.path.join(inputs.work(), file), tree])
	shutil.copytree(os.path.join(SETUP, "work"), tree, dirs_exist_ok=True)
	for folder in ("proc", "sys", "dev/shm", "tmp", "run", "data"):
		os.makedirs(os.path.join(tree, folder))
	for source in WORK_SOURCES:
		place = os.path.join(tree, "jobs/src", source)
		os.makedirs(os.path.dirname(place), exist_ok=True)
		shutil.copy(os.path.join(cache.ROOT, source), place)
	for pattern in WORK_LEAVES_OUT:
		for path in glob.glob(os.path.join(tree, "usr", pattern)):
			shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)


def work():
	"""A disk for a guest that works: its root, in which a compiler, PostgreSQL with a database and nginx need only be started.
	postgres refuses to run as root, so the database is made in a user namespace in which nobody is."""
	def build(folder):
		tree = os.path.join(folder, "tree")
		work_tree(tree)
		cache.run(["unshare", "--user", f"--map-user={WORK_UID}", f"--map-group={WORK_UID}", f"--root={tree}", "--wd=/", "/jobs/init-database"],
			env={"PATH": "/bin:/usr/bin:/usr/sbin:/usr/lib/postgresql/15/bin"})
		as_root("work-image.sh", folder, str(WORK_UID), str(WORK_MB))
	key = cache.digest(inputs.work(), "@" + os.path.join(SETUP, "work"), "@" + os.path.join(SETUP, "work-image.sh"), str(WORK_MB), *WORK_LEAVES_OUT,
		*["@" + os.path.join(cache.ROOT, source) for source in WORK_SOURCES])
	return os.path.join(cache.step("work", key, build, "making a working guest's disk"), "work.img")


def dom0():
	"""dom0's disk: the base system, Debian's Xen tools and libraries, the modules, the guests' files."""
	def build(folder):
		with open(os.path.join(folder, "modules"), "w") as f:
			f.write("\n".join(module_files(DOM0_MODULES)) + "\n")
		with open(os.path.join(folder, "packages"), "w") as f:
			f.write("\n".join(inputs.package(p) for p in inputs.DOM0_PACKAGES) + "\n")
		as_root("dom0-image.sh", inputs.base(), os.path.join(SETUP, "dom0"), folder, str(DOM0_MB),
			inputs.kernel(), inputs.kernel_version(), guest(), initrd(), inputs.vmlinux())
	key = cache.digest(inputs.base(), guest(), initrd(), inputs.kernel(), "@" + os.path.join(SETUP, "dom0"),
		"@" + os.path.join(SETUP, "dom0-image.sh"), str(DOM0_MB), *DOM0_MODULES)
	return os.path.join(cache.step("dom0", key, build, "making dom0's disk"), "dom0.img")


if __name__ == "__main__":
	try:
		print(initrd(), guest(), dom0(), work(), sep="\n")
	except cache.Failed as e:
		sys.exit(f"images: {e}")
