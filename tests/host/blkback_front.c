/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See blkback_front.h.
 */
#include "tests/host/blkback_front.h"
#include "tools/lib/backend_loop.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct front *front;
struct front_process fp;
bool front_persistent;
static int front_fd = -1; /* whose memory `front` is */
struct backend_device front_dev;

struct backend_channel {
	bool (*work)(void *arg);
	void *arg;
	bool kicked;
};
static struct backend_channel channels[JOURNAL_QUEUES];
static unsigned int nchannels;
static const char *mode;

static uint32_t seed = 1;
uint32_t front_random(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (uint64_t)seed * below >> 32;
}

void crash_point(void)
{
	if (++fp.points == fp.crash_at)
		_exit(99);
}

/* The skeleton. */
int backend_fail(struct backend_device *dev, const char *fmt, ...)
{
	fp.failed = true;
	return -1;
}

void backend_log(struct backend_device *dev, enum log_level level, const char *fmt, ...)
{
	fp.logged++;
}

void backend_disconnected(struct backend_device *dev)
{
	fp.disconnected = true;
}

void backend_publish(struct backend_device *dev, const char *name, const char *fmt, ...)
{
}

long long backend_own_number(struct backend_device *dev, const char *name, long long dflt)
{
	return !strcmp(name, "discard-enable") ? 1 : dflt;
}

char *backend_own_text(struct backend_device *dev, const char *name)
{
	return !strcmp(name, "mode") ? strdup(mode) : NULL;
}

bool backend_front_text(struct backend_device *dev, char *buf, size_t size, const char *name)
{
	return false;
}

static int front_node(uint32_t *value, uint32_t max, const char *name)
{
	unsigned int q = 0, n = 0;

	if (!strcmp(name, "ring-page-order")) {
		*value = fp.order;
	} else if (!strcmp(name, "feature-persistent")) {
		*value = front_persistent;
	} else if (!strcmp(name, "multi-queue-num-queues")) {
		*value = fp.queues;
	} else {
		if (!strncmp(name, "queue-", 6))
			q = strtoul(name + 6, NULL, 10);
		name = strchr(name, '/') ? strchr(name, '/') + 1 : name;
		if (!strncmp(name, "ring-ref", 8)) {
			n = strtoul(name + 8, NULL, 10);
			*value = q << JOURNAL_RING_ORDER | n;
		} else {
			*value = 50 + q;
		}
	}
	return *value > max ? -1 : 0;
}

int backend_front_number(struct backend_device *dev, uint32_t *value, uint32_t min, uint32_t max,
	const char *name, ...)
{
	char node[64];
	va_list ap;

	va_start(ap, name);
	vsnprintf(node, sizeof(node), name, ap);
	va_end(ap);
	return front_node(value, max, node);
}

int backend_front_optional(struct backend_device *dev, uint32_t *value, uint32_t min, uint32_t max,
	const char *name, ...)
{
	return front_node(value, max, name);
}

void *backend_map_ring(struct backend_device *dev, const uint32_t *refs, unsigned int n)
{
	return front->ring[refs[0]];
}

struct backend_channel *backend_bind(
	struct backend_device *dev, uint32_t remote_port, bool (*work)(void *arg), void *arg)
{
	channels[nchannels] = (struct backend_channel){ work, arg, true };
	return &channels[nchannels++];
}

void backend_notify(struct backend_channel *c)
{
	fp.notified++;
}

void backend_kick(struct backend_channel *c)
{
	c->kicked = true;
}

xengnttab_handle *backend_gnttab(void)
{
	return NULL;
}

/* Byte by byte as a hypervisor may: another processor is allowed to write meanwhile. */
void front_copy(uint8_t *to, const uint8_t *from, unsigned int len)
{
	while (len--)
		__atomic_store_n(to++, __atomic_load_n(from++, __ATOMIC_RELAXED), __ATOMIC_RELAXED);
}

/* Our pages, granted to ourselves: page i as reference OWN_REF + i. */
#define OWN_REF 7000000u
static struct backend_pages own;

int backend_pages_alloc(struct backend_pages *p, unsigned int count)
{
	p->count = count;
	p->at = aligned_alloc(PAGE, count * (size_t)PAGE);
	p->refs = malloc(count * sizeof(*p->refs));
	for (unsigned int i = 0; i < count; i++)
		p->refs[i] = OWN_REF + i;
	own = *p;
	return 0;
}

static void *ours_at(const union xengnttab_copy_ptr *end, bool by_ref, unsigned int len)
{
	uint32_t n = end->foreign.ref - OWN_REF;

	if (!by_ref)
		return end->virt;
	if (end->foreign.domid != DOMID_SELF || n >= own.count || end->foreign.offset + len > PAGE)
		abort();
	return own.at + n * PAGE + end->foreign.offset;
}

