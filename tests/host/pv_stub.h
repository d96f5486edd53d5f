/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of hypervisor/pv call, for tests of their rules alone: one vcpu, one page of
 * "guest stack and code", switches that the test sets. The real machine's effects are written down
 * in `seen`.
 */
#ifndef PV_STUB_H
#define PV_STUB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#undef fail
#include <cmocka.h>
#undef fail

#include "core/domain.h"
#include "core/vcpu.h"
#include "pv/decode.h"
#include "pv/desc.h"
#include "pv/mmu.h"
#include "pv/pte.h"
#include "pv/traps.h"
#include "x86/guest_cpu.h"

#define MEMORY_VA     0x7f0000000000ul /* guest memory: one page, here */
#define OWN_FRAME     5
#define FOREIGN_FRAME 6
#define FREE_FRAME    7
#define FRAME_LIMIT   16
#define IO_FRAME      0xfee00
#define SHARED_DOMID  1

extern u8 memory[PAGE_SIZE];
extern u64 stub_now; /* system time */
extern struct pv_domain stub_domain, stub_other;
extern struct pv_vcpu stub_vcpu;
extern struct shared_info stub_shared;
extern struct {
	unsigned crashes, toggles, writable_refs, type_puts;
	u64 dr[8];
	u64 entry; /* the page-table entry that ptwr writes */
	int write_result;
} seen;

void stub_reset(void);

#endif
