/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the boot loader to C. QEMU's -kernel enters by Multiboot 1, GRUB (BIOS and UEFI alike) by
 * Multiboot 2: both in 32-bit protected mode without paging, magic in eax, the information's
 * address in ebx. The image always stands at 2 MiB; the static tables below map the first 4 GiB
 * one to one, at the direct map's place and, from 2 MiB on, at the image's link address. Ends in
 * start.c.
 */
#define PHYS(sym) ((sym) - HV_TEXT_START + 0x200000)

#define MB1_FLAGS 0x00010003 /* page-aligned modules, memory map, a.out fields */
#define MB2_LENGTH (mb2_end - mb2_header)

	.section .boot.head, "ax"
	.code32
	.balign 8
mb1_header:
	.long 0x1badb002, MB1_FLAGS, -(0x1badb002 + MB1_FLAGS)
	.long PHYS(mb1_header), PHYS(image_start), PHYS(data_end), PHYS(image_end), PHYS(boot_entry)

	.balign 8
mb2_header:
	.long 0xe85250d6, 0, MB2_LENGTH, -(0xe85250d6 + MB2_LENGTH)
	.balign 8
	.short 1, 0 /* information request: command line, modules, memory map */
	.long 5 * 4, 1, 3, 6
	.balign 8
	.short 1, 1 /* optional: framebuffer, EFI system table, both RSDP forms, loader name */
	.long 7 * 4, 8, 12, 14, 15, 2
	.balign 8
	.short 2, 0 /* address */
	.long 24, PHYS(mb2_header), PHYS(image_start), PHYS(data_end), PHYS(image_end)
	.balign 8
	.short 3, 0 /* entry */
	.long 12, PHYS(boot_entry)
	.balign 8
	.short 6, 0 /* page-aligned modules */
	.long 8
	.balign 8
	.short 4, 1 /* console: EGA text is understood */
	.long 12, 2
	.balign 8
	.short 0, 0
	.long 8
mb2_end:

	.globl boot_entry
boot_entry:
	cli
	cld
	mov %eax, %ebp
	mov %ebx, %esi
	lgdtl PHYS(boot_gdt_pointer)
	mov $PHYS(boot_stack_top), %esp

	/* Long mode there? CPUID leaf 0x80000001, edx bit 29. */
	mov $0x80000000, %eax
	cpuid
	cmp $0x80000001, %eax
	jb no_long_mode
	mov $0x80000001, %eax
	cpuid
	bt $29, %edx
	jnc no_long_mode
	and $(1 << 20), %edx /* NX */
	mov %edx, %edi

	mov $0x20, %eax /* PAE */
	mov %eax, %cr4
	mov $PHYS(boot_l4), %eax
	mov %eax, %cr3
	mov $0xc0000080, %ecx /* EFER: long mode, SYSCALL, NX if the CPU has it */
	rdmsr
	or $0x101, %eax
	test %edi, %edi
	jz 1f
	or $0x800, %eax
1:	wrmsr
	mov $0x80010033, %eax /* PG WP NE ET MP PE */
	mov %eax, %cr0
	ljmpl *PHYS(boot_far)

no_long_mode:
	mov $PHYS(no_long_mode_text), %esi
	mov $0xb8000, %edi
	mov $0x0f, %ah
1:	lodsb
	test %al, %al
	jz 2f
	stosw
	jmp 1b
2:	hlt
	jmp 2b
no_long_mode_text:
	.asciz "Paravane needs a 64-bit CPU."

	.balign 8
boot_far:
	.long PHYS(boot_long)
	.short 0xe008
	.globl boot_gdt_pointer
	.balign 8
boot_gdt_pointer: /* based so that HV_CS and HV_DS are right from the first far jump */
	.short 0xffff
	.long PHYS(boot_gdt) - 0xe000
	.balign 8
	.globl boot_gdt
boot_gdt:
	.quad 0
	.quad 0x00af9b000000ffff
	.quad 0x00cf93000000ffff

	.code64
boot_long:
	movabs $1f, %rax
	jmp *%rax
1:	xor %eax, %eax
	mov %eax, %fs
	mov %eax, %gs
	mov %eax, %ds
	mov %eax, %es
	mov $0xe010, %eax
	mov %eax, %ss
	lea boot_stack_top(%rip), %rsp
	sub $(184 + 8), %rsp /* the CPU block, see machine_inline.h; aligned for C */
	mov %ebp, %edi
	mov %esi, %esi
	xor %ebp, %ebp
	call boot_start
2:	hlt
	jmp 2b

	.section .boot.tables, "aw"
	.balign 4096
boot_stack: /* STACK_SIZE-aligned by paravane.lds: cpu_id() works from the start */
	.fill 32768, 1, 0
boot_stack_top:
	.globl boot_l4
boot_l4:
	.quad PHYS(boot_l3_low) + 3
	.fill 260, 8, 0
	.quad PHYS(boot_l3_image) + 3 /* slot 261 */
	.quad PHYS(boot_l3_low) + 3 /* slot 262: the direct map */
	.fill 249, 8, 0
boot_l3_low:
	.quad PHYS(boot_l2) + 3, PHYS(boot_l2) + 0x1003
	.quad PHYS(boot_l2) + 0x2003, PHYS(boot_l2) + 0x3003
	.fill 508, 8, 0
boot_l3_image:
	.fill 321, 8, 0
	.quad PHYS(boot_l2_image) + 3
	.fill 190, 8, 0
boot_l2_image:
	.set i, 1
	.rept 511
	.quad (i << 21) + 0x83
	.set i, i + 1
	.endr
	.quad 0
boot_l2:
	.set i, 0
	.rept 2048
	.quad (i << 21) + 0x83
	.set i, i + 1
	.endr
