// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Privileged instructions in kernel mode (PV-ABI fact 25, SECURITY C11): what is carried out for
 * the guest and what is #GP or #UD. In user mode every one of them faults.
 */
#include "test.h"

#define TRY(name, ...) fact("kernel", "%s: %s", name, trap_name(TRAP(asm volatile(__VA_ARGS__))))

USER_CODE(priv_cli, "cli; int3");
USER_CODE(priv_in, "inb $0x80, %al; int3");
USER_CODE(priv_clts, "clts; int3");
USER_CODE(priv_cr0, "movq %cr0, %rax; int3");
USER_CODE(priv_cr3, "movq %rax, %cr3; int3");
USER_CODE(priv_dr0, "movq %db0, %rax; int3");
USER_CODE(priv_rdmsr, "movl $0xc0000080, %ecx; rdmsr; int3");
USER_CODE(priv_invlpg, "invlpg (%rsp); int3");
USER_CODE(priv_wbinvd, "wbinvd; int3");
USER_CODE(priv_lgdt, "lgdt (%rsp); int3");

static void in_kernel(void)
{
	TRY("cli", "cli");
	fact("kernel", "upcall mask after cli: %u", vcpu_self()->info->evtchn_upcall_mask);
	TRY("sti", "sti");
	TRY("popf with IF and IOPL", "pushfq; orq $0x3000, (%%rsp); popfq" ::: "memory");
	fact("kernel", "IOPL after popf: %lx", read_flags() & FLAG_IOPL);
	TRY("clts", "clts");
	TRY("read cr0", "movq %%cr0, %%rax" ::: "rax");
	TRY("read cr2", "movq %%cr2, %%rax" ::: "rax");
	TRY("read cr3", "movq %%cr3, %%rax" ::: "rax");
	TRY("read cr4", "movq %%cr4, %%rax" ::: "rax");
	TRY("read cr8", "movq %%cr8, %%rax" ::: "rax");
	TRY("write cr3 with garbage", "movq %0, %%cr3" ::"r"(~0ul << 12 & 0xffffffffff000));
	TRY("invlpg", "invlpg (%%rsp)" ::);
	TRY("wbinvd", "wbinvd");
	TRY("invd", "invd");
	TRY("lgdt", "lgdt (%%rsp)" ::);
	TRY("lidt", "lidt (%%rsp)" ::);
	TRY("lldt", "lldt %%ax" ::"a"(0));
	TRY("ltr", "ltr %%ax" ::"a"(0));
	TRY("lmsw", "lmsw %%ax" ::"a"(0));
	TRY("smsw", "smsw %%ax" ::: "rax");
	TRY("sgdt", "subq $16, %%rsp; sgdt (%%rsp); addq $16, %%rsp" ::: "memory");
	TRY("str", "str %%ax" ::: "rax");
	TRY("swapgs", "swapgs");
	TRY("sysret", "sysretq");
	TRY("monitor", "xorl %%ecx, %%ecx; xorl %%edx, %%edx; monitor" ::"a"(0) : "rcx", "rdx");
	TRY("vmcall", "vmcall");
	TRY("vmmcall", "vmmcall");
	TRY("rdpmc", "rdpmc" ::"c"(0) : "rax", "rdx");
	TRY("xsetbv", "xsetbv" ::"a"(0), "c"(0), "d"(0));
	TRY("xgetbv", "xgetbv" ::"c"(0) : "rax", "rdx");
	TRY("icebp", ".byte 0xf1");
	TRY("in 0x80", "inb $0x80, %%al" ::: "rax");
	TRY("out 0x80", "outb %%al, $0x80" ::"a"(0));
}

static void in_user(const char *what, const u8 *code)
{
	struct user_regs regs = user_regs(code);
	int vector = TRAP(user_enter(&regs));

	upcalls_disable();
	fact("user", "%s: %s", what, trap_name(vector));
	CHECK(vector == TRAP_GP || vector == TRAP_UD);
}

CHILD_TEST(trap_privileged, "privileged instructions of a domU, kernel and user mode")
{
	in_kernel();
	in_user("cli", priv_cli);
	in_user("in", priv_in);
	in_user("clts", priv_clts);
	in_user("cr0", priv_cr0);
	in_user("cr3", priv_cr3);
	in_user("dr0", priv_dr0);
	in_user("rdmsr", priv_rdmsr);
	in_user("invlpg", priv_invlpg);
	in_user("wbinvd", priv_wbinvd);
	in_user("lgdt", priv_lgdt);
}
