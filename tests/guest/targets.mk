# SPDX-License-Identifier: GPL-2.0-or-later
# guest: a small PV kernel of our own, booted as dom0 (tests/guest/lib/test.h).
PVT_SRCS := $(wildcard tests/guest/lib/*.c tests/guest/lib/*.S tests/guest/cases/*.c)
PVT_OBJS := $(patsubst %,$(B)/pvt/%.o,$(PVT_SRCS))
PVT_CFLAGS := -std=gnu11 -g -O2 $(WARN) -Wno-pointer-arith -Wno-clobbered -ffreestanding -fno-pic -mcmodel=kernel -mno-red-zone \
	-mgeneral-regs-only -fno-strict-aliasing -fwrapv -fno-stack-protector -fcf-protection=none -MMD -MP \
	-fno-asynchronous-unwind-tables -D__XEN_TOOLS__ -Itests/guest/lib
ALL += $(B)/pvt.elf
$(B)/pvt.elf: $(PVT_OBJS) tests/guest/lib/pvt.lds
	$(call say,LINK,$@)
	$(Q)$(CC) -static -nostdlib -no-pie -Wl,-z,max-page-size=4096,--build-id=none,--no-warn-rwx-segments \
		-T tests/guest/lib/pvt.lds -o $@ $(PVT_OBJS) -lgcc
$(B)/pvt/%.o: % | $(B)/stamp/packages
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(PVT_CFLAGS) -c -o $@ $<
-include $(PVT_OBJS:.o=.d)

TEST_TARGETS += test-guest
.PHONY: test-guest conform
test-guest: $(B)/stamp/packages-run $(B)/pvt.elf $(B)/paravane.elf
	$(Q)$(PYTHON) tests/guest/run.py
# The same kernel on ours and on Debian's Xen: every fact that differs must be listed in differences.txt with a reason.
conform: $(B)/stamp/packages-run $(B)/pvt.elf $(B)/paravane.elf
	$(Q)$(PYTHON) tests/guest/run.py --conform
