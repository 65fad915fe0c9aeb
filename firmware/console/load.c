/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole texts of settings: pasted, or kept in files; into the draft, and out of it.
 *
 * A file is a name in the router's own folder.  A path to somewhere else is for root alone: the
 * daemon reads and writes with rights that others do not have. */
#include "console_internal.h"
#include "text_grow.h"

#include <string.h>

#define LOADING_MAX ((size_t)32 << 20)

static void loading_drop_text(struct loading *l)
{
	arena_reset(&l->mem);
	l->nargs = 0;
	l->at = NULL;
	l->n = l->cap = 0;
}

void loading_drop(struct loading *l)
{
	loading_drop_text(l);
	l->on = l->full = false;
	l->take = NULL;
}

void loading_add(struct loading *l, struct str line)
{
	if (l->full)
		return;
	if (l->n + line.n + 1 > l->cap) {
		size_t cap = 2 * (l->n + line.n) + CONFIG_CONSOLE_TEXT;
		char *at = cap <= LOADING_MAX ? arena_alloc(&l->mem, cap) : NULL;

		if (!at) {
			loading_drop_text(l);
			l->full = true;
			return;
		}
		if (l->n)
			memcpy(at, l->at, l->n);
		l->at = at;
		l->cap = cap;
	}
	if (line.n)
		memcpy(l->at + l->n, line.at, line.n);
	l->n += line.n;
	l->at[l->n++] = '\n';
}

static bool is_json(struct str text)
{
	text = str_trim(text);
	return IS_ENABLED(CONFIG_CONSOLE_JSON) && text.n &&
	       (text.at[0] == '{' || text.at[0] == '[');
}

/* Into `tree`, or all mistakes to `out`: those of the text, and those that the whole would have. */
static enum fl_err load_text(struct console *c, struct settings *tree, struct str text,
	struct arena *mem, const struct sink *out)
{
	const struct console_config *config = c->setup.config;
	struct diags why;
	enum fl_err err;

	diags_init(&why, mem);
	err = is_json(text) ? settings_parse_json(tree, text, &why)
			    : settings_parse_leniently(tree, text, &why);
	diags_print(&why, NULL, out);
	if (err == FL_EFORMAT && !is_json(text))
		(void)config->check(config->ctx, tree, out);
	return err;
}

/* `text` into a copy of the draft or, when it `replaces` it, of nothing; that becomes the draft. */
static enum fl_err load_into_draft(
	struct console *c, struct str text, bool replaces, const struct sink *out)
{
	struct draft *d = &c->draft;
	struct arena mem, said;
	struct settings tree;
	enum fl_err err;
	size_t n;

	arena_init(&mem, c->memory);
	arena_init(&said, c->memory);
	err = replaces ? settings_init(&tree, d->tree.schema, &mem)
		       : settings_copy(&d->tree, &mem, &tree);
	if (!err)
		err = load_text(c, &tree, text, &said, out);
	if (!err)
		err = draft_replace(d, &tree);
	n = err ? 0 : console_count_changes(&d->base, &d->tree);
	if (err == FL_EFULL)
		console_out_of_memory(out);
	else if (err)
		sink_puts(out, "error: nothing was loaded; the draft is as it was\n");
	else
		sink_printf(out, "loaded; %zu line%s from what is in force\n", n,
			n == 1 ? " differs" : "s differ");
	arena_reset(&said);
	arena_reset(&mem);
	return err;
}

void console_read_text(struct console_call *call, enum fl_err (*take)(struct console_call *call))
{
	struct loading *l = &call->session->loading;

	l->on = true;
	l->take = take;
	l->module = call->module;
	l->nargs = call->nargs;
	for (size_t i = 0; i < call->nargs; i++) {
		const char *copy = arena_copy(&l->mem, call->arg[i].at, call->arg[i].n);

		l->arg[i] = (struct str){copy, copy ? call->arg[i].n : 0};
	}
}

void console_forget_text(struct console *c)
{
	loading_drop_text(&c->loading);
}

/* The text is a command's; it is gone when the command returns. */
static enum fl_err give_text(struct console *c, const struct sink *out)
{
	struct loading l = c->loading;
	struct console_call call = {.module = l.module,
		.session = c,
		.now = c->now,
		.nargs = l.nargs,
		.rest = {l.at || l.full ? l.at : "", l.n},
		.out = out};
	enum fl_err err;

	memcpy(call.arg, l.arg, sizeof(call.arg));
	c->loading.on = false;
	err = l.take(&call);
	loading_drop(&c->loading);
	return err;
}

