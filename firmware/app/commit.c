/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configurations that follow each other.
 *
 * A commit checks everything, applies the difference, and then saves; if applying or saving fails,
 * the old configuration is applied again, so that what runs and what is saved never differ.  There
 * is room for three configurations: the one in force, the next one while it is made, and the one to
 * go back to while another waits for "confirm".  Going back is a swap.
 *
 * What is saved, and in this order: the revision (revisions.h), then the settings.  The settings
 * are what the next start reads, so that one save of them is the moment from which on the new
 * configuration is the one.  After `commit confirmed` the settings stay as they were: a power cut
 * before "confirm" starts with the old ones.  What a cut between the two saves has left is told at
 * the next start, and no revision is lost by it. */
#include "product.h"
#include "siphash.h"
#include "text_grow.h"

#include <string.h>

#define SETTINGS_NAME "settings"
#define LAST_MINUTE   sec(60)             /* "confirm" is asked for again when this is left, */
#define LAST_CALL     sec(10)             /* and this */
#define GO_BACK_AGAIN sec(10)             /* after a failure */
#define CLOCK_IS_SET  INT64_C(1577836800) /* 2020-01-01: an earlier time is no time */

static struct str text_of(const struct settings *tree, struct arena *mem)
{
	struct text_grow text = text_grow_in(mem);
	struct sink out = text_grow_sink(&text);

	(void)settings_print(tree, STR(""), SETTINGS_BRACES, &out);
	return text_grow_str(&text);
}

/* ---- making the next configuration ---- */

/* The slot that is neither in force nor to go back to, emptied. */
static struct config *next_config(struct fairlead *f)
{
	struct config *next;

	f->next = 0;
	while (f->next == f->current || (f->unconfirmed.waits && f->next == f->unconfirmed.before))
		f->next++;
	next = &f->config[f->next];
	config_free(next);
	config_init(next, f->schema, &f->io->memory);
	return next;
}

uint32_t commit_next_serial(const struct fairlead *f)
{
	uint32_t wall = (uint32_t)f->io->io.wall(f->io->io.ctx);
	uint32_t least = f->serial + f->published.generation + 1;

	return (int32_t)(wall - least) > 0 ? wall : least;
}

/* As it will be when it is in force: so what was checked of the domains can be served as it is. */
static void fill_links(void *ctx, struct config *c)
{
	uplinks_number(ctx, c);
	acquire_fill(ctx, c);
	c->v.forwarding.table_default = ((const struct fairlead *)ctx)->table_default;
}

static void rebind(struct fairlead *f)
{
	panel_update(f);
	modules_commands(f, f->commands);
}

/* Make the configuration in slot `to` the one in force.  `first`: nothing is in force yet. */
static enum fl_err put_in_force(struct fairlead *f, unsigned to, bool first, struct textbuf *why)
{
	mtime now = f->io->io.now(f->io->io.ctx);
	unsigned from = f->current;
	uint32_t serial = f->serial;
	enum fl_err err;

	uplinks_number(f, &f->config[to]);
	if (first)
		acquire_remember(f, &f->config[to], now);
	acquire_fill(f, &f->config[to]);
	acquire_warn(f, &f->config[to]);
	(void)lans_delegate(f, &f->config[to], false);
	servers_begin(f, &f->config[to], now);
	f->serial = commit_next_serial(f);
	f->current = to;
	uplinks_configure(f, now);
	err = publish_configuration(f, first ? NULL : &f->config[from], why);
	/* At the start a kernel that refuses must not lock out who could mend it. */
	if (!err || first) {
		enum fl_err people = people_apply(f, &f->config[to], why);

		err = err ? err : people;
	}
	if (err && !first) {
		char words[128];
		struct textbuf again = textbuf_of(words, sizeof(words));

		f->current = from;
		servers_begin(f, &f->config[from], now);
		f->serial = serial + 1;
		uplinks_configure(f, now);
		if (publish_configuration(f, &f->config[to], &again) ||
			people_apply(f, &f->config[from], &again)) {
			log_printf(&f->log, LOG_LEVEL_ERROR,
				"going back to the old configuration: %s", words);
			f->reconcile_due = now;
		}
	}
	acquire_configure(f);
	lans_configure(f);
	reports_configure(f);
	pages_configure(f);
	clock_configure(f, now);
	rebind(f);
	return err;
}

