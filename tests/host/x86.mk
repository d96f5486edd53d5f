# SPDX-License-Identifier: GPL-2.0-or-later
# Host tests of hypervisor/x86: what it reads from outside (loader, ACPI), arithmetic of time, vectors.
X86_CFLAGS := -Ihypervisor -Itests/host/inline -Itests/host -include abi/config.h
X86_FAKES := tests/host/x86_fakes.c hypervisor/lib/lock.c

$(eval $(call host_test,x86_boot,tests/host/x86_boot.c hypervisor/x86/multiboot.c hypervisor/x86/memmap.c \
	hypervisor/x86/efi.c $(X86_FAKES),$(X86_CFLAGS)))
$(eval $(call host_test,x86_acpi,tests/host/x86_acpi.c hypervisor/x86/acpi.c $(X86_FAKES),$(X86_CFLAGS)))
$(eval $(call host_test,x86_time,tests/host/x86_time.c hypervisor/x86/time.c hypervisor/x86/xstate.c $(X86_FAKES), \
	$(X86_CFLAGS)))
$(eval $(call host_test,x86_irq,tests/host/x86_irq.c hypervisor/x86/irq.c $(X86_FAKES),$(X86_CFLAGS)))
$(eval $(call host_test,x86_nmi_tlb,tests/host/x86_nmi_tlb.c hypervisor/x86/nmi.c $(X86_FAKES),-Itests/host/asm $(X86_CFLAGS)))
