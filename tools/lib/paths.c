/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The places: see paths.h.
 */
#include "tools/lib/paths.h"

const char *const path_state = "/var/lib/xen";
const char *const path_lock = "/var/lock/xl";
const char *const path_scripts = "/etc/xen/scripts";
const char *const path_conf = "/etc/xen/xl.conf";
const char *const path_cache = "/var/cache/paravane";
const char *const path_nft = "/usr/sbin/nft";
const char *const path_vaned = "/run/xen/vaned.sock";
const char *const path_sysfs = "/sys";
const char *const path_mounts = "/proc/self/mountinfo";
