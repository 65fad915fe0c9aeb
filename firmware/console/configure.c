/* SPDX-License-Identifier: GPL-2.0-or-later */
/* configure.c - the configuration: looking at it, changing a draft of it, committing the draft.
 *
 * A session has a draft of its own, begun as a copy of what was committed then.  A commit on top of
 * a revision that is not the draft's base is refused: nobody takes back what he has not seen. */
#include "console_internal.h"
#include "rebase.h"
#include "utf8.h"

#include <string.h>

#define CHOICES_MAX   64
#define MINUTES_MAX   60
#define MINUTES_USUAL 5

void draft_init(struct draft *d, const struct arena_source *memory)
{
	arena_init(&d->base_mem, memory);
	arena_init(&d->mem, memory);
	d->open = false;
	d->place[0] = '\0';
}

void draft_close(struct draft *d)
{
	arena_reset(&d->base_mem);
	arena_reset(&d->mem);
	d->open = false;
	d->place[0] = '\0';
}

void draft_leave(struct console *c)
{
	const struct console_config *config = c->setup.config;

	draft_close(&c->draft);
	if (config && config->release)
		config->release(config->ctx, c);
}

size_t console_count_changes(const struct settings *a, const struct settings *b)
{
	return settings_diff(a, b, &(struct sink){text_drop, NULL});
}

bool draft_is_changed(const struct console *c)
{
	return c->draft.open && !settings_same(&c->draft.base, &c->draft.tree);
}

struct settings *console_draft_to_change(struct console *c)
{
	return c->draft.open ? &c->draft.tree : NULL;
}

bool draft_may_be_left(struct console *c, const struct sink *out)
{
	size_t n = console_count_changes(&c->draft.base, &c->draft.tree);

	if (n == 0)
		return true;
	sink_printf(out, "error: %zu line%s not committed: \"commit\", or \"exit discard\"\n", n,
		n == 1 ? " is" : "s are");
	return false;
}

static const struct settings *committed(const struct console *c, uint32_t *revision)
{
	const struct console_config *config = c->setup.config;

	return config->committed(config->ctx, revision);
}

enum fl_err console_out_of_memory(const struct sink *out)
{
	sink_puts(out, "error: out of memory\n");
	return FL_EFULL;
}

/* Make `base` a copy of what is committed now. */
static enum fl_err take_base(struct console *c)
{
	struct draft *d = &c->draft;
	const struct settings *now = committed(c, &d->revision);

	arena_reset(&d->base_mem);
	return settings_copy(now, &d->base_mem, &d->base);
}

enum fl_err draft_replace(struct draft *d, const struct settings *from)
{
	struct arena mem;
	struct settings tree;
	enum fl_err err;

	arena_init(&mem, d->mem.source);
	err = settings_copy(from, &mem, &tree);
	if (err) {
		arena_reset(&mem);
		return err;
	}
	arena_reset(&d->mem);
	d->mem = mem;
	d->tree = tree;
	d->tree.mem = &d->mem; /* the arena has moved */
	/* The text that it was read from is nobody's who looks at the draft. */
	settings_forget_places(&d->tree);
	return FL_OK;
}

static enum fl_err begin_draft(struct console_call *call, bool exclusive)
{
	struct console *c = call->session;
	const struct console_config *config = c->setup.config;
	enum fl_err err = FL_OK;

	if (config->claim)
		err = config->claim(
			config->ctx, c, exclusive ? str_of(c->user) : STR(""), call->out);
	if (err)
		return err;
	err = take_base(c);
	if (!err)
		err = draft_replace(&c->draft, &c->draft.base);
	if (err) {
		draft_leave(c);
		return console_out_of_memory(call->out);
	}
	c->draft.open = true;
	if (c->setup.interactive)
		sink_printf(call->out,
			"configuration mode, on top of revision %u%s; nothing changes before "
			"\"commit\"\n",
			(unsigned)c->draft.revision, exclusive ? ", for this session alone" : "");
	return FL_OK;
}

static enum fl_err configure(struct console_call *call)
{
	return begin_draft(call, false);
}

