/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the settings of a file to a checked configuration: see config.h and the table config.def.
 * Errors and warnings carry file, line and column; settings that came from the command line are
 * called "argument N".
 */
#include "tools/lib/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LEN	  255
#define MEMORY_DEFAULT_KB (32 * 1024)  /* what xl takes when no memory is given */
#define MEMORY_MAX_KB	  (1ULL << 34) /* 16 TiB */

struct reader {
	struct config *c;
	struct error *e;
	const char *path;
	int argument_line; /* lines from here on are arguments; 0: none */
	struct text hvm, later;
	int hvm_count;
	bool strict;
};

typedef int (*read_fn)(struct reader *r, const struct cfg_setting *s);

enum kind { KIND_STR, KIND_NUM, KIND_MEM, KIND_ACT, KIND_FN, KIND_QUIET, KIND_LATER, KIND_HVM };

struct key {
	const char *name;
	enum kind kind;
	size_t offset;
	long long min, max;
	read_fn fn;
};

static const char *const actions[] = { "destroy", "restart", "rename-restart", "preserve",
	"coredump-destroy", "coredump-restart", "soft-reset" };

const char *action_name(enum action a)
{
	return a < sizeof(actions) / sizeof(actions[0]) ? actions[a] : "destroy";
}

static void where(const struct reader *r, struct cfg_place at, char *buf, size_t size)
{
	if (r->argument_line && at.line >= r->argument_line)
		snprintf(buf, size, "argument %d:%d", at.line - r->argument_line + 1, at.column);
	else
		snprintf(buf, size, "%s:%d:%d", r->path, at.line, at.column);
}

static int wrong(struct reader *r, struct cfg_place at, const char *what, const char *todo)
{
	char place[512];

	where(r, at, place, sizeof(place));
	error_set(r->e, ERR_CONFIG, "%s: %s", place, what);
	if (todo)
		error_advice(r->e, "%s", todo);
	return -1;
}

static int wrong_kind(struct reader *r, const struct cfg_setting *s, const char *needed)
{
	char what[256];

	snprintf(what, sizeof(what), "%s must be %s", s->name, needed);
	return wrong(r, s->value->at, what, NULL);
}

static int read_uuid(struct reader *r, const struct cfg_setting *s)
{
	if (s->value->type == CFG_LIST || parse_uuid(s->value->text, r->c->uuid))
		return wrong_kind(r, s, "a UUID such as \"0b08c86f-fb1d-460c-954a-ae5260ee48e1\"");
	r->c->has_uuid = true;
	return 0;
}

static int read_type(struct reader *r, const struct cfg_setting *s)
{
	const char *t = s->value->text;

	if (s->value->type != CFG_STRING)
		return wrong_kind(r, s, "\"pv\"");
	if (!strcmp(t, "pv") ||
		(!strcmp(s->name, "builder") && (!strcmp(t, "generic") || !strcmp(t, "linux"))))
		return 0;
	if (!strcmp(t, "pvh") || !strcmp(t, "hvm"))
		return wrong(r, s->value->at, "only paravirtual guests can be started on this host",
			"type = \"pv\"");
	return wrong_kind(r, s, "\"pv\"");
}

static int read_cpus(struct reader *r, const struct cfg_setting *s)
{
	bool soft = !strcmp(s->name, "cpus_soft");
	char ***list = soft ? &r->c->cpus_soft : &r->c->cpus;
	unsigned int *count = soft ? &r->c->ncpus_soft : &r->c->ncpus, i, n;
	struct cfg_value *v = s->value, **items = &v;
	struct cpumap m;

	n = v->type == CFG_LIST ? v->count : 1;
	if (v->type == CFG_LIST)
		items = v->items;
	*list = xalloc(n * sizeof(**list));
	for (i = 0; i < n; i++) {
		if (items[i]->type == CFG_LIST || parse_cpumap(items[i]->text, &m))
			return wrong(r, items[i]->at, "not a list of CPUs",
				"\"0-3,^1\", \"all\", or one such string for each vcpu");
		(*list)[(*count)++] = xstrdup(items[i]->text);
	}
	return 0;
}

static int read_bootloader(struct reader *r, const struct cfg_setting *s)
{
	if (s->value->type == CFG_STRING && (!s->value->text[0] || !strcmp(s->value->text, "none")))
		return 0;
	return wrong(r, s->at, "boot loaders inside guests' disks are not supported",
		"remove it and give kernel = and ramdisk = with files of the control domain");
}

