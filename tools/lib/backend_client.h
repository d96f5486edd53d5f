/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Speaking to a back end's process on its socket (backend_socket.c has the messages).
 */
#ifndef TOOLS_LIB_BACKEND_CLIENT_H
#define TOOLS_LIB_BACKEND_CLIENT_H

#include <stdint.h>
#include <sys/types.h>

#include "tools/lib/error.h"
#include "tools/lib/text.h"

/* The running process's id; 0 if there is none. program: "blkback", "netback". */
pid_t backend_pid(const char *program, uint32_t domid);
/* Say one thing; the answer is appended to t. -1 with e when there is no process or no answer. */
int backend_say(
	const char *program, uint32_t domid, const char *words, struct text *t, struct error *e);
/* Have the process replaced by a new one, and wait for that. -1 with e. */
int backend_restart(const char *program, uint32_t domid, struct error *e);

#endif
