#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Fetch what a test host is made of: Debian packages, verified by apt's own signatures, and a Debian base system.

apt runs on a state of its own in the cache with the machine's own sources (only those that call themselves Debian), so
nothing is installed and no root is needed.  The base system is installed for real by mmdebstrap: as root, or in a user
namespace where the machine allows one, or else through sudo.
"""
import glob
import gzip
import lzma
import os
import shutil
import struct
import sys

import cache

DEPMOD = shutil.which("depmod", path="/sbin:/usr/sbin:/bin:/usr/bin") or "depmod"
SUITE = "bookworm"
XEN = "4.17"
# The package that depends on the current kernel; its dependency is resolved when fetching.
KERNEL = "linux-image-amd64"
# Unpacked into dom0's image, never installed.  What they need beyond the base system is named here too; grub-common
# has the script that looks for hypervisors in /boot.
DOM0_PACKAGES = [
	f"xen-utils-{XEN}", "xen-utils-common", "xenstore-utils", f"libxenmisc{XEN}", "libxencall1", "libxendevicemodel1",
	"libxenevtchn1", "libxenforeignmemory1", "libxengnttab1", "libxenhypfs1", "libxenstore4", "libxentoolcore1",
	"libxentoollog1", "libyajl2", "libncurses6", "libncursesw6", "libxml2", "libicu72", "libjson-c5", "libmnl0",
	"libcap-ng0", "libseccomp2", "liblz4-1", "libuuid1", "libssl3", "libsystemd0", "libzstd1", "liblzma5", "zlib1g",
	"libcap2-bin", "grub-common", "libdevmapper1.02.1", "qemu-utils", "qemu-system-common", "libnuma1", "liburing2",
	"libglib2.0-0", "libfuse3-3", "libaio1", "libnbd0",
]
# The peer, for comparison and as the oracle.
PEER_PACKAGES = [f"xen-hypervisor-{XEN}-amd64"]
# What only some system tests put into dom0 or a guest, with what it needs beyond the base system; fetched apart, so that
# a change here makes no image anew.
EXTRA_PACKAGES = [
	"nftables", "libnftables1", "libnftnl11", "libjansson4", "libedit2", "libbsd0", "libmd0", "libxtables12", "libmnl0",
	"iptables", "libip4tc2", "libip6tc2", "libnetfilter-conntrack3", "libnfnetlink0",
	"iperf3", "libiperf0", "libsctp1", "libssl3",
	"grub-xen-host",
	"openvswitch-switch", "openvswitch-common", "libunbound8", "libevent-2.1-7", "libnghttp2-14", "libprotobuf-c1",
	"libbpf1", "libelf1", "libxdp1", "libnuma1", "libcap-ng0", "zlib1g",
]
# A guest's work (images.work()): a C compiler, PostgreSQL, nginx with a client, and every library that they need. Nothing else is
# in that guest. Fetched apart too.
WORK_PACKAGES = [
	"busybox-static", "libc6", "libgcc-s1", "libstdc++6", "zlib1g", "libzstd1", "liblz4-1", "liblzma5",
	"gcc-12", "cpp-12", "libgcc-12-dev", "libc6-dev", "linux-libc-dev", "binutils", "binutils-x86-64-linux-gnu", "libbinutils",
	"libctf0", "libctf-nobfd0", "libjansson4", "libgmp10", "libmpfr6", "libmpc3", "libisl23", "make",
	"postgresql-15", "postgresql-client-15", "libpq5", "libxml2", "libicu72", "libpam0g", "libaudit1", "libcap-ng0", "libcap2",
	"libselinux1", "libpcre2-8-0", "libssl3", "libsystemd0", "libgcrypt20", "libgpg-error0", "libuuid1", "libreadline8", "libtinfo6",
	"libgssapi-krb5-2", "libkrb5-3", "libk5crypto3", "libkrb5support0", "libcom-err2", "libkeyutils1",
	"libldap-2.5-0", "libsasl2-2", "libgnutls30", "libp11-kit0", "libidn2-0", "libunistring2", "libtasn1-6", "libnettle8",
	"libhogweed6", "libffi8",
	"nginx", "libcrypt1", "apache2-utils", "libapr1", "libaprutil1", "libexpat1",
]
# A shell and tools in one static program, for initrds.
INITRD_PACKAGES = ["busybox-static"]
BASE_PACKAGES = ["systemd-sysv", "udev", "kmod", "iproute2", "iputils-ping", "netcat-openbsd", "e2fsprogs", "login",
	"procps", "busybox-static"]
LEAVE_OUT = ["/usr/share/man/*", "/usr/share/locale/*", "/usr/share/doc/*", "/usr/share/info/*", "/usr/share/zoneinfo/*"]


def apt(state):
	"""apt's options for a private state in a folder."""
	for sub in ("lists/partial", "archives/partial", "sources.d"):
		os.makedirs(os.path.join(state, sub), exist_ok=True)
	open(os.path.join(state, "status"), "a").close()
	return ["-o", f"Dir::State={state}", "-o", f"Dir::State::status={state}/status",
		"-o", f"Dir::State::lists={state}/lists", "-o", f"Dir::Cache={state}", "-o", "APT::Sandbox::User=root",
		"-o", "Acquire::Retries=3", "-o", "Acquire::Languages=none"]


