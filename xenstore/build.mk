# SPDX-License-Identifier: GPL-2.0-or-later
XENSTORE_CORE := $(addprefix xenstore/,path.c node.c perms.c quota.c tree.c store.c transaction.c watch.c conn.c request.c \
	access.c control.c domain.c ring.c loop.c socket.c report.c dump.c journal.c journal_facts.c snapshot.c recover.c live_update.c)
XENSTORE_LIBS := -lsystemd -lxenevtchn -lxengnttab -lxenforeignmemory -lxencall -lseccomp -lcap-ng

$(eval $(call program,xenstored,$(XENSTORE_CORE) xenstore/main.c xenstore/sandbox.c xenstore/domain_xen.c,\
	$(XENSTORE_LIBS)))

# The same daemon on a hypervisor made of files: as a shared object to preload, and linked in under ASan and UBSan.
XENSTORE_FAKE := $(B)/test/fake_xen.so $(B)/test/xenstored-asan
$(B)/test/fake_xen.so: tests/daemon/xenstore/fake_xen.c | $(B)/stamp/packages
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(filter-out -fPIE,$(USER_CFLAGS)) -U_FORTIFY_SOURCE -fPIC -shared -o $@ $<
XENSTORE_ASAN := $(XENSTORE_CORE) xenstore/main.c xenstore/domain_xen.c $(addprefix tests/daemon/xenstore/,fake_xen.c no_sandbox.c)
$(B)/test/xenstored-asan: $(XENSTORE_ASAN:%.c=$(B)/test/xenstored.d/%.o)
	$(call say,LINK,$@)
	$(Q)$(CC) $(SAN_LDFLAGS) -o $@ $^ -lsystemd
$(B)/test/xenstored.d/%.o: %.c | $(B)/stamp/packages
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(SAN_CFLAGS) -I. -c -o $@ $<
-include $(XENSTORE_ASAN:%.c=$(B)/test/xenstored.d/%.d)

include tests/bench/xenstore.mk
