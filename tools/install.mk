# SPDX-License-Identifier: GPL-2.0-or-later
# make install [PREFIX=/usr/local] [DESTDIR=folder]: programs, units, man pages and the hypervisor, beside what Debian's
# packages have. One line a file: what it is here, where it goes, its mode.
PREFIX ?= /usr/local
UNIT_DIR := $(PREFIX)/lib/systemd/system
UNITS := tools/proc-xen.mount xenstore/xenstored.service tools/console/xenconsoled.service tools/vaned/vaned.service
INSTALLED := \
	$(foreach p,$(filter $(B)/bin/%,$(ALL)),$(p):$(PREFIX)/sbin/$(notdir $(p)):755) \
	$(foreach u,$(UNITS),$(u):$(UNIT_DIR)/$(notdir $(u)):644) \
	xenstore/xenstored.sysusers:$(PREFIX)/lib/sysusers.d/xenstored.conf:644 \
	tools/paravane.tmpfiles:$(PREFIX)/lib/tmpfiles.d/paravane.conf:644 \
	$(foreach m,$(MAN),$(m):$(PREFIX)/share/man/man$(subst .,,$(suffix $(m)))/$(notdir $(m)):644) \
	$(B)/xen-4.17-paravane.gz:/boot/xen-4.17-paravane.gz:644
place = $(DESTDIR)$(word 2,$(subst :, ,$(1)))

# The name that Debian's 20_linux_xen looks for.
$(B)/xen-4.17-paravane.gz: $(B)/paravane.elf
	$(Q)gzip -9nc $< >$@

.PHONY: install uninstall
install: all $(B)/xen-4.17-paravane.gz
	$(Q)$(foreach f,$(INSTALLED),install -D -m $(word 3,$(subst :, ,$(f))) $(word 1,$(subst :, ,$(f))) $(call place,$(f)) &&) \
		sed -i 's|/usr/sbin/|$(PREFIX)/sbin/|' $(addprefix $(DESTDIR)$(UNIT_DIR)/,$(notdir $(UNITS))) && \
		ln -sf vane $(DESTDIR)$(PREFIX)/sbin/xl
	$(call say,INSTALL,$(DESTDIR)$(PREFIX) and $(DESTDIR)/boot; docs/install.md says what is next)
uninstall:
	$(Q)rm -f $(foreach f,$(INSTALLED),$(call place,$(f))) $(DESTDIR)$(PREFIX)/sbin/xl
