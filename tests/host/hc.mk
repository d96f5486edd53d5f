# SPDX-License-Identifier: GPL-2.0-or-later
# Host tests of hypervisor/hc, hypervisor/lib/elf and the control domain's builder (hypervisor/pv/dom0*.c).
comma := ,
HC_WRAP := -Wl,--wrap=guest_copy_in,--wrap=guest_copy_out
HC_ALL := $(wildcard hypervisor/hc/*.c) hypervisor/pv/cpuid_limit.c tests/host/hc_guest_memory.c tests/host/hc_pv_stubs.c

$(eval $(call host_test,dom0_image,tests/host/dom0_image.c hypervisor/pv/dom0_image.c hypervisor/pv/dom0_unpack.c \
	hypervisor/lib/elf.c,$(HOST_HV_CFLAGS),-llzma -lzstd -llz4 -lz))
$(eval $(call host_test,dom0_layout,tests/host/dom0_layout.c hypervisor/pv/dom0_layout.c hypervisor/pv/dom0_memory.c,\
	$(HOST_HV_CFLAGS)))
$(eval $(call host_test,hc_dispatch,tests/host/hc_dispatch.c hypervisor/hc/dispatch.c hypervisor/hc/multicall.c \
	hypervisor/hc/guest.c tests/host/hc_guest_memory.c,$(HOST_HV_CFLAGS),$(HC_WRAP)))
HC_TESTS := hc_memory hc_arguments
# The handlers and their stubs are compiled once too.
HC_A := $(B)/test/hosthc.a
$(HC_A): $(patsubst %.c,$(B)/test/hosthc.d/%.o,$(HC_ALL))
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^
$(B)/test/hosthc.d/%.o: %.c | $(B)/stamp/packages
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(SAN_CFLAGS) $(HOST_HV_CFLAGS) -c -o $@ $<
-include $(patsubst %.c,$(B)/test/hosthc.d/%.d,$(HC_ALL))
# Domains that a domctl makes are of the fake kind.
$(foreach t,$(HC_TESTS),$(eval $(call host_test,$(t),tests/host/$(t).c,$(HOST_HV_CFLAGS),$(HC_WRAP) -Wl$(comma)--defsym=pv_ops=stub_ops)))
$(patsubst %,$(B)/test/%,$(HC_TESTS)): $(HC_A) $(HOST_HV_A)
$(B)/test/dom0_layout $(B)/test/hc_dispatch: $(HOST_HV_A)
