/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's own user; see user.h. */
#include "user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report.h"

/* What a start and a live update open, root's otherwise. */
static const char *const devices[] = {
	"/dev/xen/evtchn",
	"/dev/xen/gntdev",
	"/dev/xen/privcmd",
	"/dev/xen/hypercall",
	"/proc/xen/xsd_kva",
	"/proc/xen/xsd_port",
};

/* Let the group use it. 0, also when it is not there, or an errno. */
static int share(const char *path, gid_t group)
{
	struct stat st;

	if (stat(path, &st))
		return errno == ENOENT ? 0 : errno;
	if (chown(path, (uid_t)-1, group) || chmod(path, (st.st_mode & 07777) | 0060))
		return errno;
	return 0;
}

/* A folder of the daemon's alone, not one like /tmp: it, and a log that root left there. */
static int hand_over(const char *dir, const struct passwd *pw)
{
	static const char *const files[] = { "log.0", "log.1" };
	char path[512];
	struct stat st;

	if (stat(dir, &st))
		return errno;
	if (st.st_mode & S_IWOTH)
		return EPERM;
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		if (lchown(path, pw->pw_uid, pw->pw_gid) && errno != ENOENT)
			return errno;
	}
	return chown(dir, pw->pw_uid, pw->pw_gid) ? errno : 0;
}

void user_become(const char *run_dir, bool domains)
{
	const struct passwd *pw = geteuid() ? NULL : getpwnam(USER_NAME);
	int err;

	if (!pw)
		return;
	err = hand_over(run_dir, pw);
	for (size_t i = 0; domains && !err && i < sizeof(devices) / sizeof(devices[0]); i++)
		err = share(devices[i], pw->pw_gid);
	if (err) {
		report("cannot become user %s (%s): goes on as root", USER_NAME, strerror(err));
		return;
	}
	if (setgroups(0, NULL) || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) ||
		setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid))
		die("cannot become user %s: %s", USER_NAME, strerror(errno));
}