static int16_t copy_one(xengnttab_grant_copy_segment_t *s)
{
	bool to_guest = s->flags & GNTCOPY_dest_gref &&
			!(s->flags & GNTCOPY_source_gref && s->dest.foreign.domid == DOMID_SELF);
	const union xengnttab_copy_ptr *theirs = to_guest ? &s->dest : &s->source;
	void *ours = ours_at(to_guest ? &s->source : &s->dest,
		s->flags == (GNTCOPY_source_gref | GNTCOPY_dest_gref), s->len);
	uint32_t n = theirs->foreign.ref - FRONT_REF;
	uint8_t *page;

	if (n >= FRONT_REFS || front->revoked[n])
		return GNTST_bad_gntref;
	if (theirs->foreign.domid != front_dev.domid)
		abort();
	if (theirs->foreign.offset + s->len > PAGE)
		return GNTST_bad_copy_arg;
	page = front->page[n] + theirs->foreign.offset;
	if (to_guest)
		front_copy(page, ours, s->len);
	else
		front_copy(ours, page, s->len);
	return GNTST_okay;
}

int xengnttab_grant_copy(
	xengnttab_handle *h, uint32_t count, xengnttab_grant_copy_segment_t *segment)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		segment[i].status = copy_one(&segment[i]);
	return 0;
}

void *xengnttab_map_domain_grant_refs(
	xengnttab_handle *h, uint32_t count, uint32_t domid, uint32_t *refs, int prot)
{
	uint8_t *at;
	uint32_t i;

	if (domid != front_dev.domid)
		abort();
	for (i = 0; i < count; i++)
		if (fp.map_fails || refs[i] - FRONT_REF >= FRONT_REFS ||
			front->revoked[refs[i] - FRONT_REF])
			return NULL;
	at = mmap(NULL, count * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (i = 0; i < count; i++)
		if (mmap(at + i * PAGE, PAGE, prot, MAP_SHARED | MAP_FIXED, front_fd,
			    front->page[refs[i] - FRONT_REF] - (uint8_t *)front) == MAP_FAILED)
			abort();
	fp.maps++;
	fp.mapped += count;
	return at;
}

int xengnttab_unmap(xengnttab_handle *h, void *start, uint32_t count)
{
	fp.mapped -= count;
	return munmap(start, count * PAGE);
}

void front_take(void)
{
	unsigned int i;

	for (i = 0; i < nchannels; i++) {
		channels[i].kicked = false;
		if (!fp.failed && channels[i].work(channels[i].arg))
			channels[i].kicked = true;
	}
}

void front_serve(void)
{
	unsigned int i, moved;

	do {
		front_take();
		moved = front_complete();
		for (i = 0; i < nchannels; i++)
			moved += channels[i].kicked;
	} while (moved && !fp.failed);
}

void front_reset(void)
{
	if (front)
		munmap(front, sizeof(*front));
	if (front_fd >= 0)
		close(front_fd);
	front_fd = memfd_create("front", 0);
	if (front_fd < 0 || ftruncate(front_fd, sizeof(*front)))
		abort();
	front = mmap(NULL, sizeof(*front), PROT_READ | PROT_WRITE, MAP_SHARED, front_fd, 0);
	if (front == MAP_FAILED)
		abort();
}

void front_process_reset(unsigned int queues, unsigned int order)
{
	struct iovec registered;

	if (!backend_loop() && backend_loop_open())
		abort();
	/* The test of the real source has started it by then. */
	if (!own.at && buffers_start(&registered))
		abort();
	fp = (struct front_process){ .queues = queues, .order = order };
	nchannels = 0;
	front_disk_reset();
}

int front_start(bool resuming, const char *m)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600), rc;

	fp.disk_fd = fd;
	mode = m;
	front_dev = (struct backend_device){
		.domid = 7, .devid = 51712, .memory = &front->journal, .memory_fd = -1
	};
	if (fd < 0 || ftruncate(fd, sizeof(front->disk)))
		abort();
	if (!resuming)
		memset(&front->journal, 0, sizeof(front->journal));
	if (disk_ops.create(&front_dev) || disk_ops.probe(&front_dev, &fd, 1))
		abort();
	front_dev.resuming = resuming;
	rc = disk_ops.connect(&front_dev);
	front_dev.resuming = false;
	return rc;
}

void front_stop(void)
{
	if (!disk_ops.disconnect(&front_dev))
		while (!fp.disconnected)
			if (!front_complete())
				abort();
	disk_ops.destroy(&front_dev);
	if (fp.mapped)
		abort();
}

unsigned int front_entries(void)
{
	return fp.order == JOURNAL_RING_ORDER ? 512 : 32U << fp.order;
}

static struct blkif_sring *sring(unsigned int queue)
{
	return (struct blkif_sring *)front->ring[queue << JOURNAL_RING_ORDER];
}

blkif_request_t *front_request(unsigned int queue)
{
	return &sring(queue)->ring[front->req_prod[queue] & (front_entries() - 1)].req;
}

void front_next(unsigned int queue)
{
	front->req_prod[queue]++;
}

void front_push(unsigned int queue)
{
	__atomic_store_n(&sring(queue)->req_prod, front->req_prod[queue], __ATOMIC_RELEASE);
}

const blkif_response_t *front_answer(unsigned int queue)
{
	uint32_t *cons = &front->rsp_cons[queue];

	if (__atomic_load_n(&sring(queue)->rsp_prod, __ATOMIC_ACQUIRE) == *cons)
		return NULL;
	return &sring(queue)->ring[(*cons)++ & (front_entries() - 1)].rsp;
}
