/* SPDX-License-Identifier: GPL-2.0-or-later */
/* storage_files.c - files that survive a power cut.
 *
 * The order of the calls is the whole point, and a test cuts it short after each one:
 *   1. write a new file (".new") beside the item;
 *   2. fsync it, so that no file system renames an empty one (delayed allocation);
 *   3. rename it over the item: this is the atomic step;
 *   4. fsync the directory, so that the rename itself lasts.
 * There is one name for the new file, whatever the item: what a cut leaves behind is overwritten by
 * the next save and takes away no room after the next start. */
#include "storage_files.h"

#include "crc32.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEW_FILE ".new"

struct storage_files {
	const struct storage_calls *calls;
	const char *dir; /* for messages */
	int dir_fd;
};

/* ---- the format of a file ---- */

void storage_header_write(struct bytes content, uint8_t out[STORAGE_HEADER_SIZE])
{
	char line[STORAGE_HEADER_SIZE + 32];

	snprintf(line, sizeof(line), "#fairlead 1 %010zu %08x\n", content.n,
		crc32_add(0, content.at, content.n));
	memcpy(out, line, STORAGE_HEADER_SIZE);
}

enum fl_err storage_file_parse(struct bytes file, struct bytes *content)
{
	uint8_t expected[STORAGE_HEADER_SIZE];
	const uint8_t *header = bytes_take(&file, STORAGE_HEADER_SIZE);

	if (!header || file.n > STORAGE_ITEM_MAX)
		return FL_EFORMAT;
	storage_header_write(file, expected);
	if (memcmp(header, expected, STORAGE_HEADER_SIZE) != 0)
		return FL_EFORMAT;
	*content = file;
	return FL_OK;
}

/* ---- what to say ---- */

static const char *errno_text(int error)
{
	switch (error) {
	case ENOSPC:
	case EDQUOT:
		return "the disk is full";
	case EROFS:
		return "the file system is read-only";
	case EACCES:
	case EPERM:
		return "no permission";
	case EIO:
		return "the disk reports an error";
	default:
		return strerror(error);
	}
}

/* "cannot save settings in /data: the disk is full (write)" */
static enum fl_err failed(const struct storage_files *s, const char *what, const char *name,
	const char *step, int error, struct textbuf *why)
{
	textbuf_printf(
		why, "cannot %s %s in %s: %s (%s)", what, name, s->dir, errno_text(error), step);
	return FL_EIO;
}

static bool name_is_plain(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n > STORAGE_NAME_MAX || name[0] == '.')
		return false;
	return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
	       n;
}

static enum fl_err name_check(const char *name, struct textbuf *why)
{
	if (name_is_plain(name))
		return FL_OK;
	textbuf_printf(why, "\"%.80s\" is no name for a stored item", name);
	return FL_ERANGE;
}

/* ---- load ---- */

