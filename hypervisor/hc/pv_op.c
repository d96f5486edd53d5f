/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The small PV calls: traps, descriptor tables, stacks, callbacks, debug and segment registers, TS,
 * iret, vm_assist. Each checks its words here and hands values to pv/. (PV-ABI 5-14, 23, 24)
 */
#include <xen/callback.h>
#include <xen/nmi.h>

#include "hc/hypercall.h"
#include "lib/string.h"
#include "pv/desc.h"
#include "pv/traps.h"

#define TRAP_LIST_MAX 512 /* a list that goes on longer has no end */
#define GDT_FRAMES    14
#define GDT_PER_FRAME 512

long hc_set_trap_table(GUEST_PTR(trap_info_t) traps)
{
	struct pv_vcpu *v = pv_vcpu_of(current_vcpu());
	trap_info_t t;

	if (!traps.addr) {
		memset(v->traps, 0, sizeof(v->traps));
		return 0;
	}
	for (u64 i = 0; i < TRAP_LIST_MAX; i++) {
		if (guest_get(&t, traps, i))
			return -EFAULT;
		if (!t.address)
			return 0;
		if (!is_canonical(t.address))
			return fail(EINVAL);
		t.cs |= 3;
		v->traps[t.vector] = t;
	}
	return fail(EINVAL);
}

long hc_set_gdt(GUEST_PTR(u64) frames, u32 entries)
{
	u64 f[GDT_FRAMES];
	u64 count = ((u64)entries + GDT_PER_FRAME - 1) / GDT_PER_FRAME;

	if (entries > FIRST_RESERVED_GDT_ENTRY || count > GDT_FRAMES)
		return fail(EINVAL);
	if (guest_in(f, frames.addr, 0, sizeof(f[0]), count))
		return -EFAULT;
	return desc_set_gdt(current_vcpu(), f, entries);
}

long hc_update_descriptor(u64 address, u64 descriptor)
{
	return desc_update(current_domain(), address, descriptor);
}

long hc_stack_switch(u64 ss, u64 sp)
{
	return pv_stack_switch(current_vcpu(), ss, sp);
}

long hc_set_callbacks(u64 event, u64 failsafe, u64 syscall)
{
	struct vcpu *v = current_vcpu();
	int ret = pv_set_callback(v, CALLBACKTYPE_event, 0, event);

	if (!ret)
		ret = pv_set_callback(v, CALLBACKTYPE_failsafe, 0, failsafe);
	if (!ret)
		ret = pv_set_callback(v, CALLBACKTYPE_syscall, 0, syscall);
	return ret;
}

long hc_callback_op(u32 cmd, GUEST_PTR(void) arg)
{
	struct callback_register reg;
	struct callback_unregister unreg;

	switch (cmd) {
	case CALLBACKOP_register:
		if (guest_read(&reg, arg))
			return -EFAULT;
		return pv_set_callback(current_vcpu(), reg.type, reg.flags, reg.address);
	case CALLBACKOP_unregister:
		if (guest_read(&unreg, arg))
			return -EFAULT;
		return pv_clear_callback(current_vcpu(), unreg.type);
	default: return hc_unknown(__HYPERVISOR_callback_op, cmd);
	}
}

long hc_nmi_op(u32 cmd, GUEST_PTR(void) arg)
{
	struct xennmi_callback cb;

	switch (cmd) {
	case XENNMI_register_callback:
		if (guest_read(&cb, arg))
			return -EFAULT;
		return pv_set_callback(current_vcpu(), CALLBACKTYPE_nmi, 0, cb.handler_address);
	case XENNMI_unregister_callback: return pv_clear_callback(current_vcpu(), CALLBACKTYPE_nmi);
	default: return hc_unknown(__HYPERVISOR_nmi_op, cmd);
	}
}

long hc_fpu_taskswitch(u32 set)
{
	pv_set_ts(current_vcpu(), set != 0);
	return 0;
}

long hc_set_debugreg(u32 reg, u64 value)
{
	return pv_set_debugreg(current_vcpu(), reg, value);
}

long hc_get_debugreg(u32 reg)
{
	return (long)pv_get_debugreg(current_vcpu(), reg);
}

long hc_set_segment_base(u32 which, u64 base)
{
	return pv_set_segment_base(current_vcpu(), which, base);
}

long hc_iret(void)
{
	return hc_own_result(iret_from_guest_stack());
}

#define ASSISTS                                                                               \
	(BIT(VMASST_TYPE_4gb_segments) | BIT(VMASST_TYPE_4gb_segments_notify) |               \
		BIT(VMASST_TYPE_writable_pagetables) | BIT(VMASST_TYPE_pae_extended_cr3) |    \
		BIT(VMASST_TYPE_architectural_iopl) | BIT(VMASST_TYPE_runstate_update_flag) | \
		BIT(VMASST_TYPE_m2p_strict))

long hc_vm_assist(u32 cmd, u32 type)
{
	struct domain *d = current_domain();

	if (type >= 64 || !(ASSISTS & BIT(type)))
		return fail(EINVAL);
	switch (cmd) {
	case VMASST_CMD_enable: set_bit(&d->vm_assist, type); return 0;
	case VMASST_CMD_disable: clear_bit(&d->vm_assist, type); return 0;
	default: return hc_unknown(__HYPERVISOR_vm_assist, cmd);
	}
}
