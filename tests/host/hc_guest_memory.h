/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory of "the guest" in tests of hc/: one buffer, its addresses are the host's; every other
 * address faults.
 */
#ifndef HC_GUEST_MEMORY_H
#define HC_GUEST_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#define GUEST_BYTES 65536u

extern uint8_t guest_memory[GUEST_BYTES];
extern unsigned guest_copies;

/* Put bytes at an offset of the guest's memory; its address. */
uint64_t guest_place(size_t offset, const void *from, size_t bytes);
static inline uint64_t guest_address(size_t offset)
{
	return (uint64_t)(uintptr_t)(guest_memory + offset);
}

#endif
