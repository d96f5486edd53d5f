/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control domain from its two boot modules: how much memory and how many vcpus it gets
 * (dom0_mem, dom0_max_vcpus), then its image, its initrd in place, its tables and its first vcpu.
 * Runs once, on the boot CPU, before any guest; what is wrong ends in a panic that says so.
 */
#include "pv/dom0.h"

#include <xen/platform.h>

#include "core/domain.h"
#include "core/log.h"
#include "core/vcpu.h"
#include "lib/check.h"
#include "lib/cmdline.h"
#include "lib/string.h"
#include "pv/context.h"
#include "pv/mmu.h"
#include "pv/pagetype.h"
#include "pv/pv.h"
#include "pv/traps.h"
#include "x86/regs.h"
#include "x86/memmap.h"

#define MAGIC "xen-3.0-x86_64p"
#define POWER_BITS             \
	(XEN_PROCESSOR_PM_CX | \
		XEN_PROCESSOR_PM_PX) /* the kernel tells what it knows of idle and speed */
#define RESERVE_PART 16		     /* of free memory that stays ours by default: a sixteenth, */
#define RESERVE_MAX  (128ul << (20 - PAGE_SHIFT)) /* at most 128 MiB */
#define NO_LIMIT     0xfffffffful		  /* frames, as Xen's tools read it */

static struct kernel_image kernel boot_data;
static struct dom0_layout layout boot_data;
static struct dom0_frames frames boot_data;

/* ---- policy ---- */

struct memory_wish {
	bool given;	       /* size */
	bool all_but;	       /* size is what to leave */
	u64 size, least, most; /* frames */
};

static void parse_wish_part(struct memory_wish *w, char *part)
{
	u64 *to = &w->size, bytes;
	bool minus;

	if (!strncmp(part, "min:", 4))
		to = &w->least;
	else if (!strncmp(part, "max:", 4))
		to = &w->most;
	if (to != &w->size)
		part += 4;
	minus = *part == '-';
	if (!parse_size(part + minus, &bytes)) {
		log_warn("dom0_mem: \"%s\" is not a size\n", part);
		return;
	}
	*to = bytes >> PAGE_SHIFT;
	if (to == &w->size) {
		w->given = true;
		w->all_but = minus;
	}
}

static void parse_wish(struct memory_wish *w, const char *text)
{
	char copy[OPT_STRING_MAX], *part = copy;

	*w = (struct memory_wish){ .most = NO_LIMIT };
	strlcpy(copy, text, sizeof(copy));
	while (*part) {
		char *comma = strchr(part, ',');

		if (comma)
			*comma = 0;
		parse_wish_part(w, part);
		if (!comma)
			break;
		part = comma + 1;
	}
}

/* Frames for the domain out of `free` ones. */
static u64 frames_wanted(const struct memory_wish *w, u64 free)
{
	u64 reserve = min(free / RESERVE_PART, RESERVE_MAX), want = free - reserve;

	if (w->given)
		want = w->all_but ? free - min(free, w->size) : w->size;
	want = max(want, w->least);
	want = min(want, w->most);
	return min(want, free);
}

/* ---- building ---- */

static struct domain *create(void)
{
	struct xen_domctl_createdomain config = {
		.max_evtchn_port = -1,
		.max_grant_frames = (s32)opt.gnttab_max_frames,
		.max_maptrack_frames = (s32)opt.gnttab_max_maptrack_frames,
		.max_vcpus = opt.dom0_max_vcpus ? (u32)opt.dom0_max_vcpus : cpu_online_count(),
	};
	struct domain *d;

	config.max_vcpus = min(config.max_vcpus, (u32)MAX_VCPUS);
	if (domain_create(0, &config, &pv_ops, true, &d))
		panic("dom0: cannot create the domain\n");
	for (unsigned i = 0; i < config.max_vcpus; i++)
		if (vcpu_create(d, i))
			panic("dom0: cannot create vcpu %u\n", i);
	dom0 = d;
	return d;
}

static void load_image(void)
{
	for (unsigned i = 0; i < kernel.elf.segment_count; i++) {
		const struct elf_segment *s = &kernel.elf.segment[i];
		u64 at = s->paddr - kernel.paddr_offset;

		dom0_write(&frames, at, s->data, s->file_bytes);
		dom0_write(&frames, at + s->file_bytes, NULL, s->memory_bytes - s->file_bytes);
	}
	if (kernel.hypercall_page) {
		u64 pfn = (kernel.hypercall_page - layout.v_start) >> PAGE_SHIFT;

		hypercall_page_fill(frame_map(mfn(dom0_frame_of(&frames, pfn))));
	}
}

