/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HYPERVISOR_platform_op (<xen/platform.h>), control domain only: wall clock, firmware tables,
 * sleep states, CPUs. BIOS is never called, so what only it could tell (disks, DDC) is answered as
 * Xen does when it has nothing.
 */
#include <xen/platform.h>

#include "core/sched.h"
#include "hc/hypercall.h"
#include "lib/string.h"
#include "pv/traps.h"
#include "x86/acpi.h"
#include "x86/boot_info.h"
#include "x86/cpu.h"
#include "x86/efi.h"

#define IDLE_WORDS (NR_CPUS / 8)

static long set_time(u64 sec, u32 nsec, u64 at)
{
	struct domain *d;
	u16 next = 0;

	if (nsec >= 1000000000)
		return fail(EINVAL);
	time_wallclock_set(sec, nsec, at);
	while (next < DOMID_FIRST_RESERVED && (d = domain_find_next(next))) {
		pv_wallclock_update(d);
		next = (u16)(d->id + 1);
		domain_put(d);
	}
	return 0;
}

/* What UEFI's system table says; there are no runtime services, so no version of them either. */
static long efi_op(u32 index, union xenpf_efi_info *info)
{
	u32 bytes;

	if (!efi_info.there)
		return fail(ENOSYS);
	switch (index) {
	case XEN_FW_EFI_VERSION: info->version = efi_info.revision; return 0;
	case XEN_FW_EFI_CONFIG_TABLE:
		info->cfg.addr = efi_info.config_tables;
		info->cfg.nent = efi_info.config_count;
		return 0;
	case XEN_FW_EFI_VENDOR:
		info->vendor.revision = efi_info.firmware_revision;
		bytes = min(info->vendor.bufsz, (u32)sizeof(efi_info.vendor));
		return guest_out((u64)info->vendor.name.p, 0, efi_info.vendor, 1, bytes);
	default: return fail(EOPNOTSUPP);
	}
}

static long firmware_info(struct xenpf_firmware_info *info)
{
	switch (info->type) {
	case XEN_FW_DISK_INFO:
	case XEN_FW_DISK_MBR_SIGNATURE: return fail(ESRCH);
	case XEN_FW_VBEDDC_INFO: return fail(ESRCH);
	case XEN_FW_EFI_INFO: return efi_op(info->index, &info->u.efi_info);
	case XEN_FW_KBD_SHIFT_FLAGS:
		if (boot_info.efi_system_table)
			return fail(ESRCH);
		if (info->index)
			return fail(ESRCH);
		info->u.kbd_shift_flags = 0;
		return 0;
	default: return fail(EINVAL);
	}
}

static long sleep_op(const struct xenpf_enter_acpi_sleep *s)
{
	return acpi_enter_sleep(
		s->sleep_state, s->val_a, s->val_b, s->flags & XENPF_ACPI_SLEEP_EXTENDED);
}

static void cpu_info(struct xenpf_pcpuinfo *info)
{
	u32 cpu = info->xen_cpuid;

	info->max_present = acpi_info.cpu_count ? acpi_info.cpu_count - 1 : 0;
	if (cpu >= NR_CPUS || cpu >= acpi_info.cpu_count) {
		info->flags = XEN_PCPU_FLAGS_INVALID;
		info->apic_id = info->acpi_id = ~0u;
		return;
	}
	info->flags = cpumask_test(&cpu_online_map, cpu) ? XEN_PCPU_FLAGS_ONLINE : 0;
	info->apic_id = acpi_info.cpus[cpu].apic_id;
	info->acpi_id = acpi_info.cpus[cpu].acpi_id;
}

static void cpu_version(struct xenpf_pcpu_version *v)
{
	static const char names[][13] = { "", "GenuineIntel", "AuthenticAMD" };

	v->max_present = acpi_info.cpu_count ? acpi_info.cpu_count - 1 : 0;
	memset(v->vendor_id, 0, sizeof(v->vendor_id));
	v->family = v->model = v->stepping = 0;
	if (v->xen_cpuid >= NR_CPUS || !cpumask_test(&cpu_online_map, v->xen_cpuid))
		return;
	memcpy(v->vendor_id, names[cpu_features.vendor], sizeof(v->vendor_id));
	v->family = cpu_features.family;
	v->model = cpu_features.model;
	v->stepping = cpu_features.stepping;
}

/* Idle nanoseconds of the CPUs in the guest's map; those that are not there leave it. */
static long idle_times(struct xenpf_getidletime *get)
{
	u8 map[IDLE_WORDS] = { 0 };
	u32 cpus = min(get->cpumap_nr_cpus, (u32)NR_CPUS), bytes = (cpus + 7) / 8;

	if (guest_in(map, GUEST_ADDR(get->cpumap_bitmap), 0, 1, bytes))
		return -EFAULT;
	for (u32 cpu = 0; cpu < cpus; cpu++) {
		u64 ns;

		if (!(map[cpu / 8] >> cpu % 8 & 1))
			continue;
		if (!cpumask_test(&cpu_online_map, cpu)) {
			map[cpu / 8] &= (u8) ~(1u << cpu % 8);
			continue;
		}
		ns = sched_idle_time(cpu);
		if (handle_put(get->idletime, cpu, &ns))
			return -EFAULT;
	}
	get->now = time_now();
	return guest_out(GUEST_ADDR(get->cpumap_bitmap), 0, map, 1, bytes);
}

static long run(xen_platform_op_t *op, bool *answers)
{
	switch (op->cmd) {
	case XENPF_settime32:
		return set_time(
			op->u.settime32.secs, op->u.settime32.nsecs, op->u.settime32.system_time);
	case XENPF_settime64:
		if (op->u.settime64.mbz)
			return fail(EINVAL);
		return set_time(
			op->u.settime64.secs, op->u.settime64.nsecs, op->u.settime64.system_time);
	case XENPF_platform_quirk:
		return 0; /* interrupts are not balanced behind the guest's back */
	case XENPF_set_processor_pminfo:
		return 0; /* frequencies and idle states are left to the platform */
	case XENPF_enter_acpi_sleep: return sleep_op(&op->u.enter_acpi_sleep);
	}
	*answers = true;
	switch (op->cmd) {
	case XENPF_firmware_info: return firmware_info(&op->u.firmware_info);
	case XENPF_getidletime: return idle_times(&op->u.getidletime);
	case XENPF_get_cpuinfo: cpu_info(&op->u.pcpu_info); return 0;
	case XENPF_get_cpu_version: cpu_version(&op->u.pcpu_version); return 0;
	default: return hc_unknown(__HYPERVISOR_platform_op, op->cmd);
	}
}

long hc_platform_op(GUEST_PTR(xen_platform_op_t) arg)
{
	xen_platform_op_t op;
	bool answers = false;
	long ret;

	if (guest_get(&op, arg, 0))
		return -EFAULT;
	if (op.interface_version != XENPF_INTERFACE_VERSION)
		return fail(EACCES);
	ret = run(&op, &answers);
	if (!ret && answers && guest_put(arg, 0, &op))
		return -EFAULT;
	return ret;
}