static enum fl_err configure_exclusive(struct console_call *call)
{
	return begin_draft(call, true);
}

/* ---- statements with shortened words ---- */

/* The one word of the schema that begins with `partial`; empty: none, several, or a value. */
static struct str whole_word(
	struct console *c, const struct settings *tree, struct str before, struct str partial)
{
	struct settings_choice choice[CHOICES_MAX];
	struct str found = {"", 0};
	bool end;
	size_t n = settings_complete(tree, before, partial, &c->scratch, choice, CHOICES_MAX, &end);

	for (size_t i = 0; i < n && i < CHOICES_MAX; i++) {
		if (choice[i].is_value || str_eq(choice[i].word, partial))
			return (struct str){"", 0};
		if (!str_starts(choice[i].word, partial))
			continue;
		if (found.n)
			return (struct str){"", 0};
		found = choice[i].word;
	}
	return found;
}

struct str console_whole_words(struct console *c, const struct settings *tree, struct str statement)
{
	size_t cap = statement.n * 2 + 256, at = 0;
	char *text = arena_alloc(&c->scratch, cap);
	struct textbuf t;
	struct line_word w;

	if (!text)
		return statement;
	t = textbuf_of(text, cap);
	while (line_word_next(statement, &at, &w)) {
		struct str word = line_word_raw(statement, &w), whole = {"", 0};

		if (!w.quoted)
			whole = whole_word(c, tree, textbuf_str(&t), word);
		if (whole.n)
			word = whole;
		if (t.n)
			textbuf_put(&t, " ", 1);
		textbuf_put(&t, word.at, word.n);
	}
	return t.cut ? statement : textbuf_str(&t);
}

/* A caret under the place that the first mistake names: character `column` of the statement, which
 * ends with what was typed. */
static void point_at(struct console_call *call, struct str statement, const struct diags *why)
{
	size_t at = 0, before = statement.n - call->rest.n;

	if (why->first->line || !why->first->column)
		return;
	for (uint32_t i = 1; i < why->first->column && at < statement.n; i++)
		at = utf8_after(statement, at);
	if (at >= before)
		console_put_caret(call->session, call->rest.at + (at - before));
}

typedef enum fl_err change(struct settings *s, struct str statement, struct diags *why);

/* As typed first: a value never turns into a word that begins like it. */
static enum fl_err change_draft(struct console_call *call, change *change_it)
{
	struct console *c = call->session;
	struct settings *tree = &c->draft.tree;
	struct str statement;
	struct diags why, again;
	enum fl_err err;

	if (draft_at_place(c, call->rest, &statement))
		return console_out_of_memory(call->out);
	diags_init(&why, &c->scratch);
	err = change_it(tree, statement, &why);
	if (err) {
		struct str whole = console_whole_words(c, tree, statement);

		diags_init(&again, &c->scratch);
		if (!str_eq(whole, statement) && change_it(tree, whole, &again) == FL_OK)
			return FL_OK;
	}
	if (err && why.first) {
		point_at(call, statement, &why);
		diags_print(&why, NULL, call->out);
	} else if (err) {
		sink_printf(call->out, "error: the statement %s\n", fl_err_text(err));
	}
	return err;
}

static enum fl_err set(struct console_call *call)
{
	return change_draft(call, settings_set);
}

static enum fl_err delete (struct console_call *call) {
	if (call->rest.n == 0){
		sink_puts(call->out, "error: delete what? \"?\" lists what is there\n");
		return FL_ESHORT;}
return change_draft(call, settings_delete);
}

/* ---- looking ---- */

static enum fl_err print_tree(
	struct console_call *call, const struct settings *tree, struct str path)
{
	struct console *c = call->session;
	enum fl_err err = settings_print(tree, path, c->form, call->out);

	if (err && path.n) {
		struct str whole = console_whole_words(c, tree, path);

		if (!str_eq(whole, path))
			err = settings_print(tree, whole, c->form, call->out);
	}
	if (err == FL_ENOENT && path.n == 0)
		return FL_OK; /* an empty configuration is one, too */
	if (err)
		sink_printf(call->out, "error: nothing is configured at \"%.*s\"\n", STR_ARG(path));
	return err;
}

