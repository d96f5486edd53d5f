/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The log on the screen in VGA text mode, until the control domain takes the screen over. */
#ifndef X86_VGA_H
#define X86_VGA_H

#include "lib/base.h"

void vga_init(void); /* boot, when the console option names vga and the screen is in text mode */
void vga_write(const char *text, size_t bytes);
void vga_stop(void);

#endif
