/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configurations that follow each other.
 *
 * A commit checks everything, applies the difference, and then saves; if applying or saving fails,
 * the old configuration is applied again, so that what runs and what is saved never differ.  The
 * configuration in force lies in one of two slots and the next one is made in the other: going back
 * is a swap.
 *
 * Revisions: the item "revisions" has a line each, oldest first ("NUMBER WALL USER COMMENT"), and
 * the text of revision N is the item "settings.K", K being N modulo the number of items. */
#include "product.h"

#include <string.h>

#define SETTINGS_NAME   "settings"
#define REVISIONS_NAME  "revisions"
#define REVISIONS_ITEMS (REVISIONS_MAX + 1) /* the one in force, and those before it */
#define REVISION_USER   31
#define REVISION_NOTE   95

struct revision {
	uint32_t number;
	int64_t wall;
	char user[REVISION_USER + 1];
	char comment[REVISION_NOTE + 1];
};

struct revision_list {
	struct revision at[REVISIONS_ITEMS];
	size_t n; /* oldest first */
};

/* ---- the list of revisions ---- */

/* One word of a line: blanks and control characters become "_" (blanks stay when `blanks`). */
static void copy_clean(char *out, size_t cap, struct str text, bool blanks)
{
	size_t n = text.n < cap - 1 ? text.n : cap - 1;

	for (size_t i = 0; i < n; i++) {
		char c = text.at[i];
		bool plain = (unsigned char)c > ' ' && c != 0x7f;

		out[i] = plain || (blanks && c == ' ') ? c : '_';
	}
	out[n] = '\0';
}

static bool revision_read(struct str line, struct revision *out)
{
	uint64_t number, wall;
	struct str word = str_cut(&line, ' ');

	if (!str_to_u64(word, UINT32_MAX, &number))
		return false;
	word = str_cut(&line, ' ');
	if (!str_to_u64(word, INT64_MAX, &wall))
		return false;
	*out = (struct revision){.number = (uint32_t)number, .wall = (int64_t)wall};
	copy_clean(out->user, sizeof(out->user), str_cut(&line, ' '), false);
	copy_clean(out->comment, sizeof(out->comment), line, true);
	return true;
}

static void revisions_load(const struct fairlead *f, struct arena *mem, struct revision_list *out)
{
	char words[128];
	struct textbuf why = textbuf_of(words, sizeof(words));
	const struct storage *s = &f->io->storage;
	struct bytes octets;
	struct str text;

	*out = (struct revision_list){0};
	if (s->load(s->ctx, REVISIONS_NAME, mem, &octets, &why))
		return;
	text = (struct str){(const char *)octets.at, octets.n};
	while (text.n && out->n < REVISIONS_ITEMS)
		if (revision_read(str_cut(&text, '\n'), &out->at[out->n]))
			out->n++;
}

static void item_name(uint32_t revision, char out[32])
{
	struct textbuf t = textbuf_of(out, 32);

	textbuf_printf(&t, SETTINGS_NAME ".%u", (unsigned)(revision % REVISIONS_ITEMS));
}

static enum fl_err revision_text(
	const struct fairlead *f, uint32_t number, struct arena *mem, struct str *out)
{
	char words[128], name[32];
	struct textbuf why = textbuf_of(words, sizeof(words));
	const struct storage *s = &f->io->storage;
	struct bytes octets;
	enum fl_err err;

	item_name(number, name);
	err = s->load(s->ctx, name, mem, &octets, &why);
	if (!err)
		*out = (struct str){(const char *)octets.at, octets.n};
	return err;
}

/* Put `text` behind the others as revision `number`. */
static enum fl_err revision_save(struct fairlead *f, uint32_t number, struct str text,
	struct str user, struct str comment, struct textbuf *why)
{
	const struct storage *s = &f->io->storage;
	struct revision_list list;
	struct revision *r;
	char name[32], lines[REVISIONS_ITEMS * (sizeof(struct revision) + 32)];
	struct textbuf t = textbuf_of(lines, sizeof(lines));
	enum fl_err err;

