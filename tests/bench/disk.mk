# SPDX-License-Identifier: GPL-2.0-or-later
# What a disk request costs, by blkback and by the kernel's back end.
$(B)/bench/disk: tests/bench/disk.c | $(B)/stamp/packages
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(USER_CFLAGS) -static -o $@ $< -l:liburing.a

.PHONY: bench-disk
bench-disk: $(B)/stamp/packages-run all $(B)/bench/disk
	$(Q)$(PYTHON) tests/bench/disk.py
BENCH += bench-disk
# Instructions by function of one row or more: make bench-disk-profile ROW=write_4k_32 DISK=device|file BY=blkback|kernel
.PHONY: bench-disk-profile
bench-disk-profile: $(B)/stamp/packages-run all $(B)/bench/disk
	$(Q)$(PYTHON) tests/bench/diskprofile.py "$(or $(ROW),read_4k_1)" $(or $(DISK),file) $(or $(BY),blkback)
