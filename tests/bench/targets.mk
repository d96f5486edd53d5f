# SPDX-License-Identifier: GPL-2.0-or-later
# What things cost, ours beside Debian's Xen: programs that count, and who runs them.
PVB_LIB := $(patsubst %,$(B)/pvt/%.o,$(wildcard tests/guest/lib/*.c tests/guest/lib/*.S))
PVB := hypercalls sched spin
$(PVB:%=$(B)/bench/%.elf): $(B)/bench/%.elf: $(B)/pvt/tests/bench/%.c.o $(PVB_LIB) tests/guest/lib/pvt.lds
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) -static -nostdlib -no-pie -Wl,-z,max-page-size=4096,--build-id=none,--no-warn-rwx-segments \
		-T tests/guest/lib/pvt.lds -o $@ $(filter %.o,$^) -lgcc
-include $(PVB:%=$(B)/pvt/tests/bench/%.c.d)
$(B)/bench/primitives: tests/bench/primitives.c | $(B)/stamp/packages
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(USER_CFLAGS) -static -o $@ $< -lpthread

$(B)/bench/cputime: tests/bench/cputime.c | $(B)/stamp/packages
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(USER_CFLAGS) $(USER_LDFLAGS) -o $@ $< -lxencall

$(B)/bench/share: tests/bench/share.c | $(B)/stamp/packages
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(USER_CFLAGS) $(USER_LDFLAGS) -o $@ $< -lxencall -lxenforeignmemory

.PHONY: bench-costs bench-jobs bench-docs
bench-costs: $(B)/stamp/packages-run all $(B)/bench/hypercalls.elf $(B)/bench/primitives
	$(Q)$(PYTHON) tests/bench/costs.py
bench-jobs: $(B)/stamp/packages-run all $(B)/bench/primitives $(B)/bench/cputime
	$(Q)$(PYTHON) tests/bench/jobs.py
.PHONY: bench-sched
bench-sched: $(B)/stamp/packages-run all $(B)/bench/sched.elf
	$(Q)$(PYTHON) tests/bench/sched.py
# make bench-scale [GUESTS='[paravane] [xen] 1 10 50 100']
.PHONY: bench-scale
bench-scale: $(B)/stamp/packages-run all $(B)/bench/spin.elf $(B)/bench/share $(B)/bench/cputime
	$(Q)$(PYTHON) tests/bench/scale.py $(GUESTS)
# Boot and memory.
$(B)/bench/pages: tests/bench/pages.c | $(B)/stamp/packages
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(USER_CFLAGS) $(USER_LDFLAGS) -o $@ $< -lxencall
.PHONY: bench-boot
bench-boot: $(B)/stamp/packages-run all $(B)/bench/pages
	$(Q)$(PYTHON) tests/bench/boot.py
BENCH += bench-boot bench-costs bench-jobs bench-sched bench-scale
# All parts, one after another, whatever one of them misses; the last line and the exit status name those. After each, how long
# it took, and the rows that are not within 1 % of its last run.
.PHONY: bench
bench: all
	$(Q)missed=; all=$$(date +%s); for part in $(BENCH); do printf '\n== make %s ==\n' $$part; began=$$(date +%s); \
	$(MAKE) --no-print-directory $$part || missed="$$missed $$part"; \
	echo "$$part took $$(($$(date +%s) - began)) s"; \
	$(PYTHON) tests/bench/agree.py $$part; done; \
	echo; echo "bench: all parts took $$((($$(date +%s) - all + 59) / 60)) minutes"; \
	test -z "$$missed" && echo "bench: every figure is reached" || { echo "bench: missed or failed:$$missed"; exit 1; }
# Instructions by function of one hypercall row: make bench-profile ROW=hc_grant_map_unmap
.PHONY: bench-profile
bench-profile: $(B)/stamp/packages-run all $(B)/bench/hypercalls.elf
	$(Q)$(PYTHON) tests/bench/profile.py $(or $(ROW),hc_null)
# Samples of one job: make bench-jobs-profile JOB=boot|compile|...
.PHONY: bench-jobs-profile
bench-jobs-profile: $(B)/stamp/packages-run all $(B)/bench/primitives $(B)/bench/cputime
	$(Q)$(PYTHON) tests/bench/jobsprofile.py '$(or $(JOB),boot)'
# The steadiest rows against the figures kept in tests/bench/figures.json; bench-figures renews those.
TEST_TARGETS += test-costs
.PHONY: test-costs bench-figures
test-costs: GATE :=
bench-figures: GATE := --renew
test-costs bench-figures: $(B)/stamp/packages-run all $(B)/bench/hypercalls.elf $(B)/bench/primitives
	$(Q)$(PYTHON) tests/bench/gate.py $(GATE)
# The picture in the README, of what bench-costs measured last.
bench-docs:
	$(Q)$(PYTHON) tests/bench/chart.py