	revisions_load(f, &f->scratch, &list);
	if (list.n == REVISIONS_ITEMS)
		memmove(list.at, list.at + 1, --list.n * sizeof(list.at[0]));
	r = &list.at[list.n++];
	*r = (struct revision){.number = number, .wall = f->io->io.wall(f->io->io.ctx)};
	copy_clean(r->user, sizeof(r->user), user, false);
	copy_clean(r->comment, sizeof(r->comment), comment, true);
	for (size_t i = 0; i < list.n; i++)
		textbuf_printf(&t, "%u %lld %s %s\n", list.at[i].number, (long long)list.at[i].wall,
			list.at[i].user[0] ? list.at[i].user : "-", list.at[i].comment);
	item_name(number, name);
	err = s->save(s->ctx, name, bytes_of(text.at, text.n), why);
	return err ? err : s->save(s->ctx, REVISIONS_NAME, bytes_of(lines, t.n), why);
}

/* ---- text of a tree ---- */

struct grow {
	struct arena *mem;
	char *at;
	size_t n, cap;
};

static void grow_put(void *ctx, const char *text, size_t n)
{
	struct grow *g = ctx;

	if (n > g->cap - g->n) {
		size_t cap = 2 * (g->cap + n) + 4096;
		char *at = arena_alloc(g->mem, cap);

		if (!at)
			return;
		if (g->n)
			memcpy(at, g->at, g->n);
		g->at = at;
		g->cap = cap;
	}
	memcpy(g->at + g->n, text, n);
	g->n += n;
}

static struct str text_of(const struct settings *tree, struct arena *mem)
{
	struct grow g = {.mem = mem};
	struct sink out = {grow_put, &g};

	(void)settings_print(tree, STR(""), SETTINGS_BRACES, &out);
	return (struct str){g.at, g.n};
}

/* ---- making the next configuration ---- */

static struct config *next_config(struct fairlead *f)
{
	struct config *next = &f->config[1 - f->current];

	config_free(next);
	config_init(next, f->schema, &f->io->memory);
	return next;
}

/* A serial above every earlier one: seconds since 1970, unless the clock was set back. */
static uint32_t next_serial(struct fairlead *f)
{
	uint32_t wall = (uint32_t)f->io->io.wall(f->io->io.ctx);
	uint32_t least = f->serial + f->published.generation + 1;

	return (int32_t)(wall - least) > 0 ? wall : least;
}

static void rebind(struct fairlead *f)
{
	panel_open(f);
	modules_commands(f, f->commands);
}

/* Make the configuration in the other slot the one in force.  `first`: nothing is in force yet. */
static enum fl_err put_in_force(struct fairlead *f, bool first, struct textbuf *why)
{
	mtime now = f->io->io.now(f->io->io.ctx);
	struct config *next = &f->config[1 - f->current];
	struct config *old = fairlead_config(f);
	uint32_t serial = f->serial;
	enum fl_err err;

	uplinks_number(f, next);
	f->serial = next_serial(f);
	f->current = 1 - f->current;
	uplinks_configure(f, now);
	err = publish_configuration(f, first ? NULL : old, why);
	if (err && !first) {
		char words[128];
		struct textbuf again = textbuf_of(words, sizeof(words));

		f->current = 1 - f->current;
		f->serial = serial + 1;
		uplinks_configure(f, now);
		if (publish_configuration(f, next, &again)) {
			log_printf(&f->log, LOG_LEVEL_ERROR,
				"going back to the old configuration: %s", words);
			f->reconcile_due = now;
		}
	}
	rebind(f);
	return err;
}

static enum fl_err check_into(struct fairlead *f, const struct settings *candidate,
	struct config *next, const struct sink *out)
{
	struct diags why;
	enum fl_err err;

	(void)f;
	diags_init(&why, &next->mem);
	err = settings_copy(candidate, &next->mem, &next->tree);
	if (!err)
		err = config_bind(next, &why);
	diags_print(&why, NULL, out);
	if (err == FL_EFULL || next->mem.full) {
		sink_puts(out, "error: out of memory\n");
		return FL_EFULL;
	}
	return err;
}

/* ---- what the console calls ---- */

const struct settings *commit_committed(void *ctx, uint32_t *revision)
{
	struct fairlead *f = ctx;

	*revision = f->revision;
	return &fairlead_config(f)->tree;
}

