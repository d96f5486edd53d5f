/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vane xenstore top: hands over to xenstore-top, which is installed beside vane.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/lib/text.h"
#include "tools/vane/vane.h"

int cmd_xenstore(struct vane *v, int argc, char **argv)
{
	char *program;

	if (strcmp(argv[1], "top"))
		return vane_usage(v, "xenstore");
	program = file_beside("xenstore-top");
	store_close(&v->s);
	xen_close(&v->x);
	execv(program, argv + 1);
	fprintf(stderr, "vane: cannot run %s: %s; it is installed beside vane\n", program,
		strerror(errno));
	return 1;
}
