# SPDX-License-Identifier: GPL-2.0-or-later
# The store's cost beside Debian's two.
BENCH_XS := $(B)/bench/xenstore
.PHONY: bench bench-xenstore
bench-xenstore: $(BENCH_XS)/client $(BENCH_XS)/floor $(B)/bin/xenstored $(B)/test/fake_xen.so
	$(Q)$(PYTHON) tests/bench/xenstore/run.py
$(BENCH_XS)/%: tests/bench/xenstore/%.c | $(B)/stamp/packages
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(USER_CFLAGS) $(USER_LDFLAGS) -o $@ $< -lxenstore
bench: bench-xenstore