static bool link_had_port(const struct config *c, const struct link_conf *l)
{
	for (size_t i = 0; i < c->v.nlinks; i++)
		if (str_eq(c->v.links[i].name, l->name))
			return str_eq(c->v.links[i].port, l->port);
	return false;
}

/* It may come later, as a modem does that is not plugged in: said once, and no mistake. */
static void warn_of_absent_interfaces(
	const struct fairlead *f, const struct config *next, struct diags *why)
{
	const struct interfaces *interfaces = &f->io->interfaces;
	struct interface_state is;

	for (size_t i = 0; i < next->v.nlinks; i++) {
		const struct link_conf *l = &next->v.links[i];

		if (l->disabled || link_had_port(&f->config[f->current], l))
			continue;
		interfaces->get(interfaces->ctx, l->port, &is);
		if (!is.exists)
			diag_warning(why, &l->origin, "interface", "plug it in, or mend its name",
				"this machine has no interface %.*s now: the link waits for it",
				STR_ARG(l->port));
	}
}

static void check_kernel(const struct fairlead *f, const struct config *next, struct diags *why)
{
	const struct kernel *k = &f->io->kernel;
	struct forwarding_source source = config_forwarding_source(next);

	forwarding_check_kernel(&source, k->lacks(k->ctx, forwarding_needs(&source)), why);
}

/* Their numbers are not found any more where they are looked for. */
static void warn_of_moved_marks(
	const struct fairlead *f, const struct config *next, struct diags *why)
{
	if (config_mark_bits(&f->config[f->current]) != config_mark_bits(next))
		diag_warning(why, NULL, NULL, "commit when few are at work",
			"with another mark-mask every connection over a link begins anew");
}

static enum fl_err check_into(struct fairlead *f, const struct settings *candidate, bool unlocks,
	struct config *next, const struct sink *out)
{
	struct diags why;
	enum fl_err err;

	diags_init(&why, &next->mem);
	err = settings_copy(candidate, &next->mem, &next->tree);
	if (!err)
		err = config_bind(next, &(struct config_links){fill_links, f}, &why);
	if (!err && !unlocks && people_need_password(f, next) &&
		!people_need_password(f, fairlead_config(f))) {
		diag_error(&why, NULL, NULL,
			"keep the user who has one, or type `set password NAME`",
			"no admin would have a password or a key any more, and nobody could log "
			"in");
		err = FL_EFORMAT;
	}
	if (!err)
		warn_of_absent_interfaces(f, next, &why);
	if (!err)
		warn_of_moved_marks(f, next, &why);
	if (!err)
		check_kernel(f, next, &why);
	if (!err && why.errors)
		err = FL_ENOTSUP; /* by this kernel */
	diags_print(&why, NULL, out);
	if (err == FL_EFULL || next->mem.full) {
		sink_puts(out, "error: out of memory\n");
		return FL_EFULL;
	}
	return err;
}

/* ---- saving ---- */

static enum fl_err save_revision(
	struct fairlead *f, const struct revision *r, struct str text, struct textbuf *why)
{
	if (f->scratch.full) {
		textbuf_printf(why, "out of memory");
		return FL_EFULL;
	}
	return revisions_save(&f->io->storage, r, text, &f->scratch, why);
}

static const char *settings_name(const struct fairlead *f)
{
	return f->io->settings_name ? f->io->settings_name : SETTINGS_NAME;
}

/* Another text has another mark, but for one in 2^64. */
static uint64_t mark_of(struct bytes text)
{
	static const uint8_t no_secret[16] = {0};

	return siphash(no_secret, text);
}

/* Does the file hold what is not in force, as somebody has edited it or it was refused?  What is
 * in f->scratch is gone. */
static bool is_file_edited(struct fairlead *f)
{
	const struct storage *s = &f->io->settings;
	struct textbuf why = textbuf_of((char[256]){0}, 256);
	struct bytes octets;
	bool edited = s->load(s->ctx, SETTINGS_NAME, &f->scratch, &octets, &why) == FL_OK &&
		      mark_of(octets) != f->settings_mark;

	arena_reset(&f->scratch);
	return edited;
}

