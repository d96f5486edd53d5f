# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs and kernel modules that only some system tests need: they ride in dom0's initrd, to be found in /opt/extra, and
are put in their places by install() in dom0 and into a guest's disk by install_guest()."""
import os

from host import images, inputs

LEAVE_OUT = ("usr/share/doc", "usr/share/man", "usr/share/lintian", "usr/share/bash-completion", "usr/lib/python3")


def files(packages, modules):
	"""What Host(files=...) takes: packages of inputs.EXTRA_PACKAGES unpacked, and kernel modules with what they need."""
	tree, found = inputs.extra(packages), []
	for folder, _, names in os.walk(tree):
		relative = os.path.relpath(folder, tree)
		if not relative.startswith(LEAVE_OUT):
			found += [(os.path.join(folder, name), os.path.join("extra", relative, name)) for name in sorted(names)]
	# Links of other packages' files lead nowhere here.
	found = [(source, place) for source, place in found if os.path.isfile(source)]
	return found + [(os.path.join(inputs.kernel(), path), "extra/" + path) for path in images.module_files(modules)]


def install(host):
	"""Into dom0's own tree."""
	host.ok("tar -C /opt/extra -c . | tar -C / --keep-directory-symlink -x && depmod -a", 120)


def install_guest(host, number):
	"""Into a guest's disk, before it starts."""
	host.ok(f"mount -o loop /guests/guest{number}.img /mnt && tar -C /opt/extra -c . | tar -C /mnt --keep-directory-symlink -x;"
		" umount /mnt", 120)
