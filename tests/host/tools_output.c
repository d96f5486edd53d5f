/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What vane prints when it is called as xl, byte for byte as stock xl 4.17 printed it for the same
 * host: a control domain with 2 vcpus and one guest "gpv" with 2 vcpus, a disk and an interface.
 * And its exit statuses, by both names.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/host/tools_fake.h"
#include "tests/host/tools_fake_store.h"

#include "tools/lib/text.h"
#include "tools/vane/vane.h"

#include <xen/sched.h>

#define HEADER "Name                                        ID   Mem VCPUs\tState\tTime(s)"
#define ROW0   "Domain-0                                     0  1024     2     r-----      21.1"
#define ROW1   "gpv                                          1   128     2     -b----       4.0"

static struct text said;

static int setup(void **state)
{
	struct fake_domain *d;

	fake_reset();
	d = &fake.domain[1];
	d->exists = true;
	d->weight = 256;
	d->info.domain = 1;
	d->info.flags = XEN_DOMINF_blocked;
	d->info.tot_pages = 128 << 8;
	d->info.nr_online_vcpus = 2;
	d->info.max_vcpu_id = 1;
	d->info.cpu_time = 4000000000ULL;
	memcpy(d->info.handle, "\x11\x11\x11\x11\x22\x22\x33\x33\x44\x44\x55\x55\x55\x55\x55\x55",
		16);
	fake_write("/local/domain/1/name", "gpv");
	fake_write("/local/domain/1/vm", "/vm/u");
	fake_write("/libxl/1/device/vif/0/mac", "00:16:3e:00:00:01");
	fake_write("/local/domain/1/device/vif/0/handle", "0");
	fake_write("/local/domain/1/device/vif/0/state", "1");
	fake_write("/libxl/1/device/vbd/51712/params", "/tmp/disk.img");
	fake_write("/local/domain/1/device/vbd/51712/state", "1");
	return 0;
}

static int teardown(void **state)
{
	text_free(&said);
	fake_end();
	return 0;
}

/* Run a command line; what it said on both outputs is in `said`. */
static int run(const char *line)
{
	char *copy = strdup(line), *argv[16], *p, *saved_ptr;
	int argc = 0, fd = memfd_create("said", MFD_CLOEXEC), out, err, status;
	char buf[4096];
	ssize_t n;

	for (p = strtok_r(copy, " ", &saved_ptr); p && argc < 15;
		p = strtok_r(NULL, " ", &saved_ptr))
		argv[argc++] = p;
	argv[argc] = NULL;
	fflush(stdout);
	fflush(stderr);
	out = dup(1);
	err = dup(2);
	dup2(fd, 1);
	dup2(fd, 2);
	status = vane_main(argc, argv);
	fflush(stdout);
	dup2(out, 1);
	dup2(err, 2);
	close(out);
	close(err);
	text_free(&said);
	text_add(&said, "%s", "");
	lseek(fd, 0, SEEK_SET);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		text_add_bytes(&said, buf, n);
	close(fd);
	free(copy);
	return status;
}

static void prints(const char *line, const char *expected)
{
	int status = run(line);

	if (status)
		fail_msg("%s: exit %d: %s", line, status, said.s);
	if (strcmp(said.s, expected))
		fail_msg("%s printed:\n%s\nnot:\n%s", line, said.s, expected);
}

static void ends(const char *line, int expected, const char *words)
{
	int status = run(line);

	if (status != expected || !strstr(said.s, words))
		fail_msg("%s: exit %d (not %d), printed:\n%s", line, status, expected, said.s);
}

