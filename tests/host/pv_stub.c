/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine of pv_stub.h. */
#include "pv_stub.h"

#include "pv/pagetype.h"
#include "pv/pv_clock.h"
#include "x86/time.h"
#include "x86/desc.h"
#include "x86/xstate.h"

u8 memory[PAGE_SIZE];
struct pv_domain stub_domain, stub_other;
struct pv_vcpu stub_vcpu;
struct shared_info stub_shared;
typeof(seen) seen;

static struct page frames[FRAME_LIMIT];
struct page *const frame_table_fake = frames;
struct frame_bounds frame_bounds = { .limit = FRAME_LIMIT, .chunk_present = { 1 } };
static u64 table[512];
unsigned fake_cpu;
struct vcpu *fake_current[FAKE_CPUS];
struct regs fake_regs[FAKE_CPUS];

void stub_reset(void)
{
	memset(&seen, 0, sizeof(seen));
	memset(&stub_domain, 0, sizeof(stub_domain));
	memset(&stub_vcpu, 0, sizeof(stub_vcpu));
	memset(&stub_shared, 0, sizeof(stub_shared));
	memset(&fake_regs, 0, sizeof(fake_regs));
	memset(frames, 0, sizeof(frames));
	stub_domain.common.id = SHARED_DOMID;
	stub_domain.common.shared = &stub_shared;
	stub_other.common.id = 2;
	stub_vcpu.common.domain = &stub_domain.common;
	stub_vcpu.common.info = &stub_shared.vcpu_info[0];
	stub_vcpu.kernel_mode = true;
	stub_vcpu.user_l4 = 9;
	stub_vcpu.dr[6] = 0xffff0ff0;
	stub_vcpu.dr[7] = 0x400;
	frames[OWN_FRAME].owner = SHARED_DOMID;
	frames[FOREIGN_FRAME].owner = 2;
	frames[FREE_FRAME].owner = DOMID_NOBODY;
	fake_current[0] = &stub_vcpu.common;
}

static u64 copy(void *to, const void *from, u64 va, u64 bytes)
{
	u64 room = va >= MEMORY_VA && va < MEMORY_VA + PAGE_SIZE ? MEMORY_VA + PAGE_SIZE - va : 0;
	u64 n = bytes < room ? bytes : room;

	if (n)
		memcpy(to ? to : memory + (va - MEMORY_VA), to ? memory + (va - MEMORY_VA) : from,
			n);
	return bytes - n;
}

u64 guest_copy_in(void *to, u64 va, u64 bytes)
{
	return copy(to, NULL, va, bytes);
}

u64 guest_copy_out(u64 va, const void *from, u64 bytes)
{
	return copy(NULL, from, va, bytes);
}

void domain_crash_at(struct domain *d, const char *file, unsigned line, const char *fmt, ...)
{
	seen.crashes++;
}

int fail_at(int err, const char *file, unsigned line)
{
	return -err;
}

/* ---- memory management ---- */

void *frame_map(mfn_t m)
{
	return m.n == OWN_FRAME ? (void *)table : NULL;
}

bool page_get(struct page *p, const struct domain *d)
{
	return p->owner == d->id;
}

void page_put(struct page *p)
{
}

bool rangeset_contains(struct rangeset *r, u64 first, u64 last)
{
	return r && first == IO_FRAME && last == IO_FRAME;
}

int pagetype_get_writable(struct page *p, bool foreign)
{
	seen.writable_refs++;
	return page_frame(p).n == OWN_FRAME + 3 ? -EINVAL : 0;
}

int pagetype_get(struct page *p, enum pagetype type, struct domain *d)
{
	return 0;
}

bool pagetype_get_table(struct page *p, enum pagetype *type)
{
	*type = PT_L1;
	return true;
}

int pagetype_begin(struct domain *d)
{
	return 0;
}

enum pagetype pagetype_of(const struct page *p)
{
	return PT_L1;
}

void pagetype_put(struct page *p)
{
	seen.type_puts++;
}

int pagetype_page_get(mfn_t m, enum pagetype type, struct domain *d)
{
	return 0;
}

void pagetype_page_put(struct page *p)
{
}

bool mmu_walk(struct vcpu *v, u64 va, mfn_t *frame, u64 *flags)
{
	*frame = mfn(OWN_FRAME);
	*flags = PTE_PRESENT | PTE_USER;
	table[(va & ~PAGE_MASK) / 8] = seen.entry;
	return true;
}

bool mmu_walk_kernel(struct vcpu *v, u64 va, mfn_t *frame, u64 *flags)
{
	return false;
}

int mmu_l1_write(u64 *entry, u64 new, const u64 *want, bool keep_ad, struct domain *d,
	struct domain *frame_owner)
{
	assert_int_equal(*entry, *want);
	if (seen.write_result)
		return seen.write_result;
	*entry = seen.entry = new;
	return 0;
}

void mmu_toggle_mode(struct pv_vcpu *v)
{
	v->kernel_mode = !v->kernel_mode;
	seen.toggles++;
}

/* ---- the processor ---- */

void cpu_call(const struct cpumask *mask, void (*fn)(void *arg), void *arg)
{
	fn(arg);
}

void cpu_gdt_window_set(unsigned index, u64 frame)
{
}

void cpu_gdt_window_set_now(unsigned index, u64 frame)
{
}

void cpu_ldt_window_set_now(unsigned index, u64 frame)
{
}

void cpu_ldt_load(unsigned entries)
{
}

unsigned cpu_phys_bits(void)
{
	return 40;
}

void cpuid_host(u32 leaf, u32 subleaf, u32 out[4])
{
	out[0] = out[1] = out[2] = out[3] = 0;
}

u64 dr_read(unsigned reg)
{
	return seen.dr[reg];
}

void dr_write(unsigned reg, u64 value)
{
	seen.dr[reg] = value;
}

u64 pv_guest_cr4(const struct pv_vcpu *pv)
{
	return pv->cr4;
}

bool pv_kernel_write(struct vcpu *v, u64 va, const void *from, u64 bytes)
{
	return guest_copy_out(va, from, bytes) == 0;
}

u64 xstate_features(void)
{
	return 7;
}

u32 xstate_size_of(u64 xcr0)
{
	return xcr0 & 4 ? 832 : 576;
}

u64 stub_now = 5000000000;

u64 tsc_read(void)
{
	return stub_now * 2;
}

u64 time_now(void)
{
	return stub_now;
}

/* As x86/time.c has it: ticks << shift, times mul, >> 32 are ns. */
void time_scale_make(u64 hz, u32 *mul, s8 *shift)
{
	double scale = 1e9 / (double)hz;

	for (*shift = 0; scale >= 1; ++*shift)
		scale /= 2;
	for (; scale < 0.5; --*shift)
		scale *= 2;
	*mul = (u32)(scale * 4294967296.0);
}

u64 time_cpu_khz(void)
{
	return 2000000;
}

void time_scale_get(struct time_scale *scale)
{
	*scale = (struct time_scale){
		.tsc_base = 1000, .ns_base = 77, .mul = 0x80000000, .shift = 0, .stable = true
	};
}

void time_wallclock_get(u64 *sec, u32 *nsec)
{
	*sec = 0x123456789ul;
	*nsec = 42;
}
