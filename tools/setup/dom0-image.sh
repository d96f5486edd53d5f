#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# dom0-image.sh BASE.tar OVERLAY FOLDER MB KERNELTREE VERSION GUEST.img INITRD VMLINUX: make FOLDER/dom0.img.  FOLDER/packages
# lists packages to unpack over the base system, FOLDER/modules the modules to take from KERNELTREE.
set -eu
base=$1 overlay=$2 folder=$3 mb=$4 kernel=$5 version=$6 guest=$7 initrd=$8 vmlinux=$9
tree=$folder/tree
mkdir "$tree"
tar -C "$tree" --exclude='./dev/*' --exclude='./var/lib/apt/lists/*' --exclude='./var/cache/*.bin' -xpf "$base"
# The base system has /lib and /sbin as links into /usr; --keep-directory-symlink unpacks through them.
while read -r package; do
	dpkg-deb --fsys-tarfile "$package" | tar -C "$tree" --keep-directory-symlink \
		--exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' -xpf -
done <"$folder/packages"
(cd "$kernel" && tar -cf - -T "$folder/modules" "lib/modules/$version/modules.builtin" \
	"lib/modules/$version/modules.order" "lib/modules/$version/modules.builtin.modinfo") |
	tar -C "$tree" --keep-directory-symlink --no-same-owner -xpf -
depmod -b "$tree" "$version"
cp -rP --no-preserve=ownership "$overlay/." "$tree/"
sed -i 's/^root:[^:]*:/root::/' "$tree/etc/shadow"
echo 'LABEL=dom0 / ext4 defaults,noatime 0 1' >"$tree/etc/fstab"
echo dom0 >"$tree/etc/hostname"
mkdir -p "$tree/guests" "$tree/opt" "$tree/var/log/xen/console" "$tree/var/lib/xen"
# Two guests have their copies ready; more are made when they are asked for.
for copy in debian guest1 guest2; do
	cp --sparse=always "$guest" "$tree/guests/$copy.img"
done
cp "$kernel/boot/vmlinuz-$version" "$tree/guests/vmlinuz"
cp "$vmlinux" "$tree/guests/vmlinux"
cp "$initrd" "$tree/guests/initrd.gz"
# Not root but as if: a file that its owner may not read could not be copied into the image.
find "$tree" ! -type l ! -perm -u+r -exec chmod u+r {} +
truncate -s "${mb}M" "$folder/dom0.img"
mkfs.ext4 -q -F -L dom0 -E lazy_itable_init=0,nodiscard -d "$tree" "$folder/dom0.img"
rm -rf "$tree"
