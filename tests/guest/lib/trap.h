/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traps, upcalls and callbacks as the hypervisor bounces them (PV-ABI facts 1 to 11), and recovery
 *from them:
 *
 *	vector = TRAP(stmt);	run stmt; NO_TRAP, or the vector that ended it, with everything
 *about it in caught()
 *
 * Variables that stmt changes and that are read afterwards must be volatile. A trap outside TRAP
 *fails the running test. All entries but those a test registers itself run with upcalls masked.
 */
#ifndef PVT_TRAP_H
#define PVT_TRAP_H

#include "base.h"
#include "hypercall.h"

enum {
	NO_TRAP = -1,
	TRAP_DE = 0,
	TRAP_DB = 1,
	TRAP_BP = 3,
	TRAP_OF = 4,
	TRAP_BR = 5,
	TRAP_UD = 6,
	TRAP_NM = 7,
	TRAP_DF = 8,
	TRAP_TS = 10,
	TRAP_NP = 11,
	TRAP_SS = 12,
	TRAP_GP = 13,
	TRAP_PF = 14,
	TRAP_MF = 16,
	TRAP_AC = 17,
	TRAP_XM = 19,
	/* Not traps, but they come the same way. */
	ENTRY_EVENT = 0x100,
	ENTRY_FAILSAFE,
	ENTRY_SYSCALL,
	ENTRY_SYSCALL32,
	ENTRY_SYSENTER,
	ENTRY_NMI,
};

/* What the entry code saves, from the stack pointer upwards. rcx and r11 are those of the bounce
 * frame. */
struct frame {
	u64 live_flags;
	u64 r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	u64 vector, error;
	u64 rip, cs, rflags, rsp, ss;
};

struct trap {
	struct frame *frame; /* valid in a hook only: the live frame, may be changed */
	int vector;
	u64 error, rip, rflags, rsp, rcx, r11, rax, rdi, rsi, rdx, r10, r8;
	u16 cs, ss;
	u32 cs_high;  /* bits 32-63 of the cs slot: the saved upcall mask is in the lowest byte */
	u64 entry_sp; /* rsp on entry: the address of the rcx slot */
	u64 live_flags;
	u16 live_cs, live_ss;
	u8 mask; /* evtchn_upcall_mask on entry */
	u64 cr2;
	u16 ds, es, fs, gs; /* in a failsafe frame */
};

struct resume {
	u64 rbx, rbp, r12, r13, r14, r15, rsp, rip;
};

/* Returns 0 when set, 1 when resumed. */
int resume_set(struct resume *resume) __attribute__((returns_twice));
_Noreturn void resume_at(struct resume *resume);

struct trap *caught(void);
struct resume *trap_arm(void);
int trap_disarm(void);

#define TRAP(...)                              \
	({                                     \
		if (!resume_set(trap_arm())) { \
			__VA_ARGS__;           \
		}                              \
		trap_disarm();                 \
	})

/* Default trap table and callbacks for the running vcpu; hooks removed. Done before each test. */
void trap_reset(void);
/* The default trap table (256 entries and the terminator), to change and register by a test. */
void trap_table(struct trap_info *table);
void trap_set_hook(bool (*hook)(struct trap *trap));
const char *trap_name(int vector);

/* Entry points, for tests that register them in their own way. */
extern const u8 trap_entries[]; /* vector n at n * 16 */
void event_entry(void);
void failsafe_entry(void);
void syscall_entry(void);
void syscall32_entry(void);
void sysenter_entry(void);
void nmi_entry(void);

/* IRET hypercall with this frame on the stack; comes back only by a trap. */
_Noreturn void iret_with(const struct iret_context *context);
/* Any hypercall with such a frame at rsp, for those that may find an iret on their way. */
long hypercall_on_stack(u64 number, u64 a1, u64 a2, const struct iret_context *context);

#endif