static void test_list(void **state)
{
	prints("xl list", HEADER "\n" ROW0 "\n" ROW1 "\n");
	prints("xl li", HEADER "\n" ROW0 "\n" ROW1 "\n");
	prints("xl list gpv", HEADER "\n" ROW1 "\n");
	prints("xl list 1", HEADER "\n" ROW1 "\n");
	prints("xl list -v",
		HEADER "   UUID                            Reason-Code\tSecurity Label\n" ROW0
		       " 00000000-0000-0000-0000-000000000000        -                -\n" ROW1
		       " 11111111-2222-3333-4444-555555555555        -                -\n");
	prints("xl list -n", HEADER " NODE Affinity\n" ROW0 " all\n" ROW1 " all\n");
	prints("xl list -c",
		HEADER "         Cpupool\n" ROW0 "          Pool-0\n" ROW1 "          Pool-0\n");
	prints("xl claims", HEADER "  Claimed\n" ROW0 "     0\n" ROW1 "     0\n");
	prints("xl vm-list",
		"UUID                                  ID    name\n"
		"00000000-0000-0000-0000-000000000000  0    Domain-0                      \n"
		"11111111-2222-3333-4444-555555555555  1    gpv                           \n");
	fake.domain[1].info.flags = XEN_DOMINF_shutdown | 3 << XEN_DOMINF_shutdownshift;
	prints("xl list gpv", HEADER
		"\ngpv                                          1   128     2     ---sc-       4.0\n");
}

/* Our xenstored tells all names at once, another one's are read one by one: the same comes out. */
static void test_names_at_once(void **state)
{
	struct store s;
	struct error e;
	struct names names;
	int tells;

	for (tells = 0; tells < 2; tells++) {
		fake_store_tells = tells;
		prints("xl list", HEADER "\n" ROW0 "\n" ROW1 "\n");
		prints("xl domid gpv", "1\n");
		ends("xl domid nosuch", 1, "Can't get domid");
	}
	assert_int_equal(store_open(&s, &e), 0);
	assert_int_equal(names_read(&s, &names), 0);
	assert_string_equal(names_get(&names, 1), "gpv");
	assert_null(names_get(&names, 2));
	names_free(&names);
	fake_store_tells = false;
	assert_int_equal(names_read(&s, &names), -1);
	assert_null(names_get(&names, 1));
	fake_store_tells = true;
	store_close(&s);
}

static void test_list_long(void **state)
{
	prints("xl list -l 0",
		"[\n    {\n        \"domid\": 0,\n        \"config\": {\n            \"c_info\": {\n"
		"                \"type\": \"pv\",\n                \"name\": \"Domain-0\"\n            },\n            \"b_info\": {\n"
		"                \"max_memkb\": 1048576,\n                \"target_memkb\": 1048575,\n"
		"                \"sched_params\": {\n                    \"sched\": \"credit2\",\n                    \"weight\": 256,\n"
		"                    \"cap\": 0\n                },\n                \"type.pv\": {\n\n                },\n"
		"                \"arch_arm\": {\n\n                },\n                \"arch_x86\": {\n\n                }\n            }\n"
		"        }\n    }\n]\n\n");
}

static void test_vcpus(void **state)
{
	prints("xl vcpu-list",
		"Name                                ID  VCPU   CPU State   Time(s) Affinity (Hard / Soft)\n"
		"Domain-0                             0     0    0   -b-      15.0  all / all\n"
		"Domain-0                             0     1    1   r--       9.0  all / all\n"
		"gpv                                  1     0    0   -b-      15.0  all / all\n"
		"gpv                                  1     1    1   r--       9.0  all / all\n");
	prints("xl vcpu-pin gpv 0 0 all", "");
	prints("xl vcpu-set gpv 1", "");
	assert_string_equal(fake_read("/local/domain/1/cpu/1/availability"), "offline");
	ends("xl vcpu-set gpv 9", 1, "1 to 2");
	ends("vane vcpu-set gpv 9", 2, "1 to 2");
}

