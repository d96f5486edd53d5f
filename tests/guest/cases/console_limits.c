// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * console_io of dom0: any length, text with zeros and without a line end; reads give what is there,
 * at most what was asked; unknown commands are ENOSYS; a negative length is refused.
 */
#include "test.h"

TEST(console_limits, "console_io: lengths, read, errors")
{
	char buffer[8] = { 0 };

	fact("nothing", "%ld", HC(console_io, CONSOLEIO_write, 0, buffer));
	fact("read", "%ld", HC(console_io, CONSOLEIO_read, 8, buffer));
	fact("unknown", "%ld", HC(console_io, 99, 8, buffer));
	fact("write from nowhere", "%ld", HC(console_io, CONSOLEIO_write, 8, UNMAPPED));
	fact("write from the hypervisor", "%ld",
		HC(console_io, CONSOLEIO_write, 8, HYPERVISOR_VIRT_START));
	fact("read to the hypervisor", "%ld",
		HC(console_io, CONSOLEIO_read, 8, HYPERVISOR_VIRT_START) <= 0 ? 0l : 1l);
	fact("2^31 bytes", "%ld", HC(console_io, CONSOLEIO_write, 1u << 31, UNMAPPED));
}
