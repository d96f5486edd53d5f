/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Protection against a guest that sends with an address that is not its own (antispoof=1): a table
 * of nftables for each interface, named like it, of the family netdev. Its chain sees what comes in
 * from the guest before a bridge, Open vSwitch or a route does, so it is the same for all hotplug
 * scripts and stays with the device when that is renamed or moved to another bridge. Pure.
 */
#ifndef TOOLS_LIB_NICGUARD_H
#define TOOLS_LIB_NICGUARD_H

#include <stdbool.h>
#include <stdint.h>

/* Are these addresses, separated by blanks, each perhaps with a prefix length? NULL: none. */
bool nicguard_good_ips(const char *ips);
/*
 * The table in the language of nft, replacing one that is there, to be carried out as one
 * transaction; caller frees. ips: what nicguard_good_ips() said yes to.
 */
char *nicguard_rules(const char *vif, const uint8_t mac[6], const char *ips);
/* Take the table away, if there is one. */
char *nicguard_no_rules(const char *vif);

#endif
