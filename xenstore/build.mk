# SPDX-License-Identifier: GPL-2.0-or-later
XENSTORE_CORE := $(addprefix xenstore/,path.c node.c perms.c quota.c tree.c store.c transaction.c watch.c conn.c request.c \
	access.c control.c domain.c ring.c loop.c socket.c report.c dump.c journal.c journal_facts.c snapshot.c recover.c live_update.c)
XENSTORE_LIBS := -lsystemd -lxenevtchn -lxengnttab -lxenforeignmemory -lxencall

$(eval $(call program,xenstored,$(XENSTORE_CORE) xenstore/main.c xenstore/domain_xen.c,$(XENSTORE_LIBS)))
