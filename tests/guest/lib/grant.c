// SPDX-License-Identifier: GPL-2.0-or-later
/* Grant tables, version 1; see grant.h. */
#include "grant.h"
#include "memory.h"
#include "test.h"

static struct grant_entry_v1 *table;

struct grant_entry_v1 *grant_table(void)
{
	xen_pfn_t frames[NR_GRANT_FRAMES];
	struct gnttab_setup_table setup = { .dom = DOMID_SELF, .nr_frames = NR_GRANT_FRAMES };

	if (table)
		return table;
	set_xen_guest_handle(setup.frame_list, frames);
	CHECK_EQ(HC(grant_table_op, GNTTABOP_setup_table, &setup, 1), 0);
	CHECK_EQ(setup.status, GNTST_okay);
	table = pages_alloc(NR_GRANT_FRAMES);
	for (int i = 0; i < NR_GRANT_FRAMES; i++)
		CHECK_EQ(
			va_write((u8 *)table + i * PAGE_SIZE, MAKE_PTE(frames[i], PTE_RW_DATA)), 0);
	return table;
}

void grant_give(u32 ref, u16 domid, u64 mfn, u16 flags)
{
	struct grant_entry_v1 *e = &grant_table()[ref];

	e->frame = mfn;
	e->domid = domid;
	barrier();
	WRITE_ONCE(e->flags, GTF_permit_access | flags);
}

bool grant_end(u32 ref)
{
	struct grant_entry_v1 *e = &grant_table()[ref];
	u16 flags = READ_ONCE(e->flags);

	do {
		if (flags & (GTF_reading | GTF_writing))
			return false;
	} while (!__atomic_compare_exchange_n(
		&e->flags, &flags, 0, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	return true;
}

long grant_map(u16 domid, u32 ref, const void *va, u32 flags, u32 *handle)
{
	struct gnttab_map_grant_ref op = {
		.host_addr = (u64)va, .flags = flags, .ref = ref, .dom = domid
	};
	long error = HC(grant_table_op, GNTTABOP_map_grant_ref, &op, 1);

	*handle = op.handle;
	return error ? error : op.status;
}

long grant_unmap(const void *va, u32 handle)
{
	struct gnttab_unmap_grant_ref op = { .host_addr = (u64)va, .handle = handle };
	long error = HC(grant_table_op, GNTTABOP_unmap_grant_ref, &op, 1);

	return error ? error : op.status;
}

long grant_copy(struct gnttab_copy copy)
{
	long error = HC(grant_table_op, GNTTABOP_copy, &copy, 1);

	return error ? error : copy.status;
}
