/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Emulated writes to page tables (pv/ptwr.c) against the processor: each instruction of the list
 * runs for real on ordinary memory and through mmu_write_fault, with the same registers, flags and
 * memory; all must agree. And the decoder (pv/decode.c): lengths, kinds, what is refused, and that
 * no byte is looked at which is not there.
 */
#include "pv_stub.h"

#include <sys/mman.h>

#define CODE_VA	   (MEMORY_VA + 0x800)
#define ARITHMETIC 0x8d5ul
#define AF	   0x10ul

struct cpu_state {
	u64 rax, rcx, rsi, rflags;
};

/* Run `bytes` with rdi = memory operand. */
static void run_real(const u8 *bytes, unsigned count, u64 *operand, struct cpu_state *s)
{
	static u8 *page;

	if (!page) {
		page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		assert_true(page != MAP_FAILED);
	}
	memcpy(page, bytes, count);
	page[count] = 0xc3;
	asm volatile("sub $128, %%rsp\n\tpushq %[flags]\n\tpopfq\n\tcall *%[code]\n\tpushfq\n\t"
		     "popq %[flags]\n\tadd $128, %%rsp"
		     : [flags] "+&r"(s->rflags), "+a"(s->rax), "+c"(s->rcx), "+S"(s->rsi)
		     : [code] "r"(page), "D"(operand)
		     : "memory", "cc");
}

static const struct {
	const char *text;
	u8 length, bytes[12];
	bool af_undefined;
} list[] = {
	{ "mov %sil,(%rdi)", 3, { 0x40, 0x88, 0x37 }, 0 },
	{ "mov %si,(%rdi)", 3, { 0x66, 0x89, 0x37 }, 0 },
	{ "mov %esi,(%rdi)", 2, { 0x89, 0x37 }, 0 },
	{ "mov %rsi,(%rdi)", 3, { 0x48, 0x89, 0x37 }, 0 },
	{ "movq $-2,(%rdi)", 7, { 0x48, 0xc7, 0x07, 0xfe, 0xff, 0xff, 0xff }, 0 },
	{ "movl $5,(%rdi)", 6, { 0xc7, 0x07, 5, 0, 0, 0 }, 0 },
	{ "movb $5,(%rdi)", 3, { 0xc6, 0x07, 5 }, 0 },
	{ "xchg %rsi,(%rdi)", 3, { 0x48, 0x87, 0x37 }, 0 },
	{ "xchg %esi,(%rdi)", 2, { 0x87, 0x37 }, 0 },
	{ "xchg %sil,(%rdi)", 3, { 0x40, 0x86, 0x37 }, 0 },
	{ "lock cmpxchg %rsi,(%rdi)", 5, { 0xf0, 0x48, 0x0f, 0xb1, 0x37 }, 0 },
	{ "lock cmpxchg %esi,(%rdi)", 4, { 0xf0, 0x0f, 0xb1, 0x37 }, 0 },
	{ "lock cmpxchg %sil,(%rdi)", 5, { 0xf0, 0x40, 0x0f, 0xb0, 0x37 }, 0 },
	{ "lock andb $0xdf,(%rdi)", 4, { 0xf0, 0x80, 0x27, 0xdf }, 1 },
	{ "lock andq $-3,(%rdi)", 5, { 0xf0, 0x48, 0x83, 0x27, 0xfd }, 1 },
	{ "andl $0x12345678,(%rdi)", 6, { 0x81, 0x27, 0x78, 0x56, 0x34, 0x12 }, 1 },
	{ "and %rsi,(%rdi)", 3, { 0x48, 0x21, 0x37 }, 1 },
	{ "lock orq $0x42,(%rdi)", 5, { 0xf0, 0x48, 0x83, 0x0f, 0x42 }, 1 },
	{ "or %esi,(%rdi)", 2, { 0x09, 0x37 }, 1 },
	{ "orb $0x80,(%rdi)", 3, { 0x80, 0x0f, 0x80 }, 1 },
	{ "xor %rsi,(%rdi)", 3, { 0x48, 0x31, 0x37 }, 1 },
	{ "xorw $0x7777,(%rdi)", 5, { 0x66, 0x81, 0x37, 0x77, 0x77 }, 1 },
	{ "add %rsi,(%rdi)", 3, { 0x48, 0x01, 0x37 }, 0 },
	{ "add %sil,(%rdi)", 3, { 0x40, 0x00, 0x37 }, 0 },
	{ "addl $1,(%rdi)", 3, { 0x83, 0x07, 1 }, 0 },
	{ "subq $1,(%rdi)", 4, { 0x48, 0x83, 0x2f, 1 }, 0 },
	{ "sub %esi,(%rdi)", 2, { 0x29, 0x37 }, 0 },
	{ "lock btsq $5,(%rdi)", 6, { 0xf0, 0x48, 0x0f, 0xba, 0x2f, 5 }, 1 },
	{ "lock btrq $1,(%rdi)", 6, { 0xf0, 0x48, 0x0f, 0xba, 0x37, 1 }, 1 },
	{ "lock btrl $6,(%rdi)", 5, { 0xf0, 0x0f, 0xba, 0x37, 6 }, 1 },
	{ "btcq $63,(%rdi)", 5, { 0x48, 0x0f, 0xba, 0x3f, 63 }, 1 },
	{ "movq $-1,0x10(%rdi,%rcx,8) with rcx = -2", 9,
		{ 0x48, 0xc7, 0x44, 0xcf, 0x10, 0xff, 0xff, 0xff, 0xff }, 0 },
};

