#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Install the Debian packages that docs/dependencies.md lists for a group: packages.sh build|run
set -eu
group=$1
list=$(awk -F'|' -v g="$group" '$2 ~ /`/ && $3 ~ g { gsub(/[ `]/, "", $2); print $2 }' docs/dependencies.md)
missing=
for p in $list; do
	dpkg-query -W -f '${db:Status-Status}\n' "$p" 2>/dev/null | grep -qx installed || missing="$missing $p"
done
[ -z "$missing" ] && exit 0
echo "Debian packages to install (why: docs/dependencies.md):$missing"
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get -q update >/dev/null || { echo "apt-get update failed: check the network and try again" >&2; exit 1; }
# shellcheck disable=SC2086
$sudo apt-get install -y -q --no-install-recommends $missing >build-packages.log 2>&1 || {
	tail -20 build-packages.log >&2
	echo "could not install:$missing" >&2
	exit 1
}
rm -f build-packages.log
