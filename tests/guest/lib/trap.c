// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One dispatcher for all entries. Order: the test's hook, then the event code for upcalls, then
 * recovery for an armed TRAP() or user_run(), and else the running test fails.
 */
#include "trap.h"
#include "event.h"
#include "test.h"
#include "vcpu.h"

u64 failsafe_selectors[4];
void trap_dispatch(struct frame *frame);

const char *trap_name(int vector)
{
	static const char *const names[] = {
		"#DE",
		"#DB",
		"NMI",
		"#BP",
		"#OF",
		"#BR",
		"#UD",
		"#NM",
		"#DF",
		"9",
		"#TS",
		"#NP",
		"#SS",
		"#GP",
		"#PF",
		"15",
		"#MF",
		"#AC",
		"#MC",
		"#XM",
	};
	static const char *const entries[] = { "event", "failsafe", "syscall", "syscall32",
		"sysenter", "nmi" };

	if (vector == NO_TRAP)
		return "none";
	if (vector >= ENTRY_EVENT && vector <= ENTRY_NMI)
		return entries[vector - ENTRY_EVENT];
	return (unsigned int)vector < ARRAY_SIZE(names) ? names[vector] : "other";
}

struct trap *caught(void)
{
	return &vcpu_self()->caught;
}

struct resume *trap_arm(void)
{
	struct vcpu *v = vcpu_self();

	v->caught.vector = NO_TRAP;
	v->armed = true;
	return &v->resume;
}

int trap_disarm(void)
{
	struct vcpu *v = vcpu_self();

	v->armed = false;
	return v->caught.vector;
}

void trap_set_hook(bool (*hook)(struct trap *trap))
{
	vcpu_self()->hook = hook;
}

static bool has_error_code(int vector)
{
	return vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 ||
	       vector == 29 || vector == 30;
}

static void record(struct trap *trap, struct frame *f, struct vcpu *v)
{
	u16 cs, ss;

	asm volatile("movw %%cs, %0; movw %%ss, %1" : "=r"(cs), "=r"(ss));
	*trap = (struct trap){
		.frame = f,
		.vector = f->vector,
		.error = f->error,
		.rip = f->rip,
		.rflags = f->rflags,
		.rsp = f->rsp,
		.rcx = f->rcx,
		.r11 = f->r11,
		.rax = f->rax,
		.rdi = f->rdi,
		.rsi = f->rsi,
		.rdx = f->rdx,
		.r10 = f->r10,
		.r8 = f->r8,
		.cs = f->cs,
		.ss = f->ss,
		.cs_high = f->cs >> 32,
		.entry_sp = (u64)&f->rip - (has_error_code(f->vector) ? 24 : 16),
		.live_flags = f->live_flags,
		.live_cs = cs,
		.live_ss = ss,
		.mask = v->info->evtchn_upcall_mask,
		.cr2 = v->info->arch.cr2,
	};
	if (f->vector == ENTRY_FAILSAFE) {
		trap->entry_sp -= 32;
		trap->ds = failsafe_selectors[0];
		trap->es = failsafe_selectors[1];
		trap->fs = failsafe_selectors[2];
		trap->gs = failsafe_selectors[3];
	}
}

void trap_dispatch(struct frame *f)
{
	struct vcpu *v = vcpu_self();
	struct trap trap;

	if (v->depth++ > 8)
		HC(sched_op, SCHEDOP_shutdown, &(struct sched_shutdown){ SHUTDOWN_crash });
	record(&trap, f, v);
	if (v->hook && v->hook(&trap)) {
		v->depth--;
		return;
	}
	if (trap.vector == ENTRY_EVENT) {
		v->upcalls++;
		event_dispatch();
		v->depth--;
		return;
	}
	v->depth = 0;
	if (v->armed) {
		v->armed = false;
		v->caught = trap;
		resume_at(&v->resume);
	}
	test_fail("trap", trap.vector, "unexpected %s error %lx rip %lx cr2 %lx rsp %lx",
		trap_name(trap.vector), trap.error, trap.rip, trap.cr2, trap.rsp);
}

void trap_table(struct trap_info *table)
{
	for (int n = 0; n < 256; n++)
		table[n] = (struct trap_info){
			.vector = n,
			.flags = 4 | (n == TRAP_BP || n == TRAP_OF ? 3 : 0),
			.cs = FLAT_KERNEL_CS,
			.address = (u64)trap_entries + 16 * n,
		};
	table[256] = (struct trap_info){ 0 };
}

static void register_callback(unsigned int type, void (*entry)(void))
{
	struct callback_register r = { type, CALLBACKF_mask_events, (u64)entry };

	HC(callback_op, CALLBACKOP_register, &r);
}

void trap_reset(void)
{
	static struct trap_info table[257];
	struct vcpu *v = vcpu_self();

	v->hook = NULL;
	v->armed = false;
	v->depth = 0;
	trap_table(table);
	HC(set_trap_table, table);
	register_callback(CALLBACKTYPE_event, event_entry);
	register_callback(CALLBACKTYPE_failsafe, failsafe_entry);
	register_callback(CALLBACKTYPE_syscall, syscall_entry);
	register_callback(CALLBACKTYPE_syscall32, syscall32_entry);
	register_callback(CALLBACKTYPE_sysenter, sysenter_entry);
	register_callback(CALLBACKTYPE_nmi, nmi_entry);
}