static void test_sched(void **state)
{
	prints("xl sched-credit2",
		"Cpupool Pool-0: ratelimit=1000us\n"
		"Name                                ID Weight  Cap\n"
		"Domain-0                             0    256    0\ngpv                                  1    256    0\n");
	prints("xl sched-credit2 -d gpv -w 512 -c 50", "");
	prints("xl sched-credit2 -d gpv", "Name                                ID Weight  Cap\n"
					  "gpv                                  1    512   50\n");
	prints("xl cpupool-list", "Name               CPUs   Sched     Active   Domain count\n"
				  "Pool-0               2   credit2       y          2\n");
	prints("xl cpupool-list -c", "Name               CPU list\nPool-0             0,1\n");
}

static void test_devices(void **state)
{
	prints("xl network-list gpv",
		"Idx BE Mac Addr.         handle state evt-ch   tx-/rx-ring-ref BE-path                       \n"
		"0   0  00:16:3e:00:00:01     0     1     -1    -1/-1          /local/domain/0/backend/vif/1/0\n");
	prints("xl block-list gpv",
		"Vdev  BE  handle state evt-ch ring-ref BE-path                       \n"
		"51712 0   1      1     -1     -1       /local/domain/0/backend/vbd/1/51712\n");
}

static void test_info(void **state)
{
	static const char expected[] =
		"nr_cpus                : 2\nmax_cpu_id             : 1\nnr_nodes               : 1\n"
		"cores_per_socket       : 2\nthreads_per_core       : 1\ncpu_mhz                : 2596.119\n"
		"hw_caps                : 1fcbf3fd:f6d8320b:ec500800:00000077:00000005:018841a9:0000020c:00000000\n"
		"virt_caps              : pv hvm hap gnttab-v1 gnttab-v2\ntotal_memory           : 2999\nfree_memory            : 127\n"
		"sharing_freed_memory   : 0\nsharing_used_memory    : 0\noutstanding_claims     : 0\nfree_cpus              : 0\n"
		"xen_major              : 4\nxen_minor              : 17\nxen_extra              : .7\nxen_version            : 4.17.7\n"
		"xen_caps               : xen-3.0-x86_64 hvm-3.0-x86_64 \nxen_scheduler          : credit2\n"
		"xen_pagesize           : 4096\nplatform_params        : virt_start=0xffff800000000000\nxen_changeset          : \n"
		"xen_commandline        : console=com1 dom0=pv \ncc_compiler            : gcc 12.2.0\ncc_compile_by          : me\n"
		"cc_compile_domain      : here\ncc_compile_date        : today\nbuild_id               : 151b\n"
		"xend_config_format     : 4\n";

	assert_int_equal(run("xl info"), 0);
	assert_int_equal(strncmp(said.s, "host                   : ", 25), 0);
	assert_non_null(strstr(said.s, "nr_cpus"));
	assert_string_equal(strstr(said.s, "nr_cpus"), expected);
	prints("xl info total_memory", "2999\n");
	prints("xl info xen_version", "4.17.7\n");
	prints("xl info nosuch", "");
}

static void test_names(void **state)
{
	prints("xl domid gpv", "1\n");
	prints("xl domname 1", "gpv\n");
	prints("xl rename gpv web", "");
	assert_string_equal(fake_read("/local/domain/1/name"), "web");
	assert_string_equal(fake_read("/vm/u/name"), "web");
	ends("xl domid nosuch", 1,
		"Can't get domid of domain name 'nosuch', maybe this domain does not exist.\n");
	ends("xl domname 77", 1,
		"Can't get domain name of domain id '77', maybe this domain does not exist.\n");
	ends("vane domid nosuch", 3, "Can't get domid");
	ends("vane rename web Domain-0", 4, "domain 0 is already called \"Domain-0\"");
}

