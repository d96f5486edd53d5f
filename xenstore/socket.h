/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clients in dom0, over Unix sockets: everyone who can open the socket acts as dom0. */
#ifndef XENSTORE_SOCKET_H
#define XENSTORE_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

struct conn;
struct journal;
struct store;

/* Listen at `path` (an old socket there is replaced). The fd, or -1 with errno. */
int socket_listen(const char *path, unsigned int mode);
/* Serve who connects to `fd`. */
int socket_serve(struct store *s, int fd, bool read_only);
/* For live update: the listening sockets as records, and all sockets (not) closed by exec. */
void socket_write_listeners(struct journal *j);
void socket_keep_all(struct store *s, bool keep);
/* A client on a connected socket; the fd becomes the conn's. NULL: out of memory, the fd is closed.
 */
struct conn *socket_client(struct store *s, int fd, bool read_only);
void socket_turn(struct conn *c);
/* The events that it waits for were (not) lost: ask the loop again, after live update. */
void socket_watch(struct conn *c);

#endif
