/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vane, the program. All of it is in cli.c, where tests can call it too.
 */
#include "tools/vane/vane.h"

int main(int argc, char **argv)
{
	return vane_main(argc, argv);
}
