/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The xl.cfg reader: what the format accepts, where errors are said to be, which keys are warned
 * about, the disk and vif syntaxes, and the JSON that `create -n` prints, which must be byte for
 * byte what stock xl 4.17 prints.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tools/lib/config.h"
#include "tools/lib/nicguard.h"
#include "tools/lib/diskimage.h"

#define BASE "name='g'\nkernel='/k'\n"

static struct config C;
static struct error E;

static int read_text(const char *text, const char *arguments)
{
	memset(&E, 0, sizeof(E));
	return config_read("g.cfg", text, strlen(text), arguments, false, &C, &E);
}

static void accepts(const char *text)
{
	if (read_text(text, NULL))
		fail_msg("refused: %s\n%s", text, E.what);
}

static void refuses(const char *text, const char *words)
{
	if (!read_text(text, NULL)) {
		config_free(&C);
		fail_msg("accepted: %s", text);
	}
	if (!strstr(E.what, words))
		fail_msg("\"%s\" is not in: %s", words, E.what);
}

static void test_defaults(void **state)
{
	accepts(BASE);
	assert_string_equal(C.name, "g");
	assert_int_equal(C.memory_kb, 32 * 1024);
	assert_int_equal(C.maxmem_kb, 32 * 1024);
	assert_int_equal(C.vcpus, 1);
	assert_int_equal(C.on_poweroff, ACTION_DESTROY);
	assert_int_equal(C.on_reboot, ACTION_RESTART);
	assert_int_equal(C.on_crash, ACTION_DESTROY);
	assert_false(C.has_uuid);
	assert_null(C.cmdline);
	assert_int_equal(C.warnings.len, 0);
	config_free(&C);
}

static void test_syntax(void **state)
{
	accepts("# comment\n\nname = \"a\" ; kernel='/k'\nmemory = 0x80\nvcpus=\"2\" # end\n"
		"disk = [\n  '/d1,raw,xvda,w',\n  \"/d2,raw,xvdb,r\",\n]\n");
	assert_int_equal(C.memory_kb, 128 * 1024);
	assert_int_equal(C.vcpus, 2);
	assert_int_equal(C.ndisks, 2);
	config_free(&C);
	accepts("name='a'\nkernel='/k'\nextra='x'\nextra += ' y'\ndisk=['/d1,raw,xvda,w']\ndisk+=['/d2,raw,xvdb,w']");
	assert_string_equal(C.cmdline, "x y");
	assert_int_equal(C.ndisks, 2);
	config_free(&C);
	accepts("name='a'\nkernel='/k'\nmemory=010\nextra='it\\'s \\x41\\n'\n");
	assert_int_equal(C.memory_kb, 8 * 1024);
	assert_string_equal(C.cmdline, "it's A\n");
	config_free(&C);
	accepts(BASE "vcpus=2\nvcpus=3\n");
	assert_int_equal(C.vcpus, 3);
	config_free(&C);
	accepts("name='a'\r\nkernel='/k'\r\n");
	config_free(&C);
}

static void test_error_places(void **state)
{
	refuses("name='g'\nkernel = abc\n", "g.cfg:2:10: unexpected a name, expecting");
	refuses("name='g'\ndisk = [ '/a,raw,xvda,w'\n", "g.cfg:3:1: unexpected end of file");
	refuses("name='g\nkernel='/k'\n", "g.cfg:1:6: this string has no closing quote");
	refuses("name='g'\n  vcpus 2\n", "g.cfg:2:9: ");
	refuses("name='\\q'\n", "g.cfg:1:7: unknown \\ escape");
	refuses(BASE "memory='much'\n", "g.cfg:3:8: memory must be a number of MiB");
	refuses(BASE "memory=-5\n", "g.cfg:3:8: memory must be");
	refuses(BASE "vcpus=0\n", "g.cfg:3:7: vcpus must be a number from 1 to 512");
	refuses(BASE "vcpus=99999999999999999999\n", "g.cfg:3:7: vcpus");
	refuses(BASE "name=['a']\n", "g.cfg:3:6: name must be a string");
	refuses(BASE "on_crash='explode'\n", "g.cfg:3:10: on_crash must be \"destroy\"");
	refuses(BASE "uuid='1234'\n", "g.cfg:3:6: uuid must be a UUID");
	refuses(BASE "cpus='x'\n", "g.cfg:3:6: not a list of CPUs");
	refuses(BASE "type='hvm'\n", "g.cfg:3:6: only paravirtual");
	refuses(BASE "bootloader='pygrub'\n", "g.cfg:3:1: boot loaders");
	refuses(BASE "disk=['/a,raw,xvda,w','/b,raw,xvda,w']\n",
		"g.cfg:3:23: disk 1: vdev xvda is taken by disk 0");
	refuses(BASE "disk='/a,raw,xvda,w'\n", "g.cfg:3:6: disk must be a list");
	refuses(BASE "vif=['mac=00:16:3e:00:00:01',\n 'mac=00:16:3e:00:00:01']\n",
		"g.cfg:4:2: vif 1 has the same mac as vif 0");
	refuses("kernel='/k'\n", "Domain name must be specified.");
	refuses("name='g'\n", "Neither kernel nor bootloader specified");
	refuses("name='a/b'\nkernel='/k'\n", "cannot be a domain's name");
	refuses("name='12'\nkernel='/k'\n", "cannot be a domain's name");
	refuses(BASE "memory=64\nmaxmem=32\n", "maxmem (32) is less than memory (64)");
	refuses(BASE "x=[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]\n",
		"nested too deep");
}