def sources(options):
	"""The machine's sources that are Debian's, in one-line form; the private lists must be there."""
	text = cache.run(["apt-get", *options, "indextargets", "--format",
		"deb $(REPO_URI) $(CODENAME) $(COMPONENT)", "Identifier: Packages", "Origin: Debian"])
	lines = sorted({line for line in text.splitlines() if line.split()[2].startswith(SUITE)})
	if not lines:
		raise cache.Failed(f"no source of Debian {SUITE} in /etc/apt: add Debian's archive there and try again")
	return "\n".join(lines) + "\n"


def dependency(options, package):
	"""The first package that a package depends on."""
	for line in cache.run(["apt-cache", *options, "depends", package]).splitlines():
		if line.strip().startswith("Depends:"):
			return line.split(":", 1)[1].strip()
	raise cache.Failed(f"{package}: no dependency found")


def fetch_packages(folder):
	"""Download all packages into a folder; the file `kernel` there names the kernel's package."""
	state = os.path.join(cache.place(), "apt")
	options = apt(state)
	cache.run(["apt-get", *options, "-q", "update"])
	with open(os.path.join(folder, "sources.list"), "w") as f:
		f.write(sources(options))
	kernel = dependency(options, KERNEL)
	cache.say(f"kernel is {kernel}")
	cache.run(["apt-get", *options, "-q", "download", kernel, *DOM0_PACKAGES, *PEER_PACKAGES, *INITRD_PACKAGES], cwd=folder)
	with open(os.path.join(folder, "kernel"), "w") as f:
		f.write(kernel)


def packages():
	"""Folder with the downloaded packages."""
	wanted = " ".join([KERNEL, *DOM0_PACKAGES, *PEER_PACKAGES, *INITRD_PACKAGES])
	return cache.step("packages", cache.digest(wanted), fetch_packages, "fetching Debian packages")


def fetched_apart(name, wanted):
	"""Folder with packages that are fetched by themselves, by the lists that packages() fetched."""
	def fetch(folder):
		options = apt(os.path.join(cache.place(), "apt"))
		cache.run(["apt-get", *options, "-q", "download", *wanted], cwd=folder)
	return cache.step(name, cache.digest(packages(), *wanted), fetch, "fetching Debian packages for tests")


def work():
	"""Folder with the files of WORK_PACKAGES."""
	return fetched_apart("work-packages", WORK_PACKAGES)


def extra(names):
	"""Folder with some of EXTRA_PACKAGES unpacked over each other."""
	def build(folder):
		for name in names:
			cache.run(["dpkg-deb", "-x", glob.glob(os.path.join(debs, name + "_*.deb"))[0], folder])
	assert set(names) <= set(EXTRA_PACKAGES)
	debs = fetched_apart("extra-packages", EXTRA_PACKAGES)
	return cache.step("extra", cache.digest(debs, *names), build, "unpacking packages for tests")


