/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ELF segments and Xen notes of a kernel image: see kernel.h. Nothing of the image is used before
 * its offset and length were checked against the image; additions are done so that they cannot
 * wrap.
 */
#include "tools/build/kernel.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>
#include <xen/elfnote.h>

#define KERNEL_SPAN_MAX \
	(2UL << 30) /* virtual room of a kernel: from virt_base to the end of its 2 GiB window */
#define USER_TOP	 0x800000000000UL
#define HYPERVISOR_START 0xffff800000000000UL
#define HYPERVISOR_END	 0xffff880000000000UL

struct notes {
	uint64_t numeric[XEN_ELFNOTE_MAX + 1];
	bool present[XEN_ELFNOTE_MAX + 1];
	char guest_os[32], loader[32], features[256], pae[16];
};

static uint64_t page_up(uint64_t v)
{
	return (v + 4095) & ~4095UL;
}

static bool inside(uint64_t offset, uint64_t size, uint64_t total)
{
	return offset <= total && size <= total - offset;
}

/* Canonical, and not in the hypervisor's own range. */
static bool guest_address(uint64_t va)
{
	return va < USER_TOP || va >= HYPERVISOR_END;
}

static void note_text(char *to, size_t size, const uint8_t *desc, size_t len)
{
	size_t i;

	for (i = 0; i < len && i < size - 1 && desc[i]; i++)
		to[i] = desc[i] >= ' ' && desc[i] < 127 ? desc[i] : '?';
	to[i] = 0;
}

static void one_note(uint32_t type, const uint8_t *desc, uint32_t len, struct notes *n)
{
	uint64_t value = 0;

	if (type > XEN_ELFNOTE_MAX)
		return;
	n->present[type] = true;
	if (len == 4 || len == 8 || len == 1 || len == 2)
		memcpy(&value, desc, len);
	n->numeric[type] = value;
	if (type == XEN_ELFNOTE_GUEST_OS)
		note_text(n->guest_os, sizeof(n->guest_os), desc, len);
	else if (type == XEN_ELFNOTE_LOADER)
		note_text(n->loader, sizeof(n->loader), desc, len);
	else if (type == XEN_ELFNOTE_FEATURES)
		note_text(n->features, sizeof(n->features), desc, len);
	else if (type == XEN_ELFNOTE_PAE_MODE)
		note_text(n->pae, sizeof(n->pae), desc, len);
}

static void notes_parse(const uint8_t *p, uint64_t len, struct notes *n)
{
	Elf64_Nhdr h;
	uint64_t name, desc;

	while (len >= sizeof(h)) {
		memcpy(&h, p, sizeof(h));
		p += sizeof(h);
		len -= sizeof(h);
		name = (h.n_namesz + 3ULL) & ~3ULL;
		desc = (h.n_descsz + 3ULL) & ~3ULL;
		if (name > len || h.n_descsz > len - name)
			return;
		if (h.n_namesz == 4 && !memcmp(p, "Xen", 4))
			one_note(h.n_type, p + name, h.n_descsz, n);
		if (desc > len - name)
			return;
		p += name + desc;
		len -= name + desc;
	}
}

static int check_header(const uint8_t *image, size_t len, Elf64_Ehdr *h, struct error *e)
{
	if (len < sizeof(*h))
		return error_set(e, ERR_KERNEL, "the ELF header is cut short");
	memcpy(h, image, sizeof(*h));
	if (memcmp(h->e_ident, ELFMAG, SELFMAG))
		return error_set(e, ERR_KERNEL, "not an ELF image");
	if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_machine != EM_X86_64 ||
		h->e_ident[EI_DATA] != ELFDATA2LSB) {
		error_set(e, ERR_KERNEL, "the kernel is not for 64-bit x86");
		error_advice(e, "an amd64 kernel; 32-bit guests are not supported");
		return -1;
	}
	if (h->e_phentsize != sizeof(Elf64_Phdr) || !h->e_phnum)
		return error_set(e, ERR_KERNEL, "the ELF image has no usable program headers");
	if (!inside(h->e_phoff, (uint64_t)h->e_phnum * sizeof(Elf64_Phdr), len))
		return error_set(e, ERR_KERNEL,
			"the ELF program headers are outside the file: it is cut short or damaged");
	return 0;
}