/* The whole of an open file.  0 or an errno. */
static int file_read(int fd, struct arena *mem, struct bytes *out)
{
	struct stat st;
	uint8_t *at;
	size_t n = 0;

	if (fstat(fd, &st) < 0)
		return errno;
	if (!S_ISREG(st.st_mode))
		return EINVAL;
	if ((uint64_t)st.st_size > STORAGE_ITEM_MAX + STORAGE_HEADER_SIZE)
		return EFBIG;
	at = arena_alloc(mem, (size_t)st.st_size + 1);
	if (!at)
		return ENOMEM;
	while (n < (size_t)st.st_size) {
		ssize_t got = read(fd, at + n, (size_t)st.st_size - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	*out = bytes_of(at, n);
	return 0;
}

static enum fl_err storage_load(
	void *ctx, const char *name, struct arena *mem, struct bytes *out, struct textbuf *why)
{
	const struct storage_files *s = ctx;
	struct bytes file;
	int fd, error;

	if (name_check(name, why))
		return FL_ERANGE;
	fd = openat(s->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return FL_ENOENT;
	if (fd < 0)
		return failed(s, "load", name, "open", errno, why);
	error = file_read(fd, mem, &file);
	close(fd);
	if (error)
		return failed(s, "load", name, "read", error, why);
	if (storage_file_parse(file, out)) {
		textbuf_printf(
			why, "%s in %s is damaged: its checksum or length is wrong", name, s->dir);
		return FL_EFORMAT;
	}
	return FL_OK;
}

/* ---- save ---- */

/* 0 or an errno. */
static int write_all(const struct storage_calls *calls, int fd, const uint8_t *at, size_t n)
{
	while (n) {
		ssize_t done = calls->write(fd, at, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done < 0 ? errno : EIO;
		at += done;
		n -= (size_t)done;
	}
	return 0;
}

/* Steps 1 and 2.  NULL, or the step that failed and its errno. */
static const char *new_file_write(const struct storage_files *s, struct bytes content, int *error)
{
	uint8_t header[STORAGE_HEADER_SIZE];
	const char *step = "write";
	int fd = s->calls->openat(
		s->dir_fd, NEW_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0) {
		*error = errno;
		return "open";
	}
	storage_header_write(content, header);
	*error = write_all(s->calls, fd, header, sizeof(header));
	if (!*error)
		*error = write_all(s->calls, fd, content.at, content.n);
	if (!*error && s->calls->fsync(fd) < 0) {
		*error = errno;
		step = "fsync";
	}
	if (s->calls->close(fd) < 0 && !*error) { /* NFS and quotas report here */
		*error = errno;
		step = "close";
	}
	return *error ? step : NULL;
}

static enum fl_err storage_save(
	void *ctx, const char *name, struct bytes content, struct textbuf *why)
{
	const struct storage_files *s = ctx;
	const char *step;
	int error;

	if (name_check(name, why))
		return FL_ERANGE;
	if (content.n > STORAGE_ITEM_MAX) {
		textbuf_printf(why, "cannot save %s: it has %zu octets, at most %zu can be stored",
			name, content.n, STORAGE_ITEM_MAX);
		return FL_ERANGE;
	}
	step = new_file_write(s, content, &error);
	if (!step && s->calls->renameat(s->dir_fd, NEW_FILE, s->dir_fd, name) < 0) {
		error = errno;
		step = "rename";
	}
	if (step) {
		s->calls->unlinkat(s->dir_fd, NEW_FILE, 0);
		return failed(s, "save", name, step, error, why);
	}
	if (s->calls->fsync(s->dir_fd) < 0)
		return failed(s, "make sure of", name, "fsync of the directory", errno, why);
	return FL_OK;
}

static enum fl_err storage_remove(void *ctx, const char *name)
{
	const struct storage_files *s = ctx;

	if (!name_is_plain(name))
		return FL_ERANGE;
	if (s->calls->unlinkat(s->dir_fd, name, 0) < 0)
		return errno == ENOENT ? FL_ENOENT : FL_EIO;
	return s->calls->fsync(s->dir_fd) < 0 ? FL_EIO : FL_OK;
}

/* ---- open ---- */

static int plain_openat(int dir, const char *name, int flags, mode_t mode)
{
	return openat(dir, name, flags, mode);
}

static const struct storage_calls plain_calls = {
	.openat = plain_openat,
	.write = write,
	.fsync = fsync,
	.close = close,
	.renameat = renameat,
	.unlinkat = unlinkat,
};

enum fl_err storage_files_open_with(struct storage *out, const char *dir,
	const struct storage_calls *calls, struct arena *mem, struct textbuf *why)
{
	struct storage_files *s = ARENA_NEW(mem, struct storage_files);
	char *dir_copy = arena_copy(mem, dir, strlen(dir));

	if (!s || !dir_copy) {
		textbuf_printf(why, "out of memory");
		return FL_EFULL;
	}
	*s = (struct storage_files){.calls = calls, .dir = dir_copy};
	if (mkdir(dir, 0700) < 0 && errno != EEXIST && errno != EROFS && errno != EACCES) {
		textbuf_printf(why, "cannot make the directory %s: %s", dir, errno_text(errno));
		return FL_EIO;
	}
	s->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir_fd < 0) {
		textbuf_printf(why, "cannot use the directory %s: %s", dir, errno_text(errno));
		return FL_EIO;
	}
	calls->unlinkat(s->dir_fd, NEW_FILE, 0); /* what a power cut left; usually there is none */
	*out = (struct storage){s, storage_load, storage_save, storage_remove};
	return FL_OK;
}

enum fl_err storage_files_open(
	struct storage *out, const char *dir, struct arena *mem, struct textbuf *why)
{
	return storage_files_open_with(out, dir, &plain_calls, mem, why);
}

void storage_files_close(struct storage *s)
{
	struct storage_files *files = s->ctx;

	close(files->dir_fd);
	files->dir_fd = -1;
}
