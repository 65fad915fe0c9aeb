/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "settings_file.h"
#include "whole.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE_MAX_SETTINGS ((off_t)64 << 20)

static enum fl_err failed(struct textbuf *why, const char *what, const char *path)
{
	textbuf_printf(why, "%s %s: %s", what, path, strerror(errno));
	return errno == ENOENT ? FL_ENOENT : FL_EIO;
}

static enum fl_err load(
	void *ctx, const char *name, struct arena *mem, struct bytes *out, struct textbuf *why)
{
	const char *path = ctx;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	enum fl_err err = FL_OK;
	uint8_t *at;

	(void)name;
	if (fd < 0)
		return failed(why, "open", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > SIZE_MAX_SETTINGS) {
		textbuf_printf(why, "%s is no file of settings", path);
		err = FL_EFORMAT;
	} else if (!(at = arena_octets(mem, NULL, (size_t)st.st_size))) {
		err = FL_EFULL;
	} else if (!read_whole(fd, at, (size_t)st.st_size)) {
		err = failed(why, "read", path);
	} else {
		*out = bytes_of(at, (size_t)st.st_size);
	}
	close(fd);
	return err;
}

/* Everything up to the end.  -1 with errno: also for one that is too large. */
static ssize_t read_to_end(int fd, struct arena *mem, uint8_t **at)
{
	size_t n = 0, cap = 65536;
	ssize_t got;

	*at = arena_alloc(mem, cap);
	while (*at && n < (size_t)SIZE_MAX_SETTINGS) {
		got = read(fd, *at + n, cap - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -1 : (ssize_t)n;
		n += (size_t)got;
		if (n == cap) {
			uint8_t *more = arena_alloc(mem, 2 * cap);

			if (more)
				memcpy(more, *at, n);
			*at = more;
			cap *= 2;
		}
	}
	errno = *at ? EFBIG : ENOMEM;
	return -1;
}

enum fl_err settings_file_read(
	const char *path, struct arena *mem, struct bytes *out, struct textbuf *why)
{
	bool is_input = strcmp(path, "-") == 0;
	int fd = is_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	enum fl_err err = FL_OK;
	uint8_t *at;
	ssize_t n;

	if (fd < 0)
		return failed(why, "open", path);
	n = read_to_end(fd, mem, &at);
	if (n < 0)
		err = failed(why, "read", path);
	else
		*out = bytes_of(at, (size_t)n);
	if (!is_input)
		close(fd);
	return err;
}

/* The name of the folder must be on the disk as well, or a power cut brings back the old file's
 * name. */
static void sync_folder(const char *path)
{
	char copy[4096];
	int fd;

	snprintf(copy, sizeof(copy), "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

static enum fl_err save(void *ctx, const char *name, struct bytes content, struct textbuf *why)
{
	const char *path = ctx;
	char next[4096], before[4096];
	mode_t mode = 0600;
	struct stat st;
	enum fl_err err;
	int fd;

	(void)name;
	snprintf(next, sizeof(next), "%s.new", path);
	snprintf(before, sizeof(before), "%s~", path);
	if (stat(path, &st) == 0)
		mode = st.st_mode & 0777;
	fd = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	if (fd < 0)
		return failed(why, "open", next);
	if (!write_whole(fd, content) || fsync(fd) < 0) {
		err = failed(why, "write", next);
		close(fd);
		unlink(next);
		return err == FL_ENOENT ? FL_EIO : err;
	}
	close(fd);
	/* For people only: nothing of ours reads it, so that its failure is no reason to refuse a
	 * commit. */
	unlink(before);
	if (link(path, before) < 0)
		errno = 0;
	if (rename(next, path) < 0) {
		err = failed(why, "rename", next);
		unlink(next);
		return err;
	}
	sync_folder(path);
	return FL_OK;
}

static enum fl_err forget(void *ctx, const char *name)
{
	(void)name;
	return unlink(ctx) == 0 ? FL_OK : errno == ENOENT ? FL_ENOENT : FL_EIO;
}

void settings_file_open(struct storage *out, const char *path)
{
	*out = (struct storage){(void *)(uintptr_t)path, load, save, forget};
}
