/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a back end does about a state of its front end: a table [our state][its state]. Pure.
 * Empty cells are errors of protocol, which close the device. States: <xen/io/xenbus.h>.
 */
#ifndef TOOLS_LIB_BACKEND_STATE_H
#define TOOLS_LIB_BACKEND_STATE_H

#include <stdbool.h>
#include <xen/io/xenbus.h>

enum backend_action {
	ACT_ERROR,   /* not in the protocol: close this device */
	ACT_STAY,    /* nothing to do */
	ACT_CONNECT, /* its nodes are there: connect, then Connected */
	ACT_RESET,   /* it began anew without closing: disconnect, then InitWait */
	ACT_CLOSING, /* it wants to close: Closing, the rings stay until it has closed */
	ACT_CLOSE,   /* it has closed or is gone: disconnect, then Closed */
	ACT_REOPEN,  /* a closed device is wanted again: InitWait */
};

#define BACKEND_STATES (XenbusStateReconfigured + 1)

/* theirs may be any number that a guest writes; absent nodes are XenbusStateUnknown. */
enum backend_action backend_action(enum xenbus_state ours, long long theirs);
/*
 * After a restart: may the front end still use the rings of a connection that our predecessor had?
 * theirs as above. In Closing it does until it has closed, went or began anew.
 */
bool backend_resumes(enum xenbus_state ours, long long theirs);

#endif
