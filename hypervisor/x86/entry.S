/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Into the hypervisor and out of it: save, call C, restore. Policy is all in C.
 *
 * From ring 3 the frame (struct regs) ends up at the top of the CPU's stack, inside cpu_block:
 * traps and interrupts get there by TSS.RSP0, SYSCALL by a stub per CPU (no segment base is ours
 * to find data by), SYSENTER by its MSR. #DB, NMI, #DF and #MC have stacks of their own (IST):
 * they can hit the instructions around SYSCALL and SYSRET, where rsp is the guest's. On entry DF
 * and AC are cleared here, TF and NT by the gate or SYSCALL_MASK. Interrupts stay off. C functions
 * run with the stack 8 bytes off the ABI's alignment, which code without SSE does not notice.
 */
#define R_RBP 32
#define R_R11 48
#define R_RCX 88
#define R_ERROR 120
#define R_RIP 128
#define R_CS 136
#define R_RFLAGS 144
#define R_RSP 152
#define R_SS 160

#define CPU_BLOCK_BYTES 184 /* sizeof(struct cpu_block) */
#define STACK_BYTES (4096 << STACK_ORDER)

#define FLAT_CS32 0xe023
#define FLAT_CS64 0xe033
#define FLAT_SS   0xe02b
#define VECTOR_SYSCALL  0x100
#define VECTOR_SYSENTER 0x101
#define EFLAGS_NOT_PLAIN 0x34100 /* TF, NT, RF, VM */

	.macro CLAC /* three bytes that cpu.c turns into CLAC where SMAP is in use */
9:	nopl (%rax)
	.pushsection .patch.clac, "a"
	.balign 4
	.long 9b - .
	.popsection
	.endm

	.macro SAVE_REGS
	push %rdi
	push %rsi
	push %rdx
	push %rcx
	push %rax
	push %r8
	push %r9
	push %r10
	push %r11
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	xor %ebx, %ebx /* no guest values where speculation might use them; rbp ends backtraces */
	xor %ebp, %ebp
	xor %r12d, %r12d
	xor %r13d, %r13d
	xor %r14d, %r14d
	xor %r15d, %r15d
	.endm

	.macro RESTORE_REGS
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	pop %r11
	pop %r10
	pop %r9
	pop %r8
	pop %rax
	pop %rcx
	pop %rdx
	pop %rsi
	pop %rdi
	.endm

	.section .text.entry, "ax"
	.code64

/* SYSCALL from CPU n's guest, 32 bytes each. Slot n: { where its rsp waits, the stack's top }. */
	.globl syscall_stubs, syscall32_stubs
	.balign 64
syscall_stubs:
	.set n, 0
	.rept NR_CPUS
	mov %rsp, syscall_slots + n * 16(%rip)
	mov syscall_slots + 8 + n * 16(%rip), %rsp
	pushq $FLAT_SS
	pushq syscall_slots + n * 16(%rip)
	jmp entry_syscall
	.balign 32
	.set n, n + 1
	.endr

	.balign 64
entry_syscall:
	push %r11
	pushq $FLAT_CS64
syscall_frame:
	push %rcx
	pushq $0
	movl $VECTOR_SYSCALL, 4(%rsp)
	SAVE_REGS
	mov %rsp, %rdi
	call upcall_guest_syscall
	/* falls through */

/* rsp is cpu_block()->guest. Back to it: by SYSRET where that restores all, else by IRET. */
exit_to_guest:
	mov %rsp, %rdi
	call upcall_exit
	mov R_RIP(%rsp), %rcx
	mov R_RFLAGS(%rsp), %r11
	cmp %rcx, R_RCX(%rsp)
	jne exit_iret
	cmp %r11, R_R11(%rsp)
	jne exit_iret
	cmpl $FLAT_CS64, R_CS(%rsp)
	jne exit_iret
	cmpl $FLAT_SS, R_SS(%rsp)
	jne exit_iret
	mov %rcx, %rax /* SYSRET to a bad rip faults in ring 0, guest's stack */
	shl $16, %rax
	sar $16, %rax
	cmp %rcx, %rax
	jne exit_iret
	test $EFLAGS_NOT_PLAIN, %r11d
	jnz exit_iret
	RESTORE_REGS
	mov R_RSP - R_ERROR(%rsp), %rsp
	sysretq

exit_iret:
	RESTORE_REGS
	add $8, %rsp
	.globl exit_iret_insn
exit_iret_insn: /* a fault here is the guest's: trap.c, upcall_exit_fault */
	iretq

	.globl sysenter_entry
	.balign 16
