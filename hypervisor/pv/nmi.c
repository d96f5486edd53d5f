/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NMIs of the machine (a bus error, a button, a debugger) and who gets them: the control domain's
 * first vcpu, with the reason in shared_info.arch.nmi_reason (<xen/nmi.h>). upcall_nmi runs in NMI
 * context, where any lock may be held: it only takes notes for the softirq that does the rest.
 */
#include <xen/nmi.h>

#include "core/log.h"
#include "core/softirq.h"
#include "lib/check.h"
#include "lib/cmdline.h"
#include "lib/string.h"
#include "pv/traps.h"
#include "x86/upcalls.h"

#define PORT61_IOCHK BIT(6)
#define PORT61_SERR  BIT(7)

static u32 noted; /* atomic: XEN_NMIREASON_* since the softirq ran */

void upcall_nmi(u8 port61)
{
	u32 reasons = (port61 & PORT61_SERR ? XEN_NMIREASON_pci_serr : 0) |
		      (port61 & PORT61_IOCHK ? XEN_NMIREASON_io_error : 0);

	atomic_or(&noted, reasons ? reasons : (u32)XEN_NMIREASON_unknown);
	softirq_raise(cpu_id(), SOFTIRQ_NMI);
}

static void tell_control_domain(u32 reasons)
{
	struct vcpu *v = dom0 ? vcpu_of(dom0, 0) : NULL;

	if (!v || !v->initialised)
		return;
	atomic_or(&dom0->shared->arch.nmi_reason, (unsigned long)reasons);
	pv_vcpu_of(v)->nmi_pending = true;
	vcpu_kick(v);
}

static void nmi_handle(void)
{
	u32 reasons = atomic_xchg(&noted, 0);

	if (!reasons)
		return;
	log_warn("NMI:%s%s%s\n", reasons & XEN_NMIREASON_pci_serr ? " PCI system error" : "",
		reasons & XEN_NMIREASON_io_error ? " I/O check" : "",
		reasons & XEN_NMIREASON_unknown ? " unknown reason" : "");
	if (strcmp(opt.nmi, "fatal") == 0)
		panic("NMI, and nmi=fatal");
	if (strcmp(opt.nmi, "ignore") != 0)
		tell_control_domain(reasons);
}

void nmi_init(void)
{
	softirq_register(SOFTIRQ_NMI, nmi_handle);
}