static void warn_of_edits(const struct fairlead *f, const struct sink *out)
{
	sink_printf(out,
		"warning: %s was edited meanwhile and not read, or not taken; what it held is kept "
		"in %s~\n",
		settings_name(f), settings_name(f));
}

static enum fl_err save_settings(struct fairlead *f, struct str text, struct textbuf *why)
{
	const struct storage *s = &f->io->settings;
	struct bytes octets = bytes_of(text.at, text.n);
	enum fl_err err;

	if (f->scratch.full) {
		textbuf_printf(why, "out of memory");
		return FL_EFULL;
	}
	err = s->save(s->ctx, SETTINGS_NAME, octets, why);
	if (!err)
		f->settings_mark = mark_of(octets);
	return err;
}

static struct str text_in_force(struct fairlead *f)
{
	return text_of(&fairlead_config(f)->tree, &f->scratch);
}

static int64_t wall_now(const struct fairlead *f)
{
	return f->io->io.wall(f->io->io.ctx);
}

/* ---- waiting for "confirm" ---- */

static void expect_confirm(struct fairlead *f, unsigned before, uint32_t back_to, unsigned minutes)
{
	struct unconfirmed *u = &f->unconfirmed;
	mtime now = f->io->io.now(f->io->io.ctx);
	span wait = sec(60 * (int64_t)minutes);
	span last = minutes > 1 ? LAST_MINUTE : LAST_CALL;

	if (!u->waits) {
		u->before = before;
		u->back_to = back_to;
	}
	u->waits = true;
	u->minutes = minutes;
	u->due = mtime_after(now, wait);
	u->say_due = mtime_after(now, us(wait.us - last.us));
}

/* Tell all sessions, by the log, what happens next. */
static void call_for_confirm(struct fairlead *f)
{
	const struct unconfirmed *u = &f->unconfirmed;
	int64_t left = (span_ms(commit_confirm_left(f)) + 999) / 1000;

	log_printf(&f->log, LOG_LEVEL_NOTICE,
		"in %lld %s revision %u comes back in place of %u; \"confirm\" keeps %u",
		(long long)(left % 60 ? left : left / 60),
		left % 60    ? "s"
		: left == 60 ? "minute"
			     : "minutes",
		u->back_to, f->revision, f->revision);
}

span commit_confirm_left(void *ctx)
{
	const struct fairlead *f = ctx;
	mtime now = f->io->io.now(f->io->io.ctx);

	if (!f->unconfirmed.waits || mtime_reached(now, f->unconfirmed.due))
		return ms(0);
	return mtime_between(now, f->unconfirmed.due);
}

/* Nobody confirmed: the old configuration again, as a revision of its own. */
static void go_back(struct fairlead *f, mtime now)
{
	struct unconfirmed *u = &f->unconfirmed;
	char words[256], comment[96];
	struct textbuf why = textbuf_of(words, sizeof(words));
	struct textbuf t = textbuf_of(comment, sizeof(comment));
	uint32_t tried = f->revision;
	struct revision r;

	if (put_in_force(f, u->before, false, &why)) {
		log_printf(&f->log, LOG_LEVEL_ERROR,
			"revision %u is still in force: going back to revision %u failed: %s",
			tried, u->back_to, words);
		u->due = mtime_after(now, GO_BACK_AGAIN);
		return;
	}
	u->waits = false;
	f->revision++;
	textbuf_printf(&t, "as revision %u: %u was not confirmed", u->back_to, tried);
	r = revision_of(
		f->revision, wall_now(f), REVISION_KEPT, STR("-"), STR("timer"), textbuf_str(&t));
	if (save_revision(f, &r, text_in_force(f), &why))
		log_printf(&f->log, LOG_LEVEL_WARNING, "the revision was not recorded: %s", words);
	arena_reset(&f->scratch);
	log_printf(&f->log, LOG_LEVEL_NOTICE,
		"revision %u was not confirmed within %u minute%s: revision %u is in force again, "
		"as %u",
		tried, u->minutes, u->minutes == 1 ? "" : "s", u->back_to, f->revision);
}

