/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_all(int fd, uint8_t *at, size_t n)
{
	while (n) {
		ssize_t got = read(fd, at, n);

		if (got == 0)
			errno = EIO; /* it shrank under our hands */
		if (got <= 0 && errno != EINTR)
			return false;
		if (got > 0) {
			at += got;
			n -= (size_t)got;
		}
	}
	return true;
}

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
	if (!read_all(fd, at, (size_t)st.st_size)) {
		textbuf_printf(why, "%s", strerror(errno));
		return FL_EIO;
	}
	*out = bytes_of(at, (size_t)st.st_size);
	return FL_OK;
}

/* O_NONBLOCK: a FIFO or a device is refused, not waited for. */
static enum fl_err file_read(
	void *ctx, struct str path, struct arena *mem, struct bytes *out, struct textbuf *why)
{
	char name[4096];
	enum fl_err err;
	int fd;

	(void)ctx;
	snprintf(name, sizeof(name), "%.*s", STR_ARG(path));
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		textbuf_printf(why, "%s", strerror(errno));
		return errno == ENOENT ? FL_ENOENT : FL_EIO;
	}
	err = read_open(fd, mem, out, why);
	close(fd);
	return err;
}

void files_linux_open(struct files *out)
{
	*out = (struct files){NULL, file_read};
}
