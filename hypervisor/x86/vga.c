/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VGA text mode, 80 x 25 cells of { character, attribute } at 0xb8000. Writers hold the console's
 * lock. */
#include "x86/vga.h"
#include "lib/cmdline.h"
#include "lib/string.h"
#include "x86/boot_info.h"
#include "x86/pgtable.h"

#define COLUMNS	  80
#define ROWS	  25
#define GREY	  0x0700
#define TEXT_BASE 0xb8000

static volatile u16 *screen; /* NULL: not ours */
static unsigned column;

static void scroll(void)
{
	for (unsigned i = 0; i < COLUMNS * (ROWS - 1); i++)
		screen[i] = screen[i + COLUMNS];
	for (unsigned i = 0; i < COLUMNS; i++)
		screen[COLUMNS * (ROWS - 1) + i] = GREY | ' ';
	column = 0;
}

void vga_init(void)
{
	u32 type = boot_info.framebuffer.type;

	if (!strstr(opt.console, "vga") || boot_info.efi_system_table ||
		(type != 0xff && type != 2))
		return;
	screen = iomap(TEXT_BASE, COLUMNS * ROWS * 2);
	if (screen)
		scroll();
}

void vga_write(const char *text, size_t bytes)
{
	for (size_t i = 0; screen && i < bytes; i++) {
		if (text[i] == '\n' || column == COLUMNS)
			scroll();
		if (text[i] >= ' ')
			screen[COLUMNS * (ROWS - 1) + column++] = GREY | (u8)text[i];
	}
}

void vga_stop(void)
{
	screen = NULL;
}
