/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Places on disk that the tools share with each other and with xl. Variables, so that tests bring
 * their own.
 */
#ifndef TOOLS_LIB_PATHS_H
#define TOOLS_LIB_PATHS_H

extern const char *const path_state;   /* /var/lib/xen: records of running guests */
extern const char *const path_lock;    /* /var/lock/xl: held while a guest is made or renamed */
extern const char *const path_scripts; /* /etc/xen/scripts: hotplug scripts */
extern const char *const path_conf;    /* /etc/xen/xl.conf: defaults of the host */
extern const char *const path_cache;   /* /var/cache/paravane: kernels that were unpacked */
extern const char *const path_nft;     /* /usr/sbin/nft */
extern const char *const path_vaned;   /* /run/xen/vaned.sock */
extern const char *const path_sysfs;   /* /sys */
extern const char *const path_mounts;  /* /proc/self/mountinfo */

#endif
