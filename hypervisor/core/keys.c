/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Debug keys: the table and the keys that belong to core. Handlers only read and print; R and C end
 * the machine. */
#include "core/console.h"
#include "core/crash.h"
#include "core/event.h"
#include "core/grant.h"
#include "core/keys.h"
#include "core/log.h"
#include "core/sched.h"
#include "core/softirq.h"
#include "core/trace.h"
#include "lib/check.h"

struct key {
	const char *text;
	void (*fn)(void);
};

static struct key keys[128];

void key_register(char key, const char *text, void (*fn)(void))
{
	keys[(u8)key % 128] = (struct key){ text, fn };
}

void key_handle(char key)
{
	const struct key *k = &keys[bounded((u8)key, ARRAY_SIZE(keys))];

	if ((u8)key >= ARRAY_SIZE(keys) || !k->fn) {
		log_raw("No debug key '%c'; 'h' lists them\n", key);
		return;
	}
	log_raw("'%c': %s\n", key, k->text);
	k->fn();
}

static void key_help(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].fn)
			log_raw("  %c  %s\n", (char)i, keys[i].text);
}

/* For each domain that can be found, with a reference. */
static void each_domain(void (*fn)(struct domain *d))
{
	struct domain *d;

	for (unsigned id = 0; (d = domain_find_next((u16)id)) != NULL; id = d->id + 1u) {
		fn(d);
		domain_put(d);
	}
}

static void domain_print(struct domain *d)
{
	struct vcpu *v;

	log_raw("d%u refs %u dying %u pause %u shutdown %s%u "
		"pages %lu/%lu shared %lu claimed %lu\n",
		d->id, d->refs, d->dying, d->pause_count, d->shut_down ? "" : "no ",
		d->shut_down ? d->shutdown_code : 0, d->tot_pages, d->max_pages, d->shared_pages,
		d->outstanding_pages);
	for_each_vcpu (d, v)
		log_raw("  v%u cpu %u flags %x pause %u %s state %d events %s\n", v->id,
			v->processor, v->flags, v->pause_count, v->running ? "running" : "off",
			v->runstate.state,
			v->info && vcpu_events_to_deliver(v) ? "to deliver" : "none");
}

static void key_domains(void)
{
	each_domain(domain_print);
}

static void key_memory(void)
{
	log_raw("frames: total %lu free %lu claimed %lu\n", frames_total(), frames_free(),
		frames_claimed());
}

static void key_events(void)
{
	each_domain(event_dump);
}

static void key_grants(void)
{
	each_domain(grant_dump);
}

static void regs_print(void *arg)
{
	struct vcpu *v = current_vcpu();
	const struct regs *r = guest_regs();

	log_raw("CPU %u: d%u v%u rip %04lx:%016lx rsp %016lx rflags %lx rax %lx rdi %lx rsi %lx\n",
		cpu_id(), v->domain->id, v->id, r->cs, r->rip, r->rsp, r->rflags, r->rax, r->rdi,
		r->rsi);
}

static void key_registers(void)
{
	unsigned cpu;

	for_each_cpu (cpu, &cpu_online_map) {
		struct cpumask one = { 0 };

		cpumask_set(&one, cpu);
		cpu_call(&one, regs_print, NULL);
	}
}

static void key_dom0(void)
{
	struct vcpu *v;

	if (!dom0 || !dom0->ops->dump)
		return;
	for_each_vcpu (dom0, v)
		dom0->ops->dump(v);
}

static void key_trace(void)
{
	trace_print_last(100);
}

static void key_crash(void)
{
	panic("asked for by the debug key");
}

static void key_reboot(void)
{
	machine_reboot();
}

void keys_init(void)
{
	key_register('h', "this list", key_help);
	key_register('q', "domains and vcpus", key_domains);
	key_register('r', "run queues", sched_dump);
	key_register('m', "memory", key_memory);
	key_register('e', "event channels", key_events);
	key_register('g', "grant tables", key_grants);
	key_register('d', "registers of each CPU's guest", key_registers);
	key_register('0', "registers and stacks of the control domain", key_dom0);
	key_register('T', "last trace records", key_trace);
	key_register('C', "crash the machine", key_crash);
	key_register('R', "reboot", key_reboot);
}
