/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One request: checked against its row in ops.def, then handed to its handler, which replies or
 * says why not. */
#ifndef XENSTORE_REQUEST_H
#define XENSTORE_REQUEST_H

#include <stdint.h>
#include <xen/io/xs_wire.h>

struct conn;
struct transaction;

/* More strings than these stay in the raw rest. */
#define REQUEST_ARGS 3

struct request {
	struct conn *conn;
	struct xsd_sockmsg h;
	char *body; /* h.len bytes, borrowed from the input */
	const char *arg[REQUEST_ARGS];
	uint32_t n_args;  /* strings in the body (ANY), or fewest of ops.def */
	const char *rest; /* what follows the strings of the row */
	uint32_t rest_len;
	struct transaction *tx; /* NULL: none */
};

void request_serve(struct request *r);

/* Handlers: 0 when they replied, or the errno to reply. */
#define OP(name, handler, least, most, flags) int do_##handler(struct request *r);
#include "ops.def"
#undef OP

void request_ok(struct request *r);
/* A domid in text. 0 or EINVAL. */
int request_domid(const char *text, unsigned int *domid);

#endif
