// SPDX-License-Identifier: GPL-2.0-or-later
/* Stacks, secondary vcpus and the clock; see vcpu.h. */
#include "vcpu.h"
#include "event.h"
#include "memory.h"
#include "test.h"

struct vcpu vcpus[MAX_VCPUS];
struct stack boot_stack[MAX_VCPUS], entry_stack[MAX_VCPUS];

/* Waits are stretched: emulated machines on a busy host are slow, and only what never comes needs
 * the whole time. */
#define PATIENCE 4

void vcpu_entry(void);
void vcpu_run(struct vcpu *v);

void vcpu_init_stacks(void)
{
	for (int i = 0; i < MAX_VCPUS; i++) {
		vcpus[i].id = i;
		boot_stack[i].owner = entry_stack[i].owner = &vcpus[i];
	}
}

void vcpu_context(struct vcpu_guest_context *context, int id, void (*body)(void *), void *argument)
{
	static struct trap_info table[257];
	struct vcpu *v = &vcpus[id];

	*v = (struct vcpu){ .id = id, .body = body, .argument = argument };
	v->info = &shared_info->vcpu_info[id];
	trap_table(table);
	memset(context, 0, sizeof(*context));
	memcpy(context->trap_ctxt, table, sizeof(context->trap_ctxt));
	context->flags =
		VGCF_in_kernel | VGCF_failsafe_disables_events | VGCF_syscall_disables_events;
	context->user_regs.rip = (u64)vcpu_entry;
	context->user_regs.rsp = stack_top(&boot_stack[id]);
	context->user_regs.rdi = (u64)v;
	context->user_regs.cs = FLAT_KERNEL_CS;
	context->user_regs.ss = FLAT_KERNEL_SS;
	context->kernel_ss = FLAT_KERNEL_SS;
	context->kernel_sp = stack_top(&entry_stack[id]);
	context->ctrlreg[3] = xen_pfn_to_cr3(l4_mfn());
	context->event_callback_eip = (u64)event_entry;
	context->failsafe_callback_eip = (u64)failsafe_entry;
	context->syscall_callback_eip = (u64)syscall_entry;
}

void vcpu_run(struct vcpu *v)
{
	v->abort_armed = true;
	if (!resume_set(&v->abort))
		v->body(v->argument);
	v->finished = true;
	HC(vcpu_op, VCPUOP_down, v->id, NULL);
	for (;;)
		HC(sched_op, SCHEDOP_yield, NULL);
}

long vcpu_start(int id, void (*body)(void *), void *argument)
{
	static struct vcpu_guest_context context;
	long error;

	vcpu_context(&context, id, body, argument);
	error = HC(vcpu_op, VCPUOP_initialise, id, &context);
	if (error)
		return error;
	return HC(vcpu_op, VCPUOP_up, id, NULL);
}

bool vcpu_wait(int id, unsigned int seconds)
{
	u64 start = 0;

	while (!vcpus[id].finished || HC(vcpu_op, VCPUOP_is_up, id, NULL) == 1)
		if (!still_waiting(&start, seconds))
			return false;
	return true;
}

u64 system_time(void)
{
	struct vcpu_time_info *t = &vcpu_self()->info->time;
	u64 now;
	u32 version;

	do {
		u64 delta;

		version = READ_ONCE(t->version) & ~1u;
		barrier();
		delta = rdtsc() - t->tsc_timestamp;
		delta = t->tsc_shift >= 0 ? delta << t->tsc_shift : delta >> -t->tsc_shift;
		now = t->system_time +
		      (u64)(((unsigned __int128)delta * t->tsc_to_system_mul) >> 32);
		barrier();
	} while (READ_ONCE(t->version) != version);
	return now;
}

void sleep_ms(unsigned int milliseconds)
{
	struct sched_poll poll = { .timeout = system_time() + milliseconds * 1000000ul };

	HC(sched_op, SCHEDOP_poll, &poll);
}

bool still_waiting(u64 *start, unsigned int seconds)
{
	u64 now = system_time();

	if (!*start)
		*start = now;
	HC(sched_op, SCHEDOP_yield, NULL);
	return now - *start < PATIENCE * seconds * 1000000000ul;
}
