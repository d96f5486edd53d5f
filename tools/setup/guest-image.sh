#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# guest-image.sh BASE.tar OVERLAY FOLDER MB: make FOLDER/guest.img, an ext4 disk with a Debian base system whose root
# logs in without a password.  Runs as root or under fakeroot.
set -eu
base=$1 overlay=$2 folder=$3 mb=$4
tree=$folder/tree
mkdir "$tree"
tar -C "$tree" --exclude='./dev/*' --exclude='./var/lib/apt/lists/*' --exclude='./var/cache/*.bin' -xpf "$base"
cp -rP --no-preserve=ownership "$overlay/." "$tree/"
sed -i 's/^root:[^:]*:/root::/' "$tree/etc/shadow"
echo '/dev/xvda / ext4 defaults,noatime 0 1' >"$tree/etc/fstab"
echo guest >"$tree/etc/hostname"
: >"$tree/etc/machine-id"
# A test machine has no use for timers that look for updates.
rm -f "$tree"/etc/systemd/system/timers.target.wants/* "$tree"/etc/systemd/system/getty.target.wants/*
for unit in e2scrub_reap.service getty-static.service systemd-pstore.service; do
	ln -sf /dev/null "$tree/etc/systemd/system/$unit"
done
for unit in paravane-net.service paravane-agent.service; do
	mkdir -p "$tree/etc/systemd/system/multi-user.target.wants"
	ln -sf "/etc/systemd/system/$unit" "$tree/etc/systemd/system/multi-user.target.wants/$unit"
done
# Not root but as if: a file that its owner may not read could not be copied into the image.
find "$tree" ! -type l ! -perm -u+r -exec chmod u+r {} +
truncate -s "${mb}M" "$folder/guest.img"
mkfs.ext4 -q -F -L guest -O ^has_journal,^metadata_csum -E lazy_itable_init=0,nodiscard -d "$tree" "$folder/guest.img"
rm -rf "$tree"
