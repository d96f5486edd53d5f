/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of xenbus states: see backend_state.h. Our states are the five that a back end of this
 * kind is ever in; rows of the others are empty.
 */
#include "tools/lib/backend_state.h"

#include <stddef.h>

#define INI XenbusStateInitialising
#define IWT XenbusStateInitWait
#define IED XenbusStateInitialised
#define CON XenbusStateConnected
#define CNG XenbusStateClosing
#define CLD XenbusStateClosed
#define UNK XenbusStateUnknown

/* clang-format off: a table is read in columns */
static const unsigned char table[BACKEND_STATES][BACKEND_STATES] = {
	/* Made, and what stands behind it is not open yet: it will be looked at afterwards. */
	[INI] = { [UNK] = ACT_STAY,
		[INI] = ACT_STAY,
		[IWT] = ACT_STAY,
		[IED] = ACT_STAY,
		[CON] = ACT_STAY,
		[CNG] = ACT_STAY,
		[CLD] = ACT_STAY },
	/* blkfront says Initialised when its nodes are there, netfront and Mini-OS say Connected.
	 */
	[IWT] = { [UNK] = ACT_CLOSE,
		[INI] = ACT_STAY,
		[IWT] = ACT_STAY,
		[IED] = ACT_CONNECT,
		[CON] = ACT_CONNECT,
		[CNG] = ACT_CLOSING,
		[CLD] = ACT_CLOSE },
	/* Initialising again: a kernel that was started by kexec, or a driver that crashed. */
	[CON] = { [UNK] = ACT_CLOSE,
		[INI] = ACT_RESET,
		[IED] = ACT_STAY,
		[CON] = ACT_STAY,
		[CNG] = ACT_CLOSING,
		[CLD] = ACT_CLOSE },
	/* A front end whose device is in use may refuse to close for as long as it likes. */
	[CNG] = { [UNK] = ACT_CLOSE,
		[INI] = ACT_CLOSE,
		[IWT] = ACT_STAY,
		[IED] = ACT_STAY,
		[CON] = ACT_STAY,
		[CNG] = ACT_STAY,
		[CLD] = ACT_CLOSE },
	[CLD] = { [UNK] = ACT_STAY,
		[INI] = ACT_REOPEN,
		[IWT] = ACT_STAY,
		[IED] = ACT_STAY,
		[CON] = ACT_STAY,
		[CNG] = ACT_STAY,
		[CLD] = ACT_STAY },
};
/* clang-format on */

enum backend_action backend_action(enum xenbus_state ours, long long theirs)
{
	if ((size_t)ours >= BACKEND_STATES || theirs < 0 || theirs >= BACKEND_STATES)
		return ACT_ERROR;
	return table[ours][theirs];
}

bool backend_resumes(enum xenbus_state ours, long long theirs)
{
	if (ours == XenbusStateConnected)
		return true;
	return ours == XenbusStateClosing && backend_action(ours, theirs) == ACT_STAY;
}