void commit_tick(struct fairlead *f, mtime now)
{
	struct unconfirmed *u = &f->unconfirmed;

	if (!u->waits)
		return;
	if (mtime_reached(now, u->due)) {
		go_back(f, now);
	} else if (mtime_reached(now, u->say_due)) {
		int64_t quiet = mtime_between(now, u->due).us - LAST_CALL.us;

		call_for_confirm(f);
		u->say_due = quiet > 0 ? mtime_after(now, us(quiet)) : MTIME_NEVER;
	}
}

mtime commit_next_due(const struct fairlead *f)
{
	const struct unconfirmed *u = &f->unconfirmed;

	return u->waits ? mtime_first(u->due, u->say_due) : MTIME_NEVER;
}

enum fl_err commit_confirm(void *ctx, struct str user, const struct sink *out)
{
	struct fairlead *f = ctx;
	struct unconfirmed *u = &f->unconfirmed;
	char words[256];
	struct textbuf why = textbuf_of(words, sizeof(words));
	struct str text;
	enum fl_err err;
	bool edited;

	if (!u->waits) {
		sink_puts(out, "error: nothing waits for \"confirm\"\n");
		return FL_ENOENT;
	}
	edited = is_file_edited(f);
	text = text_in_force(f);
	err = save_settings(f, text, &why);
	if (err) {
		sink_printf(out,
			"error: revision %u still waits for \"confirm\": it could not be saved: "
			"%s\n",
			(unsigned)f->revision, words);
	} else {
		if (edited)
			warn_of_edits(f, out);
		u->waits = false;
		u->revision.state = REVISION_KEPT;
		if (save_revision(f, &u->revision, text, &why))
			log_printf(&f->log, LOG_LEVEL_WARNING,
				"that revision %u was confirmed was not recorded: %s", f->revision,
				words);
		log_printf(&f->log, LOG_LEVEL_NOTICE, "revision %u confirmed by %.*s", f->revision,
			STR_ARG(user));
	}
	arena_reset(&f->scratch);
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
	enum fl_err err = check_into(f, candidate, false, next, out);

	config_free(next);
	return err;
}

/* ---- the configuration for one session alone ---- */

static enum fl_err say_claimed(const struct fairlead *f, const struct sink *out)
{
	char when[WALL_TEXT_MAX];

	sink_printf(out,
		"error: %s has the configuration to himself since %s (configure exclusive)\n",
		f->claim.user, wall_text(f->claim.wall, when));
	return FL_EPERM;
}

enum fl_err commit_claim(
	void *ctx, const struct console *session, struct str user, const struct sink *out)
{
	struct fairlead *f = ctx;
	struct textbuf t;

	if (f->claim.session && f->claim.session != session)
		return say_claimed(f, out);
	if (user.n == 0)
		return FL_OK;
	f->claim.session = session;
	f->claim.wall = wall_now(f);
	t = textbuf_of(f->claim.user, sizeof(f->claim.user));
	textbuf_put(&t, user.at, user.n);
	return FL_OK;
}

void commit_release(void *ctx, const struct console *session)
{
	struct fairlead *f = ctx;

	if (f->claim.session == session)
		f->claim.session = NULL;
}

/* ---- could a change cut off who is there over the network? ---- */

/* Lines of a difference, as "+ set link wan1 weight 4". */
struct risk {
	char line[32]; /* the beginning of one */
	size_t n;
	bool found;
};

/* What is only said to the world, and carries no packet of a session. */
static bool is_harmless(struct str line)
{
	static const char *const harmless[] = {"domain", "reverse", "tsig-key", "view", "dns",
		"report", "system host-name", "system ntp-server"};

	for (size_t i = 0; i < COUNT_OF(harmless); i++)
		if (str_starts(line, str_of(harmless[i])))
			return true;
	return false;
}

static void look_for_risk(void *ctx, const char *text, size_t n)
{
	struct risk *r = ctx;

	for (size_t i = 0; i < n; i++) {
		if (text[i] != '\n') {
			if (r->n < sizeof(r->line))
				r->line[r->n++] = text[i];
			continue;
		}
		if (r->n > 6) /* "+ set " */
			r->found |= !is_harmless((struct str){r->line + 6, r->n - 6});
		r->n = 0;
	}
}

bool commit_may_cut_off(void *ctx, const struct settings *from, const struct settings *to)
{
	struct risk r = {.n = 0};
	struct sink out = {look_for_risk, &r};

	(void)ctx;
	settings_diff(from, to, &out);
	return r.found;
}

