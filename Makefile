# SPDX-License-Identifier: GPL-2.0-or-later
# One non-recursive Makefile. Each top folder adds its parts in a build.mk; everything built lands in build/.
B := build
CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/paravane
export CACHE
PYTHON := /usr/bin/python3
# As many jobs as there are CPUs, unless the caller said otherwise.
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc)
endif
CC := gcc
WARN := -Wall -Wextra -Werror -Wvla -Wmissing-prototypes -Wstrict-prototypes -Wpointer-arith \
	-Wundef -Wno-unused-parameter
COMMON := -std=gnu11 -g -O2 $(WARN) -fno-strict-aliasing -fwrapv -MMD -MP

# User space: daemons and tools.
USER_CFLAGS := $(COMMON) -D_GNU_SOURCE -I. -Itools/lib -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
USER_LDFLAGS := -pie -Wl,-z,relro,-z,now

# Host tests: the same C under ASan and UBSan.
SAN_CFLAGS := $(COMMON) -D_GNU_SOURCE -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	-fno-omit-frame-pointer
SAN_LDFLAGS := -fsanitize=address,undefined

ALL :=
HOST_TESTS :=
TEST_TARGETS :=
SOAK_TARGETS :=
Q := @
say = @printf '  %-8s%s\n' '$(1)' '$(2)'

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:

# $(call program,NAME,SOURCES,LIBS): a user-space program build/bin/NAME.
define program
ALL += $(B)/bin/$(1)
$(B)/bin/$(1): $(patsubst %.c,$(B)/obj/%.o,$(2))
	$$(call say,LINK,$$@)
	$$(Q)mkdir -p $$(@D) && $$(CC) $$(USER_LDFLAGS) -o $$@ $$^ $(3)
-include $(patsubst %.c,$(B)/obj/%.d,$(2))
endef

# $(call host_test,NAME,SOURCES,CFLAGS,LIBS): a cmocka program build/test/NAME, run by `make test-host`.
define host_test
HOST_TESTS += $(B)/test/$(1)
$(B)/test/$(1): $(patsubst %.c,$(B)/test/$(1).d/%.o,$(2))
	$$(call say,LINK,$$@)
	$$(Q)$$(CC) $$(SAN_LDFLAGS) -o $$@ $$^ -lcmocka $(4)
$(B)/test/$(1).d/%.o: %.c | $(B)/stamp/packages
	$$(call say,CC,$$@)
	$$(Q)mkdir -p $$(@D) && $$(CC) $$(SAN_CFLAGS) $(3) -c -o $$@ $$<
-include $(patsubst %.c,$(B)/test/$(1).d/%.d,$(2))
endef

include $(wildcard */build.mk)
include tools/install.mk

$(B)/obj/%.o: %.c | $(B)/stamp/packages
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(USER_CFLAGS) $(CFLAGS_$(notdir $*)) -c -o $@ $<

# docs/dependencies.md is the one list of Debian packages; what is missing is installed here.
$(B)/stamp/packages: docs/dependencies.md tools/setup/packages.sh
	$(Q)mkdir -p $(@D) && tools/setup/packages.sh build && touch $@

.PHONY: all clean test test-host soak lint size
all: $(ALL)

test-host: $(HOST_TESTS)
	$(Q)$(PYTHON) tests/lib/run_host.py $(HOST_TESTS)

# Every runner writes its counts to build/test/*.count; the last line adds them up.
test: all
	$(Q)rm -f $(B)/test/*.count; status=0; \
	for t in test-host $(TEST_TARGETS); do $(MAKE) --no-print-directory $$t || status=1; done; \
	$(PYTHON) tests/lib/total.py $(B)/test || status=1; exit $$status

# The long forms, one after the other: hours.
soak: all
	$(Q)status=0; for t in $(SOAK_TARGETS); do $(MAKE) --no-print-directory $$t || status=1; done; exit $$status

lint:
	$(Q)$(PYTHON) tools/check/arrows.py
	$(Q)$(PYTHON) tools/check/sizes.py
	$(Q)tools/check/format.sh
	$(Q)tools/check/cppcheck.sh

size:
	$(Q)$(PYTHON) tools/check/sizes.py --total

clean:
	rm -rf $(B)