static void test_not_text(void **state)
{
	memset(&E, 0, sizeof(E));
	assert_int_equal(config_read("g.cfg", "name\0='a'", 9, NULL, false, &C, &E), -1);
	assert_non_null(strstr(E.what, "NUL"));
}

static void test_warnings(void **state)
{
	accepts(BASE
		"memroy = 12\nzzzzzz=1\nvnc=1\nacpi=1\nboot='c'\ndhcp='dhcp'\nxen_shell='root'\nvpmu=1\n");
	assert_string_equal(C.warnings.s,
		"g.cfg:3:1: warning: unknown key 'memroy' (did you mean 'memory'?)\n"
		"g.cfg:4:1: warning: unknown key 'zzzzzz'\n"
		"g.cfg: note: 3 HVM-only keys ignored for type=\"pv\": vnc, acpi, boot\n"
		"g.cfg: warning: not supported here and ignored: vpmu\n");
	config_free(&C);
	memset(&E, 0, sizeof(E));
	assert_int_equal(config_read("g.cfg", BASE "memroy=1\n", strlen(BASE "memroy=1\n"), NULL,
				 true, &C, &E),
		-1);
	assert_non_null(strstr(E.what, "g.cfg:3:1: unknown key 'memroy' (did you mean 'memory'?)"));
}

static void test_arguments(void **state)
{
	assert_int_equal(read_text(BASE "memory=32\n", "memory=64\nname=\"b\"\n"), 0);
	assert_int_equal(C.memory_kb, 64 * 1024);
	assert_string_equal(C.name, "b");
	config_free(&C);
	assert_int_equal(read_text(BASE, "vcpus=2\nvcpus=many\n"), -1);
	assert_int_equal(read_text(BASE, "vcpus=2\nvcpus='many'\n"), -1);
	assert_non_null(strstr(E.what, "argument 2:7: vcpus must be"));
	assert_int_equal(read_text("", "name='n'\nkernel='/k'\n"), 0);
	config_free(&C);
}

static void test_cmdline(void **state)
{
	accepts(BASE "root='/dev/xvda1 ro'\nextra='quiet'\n");
	assert_string_equal(C.cmdline, "root=/dev/xvda1 ro quiet");
	config_free(&C);
	accepts(BASE "root='/dev/xvda1'\nextra='quiet'\ncmdline='only this'\n");
	assert_string_equal(C.cmdline, "only this");
	config_free(&C);
}

static void good_disk(const char *spec, const char *path, const char *vdev, bool rw)
{
	struct disk_config d = { 0 };
	char why[256];

	if (disk_parse(spec, &d, why, sizeof(why)))
		fail_msg("%s: %s", spec, why);
	assert_string_equal(d.path, path);
	assert_string_equal(d.vdev, vdev);
	assert_int_equal(d.readwrite, rw);
	disk_config_free(&d);
}

static void bad_disk(const char *spec, const char *words)
{
	struct disk_config d = { 0 };
	char why[256] = "";

	assert_int_equal(disk_parse(spec, &d, why, sizeof(why)), -1);
	if (!strstr(why, words))
		fail_msg("%s: \"%s\" is not in: %s", spec, words, why);
	disk_config_free(&d);
}