/* ---- the commit ---- */

/* Save what was just put in force: for good, or until somebody confirms it. */
static enum fl_err save_commit(
	struct fairlead *f, const struct console_commit *c, struct textbuf *why)
{
	struct str text = text_in_force(f);
	struct revision r = revision_of(f->revision + 1, wall_now(f),
		c->minutes ? REVISION_TRIED : REVISION_KEPT, c->user, c->source, c->comment);
	enum fl_err err = save_revision(f, &r, text, why);

	if (!err && !c->minutes)
		err = save_settings(f, text, why);
	if (!err)
		f->unconfirmed.revision = r;
	return err;
}

static void told_of_commit(struct fairlead *f, const struct console_commit *c)
{
	log_printf(&f->log, LOG_LEVEL_NOTICE, "revision %u committed by %.*s%s%.*s", f->revision,
		STR_ARG(c->user), c->comment.n ? ": " : "", STR_ARG(c->comment));
	if (c->minutes)
		call_for_confirm(f);
}

/* What a commit has put in force: a few rows of domains, or a whole configuration. */
struct applied {
	bool few;
	struct commit_rows rows;
	unsigned before; /* else */
};

static enum fl_err apply(struct fairlead *f, const struct console_commit *c,
	struct applied *applied, const struct sink *out)
{
	/* Who waits for "confirm" needs both configurations whole. */
	bool may_be_few = !c->minutes && !f->unconfirmed.waits;
	char words[256];
	struct textbuf why = textbuf_of(words, sizeof(words));
	enum fl_err err;

	applied->before = f->current;
	applied->few = may_be_few && commit_rows(f, c->candidate, &applied->rows) == FL_OK;
	if (applied->few)
		return FL_OK;
	err = check_into(f, c->candidate, c->unlocks, next_config(f), out);
	if (err)
		return err;
	err = put_in_force(f, f->next, false, &why);
	if (err)
		sink_printf(out,
			"error: the change was not applied, the old configuration is in force: "
			"%s\n",
			words);
	return err;
}

static void undo(struct fairlead *f, struct applied *applied)
{
	struct textbuf ignored = textbuf_of((char[128]){0}, 128);

	if (applied->few)
		(void)commit_rows_undo(f, &applied->rows, &ignored);
	else
		(void)put_in_force(f, applied->before, false, &ignored);
}

enum fl_err commit_candidate(void *ctx, const struct console_commit *c, const struct sink *out)
{
	struct fairlead *f = ctx;
	struct applied applied;
	char words[256];
	struct textbuf why = textbuf_of(words, sizeof(words));
	enum fl_err err;
	bool edited;

	if (f->claim.session && c->session != f->claim.session && !c->unlocks)
		return say_claimed(f, out);
	err = apply(f, c, &applied, out);
	if (err)
		return err;
	edited = !c->minutes && is_file_edited(f);
	err = save_commit(f, c, &why);
	arena_reset(&f->scratch);
	if (err) {
		sink_printf(out,
			"error: the change was not saved, the old configuration is in force: %s\n",
			words);
		undo(f, &applied);
		return err;
	}
	if (edited)
		warn_of_edits(f, out);
	if (c->minutes)
		expect_confirm(f, applied.before, f->revision, c->minutes);
	else
		f->unconfirmed.waits = false;
	f->revision++;
	f->in_force = true;
	told_of_commit(f, c);
	return FL_OK;
}

enum fl_err commit_revision(void *ctx, uint32_t back, struct arena *mem, struct settings *out)
{
	struct fairlead *f = ctx;
	struct diags ignored;
	struct str text;
	enum fl_err err;

	if (back == 0)
		return settings_copy(&fairlead_config(f)->tree, mem, out);
	if (back >= f->revision || back > REVISIONS_MAX)
		return FL_ENOENT;
	err = revisions_text(&f->io->storage, f->revision - back, mem, &text);
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

