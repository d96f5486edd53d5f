/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual CPUs. The one that runs is found from its stack: every stack is STACK_SIZE big and
 * aligned and has its owner at the lowest address, so that no segment base is needed and the tests
 * are free to play with fs and gs.
 */
#ifndef PVT_VCPU_H
#define PVT_VCPU_H

#include "base.h"
#include "hypercall.h"
#include "trap.h"

#define STACK_SIZE 16384ul
#define MAX_VCPUS  4

struct stack {
	struct vcpu *owner;
	u8 room[STACK_SIZE - 8];
} __attribute__((aligned(16384)));

struct vcpu {
	int id;
	struct vcpu_info
		*info;	      /* ours: in the shared page, or where a test registered another one */
	struct trap caught;   /* the latest trap that TRAP() or user_run() ended with */
	struct resume resume; /* where that one continues */
	struct resume abort;  /* where a failed test continues */
	bool armed, abort_armed;
	bool (*hook)(struct trap *trap); /* sees every trap first; true: handled, go on */
	unsigned int upcalls, depth;
	void (*body)(void *); /* what a secondary runs */
	void *argument;
	volatile bool finished;
	u64 user_l4; /* machine frame, 0 none */
};

extern struct vcpu vcpus[MAX_VCPUS];
extern struct stack boot_stack[MAX_VCPUS], entry_stack[MAX_VCPUS];

static inline u64 stack_pointer(void)
{
	u64 sp;

	asm volatile("movq %%rsp, %0" : "=r"(sp));
	return sp;
}

static inline struct vcpu *vcpu_self(void)
{
	return ((struct stack *)(stack_pointer() & ~(STACK_SIZE - 1)))->owner;
}

/* The top of a stack, where rsp starts. */
static inline u64 stack_top(struct stack *s)
{
	return (u64)s + STACK_SIZE;
}

void vcpu_init_stacks(void);
/* Fill CONTEXT for VCPUOP_initialise so that vcpu ID runs BODY(ARGUMENT) with our traps and the
 * current page table. */
void vcpu_context(struct vcpu_guest_context *context, int id, void (*body)(void *), void *argument);
/* Initialise (when needed) and start vcpu ID; it takes itself down when BODY returns. Returns the
 * first error. */
long vcpu_start(int id, void (*body)(void *), void *argument);
/* Wait at most about SECONDS for the vcpu to end. False: it did not. */
bool vcpu_wait(int id, unsigned int seconds);

/* Nanoseconds since boot by the vcpu's own time info. */
u64 system_time(void);
/* Give the CPU away for so long. */
void sleep_ms(unsigned int milliseconds);
/* True until SECONDS have gone since *START (0: starts now); yields the CPU. */
bool still_waiting(u64 *start, unsigned int seconds);

#endif