static enum fl_err show_configuration(struct console_call *call)
{
	struct console *c = call->session;
	uint32_t revision;
	const struct settings *tree = committed(c, &revision);
	struct settings shown;

	if (!c->setup.read_only)
		return print_tree(call, tree, call->rest);
	/* The hash of a password is as good as the password to who has time. */
	if (settings_copy(tree, &c->scratch, &shown))
		return console_out_of_memory(call->out);
	settings_hide(&shown);
	return print_tree(call, &shown, call->rest);
}

static enum fl_err show_draft(struct console_call *call)
{
	struct console *c = call->session;
	const struct sink nowhere = {text_drop, NULL};
	struct str path;

	/* "show link wan1" means another thing in each mode: say which. */
	if (c->setup.interactive && call->rest.n && c->form == SETTINGS_BRACES &&
		settings_print(&c->draft.tree, call->rest, c->form, &nowhere) == FL_OK &&
		console_is_operational(c, c->line))
		sink_printf(call->out, "# the draft; its state: run %.*s\n",
			STR_ARG(str_trim(c->line)));
	if (draft_at_place(c, call->rest, &path))
		return console_out_of_memory(call->out);
	return print_tree(call, &c->draft.tree, path);
}

static enum fl_err show_revisions(struct console_call *call)
{
	const struct console_config *config = call->session->setup.config;

	config->revisions(config->ctx, call->out);
	return FL_OK;
}

/* ---- comparing and going back ---- */

static bool take_number(struct console_call *call, uint64_t max, uint64_t *out)
{
	if (str_to_u64(call->arg[0], max, out))
		return true;
	sink_printf(call->out, "error: \"%.*s\" is not a number from 0 to %u\n",
		STR_ARG(call->arg[0]), (unsigned)max);
	return false;
}

/* Revision arg[0] into `mem`. */
static enum fl_err take_revision(struct console_call *call, struct arena *mem, struct settings *out)
{
	const struct console_config *config = call->session->setup.config;
	uint64_t back;
	enum fl_err err;

	if (!take_number(call, 1000, &back))
		return FL_ERANGE;
	err = config->revision(config->ctx, (uint32_t)back, mem, out);
	if (err == FL_ENOENT)
		sink_printf(call->out,
			"error: there is no revision %u back; see \"show revisions\"\n",
			(unsigned)back);
	else if (err)
		sink_printf(call->out, "error: revision %u back %s\n", (unsigned)back,
			fl_err_text(err));
	return err;
}

static enum fl_err compare(struct console_call *call)
{
	uint32_t revision;

	settings_diff(committed(call->session, &revision), &call->session->draft.tree, call->out);
	return FL_OK;
}

static enum fl_err compare_revision(struct console_call *call)
{
	struct settings old;
	struct arena mem;
	enum fl_err err;

	arena_init(&mem, call->session->memory);
	err = take_revision(call, &mem, &old);
	if (!err)
		settings_diff(&old, &call->session->draft.tree, call->out);
	arena_reset(&mem);
	return err;
}

static enum fl_err rollback(struct console_call *call)
{
	struct draft *d = &call->session->draft;
	struct settings old;
	struct arena mem;
	enum fl_err err;

	arena_init(&mem, call->session->memory);
	err = take_revision(call, &mem, &old);
	if (!err && draft_replace(d, &old) != FL_OK)
		err = console_out_of_memory(call->out);
	arena_reset(&mem);
	if (!err)
		sink_puts(call->out, "the draft is that revision now; \"compare\" shows what a "
				     "\"commit\" would change\n");
	return err;
}

static enum fl_err discard(struct console_call *call)
{
	struct draft *d = &call->session->draft;

	if (take_base(call->session) || draft_replace(d, &d->base))
		return console_out_of_memory(call->out);
	return FL_OK;
}

static enum fl_err exit_discard(struct console_call *call)
{
	draft_leave(call->session);
	return FL_OK;
}

/* ---- committing ---- */

