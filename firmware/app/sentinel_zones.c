/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings in, zones out.
 *
 * Where memory is short the old and the new configuration do not fit beside each other: then the
 * old one goes first, and the text as soon as it is read.  Questions get no answer for the moment
 * that compiling takes, and if the new one is no good the stored one, which was good before, is
 * compiled again.  What is in force is stored, always, in the form that `show configuration` has.
 */
#include "sentinel.h"

#include <string.h>

#define SAID_MAX 160

/* ---- from a text to an image ---- */

static void drop(struct sentinel_zones *z)
{
	config_free(&z->config);
	arena_reset(&z->mem);
	z->image = (struct dns_image){0};
	z->used = false;
}

static enum fl_err compile(struct sentinel *s, struct sentinel_zones *z)
{
	struct dns_source source = config_dns_source(&z->config, s->serial);
	uint8_t *image;
	size_t size;
	enum fl_err err;

	memcpy(source.cookie_secret, s->cookie_secret, sizeof(source.cookie_secret));
	err = dns_zones_place(z->config.zones, &source, &size);
	if (err)
		return err;
	image = arena_alloc(&z->mem, size);
	if (image)
		dns_zones_write(z->config.zones, image);
	config_drop_zones(&z->config);
	return image ? dns_image_open(bytes_of(image, size), &z->image) : FL_EFULL;
}

/* The settings of `text` in `z`; mistakes are in `why`, whose memory is `z`'s. */
static enum fl_err read_text(
	struct sentinel *s, struct sentinel_zones *z, struct str text, struct diags *why)
{
	enum fl_err err;

	drop(z);
	config_init(&z->config, s->schema, &s->io->memory);
	arena_init(&z->mem, &s->io->memory);
	diags_init(why, &z->config.mem);
	err = settings_parse_leniently(&z->config.tree, text, why);
	return z->config.mem.full ? FL_EFULL : err;
}

/* What was read, checked and compiled; `err` is what reading gave. */
static enum fl_err make(
	struct sentinel *s, struct sentinel_zones *z, struct diags *why, enum fl_err err)
{
	if (err == FL_EFULL || config_bind(&z->config, NULL, why) == FL_EFULL || z->config.mem.full)
		return FL_EFULL;
	if (err || why->errors)
		return FL_EFORMAT;
	err = compile(s, z);
	z->used = !err;
	return err;
}

/* ---- in force ---- */

static void put_in_force(struct sentinel *s, unsigned which)
{
	const struct io *io = &s->io->io;
	unsigned old = s->current;

	s->current = which;
	s->serial++;
	s->responder.image = s->zones[which].image;
	sentinel_links_configure(s, io->now(io->ctx));
	sentinel_links_publish(s);
	sentinel_console_bind(s);
	sentinel_panel_update(s, io->now(io->ctx));
	if (old != which)
		drop(&s->zones[old]);
}

/* Nothing is in force. */
static void put_nothing_in_force(struct sentinel *s)
{
	s->responder.image = (struct dns_image){0};
	sentinel_links_stop(s);
	drop(&s->zones[s->current]);
	config_init(&s->zones[s->current].config, s->schema, &s->io->memory);
	sentinel_console_bind(s);
}

void sentinel_zones_close(struct sentinel *s)
{
	for (size_t i = 0; i < COUNT_OF(s->zones); i++)
		drop(&s->zones[i]);
}

static enum fl_err stored(struct sentinel *s, struct arena *mem, struct str *text)
{
	const struct storage *st = &s->io->storage;
	char words[SAID_MAX];
	struct textbuf why = textbuf_of(words, sizeof(words));
	struct bytes octets;
	enum fl_err err = st->load(st->ctx, SENTINEL_SETTINGS, mem, &octets, &why);

	if (err == FL_OK)
		*text = (struct str){(const char *)octets.at, octets.n};
	else if (err != FL_ENOENT)
		log_printf(&s->log, LOG_LEVEL_ERROR, "the stored settings: %s",
			why.n ? words : fl_err_text(err));
	return err;
}

void sentinel_zones_load(struct sentinel *s)
{
	struct arena mem;
	struct diags why;
	struct str text;
	enum fl_err err;

	arena_init(&mem, &s->io->memory);
	err = stored(s, &mem, &text);
	if (err == FL_OK) {
		err = read_text(s, &s->zones[s->current], text, &why);
		arena_reset(&mem);
		err = make(s, &s->zones[s->current], &why, err);
		if (err)
			diags_log(&why, SENTINEL_SETTINGS, &s->log);
	}
	arena_reset(&mem);
	s->fault = err && err != FL_ENOENT;
	if (!err)
		put_in_force(s, s->current);
	else
		put_nothing_in_force(s);
	if (err == FL_ENOENT)
		log_printf(&s->log, LOG_LEVEL_NOTICE,
			"no settings are stored yet: \"load settings\" takes them");
	else if (err)
		log_printf(&s->log, LOG_LEVEL_ERROR, "the stored settings are not in force: %s",
			err == FL_EFULL ? "they " SENTINEL_TOO_LARGE : fl_err_text(err));
}