static void test_disks(void **state)
{
	good_disk("/dev/vg/a,raw,xvda,rw", "/dev/vg/a", "xvda", true);
	good_disk("/dev/vg/a, raw, xvda, r", "/dev/vg/a", "xvda", false);
	good_disk("/dev/vg/a,,xvda", "/dev/vg/a", "xvda", true);
	good_disk("format=raw, vdev=xvdb, access=ro, target=/x,with,commas=1", "/x,with,commas=1",
		"xvdb", false);
	good_disk("vdev=xvdb,target=/x", "/x", "xvdb", true);
	good_disk("/x,raw,xvdb,w!", "/x", "xvdb", true);
	good_disk("phy:/dev/vg/a,xvda,w", "/dev/vg/a", "xvda", true);
	good_disk("phy:vg/a,xvda,w", "/dev/vg/a", "xvda", true);
	good_disk("file:/a.img,hda,r", "/a.img", "hda", false);
	good_disk("tap:aio:/a.img,sda,w", "/a.img", "sda", true);
	good_disk("/a.iso,raw,hdc:cdrom", "/a.iso", "hdc", false);
	good_disk("/a.iso,raw,hdc,devtype=cdrom", "/a.iso", "hdc", false);
	good_disk(",raw,hdc,r,cdrom", "", "hdc", false);
	good_disk("/a,raw,xvda,w,backendtype=phy,discard,direct-io-safe", "/a", "xvda", true);
	good_disk("/a.qcow2,qcow2,xvda,w,backendtype=qdisk", "/a.qcow2", "xvda", true);
	bad_disk("/a,raw,xvda,w,backendtype=tap", "backendtype tap is not supported");
	bad_disk("/a,raw,xvda,w,more", "one parameter too many");
	bad_disk("/a,raw,nonsense,w", "'nonsense' is no virtual disk name");
	bad_disk("/a,cow3,xvda,w", "unknown format 'cow3'");
	bad_disk("/a,raw,xvda,x", "neither r nor w");
	bad_disk("/a,raw,xvda,w,colour=blue", "unknown parameter 'colour'");
	bad_disk("/a", "no vdev");
	bad_disk("vdev=xvda", "no target");
	bad_disk("a,raw,xvda,w", "not an absolute path");
	bad_disk("", "no vdev");
}

/* A disk that qemu-storage-daemon serves: how it is told of it, blanks and line ends left out. */
static void image(const char *spec, const char *protocol, const char *format)
{
	struct disk_config d = { 0 };
	struct error e = { 0 };
	char why[256], *got[2], *from, *to;
	size_t i;

	if (disk_parse(spec, &d, why, sizeof(why)))
		fail_msg("%s: %s", spec, why);
	assert_true(diskimage_is(&d));
	if (diskimage_blockdevs(&d, &got[0], &got[1], &e))
		fail_msg("%s", e.what);
	for (i = 0; i < 2; i++) {
		for (from = to = got[i]; *from; from++)
			if (!strchr(" \n", *from))
				*to++ = *from;
		*to = 0;
	}
	assert_string_equal(got[0], protocol);
	assert_string_equal(got[1], format);
	free(got[0]);
	free(got[1]);
	disk_config_free(&d);
}

static void nbd_name(const char *uri, const char *name)
{
	char *got = diskimage_nbd_name(uri);

	assert_string_equal(got, name);
	free(got);
}

static void test_nbd_names(void **state)
{
	nbd_name("nbd://Host.example/Disk", "nbd://host.example:10809/Disk");
	nbd_name("nbd://host.example:/Disk", "nbd://host.example:10809/Disk");
	nbd_name("nbd://host.example:10810", "nbd://host.example:10810/");
	nbd_name("nbd://host.example:10810/", "nbd://host.example:10810/");
	nbd_name("nbd+unix:///a?socket=/Run/s", "nbd+unix:///a?socket=/Run/s");
	nbd_name("nbd+unix://?socket=/s", "nbd+unix:///?socket=/s");
	nbd_name("nbd://", "nbd://");
}

