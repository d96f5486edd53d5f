/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The console: all text goes to a ring (xl dmesg) and to the wires. Guests' text is collected to
 * whole lines, prefixed with their domid and rate limited; the control domain's goes out as it
 * comes. Input goes to the control domain, or to the debug keys after Ctrl-A three times. Lock:
 * console_lock, innermost of all. A crash takes it by force after a while: the holder may be a
 * stopped CPU.
 */
#include <xen/event_channel.h>

#include "core/console.h"
#include "core/event.h"
#include "core/keys.h"
#include "core/log.h"
#include "lib/alloc.h"
#include "lib/cmdline.h"
#include "lib/fmt.h"
#include "lib/string.h"
#include "x86/upcalls.h"

#define EARLY_RING   8192u /* until there is memory and the command line is read */
#define INPUT_RING   128u
#define SWITCH_CHAR  '\x01' /* Ctrl-A */
#define SWITCH_COUNT 3
#define LINE_MAX     120u
#define RATE_BURST   8192u /* bytes that a guest may write at once, */
#define RATE_PER_MS  16u   /* and how much comes back */

struct console_buffer {
	char line[LINE_MAX];
	unsigned length;
	u64 used, refilled; /* token bucket in bytes */
	bool dropping;
};

static spinlock_t console_lock;
static char early_ring[EARLY_RING];
static char *ring = early_ring;
static u32 ring_size = EARLY_RING, ring_written, ring_start; /* free running */

static char input[INPUT_RING];
static u32 input_written, input_read;
static bool input_to_keys;

static void lock_console(void)
{
	for (unsigned tries = 0; !spin_trylock(&console_lock); tries++) {
		if (tries > 50000000)
			console_lock = (spinlock_t)SPINLOCK_INIT;
		cpu_relax();
	}
}

static void write_locked(const char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		ring[ring_written++ & (ring_size - 1)] = text[i];
	if (ring_written - ring_start > ring_size)
		ring_start = ring_written - ring_size;
	console_hw_write(text, bytes);
}

void console_write(const char *text, size_t bytes)
{
	lock_console();
	write_locked(text, bytes);
	spin_unlock(&console_lock);
}

size_t console_ring_read(char *to, size_t bytes, u32 *index, bool clear, bool incremental)
{
	size_t n = 0;
	u32 at;

	lock_console();
	at = ring_start;
	if (incremental && (s32)(*index - at) > 0)
		at = *index;
	while (n < bytes && (s32)(ring_written - at) > 0)
		to[n++] = ring[at++ & (ring_size - 1)];
	if (clear)
		ring_start = ring_written;
	*index = at;
	spin_unlock(&console_lock);
	return n;
}

static void report_option(const char *name)
{
	log_warn("command line: unknown or badly written option '%s'\n", name);
}

void console_init(void)
{
	cmdline_report(report_option);
}

void console_ring_grow(void)
{
	u32 size = EARLY_RING;
	char *bigger;

	while (size < opt.conring_size * 1024 && size < 1u << 24)
		size *= 2;
	bigger = size > ring_size ? heap_alloc(size) : NULL;
	if (!bigger)
		return;
	lock_console();
	for (u32 at = ring_start; at != ring_written; at++)
		bigger[at & (size - 1)] = ring[at & (ring_size - 1)];
	ring = bigger;
	ring_size = size;
	spin_unlock(&console_lock);
}

/* ---- guests' output ---- */

/* Bytes that d may write now. */
static bool rate_ok(struct console_buffer *b, size_t bytes)
{
	u64 now = time_now(), back = (now - b->refilled) / 1000000 * RATE_PER_MS;

	if (back) {
		b->refilled = now;
		b->used -= min(back, b->used);
	}
	if (b->used + bytes > RATE_BURST) {
		b->dropping = true;
		return false;
	}
	b->used += bytes;
	return true;
}

static void line_flush(struct domain *d, struct console_buffer *b)
{
	char text[LINE_MAX + 24];
	int n;

	if (!b->length)
		return;
	if (rate_ok(b, b->length)) {
		n = snprintf(text, sizeof(text), "(d%u)%s %.*s\n", d->id,
			b->dropping ? " [lines lost]" : "", (int)b->length, b->line);
		b->dropping = false;
		write_locked(text, min((size_t)n, sizeof(text) - 1));
	}
	b->length = 0;
}

static bool printable(char c)
{
	return (u8)c >= 0x20 && (u8)c != 0x7f;
}

int console_guest_write(struct domain *d, const char *text, size_t bytes)
{
	struct console_buffer *b, *fresh = NULL;

	if (d->privileged) {
		console_write(text, bytes);
		return 0;
	}
	if (!READ_ONCE(d->console) && !(fresh = heap_alloc(sizeof(*fresh))))
		return fail(ENOMEM);
	lock_console();
	if (!d->console) {
		d->console = fresh;
		fresh = NULL;
	}
	b = d->console;
	for (size_t i = 0; i < bytes; i++) {
		if (text[i] == '\n')
			line_flush(d, b);
		else if (printable(text[i]) || text[i] == '\t')
			b->line[b->length++] = text[i];
		if (b->length == LINE_MAX)
			line_flush(d, b);
	}
	spin_unlock(&console_lock);
	heap_free(fresh);
	return 0;
}

void console_domain_free(struct domain *d)
{
	heap_free(d->console);
	d->console = NULL;
}

/* ---- input ---- */

static void input_switch(void)
{
	input_to_keys = !input_to_keys;
	log_raw("*** Input goes to %s (Ctrl-A %u times changes it)%s\n",
		input_to_keys ? "the debug keys" : "the control domain", SWITCH_COUNT,
		input_to_keys ? "; 'h' lists them" : "");
}

void upcall_console_input(char c)
{
	static unsigned seen;

	if (c == SWITCH_CHAR && ++seen == SWITCH_COUNT) {
		seen = 0;
		input_switch();
		return;
	}
	if (c != SWITCH_CHAR)
		seen = 0;
	if (input_to_keys) {
		if (c != SWITCH_CHAR)
			key_handle(c);
		return;
	}
	lock_console();
	if (input_written - input_read < INPUT_RING)
		input[input_written++ % INPUT_RING] = c;
	spin_unlock(&console_lock);
	event_virq_global(VIRQ_CONSOLE);
}

size_t console_guest_read(char *to, size_t bytes)
{
	size_t n = 0;

	lock_console();
	while (n < bytes && input_read != input_written)
		to[n++] = input[input_read++ % INPUT_RING];
	spin_unlock(&console_lock);
	return n;
}
