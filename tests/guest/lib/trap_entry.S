/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries for the 256 vectors and the callbacks. The hypervisor pushed (from rsp upwards) rcx, r11,
 * [error code], rip, cs, rflags, rsp, ss. Each entry turns that into struct frame (trap.h) and ends
 * with the iret hypercall.
 */
#include "asm.h"

	.text
	.balign	16
	.globl	trap_entries
trap_entries:
	vector = 0
	.rept	256
	.balign	16
	popq	%rcx
	popq	%r11
	/* 8, 10 to 14, 17, 21, 29 and 30 come with an error code. */
	.if !((vector == 8) || (vector >= 10 && vector <= 14) || (vector == 17) || \
	      (vector == 21) || (vector == 29) || (vector == 30))
	pushq	$0
	.endif
	pushq	$vector
	jmp	common_entry
	vector = vector + 1
	.endr

	.macro callback name, number
	.globl	\name
\name:	popq	%rcx
	popq	%r11
	pushq	$0
	pushq	$\number
	jmp	common_entry
	.endm

	callback event_entry, 0x100
	callback syscall_entry, 0x102
	callback syscall32_entry, 0x103
	callback sysenter_entry, 0x104
	callback nmi_entry, 0x105

	/* The failsafe frame has the four selectors below rip. */
	.globl	failsafe_entry
failsafe_entry:
	popq	%rcx
	popq	%r11
	popq	failsafe_selectors
	popq	failsafe_selectors + 8
	popq	failsafe_selectors + 16
	popq	failsafe_selectors + 24
	pushq	$0
	pushq	$0x101

common_entry:
	pushq	%rdi
	pushq	%rsi
	pushq	%rdx
	pushq	%rcx
	pushq	%rax
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	pushfq
	cld
	movq	%rsp, %rdi
	movq	%rsp, %rbp
	andq	$-16, %rsp
	call	trap_dispatch
	movq	%rbp, %rsp
	addq	$8, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rax
	popq	%rcx
	popq	%rdx
	popq	%rsi
	popq	%rdi
	addq	$16, %rsp
	pushq	$0
	pushq	%rcx
	pushq	%r11
	pushq	%rax
	movl	$HYPERCALL_IRET, %eax
	syscall
	ud2

	/* void iret_with(const struct iret_context *): it is copied to the stack as it is. */
	.globl	iret_with
iret_with:
	subq	$72, %rsp
	movq	%rdi, %rsi
	movq	%rsp, %rdi
	movl	$9, %ecx
	cld
	rep movsq
	movl	$HYPERCALL_IRET, %eax
	syscall
	ud2

	/* long hypercall_on_stack(number, a1, a2, context): an iret context is at rsp then. */
	.globl	hypercall_on_stack
hypercall_on_stack:
	movq	%rdi, %rax
	movq	%rsi, %r8
	movq	%rdx, %r9
	movq	%rcx, %rsi
	subq	$72, %rsp
	movq	%rsp, %rdi
	movl	$9, %ecx
	cld
	rep movsq
	movq	%r8, %rdi
	movq	%r9, %rsi
	syscall
	addq	$72, %rsp
	ret

	/* void user_enter(const struct user_regs *) */
	.globl	user_enter
user_enter:
	movq	%rdi, %rdx
	leaq	96(%rdi), %rsi
	subq	$72, %rsp
	movq	%rsp, %rdi
	movl	$9, %ecx
	cld
	rep movsq
	movq	88(%rdx), %r15
	movq	80(%rdx), %r14
	movq	72(%rdx), %r13
	movq	64(%rdx), %r12
	movq	56(%rdx), %r10
	movq	48(%rdx), %r9
	movq	40(%rdx), %r8
	movq	32(%rdx), %rbp
	movq	24(%rdx), %rbx
	movq	8(%rdx), %rsi
	movq	0(%rdx), %rdi
	movq	16(%rdx), %rdx
	movl	$HYPERCALL_IRET, %eax
	syscall
	ud2

	/* int resume_set(struct resume *) */
	.globl	resume_set
resume_set:
	movq	%rbx, 0(%rdi)
	movq	%rbp, 8(%rdi)
	movq	%r12, 16(%rdi)
	movq	%r13, 24(%rdi)
	movq	%r14, 32(%rdi)
	movq	%r15, 40(%rdi)
	leaq	8(%rsp), %rax
	movq	%rax, 48(%rdi)
	movq	(%rsp), %rax
	movq	%rax, 56(%rdi)
	xorl	%eax, %eax
	ret

	/* void resume_at(struct resume *) */
	.globl	resume_at
resume_at:
	movq	0(%rdi), %rbx
	movq	8(%rdi), %rbp
	movq	16(%rdi), %r12
	movq	24(%rdi), %r13
	movq	32(%rdi), %r14
	movq	40(%rdi), %r15
	movq	48(%rdi), %rsp
	movl	$1, %eax
	cld
	jmp	*56(%rdi)

	.section .note.GNU-stack, "", @progbits
