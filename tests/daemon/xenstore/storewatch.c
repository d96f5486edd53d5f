/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A daemon that does nothing but watch for domains as vaned and vane-consoled do: prints "ready",
 * then "event" or "timer" each time that it is told to look around.
 */
#include <stdio.h>

#include "tools/lib/log.h"
#include "tools/lib/storewatch.h"

static void look(bool timer)
{
	puts(timer ? "timer" : "event");
}

int main(void)
{
	struct storewatch w = { .look = look };
	struct store s;
	struct error e = { 0 };

	setvbuf(stdout, NULL, _IOLBF, 0);
	log_open(LOG_INFO, false);
	w.s = &s;
	if (sd_event_default(&w.loop) < 0 || storewatch_start(&w, &e))
		return 1;
	puts("ready");
	return sd_event_loop(w.loop);
}
