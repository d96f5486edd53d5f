#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# work-image.sh FOLDER UID MB: make FOLDER/work.img, an ext4 disk, of FOLDER/tree, whose /pg belongs to UID and all else to
# root.  Runs as root or under fakeroot.
set -eu
folder=$1 uid=$2 mb=$3
tree=$folder/tree
rm -rf "$tree/dev" "$tree/tmp"
mkdir "$tree/dev" "$tree/tmp"
chmod 1777 "$tree/tmp"
chown -R 0:0 "$tree"
chown -R "$uid:$uid" "$tree/pg"
# Not root but as if: a file that its owner may not read could not be copied into the image.
find "$tree" ! -type l ! -perm -u+r -exec chmod u+r {} +
truncate -s "${mb}M" "$folder/work.img"
mkfs.ext4 -q -F -L work -O ^has_journal,^metadata_csum -E lazy_itable_init=0,nodiscard -d "$tree" "$folder/work.img"
rm -rf "$tree"
