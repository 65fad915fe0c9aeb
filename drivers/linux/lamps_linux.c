/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lamps_linux.c - a lamp is up to three LED class devices and a file.
 *
 * A device is opened for each change instead of being kept open: a change costs three calls, there
 * are at most some twenty a second, and a device that comes late or goes away and comes back (a
 * keyboard) is taken over when it is there. */
#include "lamps_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { GREEN, AMBER, RED, COLOURS };

struct device {
	char *folder;  /* in sysfs; NULL: the lamp has no device of this colour */
	bool here;     /* it is there, and ours */
	char full[16]; /* what to write to light it: its max_brightness */
	bool lit;
};

struct lamp {
	const char *name;
	bool lent; /* as the board's table has it */
	struct device device[COLOURS];
	/* For the file. */
	char *path, *path_new;
	const char *colour;
	char pattern[32];
};

struct lamps_linux {
	struct lamp *lamps;
	size_t n;
};

/* ---- files ---- */

/* 0 or -1, and errno. */
static int text_write(const char *path, const char *text, int flags)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC | flags, 0644);
	size_t n = strlen(text);
	ssize_t done;

	if (fd < 0)
		return -1;
	done = write(fd, text, n);
	if (close(fd) < 0 || done != (ssize_t)n)
		return -1;
	return 0;
}

static bool text_read(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, out, size - 1);
	close(fd);
	if (n < 0)
		return false;
	out[n] = '\0';
	out[strcspn(out, "\n")] = '\0';
	return true;
}

/* "a/b/c" in `mem`, or NULL. */
static char *path_join(struct arena *mem, const char *a, const char *b, const char *c)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%s%s", a, b, c);

	if (n < 0 || (size_t)n >= sizeof(path))
		return NULL;
	return arena_copy(mem, path, (size_t)n);
}

/* What cannot be shown is not worth stopping for: the next change tries again. */
static void lamp_file_write(const struct lamp *l)
{
	char line[100];

	if (!l->path)
		return;
	snprintf(line, sizeof(line), "%s %s %s\n", l->name, l->colour, l->pattern);
	if (text_write(l->path_new, line, O_CREAT) == 0)
		(void)!rename(l->path_new, l->path);
}

/* ---- devices ---- */

static bool device_write(const struct device *d, const char *file, const char *text)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%s", d->folder, file);

	return n > 0 && (size_t)n < sizeof(path) && text_write(path, text, 0) == 0;
}

/* Take it over, dark, if it is there. */
static void device_take(struct device *d)
{
	char path[PATH_MAX];
	int n;

	if (!d->folder || d->here)
		return;
	n = snprintf(path, sizeof(path), "%s/max_brightness", d->folder);
	if (n < 0 || (size_t)n >= sizeof(path) || !device_write(d, "brightness", "0"))
		return;
	(void)device_write(d, "trigger", "none\n"); /* one without triggers has no such file */
	if (!text_read(path, d->full, sizeof(d->full)) || d->full[0] < '1' || d->full[0] > '9')
		strcpy(d->full, "1");
	d->here = true;
	d->lit = false;
}

static void device_set(struct device *d, bool lit)
{
	device_take(d);
	if (!d->here || d->lit == lit)
		return;
	d->here = device_write(d, "brightness", lit ? d->full : "0");
	d->lit = lit;
}

/* Those that are there; before any is, those of the board. */
static unsigned devices_of(const struct lamp *l)
{
	unsigned named = 0, here = 0;

	for (size_t c = 0; c < COLOURS; c++) {
		named += l->device[c].folder != NULL;
		here += l->device[c].here;
	}
	return here ? here : named;
}

/* Which devices make this colour on this lamp? */
static void devices_choose(const struct lamp *l, bool green, bool amber, bool red, bool on[COLOURS])
{
	bool has_amber = l->device[AMBER].here, has_red = l->device[RED].here;

	if (devices_of(l) == 1) { /* one colour: whatever is asked for lights it */
		for (size_t c = 0; c < COLOURS; c++)
			on[c] = green || amber || red;
		return;
	}
	on[GREEN] = green || (amber && !has_amber);
	on[AMBER] = amber || (red && !has_red);
	on[RED] = red || (amber && !has_amber);
}

