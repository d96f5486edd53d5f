/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Building the control domain from boot modules: dom0.c policy (memory, vcpus, start),
 * dom0_rights.c what it may touch, dom0_image.c bzImage and ELF, dom0_unpack.c decompression, elf
 * in lib/, dom0_layout.c the start-of-day arithmetic of <xen/xen.h>, dom0_memory.c frames and page
 * tables.
 */
#ifndef PV_DOM0_H
#define PV_DOM0_H

#include "lib/elf.h"
#include "x86/boot_info.h"

struct domain;

/* Boot modules: the kernel, and the initrd, whose frames dom0 takes over whole. */
#define DOM0_KERNEL_MODULE 0
#define DOM0_INITRD_MODULE 1

void dom0_build(const struct boot_info *boot); /* panics, naming what is wrong with the image, when
						  it cannot; leaves dom0 paused */

/* ---- dom0_unpack.c ---- */

/*
 * Decompress gzip, xz, zstd or lz4 (as the kernel's build makes them) into out, which has room for
 * exactly the unpacked size. *why names what is wrong; -EINVAL damaged or unknown, -ENOMEM.
 */
must_check int unpack(const void *in, u64 in_bytes, void *out, u64 out_bytes, const char **why);
bool unpack_knows(const void *in, u64 bytes); /* by its first bytes */

/* ---- dom0_libc.c: memory for the libraries, whole pages, not cleared ---- */

void *unpack_alloc(u64 bytes);
void unpack_free(void *p);

/* ---- dom0_image.c ---- */

#define KERNEL_MAX_BYTES (512ull << 20)

struct kernel_image {
	struct elf_image elf;
	void *buffer; /* the unpacked file, NULL when the module is an ELF file itself */
	unsigned order;
	u64 virt_base; /* guest virtual = segment's physical address - paddr_offset + virt_base */
	u64 paddr_offset;
	u64 entry;	    /* guest virtual */
	u64 start, end;	    /* guest virtual addresses that the segments take; end is not in it */
	u64 hypercall_page; /* guest virtual, 0 none */
	u64 p2m_base;	    /* where the frame list is wanted, 0: after the image */
	bool mod_start_pfn; /* the initrd is given by frame number and not mapped */
};

/*
 * Look at a module: bzImage, ELF, or a compressed ELF; unpack, read Xen's notes, check them.
 * -EINVAL, -ENOMEM; *why says more.
 */
must_check int kernel_image_open(
	struct kernel_image *k, const void *data, u64 bytes, const char **why);
void kernel_image_close(struct kernel_image *k);
/* Fill a guest's hypercall page: 32 bytes a call, iret differs (PV-ABI 8). */
void hypercall_page_fill(void *page);

/* ---- dom0_layout.c ---- */

struct dom0_layout {
	/* guest virtual addresses, page-aligned; a pfn is (va - v_start) / PAGE_SIZE */
	u64 v_start, v_end;
	u64 initrd_va; /* 0: not mapped */
	u64 p2m_va;
	u64 start_info_va;
	u64 tables_va;	 /* page tables, the L4 first */
	u64 stack_va;	 /* one page */
	u64 table_count; /* of the image's mapping */
	/* frame numbers of the guest */
	u64 initrd_pfn, initrd_frames;
	u64 p2m_pfn, p2m_frames; /* the frame list alone */
	u64 p2m_tables;	  /* page tables that map it when it is apart; they follow the list */
	u64 total_frames; /* the domain's */
};

/*
 * Compute where everything goes. initrd_bytes may be 0. -E2BIG when total_frames cannot hold it,
 * -EINVAL for addresses that do not fit.
 */
must_check int dom0_layout_make(
	struct dom0_layout *l, const struct kernel_image *k, u64 initrd_bytes, u64 total_frames);
/* Page tables below the L4 that map [start, end). */
u64 dom0_tables_for(u64 start, u64 end);

/* ---- dom0_memory.c ---- */

struct dom0_chunk {
	u64 pfn, mfn, count;
};

#define DOM0_MAX_CHUNKS 1024

/* The frames of the domain that is being built, as runs. */
struct dom0_frames {
	struct domain *d;
	unsigned chunk_count;
	struct dom0_chunk chunk[DOM0_MAX_CHUNKS];
};

void dom0_frames_alloc(struct dom0_frames *f, u64 pfn, u64 count); /* panics: no memory */
void dom0_frames_adopt(
	struct dom0_frames *f, u64 pfn, u64 mfn, u64 count); /* boot module's frames in place */
u64 dom0_frame_of(const struct dom0_frames *f, u64 pfn);     /* machine frame */
/* Copy to (from NULL: clear) guest frames, starting at byte `at` of its memory. */
void dom0_write(const struct dom0_frames *f, u64 at, const void *from, u64 bytes);
void dom0_write_p2m(const struct dom0_frames *f,
	const struct dom0_layout *l); /* the list, and the machine's table */
u64 dom0_write_tables(
	const struct dom0_frames *f, const struct dom0_layout *l); /* the L4's machine frame */

/* ---- dom0_rights.c ---- */

void dom0_grant_rights(struct domain *d, const struct boot_info *boot);

#endif
