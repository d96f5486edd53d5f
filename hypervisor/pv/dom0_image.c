/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel of the control domain: finds the compressed ELF file in a bzImage (boot protocol 2.08
 * and later), unpacks it, and reads what Xen's notes say about where it wants to be
 * (<xen/elfnote.h>). The hypercall page is optional: Debian's kernels have none (PV-ABI 8).
 */
#include "pv/dom0.h"

#include <xen/elfnote.h>
#include <xen/xen.h>

#include "core/frame.h"
#include "lib/string.h"

/* The fields of Linux's setup header that matter, by offset (Documentation/x86/boot.rst). */
#define SETUP_SECTS    0x1f1
#define SETUP_BOOTFLAG 0x1fe
#define SETUP_MAGIC    0x202
#define SETUP_VERSION  0x206
#define PAYLOAD_OFFSET 0x248
#define PAYLOAD_LENGTH 0x24c
#define SETUP_END      0x250

#define IRET_CALL  23
#define STUB_BYTES 32

static int wrong(const char **why, const char *text)
{
	*why = text;
	return -EINVAL;
}

static u32 read32(const u8 *p)
{
	u32 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static bool is_bzimage(const u8 *p, u64 bytes)
{
	return bytes >= SETUP_END && !memcmp(p + SETUP_MAGIC, "HdrS", 4) &&
	       p[SETUP_BOOTFLAG] == 0x55 && p[SETUP_BOOTFLAG + 1] == 0xaa;
}

/* Narrow *data, *bytes from the bzImage to its payload. */
static int find_payload(const u8 **data, u64 *bytes, const char **why)
{
	const u8 *p = *data;
	u32 version = p[SETUP_VERSION] | (u32)p[SETUP_VERSION + 1] << 8;
	u64 sectors = p[SETUP_SECTS] ? p[SETUP_SECTS] : 4;
	u64 start = (sectors + 1) * 512 + read32(p + PAYLOAD_OFFSET);
	u64 length = read32(p + PAYLOAD_LENGTH);

	if (version < 0x208)
		return wrong(why, "a bzImage of a boot protocol before 2.08");
	if (start > *bytes || length > *bytes - start || length < 8)
		return wrong(why, "the bzImage's payload lies beyond the end of the file");
	*data += start;
	*bytes = length;
	return 0;
}

/*
 * Unpack what is compressed; its last four bytes are the unpacked size, which all but gzip get from
 * the kernel's build.
 */
static int expand(struct kernel_image *k, const u8 **data, u64 *bytes, const char **why)
{
	bool gzip = *bytes > 2 && (*data)[0] == 0x1f;
	u64 size;
	int ret;

	if (*bytes < 8)
		return wrong(why, "too short");
	size = read32(*data + *bytes - 4);
	if (!size || size > KERNEL_MAX_BYTES)
		return wrong(why, "an unpacked size that is 0 or above 512 MiB");
	for (k->order = 0; (PAGE_SIZE << k->order) < size; k->order++)
		;
	k->buffer = heap_pages(k->order, FRAME_NO_SCRUB);
	if (!k->buffer) {
		*why = "no memory to unpack it";
		return -ENOMEM;
	}
	ret = unpack(*data, gzip ? *bytes : *bytes - 4, k->buffer, size, why);
	*data = k->buffer;
	*bytes = size;
	return ret;
}

/* The guest's virtual address of a segment's byte, or false when it does not fit. */
static bool to_virtual(const struct kernel_image *k, u64 paddr, u64 *va)
{
	return !__builtin_sub_overflow(paddr, k->paddr_offset, va) &&
	       !__builtin_add_overflow(*va, k->virt_base, va);
}

static int read_notes(struct kernel_image *k, const char **why)
{
	const struct elf_image *elf = &k->elf;
	u64 number;
	u32 bytes;

	if (!elf_xen_note(elf, XEN_ELFNOTE_GUEST_OS, &bytes) &&
		!elf_xen_note(elf, XEN_ELFNOTE_XEN_VERSION, &bytes))
		return wrong(why, "no notes for Xen: not a kernel that can run paravirtualized");
	if (!elf_xen_note_number(elf, XEN_ELFNOTE_VIRT_BASE, &k->virt_base))
		k->virt_base = 0;
	if (!elf_xen_note_number(elf, XEN_ELFNOTE_PADDR_OFFSET, &k->paddr_offset))
		k->paddr_offset = 0;
	if (!elf_xen_note_number(elf, XEN_ELFNOTE_ENTRY, &k->entry))
		return wrong(why, "no note for its paravirtualized entry point");
	if (!elf_xen_note_number(elf, XEN_ELFNOTE_HYPERCALL_PAGE, &k->hypercall_page))
		k->hypercall_page = 0;
	if (!elf_xen_note_number(elf, XEN_ELFNOTE_INIT_P2M, &k->p2m_base))
		k->p2m_base = 0;
	k->mod_start_pfn = elf_xen_note_number(elf, XEN_ELFNOTE_MOD_START_PFN, &number) && number;
	return 0;
}

static int check_addresses(struct kernel_image *k, const char **why)
{
	if (!to_virtual(k, k->elf.first_paddr, &k->start) ||
		!to_virtual(k, k->elf.end_paddr, &k->end) || k->end <= k->start ||
		k->end - k->start > KERNEL_MAX_BYTES)
		return wrong(why, "segments at addresses that wrap or are too far apart");
	if (k->start < k->virt_base || k->start - k->virt_base > KERNEL_MAX_BYTES ||
		k->virt_base & (PAGE_SIZE - 1))
		return wrong(why, "segments too far from the virtual base");
	if (k->virt_base < HV_VIRT_END && k->end > HV_VIRT_START)
		return wrong(why, "addresses in the hypervisor's part");
	if (k->entry < k->start || k->entry >= k->end)
		return wrong(why, "an entry point outside its segments");
	if (k->hypercall_page & (PAGE_SIZE - 1) ||
		(k->hypercall_page &&
			(k->hypercall_page < k->start || k->hypercall_page > k->end - PAGE_SIZE)))
		return wrong(why, "a hypercall page outside its segments");
	if (k->p2m_base & ((1ul << 39) - 1) || k->p2m_base >= 1ul << 47)
		return wrong(why, "a frame list at a place that it cannot have");
	return 0;
}

int kernel_image_open(struct kernel_image *k, const void *module, u64 bytes, const char **why)
{
	const u8 *data = module;
	int ret = 0;

	k->buffer = NULL;
	*why = "no memory";
	if (is_bzimage(data, bytes))
		ret = find_payload(&data, &bytes, why);
	if (!ret && !(bytes >= 4 && !memcmp(data, "\177ELF", 4)))
		ret = expand(k, &data, &bytes, why);
	if (!ret)
		ret = elf_parse(&k->elf, data, bytes, why);
	if (!ret)
		ret = read_notes(k, why);
	if (!ret)
		ret = check_addresses(k, why);
	if (ret)
		kernel_image_close(k);
	return ret;
}

void kernel_image_close(struct kernel_image *k)
{
	if (k->buffer)
		heap_pages_free(k->buffer, k->order);
	k->buffer = NULL;
}

void hypercall_page_fill(void *page)
{
	/* push rcx; push r11; mov $n, eax; syscall; pop r11; pop rcx; ret */
	static const u8 call[] = { 0x51, 0x41, 0x53, 0xb8, 0, 0, 0, 0, 0x0f, 0x05, 0x41, 0x5b, 0x59,
		0xc3 };
	/*
	 * push rcx; push r11; push rax; mov $23, eax; syscall: the frame continues with what the
	 * caller pushed
	 */
	static const u8 iret[] = { 0x51, 0x41, 0x53, 0x50, 0xb8, IRET_CALL, 0, 0, 0, 0x0f, 0x05 };
	u8 *p = page;

	memset(p, 0xcc, PAGE_SIZE);
	for (unsigned nr = 0; nr < PAGE_SIZE / STUB_BYTES; nr++) {
		u8 *stub = p + nr * STUB_BYTES;

		if (nr == IRET_CALL) {
			memcpy(stub, iret, sizeof(iret));
			continue;
		}
		memcpy(stub, call, sizeof(call));
		stub[4] = (u8)nr;
	}
}
