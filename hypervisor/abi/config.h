/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Build-wide constants: the sizes that every layer agrees on and which view of Xen's public headers
 * we take (the newest interface, with the control structures). The build includes it before all.
 */
#ifndef ABI_CONFIG_H
#define ABI_CONFIG_H

/* Makes <xen/domctl.h> and <xen/sysctl.h> visible and picks the newest interface. */
#define __XEN_TOOLS__ 1

#ifndef __ASSEMBLY__
#include <stdint.h> /* the public headers want it and do not include it */
#if !__STDC_HOSTED__
#pragma GCC visibility push(hidden) /* declarations too: no address goes through a GOT */
#endif
#endif

#define NR_CPUS	    256
#define MAX_DOMAINS 4096 /* live domains, limit of the domid table walk */
#define MAX_VCPUS   512	 /* vcpus of one domain */
/* Each CPU has 8 pages: IST stacks, a guard page, the main stack, cpu_block at its top. */
#define STACK_ORDER 3

#define PAGE_SHIFT 12
#define PAGE_SIZE  (1ul << PAGE_SHIFT)
#define PAGE_MASK  (~(PAGE_SIZE - 1))

/*
 * The hypervisor's part of every address space: L4 slots 256..271, the same 16 entries in every L4,
 * guests' and our own, so nothing in them depends on the domain or the CPU that runs.
 */
#define HV_VIRT_START	 0xffff800000000000 /* slot 256: machine-to-phys, readable by guests */
#define HV_VIRT_END	 0xffff880000000000
#define HV_FIRST_SLOT	 256
#define HV_SLOTS	 16
#define M2P_RO_START	 0xffff800000000000
#define M2P_RW_START	 0xffff808000000000 /* slot 257: the same frames, writable by us */
#define CPU_AREA_START	 0xffff810000000000 /* slot 258: GDT and LDT windows of the CPUs */
#define FRAMETABLE_START 0xffff820000000000 /* slot 260: struct page of every frame */
#define HV_TEXT_START	 0xffff82d040000000 /* slot 261: our image */
#define IOMAP_START	 0xffff82e000000000 /* slot 261, upper part: device registers, uncached */
#define DIRECTMAP_START	 0xffff830000000000 /* slots 262..271: all RAM, writable, no execute */
#define DIRECTMAP_SIZE	 (HV_VIRT_END - DIRECTMAP_START)

/*
 * Per-CPU window in the CPU area, cpu * CPU_AREA_SIZE: 16 pages of GDT (the guest's first 14, our
 * last 2), 16 pages of LDT. Our page tables map it; the PTEs are rewritten at a context switch
 * before CR3 is loaded, never global.
 */
#define CPU_AREA_SIZE 0x200000
#define CPU_GDT_OFF   0x0
#define CPU_LDT_OFF   0x10000
#define CPU_STACK_OFF 0x100000

#endif
