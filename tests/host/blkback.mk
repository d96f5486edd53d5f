# SPDX-License-Identifier: GPL-2.0-or-later
# Host tests of the back ends' states and of blkback's data path; the latter under ASan and UBSan, and under TSan.
BLKBACK_TESTED := $(addprefix blkback/,disk.c queue.c request.c buffer.c persistent.c throttle.c) $(addprefix tools/lib/,backend_loop.c text.c) tests/host/blkback_front.c \
	tests/host/blkback_disk.c tests/fuzz/blkback.c tests/host/blkback.c
comma := ,
BLKBACK_TEST_CFLAGS := -Itests/host/crash -I.
$(eval $(call host_test,backend_states,tests/host/backend_states.c tools/lib/backend_state.c,-I.,))
$(eval $(call host_test,blkback,$(BLKBACK_TESTED),$(BLKBACK_TEST_CFLAGS),-lsystemd -lpthread))

# Pages that stay mapped.
$(eval $(call host_test,blkback_persistent,tests/host/blkback_persistent.c blkback/persistent.c tools/lib/text.c,-I.,))

# On a file, through the io_uring that blkback uses.
$(eval $(call host_test,blkback_source,$(addprefix blkback/,disk.c queue.c request.c buffer.c persistent.c throttle.c source.c) \
	$(addprefix tools/lib/,backend_loop.c text.c log.c) tests/host/blkback_front.c tests/host/blkback_source.c,$(BLKBACK_TEST_CFLAGS),-lsystemd -l:liburing.a -Wl$(comma)--wrap=io_uring_submit))

# Disks elsewhere: against nbdkit.
$(eval $(call host_test,blkback_nbd,tests/host/blkback_nbd.c blkback/nbd_file.c tools/lib/error.c,-I.,-lnbd))

HOST_TESTS += $(B)/test/blkback_tsan
TSAN_CFLAGS := $(COMMON) -D_GNU_SOURCE -O1 -Wno-tsan -fsanitize=thread -fno-omit-frame-pointer
$(B)/test/blkback_tsan: $(patsubst %.c,$(B)/test/blkback_tsan.d/%.o,$(BLKBACK_TESTED))
	$(call say,LINK,$@)
	$(Q)$(CC) -fsanitize=thread -o $@ $^ -lcmocka -lsystemd -lpthread
$(B)/test/blkback_tsan.d/%.o: %.c | $(B)/stamp/packages
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(TSAN_CFLAGS) $(BLKBACK_TEST_CFLAGS) -c -o $@ $<
-include $(patsubst %.c,$(B)/test/blkback_tsan.d/%.d,$(BLKBACK_TESTED))

# The same with libFuzzer: `make fuzz-blkback BLKBACK_FUZZ_SECONDS=600`.
BLKBACK_FUZZ_SECONDS ?= 60
BLKBACK_FUZZED := $(filter-out tests/host/blkback.c,$(BLKBACK_TESTED)) tests/fuzz/blkback_main.c
.PHONY: fuzz-blkback
SOAK_TARGETS += fuzz-blkback
fuzz-blkback: $(B)/test/fuzz-blkback
	$(Q)mkdir -p $(B)/test/fuzz-blkback.corpus && $(B)/test/fuzz-blkback -max_total_time=$(BLKBACK_FUZZ_SECONDS) -max_len=2048 \
		-timeout=10 -close_fd_mask=2 $(B)/test/fuzz-blkback.corpus
$(B)/test/fuzz-blkback: $(BLKBACK_FUZZED) | $(B)/stamp/packages
	$(call say,CLANG,$@)
	$(Q)mkdir -p $(@D) && clang -std=gnu11 -g -O1 -D_GNU_SOURCE $(BLKBACK_TEST_CFLAGS) -fwrapv -fno-strict-aliasing \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -o $@ $^ -lsystemd

# The skeleton with a kind that only counts; its sandbox and its socket are the test's.
$(eval $(call host_test,backend_process,tests/host/backend_process.c tests/host/tools_fake.c tests/host/tools_fake_store.c \
	$(addprefix tools/lib/,backend.c backend_loop.c backend_ring.c backend_state.c store.c error.c log.c text.c),-I. -D_FORTIFY_SOURCE=0,-lsystemd))
# Their loop.
$(eval $(call host_test,backend_loop,tests/host/backend_loop.c tools/lib/backend_loop.c,-I. -D_FORTIFY_SOURCE=0,-lsystemd))