/* What an access is written as in a guest's record, for its next life. */
static void test_access_kept(void **state)
{
	static const char *const access[] = { "ro", "rw", "w!" };
	char why[256], spec[64], *text;
	size_t i;

	for (i = 0; i < 3; i++) {
		struct disk_config d = { 0 }, again = { 0 };

		snprintf(spec, sizeof(spec), "/x,raw,xvda,%s", access[i]);
		assert_int_equal(disk_parse(spec, &d, why, sizeof(why)), 0);
		text = disk_format(&d);
		assert_int_equal(disk_parse(text, &again, why, sizeof(why)), 0);
		assert_int_equal(again.readwrite, i != 0);
		assert_int_equal(again.unchecked, i == 2);
		free(text);
		disk_config_free(&again);
		disk_config_free(&d);
	}
}

static void test_images(void **state)
{
	struct disk_config d = { .path = "nbd+unix:///?sock=/x" };
	char *protocol, *format;
	struct error e = { 0 };

	image("format=qcow2,vdev=xvda,access=w,target=/a,b\".qcow2",
		"{\"driver\":\"file\",\"node-name\":\"protocol\",\"discard\":\"unmap\","
		"\"filename\":\"/a,b\\\".qcow2\",\"cache\":{\"direct\":true}}",
		"{\"driver\":\"qcow2\",\"node-name\":\"disk\",\"discard\":\"unmap\","
		"\"file\":\"protocol\"}");
	image("vhd:/a,xvda,r",
		"{\"driver\":\"file\",\"node-name\":\"protocol\",\"read-only\":true,"
		"\"discard\":\"unmap\",\"filename\":\"/a\",\"cache\":{\"direct\":true}}",
		"{\"driver\":\"vpc\",\"node-name\":\"disk\",\"read-only\":true,"
		"\"discard\":\"unmap\",\"file\":\"protocol\"}");
	image("nbd://h:77/e,raw,xvda,w",
		"{\"driver\":\"nbd\",\"node-name\":\"protocol\",\"discard\":\"unmap\",\"server\":{"
		"\"type\":\"inet\",\"host\":\"h\",\"port\":\"77\"},\"export\":\"e\","
		"\"cache\":{\"direct\":false}}",
		"{\"driver\":\"raw\",\"node-name\":\"disk\",\"discard\":\"unmap\","
		"\"file\":\"protocol\"}");
	image("nbd+unix:///e?socket=/s,qcow2,xvda,w",
		"{\"driver\":\"nbd\",\"node-name\":\"protocol\",\"discard\":\"unmap\",\"server\":{"
		"\"type\":\"unix\",\"path\":\"/s\"},\"export\":\"e\",\"cache\":{\"direct\":false}}",
		"{\"driver\":\"qcow2\",\"node-name\":\"disk\",\"discard\":\"unmap\","
		"\"file\":\"protocol\"}");
	assert_int_equal(diskimage_blockdevs(&d, &protocol, &format, &e), -1);
	assert_non_null(strstr(e.what, "is neither nbd://"));
}

static void test_vdevs(void **state)
{
	static const struct {
		const char *name;
		uint32_t number;
	} good[] = {
		{ "xvda", 51712 },
		{ "xvda1", 51713 },
		{ "xvdb", 51728 },
		{ "xvdp15", 51967 },
		{ "xvdq", (1 << 28) | 16 << 8 },
		{ "xvdaa", (1 << 28) | 26 << 8 },
		{ "hda", 768 },
		{ "hdb1", 833 },
		{ "hdc", 5632 },
		{ "sda", 2048 },
		{ "sdb2", 2066 },
		{ "d0", 51712 },
		{ "d1p2", 51730 },
		{ "51712", 51712 },
		{ "0xca00", 51712 },
	};
	static const char *const bad[] = { "", "xvd", "xvdA", "xvda999", "hde", "sdq", "sda16", "d",
		"xvda1x", "-1", "99999999999" };
	uint32_t n;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(parse_vdev(good[i].name, &n), 0);
		if (n != good[i].number)
			fail_msg("%s: %u", good[i].name, n);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!parse_vdev(bad[i], &n))
			fail_msg("accepted %s", bad[i]);
}

static void bad_nic(const char *spec, const char *words)
{
	struct nic_config n = { 0 };
	char why[256] = "";

	assert_int_equal(nic_parse(spec, &n, why, sizeof(why)), -1);
	if (!strstr(why, words))
		fail_msg("%s: \"%s\" is not in: %s", spec, words, why);
	nic_config_free(&n);
}

