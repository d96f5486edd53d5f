# SPDX-License-Identifier: GPL-2.0-or-later
XENSTORE_CORE := $(addprefix xenstore/,path.c node.c perms.c quota.c tree.c store.c transaction.c watch.c conn.c request.c \
	access.c control.c domain.c ring.c loop.c socket.c report.c dump.c journal.c journal_facts.c snapshot.c recover.c live_update.c)
XENSTORE_LIBS := -lsystemd -lxenevtchn -lxengnttab -lxenforeignmemory -lxencall -lseccomp -lcap-ng

$(eval $(call program,xenstored,$(XENSTORE_CORE) xenstore/main.c xenstore/user.c xenstore/sandbox.c xenstore/domain_xen.c,\
	$(XENSTORE_LIBS)))
$(eval $(call program,xenstore-top,xenstore/top.c,-lxenstore))

test-daemon soak-xenstore: $(B)/bin/xenstored $(B)/bin/xenstore-top $(B)/test/fake_xen.so $(B)/test/xenstored-asan \
	$(B)/test/storewatch

# The daemons' connection to the store by itself.
$(B)/test/storewatch: $(patsubst %.c,$(B)/obj/%.o,tests/daemon/xenstore/storewatch.c \
	$(addprefix tools/lib/,storewatch.c store.c error.c log.c text.c))
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(USER_LDFLAGS) -o $@ $^ -lxenstore -lsystemd
-include $(B)/obj/tests/daemon/xenstore/storewatch.d

# The same daemon on a hypervisor made of files: as a shared object to preload, and linked in under ASan and UBSan.
$(B)/test/fake_xen.so: tests/daemon/xenstore/fake_xen.c | $(B)/stamp/packages
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(filter-out -fPIE,$(USER_CFLAGS)) -U_FORTIFY_SOURCE -fPIC -shared -o $@ $<
XENSTORE_ASAN := $(XENSTORE_CORE) xenstore/main.c xenstore/user.c xenstore/domain_xen.c $(addprefix tests/daemon/xenstore/,fake_xen.c no_sandbox.c)
$(B)/test/xenstored-asan: $(XENSTORE_ASAN:%.c=$(B)/test/xenstored.d/%.o)
	$(call say,LINK,$@)
	$(Q)$(CC) $(SAN_LDFLAGS) -o $@ $^ -lsystemd
$(B)/test/xenstored.d/%.o: %.c | $(B)/stamp/packages
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(SAN_CFLAGS) -I. -c -o $@ $<
-include $(XENSTORE_ASAN:%.c=$(B)/test/xenstored.d/%.d)

include tests/bench/xenstore.mk

# Host tests: the core without sockets, on a link that the test makes.
XENSTORE_TESTED := $(filter-out xenstore/socket.c,$(XENSTORE_CORE)) tests/fuzz/xenstore_fake.c
XENSTORE_WRAP := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
$(eval $(call host_test,xenstore_fuzz,$(XENSTORE_TESTED) tests/fuzz/xenstore.c tests/host/xenstore_fuzz.c,-I.,$(XENSTORE_WRAP)))
$(eval $(call host_test,xenstore_core,$(XENSTORE_TESTED) tests/host/xenstore_core.c,-I.,$(XENSTORE_WRAP)))

# The same with libFuzzer: `make fuzz-xenstore FUZZ_SECONDS=600`; what it finds new goes into the corpus.
FUZZ_SECONDS ?= 60
.PHONY: fuzz-xenstore
fuzz-xenstore: $(B)/test/fuzz-xenstore
	$(Q)$(B)/test/fuzz-xenstore -max_total_time=$(FUZZ_SECONDS) -max_len=2048 -timeout=10 -close_fd_mask=2 \
		tests/fuzz/corpus/xenstore
$(B)/test/fuzz-xenstore: $(XENSTORE_TESTED) tests/fuzz/xenstore.c tests/fuzz/xenstore_main.c | $(B)/stamp/packages
	$(call say,CLANG,$@)
	$(Q)mkdir -p $(@D) && clang -std=gnu11 -g -O1 -D_GNU_SOURCE -I. -fwrapv -fno-strict-aliasing \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined $(XENSTORE_WRAP) -o $@ $^
