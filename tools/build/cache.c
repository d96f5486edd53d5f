/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The folder of unpacked kernels: see cache.h. It belongs to the user who makes guests and nobody
 * else may write to it; otherwise it is not used, for what is in it is loaded into guests. An
 * entry's time of modification is the time of its last use.
 */
#include "tools/build/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/lib/log.h"
#include "tools/lib/paths.h"

#define SUFFIX	   ".elf"
#define NAME_BYTES 32 /* of the hash */

uint64_t cache_limit = 512 << 20;

int cache_name(const uint8_t *file, size_t len, char name[CACHE_NAME_MAX])
{
	uint8_t sum[EVP_MAX_MD_SIZE];
	size_t i;

	if (!EVP_Q_digest(NULL, "BLAKE2B-512", NULL, file, len, sum, NULL))
		return -1;
	for (i = 0; i < NAME_BYTES; i++)
		sprintf(name + 2 * i, "%02x", sum[i]);
	strcpy(name + 2 * i, SUFFIX);
	return 0;
}

/* The folder, made when it is not there; -1: not to be used. */
static int open_folder(void)
{
	struct stat st;
	int fd;

	mkdir(path_cache, 0700);
	fd = open(path_cache, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -1;
	if (!fstat(fd, &st) && st.st_uid == geteuid() && !(st.st_mode & (S_IWGRP | S_IWOTH)))
		return fd;
	log_line(LOG_DBG, "%s is not ours alone: kernels are not kept there", path_cache);
	close(fd);
	return -1;
}

const uint8_t *cache_map(const char *name, size_t *len)
{
	int folder = open_folder(), fd = -1;
	void *p = MAP_FAILED;
	struct stat st;

	if (folder >= 0)
		fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size) {
		*len = st.st_size;
		p = mmap(NULL, *len, PROT_READ, MAP_PRIVATE, fd, 0);
		futimens(fd, NULL);
	}
	if (fd >= 0)
		close(fd);
	if (folder >= 0)
		close(folder);
	return p == MAP_FAILED ? NULL : p;
}

static bool is_entry(const char *name)
{
	size_t n = strlen(name);

	return n > strlen(SUFFIX) && !strcmp(name + n - strlen(SUFFIX), SUFFIX);
}

/* The bytes of all entries, and which was used longest ago. */
static uint64_t survey(int folder, char oldest[256])
{
	DIR *d = fdopendir(dup(folder));
	struct timespec first = { 0 };
	struct dirent *f;
	uint64_t sum = 0;
	struct stat st;

	oldest[0] = 0;
	if (!d)
		return 0;
	rewinddir(d);
	while ((f = readdir(d))) {
		if (!is_entry(f->d_name) || fstatat(folder, f->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		sum += st.st_size;
		if (oldest[0] && (st.st_mtim.tv_sec > first.tv_sec ||
					 (st.st_mtim.tv_sec == first.tv_sec &&
						 st.st_mtim.tv_nsec >= first.tv_nsec)))
			continue;
		first = st.st_mtim;
		snprintf(oldest, 256, "%s", f->d_name);
	}
	closedir(d);
	return sum;
}

static int make_room(int folder, size_t len)
{
	char oldest[256];

	if (len > cache_limit)
		return -1;
	while (survey(folder, oldest) + len > cache_limit)
		if (!oldest[0] || unlinkat(folder, oldest, 0))
			return -1;
	return 0;
}

static int write_all(int fd, const uint8_t *p, size_t len)
{
	ssize_t n;

	for (; len; p += n, len -= n) {
		n = write(fd, p, len);
		if (n <= 0)
			return -1;
	}
	return fdatasync(fd);
}

void cache_keep(const char *name, const uint8_t *image, size_t len)
{
	int folder = open_folder(), fd = -1, rc = -1;
	char part[32];

	if (folder < 0)
		return;
	/* Nobody sees half an entry, also when two make it at once. */
	snprintf(part, sizeof(part), "part.%d", getpid());
	if (!make_room(folder, len))
		fd = openat(folder, part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd >= 0) {
		rc = write_all(fd, image, len);
		close(fd);
		if (!rc)
			rc = renameat(folder, part, folder, name);
		if (rc)
			unlinkat(folder, part, 0);
	}
	if (rc)
		log_line(LOG_DBG, "%s: the unpacked kernel is not kept: %s", path_cache,
			strerror(errno));
	close(folder);
}
