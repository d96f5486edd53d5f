# SPDX-License-Identifier: GPL-2.0-or-later
# The data path is pure code: the host tests and the fuzzer link exactly this.
include tools/lib/backend.mk
include tests/bench/net.mk
NETBACK_PURE := $(addprefix netback/,queue.c tx.c rx.c packet.c rate.c hash.c ctrl.c)
$(eval $(call program,netback,$(NETBACK_PURE) netback/vif.c netback/tap.c $(BACKEND),$(BACKEND_LIBS) -l:liburing.a))

# Host tests: the data path on a front end in memory.
NETBACK_FAKE := $(NETBACK_PURE) tests/host/netback_fake.c
$(eval $(call host_test,netback_data,tests/host/netback_data.c $(NETBACK_FAKE),-I.))
$(eval $(call host_test,netback_hash,tests/host/netback_hash.c $(NETBACK_FAKE),-I.))
NETBACK_HOSTILE := $(NETBACK_FAKE) tests/fuzz/netback.c tests/host/netback_hostile.c
$(eval $(call host_test,netback_hostile,$(NETBACK_HOSTILE),-I.,-lpthread))

# The same under ThreadSanitizer, which finds what is read from a ring without being read once.
HOST_TESTS += $(B)/test/netback_race
$(B)/test/netback_race: $(NETBACK_HOSTILE:%.c=$(B)/test/netback_race.d/%.o)
	$(call say,LINK,$@)
	$(Q)$(CC) -fsanitize=thread -o $@ $^ -lcmocka -lpthread
$(B)/test/netback_race.d/%.o: %.c | $(B)/stamp/packages
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(COMMON) -D_GNU_SOURCE -O1 -fsanitize=thread -I. -c -o $@ $<
-include $(NETBACK_HOSTILE:%.c=$(B)/test/netback_race.d/%.d)

# And with libFuzzer: `make fuzz-netback FUZZ_SECONDS=600`.
.PHONY: fuzz-netback
SOAK_TARGETS += fuzz-netback
fuzz-netback: $(B)/test/fuzz-netback
	$(Q)$(B)/test/fuzz-netback -max_total_time=$(or $(FUZZ_SECONDS),60) -max_len=2048 -timeout=10
$(B)/test/fuzz-netback: $(NETBACK_FAKE) tests/fuzz/netback.c tests/fuzz/netback_main.c | $(B)/stamp/packages
	$(call say,CLANG,$@)
	$(Q)mkdir -p $(@D) && clang-14 -std=gnu11 -g -O1 -D_GNU_SOURCE -I. \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -o $@ $^

# `make soak-netback`: 500 kills under load, the hotplug scripts, iperf3 by TCP and UDP, and the kernel's back end by the same tests.
.PHONY: soak-netback
SOAK_TARGETS += soak-netback
soak-netback: export SOAK := 1
soak-netback: export KILLS ?= 500
soak-netback: $(B)/stamp/packages-run all
	$(Q)$(PYTHON) tests/lib/run_system.py 'TestNetbackOurs and test_killed_under_load' TestNetbackStock TestNetbackScripts TestNetbackTraffic \
		TestNetbackGuardStock
