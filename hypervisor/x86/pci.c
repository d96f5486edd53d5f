/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCI configuration access (PCI local bus specification 3.0, 3.2.2.3; PCI Express: ECAM). pci_lock
 * guards the ports' address latch. */
#include "x86/pci.h"
#include "lib/lock.h"
#include "x86/acpi.h"
#include "x86/asm.h"
#include "x86/pgtable.h"

#define ADDRESS_PORT 0xcf8
#define DATA_PORT    0xcfc
#define ENABLE	     BIT(31)
#define REG_STATUS   0x06
#define REG_CAP_LIST 0x34
#define STATUS_CAPS  0x10
#define MAX_CAPS     48 /* of 4 bytes in the 192 behind the header: ends loops */

static spinlock_t pci_lock;
static u32 guest_address; /* pci_lock: the control domain's latch */

static u32 data_in(u16 reg, unsigned bytes)
{
	u16 port = DATA_PORT + (reg & 3);

	return bytes == 1 ? inb(port) : bytes == 2 ? inw(port) : inl(port);
}

static void data_out(u16 reg, unsigned bytes, u32 v)
{
	u16 port = DATA_PORT + (reg & 3);

	if (bytes == 1)
		outb(port, (u8)v);
	else if (bytes == 2)
		outw(port, (u16)v);
	else
		outl(port, v);
}

static u32 address_of(struct pci_function f, u16 reg)
{
	return (u32)ENABLE | (u32)f.bus << 16 | (u32)f.devfn << 8 | (reg & 0xfc);
}

/* The function's page of ECAM space, mapped; NULL when its segment has none. */
static volatile u8 *ecam_map(struct pci_function f)
{
	for (unsigned i = 0; i < acpi_info.ecam_count; i++) {
		u8 first = acpi_info.ecam[i].bus_first;

		if (acpi_info.ecam[i].segment == f.segment && f.bus >= first &&
			f.bus <= acpi_info.ecam[i].bus_last)
			return iomap(
				acpi_info.ecam[i].base + ((u64)f.bus << 20 | (u64)f.devfn << 12),
				PAGE_SIZE);
	}
	return NULL;
}

static u32 ecam_read(struct pci_function f, u16 reg, unsigned bytes)
{
	volatile u8 *p = ecam_map(f);
	u32 v = ~0u;

	if (!p)
		return v;
	v = bytes == 1	 ? p[reg]
	    : bytes == 2 ? *(volatile u16 *)(p + reg)
			 : *(volatile u32 *)(p + reg);
	iounmap((void *)p, PAGE_SIZE);
	return v;
}

static void ecam_write(struct pci_function f, u16 reg, unsigned bytes, u32 v)
{
	volatile u8 *p = ecam_map(f);

	if (!p)
		return;
	if (bytes == 1)
		p[reg] = (u8)v;
	else if (bytes == 2)
		*(volatile u16 *)(p + reg) = (u16)v;
	else
		*(volatile u32 *)(p + reg) = v;
	iounmap((void *)p, PAGE_SIZE);
}

u32 pci_read(struct pci_function f, u16 reg, unsigned bytes)
{
	u32 v;

	if (f.segment || reg > 0xff)
		return ecam_read(f, reg, bytes);
	spin_lock(&pci_lock);
	outl(ADDRESS_PORT, address_of(f, reg));
	v = data_in(reg, bytes);
	spin_unlock(&pci_lock);
	return v;
}

void pci_write(struct pci_function f, u16 reg, unsigned bytes, u32 v)
{
	if (f.segment || reg > 0xff) {
		ecam_write(f, reg, bytes, v);
		return;
	}
	spin_lock(&pci_lock);
	outl(ADDRESS_PORT, address_of(f, reg));
	data_out(reg, bytes, v);
	spin_unlock(&pci_lock);
}

u8 pci_capability(struct pci_function f, u8 id)
{
	u8 at;

	if (pci_read(f, 0, 2) == 0xffff || !(pci_read(f, REG_STATUS, 2) & STATUS_CAPS))
		return 0;
	at = pci_read(f, REG_CAP_LIST, 1) & 0xfc;
	for (unsigned i = 0; i < MAX_CAPS && at >= 0x40; i++) {
		if (pci_read(f, at, 1) == id)
			return at;
		at = pci_read(f, at + 1, 1) & 0xfc;
	}
	return 0;
}

u32 pci_guest_port_read(u16 port, unsigned bytes)
{
	u32 v;

	if (port < DATA_PORT) {
		if (bytes == 4 && port == ADDRESS_PORT)
			return READ_ONCE(guest_address);
		return bytes == 1 ? inb(port) : ~0u; /* 0xcf9 and its like are the chip set's */
	}
	spin_lock(&pci_lock);
	outl(ADDRESS_PORT, guest_address);
	v = data_in(port, bytes);
	spin_unlock(&pci_lock);
	return v;
}

void pci_guest_port_write(u16 port, unsigned bytes, u32 v)
{
	if (port < DATA_PORT) {
		if (bytes == 4 && port == ADDRESS_PORT)
			WRITE_ONCE(guest_address, v);
		else if (bytes == 1)
			outb(port, (u8)v);
		return;
	}
	spin_lock(&pci_lock);
	outl(ADDRESS_PORT, guest_address);
	data_out(port, bytes, v);
	spin_unlock(&pci_lock);
}
