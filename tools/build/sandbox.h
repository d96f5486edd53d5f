/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening a kernel file for the builder. The file comes from outside (a guest's administrator, a
 * boot loader), so it is unpacked and parsed in a child process that can do nothing but compute: no
 * system calls beyond memory, limits on CPU time and memory. What comes back is the unpacked image
 * and a flat struct kernel, which is checked again here. An image that was unpacked before is taken
 * from the cache and only parsed.
 */
#ifndef TOOLS_BUILD_SANDBOX_H
#define TOOLS_BUILD_SANDBOX_H

#include "tools/build/kernel.h"

struct kernel_image {
	struct kernel kernel;
	const uint8_t *elf;
	size_t elf_len;
	void *shared;	     /* result and unpacked image */
	const uint8_t *kept; /* the image when it had been unpacked before: cache.h */
	size_t kept_len;
};

/* -1 with e filled; nothing stays open then. */
int kernel_image_open(struct kernel_image *ki, const char *path, struct error *e);
void kernel_image_close(struct kernel_image *ki);

#endif
