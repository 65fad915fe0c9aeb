/* SPDX-License-Identifier: GPL-2.0-or-later */
/* posix_spawn(3) does not copy our memory map, which fork(2) would. */
#include "helper_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

static int spawn(const char *program, char *const argv[], const int *fds, size_t nfds, pid_t *pid)
{
	char *const environment[] = {NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t how;
	sigset_t none, all;
	int err;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_init(&how);
	posix_spawnattr_setsigmask(&how, &none);
	posix_spawnattr_setsigdefault(&how, &all);
	posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_init(&files);
	for (size_t i = 0; i < nfds; i++)
		posix_spawn_file_actions_adddup2(&files, fds[i], HELPER_FIRST_FD + (int)i);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addclosefrom_np(&files, HELPER_FIRST_FD + (int)nfds);
	err = posix_spawn(pid, program, &files, &how, argv, environment);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&how);
	return err;
}

int helper_spawn(const char *program, char *const argv[], const int *fds, size_t nfds, pid_t *pid)
{
	int away[HELPER_FDS_MAX], err = 0;
	size_t n = 0;

	/* Out of the way first: one may have the number that is meant for another. */
	while (n < nfds && err == 0) {
		away[n] = fcntl(fds[n], F_DUPFD_CLOEXEC, HELPER_FIRST_FD + HELPER_FDS_MAX);
		if (away[n] < 0)
			err = errno;
		else
			n++;
	}
	if (err == 0)
		err = spawn(program, argv, away, n, pid);
	while (n)
		close(away[--n]);
	return err;
}