sysenter_entry: /* rsp is the CPU's stack top; where the guest came from is not told */
	pushq $FLAT_SS
	pushq $0
	pushfq
	pushq $2
	popfq
	orl $0x200, (%rsp)
	CLAC
	pushq $FLAT_CS32
	pushq $0
	pushq $0
	movl $VECTOR_SYSENTER, 4(%rsp)
	SAVE_REGS
	mov %rsp, %rdi
	call upcall_guest_syscall
	jmp exit_to_guest

	.balign 16
entry_syscall32:
	push %r11
	pushq $FLAT_CS32
	jmp syscall_frame

/* void machine_enter_guest(void): forget this C stack. */
	.globl machine_enter_guest
machine_enter_guest:
	or $(STACK_BYTES - 1), %rsp
	sub $(CPU_BLOCK_BYTES - 1), %rsp
	xor %ebp, %ebp
	jmp exit_to_guest

/* void machine_enter_loop(void (*loop)(void)) */
	.globl machine_enter_loop
machine_enter_loop:
	or $(STACK_BYTES - 1), %rsp
	sub $(CPU_BLOCK_BYTES + 7), %rsp
	xor %ebp, %ebp
	call *%rdi
	ud2

/* void stack_switch(u64 top, void (*fn)(void)): run fn, which does not return, on another stack. */
	.globl stack_switch
stack_switch:
	mov %rdi, %rsp
	xor %ebp, %ebp
	call *%rsi
	ud2

	.balign 16
entry_trap:
	cld
	CLAC
	SAVE_REGS
	mov %rsp, %rdi
	testb $3, R_CS(%rsp)
	jz 1f
	call upcall_guest_trap
	jmp exit_to_guest
1:	call trap_in_hypervisor
exit_to_hypervisor:
	RESTORE_REGS
	add $8, %rsp
	iretq

	.balign 16
entry_irq:
	cld
	CLAC
	SAVE_REGS
	mov %rsp, %rdi
	call trap_interrupt
	testb $3, R_CS(%rsp)
	jnz exit_to_guest
	jmp exit_to_hypervisor

/* On an IST stack. trap_debug moves a guest's frame to the main stack and tells where, or NULL. */
entry_trap_db:
	cld
	CLAC
	SAVE_REGS
	mov %rsp, %rdi
	call trap_debug
	test %rax, %rax
	jz exit_ist
	mov %rax, %rsp
	mov %rax, %rdi
	call upcall_guest_trap
	jmp exit_to_guest

entry_trap_ist: /* NMI, #DF, #MC: handled on the spot */
	cld
	CLAC
	SAVE_REGS
	mov %rsp, %rdi
	call trap_ist
exit_ist:
	RESTORE_REGS
	add $8, %rsp
	.globl exit_ist_insn
exit_ist_insn:
	iretq

/*
 * The list of exceptions: TRAP vector, does the CPU push an error code, common part, IST stack (0:
 * none), DPL of the gate. It makes the stub and a row of trap_gates: { stub, vector, ist, dpl }.
 */
	.macro TRAP vector error common=entry_trap ist=0 dpl=0
	.balign 16
8:	.if \error == 0
	pushq $0
	.endif
	movl $\vector, 4(%rsp)
	jmp \common
	.pushsection .data.ro_after_boot, "aw"
	.quad 8b
	.byte \vector, \ist, \dpl, 0
	.long 0
	.popsection
	.endm

	.pushsection .data.ro_after_boot, "aw"
	.balign 16
	.globl trap_gates, trap_gates_end
trap_gates:
	.popsection
	TRAP 0, 0
	TRAP 1, 0, entry_trap_db, 4
	TRAP 2, 0, entry_trap_ist, 1
	TRAP 3, 0, dpl=3
	TRAP 4, 0, dpl=3
	TRAP 5, 0
	TRAP 6, 0
	TRAP 7, 0
	TRAP 8, 1, entry_trap_ist, 2
	TRAP 10, 1
	TRAP 11, 1
	TRAP 12, 1
	TRAP 13, 1
	TRAP 14, 1
	TRAP 16, 0
	TRAP 17, 1
	TRAP 18, 0, entry_trap_ist, 3
	TRAP 19, 0
	TRAP 20, 0
	TRAP 21, 1
	.pushsection .data.ro_after_boot, "aw"
trap_gates_end:
	.popsection

/* Interrupts 32..255: 16 bytes each. */
	.globl irq_stubs
	.balign 16
irq_stubs:
	.set n, 32
	.rept 224
	pushq $0
	movl $n, 4(%rsp)
	jmp entry_irq
	.balign 16
	.set n, n + 1
	.endr

	.balign 64
syscall32_stubs:
	.set n, 0
	.rept NR_CPUS
	mov %rsp, syscall_slots + n * 16(%rip)
	mov syscall_slots + 8 + n * 16(%rip), %rsp
	pushq $FLAT_SS
	pushq syscall_slots + n * 16(%rip)
	jmp entry_syscall32
	.balign 32
	.set n, n + 1
	.endr
