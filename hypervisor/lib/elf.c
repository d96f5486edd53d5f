/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reader of ELF64 images. All file offsets go through inside(), which cannot overflow; headers
 * are copied out before use because the image need not be aligned.
 */
#include "lib/elf.h"

#include <elf.h>

#include "lib/string.h"

#define MAX_HEADERS 1024 /* program headers or sections looked at: a bound on work */

static bool inside(const struct elf_image *elf, u64 offset, u64 bytes)
{
	return offset <= elf->bytes && bytes <= elf->bytes - offset;
}

static int wrong(const char **why, const char *text)
{
	*why = text;
	return -EINVAL;
}

static int check_header(const struct elf_image *elf, Elf64_Ehdr *h, const char **why)
{
	if (!inside(elf, 0, sizeof(*h)))
		return wrong(why, "shorter than an ELF header");
	memcpy(h, elf->data, sizeof(*h));
	if (memcmp(h->e_ident, ELFMAG, SELFMAG))
		return wrong(why, "no ELF file");
	if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_ident[EI_DATA] != ELFDATA2LSB ||
		h->e_machine != EM_X86_64)
		return wrong(why, "not for x86-64");
	if (h->e_type != ET_EXEC && h->e_type != ET_DYN)
		return wrong(why, "not an executable");
	if (h->e_phentsize != sizeof(Elf64_Phdr) || h->e_phnum == 0 || h->e_phnum > MAX_HEADERS)
		return wrong(why, "bad program header size or count");
	if (!inside(elf, h->e_phoff, (u64)h->e_phnum * sizeof(Elf64_Phdr)))
		return wrong(why, "program headers beyond the end of the file");
	return 0;
}

static void program_header(
	const struct elf_image *elf, const Elf64_Ehdr *h, unsigned i, Elf64_Phdr *p)
{
	memcpy(p, elf->data + h->e_phoff + (u64)i * sizeof(*p), sizeof(*p));
}

static int add_segment(struct elf_image *elf, const Elf64_Phdr *p, const char **why)
{
	struct elf_segment *s = &elf->segment[elf->segment_count];
	u64 end;

	if (elf->segment_count == ELF_MAX_SEGMENTS)
		return wrong(why, "too many segments");
	if (!inside(elf, p->p_offset, p->p_filesz))
		return wrong(why, "a segment beyond the end of the file");
	if (p->p_filesz > p->p_memsz)
		return wrong(why, "a segment larger in the file than in memory");
	if (__builtin_add_overflow(p->p_paddr, p->p_memsz, &end))
		return wrong(why, "a segment's address wraps");
	s->data = elf->data + p->p_offset;
	s->paddr = p->p_paddr;
	s->vaddr = p->p_vaddr;
	s->file_bytes = p->p_filesz;
	s->memory_bytes = p->p_memsz;
	elf->first_paddr = min(elf->first_paddr, s->paddr);
	elf->end_paddr = max(elf->end_paddr, end);
	elf->segment_count++;
	return 0;
}

int elf_parse(struct elf_image *elf, const void *data, u64 bytes, const char **why)
{
	Elf64_Ehdr h;
	int ret;

	elf->data = data;
	elf->bytes = bytes;
	elf->segment_count = 0;
	elf->first_paddr = ~0ull;
	elf->end_paddr = 0;
	ret = check_header(elf, &h, why);
	if (ret)
		return ret;
	elf->entry = h.e_entry;
	for (unsigned i = 0; i < h.e_phnum; i++) {
		Elf64_Phdr p;

		program_header(elf, &h, i, &p);
		if (p.p_type != PT_LOAD || !p.p_memsz)
			continue;
		ret = add_segment(elf, &p, why);
		if (ret)
			return ret;
	}
	if (!elf->segment_count)
		return wrong(why, "nothing to load");
	return 0;
}

struct wanted {
	u32 type;
	const void *data;
	u32 bytes;
};

/* One block of notes: each is name size, description size, type, then both padded to 4 bytes. */
static void scan_notes(const struct elf_image *elf, u64 offset, u64 bytes, struct wanted *w)
{
	if (!inside(elf, offset, bytes))
		return;
	while (bytes >= sizeof(Elf64_Nhdr)) {
		const u8 *at = elf->data + offset;
		Elf64_Nhdr n;
		u64 name, desc;

		memcpy(&n, at, sizeof(n));
		name = round_up((u64)n.n_namesz, 4);
		desc = round_up((u64)n.n_descsz, 4);
		if (name > bytes - sizeof(n) || n.n_descsz > bytes - sizeof(n) - name)
			return;
		if (n.n_type == w->type && n.n_namesz == 4 && !memcmp(at + sizeof(n), "Xen", 4)) {
			w->data = at + sizeof(n) + name;
			w->bytes = n.n_descsz;
		}
		if (desc > bytes - sizeof(n) - name)
			return;
		offset += sizeof(n) + name + desc;
		bytes -= sizeof(n) + name + desc;
	}
}

static void scan_sections(const struct elf_image *elf, const Elf64_Ehdr *h, struct wanted *w)
{
	if (h->e_shentsize != sizeof(Elf64_Shdr) || h->e_shnum > MAX_HEADERS ||
		!inside(elf, h->e_shoff, (u64)h->e_shnum * sizeof(Elf64_Shdr)))
		return;
	for (unsigned i = 0; i < h->e_shnum; i++) {
		Elf64_Shdr s;

		memcpy(&s, elf->data + h->e_shoff + (u64)i * sizeof(s), sizeof(s));
		if (s.sh_type == SHT_NOTE)
			scan_notes(elf, s.sh_offset, s.sh_size, w);
	}
}

const void *elf_xen_note(const struct elf_image *elf, u32 type, u32 *bytes)
{
	struct wanted w = { .type = type };
	bool note_segment = false;
	Elf64_Ehdr h;

	memcpy(&h, elf->data, sizeof(h));
	for (unsigned i = 0; i < h.e_phnum; i++) {
		Elf64_Phdr p;

		program_header(elf, &h, i, &p);
		if (p.p_type != PT_NOTE)
			continue;
		note_segment = true;
		scan_notes(elf, p.p_offset, p.p_filesz, &w);
	}
	if (!note_segment)
		scan_sections(elf, &h, &w);
	*bytes = w.bytes;
	return w.data;
}

bool elf_xen_note_number(const struct elf_image *elf, u32 type, u64 *value)
{
	u32 bytes;
	const void *data = elf_xen_note(elf, type, &bytes);

	if (!data || (bytes != 4 && bytes != 8))
		return false;
	*value = 0;
	memcpy(value, data, bytes);
	return true;
}
