/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ELF64 images of x86-64 kernels: the segments to load and Xen's notes (<xen/elfnote.h>).
 * Everything that the file says is checked against its length before it is used, so a damaged file
 * is refused and never read beyond. The image stays the caller's; nothing is copied.
 */
#ifndef LIB_ELF_H
#define LIB_ELF_H

#include "lib/base.h"

#define ELF_MAX_SEGMENTS 64

struct elf_segment {
	const void *data; /* file_bytes of it in the image */
	u64 paddr, vaddr;
	u64 file_bytes, memory_bytes; /* file_bytes <= memory_bytes */
};

struct elf_image {
	const u8 *data;
	u64 bytes;
	u64 entry;
	u64 first_paddr, end_paddr; /* of all loadable segments; first < end */
	unsigned segment_count;
	struct elf_segment segment[ELF_MAX_SEGMENTS];
};

/* Parse. On error *why is a text that says what is wrong, and the answer is -EINVAL. */
must_check int elf_parse(struct elf_image *elf, const void *data, u64 bytes, const char **why);

/*
 * Xen's note of this type, from PT_NOTE segments or, when there is none, from note sections: its
 * description and length. NULL when there is no such note. Of several the last one counts.
 */
const void *elf_xen_note(const struct elf_image *elf, u32 type, u32 *bytes);
/*
 * The same as a little-endian number of 4 or 8 bytes; false when there is none or it has another
 * size.
 */
bool elf_xen_note_number(const struct elf_image *elf, u32 type, u64 *value);

#endif
