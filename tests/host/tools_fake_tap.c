/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Taps as tools/lib/nictap.h has them, on the model host: an interface is a directory below the
 * model's sysfs, with its alias. And the number of CPUs of the control domain.
 */
#include "tools/lib/nictap.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "tests/host/tools_fake.h"

int get_nprocs(void)
{
	return fake.cpus;
}

static void path_of(char *path, size_t size, const char *name, const char *file)
{
	snprintf(path, size, "%s/class/net/%s/%s", fake.dir, name, file);
}

void fake_netdev(const char *name, const char *alias)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/class", fake.dir);
	mkdir(path, 0700);
	strcat(path, "/net");
	mkdir(path, 0700);
	path_of(path, sizeof(path), name, "");
	mkdir(path, 0700);
	path_of(path, sizeof(path), name, "ifalias");
	f = fopen(path, "w");
	if (f)
		fprintf(f, "%s\n", alias);
	if (f)
		fclose(f);
}

bool fake_has_netdev(const char *name)
{
	char path[256];

	path_of(path, sizeof(path), name, "");
	return !access(path, F_OK);
}

void fake_rename_netdev(const char *name, const char *to)
{
	char path[2][256];

	path_of(path[0], sizeof(path[0]), name, "");
	path_of(path[1], sizeof(path[1]), to, "");
	rename(path[0], path[1]);
}

int nictap_open(const char *name, const char *mark, int *fds, unsigned int count, struct error *e)
{
	unsigned int i;

	if (!fake_has_netdev(name))
		fake_netdev(name, mark);
	snprintf(fake.opened, sizeof(fake.opened), "%s", name);
	for (i = 0; i < count; i++)
		fds[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
	return count;
}

void nictap_remove(const char *name)
{
	char path[256];

	path_of(path, sizeof(path), name, "ifalias");
	unlink(path);
	path_of(path, sizeof(path), name, "");
	rmdir(path);
}
