/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HYPERVISOR_xen_version (<xen/version.h>): Xen 4.17's interface with an extraversion of our own.
 * The command line and the build id are the control domain's to read: others get the text and the
 * error that Xen gives them.
 */
#include <xen/version.h>

#include "hc/hypercall.h"
#include "hc/version.h"
#include "lib/cmdline.h"
#include "lib/string.h"

static const xen_extraversion_t extraversion = ".paravane";
static const xen_capabilities_info_t capabilities = "xen-3.0-x86_64 ";
static const xen_changeset_info_t changeset = "";
static const struct xen_compile_info compile_info = {
	.compiler = "gcc " __VERSION__,
	.compile_by = "paravane",
	.compile_domain = "",
	.compile_date = "",
};

/* The linker's GNU build id note; its symbols come from paravane.lds. */
extern const struct {
	u32 name_size, desc_size, type;
	char name[4];
	u8 desc[];
} build_id_note;

static u32 features_of(const struct domain *d)
{
	u32 bits = BIT(XENFEAT_mmu_pt_update_preserve_ad) | BIT(XENFEAT_highmem_assist) |
		   BIT(XENFEAT_gnttab_map_avail_bits) | BIT(XENFEAT_memory_op_vnode_supported) |
		   BIT(XENFEAT_direct_mapped);

	if (d->vm_assist & BIT(VMASST_TYPE_pae_extended_cr3))
		bits |= BIT(XENFEAT_pae_pgdir_above_4gb);
	if (d->privileged)
		bits |= BIT(XENFEAT_dom0);
	return bits;
}

static long get_features(GUEST_PTR(void) arg)
{
	struct xen_feature_info info;

	if (guest_read(&info, arg))
		return -EFAULT;
	if (info.submap_idx >= XENFEAT_NR_SUBMAPS)
		return fail(EINVAL);
	info.submap = features_of(current_domain());
	return guest_write(arg, &info);
}

static long get_commandline(GUEST_PTR(void) arg)
{
	const char *text = current_domain()->privileged ? cmdline_text() : "<denied>";
	u64 bytes = min(strlen(text), sizeof(xen_commandline_t) - 1);
	char end = 0;

	if (guest_out(arg.addr, 0, text, 1, bytes))
		return -EFAULT;
	return guest_out(arg.addr, bytes, &end, 1, 1);
}

static long get_build_id(GUEST_PTR(void) arg)
{
	struct xen_build_id head;
	u32 bytes;

	if (!current_domain()->privileged)
		return fail(EPERM);
	bytes = build_id_note.desc_size;
	if (!arg.addr)
		return bytes;
	if (guest_in(&head, arg.addr, 0, offsetof(struct xen_build_id, buf), 1))
		return -EFAULT;
	if (head.len == 0)
		return fail(EINVAL);
	if (head.len < bytes)
		return fail(ENOBUFS);
	if (guest_out(
		    arg.addr + offsetof(struct xen_build_id, buf), 0, build_id_note.desc, 1, bytes))
		return -EFAULT;
	return bytes;
}

static long get_text(u32 cmd, GUEST_PTR(void) arg)
{
	switch (cmd) {
	case XENVER_extraversion: return guest_write(arg, &extraversion);
	case XENVER_compile_info: return guest_write(arg, &compile_info);
	case XENVER_changeset: return guest_write(arg, &changeset);
	default: return guest_write(arg, &capabilities);
	}
}

static __attribute__((noinline)) long other_questions(u32 cmd, GUEST_PTR(void) arg)
{
	struct xen_platform_parameters params = { .virt_start = HV_VIRT_START };

	switch (cmd) {
	case XENVER_extraversion:
	case XENVER_compile_info:
	case XENVER_capabilities:
	case XENVER_changeset: return get_text(cmd, arg);
	case XENVER_platform_parameters: return guest_write(arg, &params);
	case XENVER_get_features: return get_features(arg);
	case XENVER_pagesize: return arg.addr ? fail(EINVAL) : (long)PAGE_SIZE;
	case XENVER_guest_handle: return guest_write(arg, &current_domain()->handle);
	case XENVER_commandline: return get_commandline(arg);
	case XENVER_build_id: return get_build_id(arg);
	default: return hc_unknown(__HYPERVISOR_xen_version, cmd);
	}
}

/* Linux asks for the version to have pending events delivered, whenever it enables them. */
long hc_xen_version(u32 cmd, GUEST_PTR(void) arg)
{
	if (likely(cmd == XENVER_version))
		return VERSION_MAJOR << 16 | VERSION_MINOR;
	return other_questions(cmd, arg);
}
