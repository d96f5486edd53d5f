/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A terminal that is repainted as a whole, by ncurses, whose names stay out of everything else.
 */
#ifndef TOOLS_VANE_SCREEN_H
#define TOOLS_VANE_SCREEN_H

void screen_start(void);
/* Show lines (separated by newlines; text is changed), line `marked` in reverse. */
void screen_paint(char *text, int marked);
/* The next key, or -1 after so many seconds. */
int screen_key(unsigned int seconds);
void screen_stop(void);

#endif
