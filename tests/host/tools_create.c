/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making and ending guests on the model host of tools_fake.h: what the guest finds when it starts,
 * what xenstore holds, and that every failure on the way, at each single call, leaves nothing
 * behind.
 */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/host/tools_fake.h"

#include <xen/elfnote.h>
#include <xen/sched.h>

#include "tools/build/create.h"
#include "tools/lib/config.h"
#include "tools/lib/disk.h"
#include "tools/lib/guest.h"
#include "tools/lib/hostconf.h"
#include "tools/lib/log.h"
#include "tools/lib/nic.h"
#include "tools/lib/paths.h"
#include "tools/lib/record.h"
#include "tools/vaned/lifecycle.h"

#define VIRT_BASE 0xffffffff80000000UL
#define LOAD	  0x200000UL

static struct xen X;
static struct store S;
static struct error E;
static char kernel_path[128], ramdisk_path[128], script_path[128];

static uint8_t *add_note(uint8_t *p, uint32_t type, uint64_t value, uint32_t len)
{
	Elf64_Nhdr h = { 4, len, type };

	memcpy(p, &h, sizeof(h));
	memcpy(p + sizeof(h), "Xen", 4);
	memcpy(p + sizeof(h) + 4, &value, len);
	return p + sizeof(h) + 4 + len;
}

static void write_file(const char *path, const void *data, size_t len, int mode)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	fclose(f);
	chmod(path, mode);
}

static void write_kernel(void)
{
	static uint8_t image[0x3000];
	Elf64_Ehdr h = { .e_ident = ELFMAG,
		.e_machine = EM_X86_64,
		.e_entry = VIRT_BASE + LOAD,
		.e_phoff = 64,
		.e_phentsize = 56,
		.e_phnum = 2 };
	Elf64_Phdr ph[2] = { { PT_LOAD, 7, 0x1000, VIRT_BASE + LOAD, LOAD, 0x2000, 0x5000, 0x1000 },
		{ PT_NOTE, 4, 0x1000, 0, 0, 0, 0, 4 } };
	uint8_t *p = image + 0x1000;

	h.e_ident[EI_CLASS] = ELFCLASS64;
	h.e_ident[EI_DATA] = ELFDATA2LSB;
	p = add_note(p, XEN_ELFNOTE_VIRT_BASE, VIRT_BASE, 8);
	p = add_note(p, XEN_ELFNOTE_ENTRY, VIRT_BASE + LOAD + 0x123, 8);
	p = add_note(p, XEN_ELFNOTE_HYPERCALL_PAGE, VIRT_BASE + LOAD + 0x1000, 8);
	p = add_note(p, XEN_ELFNOTE_INIT_P2M, 0x8000000000UL, 8);
	p = add_note(p, XEN_ELFNOTE_MOD_START_PFN, 1, 4);
	ph[1].p_filesz = p - (image + 0x1000);
	memcpy(image, &h, sizeof(h));
	memcpy(image + 64, ph, sizeof(ph));
	image[0x2fff] = 0x77;
	write_file(kernel_path, image, sizeof(image), 0600);
}

static int setup(void **state)
{
	fake_reset();
	memset(&E, 0, sizeof(E));
	snprintf(kernel_path, sizeof(kernel_path), "%s/kernel", fake.dir);
	snprintf(ramdisk_path, sizeof(ramdisk_path), "%s/ramdisk", fake.dir);
	snprintf(script_path, sizeof(script_path), "%s/hotplug", fake.dir);
	write_kernel();
	write_file(ramdisk_path, "this is the ramdisk", 19, 0600);
	write_file(script_path, "#!/bin/sh\nexit 0\n", 17, 0700);
	assert_int_equal(xen_open(&X, &E), 0);
	assert_int_equal(store_open(&S, &E), 0);
	log_open(LOG_ERROR, false);
	return 0;
}

static int teardown(void **state)
{
	assert_int_equal(fake.mapped, 0);
	assert_int_equal(fake.buffers, 0);
	fake_end();
	return 0;
}

/* Create a guest from the usual configuration and extra settings. */
static int create(const char *more, uint32_t *domid)
{
	char *text = xprintf(
		"name='g'\nkernel='%s'\nramdisk='%s'\nmemory=24\nvcpus=2\nmaxvcpus=3\nextra='quiet'\n"
		"uuid='11111111-2222-3333-4444-555555555555'\n%s",
		kernel_path, ramdisk_path, more);
	struct config c;
	int rc = config_read("g.cfg", text, strlen(text), NULL, false, &c, &E);

	if (!rc) {
		rc = guest_create(&X, &S, &c, "g.cfg", text, domid, &E);
		config_free(&c);
	}
	free(text);
	return rc;
}

