/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sandbox.h"

#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define NOBODY 65534

#ifndef FL_TEST_BUILD /* set for what the tests run (Makefile) */
#define FL_TEST_BUILD 0
#endif

/* The current folder becomes one that has been removed: it is empty, and nothing can be made in it,
 * whatever the user's rights. */
static bool enter_nowhere(void)
{
	static const char *const places[] = {"/run", "/tmp", "/dev/shm"};

	for (size_t i = 0; i < COUNT_OF(places); i++) {
		char path[64];

		snprintf(path, sizeof(path), "%s/fairlead.XXXXXX", places[i]);
		if (!mkdtemp(path))
			continue;
		if (chdir(path) == 0)
			return rmdir(path) == 0;
		rmdir(path);
	}
	return false;
}

static bool empty_root(void)
{
	/* Who may not change the root may do so in a user namespace of its own. */
	if (geteuid() != 0)
		(void)unshare(CLONE_NEWUSER);
	return enter_nowhere() && chroot(".") == 0;
}

static void limit_resources(void)
{
	const struct rlimit none = {0, 0};
	struct rlimit files;

	setrlimit(RLIMIT_CORE, &none);
	setrlimit(RLIMIT_FSIZE, &none);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static void drop_bounding_set(void)
{
	for (unsigned long cap = 0; cap < 64; cap++)
		prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
}

/* In a user namespace that maps one user there is nobody else to become. */
static bool become_nobody(void)
{
	if (setgroups(0, NULL) < 0 && errno != EPERM)
		return false;
	return setresgid(NOBODY, NOBODY, NOBODY) == 0 && setresuid(NOBODY, NOBODY, NOBODY) == 0;
}

static bool drop_capabilities(void)
{
	cap_t none = cap_init();
	bool done = none && cap_set_proc(none) == 0;

	cap_free(none);
	return done;
}

void sandbox_enter(struct textbuf *how)
{
	bool root;

	limit_resources();
	root = empty_root();
	drop_bounding_set();
	become_nobody();
	textbuf_printf(how, "user %u, %s root", (unsigned)geteuid(), root ? "empty" : "unchanged");
	textbuf_printf(how, ", %s", drop_capabilities() ? "no capabilities" : "capabilities kept");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		textbuf_printf(how, ", may gain privileges");
}

static int add_rules(scmp_filter_ctx filter, const int *allowed, size_t n, int protection)
{
	int err = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

	if (err == 0)
		err = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	for (size_t i = 0; err == 0 && i < n; i++)
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	if (err == 0)
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
			SCMP_A2(SCMP_CMP_EQ, (scmp_datum_t)protection, 0));
	return err;
}

/* raise(3) is a call too many itself where it is not allowed, and the process dies of that; where
 * it is, of the signal.  SIGSYS either way, as in the product. */
static void name_violation(int signal, siginfo_t *info, void *context)
{
	char room[80];
	struct textbuf text = textbuf_of(room, sizeof(room));
	ssize_t ignored;

	(void)context;
	textbuf_printf(&text, "sandbox: system call %d is not allowed\n", info->si_syscall);
	ignored = write(STDERR_FILENO, room, text.n);
	(void)ignored;
	raise(signal);
}

/* What is done to a process that makes another call.  The build that the tests run names it. */
static uint32_t action_on_violation(void)
{
	struct sigaction name = {
		.sa_sigaction = name_violation, .sa_flags = SA_SIGINFO | (int)SA_RESETHAND};

	if (!FL_TEST_BUILD || sigaction(SIGSYS, &name, NULL) < 0)
		return SCMP_ACT_KILL_PROCESS;
	return SCMP_ACT_TRAP;
}

enum fl_err sandbox_filter(const int *allowed, size_t n, int protection)
{
	scmp_filter_ctx filter = seccomp_init(action_on_violation());
	int err = filter ? add_rules(filter, allowed, n, protection) : -ENOMEM;

	if (err == 0)
		err = seccomp_load(filter);
	seccomp_release(filter);
	errno = -err;
	return err == 0 ? FL_OK : FL_EIO;
}