/* ---- lamps.h ---- */

static struct lamp *lamp_find(const struct lamps_linux *all, struct str name)
{
	for (size_t i = 0; i < all->n; i++)
		if (str_is(name, all->lamps[i].name))
			return &all->lamps[i];
	return NULL;
}

static enum fl_err lamps_describe(void *ctx, struct str name, bool *one_colour)
{
	const struct lamp *l = lamp_find(ctx, name);

	if (!l)
		return FL_ENOENT;
	*one_colour = devices_of(l) == 1;
	return FL_OK;
}

static void lamps_set(void *ctx, struct str name, bool green, bool amber, bool red)
{
	struct lamp *l = lamp_find(ctx, name);
	const char *colour = red ? "red" : amber ? "amber" : green ? "green" : "off";
	bool on[COLOURS];

	if (!l)
		return;
	devices_choose(l, green, amber, red, on);
	for (size_t c = 0; c < COLOURS; c++)
		device_set(&l->device[c], on[c]);
	if (strcmp(colour, l->colour) != 0) {
		l->colour = colour;
		lamp_file_write(l);
	}
}

static void lamps_name_pattern(void *ctx, struct str name, const char *pattern)
{
	struct lamp *l = lamp_find(ctx, name);

	if (!l || strcmp(l->pattern, pattern) == 0)
		return;
	snprintf(l->pattern, sizeof(l->pattern), "%s", pattern);
	lamp_file_write(l);
}

static void lamp_open(struct lamp *l, const struct board_lamp *row, const char *sysfs_dir,
	const char *file_dir, struct arena *mem)
{
	*l = (struct lamp){.name = row->name, .lent = row->lent, .colour = "off", .pattern = "off"};
	for (size_t c = 0; c < COLOURS && sysfs_dir; c++) {
		const char *name = c == GREEN ? row->green : c == AMBER ? row->amber : row->red;

		l->device[c].folder = name ? path_join(mem, sysfs_dir, name, "") : NULL;
		device_take(&l->device[c]);
	}
	if (!file_dir)
		return;
	l->path = path_join(mem, file_dir, row->name, "");
	l->path_new = path_join(mem, file_dir, ".new", "");
	if (!l->path_new)
		l->path = NULL;
	lamp_file_write(l);
}

void lamps_linux_missing(const struct lamps *lamps, struct textbuf *out)
{
	const struct lamps_linux *all = lamps->ctx;

	for (size_t i = 0; i < all->n; i++) {
		for (size_t c = 0; c < COLOURS; c++) {
			const struct device *d = &all->lamps[i].device[c];
			const char *name = d->folder ? strrchr(d->folder, '/') : NULL;

			if (name && !d->here && !all->lamps[i].lent)
				textbuf_printf(out, "%s%s", out->n ? ", " : "", name + 1);
		}
	}
}

enum fl_err lamps_linux_open(struct lamps *out, const struct board_lamp *table, size_t n,
	const char *sysfs_dir, const char *file_dir, struct arena *mem, struct textbuf *why)
{
	struct lamps_linux *all = ARENA_NEW(mem, struct lamps_linux);

	if (file_dir && mkdir(file_dir, 0755) < 0 && errno != EEXIST) {
		textbuf_printf(why, "cannot make the directory %s for lamps: %s", file_dir,
			strerror(errno));
		return FL_EIO;
	}
	if (file_dir && access(file_dir, W_OK | X_OK) < 0) {
		textbuf_printf(why, "cannot write lamps to %s: %s", file_dir, strerror(errno));
		return FL_EIO;
	}
	if (all) {
		all->lamps = ARENA_NEWS(mem, struct lamp, n);
		all->n = n;
	}
	for (size_t i = 0; i < n && !mem->full; i++)
		lamp_open(&all->lamps[i], &table[i], sysfs_dir, file_dir, mem);
	if (mem->full) {
		textbuf_printf(why, "out of memory");
		return FL_EFULL;
	}
	*out = (struct lamps){all, lamps_describe, lamps_set, lamps_name_pattern};
	return FL_OK;
}