enum fl_err commit_check(void *ctx, const struct settings *candidate, const struct sink *out)
{
	struct fairlead *f = ctx;
	struct config *next = next_config(f);
	enum fl_err err = check_into(f, candidate, next, out);

	config_free(next);
	return err;
}

static enum fl_err save_all(
	struct fairlead *f, struct str user, struct str comment, struct textbuf *why)
{
	const struct storage *s = &f->io->settings;
	struct str text = text_of(&fairlead_config(f)->tree, &f->scratch);
	enum fl_err err;

	if (f->scratch.full) {
		textbuf_printf(why, "out of memory");
		return FL_EFULL;
	}
	err = revision_save(f, f->revision + 1, text, user, comment, why);
	if (!err)
		err = s->save(s->ctx, SETTINGS_NAME, bytes_of(text.at, text.n), why);
	return err;
}

enum fl_err commit_candidate(void *ctx, const struct settings *candidate, struct str user,
	struct str comment, const struct sink *out)
{
	struct fairlead *f = ctx;
	struct config *next = next_config(f);
	char words[256];
	struct textbuf why = textbuf_of(words, sizeof(words));
	enum fl_err err = check_into(f, candidate, next, out);

	if (err)
		return err;
	err = put_in_force(f, false, &why);
	if (err) {
		sink_printf(out,
			"error: the change was not applied, the old configuration is in force: "
			"%s\n",
			words);
		return err;
	}
	err = save_all(f, user, comment, &why);
	arena_reset(&f->scratch);
	if (err) {
		struct textbuf again = textbuf_of((char[128]){0}, 128);

		sink_printf(out,
			"error: the change was not saved, the old configuration is in force: %s\n",
			words);
		(void)put_in_force(f, false, &again);
		return err;
	}
	f->revision++;
	f->in_force = true;
	log_printf(&f->log, LOG_LEVEL_NOTICE, "revision %u committed by %.*s%s%.*s", f->revision,
		STR_ARG(user), comment.n ? ": " : "", STR_ARG(comment));
	return FL_OK;
}

enum fl_err commit_revision(void *ctx, uint32_t back, struct arena *mem, struct settings *out)
{
	struct fairlead *f = ctx;
	struct revision_list list;
	struct diags ignored;
	struct str text;
	enum fl_err err;

	if (back == 0)
		return settings_copy(&fairlead_config(f)->tree, mem, out);
	revisions_load(f, mem, &list);
	if (back >= list.n)
		return FL_ENOENT;
	err = revision_text(f, list.at[list.n - 1 - back].number, mem, &text);
	if (err)
		return err;
	diags_init(&ignored, mem);
	err = settings_init(out, f->schema, mem);
	return err ? err : settings_parse(out, text, &ignored);
}

void commit_revisions(void *ctx, const struct sink *out)
{
	struct fairlead *f = ctx;
	struct revision_list list;
	char when[WALL_TEXT_MAX];

	revisions_load(f, &f->scratch, &list);
	for (size_t back = 0; back < list.n; back++) {
		const struct revision *r = &list.at[list.n - 1 - back];

		sink_printf(out, "%2zu  revision %-5u %s  %-12s %s\n", back, r->number,
			wall_text(r->wall, when), r->user, r->comment);
	}
	arena_reset(&f->scratch);
}

/* ---- at the start, and on SIGHUP ---- */

struct log_sink {
	struct fairlead *f;
	char line[512];
	size_t n;
};

/* Lines of diags_print() to lines of the log. */
static void log_sink_put(void *ctx, const char *text, size_t n)
{
	struct log_sink *l = ctx;

	for (size_t i = 0; i < n; i++) {
		if (text[i] != '\n') {
			if (l->n < sizeof(l->line) - 1)
				l->line[l->n++] = text[i];
			continue;
		}
		log_printf(&l->f->log, LOG_LEVEL_ERROR, "%.*s", (int)l->n, l->line);
		l->n = 0;
	}
}

static enum fl_err parse_into_next(struct fairlead *f, struct str text)
{
	struct config *next = next_config(f);
	struct log_sink lines = {.f = f};
	struct sink out = {log_sink_put, &lines};
	struct diags why;
	enum fl_err err;