	revisions_load(&f->io->storage, &f->io->memory, &list);
	while (list.n--) {
		const struct revision *r = &list.at[list.n];
		char when[WALL_TEXT_MAX];
		bool waits = f->unconfirmed.waits && r->number == f->revision;
		const char *note = waits                        ? " (waits for \"confirm\")"
				   : r->state == REVISION_TRIED ? " (not confirmed)"
								: "";

		if (r->number > f->revision)
			continue; /* it could not be saved in full, and was never in force */
		sink_printf(out, "%2u  revision %-5u %-19s  %-12s %-*s%s%s%s\n",
			(unsigned)(f->revision - r->number), (unsigned)r->number,
			r->wall < CLOCK_IS_SET ? "clock was not set" : wall_text(r->wall, when),
			r->user, r->comment[0] || note[0] ? 8 : 0, r->source,
			r->comment[0] ? " " : "", r->comment, note);
	}
	if (list.damaged)
		sink_printf(out, "%zu more %s damaged\n", list.damaged,
			list.damaged == 1 ? "is" : "are");
}

/* ---- at the start, and on SIGHUP ---- */

static bool revision_is(struct fairlead *f, const struct revision *r, struct str text)
{
	struct str saved;

	return revisions_text(&f->io->storage, r->number, &f->scratch, &saved) == FL_OK &&
	       str_eq(saved, text);
}

/* Is this what was committed last?  Then it was good for the version that took it. */
static bool is_committed(struct fairlead *f, struct str text)
{
	struct revision_list list;

	revisions_load(&f->io->storage, &f->io->memory, &list);
	return list.n && revision_is(f, &list.at[list.n - 1], text);
}

/* `name`: of the text, for what is logged of it.  `committed`: by this version or another, whose
 * settings may be unknown here: after an older system was started again, the router must come up
 * with its links. */
static enum fl_err parse_into_next(
	struct fairlead *f, struct str text, const char *name, bool committed)
{
	struct config *next = next_config(f);
	struct diags why;
	enum fl_err err;

	diags_init(&why, &next->mem);
	err = committed ? settings_parse_printed(&next->tree, text, &why)
			: settings_parse_leniently(&next->tree, text, &why);
	if (!err && committed && why.warnings)
		log_printf(&f->log, LOG_LEVEL_WARNING,
			"%s was committed by another version: what this one does not know is left "
			"out, and is gone with the next commit",
			name);
	if (config_bind(next, &(struct config_links){fill_links, f}, &why) && !err)
		err = FL_EFORMAT;
	if (!err)
		check_kernel(f, next, &why);
	diags_log(&why, name, &f->log);
	settings_forget_places(&next->tree);
	return next->mem.full ? FL_EFULL : err;
}

/* The newest saved revision that was kept and has no mistakes, else no settings at all. */
static void fall_back(struct fairlead *f)
{
	struct revision_list list;
	struct str text;

	revisions_load(&f->io->storage, &f->io->memory, &list);
	if (list.damaged)
		log_printf(&f->log, LOG_LEVEL_ERROR, "%zu of the saved revisions %s damaged",
			list.damaged, list.damaged == 1 ? "is" : "are");
	while (list.n--) {
		const struct revision *r = &list.at[list.n];
		char name[32];
		struct textbuf t = textbuf_of(name, sizeof(name));

		textbuf_printf(&t, "revision %u", (unsigned)r->number);
		if (r->state == REVISION_KEPT &&
			revisions_text(&f->io->storage, r->number, &f->scratch, &text) == FL_OK &&
			parse_into_next(f, text, name, true) == FL_OK) {
			log_printf(&f->log, LOG_LEVEL_ERROR,
				"revision %u, the last good one, is in force", r->number);
			return;
		}
	}
	log_printf(&f->log, LOG_LEVEL_ERROR, "no settings are in force; mend them at the console");
	(void)parse_into_next(f, STR(""), settings_name(f), false);
}

/* Why the settings are not those of the newest revision. */
static void explain_difference(
	struct fairlead *f, const struct revision_list *list, struct str text, struct textbuf *out)
{
	const struct revision *last = list->n ? &list->at[list->n - 1] : NULL;
	const struct revision *before = list->n > 1 ? &list->at[list->n - 2] : NULL;

	if (last && last->state == REVISION_TRIED)
		textbuf_printf(out, "revision %u was not confirmed", (unsigned)last->number);
	else if (before && revision_is(f, before, text))
		textbuf_printf(
			out, "the commit of revision %u was cut short", (unsigned)last->number);
	else
		textbuf_printf(out, "read from the file");
}

