/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A line: parted into a command and its filters, found in the tables, run; or explained, when it
 * cannot be. */
#include "console_internal.h"

#include "utf8.h"

#include <string.h>

#define CHOICES_SHOWN 12 /* of those that a word could have been */

#define EXCERPT_CELLS 60 /* of a line, around a mistake */
#define HELP_COLUMN   26

static struct grammar grammar_of(struct console *c)
{
	return (struct grammar){
		.lists = {c->builtin, c->setup.modules},
		.mode = c->draft.open ? CONSOLE_CONFIGURE : CONSOLE_OPERATE,
		.may_change = !c->setup.read_only,
		.rest = console_settings_rest,
		.rest_ctx = c,
		.mem = &c->scratch,
	};
}

static struct grammar grammar_of_filters(struct console *c)
{
	return (struct grammar){
		.lists = {c->filters, NULL}, .mode = CONSOLE_ANY, .mem = &c->scratch};
}

/* ---- mistakes ---- */

static void put_blanks(struct console *c, size_t n)
{
	while (n--)
		sink_puts(&c->terminal, " ");
}

/* The line is on the screen just above, unless it was too long for a row or nobody typed it there:
 * then the part that matters is shown again. */
static void put_caret(struct console *c, struct str line, size_t at)
{
	size_t prompt = utf8_cells(str_of(c->prompt)), from = 0;

	if (c->setup.interactive && prompt + utf8_cells(line) < c->columns) {
		put_blanks(c, prompt);
	} else {
		struct str shown;

		while (utf8_cells((struct str){line.at + from, at - from}) > EXCERPT_CELLS / 2)
			from = utf8_after(line, from);
		shown = (struct str){line.at + from, line.n - from};
		while (utf8_cells(shown) > EXCERPT_CELLS)
			shown.n = utf8_before(shown, shown.n);
		sink_puts(&c->terminal, "  ");
		utf8_clean(shown, &c->terminal);
		sink_puts(&c->terminal, "\n  ");
	}
	put_blanks(c, utf8_cells((struct str){line.at + from, at - from}));
	sink_puts(&c->terminal, "^\n");
}

void console_put_caret(struct console *c, const char *at)
{
	if (at >= c->line.at && at <= c->line.at + c->line.n)
		put_caret(c, c->line, (size_t)(at - c->line.at));
}

/* "a, b, c and 4 more": words, or the names of values. */
static void list_offers(const struct grammar_match *m, struct textbuf *t)
{
	size_t shown = 0;

	for (size_t i = 0; i < m->noffers; i++) {
		struct str word = m->offers[i].word.n ? m->offers[i].word : m->offers[i].help;
		bool seen = false;

		for (size_t j = 0; j < i; j++)
			seen |= m->offers[j].word.n && str_eq(m->offers[j].word, word);
		if (seen)
			continue;
		if (++shown > 12)
			break;
		textbuf_printf(t, "%s%.*s", t->n ? ", " : "", STR_ARG(word));
	}
	if (shown > 12)
		textbuf_printf(t, ", ...");
}

/* Would the line be one in the other mode, or for somebody who may change things? */
static bool fits_elsewhere(
	struct console *c, struct str line, enum console_mode mode, bool may_change)
{
	struct grammar g = grammar_of(c);
	struct grammar_match *m = ARENA_NEW(&c->scratch, struct grammar_match);

	g.mode = mode;
	g.may_change = may_change;
	g.rest = NULL;
	if (!m)
		return false;
	grammar_find(&g, line, m);
	return m->result == GRAMMAR_FOUND || m->result == GRAMMAR_INCOMPLETE;
}

/* `offers`: what could stand there, for who cannot type "?". */
static enum fl_err say_unknown(
	struct console *c, struct str line, const struct grammar_match *m, struct str offers)
{
	struct str word = line_word_raw(line, &m->bad);

