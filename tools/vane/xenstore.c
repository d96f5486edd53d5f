/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vane xenstore top: hands over to xenstore-top, which is installed beside vane.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/lib/text.h"
#include "tools/vane/vane.h"

int cmd_xenstore(struct vane *v, int argc, char **argv)
{
	char self[PATH_MAX], *program;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (strcmp(argv[1], "top") || n < 0)
		return vane_usage(v, "xenstore");
	self[n] = 0;
	*strrchr(self, '/') = 0;
	program = xprintf("%s/xenstore-top", self);
	store_close(&v->s);
	xen_close(&v->x);
	execv(program, argv + 1);
	fprintf(stderr, "vane: cannot run %s: %s; it is installed beside vane\n", program,
		strerror(errno));
	return 1;
}
