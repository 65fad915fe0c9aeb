/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fairlead-update - install a signed update into the other slot; fairleadd runs it.
 *
 * It prints lines: "progress 42 writing", and at last "installed VERSION" (status 0) or "error:
 * ..." (status 1). */
#include "update_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define FACTS    "/etc/fairlead"
#define DOWNLOAD "/data/update.new"

extern char **environ;

#define STEP 25 /* percent: a line for each */

static void progress(void *ctx, unsigned percent, const char *what)
{
	unsigned *last = ctx;

	if (percent / STEP == *last / STEP && percent >= *last)
		return;
	*last = percent;
	printf("progress %u %s\n", percent, what);
	fflush(stdout);
}

static int failed(const char *what, const char *why)
{
	printf("error: %s: %s\n", what, why);
	return 1;
}

/* The slot that runs, as the boot loader told the kernel; '\0': this is no image. */
static char running_slot(void)
{
	char line[4096];
	FILE *f = fopen("/proc/cmdline", "re");
	const char *at = f && fgets(line, sizeof(line), f) ? strstr(line, "fl.slot=") : NULL;

	if (f)
		fclose(f);
	return at && (at[8] == 'a' || at[8] == 'b') ? at[8] : '\0';
}

/* wget, with what it complains of in a pipe.  0 or an errno. */
static int start_wget(const char *url, pid_t *pid, int complaints)
{
	/* An array of its own for each word: posix_spawn(3) takes no constants. */
	char program[] = "timeout", patience[] = "900", wget[] = "wget"; /* its own -T crashes */
	char quiet[] = "-q", any[] = "--no-check-certificate", to[] = "-O" DOWNLOAD, from[1024];
	char *const argv[] = {program, patience, wget, quiet, any, to, from, NULL};
	posix_spawn_file_actions_t files;
	int error;

	snprintf(from, sizeof(from), "%s", url);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, complaints, STDERR_FILENO);
	error = posix_spawnp(pid, argv[0], &files, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	return error;
}

/* The last line that comes before the end; "": none. */
static void last_line(int fd, char *out, size_t size)
{
	char line[200];
	FILE *f = fdopen(fd, "r");

	out[0] = '\0';
	while (f && fgets(line, sizeof(line), f))
		snprintf(out, size, "%.*s", (int)strcspn(line, "\n"), line);
	if (f)
		fclose(f);
}

/* By the system's own program; what comes is believed only when its signature is good. */
static int download(const char *url)
{
	char complaint[200], words[300];
	pid_t pid;
	int status = 0, error, fds[2];

	printf("progress 0 downloading\n");
	fflush(stdout);
	if (pipe2(fds, O_CLOEXEC) < 0)
		return failed("wget", strerror(errno));
	error = start_wget(url, &pid, fds[1]);
	close(fds[1]);
	last_line(fds[0], complaint, sizeof(complaint));
	if (error)
		return failed("wget", strerror(error));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status == 0)
		return 0;
	unlink(DOWNLOAD);
	snprintf(words, sizeof(words), "it cannot be downloaded: %s",
		complaint[0] ? complaint : "it takes longer than 15 minutes");
	return failed(url, words);
}

static bool is_url(const char *source)
{
	return strncmp(source, "http://", 7) == 0 || strncmp(source, "https://", 8) == 0 ||
	       strncmp(source, "ftp://", 6) == 0;
}

static int install(const char *source, bool force)
{
	char a[64], b[64], state[64], words[400];
	struct textbuf why = textbuf_of(words, sizeof(words));
	unsigned last = 0;
	struct update_place place = {FACTS, state, {a, b}, running_slot(), force, progress, &last};
	bool fetched = is_url(source);
	enum fl_err err;

	if (!place.running || !partition_find("fl-slot-a", a, sizeof(a)) ||
		!partition_find("fl-slot-b", b, sizeof(b)) ||
		!partition_find("fl-state", state, sizeof(state)))
		return failed("this router", "it does not run from an image with two slots");
	if (fetched && download(source))
		return 1;
	err = update_install(&place, fetched ? DOWNLOAD : source, &why);
	if (fetched)
		unlink(DOWNLOAD);
	if (err)
		return failed(source, words);
	printf("installed %s\n", words);
	return 0;
}

int main(int argc, char **argv)
{
	bool force = argc > 1 && strcmp(argv[1], "--force") == 0;

	if (argc != 2 + force || argv[argc - 1][0] == '-') {
		fputs("usage: fairlead-update [--force] FILE|URL\n", stderr);
		return 2;
	}
	return install(argv[argc - 1], force);
}