	if (c->setup.read_only && fits_elsewhere(c, line, CONSOLE_ANY, true)) {
		console_say_error(c, "the role operator may look, but not change anything");
		return FL_EPERM;
	}
	if (!c->draft.open && str_trim((struct str){line.at, m->bad.start}).n == 0 &&
		fits_elsewhere(c, line, CONSOLE_CONFIGURE, true)) {
		console_say_error(c,
			"\"%.*s\" works in configuration mode; type \"configure\" first",
			STR_ARG(word));
		return FL_EPERM;
	}
	if (m->nearest.n)
		console_say_error(c, "\"%.*s\" is not known here; did you mean \"%.*s\"?",
			STR_ARG(word), STR_ARG(m->nearest));
	else if (m->noffers == 0)
		console_say_error(
			c, "the command is whole before \"%.*s\": leave that out", STR_ARG(word));
	else if (c->setup.interactive)
		console_say_error(
			c, "\"%.*s\" is not known here; \"?\" lists what is", STR_ARG(word));
	else
		console_say_error(c, "\"%.*s\" is not known here; known are: %.*s", STR_ARG(word),
			STR_ARG(offers));
	return FL_ENOENT;
}

/* `whole` is the line as typed and `start` where the part that was looked at begins in it. */
static enum fl_err say_mistake(struct console *c, struct str whole, size_t start, struct str part,
	const struct grammar_match *m)
{
	char words[400];
	struct textbuf t = textbuf_of(words, sizeof(words));
	struct str bad = line_word_raw(part, &m->bad);

	list_offers(m, &t);
	switch (m->result) {
	case GRAMMAR_FOUND:
		return FL_OK;
	case GRAMMAR_UNKNOWN:
		put_caret(c, whole, start + m->bad.start);
		return say_unknown(c, part, m, textbuf_str(&t));
	case GRAMMAR_AMBIGUOUS:
		put_caret(c, whole, start + m->bad.start);
		console_say_error(c, "\"%.*s\" could be: %s", STR_ARG(bad), words);
		return FL_EFORMAT;
	case GRAMMAR_INCOMPLETE:
		console_say_error(c, "the command is not complete; next could be: %s", words);
		return FL_ESHORT;
	case GRAMMAR_OPEN_QUOTE:
		put_caret(c, whole, start + m->bad.start);
		console_say_error(c, "the closing quote is missing");
		return FL_ESHORT;
	case GRAMMAR_TOO_MANY:
		break;
	}
	console_say_error(c, "out of memory");
	return FL_EFULL;
}

void console_put_choices(const struct console_call *call)
{
	console_words *words = call->row ? call->row->words : NULL;
	struct settings_choice choice;
	size_t n = 0;

	for (; n < CHOICES_SHOWN && words && words(call->module, n, &choice); n++)
		sink_printf(call->out, "%s%.*s",
			n ? ", " : "    cure: use one of: ", STR_ARG(choice.word));
	if (n == CHOICES_SHOWN && words(call->module, n, &choice))
		sink_puts(call->out, ", ...");
	if (n)
		sink_puts(call->out, "\n");
}

enum fl_err console_no_such(const struct console_call *call, const char *kind, struct str name)
{
	sink_printf(call->out, "error: there is no %s \"%.*s\"\n", kind, STR_ARG(name));
	console_put_choices(call);
	return FL_ENOENT;
}

/* ---- running ---- */

static bool wants_pages(const struct console *c)
{
	return c->setup.interactive && !c->no_pages && !c->type_ahead;
}

static enum fl_err call_found(struct console *c, struct str rest, const struct sink *out)
{
	struct console_call call = {
		.module = c->match.module,
		.row = c->match.command,
		.session = c,
		.now = c->now,
		.nargs = c->match.nargs,
		.rest = rest,
		.out = out,
		.json = c->form == SETTINGS_JSON,
	};
	enum fl_err err;

	memcpy(call.arg, c->match.arg, sizeof(call.arg));
	c->call = &call;
	err = c->match.command->run(&call);
	c->call = NULL;
	return err;
}

/* The filters behind the first "|": each is a row of a table as well, and adds itself. */
static enum fl_err add_filters(struct console *c, struct str line, size_t pipe)
{
	struct grammar g = grammar_of_filters(c);
	struct grammar_match *m = ARENA_NEW(&c->scratch, struct grammar_match);

	while (m && pipe < line.n) {
		size_t start = pipe + 1, end = line_find_pipe(line, start);
		struct str part = {line.at + start, end - start};
		struct console_call call = {.module = c, .session = c, .out = &c->terminal};
		enum fl_err err;

		grammar_find(&g, part, m);
		if (m->result != GRAMMAR_FOUND)
			return say_mistake(c, line, start, part, m);
		memcpy(call.arg, m->arg, sizeof(call.arg));
		call.nargs = m->nargs;
		err = m->command->run(&call);
		if (err)
			return err;
		pipe = end;
	}
	return m ? FL_OK : FL_EFULL;
}

