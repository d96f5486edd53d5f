/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands in for x86/usercopy (the linker's --wrap): copies within guest_memory, refuses everything
 * else whole.
 */
#include "hc_guest_memory.h"

#include <string.h>

uint8_t guest_memory[GUEST_BYTES] __attribute__((aligned(4096)));
unsigned guest_copies;

uint64_t __wrap_guest_copy_in(void *to, uint64_t va, uint64_t bytes);
uint64_t __wrap_guest_copy_out(uint64_t va, const void *from, uint64_t bytes);

static int inside(uint64_t va, uint64_t bytes)
{
	uint64_t start = (uint64_t)(uintptr_t)guest_memory;

	return va >= start && va - start <= GUEST_BYTES && bytes <= GUEST_BYTES - (va - start);
}

uint64_t __wrap_guest_copy_in(void *to, uint64_t va, uint64_t bytes)
{
	guest_copies++;
	if (!inside(va, bytes))
		return bytes ? bytes : 0;
	memcpy(to, (const void *)(uintptr_t)va, bytes);
	return 0;
}

uint64_t __wrap_guest_copy_out(uint64_t va, const void *from, uint64_t bytes)
{
	guest_copies++;
	if (!inside(va, bytes))
		return bytes ? bytes : 0;
	memcpy((void *)(uintptr_t)va, from, bytes);
	return 0;
}

uint64_t guest_place(size_t offset, const void *from, size_t bytes)
{
	if (bytes)
		memcpy(guest_memory + offset, from, bytes);
	return guest_address(offset);
}