static int read_tsc_mode(struct reader *r, const struct cfg_setting *s)
{
	static const char *const modes[] = { "default", "always_emulate", "native",
		"native_paravirt" };
	unsigned int i;

	for (i = 0; i < 4 && s->value->type != CFG_LIST; i++)
		if (!strcmp(s->value->text, modes[i]) ||
			(s->value->text[0] == '0' + (int)i && !s->value->text[1])) {
			r->c->tsc_mode = i;
			return 0;
		}
	return wrong_kind(r, s, "\"default\", \"always_emulate\" or \"native\"");
}

/* Calls one(spec) for each string of a list setting. */
static int each_spec(struct reader *r, const struct cfg_setting *s,
	int (*one)(struct reader *r, const struct cfg_value *v))
{
	unsigned int i;

	if (s->value->type != CFG_LIST)
		return wrong_kind(r, s, "a list: [ \"...\", \"...\" ]");
	for (i = 0; i < s->value->count; i++) {
		if (s->value->items[i]->type != CFG_STRING)
			return wrong(r, s->value->items[i]->at, "each device is one string", NULL);
		if (one(r, s->value->items[i]))
			return -1;
	}
	return 0;
}

static int one_disk(struct reader *r, const struct cfg_value *v)
{
	struct config *c = r->c;
	struct disk_config *d;
	char why[256], what[320];
	unsigned int i;

	c->disks = xgrow(c->disks, c->ndisks + 1, sizeof(*c->disks));
	d = &c->disks[c->ndisks];
	memset(d, 0, sizeof(*d));
	if (disk_parse(v->text, d, why, sizeof(why))) {
		disk_config_free(d);
		snprintf(what, sizeof(what), "disk %u: %s", c->ndisks, why);
		return wrong(r, v->at, what,
			"\"format=raw, vdev=xvda, access=rw, target=/path\" "
			"(xl-disk-configuration(5))");
	}
	d->at = v->at;
	c->ndisks++;
	for (i = 0; i + 1 < c->ndisks; i++)
		if (c->disks[i].number == d->number) {
			snprintf(what, sizeof(what), "disk %u: vdev %s is taken by disk %u",
				c->ndisks - 1, d->vdev, i);
			return wrong(r, v->at, what, "give each disk its own vdev");
		}
	return 0;
}

static int read_disks(struct reader *r, const struct cfg_setting *s)
{
	return each_spec(r, s, one_disk);
}

static int one_nic(struct reader *r, const struct cfg_value *v)
{
	struct config *c = r->c;
	struct nic_config *n;
	char why[256], what[320];
	unsigned int i;

	c->nics = xgrow(c->nics, c->nnics + 1, sizeof(*c->nics));
	n = &c->nics[c->nnics];
	memset(n, 0, sizeof(*n));
	n->devid = -1;
	if (nic_parse(v->text, n, why, sizeof(why))) {
		nic_config_free(n);
		snprintf(what, sizeof(what), "vif %u: %s", c->nnics, why);
		return wrong(r, v->at, what,
			"\"mac=00:16:3e:xx:xx:xx, bridge=xenbr0\" (xl-network-configuration(5))");
	}
	n->at = v->at;
	c->nnics++;
	if (n->devid < 0)
		n->devid = c->nnics - 1;
	for (i = 0; i + 1 < c->nnics; i++)
		if (c->nics[i].devid == n->devid ||
			(n->has_mac && c->nics[i].has_mac && !memcmp(c->nics[i].mac, n->mac, 6))) {
			snprintf(what, sizeof(what), "vif %u has the same %s as vif %u",
				c->nnics - 1, c->nics[i].devid == n->devid ? "devid" : "mac", i);
			return wrong(r, v->at, what, NULL);
		}
	return 0;
}

static int read_nics(struct reader *r, const struct cfg_setting *s)
{
	return each_spec(r, s, one_nic);
}

