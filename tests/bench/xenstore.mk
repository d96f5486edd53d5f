# SPDX-License-Identifier: GPL-2.0-or-later
# The store's cost beside Debian's two, in dom0: make bench-xenstore [HYPERVISOR=xen]
BENCH_XS := $(B)/bench/xenstore
.PHONY: bench-xenstore
bench-xenstore: $(B)/stamp/packages-run all $(BENCH_XS)/client $(BENCH_XS)/floor
	$(Q)$(PYTHON) tests/bench/xenstore/run.py
$(BENCH_XS)/%: tests/bench/xenstore/%.c | $(B)/stamp/packages
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(USER_CFLAGS) $(USER_LDFLAGS) -o $@ $< -lxenstore
BENCH += bench-xenstore