static void test_nics(void **state)
{
	struct nic_config n = { .devid = -1 };
	char why[256], *text;

	assert_int_equal(
		nic_parse(
			"mac=00:16:3e:0A:0b:0c, bridge=xenbr0,ip=10.0.0.2,rate=10Mb/s@20ms,mtu=9000,devid=3,"
			"vifname=web,script=vif-route,type=vif,model=e1000,backendtype=user",
			&n, why, sizeof(why)),
		0);
	assert_int_equal(n.mac[3], 10);
	assert_string_equal(n.bridge, "xenbr0");
	assert_int_equal(n.rate_bytes, 25000);
	assert_int_equal(n.rate_interval_us, 20000);
	assert_int_equal(n.mtu, 9000);
	assert_int_equal(n.devid, 3);
	assert_string_equal(n.vifname, "web");
	assert_int_equal(n.backend, BACKEND_USER);
	text = nic_format(&n);
	assert_non_null(strstr(text, ",backendtype=user"));
	free(text);
	nic_config_free(&n);
	memset(&n, 0, sizeof(n));
	assert_int_equal(nic_parse("", &n, why, sizeof(why)), 0);
	nic_config_free(&n);
	bad_nic("mac=00:16:3e", "not a MAC");
	bad_nic("mac=01:00:00:00:00:00", "multicast");
	bad_nic("bridge", "'bridge' has no value");
	bad_nic("bridge=a/b", "cannot be an interface's name");
	bad_nic("bridge=aaaaaaaaaaaaaaaaaaaa", "cannot be an interface's name");
	bad_nic("vifname=vif12.0", "vifname 'vif12.0' is how a back end names its own");
	bad_nic("rate=fast", "rate 'fast'");
	bad_nic("mtu=1", "mtu must be");
	bad_nic("backendtype=qdisk", "unknown backendtype 'qdisk'");
	bad_nic("backend=driverdomain", "only the control domain");
	bad_nic("speed=9", "unknown parameter 'speed'");
}

static void rules_have(const char *ips, const char *words)
{
	char *rules = nicguard_rules("vif1.0", (const uint8_t *)"\0\x16\x3e\1\2\3", ips);

	if (!strstr(rules, words))
		fail_msg("\"%s\" is not in:\n%s", words, rules);
	free(rules);
}

static void test_antispoof(void **state)
{
	char *text;
	struct nic_config n = { 0 };
	char why[256];

	bad_nic("antispoof=2", "antispoof must be");
	bad_nic("antispoof=1,ip=10.0.0.1 };flush", "'10.0.0.1 };flush' are none");
	bad_nic("antispoof=1,ip=10.0.0.1/33", "are none");
	bad_nic("antispoof=1,ip=10.0.0", "are none");
	bad_nic("antispoof=1,ip=fe80::1/129", "are none");
	assert_int_equal(nic_parse("antispoof=1,ip= 10.0.0.1  fd00::1/64", &n, why, 256), 0);
	text = nic_format(&n);
	assert_non_null(strstr(text, ",antispoof=1"));
	free(text);
	nic_config_free(&n);
	rules_have(NULL, "hook ingress device \"vif1.0\" priority -500; policy drop;\n"
			 "\t\tether saddr != 00:16:3e:01:02:03 counter drop\n"
			 "\t\tmeta protocol arp arp saddr ether != 00:16:3e:01:02:03 counter drop\n"
			 "\t\taccept\n\t}\n");
	rules_have("10.1.2.3 10.9.8.7/20", "\t\tip saddr { 10.1.2.3/32, 10.9.0.0/20 } accept\n"
					   "\t\tcounter drop\n");
	rules_have("10.1.2.3", "arp saddr ip { 10.1.2.3/32 } accept");
	rules_have("fd00::5/64 10.0.0.1",
		"ip6 saddr != { fd00::/64, fe80::216:3eff:fe01:203/128 } counter drop\n");
	rules_have("fd00::5/63", "@th,64,128 & 0xfffffffffffffffe0000000000000000 =="
				 " 0xfd000000000000000000000000000000 accept\n");
}

