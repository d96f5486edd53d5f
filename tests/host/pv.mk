# SPDX-License-Identifier: GPL-2.0-or-later
# Host tests of hypervisor/pv: the page-type machine with the atomic operations of a scheduler, the rest as pure functions.
PV_SCT_CFLAGS := -Ihypervisor -Itests/host/inline -Itests/host -include abi/config.h -include pv_sct_atomic.h
$(eval $(call host_test,pv_pagetype,tests/host/pv_pagetype.c hypervisor/pv/pagetype.c hypervisor/pv/pte.c \
	hypervisor/pv/mmu.c hypervisor/lib/lock.c,$(PV_SCT_CFLAGS)))
PV_RULES := tests/host/pv_stub.c $(patsubst %,hypervisor/pv/%.c,pte decode desc bounce iret debugreg cpuid cpuid_limit tsc clock ptwr)
PV_CFLAGS := -Ihypervisor -Itests/host/inline -Itests/host -include abi/config.h
$(foreach t,pv_rules pv_emulated_write,$(eval $(call host_test,$(t),tests/host/$(t).c $(PV_RULES),$(PV_CFLAGS))))
