/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The surroundings of single files of hypervisor/x86: boot memory, the log, panic. */
#include <stdio.h>
#include <stdlib.h>

#include "lib/check.h"
#include "lib/cpumask.h"
#include "x86/acpi.h"
#include "x86/cpu.h"
#include "x86/machine.h"
#include "x86/multiboot.h"
#include "x86/upcalls.h"
#include "x86_fakes.h"

unsigned fake_cpu, fake_log_lines;
static u8 *arena;
static u64 arena_base, arena_bytes;

u8 *arena_new(u64 base, u64 bytes)
{
	free(arena);
	arena = calloc(1, bytes);
	arena_base = base;
	arena_bytes = bytes;
	return arena;
}

const void *boot_phys(u64 pa, u64 bytes)
{
	if (pa < arena_base || bytes > arena_bytes || pa - arena_base > arena_bytes - bytes)
		return NULL;
	return arena + (pa - arena_base);
}

void upcall_log(const char *fmt, ...)
{
	fake_log_lines++;
}

noreturn void panic_at(const char *file, unsigned line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	abort();
}

noreturn void bug_at(const char *what, const char *file, unsigned line)
{
	fprintf(stderr, "%s:%u: %s\n", file, line, what);
	abort();
}

int fail_at(int err, const char *file, unsigned line)
{
	return -err;
}

void (*fake_relax)(void);

void cpu_relax(void)
{
	if (fake_relax)
		fake_relax();
}