static const u64 values[] = { 0, 1, 2, 0x42, 0x7f, 0x80, 0xff, 0x8000, 0xffff, 0x7fffffff,
	0x80000000, 0xffffffff, 0x8000000000000067, 0x7fffffffffffffff, 0x8000000000000000, ~0ul };

static bool is_bit_op(const char *text)
{
	return strstr(text, "bt");
}

static void compare_one(unsigned i, u64 memory_value, u64 reg, u64 rax, u64 flags)
{
	struct cpu_state s = { .rax = rax, .rcx = ~1ul, .rsi = reg, .rflags = flags | 0x202 };
	u64 operand = memory_value, mask = ARITHMETIC;
	struct regs *r = &fake_regs[0];

	run_real(list[i].bytes, list[i].length, &operand, &s);
	memcpy(memory + 0x800, list[i].bytes, list[i].length);
	*r = (struct regs){ .rax = rax,
		.rcx = ~1ul,
		.rsi = reg,
		.rdi = MEMORY_VA + 0x100,
		.rip = CODE_VA,
		.rflags = flags | 0x202 };
	seen.entry = memory_value;
	assert_true(mmu_write_fault(r, MEMORY_VA + 0x100));
	if (list[i].af_undefined)
		mask &= ~AF;
	if (is_bit_op(list[i].text))
		mask = 1;
	if (seen.entry != operand || r->rsi != s.rsi || r->rax != s.rax ||
		((r->rflags ^ s.rflags) & mask))
		fprintf(stderr, "%s: memory %lx reg %lx rax %lx: %lx/%lx flags %lx/%lx\n",
			list[i].text, memory_value, reg, rax, seen.entry, operand,
			r->rflags & ARITHMETIC, s.rflags & ARITHMETIC);
	assert_int_equal(seen.entry, operand);
	assert_int_equal(r->rsi, s.rsi);
	assert_int_equal(r->rax, s.rax);
	assert_int_equal((r->rflags ^ s.rflags) & mask, 0);
	assert_int_equal(r->rip, CODE_VA + list[i].length);
}

static void test_against_processor(void **state)
{
	stub_reset();
	for (unsigned i = 0; i < ARRAY_SIZE(list); i++)
		for (unsigned m = 0; m < ARRAY_SIZE(values); m++)
			for (unsigned v = 0; v < ARRAY_SIZE(values); v++) {
				compare_one(
					i, values[m], values[v], values[m], v % 2 ? ARITHMETIC : 0);
				compare_one(
					i, values[m], values[v], values[v], v % 2 ? 0 : ARITHMETIC);
			}
}

