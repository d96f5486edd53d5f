/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of the machine by somebody's fault: what is printed then, and whether it reboots (option
 * noreboot). */
#ifndef CORE_CRASH_H
#define CORE_CRASH_H

#include "lib/base.h"

noreturn void crash_end(void);		   /* reboot, or halt with noreboot */
noreturn void crash_dom0(const char *why); /* the control domain is beyond help: dump all, end */

#endif