static struct grammar grammar_of_operation(struct console *c)
{
	struct grammar g = grammar_of(c);

	g.mode = CONSOLE_OPERATE;
	return g;
}

/* `| display zone` behind what shows the settings of a domain means the command of the same words
 * that shows its zone. */
static enum fl_err find_zone_command(struct console *c, const struct console_command *row)
{
	struct grammar g = grammar_of_operation(c);
	struct str path = {0};
	enum fl_err err = IS_ENABLED(CONFIG_CONSOLE_DRAFT)
				  ? console_printed_path(c, row, c->match.rest, &path)
				  : FL_ENOTSUP;
	size_t cap = path.n + sizeof("show ");
	char *line = arena_alloc(&c->scratch, cap);
	struct textbuf t;

	if (err == FL_EFULL || !line)
		return console_out_of_memory(&c->terminal);
	t = textbuf_of(line, cap);
	textbuf_printf(&t, "show %.*s", STR_ARG(path));
	if (!err)
		grammar_find(&g, textbuf_str(&t), &c->match);
	if (!err && c->match.result == GRAMMAR_FOUND && c->match.command->mode & CONSOLE_ZONE)
		return FL_OK;
	console_say_error(c,
		"\"display zone\" is for a domain: \"show domain NAME | display zone\"; "
		"\"show zone NAME\" prints a reverse zone, too");
	return FL_ENOTSUP;
}

/* Make sure of the form that `| display` asks for, or say that the row has none such. */
static enum fl_err take_form(struct console *c)
{
	const struct console_command *row = c->match.command;

	if (c->as_zone)
		return row->mode & CONSOLE_ZONE || row->run == console_run_operational
			       ? FL_OK
			       : find_zone_command(c, row);
	if (c->form == SETTINGS_BRACES || console_prints_settings(row) ||
		(c->form == SETTINGS_JSON && row->mode & CONSOLE_JSON))
		return FL_OK;
	console_say_error(c, "\"display %s\" is for commands that show the configuration%s",
		c->form == SETTINGS_JSON ? "json" : "set",
		c->form == SETTINGS_JSON ? ", and for \"explain\" and most tables" : "");
	return FL_ENOTSUP;
}

static enum fl_err run_found(struct console *c, struct str line, size_t pipe)
{
	const struct console_command *row;
	struct sink out = output_sink(&c->output);
	enum fl_err err;

	c->form = SETTINGS_BRACES;
	c->as_zone = false;
	c->no_pages = false;
	output_begin(&c->output, OUTPUT_PLAIN, c->columns, c->rows);
	err = add_filters(c, line, pipe);
	if (err)
		return err;
	err = take_form(c);
	if (err)
		return err;
	row = c->match.command;
	if (wants_pages(c))
		c->output.way = OUTPUT_PAGED;
	c->output.headed = row->mode & CONSOLE_HEADED;
	err = call_found(c, c->match.rest, &out);
	if (!console_is_waiting(c))
		output_end(&c->output);
	return err;
}

/* ---- "run": a line of the other mode ---- */

/* The filters of the line are those of `run`. */
enum fl_err console_run_operational(struct console_call *call)
{
	struct console *c = call->session;
	struct grammar g = grammar_of_operation(c);
	size_t start = (size_t)(call->rest.at - c->line.at);
	enum fl_err err;

	if (call->rest.n == 0) {
		console_say_error(c, "run what? \"?\" lists what there is");
		return FL_ESHORT;
	}
	grammar_find(&g, call->rest, &c->match);
	if (c->match.result != GRAMMAR_FOUND)
		return say_mistake(c, c->line, start, call->rest, &c->match);
	err = take_form(c);
	return err ? err : call_found(c, c->match.rest, call->out);
}

bool console_is_operational(struct console *c, struct str line)
{
	struct grammar g = grammar_of_operation(c);
	struct grammar_match *m = ARENA_NEW(&c->scratch, struct grammar_match);

	if (m)
		grammar_find(&g, (struct str){line.at, line_find_first_pipe(line)}, m);
	return m && m->result == GRAMMAR_FOUND;
}

size_t console_operational_rest(struct console *c, struct str typed, struct str partial,
	struct settings_choice *out, size_t max, bool *end)
{
	struct grammar g = grammar_of_operation(c);
	struct grammar_match *m = ARENA_NEW(&c->scratch, struct grammar_match);
	char *line = arena_alloc(&c->scratch, typed.n + partial.n + 2);
	struct textbuf t;
	size_t at, n;

