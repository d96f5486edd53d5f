# SPDX-License-Identifier: GPL-2.0-or-later
# Host tests of hypervisor/hc, hypervisor/lib/elf and the control domain's builder (hypervisor/pv/dom0*.c).
# What all need; core.mk has the same.
HOST_HV_CFLAGS := -Ihypervisor -Itests/host/inline -Itests/host -include abi/config.h
HC_WRAP := -Wl,--wrap=guest_copy_in,--wrap=guest_copy_out
HC_ALL := $(wildcard hypervisor/hc/*.c) tests/host/hc_guest_memory.c tests/host/hc_pv_stubs.c

$(eval $(call host_test,dom0_image,tests/host/dom0_image.c hypervisor/pv/dom0_image.c hypervisor/pv/dom0_unpack.c \
	hypervisor/lib/elf.c,$(HOST_HV_CFLAGS),-llzma -lzstd -llz4 -lz))
$(eval $(call host_test,dom0_layout,tests/host/dom0_layout.c hypervisor/pv/dom0_layout.c hypervisor/pv/dom0_memory.c \
	$(HOST_HV_CORE),$(HOST_HV_CFLAGS)))
$(eval $(call host_test,hc_dispatch,tests/host/hc_dispatch.c hypervisor/hc/dispatch.c hypervisor/hc/multicall.c \
	hypervisor/hc/guest.c tests/host/hc_guest_memory.c $(HOST_HV_CORE),$(HOST_HV_CFLAGS),$(HC_WRAP)))
$(foreach t,hc_memory hc_arguments,$(eval $(call host_test,$(t),tests/host/$(t).c $(HC_ALL) $(HOST_HV_CORE), \
	$(HOST_HV_CFLAGS),$(HC_WRAP))))
