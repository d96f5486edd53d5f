#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# cppcheck over what we ship; a finding is fixed, or listed with its reason in tools/check/cppcheck.txt.
set -eu
command -v cppcheck >/dev/null || { echo "cppcheck: not installed" >&2; exit 1; }
mkdir -p build/cppcheck
cppcheck --quiet --error-exitcode=1 --enable=warning,portability --inline-suppr --std=c11 \
	--suppressions-list=tools/check/cppcheck.txt --cppcheck-build-dir=build/cppcheck -j2 \
	-Ihypervisor -Ihypervisor/x86/inline -I. -Itools/lib --include=hypervisor/abi/config.h \
	hypervisor xenstore tools
echo "cppcheck: no finding"
