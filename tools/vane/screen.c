/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See screen.h.
 */
#include "tools/vane/screen.h"

#include <ncurses.h>
#include <string.h>

void screen_start(void)
{
	initscr();
	cbreak();
	noecho();
	curs_set(0);
}

void screen_paint(char *text, int marked)
{
	char *line, *next;
	int y = 0;

	erase();
	for (line = strtok_r(text, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
		if (y == marked)
			attron(A_REVERSE);
		mvaddnstr(y++, 0, line, COLS);
		attroff(A_REVERSE);
	}
	refresh();
}

int screen_key(unsigned int seconds)
{
	int c;

	timeout((int)seconds * 1000);
	c = getch();
	return c == ERR ? -1 : c;
}

void screen_stop(void)
{
	endwin();
}