def package(name):
	"""The file of one downloaded package."""
	found = glob.glob(os.path.join(packages(), name + "_*.deb"))
	if len(found) != 1:
		raise cache.Failed(f"{name}: {len(found)} files in {packages()}; remove that folder and try again")
	return found[0]


def kernel_version():
	"""Debian's kernel as uname -r says it."""
	with open(os.path.join(packages(), "kernel")) as f:
		return f.read().strip().replace("linux-image-", "")


def unpack(name, packages_wanted, finish=None):
	"""Folder with packages unpacked over each other; finish(folder) ends the work."""
	def build(folder):
		for p in packages_wanted:
			cache.run(["dpkg-deb", "-x", package(p), folder])
		if finish:
			finish(folder)
	key = cache.digest(*[os.path.basename(package(p)) for p in packages_wanted])
	return cache.step(name, key, build, f"unpacking {name}")


def kernel():
	"""Folder with the kernel's package unpacked: boot/vmlinuz-*, lib/modules/* with the modules' dependencies."""
	version = kernel_version()
	return unpack("kernel", ["linux-image-" + version], lambda folder: cache.run([DEPMOD, "-b", folder, version]))


def vmlinuz():
	"""The kernel's file."""
	return os.path.join(kernel(), "boot", "vmlinuz-" + kernel_version())


def payload(image):
	"""What a bzImage has packed, by its header (Linux's Documentation/x86/boot.rst), unpacked; Debian packs by xz."""
	with open(image, "rb") as f:
		data = f.read()
	at, length = struct.unpack_from("<II", data, 0x248)
	at += 512 * (1 + (data[0x1f1] or 4))
	return lzma.LZMADecompressor().decompress(data[at:at + length])


def vmlinux():
	"""The same kernel as the ELF file that it packs: to unpack it is half of an emulated machine's boot."""
	def build(folder):
		with open(os.path.join(folder, "vmlinux"), "wb") as f:
			f.write(payload(vmlinuz()))
	return os.path.join(cache.step("vmlinux", cache.digest(kernel()), build, "unpacking the kernel's file"), "vmlinux")


def peer():
	"""Debian's Xen as an ELF file for QEMU's -kernel."""
	def finish(folder):
		with gzip.open(os.path.join(folder, "boot", f"xen-{XEN}-amd64.gz")) as packed:
			with open(os.path.join(folder, "xen.elf"), "wb") as f:
				f.write(packed.read())
	return os.path.join(unpack("peer", PEER_PACKAGES, finish), "xen.elf")


def install_base(folder):
	"""Install a Debian base system into folder/base.tar."""
	argv = ["mmdebstrap", "--quiet", "--variant=minbase", "--include=" + ",".join(BASE_PACKAGES),
		"--aptopt=APT::Install-Recommends \"false\"", "--aptopt=Acquire::Retries \"3\""]
	argv += ["--dpkgopt=path-exclude=" + path for path in LEAVE_OUT]
	argv += [SUITE, os.path.join(folder, "base.tar"), "-"]
	with open(os.path.join(packages(), "sources.list"), "rb") as f:
		text = f.read()
	work = os.path.join(folder, "work")
	os.mkdir(work)
	os.chmod(work, 0o1777)
	environment = dict(os.environ, TMPDIR=work)
	try:
		cache.run(argv, input=text, env=environment)
	except cache.Failed:
		if os.geteuid() == 0 or not shutil.which("sudo"):
			raise
		cache.say("not possible without root here: trying through sudo")
		cache.run(["sudo", "env", "TMPDIR=" + work, *argv], input=text)
	shutil.rmtree(work, ignore_errors=True)


def base():
	"""The base system as a tar file."""
	key = cache.digest(SUITE, *BASE_PACKAGES, *LEAVE_OUT, os.path.basename(packages()))
	return os.path.join(cache.step("base", key, install_base, f"installing a Debian {SUITE} base system"), "base.tar")


if __name__ == "__main__":
	try:
		print(kernel(), peer(), base(), sep="\n")
	except cache.Failed as e:
		sys.exit(f"inputs: {e}")