static char *with_devices(void)
{
	return xprintf("disk=['script=%s,vdev=xvda,access=rw,target=/some/thing']\n"
		       "vif=['script=%s','mac=00:16:3e:00:00:05,script=%s']\n",
		script_path, script_path, script_path);
}

/* The machine frame that a virtual address of the new guest means. */
static uint64_t walk(struct fake_domain *d, uint64_t va, bool *writable)
{
	uint64_t mfn = d->context.ctrlreg[3] >> 12, e = 0;
	int level;

	*writable = true;
	for (level = 3; level >= 0; level--) {
		e = ((uint64_t *)fake_page(mfn))[va >> (12 + 9 * level) & 511];
		if (!(e & 1))
			return 0;
		*writable = *writable && (e & 2);
		mfn = e >> 12 & 0xffffffffffUL;
	}
	return mfn;
}

static void test_start_of_day(void **state)
{
	struct fake_domain *d;
	struct start_info si;
	uint64_t *p2m, mfn;
	uint32_t domid;
	bool writable;

	if (create("", &domid))
		fail_msg("%s", E.what);
	d = &fake.domain[domid];
	assert_true(d->paused);
	assert_true(d->pinned);
	assert_false(d->claimed);
	assert_int_equal(d->introduced, 1);
	assert_int_equal(d->info.tot_pages, 24 << 8);
	assert_int_equal(d->max_kb, 24 * 1024 + 1024);
	assert_int_equal(d->context.user_regs.rip, VIRT_BASE + LOAD + 0x123);
	assert_int_equal(d->context.user_regs.cs, FLAT_KERNEL_CS);
	memcpy(&si, fake_page(walk(d, d->context.user_regs.rsi, &writable)), sizeof(si));
	assert_true(writable);
	assert_string_equal(si.magic, "xen-3.0-x86_64");
	assert_int_equal(si.nr_pages, 24 << 8);
	assert_int_equal(si.shared_info, d->info.shared_info_frame << 12);
	assert_int_equal(si.store_evtchn, 1);
	assert_int_equal(si.console.domU.evtchn, 2);
	assert_string_equal((char *)si.cmd_line, "quiet");
	assert_int_equal(si.flags, SIF_MOD_START_PFN);
	assert_int_equal(si.mod_len, 19);
	p2m = malloc(4096);
	memcpy(p2m, fake_page(walk(d, si.mfn_list, &writable)), 4096);
	assert_int_equal(si.mfn_list, 0x8000000000UL);
	assert_int_equal(fake.owner[p2m[0]], domid);
	mfn = ((uint64_t *)fake_page(
		walk(d, si.mfn_list + si.mod_start * 8, &writable)))[si.mod_start % 512];
	assert_memory_equal(fake_page(mfn), "this is the ramdisk\0", 20);
	assert_int_equal(fake_page(walk(d, VIRT_BASE + LOAD + 0x1fff, &writable))[0xfff], 0x77);
	assert_int_equal(fake_page(walk(d, VIRT_BASE + LOAD + 0x2000, &writable))[0], 0);
	assert_int_equal(d->hypercall_mfn, walk(d, VIRT_BASE + LOAD + 0x1000, &writable));
	walk(d, si.pt_base, &writable);
	assert_false(writable);
	assert_int_equal(walk(d, si.pt_base, &writable), d->context.ctrlreg[3] >> 12);
	assert_int_not_equal(walk(d, d->context.user_regs.rsp - 8, &writable), 0);
	assert_int_not_equal(walk(d, d->context.user_regs.rsp - 8 + (512 << 10), &writable), 0);
	free(p2m);
	assert_int_equal(guest_destroy(&X, &S, domid, &E), 0);
}

static void node(const char *path, const char *value, int owner, int reader)
{
	int o, r;

	if (!fake_read(path))
		fail_msg("there is no %s", path);
	fake_perms(path, &o, &r);
	if (value && strcmp(fake_read(path), value))
		fail_msg("%s is %s", path, fake_read(path));
	if (o != owner || r != reader)
		fail_msg("%s belongs to %d, readable by %d", path, o, r);
}

