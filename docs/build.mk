# SPDX-License-Identifier: GPL-2.0-or-later
# Man pages: docs/man/NAME.SECTION.scd -> build/man/NAME.SECTION; the hypervisor's options come from abi/options.def.
MAN := $(patsubst docs/man/%.scd,$(B)/man/%,$(wildcard docs/man/*.scd)) $(B)/man/paravane-command-line.7
ALL += $(MAN)

$(B)/man/%: docs/man/%.scd | $(B)/stamp/packages
	$(call say,MAN,$@)
	$(Q)mkdir -p $(@D) && scdoc <$< >$@

$(B)/man/paravane-command-line.7: docs/man/paravane-command-line.7.in docs/man/options.awk hypervisor/abi/options.def \
		| $(B)/stamp/packages
	$(call say,MAN,$@)
	$(Q)mkdir -p $(@D) && { cat $<; awk -f docs/man/options.awk hypervisor/abi/options.def; } | scdoc >$@