static int add_segment(struct kernel *k, const Elf64_Phdr *ph, size_t len, struct error *e)
{
	struct kernel_segment *s;

	if (!ph->p_memsz)
		return 0;
	if (k->segments == KERNEL_SEGMENTS)
		return error_set(
			e, ERR_KERNEL, "the kernel has more than %d segments", KERNEL_SEGMENTS);
	if (ph->p_filesz > ph->p_memsz || !inside(ph->p_offset, ph->p_filesz, len))
		return error_set(e, ERR_KERNEL,
			"segment %u of the kernel is outside the file: it is cut short or damaged",
			k->segments);
	s = &k->segment[k->segments++];
	s->offset = ph->p_offset;
	s->file_size = ph->p_filesz;
	s->pfn_addr = ph->p_paddr;
	s->mem_size = ph->p_memsz;
	return 0;
}

/* Notes are in PT_NOTE segments, or (older kernels) only in SHT_NOTE sections. */
static void section_notes(const uint8_t *image, size_t len, const Elf64_Ehdr *h, struct notes *n)
{
	Elf64_Shdr sh;
	unsigned int i;

	if (h->e_shentsize != sizeof(sh) ||
		!inside(h->e_shoff, (uint64_t)h->e_shnum * sizeof(sh), len))
		return;
	for (i = 0; i < h->e_shnum; i++) {
		memcpy(&sh, image + h->e_shoff + i * sizeof(sh), sizeof(sh));
		if (sh.sh_type == SHT_NOTE && inside(sh.sh_offset, sh.sh_size, len))
			notes_parse(image + sh.sh_offset, sh.sh_size, n);
	}
}

static int no_notes(struct error *e)
{
	error_set(e, ERR_KERNEL,
		"the kernel has no Xen notes: it was not built for paravirtual guests");
	error_advice(e, "a kernel with CONFIG_XEN_PV (Debian's linux-image-amd64 has it)");
	return -1;
}

static int apply_notes(
	struct kernel *k, const struct notes *n, const Elf64_Ehdr *h, struct error *e)
{
	uint64_t offset = n->numeric[XEN_ELFNOTE_PADDR_OFFSET];
	unsigned int i;

	if (!n->present[XEN_ELFNOTE_GUEST_OS] && !n->present[XEN_ELFNOTE_VIRT_BASE])
		return no_notes(e);
	k->virt_base = n->numeric[XEN_ELFNOTE_VIRT_BASE];
	k->entry = n->present[XEN_ELFNOTE_ENTRY] ? n->numeric[XEN_ELFNOTE_ENTRY] : h->e_entry;
	k->hypercall_page = n->present[XEN_ELFNOTE_HYPERCALL_PAGE]
				    ? n->numeric[XEN_ELFNOTE_HYPERCALL_PAGE]
				    : KERNEL_NONE;
	k->init_p2m =
		n->present[XEN_ELFNOTE_INIT_P2M] ? n->numeric[XEN_ELFNOTE_INIT_P2M] : KERNEL_NONE;
	k->mod_start_pfn = n->numeric[XEN_ELFNOTE_MOD_START_PFN];
	memcpy(k->guest_os, n->guest_os, sizeof(k->guest_os));
	memcpy(k->loader, n->loader, sizeof(k->loader));
	for (i = 0; i < k->segments; i++) {
		if (k->segment[i].pfn_addr < offset)
			return error_set(e, ERR_KERNEL,
				"segment %u of the kernel is below its PADDR_OFFSET", i);
		k->segment[i].pfn_addr -= offset;
	}
	return 0;
}

