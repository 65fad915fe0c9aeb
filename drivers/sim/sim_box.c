/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The box: lamps, storage and files, who may log in, and the machine itself. */
#include "sim_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- lamps ---- */

static struct sim_lamp *find_lamp(struct sim *s, struct str name)
{
	for (size_t i = 0; i < s->nlamps; i++)
		if (str_is(name, s->lamp[i].name))
			return &s->lamp[i];
	return NULL;
}

static enum fl_err lamps_describe(void *ctx, struct str name, bool *one_colour)
{
	struct sim *s = ctx;

	if (!find_lamp(s, name)) {
		if (s->nlamps == SIM_LAMPS)
			return FL_ENOENT;
		snprintf(s->lamp[s->nlamps++].name, sizeof(s->lamp[0].name), "%.*s", STR_ARG(name));
	}
	*one_colour = false;
	return FL_OK;
}

static void lamps_set(void *ctx, struct str name, bool green, bool amber, bool red)
{
	struct sim_lamp *l = find_lamp(ctx, name);

	if (l)
		l->green = green, l->amber = amber, l->red = red;
}

static void lamps_name_pattern(void *ctx, struct str name, const char *pattern)
{
	struct sim_lamp *l = find_lamp(ctx, name);

	if (l)
		snprintf(l->pattern, sizeof(l->pattern), "%s", pattern);
}

const struct sim_lamp *sim_lamp(const struct sim *s, const char *name)
{
	for (size_t i = 0; i < s->nlamps; i++)
		if (strcmp(s->lamp[i].name, name) == 0)
			return &s->lamp[i];
	return NULL;
}

/* ---- storage ---- */

static struct sim_item *find_item(struct sim *s, const char *name)
{
	for (size_t i = 0; i < s->nitems; i++)
		if (strcmp(s->item[i].name, name) == 0)
			return &s->item[i];
	return NULL;
}

static enum fl_err storage_load(
	void *ctx, const char *name, struct arena *mem, struct bytes *out, struct textbuf *why)
{
	const struct sim_item *i = find_item(ctx, name);
	char *copy;

	if (!i) {
		textbuf_printf(why, "was never saved");
		return FL_ENOENT;
	}
	if (i->damaged) {
		textbuf_printf(why, "is damaged");
		return FL_EFORMAT;
	}
	copy = arena_copy(mem, i->octets, i->n);
	if (!copy)
		return FL_EFULL;
	*out = bytes_of(copy, i->n);
	return FL_OK;
}

/* A file is an item whose name is its path. */
static enum fl_err file_read(
	void *ctx, struct str path, struct arena *mem, struct bytes *out, struct textbuf *why)
{
	char name[sizeof(((struct sim_item *)0)->name)];
	struct textbuf t = textbuf_of(name, sizeof(name));

	textbuf_put(&t, path.at, path.n);
	return storage_load(ctx, name, mem, out, why);
}

static enum fl_err storage_save(
	void *ctx, const char *name, struct bytes content, struct textbuf *why);
static enum fl_err storage_remove(void *ctx, const char *name);

static enum fl_err file_write(void *ctx, struct str path, struct bytes content, struct textbuf *why)
{
	char name[sizeof(((struct sim_item *)0)->name)];
	struct textbuf t = textbuf_of(name, sizeof(name));

	textbuf_put(&t, path.at, path.n);
	return storage_save(ctx, name, content, why);
}

static enum fl_err file_remove(void *ctx, struct str path, struct textbuf *why)
{
	char name[sizeof(((struct sim_item *)0)->name)];
	struct textbuf t = textbuf_of(name, sizeof(name));
	enum fl_err err;

	textbuf_put(&t, path.at, path.n);
	err = storage_remove(ctx, name);
	if (err)
		textbuf_printf(why, "No such file or directory");
	return err;
}

/* There is no folder here: nothing tells a file from another item. */
static bool file_name(void *ctx, size_t index, char *out, size_t cap, uint64_t *size)
{
	(void)ctx, (void)index, (void)out, (void)cap, (void)size;
	return false;
}

static enum fl_err storage_save(
	void *ctx, const char *name, struct bytes content, struct textbuf *why)
{
	struct sim *s = ctx;
	struct sim_item *i = find_item(s, name);

	if (s->storage_refuses) {
		textbuf_printf(why, "No space left on device");
		return FL_EIO;
	}
	if (s->saves_left == 1)
		return FL_OK;
	s->saves_left -= s->saves_left > 0;
	if (!i) {
		if (s->nitems == SIM_ITEMS)
			return FL_EFULL;
		i = &s->item[s->nitems++];
		snprintf(i->name, sizeof(i->name), "%s", name);
	}
	sim_keep(&i->octets, &i->n, content);
	i->damaged = false;
	return FL_OK;
}

static enum fl_err storage_remove(void *ctx, const char *name)
{
	struct sim *s = ctx;
	struct sim_item *i = find_item(s, name);

	if (!i)
		return FL_ENOENT;
	free(i->octets);
	*i = s->item[--s->nitems];
	s->item[s->nitems] = (struct sim_item){0};
	return FL_OK;
}

void sim_store(struct sim *s, const char *name, const char *text)
{
	struct textbuf why = textbuf_of((char[64]){0}, 64);

	(void)storage_save(s, name, bytes_of(text, strlen(text)), &why);
}

void sim_damage(struct sim *s, const char *name)
{
	struct sim_item *i = find_item(s, name);

	if (!i)
		abort();
	i->damaged = true;
}

const struct sim_item *sim_stored(const struct sim *s, const char *name)
{
	for (size_t i = 0; i < s->nitems; i++)
		if (strcmp(s->item[i].name, name) == 0)
			return &s->item[i];
	return NULL;
}