/* The settings that were read, as a revision: the newest one, or one of their own when somebody
 * has edited the file, or a commit was not finished.  `committed`: the file is the newest one. */
static void note_settings(struct fairlead *f, bool committed, bool at_start)
{
	char words[128], comment[96];
	struct textbuf why = textbuf_of(words, sizeof(words));
	struct textbuf t = textbuf_of(comment, sizeof(comment));
	struct str text = text_in_force(f);
	struct revision_list list;
	struct revision *last, r;

	revisions_load(&f->io->storage, &f->io->memory, &list);
	last = list.n ? &list.at[list.n - 1] : NULL;
	if (last && last->number > f->revision)
		f->revision = last->number;
	if (last && (committed || revision_is(f, last, text))) {
		if (last->state == REVISION_KEPT)
			return;
		r = *last; /* it was confirmed, and then the power was cut */
		r.state = REVISION_KEPT;
	} else {
		explain_difference(f, &list, text, &t);
		r = revision_of(++f->revision, wall_now(f), REVISION_KEPT, STR("-"), STR("file"),
			textbuf_str(&t));
		if (at_start && last)
			log_printf(&f->log, LOG_LEVEL_NOTICE, "revision %u: %s", r.number, comment);
	}
	if (save_revision(f, &r, text, &why))
		log_printf(&f->log, LOG_LEVEL_WARNING, "the revision was not recorded: %s", words);
}

enum fl_err commit_load(struct fairlead *f)
{
	const struct storage *s = &f->io->settings;
	char words[256];
	struct textbuf why = textbuf_of(words, sizeof(words));
	struct bytes octets = bytes_of("", 0);
	enum fl_err err = s->load(s->ctx, SETTINGS_NAME, &f->scratch, &octets, &why);
	struct str text = {(const char *)octets.at, octets.n};
	bool committed = !err && is_committed(f, text);
	enum fl_err applied;

	if (err == FL_ENOENT)
		log_printf(&f->log, LOG_LEVEL_NOTICE,
			"there are no settings yet; type `configure` at the console");
	else if (err)
		log_printf(&f->log, LOG_LEVEL_ERROR, "the settings could not be read: %s", words);
	if (!err || err == FL_ENOENT)
		err = parse_into_next(f, text, settings_name(f), committed);
	if (err)
		fall_back(f);
	else
		f->settings_mark = mark_of(octets);
	why = textbuf_of(words, sizeof(words));
	applied = put_in_force(f, f->next, true, &why);
	if (applied)
		log_printf(&f->log, LOG_LEVEL_ERROR, "the settings were not applied in full: %s",
			words);
	if (applied)
		f->reconcile_due = mtime_after(f->io->io.now(f->io->io.ctx), sec(1));
	if (err) {
		struct revision_list list;

		revisions_load(&f->io->storage, &f->io->memory, &list);
		f->revision = list.n ? list.at[list.n - 1].number : 0;
	} else {
		note_settings(f, committed, true);
	}
	f->in_force = !err && !applied;
	arena_reset(&f->scratch);
	return err ? err : applied;
}

enum fl_err commit_reload(struct fairlead *f)
{
	const struct storage *s = &f->io->settings;
	char words[256];
	struct textbuf why = textbuf_of(words, sizeof(words));
	struct bytes octets = bytes_of("", 0);
	enum fl_err err = s->load(s->ctx, SETTINGS_NAME, &f->scratch, &octets, &why);
	struct str text = {(const char *)octets.at, octets.n};
	uint64_t mark = err ? 0 : mark_of(octets);
	bool committed = !err && is_committed(f, text);

	if (err)
		log_printf(&f->log, LOG_LEVEL_ERROR, "the settings could not be read: %s", words);
	else if ((err = parse_into_next(f, text, settings_name(f), committed)))
		log_printf(&f->log, LOG_LEVEL_ERROR,
			"the settings have mistakes; nothing was changed");
	else if ((err = put_in_force(f, f->next, false, &why)))
		log_printf(&f->log, LOG_LEVEL_ERROR, "the settings were not applied: %s", words);
	if (!err) {
		f->in_force = true;
		f->settings_mark = mark;
		f->unconfirmed.waits = false; /* the file is newer than what waited */
		note_settings(f, committed, false);
	}
	arena_reset(&f->scratch);
	return err;
}