static void test_store_layout(void **state)
{
	char *devices = with_devices();
	uint32_t domid;

	if (create(devices, &domid))
		fail_msg("%s", E.what);
	assert_int_equal(domid, 1);
	node("/local/domain/1", "", 0, 1);
	node("/local/domain/1/vm", "/vm/11111111-2222-3333-4444-555555555555", 0, 1);
	node("/local/domain/1/name", "g", 0, 1);
	node("/local/domain/1/cpu/1/availability", "online", 0, 1);
	node("/local/domain/1/cpu/2/availability", "offline", 0, 1);
	node("/local/domain/1/memory/target", "24576", 0, 1);
	node("/local/domain/1/device/suspend/event-channel", "", 1, -1);
	node("/local/domain/1/control/shutdown", "", 1, -1);
	node("/local/domain/1/control/platform-feature-xs_reset_watches", "1", 0, 1);
	node("/local/domain/1/data", "", 1, -1);
	node("/local/domain/1/store/port", "1", 0, 1);
	node("/local/domain/1/store/ring-ref", NULL, 0, 1);
	node("/local/domain/1/console/port", "2", 0, 1);
	node("/local/domain/1/console/type", "xenconsoled", 0, 1);
	node("/local/domain/1/device/vbd/51712/state", "1", 1, 0);
	node("/local/domain/1/device/vbd/51712/backend", "/local/domain/0/backend/vbd/1/51712", 1,
		0);
	node("/local/domain/0/backend/vbd/1/51712/params", "/some/thing", 0, 1);
	node("/local/domain/0/backend/vbd/1/51712/state", "2", 0, 1);
	node("/local/domain/1/device/vif/1/mac", "00:16:3e:00:00:05", 1, 0);
	node("/local/domain/0/backend/uvif/1/1/handle", "1", 0, 1);
	node("/vm/11111111-2222-3333-4444-555555555555/image/cmdline", "quiet", 0, 1);
	node("/libxl/1/type", "pv", 0, -1);
	node("/libxl/1/device/vif/0/frontend", "/local/domain/1/device/vif/0", 0, -1);
	assert_int_equal(fake_records(), 2);
	assert_int_equal(guest_destroy(&X, &S, domid, &E), 0);
	assert_null(fake_read("/local/domain/1"));
	assert_null(fake_read("/libxl/1"));
	assert_null(fake_read("/vm/11111111-2222-3333-4444-555555555555"));
	assert_null(fake_read("/local/domain/0/backend/vbd"));
	assert_int_equal(fake_records(), 0);
	assert_int_equal(fake_frames(), 0);
	free(devices);
}

/* Let each call in turn fail: an error each time, the model as it was before each time, and at last
 * a guest. */
static void test_every_failure(void **state)
{
	char *devices = with_devices(), words[64];
	int nodes, failures = 0;
	uint32_t domid;
	long at;

	/* The parents that stay once the first guest was there. */
	assert_int_equal(create(devices, &domid), 0);
	assert_int_equal(guest_destroy(&X, &S, domid, &E), 0);
	nodes = fake_nodes();
	for (at = 1;; at++) {
		memset(&E, 0, sizeof(E));
		fake.next_domid = 1;
		fake.calls = 0;
		fake.fail_at = at;
		if (!create(devices, &domid)) {
			/* Done without that call, or it did not matter. */
			if (fake.calls < at)
				break;
			fake.fail_at = 0;
			assert_int_equal(guest_destroy(&X, &S, domid, &E), 0);
			continue;
		}
		failures++;
		snprintf(words, sizeof(words), "call %ld: ", at);
		if (!E.what[0] || !E.state[0])
			fail_msg("%sno error text", words);
		if (fake.domain[1].exists || fake_frames() || fake_records() || fake.mapped ||
			fake_nodes() != nodes)
			fail_msg("%s%s; left: %s%d frames, %d records, %d mappings, %d nodes",
				words, E.what, fake.domain[1].exists ? "a domain, " : "",
				fake_frames(), fake_records(), fake.mapped, fake_nodes() - nodes);
	}
	assert_true(failures > 100);
	fake.fail_at = 0;
	assert_int_equal(guest_destroy(&X, &S, domid, &E), 0);
	free(devices);
}

static void refused(const char *more, const char *words)
{
	int nodes = fake_nodes();
	uint32_t domid;

	memset(&E, 0, sizeof(E));
	assert_int_equal(create(more, &domid), -1);
	if (!strstr(E.what, words))
		fail_msg("\"%s\" is not in: %s", words, E.what);
	assert_int_equal(domid, 0);
	assert_int_equal(fake_nodes(), nodes);
	assert_int_equal(fake.next_domid, 1);
	assert_string_equal(E.state, "nothing was created");
}