	*end = false;
	if (!m || !line)
		return 0;
	t = textbuf_of(line, typed.n + partial.n + 2);
	textbuf_put(&t, typed.at, typed.n);
	if (typed.n)
		textbuf_put(&t, " ", 1);
	textbuf_put(&t, partial.at, partial.n);
	grammar_offer(&g, textbuf_str(&t), m, &at);
	n = m->result != GRAMMAR_FOUND ? 0 : m->noffers < max ? m->noffers : max;
	if (n)
		memcpy(out, m->offers, n * sizeof(*out));
	*end = m->result == GRAMMAR_FOUND && m->end;
	return n;
}

static bool is_nothing(struct str line)
{
	struct str text = str_trim(line);

	return text.n == 0 || text.at[0] == '#';
}

enum fl_err console_run_line(struct console *c, struct str line)
{
	struct grammar g = grammar_of(c);
	size_t pipe = line_find_first_pipe(line);

	if (is_nothing(line))
		return c->status;
	c->line = line;
	grammar_find(&g, (struct str){line.at, pipe}, &c->match);
	if (pipe < line.n && c->match.result == GRAMMAR_FOUND &&
		console_takes_whole_line(c->match.command)) {
		pipe = line.n;
		grammar_find(&g, line, &c->match);
	}
	if (c->match.result != GRAMMAR_FOUND)
		return say_mistake(c, line, 0, (struct str){line.at, pipe}, &c->match);
	return run_found(c, line, pipe);
}

/* ---- repeating ---- */

/* The words of the line are gone when it ends. */
static void remember_call(struct repeat *r, const struct console_call *call)
{
	arena_reset(&r->mem);
	r->nargs = call->nargs;
	for (size_t i = 0; i < call->nargs; i++) {
		const char *text = arena_copy(&r->mem, call->arg[i].at, call->arg[i].n);

		r->arg[i] = (struct str){text, call->arg[i].n};
	}
	r->rest = (struct str){arena_copy(&r->mem, call->rest.at, call->rest.n), call->rest.n};
	r->module = call->module;
}

void console_repeat(struct console *c, span every, enum fl_err (*run)(struct console_call *call))
{
	struct repeat *r = &c->repeat;
	const struct console_call *call = c->call;

	if (!call)
		return;
	if (!c->setup.interactive) {
		struct console_call once = *call;

		run(&once);
		return;
	}
	remember_call(r, call);
	r->every = span_max(every, ms(100));
	r->run = r->mem.full ? NULL : run;
}

static struct console_call remembered_call(struct console *c, const struct sink *out)
{
	const struct repeat *r = &c->repeat;
	struct console_call call = {.module = r->module,
		.session = c,
		.now = c->now,
		.nargs = r->nargs,
		.rest = r->rest,
		.out = out};

	memcpy(call.arg, r->arg, sizeof(call.arg));
	return call;
}

void console_run_repeat(struct console *c)
{
	struct repeat *r = &c->repeat;
	struct sink out = output_sink(&c->output);
	struct console_call call = remembered_call(c, &out);

	r->due = mtime_after(c->now, r->every);
	c->running = true;
	output_begin(&c->output, OUTPUT_SCREEN, c->columns, c->rows);
	c->status = r->run(&call);
	output_end(&c->output);
	c->running = false;
}

/* ---- waiting ---- */

void console_wait(struct console *c, span delay, enum fl_err (*run)(struct console_call *call))
{
	struct repeat *r = &c->repeat;

	if (!c->call)
		return;
	if (!r->waits)
		remember_call(r, c->call);
	r->waits = !r->mem.full;
	r->run = r->mem.full ? NULL : run;
	r->due = mtime_after(c->now, delay);
}

bool console_is_waiting(const struct console *c)
{
	return c->repeat.waits;
}

void console_stop_waiting(struct console *c)
{
	c->repeat.run = NULL;
	c->repeat.waits = false;
	output_end(&c->output);
}

void console_run_waiting(struct console *c)
{
	struct repeat *r = &c->repeat;
	struct sink out = output_sink(&c->output);
	struct console_call call = remembered_call(c, &out);
	enum fl_err (*run)(struct console_call * call) = r->run;

	r->run = NULL;
	c->running = true;
	c->call = &call;
	c->status = run(&call);
	c->call = NULL;
	c->running = false;
	if (!r->run)
		console_stop_waiting(c);
}