	diags_init(&why, &next->mem);
	err = settings_parse_leniently(&next->tree, text, &why);
	if (config_bind(next, &why) && !err)
		err = FL_EFORMAT;
	diags_print(&why, SETTINGS_NAME, &out);
	return next->mem.full ? FL_EFULL : err;
}

/* The newest saved revision that has no mistakes, else no settings at all. */
static void fall_back(struct fairlead *f)
{
	struct revision_list list;
	struct str text;

	revisions_load(f, &f->scratch, &list);
	while (list.n--) {
		if (revision_text(f, list.at[list.n].number, &f->scratch, &text) == FL_OK &&
			parse_into_next(f, text) == FL_OK) {
			log_printf(&f->log, LOG_LEVEL_ERROR,
				"revision %u, the last good one, is in force",
				list.at[list.n].number);
			return;
		}
	}
	log_printf(&f->log, LOG_LEVEL_ERROR, "no settings are in force; mend them at the console");
	(void)parse_into_next(f, STR(""));
}

/* A file that somebody edited by hand becomes a revision of its own. */
static void note_edited_file(struct fairlead *f, struct str source)
{
	struct revision_list list;
	struct str saved = {0}, text = text_of(&fairlead_config(f)->tree, &f->scratch);
	char words[128];
	struct textbuf why = textbuf_of(words, sizeof(words));

	revisions_load(f, &f->scratch, &list);
	f->revision = list.n ? list.at[list.n - 1].number : 0;
	if (list.n)
		(void)revision_text(f, f->revision, &f->scratch, &saved);
	if (list.n && str_eq(saved, text))
		return;
	if (revision_save(f, f->revision + 1, text, source, STR("read from the file"), &why))
		log_printf(&f->log, LOG_LEVEL_WARNING, "the revision was not recorded: %s", words);
	f->revision++;
}

enum fl_err commit_load(struct fairlead *f)
{
	const struct storage *s = &f->io->settings;
	char words[256];
	struct textbuf why = textbuf_of(words, sizeof(words));
	struct bytes octets = bytes_of("", 0);
	enum fl_err err = s->load(s->ctx, SETTINGS_NAME, &f->scratch, &octets, &why);
	enum fl_err applied;

	if (err == FL_ENOENT)
		log_printf(&f->log, LOG_LEVEL_NOTICE,
			"there are no settings yet; type `configure` at the console");
	else if (err)
		log_printf(&f->log, LOG_LEVEL_ERROR, "the settings could not be read: %s", words);
	if (!err || err == FL_ENOENT)
		err = parse_into_next(f, (struct str){(const char *)octets.at, octets.n});
	if (err)
		fall_back(f);
	why = textbuf_of(words, sizeof(words));
	applied = put_in_force(f, true, &why);
	if (applied)
		log_printf(&f->log, LOG_LEVEL_ERROR, "the settings were not applied in full: %s",
			words);
	if (applied)
		f->reconcile_due = mtime_after(f->io->io.now(f->io->io.ctx), sec(1));
	if (!err)
		note_edited_file(f, STR("file"));
	f->in_force = !err && !applied;
	arena_reset(&f->scratch);
	return err ? err : applied;
}

enum fl_err commit_reload(struct fairlead *f)
{
	const struct storage *s = &f->io->settings;
	char words[256];
	struct textbuf why = textbuf_of(words, sizeof(words));
	struct bytes octets;
	enum fl_err err = s->load(s->ctx, SETTINGS_NAME, &f->scratch, &octets, &why);

	if (err)
		log_printf(&f->log, LOG_LEVEL_ERROR, "the settings could not be read: %s", words);
	else if ((err = parse_into_next(f, (struct str){(const char *)octets.at, octets.n})))
		log_printf(&f->log, LOG_LEVEL_ERROR,
			"the settings have mistakes; nothing was changed");
	else if ((err = put_in_force(f, false, &why)))
		log_printf(&f->log, LOG_LEVEL_ERROR, "the settings were not applied: %s", words);
	else
		note_edited_file(f, STR("file"));
	arena_reset(&f->scratch);
	return err;
}