static void test_refused_before(void **state)
{
	refused("kernel='/nosuch'", "kernel: /nosuch: No such file");
	refused("ramdisk='/nosuch'", "ramdisk /nosuch: No such file");
	refused("disk=['/nosuch,raw,xvda,w']", "disk xvda: /nosuch: No such file");
	refused("disk=['/dev/null,raw,xvda,w']", "neither a file nor a block device");
	refused("vif=['script=/nosuch']", "vif 0: hotplug script /nosuch: No such file");
	refused("memory=5000",
		"not enough memory\n  needs 5000 MiB; free 127 MiB (Domain-0 holds 1024 MiB)");
	refused("memory=4", "kernel and ramdisk need at least");
	refused("name='Domain-0'", "domain 0 is already called \"Domain-0\"");
}

static void test_hotplug_failure(void **state)
{
	char *vif = xprintf("vif=['script=%s']", script_path);
	uint32_t domid;
	int nodes;

	create(vif, &domid);
	guest_destroy(&X, &S, domid, &E);
	nodes = fake_nodes();
	write_file(script_path, "#!/bin/sh\necho no bridge today\nexit 3\n", 38, 0700);
	assert_int_equal(create(vif, &domid), -1);
	assert_int_equal(E.kind, ERR_HOTPLUG);
	assert_non_null(strstr(E.what, "(exit 3 after"));
	assert_non_null(strstr(E.what, "script said: no bridge today"));
	assert_string_equal(E.state, "it was destroyed again; nothing was left behind");
	assert_int_equal(fake_nodes(), nodes);
	assert_false(fake.domain[2].exists);
	free(vif);
}

/* The file's text, which is removed. */
static bool took(const char *path, const char *words)
{
	char *text = file_read(path, 65536, NULL);
	bool there = text && strstr(text, words);

	unlink(path);
	free(text);
	return there;
}

/* The rules are there before the script runs and go with the interface; without them none. */
static void test_antispoof(void **state)
{
	char *vif = xprintf(
		"vif=['script=%s,mac=00:16:3e:00:00:05,antispoof=1,vifname=web']", script_path);
	char *rules = xprintf("%s/rules", fake.dir),
	     *script = xprintf("#!/bin/sh\n[ -e %s ] || exit 3\n", rules),
	     *nft = xprintf("#!/bin/sh\necho \"$1\" >%s\n", rules);
	uint32_t domid;

	write_file(script_path, script, strlen(script), 0700);
	write_file(path_nft, nft, strlen(nft), 0700);
	assert_int_equal(create(vif, &domid), 0);
	assert_true(took(rules, "ether saddr != 00:16:3e:00:00:05 counter drop"));
	guest_destroy(&X, &S, domid, &E);
	assert_true(took(rules, "delete table netdev vif"));
	write_file(path_nft, "#!/bin/sh\necho no such family\nexit 1\n", 37, 0700);
	assert_int_equal(create(vif, &domid), -1);
	assert_non_null(strstr(E.what, "script said: no such family"));
	unlink(path_nft);
	assert_int_equal(create(vif, &domid), -1);
	assert_non_null(strstr(E.advice, "nftables"));
	free(vif);
	free(rules);
	free(script);
	free(nft);
}

/* What vaned does for netback: how many queues of which tap. */
static int opened(uint32_t domid, uint32_t devid)
{
	char *back = xprintf("/local/domain/0/backend/uvif/%u/%u", domid, devid);
	int fds[16], n, i;

	n = nic_open(&S, back, domid, devid, fds, 16, &E);
	for (i = 0; i < n; i++)
		close(fds[i]);
	free(back);
	return n;
}

/* An interface with a name of its own is found by it, and goes with its guest. */
static void test_vifname(void **state)
{
	char *vif = xprintf("vif=['script=%s,vifname=web']", script_path);
	uint32_t domid;

	if (create(vif, &domid))
		fail_msg("%s", E.what);
	assert_int_equal(opened(1, 0), 2);
	assert_string_equal(fake.opened, "vif1.0");
	fake_rename_netdev("vif1.0", "web");
	assert_int_equal(opened(1, 0), 2);
	assert_string_equal(fake.opened, "web");
	assert_false(fake_has_netdev("vif1.0"));
	assert_int_equal(guest_destroy(&X, &S, 1, &E), 0);
	assert_false(fake_has_netdev("web"));
	/* Its script failed before it renamed. */
	assert_int_equal(create(vif, &domid), 0);
	assert_int_equal(opened(2, 0), 2);
	assert_int_equal(guest_destroy(&X, &S, 2, &E), 0);
	assert_false(fake_has_netdev("vif2.0"));
	free(vif);
}

