/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first instructions and what the domain builder reads before them: the ELF notes
 * (<xen/elfnote.h>). The hypercall page is named so that its contents can be tested; the kernel
 * itself issues SYSCALL (PV-ABI fact 8).
 */
#include <xen/elfnote.h>
#include "asm.h"

	.macro note type, value:vararg
	.pushsection .notes, "a", @note
	.balign	4
	.long	4
	.long	2f - 1f
	.long	\type
	.asciz	"Xen"
1:	\value
2:	.balign	4
	.popsection
	.endm

	note	XEN_ELFNOTE_GUEST_OS, .asciz "pvt"
	note	XEN_ELFNOTE_GUEST_VERSION, .asciz "1"
	note	XEN_ELFNOTE_LOADER, .asciz "generic"
	note	XEN_ELFNOTE_XEN_VERSION, .asciz "xen-3.0"
	note	XEN_ELFNOTE_VIRT_BASE, .quad VIRT_BASE
	note	XEN_ELFNOTE_PADDR_OFFSET, .quad VIRT_BASE
	note	XEN_ELFNOTE_ENTRY, .quad _start
	note	XEN_ELFNOTE_HYPERCALL_PAGE, .quad hypercall_page
	note	XEN_ELFNOTE_HV_START_LOW, .quad 0xffff800000000000
	note	XEN_ELFNOTE_PAE_MODE, .asciz "yes"
	/* Bit 11 is XENFEAT_dom0, bit 0 XENFEAT_writable_page_tables (not needed). */
	note	XEN_ELFNOTE_SUPPORTED_FEATURES, .long 0x803

	.section .text.head, "ax"
	.globl	_start
_start:
	cld
	movq	$boot_stack + STACK_BYTES, %rsp
	movq	%rsi, %rdi
	xorl	%ebp, %ebp
	call	boot
	ud2

	/* Where secondary vcpus start: rdi is the struct vcpu, rsp its stack. */
	.globl	vcpu_entry
vcpu_entry:
	cld
	xorl	%ebp, %ebp
	call	vcpu_run
	ud2

	.balign	4096
	.globl	hypercall_page
hypercall_page:
	.skip	4096, 0xcc

	.section .note.GNU-stack, "", @progbits
