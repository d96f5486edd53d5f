/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Domains as the hypervisor knows them: list, state, life and death, limits. Nothing of xenstore
 * here. Functions return -1 with errno unless they say otherwise. ABI: <xen/domctl.h>.
 */
#ifndef TOOLS_LIB_DOMAIN_H
#define TOOLS_LIB_DOMAIN_H

#include <stdbool.h>

#include "tools/lib/xen.h"

typedef struct xen_domctl_getdomaininfo domain_info;

/* Domains from id `first` on, at most max; the number written. */
int domain_list(struct xen *x, uint32_t first, uint32_t max, domain_info *out);
/* All domains; *out is allocated (caller frees). The number, or -1. */
int domain_list_all(struct xen *x, domain_info **out);
/* One domain; ESRCH when it does not exist. */
int domain_get(struct xen *x, uint32_t domid, domain_info *out);

/* The hypervisor chooses the id. */
int domain_create(struct xen *x, struct xen_domctl_createdomain *how, uint32_t *domid);
int domain_destroy(struct xen *x, uint32_t domid);
int domain_pause(struct xen *x, uint32_t domid);
int domain_unpause(struct xen *x, uint32_t domid);
int domain_set_max_kb(struct xen *x, uint32_t domid, uint64_t kb);
int domain_set_max_vcpus(struct xen *x, uint32_t domid, uint32_t vcpus);
int domain_set_handle(struct xen *x, uint32_t domid, const uint8_t uuid[16]);
/* Fill the page at mfn with hypercall stubs. */
int domain_hypercall_page(struct xen *x, uint32_t domid, uint64_t mfn);
int domain_set_tsc_mode(struct xen *x, uint32_t domid, uint32_t mode);
/* An unbound event channel of the domain for domain 0. */
int domain_alloc_port(struct xen *x, uint32_t domid, uint32_t *port);

bool domain_is_shutdown(const domain_info *d);
bool domain_is_dying(const domain_info *d);
/* SHUTDOWN_* of <xen/sched.h>; only when domain_is_shutdown(). */
unsigned int domain_shutdown_reason(const domain_info *d);
/* "rbpsXd" of `list`: six letters or '-', and a NUL. */
void domain_state_letters(const domain_info *d, char out[7]);
uint64_t pages_to_kb(uint64_t pages);

#endif
