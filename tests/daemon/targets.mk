# SPDX-License-Identifier: GPL-2.0-or-later
# Real daemons, driven from outside.
TEST_TARGETS += test-daemon
.PHONY: test-daemon soak-xenstore
test-daemon: all $(B)/test/fake_xen.so $(B)/test/xenstored-asan
	$(Q)$(PYTHON) tests/daemon/run.py

# Hours: the same properties with the numbers of the long form.
soak-xenstore: all $(B)/test/fake_xen.so $(B)/test/xenstored-asan
	$(Q)$(PYTHON) tests/daemon/run.py --long xenstore/
