/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Types, limits and small helpers that every file uses. mfn_t and gfn_t are structs so that a
 * machine frame and a guest frame cannot be mixed up; functions that can fail are must-check and
 * return a negative errno
 * (<xen/errno.h>) made by fail(), which leaves a trace record with file and line.
 */
#ifndef LIB_BASE_H
#define LIB_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

typedef struct {
	u64 n;
} mfn_t;
typedef struct {
	u64 n;
} gfn_t;

#define INVALID_MFN_RAW (~0ull)

static inline mfn_t mfn(u64 n)
{
	return (mfn_t){ n };
}

static inline gfn_t gfn(u64 n)
{
	return (gfn_t){ n };
}

#define XEN_ERRNO(name, value) name = value,
enum {
#include <xen/errno.h>
};

/* Internal only: "call again with the stored progress"; hc/dispatch.c turns it into a restarted
 * hypercall. */
#define ERESTART 85

#define ARRAY_SIZE(a)	      (sizeof(a) / sizeof((a)[0]))
#define container_of(p, t, m) ((t *)((char *)(p)-offsetof(t, m)))
#define likely(x)	      __builtin_expect(!!(x), 1)
#define unlikely(x)	      __builtin_expect(!!(x), 0)
#define BIT(n)		      (1ul << (n))
#define min(a, b)                   \
	({                          \
		typeof(a) a_ = (a); \
		typeof(b) b_ = (b); \
		a_ < b_ ? a_ : b_;  \
	})
#define max(a, b)                   \
	({                          \
		typeof(a) a_ = (a); \
		typeof(b) b_ = (b); \
		a_ > b_ ? a_ : b_;  \
	})
#define round_up(x, n)	 ((((x) + (n)-1) / (n)) * (n))
#define round_down(x, n) (((x) / (n)) * (n))
#define READ_ONCE(x)	 (*(const volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile typeof(x) *)&(x) = (v))
#define barrier()	 asm volatile("" ::: "memory")

#define always_inline	  inline __attribute__((always_inline))
#define must_check	  __attribute__((warn_unused_result))
#define noreturn	  __attribute__((noreturn))
#define packed		  __attribute__((packed))
#define aligned(n)	  __attribute__((aligned(n)))
#define printf_like(f, a) __attribute__((format(printf, f, a)))
#define weak_symbol	  __attribute__((weak))
#define boot_only	  __attribute__((section(".boot.text"), noinline)) /* freed after boot */
#define boot_data	  __attribute__((section(".boot.data")))
#define ro_after_boot	  __attribute__((section(".data.ro_after_boot")))

/* A value below limit, or 0; also under a mispredicted check (C16: array_index_nospec). */
static inline u64 bounded(u64 index, u64 limit)
{
	u64 mask;

	asm volatile("cmp %2, %1; sbb %0, %0" : "=r"(mask) : "r"(index), "r"(limit) : "cc");
	return index & mask;
}

/* Leave a trace record "refused here" and return -err. err is a positive errno. */
int fail_at(int err, const char *file, unsigned line);
#define fail(err) fail_at((err), __FILE__, __LINE__)

#endif
