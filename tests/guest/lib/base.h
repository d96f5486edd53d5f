/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every file of the test kernel starts from: integer names, the C library functions that a
 * compiler calls by itself, and the few x86 instructions used everywhere. The kernel has no
 * initialised writable data at all (the linker script refuses it), so that a child domain can be
 * made of its text plus zeroed memory: see child.c.
 */
#ifndef PVT_BASE_H
#define PVT_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;

#define PAGE_SHIFT   12
#define PAGE_SIZE    4096ul
#define PAGE_MASK    (~(PAGE_SIZE - 1))
#define page_aligned __attribute__((aligned(4096)))

#define ARRAY_SIZE(a)	 (sizeof(a) / sizeof((a)[0]))
#define barrier()	 asm volatile("" ::: "memory")
#define READ_ONCE(x)	 (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

void *memset(void *to, int byte, size_t size);
void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *s);
int strncmp(const char *a, const char *b, size_t size);

static inline u64 rdtsc(void)
{
	u32 lo, hi;

	asm volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (u64)hi << 32 | lo;
}

static inline u64 read_flags(void)
{
	u64 flags;

	asm volatile("pushfq; popq %0" : "=r"(flags)::"memory");
	return flags;
}

#define FLAG_TF	  (1ul << 8)
#define FLAG_IF	  (1ul << 9)
#define FLAG_DF	  (1ul << 10)
#define FLAG_IOPL (3ul << 12)
#define FLAG_NT	  (1ul << 14)
#define FLAG_RF	  (1ul << 16)
#define FLAG_AC	  (1ul << 18)
#define FLAG_ID	  (1ul << 21)

#endif
