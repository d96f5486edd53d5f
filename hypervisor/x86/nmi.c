/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an NMI is for: the PC's system control port names SERR and IOCHK (Intel ICH data sheet,
 * NMI_SC register). A line that is up is cleared and masked: it may be stuck. Runs on the NMI's
 * stack, so there is no lock.
 */
#include "x86/asm.h"
#include "x86/smp.h"

#define SYSTEM_PORT    0x61
#define PORT_SERR      BIT(7)
#define PORT_IOCHK     BIT(6)
#define PORT_SERR_OFF  BIT(2)
#define PORT_IOCHK_OFF BIT(3)
#define PORT_KEPT      0x0f /* what may be written: the speaker's bits and both masks */

u8 nmi_reasons(void)
{
	u8 reasons = inb(SYSTEM_PORT), off = 0;

	off |= reasons & PORT_SERR ? PORT_SERR_OFF : 0;
	off |= reasons & PORT_IOCHK ? PORT_IOCHK_OFF : 0;
	if (off)
		outb(SYSTEM_PORT, (u8)((reasons & PORT_KEPT) | off));
	return reasons;
}