static bool base_is_committed(struct console_call *call)
{
	const struct draft *d = &call->session->draft;
	uint32_t revision;
	const struct settings *now = committed(call->session, &revision);

	if (revision == d->revision)
		return true;
	sink_printf(call->out,
		"error: the configuration was changed meanwhile: this draft began with revision "
		"%u, "
		"now there is %u:\n",
		(unsigned)d->revision, (unsigned)revision);
	settings_diff(&d->base, now, call->out);
	sink_puts(call->out, "\"update\" brings the changes of this draft on top of it\n");
	return false;
}

static enum fl_err after_commit(struct console_call *call, enum fl_err err)
{
	struct draft *d = &call->session->draft;

	if (err) {
		sink_puts(call->out,
			"error: not committed; the configuration in force is as it was\n");
		return err;
	}
	if (take_base(call->session))
		return console_out_of_memory(call->out);
	sink_printf(call->out, "committed: revision %u\n", (unsigned)d->revision);
	return FL_OK;
}

static enum fl_err commit_with(struct console_call *call, struct str comment, unsigned minutes)
{
	struct console *c = call->session;
	const struct console_config *config = c->setup.config;
	const struct console_commit what = {
		.candidate = &c->draft.tree,
		.user = str_of(c->user),
		.source = c->setup.source,
		.comment = comment,
		.minutes = minutes,
		.session = c,
	};
	bool changed;

	if (!base_is_committed(call))
		return FL_EAGAIN;
	changed = draft_is_changed(c); /* which can take a walk over all settings */
	if (!changed && !minutes && config->confirm_left &&
		config->confirm_left(config->ctx).us > 0)
		return config->confirm(config->ctx, what.user, call->out);
	if (!changed) {
		sink_puts(call->out, "nothing to commit\n");
		return FL_OK;
	}
	return after_commit(call, config->commit(config->ctx, &what, call->out));
}

/* Who is there over the network gets a commit back that would cut him off. */
static enum fl_err commit_carefully(struct console_call *call, struct str comment)
{
	struct console *c = call->session;
	const struct console_config *config = c->setup.config;
	bool risky = c->from[0] && config->confirm && config->may_cut_off &&
		     config->may_cut_off(config->ctx, &c->draft.base, &c->draft.tree);

	if (risky)
		sink_printf(call->out,
			"This session comes from %s, and the change could cut it off: the router "
			"goes "
			"back in\n%d minutes without \"confirm\".  \"commit now\" is for good at "
			"once.\n",
			c->from, MINUTES_USUAL);
	return commit_with(call, comment, risky ? MINUTES_USUAL : 0);
}

static enum fl_err commit(struct console_call *call)
{
	return commit_carefully(call, STR(""));
}

static enum fl_err commit_now(struct console_call *call)
{
	return commit_with(call, STR(""), 0);
}

/* The words behind "comment", with or without quotes around them. */
static struct str comment_of(struct console_call *call)
{
	struct str text = call->rest;
	struct line_word w;
	size_t at = 0;

	if (line_word_next(text, &at, &w) && at == text.n)
		text = line_word_text(text, &w, &call->session->scratch);
	return text;
}

static enum fl_err commit_comment(struct console_call *call)
{
	return commit_carefully(call, comment_of(call));
}

static enum fl_err commit_check(struct console_call *call)
{
	const struct console_config *config = call->session->setup.config;
	enum fl_err err = config->check(config->ctx, &call->session->draft.tree, call->out);

	if (!err)
		sink_puts(call->out, "no mistakes\n");
	return err;
}

static bool take_minutes(struct console_call *call, unsigned *out)
{
	uint64_t minutes;

	if (!str_to_u64(call->arg[0], MINUTES_MAX, &minutes) || minutes == 0) {
		sink_printf(call->out, "error: \"%.*s\" is not a number of minutes from 1 to %u\n",
			STR_ARG(call->arg[0]), MINUTES_MAX);
		return false;
	}
	*out = (unsigned)minutes;
	return true;
}

static enum fl_err commit_confirmed_minutes(struct console_call *call)
{
	unsigned minutes;

	return take_minutes(call, &minutes) ? commit_with(call, STR(""), minutes) : FL_ERANGE;
}

