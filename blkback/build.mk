# SPDX-License-Identifier: GPL-2.0-or-later
# blkback: disks of guests, one process a guest. liburing is linked statically: dom0 needs no package for it.
include tools/lib/backend.mk
BLKBACK := $(addprefix blkback/,disk.c queue.c request.c buffer.c persistent.c source.c throttle.c)
$(eval $(call program,blkback,blkback/main.c $(BLKBACK) $(BACKEND),$(BACKEND_LIBS) -l:liburing.a))
include tests/bench/disk.mk

# An NBD server's export as a file, by libnbd and FUSE.
$(eval $(call program,blkback-nbd,blkback/nbd_main.c blkback/nbd_file.c $(addprefix tools/lib/,confine.c error.c text.c),-lnbd -lfuse3 -lseccomp))
