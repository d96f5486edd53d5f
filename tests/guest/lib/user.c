// SPDX-License-Identifier: GPL-2.0-or-later
/* User mode page tables; see user.h. The tables of the lower half are made in the kernel's and
 * shared through slot 0. */
#include "user.h"
#include "memory.h"
#include "test.h"

extern const u8 user_text[], user_text_end[];

static u64 *user_l4, *data;

static void build(void)
{
	for (u64 at = 0; at < (u64)(user_text_end - user_text); at += PAGE_SIZE)
		CHECK_EQ(
			map_page(USER_TEXT + at, MAKE_PTE(virt_to_mfn(user_text + at), PTE_RO)), 0);
	CHECK_EQ(map_page(USER_STACK_TOP - PAGE_SIZE,
			 MAKE_PTE(virt_to_mfn(page_alloc()), PTE_RW_DATA)),
		0);
	data = page_alloc();
	CHECK_EQ(map_page(USER_DATA, MAKE_PTE(virt_to_mfn(data), PTE_RW_DATA)), 0);
	user_l4 = table_alloc();
	table_set(user_l4, 0, pte_read(USER_TEXT, 4));
}

void user_init(void)
{
	struct vcpu *v = vcpu_self();

	if (!user_l4)
		build();
	CHECK_EQ(mmuext(MMUEXT_NEW_USER_BASEPTR, virt_to_mfn(user_l4)), 0);
	v->user_l4 = virt_to_mfn(user_l4);
}

u64 user_address(const void *code)
{
	return USER_TEXT + ((u64)code - (u64)user_text);
}

u64 user_l4_mfn(void)
{
	return virt_to_mfn(user_l4);
}

u64 *user_data(void)
{
	return data;
}

struct user_regs user_regs(const void *code)
{
	user_init();
	return (struct user_regs){
		.iret = {
			.rip = user_address(code),
			.cs = FLAT_USER_CS,
			.rflags = FLAG_IF,
			.rsp = USER_STACK_TOP,
			.ss = FLAT_USER_SS,
		},
	};
}
