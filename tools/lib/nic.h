/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network interfaces of a guest, served by our netback or by the kernel's xen-netback and plugged
 * in by a hotplug script (/etc/xen/scripts/vif-bridge unless told otherwise). ABI: <xen/io/netif.h>
 * for the node names.
 */
#ifndef TOOLS_LIB_NIC_H
#define TOOLS_LIB_NIC_H

#include "tools/lib/config.h"
#include "tools/lib/device.h"

/*
 * The bridge is there, the script can be run, and the name that the interface is to get is free.
 * The advice names the bridges of this host.
 */
int nic_check(struct store *s, const struct nic_config *n, unsigned int index, struct error *e);
/* An address of Xen's range (00:16:3e) when none was given. */
void nic_fill_mac(struct nic_config *n, const uint8_t uuid[16]);
int nic_attach(struct store *s, uint32_t domid, const struct nic_config *n, struct error *e);
void nic_detach(struct store *s, uint32_t domid, uint32_t devid);
/* For netback: open the queues of an interface's tap, see backend_source.h. */
int nic_open(struct store *s, const char *back, uint32_t domid, uint32_t devid, int *fds,
	unsigned int max, struct error *e);

#endif