static const struct key keys[] = {
#define STR(k, field)		{ k, KIND_STR, offsetof(struct config, field), 0, 0, NULL },
#define NUM(k, field, min, max) { k, KIND_NUM, offsetof(struct config, field), min, max, NULL },
#define MEM(k, field)		{ k, KIND_MEM, offsetof(struct config, field), 0, 0, NULL },
#define ACT(k, field)		{ k, KIND_ACT, offsetof(struct config, field), 0, 0, NULL },
#define FN(k, function)		{ k, KIND_FN, 0, 0, 0, function },
#define QUIET(k)		{ k, KIND_QUIET, 0, 0, 0, NULL },
#define LATER(k)		{ k, KIND_LATER, 0, 0, 0, NULL },
#define HVM(k)			{ k, KIND_HVM, 0, 0, 0, NULL },
#include "tools/lib/config.def"
};
#define NKEYS (sizeof(keys) / sizeof(keys[0]))

static int unknown_key(struct reader *r, const struct cfg_setting *s)
{
	unsigned int best = 3, d;
	const char *meant = NULL;
	char place[512], what[256];
	size_t i;

	for (i = 0; i < NKEYS; i++) {
		d = text_distance(s->name, keys[i].name);
		if (d < best && d * 3 <= strlen(s->name)) {
			best = d;
			meant = keys[i].name;
		}
	}
	snprintf(what, sizeof(what),
		meant ? "unknown key '%.100s' (did you mean '%s'?)" : "unknown key '%.100s'",
		s->name, meant);
	if (r->strict)
		return wrong(r, s->at, what, "correct it, or leave out --strict");
	where(r, s->at, place, sizeof(place));
	text_add(&r->c->warnings, "%s: warning: %s\n", place, what);
	return 0;
}

static int read_action(struct reader *r, const struct cfg_setting *s, enum action *a)
{
	size_t i;

	for (i = 0; i < sizeof(actions) / sizeof(actions[0]) && s->value->type == CFG_STRING; i++)
		if (!strcmp(s->value->text, actions[i])) {
			*a = i;
			return 0;
		}
	return wrong_kind(r, s,
		"\"destroy\", \"restart\", \"rename-restart\", \"preserve\", "
		"\"coredump-destroy\" or "
		"\"coredump-restart\"");
}

static int read_number(
	struct reader *r, const struct cfg_setting *s, const struct key *k, long long *n)
{
	char needed[128];

	if (s->value->type != CFG_LIST && !parse_number(s->value->text, k->min, k->max, n))
		return 0;
	snprintf(needed, sizeof(needed), "a number from %lld to %lld", k->min, k->max);
	return wrong_kind(r, s, needed);
}

static int read_memory(struct reader *r, const struct cfg_setting *s, uint64_t *kb)
{
	long long mb;

	if (s->value->type == CFG_LIST ||
		parse_number(s->value->text, 1, MEMORY_MAX_KB / 1024, &mb))
		return wrong_kind(r, s, "a number of MiB, at least 1");
	*kb = mb * 1024;
	return 0;
}

static int read_setting(struct reader *r, const struct cfg_setting *s)
{
	const struct key *k = NULL;
	char *field;
	size_t i;

	for (i = 0; i < NKEYS; i++)
		if (!strcmp(keys[i].name, s->name))
			k = &keys[i];
	if (!k)
		return unknown_key(r, s);
	field = (char *)r->c + k->offset;
	switch (k->kind) {
	case KIND_STR:
		if (s->value->type == CFG_LIST)
			return wrong_kind(r, s, "a string");
		*(char **)field = xstrdup(s->value->text);
		return 0;
	case KIND_NUM: return read_number(r, s, k, (long long *)field);
	case KIND_MEM: return read_memory(r, s, (uint64_t *)field);
	case KIND_ACT: return read_action(r, s, (enum action *)field);
	case KIND_FN: return k->fn(r, s);
	case KIND_LATER: text_add(&r->later, "%s%s", r->later.len ? ", " : "", k->name); return 0;
	case KIND_HVM:
		text_add(&r->hvm, "%s%s", r->hvm.len ? ", " : "", k->name);
		r->hvm_count++;
		return 0;
	case KIND_QUIET: return 0;
	}
	return 0;
}

/* Letters that are safe in a path, in xenstore and in a terminal. */
static bool name_is_good(const char *name)
{
	const char *p;

	for (p = name; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == '/' || *p == 127)
			return false;
	return *name && *name != '.' && strlen(name) <= NAME_MAX_LEN &&
	       strspn(name, "0123456789") != strlen(name);
}

static void join_cmdline(struct config *c)
{
	if (c->cmdline || (!c->root && !c->extra))
		return;
	c->cmdline = xprintf("%s%s%s%s", c->root ? "root=" : "", c->root ? c->root : "",
		c->root && c->extra ? " " : "", c->extra ? c->extra : "");
}

