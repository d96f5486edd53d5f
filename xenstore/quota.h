/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Quotas: what one domain may hold. Privileged domains are counted and never refused. Everything is
 * charged before it is allocated; a refusal is logged once for each domain and quota until its use
 * falls below half of the limit.
 */
#ifndef XENSTORE_QUOTA_H
#define XENSTORE_QUOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum quota {
#define QUOTA(name, text, value, counted, what) QUOTA_##name,
#include "quota.def"
#undef QUOTA
	QUOTA_COUNT
};

struct domain;
struct store;

struct quota_info {
	const char *name, *what;
	uint32_t initial;
	bool counted;
};
extern const struct quota_info quota_info[QUOTA_COUNT];

/* QUOTA_COUNT when there is none of that name. */
enum quota quota_by_name(const char *name);

uint64_t quota_limit(const struct domain *d, enum quota q);
/* May `d` have `more` of it on top of `have`? A refusal is logged. */
bool quota_allows(struct domain *d, enum quota q, uint64_t have, uint64_t more);
/* Charge what is counted; false and nothing charged when it is beyond the limit. */
bool quota_charge(struct domain *d, enum quota q, uint64_t n);
/* Charge without asking: for output that is owed, and for state that comes back from the log. */
void quota_force(struct domain *d, enum quota q, int64_t n);
void quota_release(struct domain *d, enum quota q, uint64_t n);

#endif