/* One for each CPU; no fewer than the front end may use by what it was told, however few are left.
 */
static void test_queues(void **state)
{
	static const char max[] = "/local/domain/0/backend/uvif/1/0/multi-queue-max-queues";
	char *vif = xprintf("vif=['script=%s']", script_path);
	uint32_t domid;

	assert_int_equal(create(vif, &domid), 0);
	fake.cpus = 3;
	assert_int_equal(opened(1, 0), 3);
	fake.cpus = 9;
	assert_int_equal(opened(1, 0), 4);
	fake_write(max, "3");
	fake.cpus = 1;
	assert_int_equal(opened(1, 0), 3);
	fake.cpus = 4;
	assert_int_equal(opened(1, 0), 4);
	fake_write(max, "99");
	assert_int_equal(opened(1, 0), 4);
	fake_write(max, "-1");
	fake.cpus = 1;
	assert_int_equal(opened(1, 0), 1);
	assert_int_equal(guest_destroy(&X, &S, 1, &E), 0);
	free(vif);
}

/* What has the name that a guest's interface is to get stays whose it is, from first to last. */
static void test_vifname_of_another(void **state)
{
	char *vif = xprintf("vif=['script=%s,vifname=web']", script_path);
	uint32_t domid;

	if (create(vif, &domid))
		fail_msg("%s", E.what);
	/* It comes while the guest's own is under way. */
	fake_netdev("web", "vif7.0");
	assert_int_equal(opened(1, 0), 2);
	assert_string_equal(fake.opened, "vif1.0");
	assert_int_equal(guest_destroy(&X, &S, 1, &E), 0);
	assert_true(fake_has_netdev("web"));
	assert_false(fake_has_netdev("vif1.0"));
	free(vif);
}

static void test_vifname_refused(void **state)
{
	char *vif = xprintf("vif=['script=%s,vifname=web']", script_path),
	     *again = xprintf("name='h'\nuuid='11111111-2222-3333-4444-666666666666'\n%s", vif),
	     *twice = xprintf("vif=['script=%s,vifname=web','script=%s,vifname=web']", script_path,
		     script_path);
	uint32_t domid;

	refused(twice, "vif 1: vifname 'web' is that of vif 0");
	fake_netdev("web", "");
	refused(vif, "vif 0: vifname 'web': the control domain has an interface of that name");
	fake_netdev("web", "uplink");
	refused(vif, "an interface of that name (\"uplink\")");
	fake_rename_netdev("web", "other");
	memset(&E, 0, sizeof(E));
	if (create(vif, &domid))
		fail_msg("%s: %s", E.what, E.advice);
	memset(&E, 0, sizeof(E));
	assert_int_equal(create(again, &domid), -1);
	assert_non_null(
		strstr(E.what, "vif 0: vifname 'web' is that of interface 0 of guest \"g\""));
	assert_int_equal(guest_destroy(&X, &S, 1, &E), 0);
	memset(&E, 0, sizeof(E));
	assert_int_equal(create(again, &domid), 0);
	assert_int_equal(guest_destroy(&X, &S, 2, &E), 0);
	free(again);
	free(twice);
	free(vif);
}

static void stop(uint32_t domid, unsigned int reason)
{
	fake.domain[domid].info.flags |= XEN_DOMINF_shutdown | reason << XEN_DOMINF_shutdownshift;
}

static uint32_t end_of(const char *more, unsigned int reason)
{
	uint32_t domid, next;

	memset(&E, 0, sizeof(E));
	if (create(more, &domid))
		fail_msg("%s", E.what);
	stop(domid, reason);
	if (lifecycle_end(&X, &S, &fake.domain[domid].info, &next, &E))
		fail_msg("%s", E.what);
	return next;
}

static void test_lifecycle(void **state)
{
	char *devices = with_devices();
	uint32_t next;

	assert_int_equal(end_of("", SHUTDOWN_poweroff), 0);
	assert_false(fake.domain[1].exists);
	assert_int_equal(end_of(devices, SHUTDOWN_reboot), 3);
	assert_false(fake.domain[2].exists);
	assert_false(fake.domain[3].paused);
	assert_string_equal(fake_read("/local/domain/3/name"), "g");
	assert_string_equal(fake_read("/local/domain/0/backend/uvif/3/1/mac"), "00:16:3e:00:00:05");
	assert_int_equal(guest_destroy(&X, &S, 3, &E), 0);
	assert_int_equal(end_of("on_crash='preserve'", SHUTDOWN_crash), 4);
	assert_true(fake.domain[4].exists);
	assert_int_equal(guest_destroy(&X, &S, 4, &E), 0);
	next = end_of("on_crash='rename-restart'", SHUTDOWN_crash);
	assert_non_null(fake_read("/vm/11111111-2222-3333-4444-555555555555/start_time"));
	assert_int_equal(next, 6);
	assert_true(fake.domain[5].exists);
	assert_memory_not_equal(fake.domain[5].info.handle, fake.domain[6].info.handle, 16);
	assert_memory_equal(fake_read("/local/domain/5/name"), "g-20", 4);
	assert_string_equal(fake_read("/local/domain/6/name"), "g");
	assert_int_equal(guest_destroy(&X, &S, 5, &E), 0);
	assert_string_equal(fake_read("/vm/11111111-2222-3333-4444-555555555555/name"), "g");
	free(devices);
}

