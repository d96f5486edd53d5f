/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HPET registers as in the IA-PC HPET specification 1.0a, 2.3. Used at boot by one CPU; the control
 * domain may take the device afterwards. */
#include "x86/hpet.h"
#include "x86/acpi.h"
#include "x86/pgtable.h"

#define HPET_PERIOD  (0x004 / 4) /* femtoseconds a tick */
#define HPET_CONFIG  (0x010 / 4)
#define HPET_COUNTER (0x0f0 / 4)
#define MAX_PERIOD   100000000u

static volatile u32 *hpet;

u64 hpet_init(void)
{
	u32 period;

	if (!acpi_info.hpet_address)
		return 0;
	hpet = iomap(acpi_info.hpet_address, 0x400);
	if (!hpet)
		return 0;
	period = hpet[HPET_PERIOD];
	if (!period || period > MAX_PERIOD)
		return 0;
	hpet[HPET_CONFIG] = hpet[HPET_CONFIG] | 1;
	return 1000000000000000ul / period;
}

u32 hpet_read(void)
{
	return hpet[HPET_COUNTER];
}