/* What stock xl 4.17 printed for this configuration. */
static void test_json(void **state)
{
	static const char text[] =
		"name='gpv'\ntype='pv'\nkernel='/guests/vmlinuz'\nramdisk='/guests/guest.initrd'\nmemory=128\n"
		"on_crash='destroy'\non_reboot='destroy'\nextra='console=hvc0 quiet guest=idle'\n"
		"disk=['format=raw,vdev=xvda,access=rw,target=/tmp/disk.img']\n"
		"vif=['mac=00:16:3e:00:00:01,bridge=xenbr0']\nvcpus=2\nuuid='11111111-2222-3333-4444-555555555555'\n";
	static const char stock[] =
		"{\n    \"c_info\": {\n        \"type\": \"pv\",\n        \"name\": \"gpv\",\n"
		"        \"uuid\": \"11111111-2222-3333-4444-555555555555\",\n        \"run_hotplug_scripts\": \"True\"\n    },\n"
		"    \"b_info\": {\n        \"max_vcpus\": 2,\n        \"avail_vcpus\": [\n            0,\n            1\n        ],\n"
		"        \"max_memkb\": 131072,\n        \"target_memkb\": 131072,\n        \"sched_params\": {\n\n        },\n"
		"        \"claim_mode\": \"True\",\n        \"kernel\": \"/guests/vmlinuz\",\n"
		"        \"cmdline\": \"console=hvc0 quiet guest=idle\",\n        \"ramdisk\": \"/guests/guest.initrd\",\n"
		"        \"type.pv\": {\n\n        },\n        \"arch_arm\": {\n\n        },\n        \"arch_x86\": {\n\n        }\n    },\n"
		"    \"disks\": [\n        {\n            \"pdev_path\": \"/tmp/disk.img\",\n            \"vdev\": \"xvda\",\n"
		"            \"format\": \"raw\",\n            \"readwrite\": 1\n        }\n    ],\n"
		"    \"nics\": [\n        {\n            \"devid\": 0,\n            \"mac\": \"00:16:3e:00:00:01\",\n"
		"            \"bridge\": \"xenbr0\"\n        }\n    ],\n    \"on_soft_reset\": \"soft_reset\"\n}";
	struct json j = { 0 };

	accepts(text);
	config_json(&j, NULL, &C, NULL);
	assert_string_equal(j.out.s, stock);
	text_free(&j.out);
	config_free(&C);
	accepts("name='x'\nkernel='/guests/vmlinuz'\nmemory=64\n");
	config_json(&j, NULL, &C, NULL);
	assert_non_null(strstr(j.out.s,
		"    \"on_reboot\": \"restart\",\n    \"on_soft_reset\": \"soft_reset\"\n}"));
	assert_null(strstr(j.out.s, "max_vcpus"));
	text_free(&j.out);
	config_free(&C);
}

/* Every prefix and every single-byte change of a good file: an error or a configuration, never a
 * crash or a leak. */
static void test_damaged(void **state)
{
	static const char good[] =
		"name = \"a\"\nkernel='/k'\nvif=['mac=00:16:3e:00:00:01,bridge=b']\n"
		"disk=[ '/d,raw,xvda,w', ]\ncpus=\"0-3,^1\"\nuuid='11111111-2222-3333-4444-555555555555'; vcpus = 2 # x\n";
	char text[sizeof(good)];
	size_t i;
	int b, read = 0, total = 0;

	for (i = 0; i < sizeof(good); i++) {
		memset(&E, 0, sizeof(E));
		if (!config_read("g.cfg", good, i, NULL, false, &C, &E))
			config_free(&C);
	}
	for (i = 0; i + 1 < sizeof(good); i++) {
		for (b = 0; b < 256; b += 5) {
			memcpy(text, good, sizeof(good));
			text[i] = b;
			memset(&E, 0, sizeof(E));
			total++;
			if (config_read("g.cfg", text, sizeof(good) - 1, NULL, false, &C, &E)) {
				assert_int_not_equal(E.kind, ERR_NONE);
				continue;
			}
			read++;
			config_free(&C);
		}
	}
	assert_in_range(read, 1, total - 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_syntax),
		cmocka_unit_test(test_error_places),
		cmocka_unit_test(test_not_text),
		cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_cmdline),
		cmocka_unit_test(test_disks),
		cmocka_unit_test(test_images),
		cmocka_unit_test(test_nbd_names),
		cmocka_unit_test(test_access_kept),
		cmocka_unit_test(test_vdevs),
		cmocka_unit_test(test_nics),
		cmocka_unit_test(test_antispoof),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