static void test_errors(void **state)
{
	static const char *const commands[] = { "list", "destroy", "shutdown", "console", "pause",
		"vcpu-list" };
	char line[64];
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		snprintf(line, sizeof(line), "xl %s nosuch", commands[i]);
		ends(line, 1, "nosuch is an invalid domain identifier (rc=-6)\n");
		snprintf(line, sizeof(line), "vane %s nosuch", commands[i]);
		ends(line, 3, "error: no domain is called \"nosuch\"\n  try: vane list\n");
	}
	ends("xl pause", 2,
		"'xl pause' requires at least 1 argument.\n\nUsage: xl [-vtTf] pause <Domain>\n\n"
		"Pause execution of a domain.\n\n");
	ends("xl nosuchcommand", 1, "command not implemented\n");
	ends("vane nosuchcommand", 2, "command not implemented\n");
	ends("xl create", 6, "Config file not specified and none in save file\n");
	ends("xl create /nosuch", 3,
		"Failed to read config file: /nosuch: No such file or directory\n");
	ends("xl create /dev/null", 1,
		"Parsing config from /dev/null\nerror: /dev/null: Domain name must be specified.\n");
	ends("xl create /dev/null name='a'", 1, "Neither kernel nor bootloader specified");
	ends("vane create /dev/null", 6, "Domain name must be specified.");
	ends("xl list -x", 2, "option `x' not supported.\n");
	ends("xl shutdown", 1, "You must specify -a or a domain id.\n");
	ends("xl s gpv", 1, "command not implemented\n");
	ends("xl -N list", 1, "command does not implement -N (dryrun) option\n");
	ends("xl destroy 0", 1, "Not destroying domain 0; use -f to force.");
	ends("vane xenstore nosuch", 2, "xenstore top [-b]");
}

#define TOP                                                                                      \
	"      NAME  STATE   CPU(sec) CPU(%)     MEM(k) MEM(%)  MAXMEM(k) MAXMEM(%) VCPUS NETS " \
	"NETTX(k) NETRX(k) VBDS   VBD_OO   VBD_RD   VBD_WR  VBD_RSECT  VBD_WSECT SSID\n"

/* A file of sysfs: its directory, which is made, its name and what it says. */
static void put(const char *dir, const char *name, const char *value)
{
	char *command = xprintf(
		"mkdir -p %s/%s && echo %s >%s/%s/%s", fake.dir, dir, value, fake.dir, dir, name);

	assert_int_equal(system(command), 0);
	free(command);
}

/* The columns are those that xentop printed; a disk of the kernel's back end and an interface. */
static void test_top(void **state)
{
	static const char nic[] = "class/net/vif1.0/statistics",
			  disk[] = "bus/xen-backend/devices/vbd-1-51712/statistics";

	fake.domain[0].info.max_pages = 0xffffffff;
	fake.domain[1].info.max_pages = 33023;
	prints("xl top -b -i 1", TOP
		"  Domain-0 -----r         21    0.0    1048576   34.1   no limit       n/a     2"
		"    0        0        0    0        0        0        0          0          0"
		"    0\n"
		"       gpv --b---          4    0.0     131072    4.3     132092       4.3     2"
		"    1        0        0    1        0        0        0          0          0"
		"    0\n");
	put(nic, "rx_bytes", "20480");
	put(nic, "tx_bytes", "1025");
	put(disk, "oo_req", "1");
	put(disk, "rd_req", "22");
	put(disk, "wr_req", "333");
	put(disk, "rd_sect", "4444");
	put(disk, "wr_sect", "55555");
	fake_write("/local/domain/1/name", "a-rather-long-name");
	fake.domain[1].info.flags = XEN_DOMINF_shutdown | XEN_DOMINF_paused |
				    SHUTDOWN_crash << XEN_DOMINF_shutdownshift;
	assert_int_equal(run("vane top --batch --delay=1 --iterations=2"), 0);
	assert_non_null(strstr(said.s, "\na-rather-l -s-cp-          4    0.0 "));
	assert_non_null(strstr(said.s, " 1        1       20    1        1       22      333"
				       "       4444      55555    0\n"));
	assert_non_null(strstr(said.s + 10, TOP));
	fake_write("/libxl/1/device/vif/0/vifname", "web");
	put("class/net/web/statistics", "tx_bytes", "4096");
	assert_int_equal(run("vane top -b -i 1"), 0);
	assert_non_null(strstr(said.s, " 1        4        0    1        1       22      333"));
	assert_int_equal(run("vane top -b -f -i 1"), 0);
	assert_non_null(strstr(said.s, "\na-rather-long-name -s-cp-"));
	ends("vane top -b -i 0", 2, "top");
	ends("vane top -b -d x", 2, "top");
	ends("vane top nosuch", 2, "top");
}

