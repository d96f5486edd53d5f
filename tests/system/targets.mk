# SPDX-License-Identifier: GPL-2.0-or-later
# Whole hosts in QEMU: the demo, the system tests, the debugger, the figures.
#   make run [GUESTS=N] [EXEC='command in dom0'] [HYPERVISOR=xen] [TOOLS=xen] [CPUS=N]
#   make test-system [T='names of tests'] [HYPERVISOR=xen]
HYPERVISOR ?= paravane
export HYPERVISOR
RUN_OPTIONS = --hypervisor $(HYPERVISOR) $(if $(GUESTS),--guests $(GUESTS)) $(if $(TOOLS),--tools $(TOOLS)) \
	$(if $(CPUS),--cpus $(CPUS))

$(B)/stamp/packages-run: docs/dependencies.md tools/setup/packages.sh | $(B)/stamp/packages
	$(Q)mkdir -p $(@D) && tools/setup/packages.sh run && touch $@

.PHONY: run debug test-system images
run: export RUN_EXEC := $(value EXEC)
run: export RUN_REPEAT := $(foreach v,HYPERVISOR TOOLS GUESTS CPUS EXEC,$(if $(filter command line,$(origin $v)), $v='$(value $v)'))
run: $(B)/stamp/packages-run all
	$(Q)$(PYTHON) tests/lib/run.py $(RUN_OPTIONS) $${RUN_EXEC:+--exec "$$RUN_EXEC"}

images: $(B)/stamp/packages-run
	$(Q)$(PYTHON) tools/setup/images.py

TEST_TARGETS += test-system
test-system: $(B)/stamp/packages-run all
	$(Q)$(PYTHON) tests/lib/run_system.py $(T)

# Disks for hours: 500 kills of blkback under fio, 300 power cuts of a disk and 5 of a host, more and longer work in the guest on
# our back end and on the kernel's. For a short one: make soak-blkback KILLS=100 CUTS=5 HOST_CUTS=1.
SOAK_TARGETS += soak-blkback
.PHONY: soak-blkback
soak-blkback: export SOAK := 1
soak-blkback: export KILLS ?= 500
soak-blkback: export CUTS ?= 300
soak-blkback: export HOST_CUTS ?= 5
soak-blkback: export FIO_MIB ?= 48
soak-blkback: export SQLITE_ROWS ?= 300
soak-blkback: $(B)/stamp/packages-run all
	$(Q)$(PYTHON) tests/lib/run_system.py TestBlkbackWork 'TestBlkback and test_killed_under_fio' TestBlkbackPostgres TestBlkbackPowerCut \
		TestBlkbackHostPowerCut TestBlkbackDisksStock TestPvgrub

debug: $(B)/stamp/packages-run all
	$(Q)$(PYTHON) tests/lib/debug.py $(GDB)