static enum fl_err commit_confirmed_comment(struct console_call *call)
{
	unsigned minutes;

	return take_minutes(call, &minutes) ? commit_with(call, comment_of(call), minutes)
					    : FL_ERANGE;
}

static enum fl_err commit_confirmed(struct console_call *call)
{
	return commit_with(call, STR(""), MINUTES_USUAL);
}

static enum fl_err confirm(struct console_call *call)
{
	const struct console_config *config = call->session->setup.config;

	return config->confirm(config->ctx, str_of(call->session->user), call->out);
}

/* ---- on top of what others committed ---- */

static enum fl_err merge(struct console_call *call, bool mine_wins)
{
	struct draft *d = &call->session->draft;
	uint32_t revision;
	const struct settings *theirs = committed(call->session, &revision);
	struct arena mem, scratch;
	struct rebase r;
	enum fl_err err;

	arena_init(&mem, call->session->memory);
	arena_init(&scratch, call->session->memory);
	err = rebase(&d->base, &d->tree, theirs, &mem, &scratch, call->out, &r);
	if (!err && r.conflicts && !mine_wins) {
		sink_printf(call->out,
			"error: %zu line%s changed on both sides; the draft is as it was\n"
			"\"update mine\" takes the draft's, \"exit discard\" the others'\n",
			r.conflicts, r.conflicts == 1 ? " was" : "s were");
		err = FL_EEXIST;
	}
	if (!err)
		err = draft_replace(d, &r.result);
	if (!err)
		err = take_base(call->session);
	if (!err)
		sink_printf(call->out, "the draft is on top of revision %u now\n",
			(unsigned)d->revision);
	else if (err == FL_EFULL)
		console_out_of_memory(call->out);
	arena_reset(&scratch);
	arena_reset(&mem);
	return err;
}

static enum fl_err update(struct console_call *call)
{
	return merge(call, false);
}

static enum fl_err update_mine(struct console_call *call)
{
	return merge(call, true);
}

const struct settings *console_draft(const struct console *c)
{
	return c->draft.open ? &c->draft.tree : NULL;
}

/* ---- the tables ---- */

const struct console_command console_configure_commands[] = {
	{.grammar = "configure",
		.help = "change the configuration",
		.mode = (enum console_mode)(CONSOLE_OPERATE | CONSOLE_CHANGES),
		.run = configure},
	{.grammar = "configure exclusive",
		.help = "the same, and nobody else may commit meanwhile",
		.mode = (enum console_mode)(CONSOLE_OPERATE | CONSOLE_CHANGES),
		.run = configure_exclusive},
	{.grammar = "run COMMAND...",
		.help = "a command as it works outside of the configuration mode",
		.mode = CONSOLE_CONFIGURE,
		.run = console_run_operational},
	{.grammar = "set STATEMENT...",
		.help = "change a setting or make an entry",
		.mode = CONSOLE_CONFIGURE,
		.run = set},
	{.grammar = "delete STATEMENT...",
		.help = "take a setting or an entry away",
		.mode = CONSOLE_CONFIGURE,
		.run = delete},
	{.grammar = "show PATH...",
		.help = "the draft, or the part of it at a path",
		.mode = CONSOLE_CONFIGURE,
		.run = show_draft},
	{.grammar = "show configuration PATH...",
		.help = "the configuration in force, or the part of it at a path",
		.mode = CONSOLE_ANY,
		.run = show_configuration},
	{.grammar = "show revisions",
		.help = "who committed what when",
		.mode = CONSOLE_ANY,
		.run = show_revisions},
	{.grammar = "compare",
		.help = "what a commit would change",
		.mode = CONSOLE_CONFIGURE,
		.run = compare},
	{.grammar = "compare rollback NUMBER",
		.help = "what was changed since so many commits back",
		.mode = CONSOLE_CONFIGURE,
		.run = compare_revision},
	{.grammar = "commit",
		.help = "check the draft and put it in force",
		.mode = CONSOLE_CONFIGURE,
		.run = commit},
	{.grammar = "commit check",
		.help = "only check the draft",
		.mode = CONSOLE_CONFIGURE,
		.run = commit_check},
	{.grammar = "commit comment TEXT...",
		.help = "commit with a remark for the list of revisions",
		.mode = CONSOLE_CONFIGURE,
		.run = commit_comment},
	{.grammar = "rollback NUMBER",
		.help = "make the draft what it was so many commits back; 0: what is in force",
		.mode = CONSOLE_CONFIGURE,
		.run = rollback},
	{.grammar = "update",
		.help = "bring the draft on top of what others have committed",
		.mode = CONSOLE_CONFIGURE,
		.run = update},
	{.grammar = "update mine",
		.help = "the same; where both changed a line the draft's stays",
		.mode = CONSOLE_CONFIGURE,
		.run = update_mine},
	{.grammar = "discard",
		.help = "forget the changes of the draft",
		.mode = CONSOLE_CONFIGURE,
		.run = discard},
	{.grammar = "exit discard",
		.help = "forget the changes and leave the configuration mode",
		.mode = CONSOLE_CONFIGURE,
		.run = exit_discard},
	{.grammar = NULL},
};