enum fl_err loading_finish(struct console *c, const struct sink *out)
{
	struct str text = {c->loading.at, c->loading.n};
	enum fl_err err = c->loading.take   ? give_text(c, out)
			  : c->loading.full ? console_out_of_memory(out)
					    : load_into_draft(c, text, c->loading.replaces, out);

	loading_drop(&c->loading);
	return err;
}

static enum fl_err begin_loading(struct console_call *call, bool replaces)
{
	struct console *c = call->session;

	if (c->setup.interactive)
		sink_puts(call->out, "paste the settings, as text or JSON; Ctrl-D or a line with "
				     "only a dot ends them, Ctrl-C gives up\n");
	c->loading.on = true;
	c->loading.replaces = replaces;
	return FL_OK;
}

static enum fl_err merge_terminal(struct console_call *call)
{
	return begin_loading(call, false);
}

static enum fl_err replace_terminal(struct console_call *call)
{
	return begin_loading(call, true);
}

/* ---- files ---- */

bool console_may_name_file(const struct console *c, struct str path, const struct sink *out)
{
	bool own = path.n && path.at[0] != '.' && !memchr(path.at, '/', path.n);

	if (own || c->setup.any_file)
		return true;
	sink_printf(out,
		"error: \"%.*s\" is not a name in the router's own folder; only root may name "
		"other files\n",
		STR_ARG(path));
	return false;
}

/* Something that nobody wrote as text is told by its first strange octet, not by a thousand
 * mistakes. */
static bool is_text(struct str text, struct str name, const struct sink *out)
{
	unsigned line = 1;

	for (size_t i = 0; i < text.n; i++) {
		uint8_t octet = (uint8_t)text.at[i];

		line += octet == '\n';
		if (octet >= ' ' ? octet != 0x7f : octet == '\n' || octet == '\t' || octet == '\r')
			continue;
		sink_printf(out, "error: %.*s is no text: line %u has an octet 0x%02x\n",
			STR_ARG(name), line, (unsigned)octet);
		return false;
	}
	return true;
}

static enum fl_err load_file(struct console_call *call, bool replaces)
{
	struct console *c = call->session;
	const struct console_files *files = c->setup.config->files;
	char words[256];
	struct textbuf why = textbuf_of(words, sizeof(words));
	struct bytes octets;
	struct arena mem;
	struct str text;
	enum fl_err err;

	if (!console_may_name_file(c, call->arg[0], call->out))
		return FL_EPERM;
	arena_init(&mem, c->memory);
	err = files->read(files->ctx, call->arg[0], &mem, &octets, &why);
	if (err) {
		sink_printf(call->out, "error: %.*s: %s; the draft is as it was\n",
			STR_ARG(call->arg[0]), why.n ? words : fl_err_text(err));
	} else {
		text = (struct str){(const char *)octets.at, octets.n};
		err = is_text(text, call->arg[0], call->out)
			      ? load_into_draft(c, text, replaces, call->out)
			      : FL_EFORMAT;
	}
	arena_reset(&mem);
	return err;
}

static enum fl_err merge_file(struct console_call *call)
{
	return load_file(call, false);
}

static enum fl_err replace_file(struct console_call *call)
{
	return load_file(call, true);
}

/* The draft; where there is none, what is in force. */
static enum fl_err save(struct console_call *call)
{
	struct console *c = call->session;
	const struct console_config *config = c->setup.config;
	const struct settings *tree = console_draft(c);
	char words[256];
	struct textbuf why = textbuf_of(words, sizeof(words));
	struct text_grow text;
	struct sink out;
	struct arena mem;
	uint32_t revision;
	enum fl_err err;

	if (!console_may_name_file(c, call->arg[0], call->out))
		return FL_EPERM;
	if (!tree)
		tree = config->committed(config->ctx, &revision);
	arena_init(&mem, c->memory);
	text = text_grow_in(&mem);
	out = text_grow_sink(&text);
	(void)settings_print(tree, STR(""), c->form, &out);
	err = mem.full ? FL_EFULL
		       : config->files->write(
				 config->files->ctx, call->arg[0], bytes_of(text.at, text.n), &why);
	if (err)
		sink_printf(call->out, "error: %.*s was not saved: %s\n", STR_ARG(call->arg[0]),
			why.n ? words : fl_err_text(err));
	else
		sink_printf(call->out, "%zu octets saved in %.*s\n", text.n, STR_ARG(call->arg[0]));
	arena_reset(&mem);
	return err;
}

static bool file_words(void *module, size_t index, struct settings_choice *out)
{
	struct console *c = module;
	const struct console_files *files = c->setup.config->files;
	char name[256];
	uint64_t size;

	if (!files->name(files->ctx, index, name, sizeof(name), &size))
		return false;
	name[sizeof(name) - 1] = '\0';
	*out = (struct settings_choice){.help = STR("a file")};
	out->word.n = strlen(name);
	out->word.at = arena_copy(&c->scratch, name, out->word.n);
	return out->word.at != NULL;
}

