/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A set of physical CPUs, by value small enough to copy (NR_CPUS bits). */
#ifndef LIB_CPUMASK_H
#define LIB_CPUMASK_H

#include "lib/atomic.h"

struct cpumask {
	u64 bits[NR_CPUS / 64];
};

static inline bool cpumask_test(const struct cpumask *m, unsigned cpu)
{
	return test_bit(m->bits, cpu);
}

static inline void cpumask_set(struct cpumask *m, unsigned cpu) /* atomic */
{
	set_bit(m->bits, cpu);
}

static inline void cpumask_clear(struct cpumask *m, unsigned cpu) /* atomic */
{
	clear_bit(m->bits, cpu);
}

static inline bool cpumask_empty(const struct cpumask *m)
{
	for (unsigned i = 0; i < ARRAY_SIZE(m->bits); i++)
		if (m->bits[i])
			return false;
	return true;
}

/* Is there no member but cpu? */
static inline bool cpumask_only(const struct cpumask *m, unsigned cpu)
{
	u64 others = READ_ONCE(m->bits[cpu / 64]) & ~BIT(cpu % 64);

	for (unsigned i = 1; i < ARRAY_SIZE(m->bits); i++)
		others |= READ_ONCE(m->bits[(cpu / 64 + i) % ARRAY_SIZE(m->bits)]);
	return !others;
}

/* The first member at or after cpu, or NR_CPUS. */
static inline unsigned cpumask_next(const struct cpumask *m, unsigned cpu)
{
	for (; cpu < NR_CPUS; cpu = (cpu / 64 + 1) * 64) {
		u64 w = READ_ONCE(m->bits[cpu / 64]) >> (cpu % 64);

		if (w)
			return cpu + (unsigned)__builtin_ctzll(w);
	}
	return NR_CPUS;
}

#define for_each_cpu(cpu, mask)                                \
	for ((cpu) = cpumask_next((mask), 0); (cpu) < NR_CPUS; \
		(cpu) = cpumask_next((mask), (cpu) + 1))

#endif