const struct console_command console_confirm_commands[] = {
	{.grammar = "commit now",
		.help = "commit for good, also over the network",
		.mode = CONSOLE_CONFIGURE,
		.run = commit_now},
	{.grammar = "commit confirmed",
		.help = "commit, but go back in 5 minutes without \"confirm\"",
		.mode = CONSOLE_CONFIGURE,
		.run = commit_confirmed},
	{.grammar = "commit confirmed MINUTES",
		.help = "commit, but go back in so many minutes without \"confirm\"",
		.mode = CONSOLE_CONFIGURE,
		.run = commit_confirmed_minutes},
	{.grammar = "commit confirmed MINUTES comment TEXT...",
		.help = "the same, with a remark for the list of revisions",
		.mode = CONSOLE_CONFIGURE,
		.run = commit_confirmed_comment},
	{.grammar = "confirm",
		.help = "keep what \"commit confirmed\" has put in force",
		.mode = (enum console_mode)(CONSOLE_ANY_CHANGES | CONSOLE_SPELLED),
		.run = confirm},
	{.grammar = NULL},
};

bool console_takes_whole_line(const struct console_command *row)
{
	return IS_ENABLED(CONFIG_CONSOLE_DRAFT) &&
	       (row->run == set || row->run == delete || row->run == commit_comment ||
		       row->run == commit_confirmed_comment);
}

bool console_prints_settings(const struct console_command *row)
{
	return IS_ENABLED(CONFIG_CONSOLE_DRAFT) &&
	       (row->run == show_configuration || row->run == show_draft ||
		       row->run == console_run_operational || load_prints_settings(row));
}

enum fl_err console_printed_path(
	struct console *c, const struct console_command *row, struct str rest, struct str *out)
{
	const struct settings *tree = &c->draft.tree;
	enum fl_err err = FL_OK;
	uint32_t revision;

	*out = rest;
	if (row->run == show_draft)
		err = draft_at_place(c, rest, out);
	else if (row->run == show_configuration)
		tree = committed(c, &revision);
	else
		err = FL_ENOTSUP;
	if (!err)
		*out = console_whole_words(c, tree, *out);
	return err;
}

size_t console_settings_rest(void *ctx, const struct console_command *row, struct str typed,
	struct str partial, struct arena *mem, struct settings_choice *out, size_t max, bool *end)
{
	struct console *c = ctx;
	uint32_t revision;
	const struct settings *tree = &c->draft.tree;

	*end = true;
	if (!IS_ENABLED(CONFIG_CONSOLE_DRAFT))
		return 0;
	if (row->run == console_run_operational)
		return console_operational_rest(c, typed, partial, out, max, end);
	if (row->run == show_configuration)
		tree = committed(c, &revision);
	else if (row->run == set || row->run == delete || row->run == show_draft ||
		 console_is_edit(row)) {
		if (draft_at_place(c, typed, &typed))
			return 0;
	} else {
		return 0;
	}
	typed = console_whole_words(c, tree, typed);
	return settings_complete(tree, typed, partial, mem, out, max, end);
}
