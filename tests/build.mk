# SPDX-License-Identifier: GPL-2.0-or-later
# Each kind of test keeps its targets beside it: tests/KIND/targets.mk, tests/host/AREA.mk.
include $(sort $(wildcard tests/*/targets.mk tests/host/*.mk))
