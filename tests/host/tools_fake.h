/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A control domain without a hypervisor: libxencall, libxenforeignmemory and libxenstore as the
 * tools call them, on a model in memory (domains, their frames, event channels, a store with back
 * ends that answer). Every call counts; the n-th can be made to fail, which is how the tests reach
 * each error path.
 */
#ifndef TESTS_HOST_TOOLS_FAKE_H
#define TESTS_HOST_TOOLS_FAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/lib/domain.h"

#define FAKE_DOMAINS 8
#define FAKE_FRAMES  32768 /* of the host, 128 MiB */

struct fake_domain {
	bool exists, paused, pinned, claimed;
	domain_info info;
	uint32_t ports;
	uint64_t max_kb;
	uint16_t weight, cap;
	struct vcpu_guest_context context;
	uint64_t hypercall_mfn;
	uint32_t introduced;
};

struct fake {
	struct fake_domain domain[FAKE_DOMAINS];
	uint32_t next_domid;
	uint16_t owner[FAKE_FRAMES]; /* domid of each frame, 0: free */
	int mapped;		     /* foreign mappings not yet undone */
	int buffers;		     /* hypercall buffers not yet freed */
	long calls;
	long fail_at;	    /* the call that fails; 0: none */
	bool backends_dead; /* back ends that do not answer */
	char dir[64];	    /* of records, scripts, the lock, and sysfs */
	char opened[16];    /* the tap that was opened last */
	int cpus;	    /* of the control domain */
};
extern struct fake fake;

/* Everything as after boot: domain 0, an empty store, no failures. */
void fake_reset(void);
void fake_end(void);
/* A page of the host's memory. */
uint8_t *fake_page(uint64_t mfn);
/* Nodes in the store; frames in use by guests; files among the records. */
int fake_nodes(void);
int fake_frames(void);
int fake_records(void);
/* Value of a node, NULL if there is none. Owner and reader (-1) of a node. */
const char *fake_read(const char *path);
void fake_perms(const char *path, int *owner, int *reader);
void fake_write(const char *path, const char *value);
void fake_remove(const char *path);
/* A network device of the control domain: make it, is it there, give it another name. */
void fake_netdev(const char *name, const char *alias);
bool fake_has_netdev(const char *name);
void fake_rename_netdev(const char *name, const char *to);
/* A client ends: its watches, and what they had to tell. */
void fake_unwatch(void);

#endif
