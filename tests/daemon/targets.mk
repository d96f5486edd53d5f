# SPDX-License-Identifier: GPL-2.0-or-later
# Real daemons, driven from outside. What a daemon's tests need is said in its own build.mk.
TEST_TARGETS += test-daemon
SOAK_TARGETS += soak-xenstore
.PHONY: test-daemon soak-xenstore
test-daemon:
	$(Q)$(PYTHON) tests/daemon/run.py

# The same properties with the numbers of the long form: some ten minutes.
soak-xenstore:
	$(Q)$(PYTHON) tests/daemon/run.py --long xenstore/
