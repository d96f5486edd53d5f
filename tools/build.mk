# SPDX-License-Identifier: GPL-2.0-or-later
# The toolstack: vane, vaned, vane-consoled and their host tests. The library sources are linked into each of them.
GEN := $(B)/gen/tools/lib
XLCFG_C := $(GEN)/xlcfg_parse.c $(GEN)/xlcfg_scan.c

$(GEN)/xlcfg_parse.c $(GEN)/xlcfg_parse.h &: tools/lib/xlcfg.y | $(B)/stamp/packages
	$(call say,BISON,$<)
	$(Q)mkdir -p $(GEN) && bison -d -o $(GEN)/xlcfg_parse.c $<
$(GEN)/xlcfg_scan.c: tools/lib/xlcfg.l | $(B)/stamp/packages
	$(call say,FLEX,$<)
	$(Q)mkdir -p $(GEN) && flex -o $@ $<
# Everything that sees the generated token names waits for them.
$(B)/obj/tools/lib/cfgfile.o $(B)/obj/$(GEN)/xlcfg_scan.o: $(GEN)/xlcfg_parse.h

# Pure code: no hypervisor, no xenstore. Host tests link exactly this.
TOOLS_PURE := $(addprefix tools/lib/,error.c log.c text.c units.c json.c cfgfile.c config.c diskspec.c imagespec.c nicspec.c nicguard.c \
	configjson.c) $(XLCFG_C)
TOOLS_XEN := $(addprefix tools/lib/,xen.c domain.c vcpu.c mem.c host.c store.c names.c)
# libxenstore cancels its thread when it closes, for which libc loads libgcc_s at run time: named here so that it is
# there wherever the programs are copied with their libraries.
TOOLS_XEN_LIBS := -lxencall -lxenforeignmemory -lxenstore -Wl,--push-state,--no-as-needed -lgcc_s -Wl,--pop-state
BUILDER_PURE := $(addprefix tools/build/,image.c kernel.c layout.c tables.c)
BUILDER := $(BUILDER_PURE) $(addprefix tools/build/,sandbox.c cache.c load.c) tools/lib/confine.c
BUILDER_LIBS := -lcrypto -lz -llzma -lzstd -llz4 -lseccomp
TOOLS_GUEST := $(TOOLS_PURE) $(TOOLS_XEN) $(addprefix tools/lib/,hostconf.c device.c hotplug.c disk.c diskimage.c diskuse.c nic.c nictap.c record.c guest.c) \
	$(BUILDER) tools/build/create.c tools/vaned/lifecycle.c
PATHS := tools/lib/paths.c

VANE := $(addprefix tools/vane/,cli.c asjson.c create.c list.c life.c info.c vcpus.c devices.c hotplug.c backend.c console.c top.c screen.c xenstore.c) \
	tools/lib/backend_client.c tools/vaned/handover.c
$(eval $(call program,vane,tools/vane/main.c $(VANE) $(TOOLS_GUEST) $(PATHS),$(TOOLS_XEN_LIBS) $(BUILDER_LIBS) -lncurses))
$(eval $(call program,vaned,tools/vaned/main.c tools/vaned/backends.c tools/vaned/dom0.c tools/lib/daemon.c tools/lib/storewatch.c $(TOOLS_GUEST) $(PATHS),$(TOOLS_XEN_LIBS) $(BUILDER_LIBS) -lsystemd))
CONSOLED := $(addprefix tools/console/,main.c guestcon.c ring.c logfile.c) $(TOOLS_XEN) $(addprefix tools/lib/,error.c log.c \
	text.c units.c daemon.c storewatch.c)
$(eval $(call program,vane-consoled,$(CONSOLED),$(TOOLS_XEN_LIBS) -lxenevtchn -lxengnttab -lsystemd))

# Host tests. The generated parts are not written for the sanitizers' stricter flags, but run under them.
tools_test = $(B)/test/$(1).d/tools/lib/cfgfile.o $(B)/test/$(1).d/$(GEN)/xlcfg_scan.o: $(GEN)/xlcfg_parse.h
$(eval $(call host_test,tools_config,tests/host/tools_config.c $(TOOLS_PURE),-I.,))
$(eval $(call tools_test,tools_config))
$(eval $(call host_test,tools_units,tests/host/tools_units.c $(addprefix tools/lib/,error.c text.c units.c json.c),-I.,))
$(eval $(call host_test,tools_console,tests/host/tools_console.c $(addprefix tools/console/,ring.c logfile.c) \
	$(addprefix tools/lib/,log.c text.c),-I.,))
$(eval $(call host_test,tools_hotplug,tests/host/tools_hotplug.c $(addprefix tools/lib/,hotplug.c error.c text.c),-I.,))
$(eval $(call host_test,tools_build,tests/host/tools_build.c $(BUILDER_PURE) tools/build/sandbox.c tools/build/cache.c $(addprefix tools/lib/,confine.c error.c log.c \
	text.c),-I.,$(BUILDER_LIBS)))
FAKE := $(addprefix tests/host/,tools_fake.c tools_fake_store.c tools_fake_tap.c)
FAKED_GUEST := $(filter-out tools/lib/nictap.c,$(TOOLS_GUEST))
$(eval $(call host_test,tools_create,tests/host/tools_create.c $(FAKE) $(FAKED_GUEST),-I. -D_FORTIFY_SOURCE=0,$(BUILDER_LIBS)))
$(eval $(call tools_test,tools_create))
$(eval $(call host_test,tools_output,tests/host/tools_output.c $(FAKE) $(VANE) $(FAKED_GUEST),-I. -D_FORTIFY_SOURCE=0,$(BUILDER_LIBS) -lncurses))
$(eval $(call tools_test,tools_output))
# vaned's care for back ends, with processes that fail.
BACKENDS_WRAP := -Wl,--wrap=fork,--wrap=socketpair,--wrap=posix_fallocate,--wrap=mkdir,--wrap=execl
$(eval $(call host_test,tools_backends,tests/host/tools_backends.c $(FAKE) tools/vaned/backends.c $(addprefix tools/lib/,store.c error.c log.c text.c), \
	-I. -D_FORTIFY_SOURCE=0 -DBACKEND_DIR='"backends"',-lsystemd $(BACKENDS_WRAP)))