static void test_parts_of_an_entry(void **state)
{
	static const u8 andb[] = { 0xf0, 0x80, 0x27, 0x0f };
	struct regs *r = &fake_regs[0];

	stub_reset();
	for (unsigned byte = 0; byte < 8; byte++) {
		memcpy(memory + 0x800, andb, sizeof(andb));
		*r = (struct regs){
			.rdi = MEMORY_VA + 0x100 + byte, .rip = CODE_VA, .rflags = 0x202
		};
		seen.entry = ~0ul;
		assert_true(mmu_write_fault(r, MEMORY_VA + 0x100 + byte));
		assert_int_equal(seen.entry, ~(0xf0ul << 8 * byte));
	}
}

static void test_write_refused(void **state)
{
	static const u8 mov[] = { 0x48, 0x89, 0x37 }, far[] = { 0x48, 0x0f, 0xab, 0x37 },
			gs[] = { 0x65, 0x48, 0x89, 0x37 };
	struct regs *r = &fake_regs[0], before;

	stub_reset();
	memcpy(memory + 0x800, mov, sizeof(mov));
	*r = before = (struct regs){
		.rdi = MEMORY_VA + 0x104, .rsi = 1, .rip = CODE_VA, .rflags = 0x202
	};
	assert_false(mmu_write_fault(r, MEMORY_VA + 0x104)); /* not aligned */
	assert_false(mmu_write_fault(r, MEMORY_VA + 0x100)); /* not the address that faulted */
	r->rdi = before.rdi = MEMORY_VA + 0x100;
	seen.write_result = -EBUSY;
	assert_false(mmu_write_fault(r, MEMORY_VA + 0x100)); /* a value that is refused */
	assert_memory_equal(r, &before, sizeof(before));
	seen.write_result = -EAGAIN;
	assert_true(mmu_write_fault(r, MEMORY_VA + 0x100)); /* it changed under us: once more */
	assert_memory_equal(r, &before, sizeof(before));
	seen.write_result = 0;
	memcpy(memory + 0x800, far, sizeof(far));
	r->rsi = 64; /* a bit of the next word */
	assert_false(mmu_write_fault(r, MEMORY_VA + 0x100));
	memcpy(memory + 0x800, gs, sizeof(gs));
	assert_false(mmu_write_fault(r, MEMORY_VA + 0x100));
	r->rip = MEMORY_VA + PAGE_SIZE - 2; /* the rest of the instruction is not mapped */
	memcpy(memory + PAGE_SIZE - 2, mov, 2);
	assert_false(mmu_write_fault(r, MEMORY_VA + 0x100));
}

/* ---- the decoder ---- */

static const struct {
	u8 length, bytes[15], kind;
} decoded[] = {
	{ 2, { 0x0f, 0xa2 }, INSN_CPUID },
	{ 2, { 0x0f, 0x32 }, INSN_RDMSR },
	{ 2, { 0x0f, 0x30 }, INSN_WRMSR },
	{ 2, { 0x0f, 0x06 }, INSN_CLTS },
	{ 2, { 0x0f, 0x09 }, INSN_WBINVD },
	{ 2, { 0x0f, 0x31 }, INSN_RDTSC },
	{ 3, { 0x0f, 0x01, 0xd1 }, INSN_XSETBV },
	{ 1, { 0xfa }, INSN_CLI },
	{ 1, { 0xfb }, INSN_STI },
	{ 3, { 0x0f, 0x20, 0xd8 }, INSN_MOV_FROM_CR },
	{ 4, { 0x44, 0x0f, 0x22, 0xc0 }, INSN_MOV_TO_CR },
	{ 3, { 0x0f, 0x21, 0xf8 }, INSN_MOV_FROM_DR },
	{ 3, { 0x0f, 0x23, 0xf8 }, INSN_MOV_TO_DR },
	{ 1, { 0xec }, INSN_IN },
	{ 2, { 0x66, 0xed }, INSN_IN },
	{ 2, { 0xe4, 0x70 }, INSN_IN },
	{ 2, { 0xe7, 0x71 }, INSN_OUT },
	{ 1, { 0xee }, INSN_OUT },
	{ 2, { 0xf3, 0x6e }, INSN_OUTS },
	{ 3, { 0xf3, 0x66, 0x6d }, INSN_INS },
	{ 8, { 0x48, 0x89, 0x84, 0x24, 0x80, 0, 0, 0 }, INSN_MOV },
	{ 4, { 0x89, 0x44, 0x24, 0x08 }, INSN_MOV },
	{ 7, { 0x48, 0x89, 0x05, 1, 2, 3, 4 }, INSN_MOV },
	{ 8, { 0x48, 0x89, 0x04, 0x25, 1, 2, 3, 4 }, INSN_MOV },
	{ 9, { 0x66, 0xc7, 0x80, 1, 2, 3, 4, 5, 6 }, INSN_MOV },
	{ 12, { 0x48, 0xc7, 0x84, 0xc8, 1, 2, 3, 4, 5, 6, 7, 8 }, INSN_MOV },
	{ 5, { 0xf0, 0x48, 0x0f, 0xc7, 0x0f }, INSN_CMPXCHG8B },
	{ 4, { 0x2e, 0x3e, 0x89, 0x07 }, INSN_MOV },
	{ 4, { 0x67, 0x48, 0x89, 0x07 }, INSN_MOV },
};

