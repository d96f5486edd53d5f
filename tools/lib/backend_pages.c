/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages for data: see backend_pages.h. The limit of gntalloc's pages is one for the whole domain,
 * 1024 when its module is loaded: too few for two guests, so it is raised to what leaves half of
 * the domain's grant table to others. Only root may open the device.
 */
#include "tools/lib/backend_pages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/lib/log.h"
#include "tools/lib/text.h"

#define CONTROL_DOMAIN 0
#define LIMIT	       "/sys/module/xen_gntalloc/parameters/limit"
#define LIMIT_PAGES    "16384"

static void raise_limit(void)
{
	int fd = open(LIMIT, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, LIMIT_PAGES, strlen(LIMIT_PAGES)) < 0)
		log_line(LOG_WARN, "cannot raise %s: %s", LIMIT, strerror(errno));
	close(fd);
}

/* The mapping outlives the device's descriptor, and the pages go with it. */
static void *share(uint32_t *refs, unsigned int count)
{
	xengntshr_handle *gntalloc = xengntshr_open(NULL, 0);
	void *at = NULL;

	if (!gntalloc)
		return NULL;
	raise_limit();
	at = xengntshr_share_pages(gntalloc, CONTROL_DOMAIN, count, refs, 1);
	xengntshr_close(gntalloc);
	return at;
}

int backend_pages_alloc(struct backend_pages *p, unsigned int count)
{
	uint32_t *refs = xalloc(count * sizeof(*refs));

	p->count = count;
	p->refs = refs;
	p->at = access("/dev/xen/gntalloc", W_OK) ? NULL : share(refs, count);
	if (p->at)
		return 0;
	free(refs);
	p->refs = NULL;
	p->at = mmap(NULL, count * (size_t)BACKEND_PAGE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return p->at == MAP_FAILED ? -1 : 0;
}
