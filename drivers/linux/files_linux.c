/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files_linux.h"
#include "whole.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum fl_err read_open(int fd, struct arena *mem, struct bytes *out, struct textbuf *why)
{
	struct stat st;
	uint8_t *at;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		textbuf_printf(why, "is not a regular file");
		return FL_EFORMAT;
	}
	if ((uint64_t)st.st_size > FILES_SIZE_MAX) {
		textbuf_printf(why, "is longer than %zu MiB", FILES_SIZE_MAX >> 20);
		return FL_ERANGE;
	}
	at = arena_alloc(mem, (size_t)st.st_size + 1);
	if (!at)
		return FL_EFULL;
	if (!read_whole(fd, at, (size_t)st.st_size)) {
		textbuf_printf(why, "%s", strerror(errno));
		return FL_EIO;
	}
	*out = bytes_of(at, (size_t)st.st_size);
	return FL_OK;
}

/* False: the path is too long, or no path. */
static bool path_of(const struct files_linux *f, struct str path, char *out, struct textbuf *why)
{
	bool is_name = !memchr(path.at, '/', path.n);
	int n = snprintf(out, PATH_MAX, "%s%s%.*s", is_name ? f->folder : "", is_name ? "/" : "",
		STR_ARG(path));

	if (path.n && !memchr(path.at, '\0', path.n) && n < PATH_MAX)
		return true;
	textbuf_printf(why, "%s", strerror(path.n ? ENAMETOOLONG : ENOENT));
	return false;
}

static enum fl_err failed(struct textbuf *why)
{
	textbuf_printf(why, "%s", strerror(errno));
	return errno == ENOENT ? FL_ENOENT : FL_EIO;
}

/* O_NONBLOCK: a FIFO or a device is refused, not waited for. */
static enum fl_err file_read(
	void *ctx, struct str path, struct arena *mem, struct bytes *out, struct textbuf *why)
{
	char name[PATH_MAX];
	enum fl_err err;
	int fd;

	if (!path_of(ctx, path, name, why))
		return FL_ENOENT;
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return failed(why);
	err = read_open(fd, mem, out, why);
	close(fd);
	return err;
}

static int is_shown(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return e->d_name[0] != '.' && e->d_name[n - 1] != '~';
}

static bool file_name(void *ctx, size_t index, char *out, size_t cap, uint64_t *size)
{
	const struct files_linux *f = ctx;
	struct dirent **list = NULL;
	char path[PATH_MAX + NAME_MAX + 2];
	struct stat st;
	int n = scandir(f->folder, &list, is_shown, alphasort);
	bool there = n > 0 && index < (size_t)n;

	if (there) {
		snprintf(out, cap, "%s", list[index]->d_name);
		snprintf(path, sizeof(path), "%s/%s", f->folder, list[index]->d_name);
		*size = stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
	}
	for (int i = 0; i < n; i++)
		free(list[i]);
	free(list);
	return there;
}

/* May `name` be replaced?  Ours may, another's is not ours to lose.  And is there room for one more
 * in the folder? */
static bool may_write(struct files_linux *f, bool is_ours, const char *name, struct textbuf *why)
{
	struct stat st;
	char other[NAME_MAX + 1];
	uint64_t size;

	if (lstat(name, &st) == 0) {
		if (S_ISREG(st.st_mode) && is_ours)
			return true;
		if (S_ISREG(st.st_mode)) {
			textbuf_printf(why, "is there already, outside of the router's own folder; "
					    "choose another name, or remove it first");
			return false;
		}
		textbuf_printf(why, "%s",
			S_ISDIR(st.st_mode) ? strerror(EISDIR) : "is not a regular file");
		return false;
	}
	if (strncmp(name, f->folder, strlen(f->folder)) ||
		!file_name(f, FILES_COUNT_MAX - 1, other, sizeof(other), &size))
		return true;
	textbuf_printf(why, "there are %d files already; remove one", FILES_COUNT_MAX);
	return false;
}

static enum fl_err file_write(void *ctx, struct str path, struct bytes content, struct textbuf *why)
{
	struct files_linux *f = ctx;
	char name[PATH_MAX], next[PATH_MAX + 8];
	int fd;

	if (!path_of(f, path, name, why))
		return FL_ENOENT;
	if (content.n > FILES_SIZE_MAX) {
		textbuf_printf(why, "it would be longer than %zu MiB", FILES_SIZE_MAX >> 20);
		return FL_ERANGE;
	}
	mkdir(f->folder, 0700); /* where that fails, open() says so */
	if (!may_write(f, !memchr(path.at, '/', path.n), name, why))
		return FL_EEXIST;
	snprintf(next, sizeof(next), "%s.new~", name);
	unlink(next);
	fd = open(next, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return failed(why);
	if (write_whole(fd, content) && fsync(fd) == 0 && rename(next, name) == 0) {
		close(fd);
		return FL_OK;
	}
	failed(why);
	close(fd);
	unlink(next);
	return FL_EIO;
}

static enum fl_err file_remove(void *ctx, struct str path, struct textbuf *why)
{
	char name[PATH_MAX];

	if (!path_of(ctx, path, name, why))
		return FL_ENOENT;
	return unlink(name) == 0 ? FL_OK : failed(why);
}

void files_linux_open(struct files *out, struct files_linux *f, const char *folder)
{
	snprintf(f->folder, sizeof(f->folder), "%s/files", folder);
	*out = (struct files){f, file_read, file_write, file_remove, file_name};
}