/*
 * The initrd's frames become the domain's where they are; one that starts in the middle of a page
 * or below 1 MiB (GRUB on UEFI puts small ones there) is copied.
 */
static void load_initrd(const struct boot_module *m)
{
	u64 at = layout.initrd_pfn << PAGE_SHIFT, rest = (PAGE_SIZE - m->bytes) & (PAGE_SIZE - 1);

	if ((m->start & (PAGE_SIZE - 1)) || m->start < LOW_MEMORY) {
		dom0_frames_alloc(&frames, layout.initrd_pfn, layout.initrd_frames);
		dom0_write(&frames, at,
			(char *)frame_map(mfn(m->start >> PAGE_SHIFT)) +
				(m->start & (PAGE_SIZE - 1)),
			m->bytes);
	} else {
		dom0_frames_adopt(
			&frames, layout.initrd_pfn, m->start >> PAGE_SHIFT, layout.initrd_frames);
	}
	dom0_write(&frames, at + m->bytes, NULL, rest);
}

/*
 * All frames: the region (with the initrd in it when it is mapped), the initrd, the frame list with
 * its tables, the rest.
 */
static void fill_memory(const struct boot_module *initrd)
{
	u64 region = (layout.v_end - layout.v_start) >> PAGE_SHIFT, at = region;

	if (layout.initrd_va) {
		dom0_frames_alloc(&frames, 0, layout.initrd_pfn);
		load_initrd(initrd);
		at = layout.initrd_pfn + layout.initrd_frames;
		dom0_frames_alloc(&frames, at, region - at);
		at = region;
	} else {
		dom0_frames_alloc(&frames, 0, region);
		if (initrd) {
			load_initrd(initrd);
			at += layout.initrd_frames;
		}
	}
	load_image();
	kernel_image_close(&kernel);
	dom0_frames_alloc(&frames, at, layout.total_frames - at);
}

static u32 fill_console(struct dom0_vga_console_info *c, const struct boot_info *boot)
{
	u64 base = boot->framebuffer.base;
	u32 bytes = boot->framebuffer.pitch * boot->framebuffer.height;

	if (boot->framebuffer.type == 0xff)
		return 0;
	if (boot->framebuffer.type == 2) {
		c->video_type = XEN_VGATYPE_TEXT_MODE_3;
		c->u.text_mode_3.columns = (u16)boot->framebuffer.width;
		c->u.text_mode_3.rows = (u16)boot->framebuffer.height;
		c->u.text_mode_3.font_height = 16;
		return sizeof(*c);
	}
	c->video_type = boot->efi_system_table ? XEN_VGATYPE_EFI_LFB : XEN_VGATYPE_VESA_LFB;
	c->u.vesa_lfb.width = (u16)boot->framebuffer.width;
	c->u.vesa_lfb.height = (u16)boot->framebuffer.height;
	c->u.vesa_lfb.bytes_per_line = (u16)boot->framebuffer.pitch;
	c->u.vesa_lfb.bits_per_pixel = (u16)boot->framebuffer.bpp;
	c->u.vesa_lfb.lfb_base = (u32)base;
	c->u.vesa_lfb.ext_lfb_base = (u32)(base >> 32);
	c->u.vesa_lfb.lfb_size = (bytes + 0xffff) >> 16;
	/* 8 bits a colour, blue lowest: what loaders set up */
	c->u.vesa_lfb.red_pos = 16;
	c->u.vesa_lfb.green_pos = 8;
	c->u.vesa_lfb.rsvd_pos = 24;
	c->u.vesa_lfb.red_size = c->u.vesa_lfb.green_size = c->u.vesa_lfb.blue_size = 8;
	c->u.vesa_lfb.rsvd_size = boot->framebuffer.bpp == 32 ? 8 : 0;
	return sizeof(*c);
}