static void test_lengths(void **state)
{
	struct insn in;

	for (unsigned i = 0; i < ARRAY_SIZE(decoded); i++) {
		u8 *exact = malloc(decoded[i].length); /* ASan sees a byte too many */

		memcpy(exact, decoded[i].bytes, decoded[i].length);
		assert_true(insn_decode(exact, decoded[i].length, &in));
		assert_int_equal(in.kind, decoded[i].kind);
		assert_int_equal(in.length, decoded[i].length);
		for (unsigned cut = 0; cut < decoded[i].length; cut++)
			assert_false(insn_decode(exact, cut, &in));
		free(exact);
	}
}

static void test_not_in_the_list(void **state)
{
	static const u8 bytes[][4] = {
		{ 0xf4 },
		{ 0x0f, 0x00, 0xc0 },
		{ 0x0f, 0x01, 0x00 },
		{ 0x0f, 0x01, 0xf8 },
		{ 0x0f, 0x05 },
		{ 0x0f, 0x0b },
		{ 0x90 },
		{ 0xc7, 0x08 },
		{ 0x10, 0x07 },
		{ 0x18, 0x07 },
		{ 0x38, 0x07 },
		{ 0x0f, 0xba, 0x27, 1 },
		{ 0x0f, 0xc7, 0x37 },
		{ 0xcd, 0x80 },
		{ 0x0f, 0x08 },
		{ 0x0f, 0x33 },
		{ 0xff, 0x07 },
		{ 0xa3 },
		{ 0xaa },
	};
	u8 padded[15] = { 0 };
	struct insn in;

	for (unsigned i = 0; i < ARRAY_SIZE(bytes); i++) {
		memcpy(padded, bytes[i], 4);
		assert_false(insn_decode(padded, sizeof(padded), &in));
	}
	memset(padded, 0x66, sizeof(padded)); /* prefixes without end */
	assert_false(insn_decode(padded, sizeof(padded), &in));
}

static void test_random_bytes(void **state)
{
	struct insn in;
	struct regs r = { 0 };
	u8 *bytes = malloc(INSN_MAX);
	unsigned found = 0;

	srand(7);
	for (unsigned n = 0; n < 2000000; n++) {
		unsigned count = rand() % (INSN_MAX + 1);

		for (unsigned i = 0; i < INSN_MAX; i++)
			bytes[i] = rand() >> 7;
		if (!insn_decode(bytes, count, &in))
			continue;
		found++;
		assert_in_range(in.length, 1, count);
		insn_address(&in, &r);
		insn_reg(&r, in.reg);
	}
	assert_true(found > 1000);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_processor),
		cmocka_unit_test(test_parts_of_an_entry),
		cmocka_unit_test(test_write_refused),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_not_in_the_list),
		cmocka_unit_test(test_random_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
