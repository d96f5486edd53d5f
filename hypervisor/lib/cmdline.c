/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line: words separated by white space, `name=value` or a bare name; "--" ends it. A
 * boolean is set by its bare name or =yes/on/true/enable/1, cleared by no-NAME or
 * =no/off/false/disable/0 (Xen's command line document). The table is abi/options.def; unknown or
 * badly written words are kept and told to cmdline_report's caller.
 */
#include "lib/cmdline.h"
#include "lib/string.h"

#define UNKNOWN_MAX 16

enum option_kind { KIND_BOOL, KIND_UINT, KIND_SIZE, KIND_STRING };

struct option {
	const char *name;
	enum option_kind kind;
	void *value;
};

struct options opt = {
#define OPT_BOOL(id, name, dflt, text)	 .id = dflt,
#define OPT_UINT(id, name, dflt, text)	 .id = dflt,
#define OPT_SIZE(id, name, dflt, text)	 .id = dflt,
#define OPT_STRING(id, name, dflt, text) .id = dflt,
#include "abi/options.def"
#undef OPT_BOOL
#undef OPT_UINT
#undef OPT_SIZE
#undef OPT_STRING
};

static const struct option options[] = {
#define OPT_BOOL(id, name, dflt, text)	 { name, KIND_BOOL, &opt.id },
#define OPT_UINT(id, name, dflt, text)	 { name, KIND_UINT, &opt.id },
#define OPT_SIZE(id, name, dflt, text)	 { name, KIND_SIZE, &opt.id },
#define OPT_STRING(id, name, dflt, text) { name, KIND_STRING, opt.id },
#include "abi/options.def"
#undef OPT_BOOL
#undef OPT_UINT
#undef OPT_SIZE
#undef OPT_STRING
};

static char full_text[2048];
static char unknown[UNKNOWN_MAX][64];
static unsigned unknown_count;

/* 1 true, 0 false, -1 neither. */
static int parse_bool(const char *s)
{
	static const char *const yes[] = { "yes", "on", "true", "enable", "1" };
	static const char *const no[] = { "no", "off", "false", "disable", "0" };

	for (unsigned i = 0; i < ARRAY_SIZE(yes); i++) {
		if (strcmp(s, yes[i]) == 0)
			return 1;
		if (strcmp(s, no[i]) == 0)
			return 0;
	}
	return -1;
}

bool parse_size(const char *s, u64 *bytes)
{
	const char *end;
	unsigned shift = 10;
	u64 n = parse_u64(s, &end, 0);

	if (end == s || n == ~0ull)
		return false;
	switch (*end | 0x20) {
	case 't': shift = 40; break;
	case 'g': shift = 30; break;
	case 'm': shift = 20; break;
	case 'k': shift = 10; break;
	case 'b': shift = 0; break;
	default: end--;
	}
	if (end[1] || n > ~0ull >> shift)
		return false;
	*bytes = n << shift;
	return true;
}

/* Store value (NULL: bare name) in the option; `negated`: it was written no-NAME. */
static bool option_set(const struct option *o, const char *value, bool negated)
{
	const char *end;
	int yes;
	u64 n;

	switch (o->kind) {
	case KIND_BOOL:
		yes = value ? parse_bool(value) : 1;
		if (yes < 0)
			return false;
		*(bool *)o->value = negated ? !yes : yes;
		return true;
	case KIND_UINT:
		if (negated || !value) {
			*(u64 *)o->value = 0;
			return negated && !value;
		}
		n = parse_u64(value, &end, 0);
		if (end == value || *end)
			return false;
		*(u64 *)o->value = n;
		return true;
	case KIND_SIZE: return value && !negated && parse_size(value, o->value);
	case KIND_STRING:
		if (negated)
			return false;
		return strlcpy(o->value, value ? value : "", OPT_STRING_MAX) < OPT_STRING_MAX;
	}
	return false;
}

static const struct option *option_find(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(options); i++)
		if (strcmp(options[i].name, name) == 0)
			return &options[i];
	return NULL;
}

static void word_parse(char *word)
{
	char *value = strchr(word, '=');
	const struct option *o;
	bool negated = false;

	if (value)
		*value++ = '\0';
	o = option_find(word);
	if (!o && strncmp(word, "no-", 3) == 0) {
		o = option_find(word + 3);
		negated = true;
	}
	if ((!o || !option_set(o, value, negated)) && unknown_count < UNKNOWN_MAX)
		strlcpy(unknown[unknown_count++], word, sizeof(unknown[0]));
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

void cmdline_parse(const char *text)
{
	char word[256];

	strlcpy(full_text, text, sizeof(full_text));
	unknown_count = 0;
	for (;;) {
		size_t n = 0;

		while (is_space(*text))
			text++;
		if (!*text)
			return;
		for (; *text && !is_space(*text); text++)
			if (n + 1 < sizeof(word))
				word[n++] = *text;
		word[n] = '\0';
		if (strcmp(word, "--") == 0)
			return;
		word_parse(word);
	}
}

const char *cmdline_text(void)
{
	return full_text;
}

void cmdline_report(void (*say)(const char *name))
{
	for (unsigned i = 0; i < unknown_count; i++)
		say(unknown[i]);
}