static void write_start_info(struct domain *d, const struct boot_info *boot)
{
	u64 pfn = (layout.start_info_va - layout.v_start) >> PAGE_SHIFT;
	char *page = frame_map(mfn(dom0_frame_of(&frames, pfn)));
	struct start_info *si = (struct start_info *)page;
	u32 console_at = round_up(sizeof(*si), 16);

	page_clear(page);
	strlcpy(si->magic, MAGIC, sizeof(si->magic));
	si->nr_pages = layout.total_frames;
	si->shared_info = frame_of(d->shared).n << PAGE_SHIFT;
	si->flags = SIF_PRIVILEGED | SIF_INITDOMAIN | POWER_BITS << 8;
	si->pt_base = layout.tables_va;
	si->nr_pt_frames = layout.table_count;
	si->mfn_list = layout.p2m_va;
	if (layout.p2m_tables) {
		si->first_p2m_pfn = layout.p2m_pfn;
		si->nr_p2m_frames = layout.p2m_frames + layout.p2m_tables;
	}
	if (layout.initrd_frames) {
		si->mod_start = layout.initrd_va ? layout.initrd_va : layout.initrd_pfn;
		si->mod_len = boot->modules[DOM0_INITRD_MODULE].bytes;
		si->flags |= layout.initrd_va ? 0 : SIF_MOD_START_PFN;
	}
	strlcpy((char *)si->cmd_line, boot->modules[DOM0_KERNEL_MODULE].cmdline,
		sizeof(si->cmd_line));
	si->console.dom0.info_size = fill_console((void *)(page + console_at), boot);
	si->console.dom0.info_off = console_at;
}

static void start_vcpu(struct domain *d, u64 l4)
{
	struct vcpu_guest_context *c = heap_alloc(sizeof(*c));
	struct vcpu *v = vcpu_of(d, 0);
	int ret;

	if (!c)
		panic("dom0: no memory for its first context\n");
	c->flags = VGCF_in_kernel | VGCF_online;
	c->user_regs.rip = kernel.entry;
	c->user_regs.rsp = layout.stack_va + PAGE_SIZE;
	c->user_regs.rsi = layout.start_info_va;
	c->user_regs.rflags = X86_EFLAGS_IF;
	c->user_regs.cs = FLAT_RING3_CS64;
	c->user_regs.ss = FLAT_RING3_SS64;
	c->kernel_ss = FLAT_RING3_SS64;
	c->kernel_sp = layout.stack_va + PAGE_SIZE;
	c->ctrlreg[3] = l4 << PAGE_SHIFT;
	do
		ret = pv_context_set(v, c, false);
	while (ret == -ERESTART);
	if (ret)
		panic("dom0: its first context is refused: %d\n", ret);
	heap_free(c);
	atomic_and(&v->flags, ~VCPU_DOWN);
}

static void pin_tables(struct domain *d, u64 l4)
{
	int ret;

	do
		ret = pagetype_pin(d, mfn(l4), PT_L4);
	while (ret == -ERESTART);
	if (ret)
		panic("dom0: its page tables are refused: %d\n", ret);
}

static void open_kernel(const struct boot_module *m)
{
	const char *why;

	if (kernel_image_open(&kernel,
		    (char *)frame_map(mfn(m->start >> PAGE_SHIFT)) + (m->start & (PAGE_SIZE - 1)),
		    m->bytes, &why))
		panic("dom0: the kernel module cannot be used: %s\n", why);
}

static void plan_memory(struct domain *d, const struct boot_module *initrd)
{
	struct memory_wish wish;
	u64 free = frames_free(), total;
	int ret;

	parse_wish(&wish, opt.dom0_mem);
	if (kernel.buffer)
		free += BIT(kernel.order);
	if (initrd)
		free += (initrd->bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
	total = frames_wanted(&wish, free);
	d->max_pages = max(wish.most, total);
	ret = dom0_layout_make(&layout, &kernel, initrd ? initrd->bytes : 0, total);
	if (ret)
		panic("dom0: %lu KiB do not hold its kernel and initrd: %d\n",
			(unsigned long)(total << (PAGE_SHIFT - 10)), ret);
}

void dom0_build(const struct boot_info *boot)
{
	const struct boot_module *initrd =
		boot->module_count > DOM0_INITRD_MODULE ? &boot->modules[DOM0_INITRD_MODULE] : NULL;
	struct domain *d;
	u64 l4;

	if (!boot->module_count)
		panic("dom0: the boot loader gave no kernel module\n");
	d = create();
	frames.d = d;
	open_kernel(&boot->modules[DOM0_KERNEL_MODULE]);
	plan_memory(d, initrd);
	log_info("dom0: %lu MiB, %u vcpus, kernel %lx-%lx, entry %lx\n",
		(unsigned long)(layout.total_frames >> (20 - PAGE_SHIFT)), d->max_vcpus,
		(unsigned long)kernel.start, (unsigned long)kernel.end,
		(unsigned long)kernel.entry);
	fill_memory(initrd);
	dom0_write_p2m(&frames, &layout);
	l4 = dom0_write_tables(&frames, &layout);
	write_start_info(d, boot);
	dom0_grant_rights(d, boot);
	pin_tables(d, l4);
	start_vcpu(d, l4);
	pv_wallclock_update(d);
}
