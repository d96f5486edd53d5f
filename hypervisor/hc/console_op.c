/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HYPERVISOR_console_io: the control domain's text to and from the hypervisor's console, in chunks;
 * others have no right to it.
 */
#include "core/console.h"
#include "core/softirq.h"
#include "hc/hypercall.h"

#define CHUNK 128

static long console_out(u32 count, u64 addr)
{
	char text[CHUNK];

	for (u32 done = 0; done < count; done += CHUNK) {
		u64 left = count - done, bytes = min(left, (u64)CHUNK);
		int ret;

		if (done && should_yield())
			return hc_restart(3, (u64)CONSOLEIO_write, left, addr + done);
		if (guest_in(text, addr, done, 1, bytes))
			return -EFAULT;
		ret = console_guest_write(current_domain(), text, bytes);
		if (ret)
			return ret;
	}
	return 0;
}

static long console_in(u32 count, u64 addr)
{
	char text[CHUNK];
	u32 done = 0;

	while (done < count) {
		u64 left = count - done;
		size_t bytes = console_guest_read(text, min(left, (u64)CHUNK));

		if (!bytes)
			break;
		if (guest_out(addr, done, text, 1, bytes))
			return -EFAULT;
		done += (u32)bytes;
	}
	return done;
}

long hc_console_io(u32 cmd, u32 count, GUEST_PTR(void) buffer)
{
	if (!current_domain()->privileged)
		return fail(EPERM);
	switch (cmd) {
	case CONSOLEIO_write: return console_out(count, buffer.addr);
	case CONSOLEIO_read: return console_in(count, buffer.addr);
	default: return hc_unknown(__HYPERVISOR_console_io, cmd);
	}
}
