/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a secondary CPU starts: real mode, in a page below 1 MiB that smp.c copied this code to.
 * It goes straight to long mode on the boot page tables and jumps to its place in the image;
 * position-independent but for physical addresses of the image.
 */
#define PHYS(sym) ((sym) - HV_TEXT_START + 0x200000)

	.section .boot.text, "ax"
	.globl trampoline_start, trampoline_end
	.code16
trampoline_start:
	cli
	cld
	mov %cs, %ax
	mov %ax, %ds
	lidtl (no_idt - trampoline_start)
	lgdtl (gdt_pointer - trampoline_start)
	mov $0x20, %eax
	mov %eax, %cr4
	mov $PHYS(boot_l4), %eax
	mov %eax, %cr3
	mov $0xc0000080, %ecx
	rdmsr
	or (trampoline_efer - trampoline_start), %eax
	wrmsr
	mov $0x80010033, %eax
	mov %eax, %cr0
	ljmpl *(far_pointer - trampoline_start)
	.balign 8
no_idt:
	.short 0
	.long 0
	.balign 8
gdt_pointer:
	.short 0xffff
	.long PHYS(boot_gdt) - 0xe000
	.balign 8
far_pointer:
	.long PHYS(ap_long)
	.short 0xe008
	.balign 4
	.globl trampoline_efer
trampoline_efer: /* what the boot CPU has, without LMA */
	.long 0x101
trampoline_end:

	.code64
ap_long:
	movabs $1f, %rax
	jmp *%rax
1:	xor %eax, %eax
	mov %eax, %fs
	mov %eax, %gs
	mov %eax, %ds
	mov %eax, %es
	mov $0xe010, %eax
	mov %eax, %ss
	mov smp_ap_cr3(%rip), %rax /* its stack is not in the boot tables */
	mov %rax, %cr3
	mov smp_ap_stack(%rip), %rsp
	xor %ebp, %ebp
	call smp_ap_start
2:	hlt
	jmp 2b
