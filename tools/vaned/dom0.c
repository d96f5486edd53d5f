/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control domain's nodes: see dom0.h. */
#include "tools/vaned/dom0.h"

#define DOM0 "/local/domain/0"

void dom0_announce(struct store *s)
{
	/* Written last, so that what was begun and not finished is done again. */
	if (store_exists(s, DOM0 "/domid"))
		return;
	store_write(s, "/local/pool/0/name", "Pool-0");
	store_put(s, DOM0, "name", "Domain-0");
	store_put(s, DOM0 "/control", "feature-poweroff", "1");
	store_put(s, DOM0 "/control", "feature-reboot", "1");
	store_put(s, DOM0 "/control", "feature-suspend", "1");
	store_put(s, DOM0, "domid", "0");
}