static void test_host_defaults(void **state)
{
	char path[128],
		*conf = xprintf("# defaults\nvif.default.script=\"%s\"\nvif.default.bridge='br7'\n"
				"max_grant_frames=9\n",
			script_path);
	uint32_t domid;

	snprintf(path, sizeof(path), "%s/xl.conf", fake.dir);
	write_file(path, conf, strlen(conf), 0600);
	if (create("vif=['','bridge=br8']", &domid))
		fail_msg("%s", E.what);
	assert_string_equal(fake_read("/local/domain/0/backend/uvif/1/0/script"), script_path);
	assert_string_equal(fake_read("/local/domain/0/backend/uvif/1/0/bridge"), "br7");
	assert_string_equal(fake_read("/local/domain/0/backend/uvif/1/1/bridge"), "br8");
	assert_int_equal(guest_destroy(&X, &S, domid, &E), 0);
	write_file(path, "x = [", 5, 0600);
	assert_int_equal(create("", &domid), 0);
	assert_int_equal(guest_destroy(&X, &S, domid, &E), 0);
	free(conf);
}

/* blkback serves disks, unless the disk or the host's file says phy (which needs a loop device). */
static void test_disks_of_blkback(void **state)
{
	char image[128], conf[128], *config;
	uint32_t domid;

	snprintf(image, sizeof(image), "%s/disk", fake.dir);
	snprintf(conf, sizeof(conf), "%s/xl.conf", fake.dir);
	write_file(image, "", 0, 0600);
	assert_int_equal(truncate(image, 1 << 20), 0);
	config = xprintf("disk=['%s,raw,xvda,w']", image);
	if (create(config, &domid))
		fail_msg("%s", E.what);
	node("/local/domain/1/device/vbd/51712/backend", "/local/domain/0/backend/uvbd/1/51712", 1,
		0);
	node("/local/domain/0/backend/uvbd/1/51712/params", image, 0, 1);
	node("/libxl/1/device/vbd/51712/backend", "/local/domain/0/backend/uvbd/1/51712", 0, -1);
	assert_null(fake_read("/local/domain/0/backend/vbd"));
	assert_int_equal(guest_destroy(&X, &S, domid, &E), 0);
	assert_null(fake_read("/local/domain/0/backend/uvbd"));
	assert_int_equal(hostconf_backend("disk"), BACKEND_USER);
	assert_int_equal(hostconf_backend("vif"), BACKEND_USER);
	write_file(conf, "disk.default.backendtype='phy'\n", 31, 0600);
	assert_int_equal(hostconf_backend("vif"), BACKEND_USER);
	assert_int_equal(hostconf_backend("disk"), BACKEND_KERNEL);
	write_file(conf, "disk.default.backendtype='other'\n", 33, 0600);
	assert_int_equal(hostconf_backend("disk"), BACKEND_USER);
	free(config);
}

/* What the toolstack says of a disk; "" for nothing. */
static void disk_says(const char *spec, const char *words)
{
	struct disk_config d = { 0 };
	char why[256];
	int rc;

	memset(&E, 0, sizeof(E));
	if (disk_parse(spec, &d, why, sizeof(why)))
		fail_msg("%s: %s", spec, why);
	rc = disk_check(&S, &d, &E);
	disk_config_free(&d);
	if (rc != (*words ? -1 : 0) || !strstr(E.what, words))
		fail_msg("%s: \"%s\" is not in: %s", spec, words, E.what);
}

