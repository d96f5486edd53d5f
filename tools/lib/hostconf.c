/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xl.conf: see hostconf.h. The same grammar as a guest's configuration, other names.
 */
#include "tools/lib/hostconf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tools/lib/log.h"
#include "tools/lib/paths.h"

#define SIZE_MAX_CONF (1 << 20)

/* The value of a string or number, NULL when it is not set (or not of that kind). */
static const char *value_of(const struct cfg_file *f, const char *name, const char *old_name)
{
	const struct cfg_setting *s = cfg_find(f, name);

	if (!s && old_name)
		s = cfg_find(f, old_name);
	return s && s->value->type != CFG_LIST ? s->value->text : NULL;
}

static void number_of(const struct cfg_file *f, const char *name, long long max, long long *n)
{
	const char *text = value_of(f, name, NULL);
	long long value;

	if (*n < 0 && text && !parse_number(text, 0, max, &value))
		*n = value;
}

static void set_default(char **to, const char *value)
{
	if (!*to && value && *value)
		*to = xstrdup(value);
}

static void apply(const struct cfg_file *f, struct config *c)
{
	unsigned int i;

	for (i = 0; i < c->nnics; i++) {
		struct nic_config *n = &c->nics[i];

		set_default(&n->script, value_of(f, "vif.default.script", "vifscript"));
		set_default(&n->bridge, value_of(f, "vif.default.bridge", "defaultbridge"));
		set_default(&n->gatewaydev, value_of(f, "vif.default.gatewaydev", NULL));
	}
	number_of(f, "max_grant_frames", 65535, &c->max_grant_frames);
	number_of(f, "max_maptrack_frames", 65535, &c->max_maptrack_frames);
}

/* The parsed file; false when there is none, or none that can be read. */
static bool read_conf(struct cfg_file *f)
{
	struct error e = { 0 };
	bool ok = false;
	size_t len;
	char *text = file_read(path_conf, SIZE_MAX_CONF, &len);

	if (!text) {
		if (errno != ENOENT)
			log_line(LOG_WARN, "%s: warning: %s", path_conf, strerror(errno));
		return false;
	}
	if (cfg_parse(path_conf, text, len, f, &e))
		log_line(LOG_WARN, "warning: %s; its defaults are not used", e.what);
	else
		ok = true;
	free(text);
	return ok;
}

void hostconf_apply(struct config *c)
{
	struct cfg_file f;

	if (!read_conf(&f))
		return;
	apply(&f, c);
	cfg_free(&f);
}

enum backend_type hostconf_backend(const char *name)
{
	char *key = xprintf("%s.default.backendtype", name);
	enum backend_type type = BACKEND_USER;
	const char *value;
	struct cfg_file f;

	if (read_conf(&f)) {
		value = value_of(&f, key, NULL);
		if (value && !strcmp(value, "user"))
			type = BACKEND_USER;
		else if (value && !strcmp(value, "phy"))
			type = BACKEND_KERNEL;
		else if (value)
			log_line(LOG_WARN, "%s: warning: %s is neither user nor phy", path_conf,
				key);
		cfg_free(&f);
	}
	free(key);
	return type;
}
