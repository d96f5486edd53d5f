/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vif syntax of xl.cfg: "key=value,key=value", all optional. Pure. The syntax is in
 * xl-network-configuration(5).
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/lib/config.h"
#include "tools/lib/nicguard.h"

#define IFNAME_MAX 15

struct spec {
	struct nic_config *n;
	char *why;
	size_t size;
};

static int bad(struct spec *s, const char *fmt, const char *value)
{
	snprintf(s->why, s->size, fmt, value);
	return -1;
}

static int set_string(char **to, const char *v)
{
	free(*to);
	*to = xstrdup(v);
	return 0;
}

static bool good_ifname(const char *v)
{
	const char *p;

	for (p = v; *p; p++)
		if (!isgraph((unsigned char)*p) || *p == '/')
			return false;
	return *v && strlen(v) <= IFNAME_MAX && strcmp(v, ".") && strcmp(v, "..");
}

static int set_ifname(struct spec *s, char **to, const char *v)
{
	return good_ifname(v)
		       ? set_string(to, v)
		       : bad(s, "'%.100s' cannot be an interface's name (15 letters at most)", v);
}

/* Not one that another guest's interface begins with. */
static int set_vifname(struct spec *s, const char *v)
{
	unsigned int domid, devid;
	int end = 0;

	sscanf(v, "vif%u.%u%n", &domid, &devid, &end);
	return end && !v[end] ? bad(s, "vifname '%.100s' is how a back end names its own", v)
			      : set_ifname(s, &s->n->vifname, v);
}

static int set_mac(struct spec *s, const char *v)
{
	if (parse_mac(v, s->n->mac))
		return bad(s, "'%.100s' is not a MAC address", v);
	if (s->n->mac[0] & 1)
		return bad(s, "'%.100s' is a multicast address", v);
	s->n->has_mac = true;
	return 0;
}

static int set_number(
	struct spec *s, const char *key, const char *v, long long min, long long max, long long *n)
{
	if (!parse_number(v, min, max, n))
		return 0;
	snprintf(s->why, s->size, "%s must be a number from %lld to %lld", key, min, max);
	return -1;
}

/* Only domain 0 serves devices here. */
static int check_backend(struct spec *s, const char *v)
{
	if (!strcmp(v, "0") || !strcmp(v, "Domain-0"))
		return 0;
	return bad(s, "backend '%.100s': only the control domain (0) can serve devices", v);
}

static int set_backendtype(struct spec *s, const char *v)
{
	if (!strcmp(v, "user"))
		s->n->backend = BACKEND_USER;
	else if (!strcmp(v, "phy"))
		s->n->backend = BACKEND_KERNEL;
	else
		return bad(s, "unknown backendtype '%.100s'; user and phy are known", v);
	return 0;
}

static int set_key(struct spec *s, const char *key, const char *v)
{
	struct nic_config *n = s->n;
	long long number;

	if (!strcmp(key, "mac"))
		return set_mac(s, v);
	if (!strcmp(key, "bridge"))
		return set_ifname(s, &n->bridge, v);
	if (!strcmp(key, "vifname"))
		return set_vifname(s, v);
	if (!strcmp(key, "gatewaydev") || !strcmp(key, "netdev"))
		return set_ifname(s, &n->gatewaydev, v);
	if (!strcmp(key, "ip"))
		return set_string(&n->ip, v);
	if (!strcmp(key, "antispoof")) {
		if (set_number(s, key, v, 0, 1, &number))
			return -1;
		n->antispoof = number;
		return 0;
	}
	if (!strcmp(key, "script"))
		return set_string(&n->script, v);
	if (!strcmp(key, "backend"))
		return check_backend(s, v);
	if (!strcmp(key, "backendtype"))
		return set_backendtype(s, v);
	if (!strcmp(key, "rate"))
		return parse_rate(v, &n->rate_bytes, &n->rate_interval_us)
			       ? bad(s, "rate '%.100s' is not like 10Mb/s or 1MB/s@20ms", v)
			       : 0;
	if (!strcmp(key, "mtu")) {
		if (set_number(s, key, v, 68, 65535, &number))
			return -1;
		n->mtu = number;
		return 0;
	}
	if (!strcmp(key, "devid")) {
		if (set_number(s, key, v, 0, 4095, &number))
			return -1;
		n->devid = number;
		return 0;
	}
	/* Of emulated cards, and trust in the back end: nothing to do for a PV guest. */
	if (!strcmp(key, "type") || !strcmp(key, "model") || !strcmp(key, "trusted") ||
		!strcmp(key, "vlan") || !strcmp(key, "forwarddev") || !strcmp(key, "accel"))
		return 0;
	return bad(s, "unknown parameter '%.100s'", key);
}

int nic_parse(const char *spec, struct nic_config *n, char *why, size_t size)
{
	struct spec s = { .n = n, .why = why, .size = size };
	char *copy = xstrdup(spec), *next = copy, *w, *eq;
	size_t len;
	int rc = 0;

	while (!rc && (w = strsep(&next, ","))) {
		while (isspace((unsigned char)*w))
			w++;
		for (len = strlen(w); len && isspace((unsigned char)w[len - 1]); len--)
			w[len - 1] = 0;
		if (!*w)
			continue;
		eq = strchr(w, '=');
		if (!eq) {
			rc = bad(&s, "'%.100s' has no value", w);
			break;
		}
		*eq = 0;
		rc = set_key(&s, w, eq + 1);
	}
	free(copy);
	if (!rc && n->antispoof && !nicguard_good_ips(n->ip))
		rc = bad(&s, "antispoof=1 needs addresses: '%.100s' are none", n->ip);
	return rc;
}

static void add_string(struct text *t, const char *key, const char *value)
{
	if (value)
		text_add(t, ",%s=%s", key, value);
}

char *nic_format(const struct nic_config *n)
{
	struct text t = { 0 };
	char mac[18];

	text_add(&t, "devid=%d", n->devid);
	format_mac(n->mac, mac);
	if (n->has_mac)
		add_string(&t, "mac", mac);
	add_string(&t, "bridge", n->bridge);
	add_string(&t, "ip", n->ip);
	add_string(&t, "script", n->script);
	add_string(&t, "vifname", n->vifname);
	add_string(&t, "gatewaydev", n->gatewaydev);
	if (n->antispoof)
		add_string(&t, "antispoof", "1");
	if (n->backend)
		add_string(&t, "backendtype", n->backend == BACKEND_USER ? "user" : "phy");
	if (n->mtu)
		text_add(&t, ",mtu=%u", n->mtu);
	if (n->rate_bytes)
		text_add(&t, ",rate=%lluB/s@%uus",
			(unsigned long long)(n->rate_bytes * 1000000 / n->rate_interval_us),
			n->rate_interval_us);
	return t.s;
}

void nic_config_free(struct nic_config *n)
{
	free(n->bridge);
	free(n->ip);
	free(n->script);
	free(n->vifname);
	free(n->gatewaydev);
	memset(n, 0, sizeof(*n));
}
