/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Quotas; see quota.h. */
#include "quota.h"

#include <string.h>

#include "domain.h"
#include "report.h"
#include "store.h"

const struct quota_info quota_info[QUOTA_COUNT] = {
#define QUOTA(name, text, value, counted, what) { text, what, value, counted },
#include "quota.def"
#undef QUOTA
};

enum quota quota_by_name(const char *name)
{
	enum quota q = 0;

	while (q < QUOTA_COUNT && strcmp(quota_info[q].name, name))
		q++;
	return q;
}

uint64_t quota_limit(const struct domain *d, enum quota q)
{
	return d->limit_set & (1u << q) ? d->limit[q] : d->store->quota[q];
}

bool quota_allows(struct domain *d, enum quota q, uint64_t have, uint64_t more)
{
	uint64_t limit;

	if (domain_is_privileged(d) || d->store->restoring)
		return true;
	limit = quota_limit(d, q);
	if (have + more <= limit)
		return true;
	if (!(d->refused & (1u << q))) {
		d->refused |= 1u << q;
		report("domain %u is refused: quota %s, limit %llu", d->domid, quota_info[q].name,
			(unsigned long long)limit);
	}
	d->store->stats.refusals++;
	return false;
}

bool quota_charge(struct domain *d, enum quota q, uint64_t n)
{
	if (!quota_allows(d, q, d->use[q], n))
		return false;
	d->use[q] += n;
	return true;
}

void quota_force(struct domain *d, enum quota q, int64_t n)
{
	if (n < 0)
		quota_release(d, q, (uint64_t)-n);
	else
		d->use[q] += (uint64_t)n;
}

void quota_release(struct domain *d, enum quota q, uint64_t n)
{
	d->use[q] -= n < d->use[q] ? n : d->use[q];
	if (d->refused & (1u << q) && d->use[q] < quota_limit(d, q) / 2)
		d->refused &= ~(1u << q);
}