static enum fl_err show_files(struct console_call *call)
{
	const struct console_files *files = call->session->setup.config->files;
	char name[256];
	uint64_t size;
	size_t n = 0;

	for (; files->name(files->ctx, n, name, sizeof(name), &size); n++)
		sink_printf(call->out, "%10llu  %s\n", (unsigned long long)size, name);
	if (n == 0)
		sink_puts(call->out, "no files; `save FILE` makes one\n");
	return FL_OK;
}

/* RFC 4648, in lines of 76 signs (RFC 2045), which is what every "base64 -d" takes. */
static void put_base64(const struct sink *out, struct bytes octets)
{
	static const char signs[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char line[77];
	size_t n = 0;

	for (size_t at = 0; at < octets.n; at += 3) {
		size_t left = octets.n - at;
		uint32_t three = (uint32_t)octets.at[at] << 16 |
				 (left > 1 ? (uint32_t)octets.at[at + 1] << 8 : 0) |
				 (left > 2 ? octets.at[at + 2] : 0);

		line[n++] = signs[three >> 18];
		line[n++] = signs[three >> 12 & 63];
		line[n++] = left > 1 ? signs[three >> 6 & 63] : '=';
		line[n++] = left > 2 ? signs[three & 63] : '=';
		if (n < 76 && left > 3)
			continue;
		line[n++] = '\n';
		sink_put(out, (struct str){line, n});
		n = 0;
	}
}

static enum fl_err show_file(struct console_call *call)
{
	struct console *c = call->session;
	const struct console_files *files = c->setup.config->files;
	char words[256];
	struct textbuf why = textbuf_of(words, sizeof(words));
	struct bytes octets;
	struct arena mem;
	enum fl_err err;

	if (!console_may_name_file(c, call->arg[0], call->out))
		return FL_EPERM;
	arena_init(&mem, c->memory);
	err = files->read(files->ctx, call->arg[0], &mem, &octets, &why);
	if (err)
		sink_printf(call->out, "error: %.*s: %s\n", STR_ARG(call->arg[0]),
			why.n ? words : fl_err_text(err));
	else
		put_base64(call->out, octets);
	arena_reset(&mem);
	return err;
}

static enum fl_err clear_file(struct console_call *call)
{
	struct console *c = call->session;
	const struct console_files *files = c->setup.config->files;
	char words[256];
	struct textbuf why = textbuf_of(words, sizeof(words));
	enum fl_err err;

	if (!console_may_name_file(c, call->arg[0], call->out))
		return FL_EPERM;
	err = files->remove(files->ctx, call->arg[0], &why);
	if (err)
		sink_printf(call->out, "error: %.*s: %s\n", STR_ARG(call->arg[0]), words);
	return err;
}

bool load_prints_settings(const struct console_command *row)
{
	return row->run == save;
}

const struct console_command console_load_commands[] = {
	{.grammar = "load merge terminal",
		.help = "add the lines that follow, settings or JSON, up to a dot or Ctrl-D",
		.mode = CONSOLE_CONFIGURE,
		.run = merge_terminal},
	{.grammar = "load replace terminal",
		.help = "the same, in place of the draft",
		.mode = CONSOLE_CONFIGURE,
		.run = replace_terminal},
	{.grammar = NULL},
};

const struct console_command console_file_commands[] = {
	{.grammar = "load merge FILE",
		.help = "add the settings or JSON of a file",
		.mode = CONSOLE_CONFIGURE,
		.run = merge_file,
		.words = file_words},
	{.grammar = "load replace FILE",
		.help = "the same, in place of the draft",
		.mode = CONSOLE_CONFIGURE,
		.run = replace_file,
		.words = file_words},
	{.grammar = "save FILE",
		.help = "keep the draft, or what is in force, in a file",
		.mode = CONSOLE_ANY_CHANGES,
		.run = save,
		.words = file_words},
	{.grammar = "show files",
		.help = "what `save` has kept",
		.mode = CONSOLE_ANY,
		.run = show_files},
	/* A backup holds keys: not for the role that may only look. */
	{.grammar = "show file FILE",
		.help = "its octets, in base64: to take it away over SSH or the serial line",
		.mode = CONSOLE_ANY_CHANGES,
		.run = show_file,
		.words = file_words},
	{.grammar = "clear file FILE",
		.help = "remove it",
		.mode = CONSOLE_ANY_CHANGES,
		.run = clear_file,
		.words = file_words},
	{.grammar = NULL},
};
