/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Multiboot 1 (QEMU -kernel, also GRUB's `multiboot`) and Multiboot 2 (GRUB) to struct boot_info.
 * Layouts are those of the two specifications. Loaders other than GRUB 2 put the image's name
 * before the command line, GRUB 2 does not but its Xen script writes "placeholder" instead: that
 * word is cut off here, for the hypervisor and for the modules alike. Pure but for boot_phys, so it
 * runs in host tests on hostile input.
 */
#include <lib/string.h>

#include "x86/multiboot.h"

struct packed mb1_info {
	u32 flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr, syms[4],
		mmap_length, mmap_addr;
	u32 drives_length, drives_addr, config_table, boot_loader_name, apm_table;
};

struct packed mb1_module {
	u32 start, end, string, reserved;
};

struct packed mb1_range {
	u32 size;
	u64 base, bytes;
	u32 type;
};

struct packed mb2_tag {
	u32 type, size;
};

enum {
	TAG_END,
	TAG_CMDLINE,
	TAG_LOADER,
	TAG_MODULE,
	TAG_MMAP = 6,
	TAG_FRAMEBUFFER = 8,
	TAG_EFI64 = 12,
	TAG_ACPI_OLD = 14,
	TAG_ACPI_NEW
};

#define MB1_CMDLINE BIT(2)
#define MB1_MODS    BIT(3)
#define MB1_MMAP    BIT(6)
#define MB1_LOADER  BIT(9)

/* Copy a C string of at most `room` bytes (it may lack its NUL), cut to the size of `to`. */
static void copy_text(char *to, size_t size, const char *from, size_t room)
{
	size_t n = from ? strnlen(from, min(room, size - 1)) : 0;

	memcpy(to, from ? from : "", n);
	to[n] = 0;
}

static void copy_text_at(char *to, size_t size, u32 pa)
{
	size_t n = 0;
	const char *c;

	while (pa && n < size - 1 && (c = boot_phys((u64)pa + n, 1)) && *c)
		to[n++] = *c;
	to[n] = 0;
}

static void drop_image_name(const char *loader, char *text)
{
	const char *rest = text;

	if (strncmp(loader, "GRUB 2", 6) || !strncmp(text, "placeholder ", 12) ||
		!strcmp(text, "placeholder")) {
		while (*rest && *rest != ' ')
			rest++;
	}
	while (*rest == ' ')
		rest++;
	memmove(text, rest, strlen(rest) + 1);
}

static int add_range(struct boot_info *out, u64 start, u64 bytes, u32 type)
{
	if (out->range_count == BOOT_MAX_RANGES || start + bytes < start)
		return -EINVAL;
	if (type < 1 || type > 5) /* firmware's own numbers: not for use */
		type = 2;
	if (bytes)
		out->ranges[out->range_count++] = (struct boot_range){ start, bytes, type };
	return 0;
}

static int add_module(struct boot_info *out, u64 start, u64 end, struct boot_module **m)
{
	if (out->module_count == BOOT_MAX_MODULES || end < start)
		return -EINVAL;
	*m = &out->modules[out->module_count++];
	(*m)->start = start;
	(*m)->bytes = end - start;
	return 0;
}

static int mb1_parse_mmap(const struct mb1_info *info, struct boot_info *out)
{
	u64 at = info->mmap_addr, end = at + info->mmap_length;

	while (at + sizeof(struct mb1_range) <= end) {
		const struct mb1_range *r = boot_phys(at, sizeof(*r));

		if (!r || r->size < sizeof(*r) - sizeof(r->size))
			return -EINVAL;
		if (add_range(out, r->base, r->bytes, r->type))
			return -EINVAL;
		at += (u64)r->size + sizeof(r->size);
	}
	return 0;
}

static int mb1_parse_modules(const struct mb1_info *info, struct boot_info *out)
{
	for (u32 i = 0; i < info->mods_count; i++) {
		const struct mb1_module *in =
			boot_phys(info->mods_addr + (u64)i * sizeof(*in), sizeof(*in));
		struct boot_module *m;

		if (!in || add_module(out, in->start, in->end, &m))
			return -EINVAL;
		copy_text_at(m->cmdline, sizeof(m->cmdline), in->string);
	}
	return 0;
}

static int mb1_parse(u64 pa, struct boot_info *out)
{
	const struct mb1_info *info = boot_phys(pa, sizeof(*info));

	if (!info || !(info->flags & MB1_MMAP))
		return -EINVAL;
	if (info->flags & MB1_LOADER)
		copy_text_at(out->loader, sizeof(out->loader), info->boot_loader_name);
	if (info->flags & MB1_CMDLINE)
		copy_text_at(out->cmdline, sizeof(out->cmdline), info->cmdline);
	if ((info->flags & MB1_MODS) && mb1_parse_modules(info, out))
		return -EINVAL;
	return mb1_parse_mmap(info, out);
}

static int mb2_parse_mmap(const u8 *tag, u32 size, struct boot_info *out)
{
	u32 entry, type;
	u64 base, bytes;

	if (size < 16)
		return -EINVAL;
	memcpy(&entry, tag + 8, 4);
	if (entry < 20)
		return -EINVAL;
	for (u64 at = 16; at + entry <= size; at += entry) {
		memcpy(&base, tag + at, 8);
		memcpy(&bytes, tag + at + 8, 8);
		memcpy(&type, tag + at + 16, 4);
		if (add_range(out, base, bytes, type))
			return -EINVAL;
	}
	return 0;
}

static int mb2_parse_module(const u8 *tag, u32 size, struct boot_info *out)
{
	struct boot_module *m;
	u32 start, end;

	if (size < 16)
		return -EINVAL;
	memcpy(&start, tag + 8, 4);
	memcpy(&end, tag + 12, 4);
	if (add_module(out, start, end, &m))
		return -EINVAL;
	copy_text(m->cmdline, sizeof(m->cmdline), (const char *)tag + 16, size - 16);
	return 0;
}

static void mb2_parse_framebuffer(const u8 *tag, u32 size, struct boot_info *out)
{
	if (size < 30)
		return;
	memcpy(&out->framebuffer.base, tag + 8, 8);
	memcpy(&out->framebuffer.pitch, tag + 16, 4);
	memcpy(&out->framebuffer.width, tag + 20, 4);
	memcpy(&out->framebuffer.height, tag + 24, 4);
	out->framebuffer.bpp = tag[28];
	out->framebuffer.type = tag[29];
}

static int mb2_parse_tag(const u8 *tag, u32 type, u32 size, u64 pa, struct boot_info *out)
{
	switch (type) {
	case TAG_CMDLINE:
		copy_text(out->cmdline, sizeof(out->cmdline), (const char *)tag + 8, size - 8);
		return 0;
	case TAG_LOADER:
		copy_text(out->loader, sizeof(out->loader), (const char *)tag + 8, size - 8);
		return 0;
	case TAG_MODULE: return mb2_parse_module(tag, size, out);
	case TAG_MMAP: return mb2_parse_mmap(tag, size, out);
	case TAG_FRAMEBUFFER: mb2_parse_framebuffer(tag, size, out); return 0;
	case TAG_EFI64:
		if (size >= 16)
			memcpy(&out->efi_system_table, tag + 8, 8);
		return 0;
	case TAG_ACPI_OLD: /* a copy of the RSDP follows the tag's head */
		if (!out->acpi_rsdp)
			out->acpi_rsdp = pa + 8;
		return 0;
	case TAG_ACPI_NEW: out->acpi_rsdp = pa + 8; return 0;
	default: return 0;
	}
}

static int mb2_parse(u64 pa, struct boot_info *out)
{
	const u32 *total = boot_phys(pa, 8);

	if (!total || *total < 16 || !boot_phys(pa, *total))
		return -EINVAL;
	for (u64 at = 8; at + sizeof(struct mb2_tag) <= *total;) {
		const struct mb2_tag *tag = boot_phys(pa + at, sizeof(*tag));

		if (!tag || tag->size < sizeof(*tag) || tag->size > *total - at)
			return -EINVAL;
		if (tag->type == TAG_END)
			return 0;
		if (mb2_parse_tag((const u8 *)tag, tag->type, tag->size, pa + at, out))
			return -EINVAL;
		at += round_up((u64)tag->size, 8);
	}
	return -EINVAL; /* no end tag */
}

int multiboot_parse(u32 magic, u64 pa, struct boot_info *out)
{
	int rc = -EINVAL;

	memset(out, 0, sizeof(*out));
	out->framebuffer.type = 0xff;
	if (magic == MULTIBOOT1_MAGIC)
		rc = mb1_parse(pa, out);
	else if (magic == MULTIBOOT2_MAGIC)
		rc = mb2_parse(pa, out);
	if (rc)
		return rc;
	drop_image_name(out->loader, out->cmdline);
	for (unsigned i = 0; i < out->module_count; i++)
		drop_image_name(out->loader, out->modules[i].cmdline);
	return 0;
}
