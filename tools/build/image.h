/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel file in memory to an uncompressed ELF image in memory: bzImage (boot protocol 2.08 and
 * later) with a gzip, xz, zstd or lz4 payload, the same formats without the bzImage wrapping, or a
 * plain ELF file. Pure: memory in, memory out. Hostile input gets an error; output is limited in
 * size and in ratio to the input, and so is the memory of the decompressors. Boot protocol: Linux
 * Documentation/x86/boot.rst.
 */
#ifndef TOOLS_BUILD_IMAGE_H
#define TOOLS_BUILD_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "tools/lib/error.h"

#define IMAGE_MAX	(512UL << 20) /* of an unpacked kernel */
#define IMAGE_FILE_MAX	(256UL << 20) /* of the file */
#define IMAGE_RATIO_MAX 100	      /* unpacked to packed; kernels reach 8 */

/*
 * Unpack file[0..len) into out[0..out_max). *elf points into file or out, *elf_len is its length.
 * -1 with e filled.
 */
int image_unpack(const uint8_t *file, size_t len, uint8_t *out, size_t out_max, const uint8_t **elf,
	size_t *elf_len, struct error *e);

#endif
