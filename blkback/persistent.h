/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages of a guest that a disk keeps mapped, because its front end promises to use the same ones
 * for all requests ("feature-persistent" of <xen/io/blkif.h>). Their data is moved by plain
 * instructions, where otherwise the hypervisor copies it. A page that is mapped cannot be taken
 * from us: its guest's revocation waits for our end. What it holds may change while we look.
 */
#ifndef BLKBACK_PERSISTENT_H
#define BLKBACK_PERSISTENT_H

#include <stddef.h>
#include <stdint.h>

/* As many as Linux's front end uses for a ring of one page: 32 requests of 32 pages, and theirs. */
#define PERSISTENT_MAX 1056

struct persistent;

/* Of a domain; to be ended. */
struct persistent *persistent_start(uint32_t domid);
/* Unmaps all. NULL is none. */
void persistent_end(struct persistent *p);
/*
 * The page with this reference, mapped now if it was not; valid until the next call. NULL: there
 * is no room (now_ns, the monotonic clock's, says how long the others were not used), or it cannot
 * be mapped.
 */
uint8_t *persistent_page(struct persistent *p, uint32_t ref, uint64_t now_ns);
/* How many are mapped. */
unsigned int persistent_count(const struct persistent *p);

/* len is a multiple of 8. Not memcpy(): the guest may write meanwhile, and no checker shall mind.
 */
static inline void persistent_copy(void *to, const void *from, size_t len)
{
	size_t words = len / 8;

	__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
}

#endif
