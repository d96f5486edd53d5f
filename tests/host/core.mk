# SPDX-License-Identifier: GPL-2.0-or-later
# Host tests of hypervisor/lib and hypervisor/core.
HOST_HV_CFLAGS := -Ihypervisor -Itests/host/inline -Itests/host -include abi/config.h
HOST_HV_FAKE := tests/host/fake_machine.c tests/host/fake_domain.c
HOST_HV_LIB := $(filter-out hypervisor/lib/string.c hypervisor/lib/fmt.c hypervisor/lib/elf.c,$(wildcard hypervisor/lib/*.c))
HOST_HV_CORE := $(HOST_HV_LIB) $(wildcard hypervisor/core/*.c) $(HOST_HV_FAKE)

# The functions that the C library has too get another name, so that both can be compared.
$(eval $(call host_test,lib_text,tests/host/lib_text.c tests/host/lib_renamed.c hypervisor/lib/text.c \
	hypervisor/lib/cmdline.c,$(HOST_HV_CFLAGS) -fno-builtin))
$(eval $(call host_test,lib_sets,tests/host/lib_sets.c hypervisor/lib/rbtree.c hypervisor/lib/rangeset.c \
	hypervisor/lib/lock.c,$(HOST_HV_CFLAGS)))
# lib, core and the fake machine are compiled once, into an archive that each test links.
HOST_HV_A := $(B)/test/hostcore.a
$(HOST_HV_A): $(patsubst %.c,$(B)/test/hostcore.d/%.o,$(HOST_HV_CORE))
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^
$(B)/test/hostcore.d/%.o: %.c | $(B)/stamp/packages
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(SAN_CFLAGS) $(HOST_HV_CFLAGS) -c -o $@ $<
-include $(patsubst %.c,$(B)/test/hostcore.d/%.d,$(HOST_HV_CORE))

CORE_TESTS := $(patsubst tests/host/%.c,%,$(filter-out %/core_sched.c,$(wildcard tests/host/core_*.c)))
$(foreach t,$(CORE_TESTS),$(eval $(call host_test,$(t),tests/host/$(t).c,$(HOST_HV_CFLAGS))))
# One binary for each number of CPUs.
CORE_SCHED_TESTS := $(foreach n,1 2 4 20,core_sched_$(n))
$(foreach n,1 2 4 20,$(eval $(call host_test,core_sched_$(n),tests/host/core_sched.c,$(HOST_HV_CFLAGS) -DSCHED_CPUS=$(n))))
$(patsubst %,$(B)/test/%,$(CORE_TESTS) $(CORE_SCHED_TESTS)): $(HOST_HV_A)