/* ---- who may log in ---- */

static enum fl_err accounts_apply(void *ctx, const struct account *a, size_t n, struct textbuf *why)
{
	struct sim *s = ctx;

	if (s->accounts_refuse || n > COUNT_OF(s->account)) {
		textbuf_printf(why, "the accounts are read-only");
		return FL_EIO;
	}
	memset(s->account, 0, sizeof(s->account));
	s->naccounts = s->drivers.accounts.managed ? n : 0;
	for (size_t i = 0; i < s->naccounts; i++) {
		struct sim_account *to = &s->account[i];
		struct textbuf keys = textbuf_of(to->keys, sizeof(to->keys));

		snprintf(to->name, sizeof(to->name), "%.*s", STR_ARG(a[i].name));
		snprintf(to->hash, sizeof(to->hash), "%.*s", STR_ARG(a[i].hash));
		to->open = a[i].open;
		for (size_t k = 0; k < a[i].nkeys; k++)
			textbuf_printf(&keys, "%.*s\n", STR_ARG(a[i].keys[k]));
	}
	return FL_OK;
}

/* One way, if not a safe one. */
static enum fl_err accounts_hash(
	void *ctx, struct str password, char out[ACCOUNT_HASH_MAX], struct textbuf *why)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	(void)ctx, (void)why;
	for (size_t i = 0; i < password.n; i++)
		hash = (hash ^ (uint8_t)password.at[i]) * UINT64_C(1099511628211);
	snprintf(out, ACCOUNT_HASH_MAX, "$6$simulated$%016llx", (unsigned long long)hash);
	return FL_OK;
}

const struct sim_account *sim_account(const struct sim *s, const char *name)
{
	for (size_t i = 0; i < s->naccounts; i++)
		if (strcmp(s->account[i].name, name) == 0)
			return &s->account[i];
	return NULL;
}

/* ---- the machine ---- */

static enum fl_err unit_block(void *ctx, uint8_t *block, struct textbuf *why)
{
	const struct sim *s = ctx;

	(void)why;
	memcpy(block, s->unit.block, sizeof(s->unit.block));
	return FL_OK;
}

static enum fl_err unit_set_block(void *ctx, const uint8_t *block, struct textbuf *why)
{
	struct sim *s = ctx;

	(void)why;
	memcpy(s->unit.block, block, sizeof(s->unit.block));
	return FL_OK;
}

static void unit_pet(void *ctx)
{
	struct sim *s = ctx;

	s->unit.petted = s->now;
}

static const char *unit_watchdog(void *ctx)
{
	(void)ctx;
	return "simulated watchdog";
}

static enum fl_err unit_task(
	void *ctx, enum unit_task what, struct str argument, bool force, struct textbuf *why)
{
	struct sim *s = ctx;
	struct textbuf t = textbuf_of(s->unit.task, sizeof(s->unit.task));

	(void)why;
	textbuf_printf(&t, "%d %.*s%s", (int)what, STR_ARG(argument), force ? " force" : "");
	return FL_OK;
}

static enum fl_err unit_forget(void *ctx, enum unit_reset how, struct textbuf *why)
{
	struct sim *s = ctx;

	(void)why;
	s->unit.forgets = how == UNIT_RESET_ALL ? "everything" : "settings";
	return FL_OK;
}

static enum fl_err unit_end(void *ctx, enum unit_end how, struct textbuf *why)
{
	struct sim *s = ctx;

	(void)why;
	s->unit.ended = how == UNIT_REBOOT ? "reboot" : "power off";
	return FL_OK;
}

static enum fl_err unit_set_clock(void *ctx, int64_t wall, struct textbuf *why)
{
	struct sim *s = ctx;

	(void)why;
	s->wall = wall - s->now.us / 1000000;
	return FL_OK;
}

static bool unit_owns_clock(void *ctx)
{
	return !((struct sim *)ctx)->keeps_clock;
}

static bool unit_clock_is_right(void *ctx, int64_t *error_us)
{
	const struct sim *s = ctx;

	*error_us = s->clock_error;
	return s->clock_error != 0;
}

void sim_image(struct sim *s, const char *boot_words)
{
	s->drivers.unit.is_image = true;
	memset(s->unit.block, '#', sizeof(s->unit.block));
	snprintf((char *)s->unit.block, sizeof(s->unit.block), "# GRUB Environment Block\n%s",
		boot_words);
	s->unit.block[strlen((char *)s->unit.block)] = '#';
}

void sim_task(struct sim *s, const char *line, int status)
{
	struct io_event e = {.kind = line ? IO_TASK_LINE : IO_TASK_ENDED,
		.token = (uint32_t)status,
		.text = str_of(line ? line : "")};

	sim_post(s, s->now, &e);
}

void sim_button(struct sim *s, bool pressed)
{
	struct io_event e = {.kind = IO_BUTTON, .token = pressed};

	sim_post(s, s->now, &e);
}

void sim_box_open(struct sim *s)
{
	s->drivers.lamps = (struct lamps){s, lamps_describe, lamps_set, lamps_name_pattern};
	s->drivers.settings = s->drivers.storage =
		(struct storage){s, storage_load, storage_save, storage_remove};
	s->drivers.files = (struct files){s, file_read, file_write, file_remove, file_name};
	s->drivers.accounts = (struct accounts){s, false, accounts_apply, accounts_hash};
	s->drivers.unit = (struct unit){s, false, false, 'a', "", unit_block, unit_set_block,
		unit_pet, unit_watchdog, unit_task, unit_forget, unit_end, unit_set_clock,
		unit_owns_clock, unit_clock_is_right};
}

void sim_box_close(struct sim *s)
{
	for (size_t i = 0; i < s->nitems; i++)
		free(s->item[i].octets);
}
