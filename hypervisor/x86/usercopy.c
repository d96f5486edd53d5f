/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest memory through the current page table. The address range is checked here, at the access
 * (A1, A2 of the rules). SMAP is opened for the copy alone. Words first, then bytes, so that short
 * structures cost few steps; a fault ends the copy and the rest is counted in bytes.
 */
#include "x86/asm.h"
#include "x86/cpu.h"
#include "x86/machine.h"

#define PATCHED(section)                            \
	"9: nopl (%%rax)\n\t.pushsection ." section \
	", \"a\"\n\t.balign 4\n\t.long 9b - .\n\t.popsection\n\t"
#define STAC PATCHED("patch.stac")
#define CLAC PATCHED("patch.clac")

/* With the guest's end of it checked: the bytes not copied. */
static inline u64 copy(void *to, const void *from, u64 bytes)
{
	u64 words = bytes / 8, rest = bytes % 8;

	asm volatile(STAC "1: rep movsq\n\tmov %[rest], %%rcx\n2: rep movsb\n3:\n\t" CLAC
			  ".pushsection .text.fixup, \"ax\"\n"
			  "4: lea (%[rest], %%rcx, 8), %%rcx\n\tjmp 3b\n\t"
			  ".popsection\n\t" EXTABLE("1b", "4b") EXTABLE("2b", "3b")
		     : "+c"(words), "+D"(to), "+S"(from)
		     : [rest] "r"(rest)
		     : "memory");
	return words;
}

u64 guest_copy_in(void *to, u64 va, u64 bytes)
{
	if (!bytes)
		return 0;
	return guest_range_ok(va, bytes) ? copy(to, (const void *)va, bytes) : bytes;
}

u64 guest_copy_out(u64 va, const void *from, u64 bytes)
{
	if (!bytes)
		return 0;
	return guest_range_ok(va, bytes) ? copy((void *)va, from, bytes) : bytes;
}

u64 guest_clear(u64 va, u64 bytes)
{
	u64 words = bytes / 8, rest = bytes % 8;

	if (!bytes)
		return 0;
	if (!guest_range_ok(va, bytes))
		return bytes;
	asm volatile(STAC "1: rep stosq\n\tmov %[rest], %%rcx\n2: rep stosb\n3:\n\t" CLAC
			  ".pushsection .text.fixup, \"ax\"\n"
			  "4: lea (%[rest], %%rcx, 8), %%rcx\n\tjmp 3b\n\t"
			  ".popsection\n\t" EXTABLE("1b", "4b") EXTABLE("2b", "3b")
		     : "+c"(words), "+D"(va)
		     : [rest] "r"(rest), "a"(0ul)
		     : "memory");
	return words;
}

void page_clear(void *page)
{
	u64 words = PAGE_SIZE / 8;

	asm volatile("rep stosq" : "+c"(words), "+D"(page) : "a"(0ul) : "memory");
}

void page_copy(void *to, const void *from)
{
	u64 words = PAGE_SIZE / 8;

	asm volatile("rep movsq" : "+c"(words), "+D"(to), "+S"(from) : : "memory");
}