/* ---- help and completion ---- */

/* Look at what could follow `line`, in the part of it that counts; its start goes to `start`. */
static struct str offers_for(struct console *c, struct str line, size_t *start, size_t *partial)
{
	struct grammar g = grammar_of(c);
	size_t pipe = line_find_first_pipe(line);
	struct str part = line;

	*start = 0;
	if (pipe < line.n) {
		grammar_find(&g, (struct str){line.at, pipe}, &c->match);
		if (c->match.result != GRAMMAR_FOUND ||
			!console_takes_whole_line(c->match.command)) {
			for (; pipe < line.n; pipe = line_find_pipe(line, pipe + 1))
				*start = pipe + 1;
			g = grammar_of_filters(c);
			part = (struct str){line.at + *start, line.n - *start};
		}
	}
	grammar_offer(&g, part, &c->match, partial);
	return part;
}

/* Word by word, from `column` on; what does not fit the row goes on below. */
static void put_help(struct console *c, struct str help, size_t column)
{
	size_t at = column;

	while (help.n) {
		struct str word = str_cut(&help, ' ');
		size_t cells = utf8_cells(word);

		if (at > HELP_COLUMN && at + 1 + cells >= c->columns) {
			sink_puts(&c->terminal, "\n");
			put_blanks(c, HELP_COLUMN);
			at = HELP_COLUMN;
		} else if (at != column) {
			sink_puts(&c->terminal, " ");
			at++;
		}
		utf8_clean(word, &c->terminal);
		at += cells;
	}
}

static void put_offer(struct console *c, const struct settings_choice *o)
{
	struct str word = o->word.n ? o->word : STR("<value>");
	size_t cells = utf8_cells(word);

	sink_puts(&c->terminal, "  ");
	utf8_clean(word, &c->terminal);
	put_blanks(c, cells + 2 < HELP_COLUMN ? HELP_COLUMN - cells - 2 : 1);
	put_help(c, o->help, cells + 2 < HELP_COLUMN ? HELP_COLUMN : cells + 3);
	sink_puts(&c->terminal, "\n");
}

void console_show_offers(struct console *c, struct str line)
{
	size_t start, partial, most = c->rows > 6 ? c->rows - 4u : 2;
	struct str part = offers_for(c, line, &start, &partial);
	const struct grammar_match *m = &c->match;

	if (m->result != GRAMMAR_FOUND) {
		say_mistake(c, line, start, part, m);
		return;
	}
	for (size_t i = 0; i < m->noffers && i < most; i++)
		put_offer(c, &m->offers[i]);
	if (m->noffers > most)
		sink_printf(&c->terminal, "  ... and %zu more: type the beginning of one\n",
			m->noffers - most);
	if (m->end && partial == part.n)
		sink_puts(&c->terminal, "  <Enter>                 run the command\n");
	else if (m->noffers == 0)
		sink_puts(&c->terminal, "  nothing here begins like that\n");
}

/* What all words have in common; `distinct` tells how many there are. */
static struct str common_beginning(const struct grammar_match *m, size_t *distinct)
{
	struct str common = {"", 0};

	*distinct = 0;
	for (size_t i = 0; i < m->noffers; i++) {
		struct str word = m->offers[i].word;

		if (word.n == 0) {
			*distinct += 2; /* a value of one's own: nothing can be completed */
			continue;
		}
		if (*distinct && str_eq(word, common))
			continue;
		if ((*distinct)++ == 0)
			common = word;
		while (!str_starts(word, common))
			common.n--;
	}
	while (common.n > 0 && utf8_whole(common) != common.n)
		common.n = utf8_whole(common);
	return common;
}

/* False: Tab adds nothing, and a list may help. */
bool console_complete(struct console *c, struct str line, struct str *insert)
{
	size_t start, partial, distinct, typed;
	struct str part = offers_for(c, line, &start, &partial), common;
	char *text;

	if (c->match.result != GRAMMAR_FOUND || c->match.noffers == 0)
		return false;
	common = common_beginning(&c->match, &distinct);
	typed = part.n - partial;
	if (common.n < typed || (common.n == typed && distinct != 1))
		return false;
	text = arena_alloc(&c->scratch, common.n - typed + 1);
	if (!text)
		return false;
	memcpy(text, common.at + typed, common.n - typed);
	*insert = (struct str){text, common.n - typed};
	if (distinct == 1)
		text[insert->n++] = ' ';
	return true;
}