static void test_help(void **state)
{
	prints("xl help pause",
		"Usage: xl [-vtTf] pause <Domain>\n\nPause execution of a domain.\n\n");
	prints("xl pause -h",
		"Usage: xl [-vtTf] pause <Domain>\n\nPause execution of a domain.\n\n");
	assert_int_equal(run("xl help"), 0);
	/* Completion takes the commands from the fifth line on, first word after one blank. */
	assert_non_null(strstr(said.s,
		"Usage xl [-vfNtT] <subcommand> [args]\n\nxl full list of subcommands:\n\n create "));
	assert_non_null(
		strstr(said.s, "\n list                List information about all/some domains\n"));
}

static void test_life(void **state)
{
	prints("xl pause gpv", "");
	assert_true(fake.domain[1].info.flags & XEN_DOMINF_paused);
	prints("xl unpause gpv", "");
	assert_false(fake.domain[1].info.flags & XEN_DOMINF_paused);
	prints("xl shutdown gpv", "Shutting down domain 1\n");
	assert_string_equal(fake_read("/local/domain/1/control/shutdown"), "poweroff");
	prints("vane reboot -a", "");
	assert_string_equal(fake_read("/local/domain/1/control/shutdown"), "reboot");
	assert_null(fake_read("/local/domain/0/control/shutdown"));
	prints("xl sysrq gpv h", "");
	assert_string_equal(fake_read("/local/domain/1/control/sysrq"), "h");
	prints("xl mem-max gpv 200", "");
	assert_string_equal(fake_read("/local/domain/1/memory/static-max"), "204800");
	assert_int_equal(fake.domain[1].max_kb, 205824);
	prints("xl mem-set gpv 96m", "");
	assert_string_equal(fake_read("/local/domain/1/memory/target"), "98304");
	ends("xl mem-set gpv 300", 1, "above the domain's maximum of 200 MiB");
	prints("xl destroy gpv", "");
	assert_false(fake.domain[1].exists);
	assert_null(fake_read("/local/domain/1"));
}

static void write_file(const char *name, const char *text, int mode)
{
	char path[160];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", fake.dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	chmod(path, mode);
}

