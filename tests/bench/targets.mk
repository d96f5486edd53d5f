# SPDX-License-Identifier: GPL-2.0-or-later
# What things cost, ours beside Debian's Xen: programs that count, and who runs them.
PVB_OBJS := $(patsubst %,$(B)/pvt/%.o,$(wildcard tests/guest/lib/*.c tests/guest/lib/*.S) tests/bench/hypercalls.c)
$(B)/bench/hypercalls.elf: $(PVB_OBJS) tests/guest/lib/pvt.lds
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) -static -nostdlib -no-pie -Wl,-z,max-page-size=4096,--build-id=none,--no-warn-rwx-segments \
		-T tests/guest/lib/pvt.lds -o $@ $(PVB_OBJS) -lgcc
-include $(B)/pvt/tests/bench/hypercalls.d
$(B)/bench/primitives: tests/bench/primitives.c | $(B)/stamp/packages
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(USER_CFLAGS) -static -o $@ $< -lpthread

$(B)/bench/cputime: tests/bench/cputime.c | $(B)/stamp/packages
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(USER_CFLAGS) $(USER_LDFLAGS) -o $@ $< -lxencall

.PHONY: bench-costs bench-jobs bench-docs
bench-costs: $(B)/stamp/packages-run all $(B)/bench/hypercalls.elf $(B)/bench/primitives
	$(Q)$(PYTHON) tests/bench/costs.py
bench-jobs: $(B)/stamp/packages-run all $(B)/bench/primitives $(B)/bench/cputime
	$(Q)$(PYTHON) tests/bench/jobs.py
bench: bench-costs bench-jobs
# The picture in the README, of what bench-costs measured last.
bench-docs:
	$(Q)$(PYTHON) tests/bench/chart.py
