# SPDX-License-Identifier: GPL-2.0-or-later
# What a MiB of TCP and a small datagram cost, by netback and by the kernel's back end. Static: it runs in the guest as well.
$(B)/bench/net: tests/bench/net.c | $(B)/stamp/packages
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(filter-out -fPIE,$(USER_CFLAGS)) -static -o $@ $<
# The control domain's, at addresses that the guest's has not.
$(B)/bench/net-dom0: tests/bench/net.c | $(B)/stamp/packages
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(filter-out -fPIE,$(USER_CFLAGS)) -static -Wl,-Ttext-segment=0x20000000 -o $@ $<

.PHONY: bench-net
bench-net: $(B)/stamp/packages-run all $(B)/bench/net
	$(Q)$(PYTHON) tests/bench/net.py
BENCH += bench-net
# Instructions by function of one row or more: make bench-net-profile ROW='TCP to a guest; UDP from a guest' BY=user|phy
.PHONY: bench-net-profile
bench-net-profile: $(B)/stamp/packages-run all $(B)/bench/net $(B)/bench/net-dom0
	$(Q)$(PYTHON) tests/bench/netprofile.py "$(or $(ROW),TCP to a guest)" "$(or $(BY),user)"
