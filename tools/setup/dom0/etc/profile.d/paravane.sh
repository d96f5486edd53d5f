# SPDX-License-Identifier: GPL-2.0-or-later
# A login shell starts with Debian's PATH; the programs under test come first.
PATH=/opt/bin:$PATH
