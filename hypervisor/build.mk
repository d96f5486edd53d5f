# SPDX-License-Identifier: GPL-2.0-or-later
# The hypervisor: one image, build/paravane.elf (ELF64, Multiboot 1 and 2), linked at HV_TEXT, loaded at 2 MiB.
HV_C := $(sort $(wildcard hypervisor/lib/*.c hypervisor/x86/*.c hypervisor/core/*.c hypervisor/pv/*.c \
	hypervisor/hc/*.c) hypervisor/main.c)
HV_S := $(sort $(wildcard hypervisor/x86/*.S))
HV_OBJ := $(patsubst %.c,$(B)/hv/%.o,$(HV_C)) $(patsubst %.S,$(B)/hv/%.o,$(HV_S))
HV_LIBS := -Wl,-Bstatic -llzma -lzstd -llz4 -lz -lgcc

# What the freestanding C needs and why: no red zone (traps use the guest-independent stack), no SSE (the guest's
# state is live), hidden PIE code (RIP-relative: the image is not in the top 2 GiB), a global stack canary
# (both segment bases are the guest's).
HV_CFLAGS := $(COMMON) -Ihypervisor -Ihypervisor/x86/inline -include abi/config.h -ffreestanding -fno-builtin-memcmp \
	-fpie -fvisibility=hidden -mcmodel=small -mno-red-zone -mgeneral-regs-only -fno-asynchronous-unwind-tables \
	-fstack-protector-strong -mstack-protector-guard=global -fno-delete-null-pointer-checks \
	-fno-omit-frame-pointer -ftrivial-auto-var-init=zero -Wframe-larger-than=1024 -fno-jump-tables
HV_ASFLAGS := -Ihypervisor -Ihypervisor/x86/inline -include abi/config.h -D__ASSEMBLY__ -g -MMD -MP

ALL += $(B)/paravane.elf
HV_LINK = $(CC) -nostdlib -static -no-pie -Wl,--build-id=sha1 -Wl,-z,noexecstack \
	-Wl,-z,max-page-size=4096 -Wl,--no-relax -Wl,-T,hypervisor/x86/paravane.lds

# Linked twice: first with an empty table of function names, then with the one made of the first.
$(B)/paravane.elf: $(HV_OBJ) hypervisor/x86/paravane.lds hypervisor/x86/symbols.awk
	$(call say,LINK,$@)
	$(Q)awk -f hypervisor/x86/symbols.awk /dev/null >$(B)/hv/symbols.S
	$(Q)$(CC) -c -o $(B)/hv/symbols.o $(B)/hv/symbols.S
	$(Q)$(HV_LINK) -o $(B)/hv/unnamed.elf $(HV_OBJ) $(B)/hv/symbols.o $(HV_LIBS)
	$(Q)nm -n $(B)/hv/unnamed.elf | awk -f hypervisor/x86/symbols.awk >$(B)/hv/symbols.S
	$(Q)$(CC) -c -o $(B)/hv/symbols.o $(B)/hv/symbols.S
	$(Q)$(HV_LINK) -o $@ $(HV_OBJ) $(B)/hv/symbols.o $(HV_LIBS)

$(B)/hv/%.o: %.c | $(B)/stamp/packages
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(HV_CFLAGS) -c -o $@ $<

$(B)/hv/%.o: %.S | $(B)/stamp/packages
	$(call say,AS,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(HV_ASFLAGS) -c -o $@ $<

-include $(HV_OBJ:.o=.d)
