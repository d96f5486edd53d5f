/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCI configuration space: by ports 0xcf8/0xcfc for segment 0, by ECAM for others. Registers are
 * offsets below 256 (ECAM: 4096). */
#ifndef X86_PCI_H
#define X86_PCI_H

#include "lib/base.h"

struct pci_function {
	u16 segment;
	u8 bus, devfn;
};

u32 pci_read(struct pci_function f, u16 reg,
	unsigned bytes); /* all ones when there is no such function */
void pci_write(struct pci_function f, u16 reg, unsigned bytes, u32 v);
u8 pci_capability(struct pci_function f, u8 id); /* offset, 0: none */
/*
 * The control domain's accesses to ports 0xcf8..0xcff, trapped: it sets an address and reads or
 * writes data. Both go through here, so that its address latch and ours do not mix. bytes 1, 2
 * or 4.
 */
u32 pci_guest_port_read(u16 port, unsigned bytes);
void pci_guest_port_write(u16 port, unsigned bytes, u32 v);

#endif
