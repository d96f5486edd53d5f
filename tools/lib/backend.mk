# SPDX-License-Identifier: GPL-2.0-or-later
# What both back ends link; included by their build.mk, which are read before that of tools/.
BACKEND := $(addprefix tools/lib/,backend.c backend_loop.c backend_ring.c backend_state.c backend_socket.c backend_sandbox.c confine.c backend_pages.c store.c error.c log.c \
	text.c)
BACKEND_LIBS := -lxenstore -lxenevtchn -lxengnttab -lseccomp -lsystemd -Wl,--push-state,--no-as-needed -lgcc_s -Wl,--pop-state