static int check_whole(struct reader *r)
{
	struct config *c = r->c;

	if (!c->name)
		return error_set(r->e, ERR_CONFIG, "%s: Domain name must be specified.", r->path),
		       error_advice(r->e, "name = \"guest1\""), -1;
	if (!name_is_good(c->name)) {
		error_set(
			r->e, ERR_CONFIG, "%s: \"%s\" cannot be a domain's name", r->path, c->name);
		error_advice(r->e, "letters, digits, '-', '_' and '.'; not only digits");
		return -1;
	}
	if (!c->kernel) {
		error_set(r->e, ERR_CONFIG, "%s: Neither kernel nor bootloader specified", r->path);
		error_advice(r->e, "kernel = \"/boot/vmlinuz-...\"");
		return -1;
	}
	if (!c->memory_kb)
		c->memory_kb = c->maxmem_kb ? c->maxmem_kb : MEMORY_DEFAULT_KB;
	if (!c->maxmem_kb)
		c->maxmem_kb = c->memory_kb;
	if (c->maxmem_kb < c->memory_kb) {
		error_set(r->e, ERR_CONFIG, "%s: maxmem (%llu) is less than memory (%llu)", r->path,
			(unsigned long long)c->maxmem_kb / 1024,
			(unsigned long long)c->memory_kb / 1024);
		return -1;
	}
	if (!c->maxvcpus)
		c->maxvcpus = c->vcpus ? c->vcpus : 1;
	if (!c->vcpus)
		c->vcpus = c->maxvcpus;
	if (c->maxvcpus < c->vcpus)
		return error_set(r->e, ERR_CONFIG, "%s: maxvcpus (%lld) is less than vcpus (%lld)",
			r->path, c->maxvcpus, c->vcpus);
	join_cmdline(c);
	return 0;
}

static int count_lines(const char *text, size_t len)
{
	int n = 1;
	size_t i;

	for (i = 0; i < len; i++)
		n += text[i] == '\n';
	return n;
}

int config_read(const char *path, const char *text, size_t len, const char *arguments, bool strict,
	struct config *c, struct error *e)
{
	struct reader r = { .c = c, .e = e, .path = path, .strict = strict };
	struct text whole = { 0 };
	const struct cfg_setting *s;
	struct cfg_file f;
	int rc;

	memset(c, 0, sizeof(*c));
	c->weight = c->cap = c->max_grant_frames = c->max_maptrack_frames = c->max_event_channels =
		-1;
	c->claim_mode = 1;
	c->on_reboot = ACTION_RESTART;
	c->on_soft_reset = ACTION_SOFT_RESET;
	text_add_bytes(&whole, text, len);
	if (arguments && *arguments) {
		text_add(&whole, "\n%s\n", arguments);
		r.argument_line = count_lines(text, len) + 1;
	}
	rc = cfg_parse(path, whole.s, whole.len, &f, e);
	text_free(&whole);
	if (rc) {
		config_free(c);
		return rc;
	}
	for (s = f.first; s && !rc; s = s->next)
		rc = read_setting(&r, s);
	if (r.hvm.len)
		text_add(&c->warnings, "%s: note: %d HVM-only keys ignored for type=\"pv\": %s\n",
			path, r.hvm_count, r.hvm.s);
	if (r.later.len)
		text_add(&c->warnings, "%s: warning: not supported here and ignored: %s\n", path,
			r.later.s);
	text_free(&r.hvm);
	text_free(&r.later);
	if (!rc)
		rc = check_whole(&r);
	cfg_free(&f);
	if (rc)
		config_free(c);
	return rc;
}

static void free_list(char **list, unsigned int n)
{
	while (n)
		free(list[--n]);
	free(list);
}

void config_free(struct config *c)
{
	unsigned int i;

	for (i = 0; i < c->ndisks; i++)
		disk_config_free(&c->disks[i]);
	for (i = 0; i < c->nnics; i++)
		nic_config_free(&c->nics[i]);
	free(c->disks);
	free(c->nics);
	free_list(c->cpus, c->ncpus);
	free_list(c->cpus_soft, c->ncpus_soft);
	free(c->name);
	free(c->pool);
	free(c->kernel);
	free(c->ramdisk);
	free(c->cmdline);
	free(c->root);
	free(c->extra);
	text_free(&c->warnings);
	memset(c, 0, sizeof(*c));
}
