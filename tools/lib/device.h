/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Split devices in xenstore: the three directories of a device (front end, back end, and our own
 * record below /libxl), their permissions, waiting for xenbus states, removal. What is written into
 * them is the caller's. States and paths: <xen/io/xenbus.h>, and the layout that stock 4.17 leaves
 * in xenstore.
 */
#ifndef TOOLS_LIB_DEVICE_H
#define TOOLS_LIB_DEVICE_H

#include "tools/lib/store.h"
#include "tools/lib/text.h"

#define DEVICE_SECONDS 10 /* for a back end to change its state */

struct device {
	uint32_t domid;
	const char *kind; /* "vbd", "vif", "console" */
	uint32_t devid;
	const char *back_kind; /* the same, or "uvbd", "uvif": back ends in user space */
	char front[64], back[64], record[64];
};

struct device device_of(uint32_t domid, const char *kind, uint32_t devid);
/* The same, with a back end of another kind. */
struct device device_served(
	uint32_t domid, const char *kind, const char *back_kind, uint32_t devid);
/* A device that is there, or was: the kind of its back end is in its record. */
struct device device_find(struct store *s, uint32_t domid, const char *kind, uint32_t devid);

/* Nodes of a directory, in order. */
struct node {
	char *name, *value;
};
struct nodes {
	struct node *n;
	unsigned int count;
};
void nodes_add(struct nodes *l, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void nodes_free(struct nodes *l);

/* Write front end and back end directories (and the record, equal to the back end's) in one
 * transaction. */
int device_create(struct store *s, const struct device *d, const struct nodes *front,
	const struct nodes *back, struct error *e);
/* Wait until the back end is in InitWait, or says why not. what: "disk xvda". module: the driver to
 * name in the advice; NULL: a back end in user space. */
int device_wait_ready(struct store *s, const struct device *d, const char *what, const char *module,
	struct error *e);
/* Tell the back end to let go, and wait for it; true when it did within the time. */
bool device_close(struct store *s, const struct device *d);
/*
 * Ask a guest that uses the device to let go of it. True when the back end has closed, or the guest
 * was not using it.
 */
bool device_release(struct store *s, const struct device *d);
/* Remove all three directories, and what its back end said went wrong. */
void device_forget(struct store *s, const struct device *d);

#endif