/* Two guests and one file, whatever its name; reading does no harm to who only reads. */
static void test_disk_of_two(void **state)
{
	char image[128], other[128], *config, *second;
	uint32_t domid;

	snprintf(image, sizeof(image), "%s/disk", fake.dir);
	snprintf(other, sizeof(other), "%s/link", fake.dir);
	write_file(image, "", 0, 0600);
	assert_int_equal(truncate(image, 1 << 20), 0);
	assert_int_equal(symlink(image, other), 0);
	config = xprintf("disk=['%s,raw,xvda,w']", image);
	second = xprintf(
		"name='h'\nuuid='11111111-2222-3333-4444-666666666666'\ndisk=['%s,raw,xvdb,%%s']",
		other);
	assert_int_equal(create(config, &domid), 0);
	free(config);
	config = xprintf(second, "w");
	assert_int_equal(create(config, &domid), -1);
	assert_non_null(strstr(E.what, "disk xvdb: "));
	assert_non_null(strstr(E.what, "/link is in use by guest \"g\""));
	free(config);
	config = xprintf(second, "r");
	memset(&E, 0, sizeof(E));
	assert_int_equal(create(config, &domid), -1);
	assert_non_null(strstr(E.what, "is in use by guest \"g\""));
	assert_int_equal(guest_destroy(&X, &S, 1, &E), 0);
	memset(&E, 0, sizeof(E));
	assert_int_equal(create(config, &domid), 0);
	free(config);
	config = xprintf("%s,raw,xvda,r", image);
	disk_says(config, "");
	config[strlen(config) - 1] = 'w';
	disk_says(config, "is in use by guest \"h\"");
	free(config);
	config = xprintf("%s,raw,xvda,w!", image);
	disk_says(config, "");
	assert_int_equal(guest_destroy(&X, &S, 2, &E), 0);
	free(config);
	free(second);
}

/* One guest and one file twice. */
static void test_disk_twice(void **state)
{
	static const struct {
		const char *one, *two;
		bool refused;
	} cases[] = { { "r", "r", false }, { "w", "r", true }, { "r", "w", true },
		{ "w", "w", true }, { "w", "w!", false }, { "w!", "r", false } };
	char image[128], *config;
	uint32_t domid;
	size_t i;
	int rc;

	snprintf(image, sizeof(image), "%s/disk", fake.dir);
	write_file(image, "", 0, 0600);
	assert_int_equal(truncate(image, 1 << 20), 0);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		config = xprintf("disk=['%s,raw,xvda,%s','%s/../%s,raw,xvdb,%s']", image,
			cases[i].one, fake.dir, image + 5, cases[i].two);
		memset(&E, 0, sizeof(E));
		rc = create(config, &domid);
		assert_int_equal(rc, cases[i].refused ? -1 : 0);
		if (rc)
			assert_non_null(strstr(E.what, "is disk xvda too"));
		else
			assert_int_equal(guest_destroy(&X, &S, domid, &E), 0);
		free(config);
	}
	disk_says("nbd://store/a,raw,xvda,w", "");
}

static void test_nbd_of_two(void **state)
{
	fake_write("/local/domain/3/name", "web");
	fake_write("/libxl/3/device/vbd/51712/params", "/run/xen/images/disk-3-51712");
	fake_write("/libxl/3/device/vbd/51712/image", "nbd://Store/a");
	fake_write("/libxl/3/device/vbd/51712/mode", "w");
	disk_says("nbd://store:10809/a,raw,xvdb,w", "disk xvdb: nbd://store:10809/a is in use by "
						    "guest \"web\"");
	disk_says("nbd://store/a,raw,xvdb,r", "in use by guest \"web\"");
	disk_says("nbd://store/a,qcow2,xvdb,w", "in use by guest \"web\"");
	disk_says("nbd://store/a,raw,xvdb,w!", "");
	disk_says("nbd://store/b,raw,xvdb,w", "");
	disk_says("nbd://store:10810/a,raw,xvdb,w", "");
	disk_says("format=raw,vdev=xvdb,target=nbd+unix:///a?socket=/s", "");
	fake_write("/libxl/3/device/vbd/51712/mode", "r");
	disk_says("nbd://store/a,raw,xvdb,w", "in use by guest \"web\"");
	disk_says("nbd://store/a,raw,xvdb,r", "");
}