static void find_bounds(struct kernel *k)
{
	unsigned int i;

	k->low = UINT64_MAX;
	k->high = 0;
	for (i = 0; i < k->segments; i++) {
		const struct kernel_segment *s = &k->segment[i];
		uint64_t end = s->mem_size > UINT64_MAX - 8192 - s->pfn_addr
				       ? UINT64_MAX - 8191
				       : s->pfn_addr + s->mem_size;

		if (s->pfn_addr < k->low)
			k->low = s->pfn_addr & ~4095UL;
		if (page_up(end) > k->high)
			k->high = page_up(end);
	}
}

int kernel_check(const struct kernel *k, size_t len, struct error *e)
{
	struct kernel copy = *k;
	uint64_t mapped;
	unsigned int i;

	if (!k->segments || k->segments > KERNEL_SEGMENTS)
		return error_set(e, ERR_KERNEL, "the kernel has nothing to load");
	for (i = 0; i < k->segments; i++) {
		const struct kernel_segment *s = &k->segment[i];

		if (s->file_size > s->mem_size || !inside(s->offset, s->file_size, len) ||
			s->mem_size > KERNEL_SPAN_MAX || s->pfn_addr > KERNEL_SPAN_MAX)
			return error_set(e, ERR_KERNEL,
				"segment %u of the kernel has no sensible place or size", i);
	}
	find_bounds(&copy);
	if (copy.low != k->low || copy.high != k->high || k->high - k->low > KERNEL_SPAN_MAX ||
		k->high > KERNEL_SPAN_MAX)
		return error_set(
			e, ERR_KERNEL, "the kernel does not fit the 2 GiB it may be mapped in");
	mapped = k->virt_base + k->high;
	if ((k->virt_base & 0x3fffff) || (mapped < k->virt_base && mapped) ||
		!guest_address(k->virt_base) || !guest_address(mapped - 1) ||
		(k->virt_base < USER_TOP) != (mapped - 1 < USER_TOP))
		return error_set(e, ERR_KERNEL, "the kernel's VIRT_BASE 0x%llx is not usable",
			(unsigned long long)k->virt_base);
	if (k->entry < k->virt_base || k->entry - k->virt_base < k->low ||
		k->entry - k->virt_base >= k->high)
		return error_set(e, ERR_KERNEL, "the entry point 0x%llx is outside the kernel",
			(unsigned long long)k->entry);
	if (k->hypercall_page != KERNEL_NONE &&
		(k->hypercall_page & 4095 || k->hypercall_page < k->virt_base ||
			k->hypercall_page - k->virt_base < k->low ||
			k->hypercall_page - k->virt_base >= k->high))
		return error_set(e, ERR_KERNEL, "the hypercall page 0x%llx is outside the kernel",
			(unsigned long long)k->hypercall_page);
	if (k->init_p2m != KERNEL_NONE && (k->init_p2m & 0x1fffff || !guest_address(k->init_p2m) ||
						  k->init_p2m > UINT64_MAX - (1UL << 40) ||
						  !guest_address(k->init_p2m + (1UL << 38))))
		return error_set(e, ERR_KERNEL, "the kernel's INIT_P2M 0x%llx is not usable",
			(unsigned long long)k->init_p2m);
	return 0;
}

int kernel_parse(const uint8_t *image, size_t len, struct kernel *k, struct error *e)
{
	struct notes n;
	Elf64_Ehdr h;
	Elf64_Phdr ph;
	unsigned int i;

	memset(k, 0, sizeof(*k));
	memset(&n, 0, sizeof(n));
	if (check_header(image, len, &h, e))
		return -1;
	for (i = 0; i < h.e_phnum; i++) {
		memcpy(&ph, image + h.e_phoff + i * sizeof(ph), sizeof(ph));
		if (ph.p_type == PT_LOAD && add_segment(k, &ph, len, e))
			return -1;
		if (ph.p_type == PT_NOTE && inside(ph.p_offset, ph.p_filesz, len))
			notes_parse(image + ph.p_offset, ph.p_filesz, &n);
	}
	if (!n.present[XEN_ELFNOTE_GUEST_OS] && !n.present[XEN_ELFNOTE_VIRT_BASE])
		section_notes(image, len, &h, &n);
	if (apply_notes(k, &n, &h, e))
		return -1;
	find_bounds(k);
	return kernel_check(k, len, e);
}