/* ---- a new text ---- */

static void say_useless(const struct config_values *v, const struct sink *out)
{
	const struct {
		const char *what;
		size_t n;
	} all[] = {{"lan", v->nlans}, {"rule", v->nrules}, {"forward", v->nforwards},
		{"nat", v->nnats}, {"address-set", v->nsets}, {"user", v->nusers},
		{"tsig-key", v->nkeys}, {"dns listen", v->dns.nlisten},
		{"sentinel", v->ncompanions}};

	for (size_t i = 0; i < COUNT_OF(all); i++)
		if (all[i].n)
			sink_printf(out, "note: %s: a sentinel has no use for it\n", all[i].what);
	for (size_t i = 0; i < v->nlinks; i++) {
		if (link_conf_is_leased(&v->links[i]))
			sink_printf(out,
				"note: link %.*s: nothing is leased here: it needs an address\n",
				STR_ARG(v->links[i].name));
		if (v->links[i].monitor.nchecks)
			sink_printf(out, "note: link %.*s: services are the router's to check\n",
				STR_ARG(v->links[i].name));
	}
	for (size_t i = 0; i < v->ndomains; i++)
		if (v->domains[i].transfer.nallow || v->domains[i].transfer.key >= 0 ||
			v->domains[i].transfer.nnotify)
			sink_printf(out,
				"note: domain %.*s: transfers are the router's; a sentinel refuses "
				"them\n",
				STR_ARG(v->domains[i].name));
}

/* A text of which only the length is known before it is there. */
struct exact {
	char *at; /* NULL: only count */
	size_t n;
};

static void put_exactly(void *ctx, const char *text, size_t n)
{
	struct exact *e = ctx;

	if (e->at)
		memcpy(e->at + e->n, text, n);
	e->n += n;
}

static enum fl_err store(struct sentinel *s, const struct settings *tree, const struct sink *out)
{
	const struct storage *st = &s->io->storage;
	char words[SAID_MAX];
	struct textbuf why = textbuf_of(words, sizeof(words));
	struct exact text = {0};
	const struct sink to = {put_exactly, &text};
	struct arena mem;
	enum fl_err err;

	arena_init(&mem, &s->io->memory);
	(void)settings_print(tree, STR(""), SETTINGS_BRACES, &to);
	text.at = arena_alloc(&mem, text.n + 1);
	text.n = 0;
	if (text.at)
		(void)settings_print(tree, STR(""), SETTINGS_BRACES, &to);
	err = text.at ? st->save(st->ctx, SENTINEL_SETTINGS, bytes_of(text.at, text.n), &why)
		      : FL_EFULL;
	arena_reset(&mem);
	if (err)
		sink_printf(out, "error: the settings were not stored: %s\n",
			why.n ? words : fl_err_text(err));
	return err;
}

/* Build beside what is in force, or, where that does not fit, in place of it. */
static enum fl_err build_somewhere(
	struct sentinel *s, const struct sentinel_text *text, struct diags *why)
{
	struct sentinel_zones *z = &s->zones[!s->current];
	enum fl_err err = make(s, z, why, read_text(s, z, text->text, why));

	if (err != FL_EFULL)
		return err;
	drop(z);
	if (s->zones[s->current].used)
		put_nothing_in_force(s);
	err = read_text(s, z, text->text, why);
	text->forget(text->ctx);
	return make(s, z, why, err);
}

enum fl_err sentinel_zones_replace(
	struct sentinel *s, const struct sentinel_text *text, const struct sink *out)
{
	unsigned other = !s->current;
	struct diags why;
	enum fl_err err = build_somewhere(s, text, &why);

	if (err == FL_EFULL)
		sink_puts(out, "error: the settings " SENTINEL_TOO_LARGE "\n");
	else
		diags_print(&why, NULL, out);
	if (!err)
		err = store(s, &s->zones[other].config.tree, out);
	if (err) {
		drop(&s->zones[other]);
		if (!s->zones[s->current].used)
			sentinel_zones_load(s);
		return err;
	}
	s->fault = false;
	say_useless(&s->zones[other].config.v, out);
	put_in_force(s, other);
	return FL_OK;
}