/* A block device that the control domain has mounted: by its number, its name, or a part of it. */
static void test_mounted_disk(void **state)
{
	char *disk = xprintf("%s/sdz", fake.dir), *block = xprintf("%s/dev/block/7:201", fake.dir),
	     *mounts, *writes = xprintf("%s,raw,xvdb,w", disk);

	assert_int_equal(mknod(disk, S_IFBLK | 0600, makedev(7, 200)), 0);
	disk_says(writes, "mountinfo: No such file");
	write_file(path_mounts, "", 0, 0600);
	disk_says(writes, "");
	mounts = xprintf("21 1 0:5 / /proc rw - proc proc rw\n"
			 "31 1 7:200 / /srv rw,noatime shared:1 - ext4 /dev/root rw\n");
	write_file(path_mounts, mounts, strlen(mounts), 0600);
	disk_says(writes, "/sdz is mounted in the control domain on /srv");
	assert_non_null(strstr(E.advice, "umount /srv"));
	writes[strlen(writes) - 1] = 'r';
	disk_says(writes, "");
	free(writes);
	writes = xprintf("%s,raw,xvdb,w!", disk);
	disk_says(writes, "");
	writes[strlen(writes) - 1] = 0;
	free(mounts);
	mounts = xprintf("31 1 0:44 /@ /home rw - btrfs %s rw\n", disk);
	write_file(path_mounts, mounts, strlen(mounts), 0600);
	disk_says(writes, "is mounted in the control domain on /home");
	free(mounts);
	mounts = xprintf("31 1 7:201 / /boot rw - ext4 /dev/none rw\n");
	write_file(path_mounts, mounts, strlen(mounts), 0600);
	disk_says(writes, "");
	free(mounts);
	mounts = xprintf("mkdir -p %s/dev/block %s/sys/part; echo 7:200 >%s/sys/dev; echo 1 "
			 ">%s/sys/part/partition; ln -s %s/sys/part %s",
		fake.dir, fake.dir, fake.dir, fake.dir, fake.dir, block);
	assert_int_equal(system(mounts), 0);
	disk_says(writes, "is mounted in the control domain on /boot");
	free(mounts);
	free(writes);
	free(block);
	free(disk);
}

static void put(const char *dir, const char *name, const char *text)
{
	char *path = xprintf("%s/%s", dir, name);

	write_file(path, text, strlen(text), 0600);
	free(path);
}

/* sysfs of a disk and of a partition on it: what of its discard is offered. */
static void test_discard_limits(void **state)
{
	unsigned long granularity = 1, alignment = 1;
	char *dir = xprintf("%s/sda", fake.dir), *queue = xprintf("%s/queue", dir),
	     *partition = xprintf("%s/sda1", dir);

	assert_int_equal(mkdir(dir, 0700), 0);
	assert_int_equal(mkdir(queue, 0700), 0);
	assert_int_equal(mkdir(partition, 0700), 0);
	assert_false(disk_discard_limits(dir, &granularity, &alignment));
	put(queue, "discard_max_bytes", "4294966784\n");
	put(queue, "discard_granularity", "65536\n");
	put(queue, "write_zeroes_max_bytes", "0\n");
	assert_false(disk_discard_limits(dir, &granularity, &alignment));
	put(queue, "write_zeroes_max_bytes", "4294966784\n");
	put(dir, "discard_alignment", "0\n");
	put(partition, "discard_alignment", "512\n");
	assert_true(disk_discard_limits(dir, &granularity, &alignment));
	assert_int_equal(granularity, 65536);
	assert_int_equal(alignment, 0);
	assert_true(disk_discard_limits(partition, &granularity, &alignment));
	assert_int_equal(granularity, 65536);
	assert_int_equal(alignment, 512);
	put(queue, "discard_max_bytes", "0\n");
	assert_false(disk_discard_limits(partition, &granularity, &alignment));
	free(partition);
	free(queue);
	free(dir);
}

static void test_records(void **state)
{
	struct config c;
	uint32_t domid;

	assert_int_equal(create("vif=[]\nmemory=25\n", &domid), 0);
	assert_int_equal(record_read(domid, fake.domain[domid].info.handle, &c), 0);
	assert_int_equal(c.memory_kb, 25 * 1024);
	assert_true(c.has_uuid);
	config_free(&c);
	fake.domain[domid].info.handle[0] ^= 1;
	assert_int_equal(record_read(domid, fake.domain[domid].info.handle, &c), -1);
	assert_int_equal(guest_destroy(&X, &S, domid, &E), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		T(test_start_of_day),
		T(test_store_layout),
		T(test_every_failure),
		T(test_refused_before),
		T(test_hotplug_failure),
		T(test_antispoof),
		T(test_vifname),
		T(test_queues),
		T(test_vifname_of_another),
		T(test_vifname_refused),
		T(test_lifecycle),
		T(test_host_defaults),
		T(test_disks_of_blkback),
		T(test_disk_of_two),
		T(test_disk_twice),
		T(test_nbd_of_two),
		T(test_mounted_disk),
		T(test_discard_limits),
		T(test_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