static void test_attach(void **state)
{
	char line[256];
	int nodes;

	write_file("userdata-d.1.11111111-2222-3333-4444-555555555555.vane",
		"name='gpv'\nkernel='/k'\n"
		"disk=['/tmp/disk.img,raw,xvda,w']\nvif=['mac=00:16:3e:00:00:01']\n",
		0600);
	write_file("good", "#!/bin/sh\nexit 0\n", 0700);
	write_file("bad", "#!/bin/sh\necho no such bridge; exit 1\n", 0700);
	nodes = fake_nodes();
	snprintf(line, sizeof(line),
		"xl block-attach gpv script=%s/good vdev=xvdb access=ro target=/x", fake.dir);
	prints(line, "");
	assert_string_equal(fake_read("/local/domain/0/backend/vbd/1/51728/mode"), "r");
	ends(line, 3, "domain 1 already has a disk xvdb");
	snprintf(line, sizeof(line), "xl network-attach gpv script=%s/good mac=00:16:3e:00:00:09",
		fake.dir);
	prints(line, "");
	assert_string_equal(fake_read("/local/domain/0/backend/uvif/1/1/mac"), "00:16:3e:00:00:09");
	assert_int_equal(run("xl list -l gpv"), 0);
	assert_non_null(strstr(said.s, "\"vdev\": \"xvdb\""));
	assert_non_null(strstr(said.s, "\"mac\": \"00:16:3e:00:00:09\""));
	snprintf(line, sizeof(line), "xl network-attach gpv script=%s/bad", fake.dir);
	ends(line, 3, "script said: no such bridge\n  domain 1 is as it was before\n");
	ends("xl block-attach gpv nonsense", 1, "no vdev is given");
	ends("xl block-detach gpv xvdc", 1, "domain 1 has no disk xvdc");
	ends("xl network-detach gpv 7", 1, "domain 1 has no interface 7");
	/* What went wrong with a device is told of for as long as there is the device. */
	fake_write("/local/domain/0/error/backend/vbd/1/51728/error", "as told");
	fake_write("/local/domain/0/error/backend/uvif/1/0/error", "another's");
	fake_write("/local/domain/0/error/backend/uvif/1/1/error", "as told");
	prints("xl block-detach gpv xvdb", "");
	assert_null(fake_read("/local/domain/0/error/backend/vbd"));
	prints("xl network-detach gpv 00:16:3e:00:00:09", "");
	assert_null(fake_read("/libxl/1/device/vif/1"));
	assert_null(fake_read("/local/domain/0/error/backend/uvif/1/1"));
	assert_string_equal(fake_read("/local/domain/0/error/backend/uvif/1/0/error"), "another's");
	fake_remove("/local/domain/0/error");
	assert_int_equal(run("xl list -l gpv"), 0);
	assert_null(strstr(said.s, "xvdb"));
	assert_non_null(strstr(said.s, "\"vdev\": \"xvda\""));
	/* What stays are the two directories that hold back ends. */
	assert_in_range(fake_nodes(), nodes, nodes + 2);
}

/* The form for programs: whole, and only where vane is called by its own name. */
static void test_json(void **state)
{
	prints("vane --json list gpv",
		"[\n"
		"    {\n"
		"        \"domid\": 1,\n"
		"        \"name\": \"gpv\",\n"
		"        \"uuid\": \"11111111-2222-3333-4444-555555555555\",\n"
		"        \"state\": \"blocked\",\n"
		"        \"memory_kb\": 131072,\n"
		"        \"max_memory_kb\": 0,\n"
		"        \"vcpus\": 2,\n"
		"        \"cpu_time_ns\": 4000000000\n"
		"    }\n"
		"]\n");
	fake.domain[1].info.flags = XEN_DOMINF_shutdown | SHUTDOWN_crash
								  << XEN_DOMINF_shutdownshift;
	assert_int_equal(run("vane list --json"), 0);
	assert_non_null(strstr(said.s, "\"state\": \"crashed\",\n        \"shutdown_reason\": 3,"));
	assert_non_null(strstr(said.s, "\"name\": \"Domain-0\""));
	assert_int_equal(run("vane vcpu-list gpv --json"), 0);
	assert_non_null(strstr(said.s, "\"vcpu\": 1,"));
	assert_non_null(strstr(said.s, "\"hard_affinity\": \"all\""));
	assert_int_equal(run("vane --json info"), 0);
	assert_non_null(strstr(said.s, "\"xen_major\": 4,"));
	assert_non_null(strstr(said.s, "\"xen_version\": \"4.17"));
	assert_int_equal(run("vane --json uptime gpv"), 0);
	assert_non_null(strstr(said.s, "\"uptime_s\": "));
	ends("vane --json destroy nosuch", 3, "\"code\": \"PVN-E");
	assert_non_null(strstr(said.s, "\"exit_status\": 3"));
	ends("vane --json claims", 2, "does not implement --json");
	ends("xl list --json", 2, "Usage: xl");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		T(test_list),
		T(test_names_at_once),
		T(test_list_long),
		T(test_vcpus),
		T(test_sched),
		T(test_devices),
		T(test_info),
		T(test_names),
		T(test_errors),
		T(test_top),
		T(test_help),
		T(test_life),
		T(test_attach),
		T(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
