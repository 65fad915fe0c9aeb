/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `show sentinel NAME settings`, and `compare sentinel NAME` over what `show dump` printed there.
 */
#include "companion.h"
#include "product.h"
#include "text_grow.h"

#define CURE "\"show sentinel %.*s settings\" prints what to load there\n"

static const struct companion_conf *find(struct fairlead *f, struct console_call *call)
{
	const struct config_values *v = &fairlead_config(f)->v;

	for (size_t i = 0; i < v->ncompanions; i++)
		if (str_eq(v->companions[i].name, call->arg[0]))
			return &v->companions[i];
	(void)console_no_such(call, "sentinel", call->arg[0]);
	return NULL;
}

static enum fl_err out_of_memory(const struct sink *out)
{
	sink_puts(out, "error: out of memory\n");
	return FL_EFULL;
}

/* ---- show sentinel NAME settings ---- */

static enum fl_err show_settings(struct console_call *call)
{
	struct fairlead *f = call->module;
	const struct companion_conf *c = find(f, call);
	struct settings tree;
	struct arena mem;
	enum fl_err err;

	if (!c)
		return FL_ENOENT;
	arena_init(&mem, &f->io->memory);
	err = companion_settings_of(fairlead_config(f), c, &mem, &tree, call->out);
	if (err)
		err = out_of_memory(call->out);
	else
		(void)settings_print(&tree, STR(""), SETTINGS_BRACES, call->out);
	arena_reset(&mem);
	return err;
}

/* ---- compare sentinel NAME ---- */

/* What was pasted, taken apart. */
struct dump {
	struct config config;
	enum link_state state[FL_LINKS_MAX]; /* by place in the router's settings; 0: not told */
};

static bool state_of(struct str word, enum link_state *out)
{
	for (int s = LINK_NONE + 1; s < LINK_STATES; s++)
		if (str_is(word, link_state_text((enum link_state)s))) {
			*out = (enum link_state)s;
			return true;
		}
	return false;
}

/* "# link wan1 up" */
static void take_state(const struct config_values *router, struct str line, struct dump *d)
{
	struct str rest = line;

	str_cut(&rest, ' ');
	if (!str_is(str_cut(&rest, ' '), "link"))
		return;
	line = str_cut(&rest, ' ');
	for (size_t i = 0; i < router->nlinks; i++)
		if (str_eq(router->links[i].name, line))
			(void)state_of(str_trim(rest), &d->state[i]);
}

/* Somebody marks a piece of a terminal: the prompt and the command are in it, too. */
static bool is_a_prompt(struct str line)
{
	struct str word = str_cut(&line, ' ');

	return word.n && word.at[word.n - 1] == '>';
}

/* The settings in a pasted text; its comments say how the links are. */
static struct str take_apart(
	const struct config_values *router, struct str text, struct arena *mem, struct dump *d)
{
	struct text_grow settings = text_grow_in(mem);
	struct sink out = text_grow_sink(&settings);

	while (text.n) {
		struct str line = str_cut(&text, '\n');

		if (line.n && line.at[line.n - 1] == '\r')
			line.n--;
		if (str_starts(line, STR("# link ")))
			take_state(router, line, d);
		else if (!is_a_prompt(line))
			sink_put(&out, line);
		sink_puts(&out, "\n");
	}
	return text_grow_str(&settings);
}

static enum fl_err read_dump(
	struct fairlead *f, struct str text, struct dump *d, const struct sink *out)
{
	struct config *c = &d->config;
	struct diags why;
	enum fl_err err;

	config_init(c, f->schema, &f->io->memory);
	diags_init(&why, &c->mem);
	text = take_apart(&fairlead_config(f)->v, text, &c->mem, d);
	err = settings_parse_leniently(&c->tree, text, &why);
	if (config_bind(c, NULL, &why) == FL_EFULL || c->mem.full)
		return out_of_memory(out);
	if (!err && !why.errors && c->v.nlinks)
		return FL_OK;
	diags_print(&why, NULL, out);
	sink_puts(out, "error: that is not all that \"show dump\" prints on the sentinel\n");
	return FL_EFORMAT;
}

static size_t differences(const struct config *router, const struct settings *wanted,
	const struct dump *d, struct arena *mem,
	void (*keep)(struct settings *tree, const struct config_values *v), const struct sink *out)
{
	struct settings a, b;

	if (settings_copy(wanted, mem, &a) || settings_copy(&d->config.tree, mem, &b))
		return 0; /* `mem` is full, which is told */
	companion_leave_out(&b, &d->config.v);
	keep(&a, &router->v);
	keep(&b, &router->v);
	keep(&b, &d->config.v);
	return settings_diff(&a, &b, out);
}

/* As `show links` has it, and `show dump`. */
static enum link_state shown(const struct fairlead *f, const struct link_conf *c)
{
	return c->disabled ? LINK_DISABLED
			   : link_operator_shown(&f->link[c->number], &f->op[c->number],
				     f->published.live & link_bit(c->number));
}

/* Which links carry something here and not there, or the other way round. */
static size_t compare_links(struct fairlead *f, const struct companion_conf *there,
	const struct dump *d, const struct sink *out)
{
	const struct config_values *v = &fairlead_config(f)->v;
	size_t n = 0;

	for (size_t i = 0; i < v->nlinks; i++) {
		const struct link_conf *c = &v->links[i];
		enum link_state here = shown(f, c);

		if (!d->state[i]) {
			sink_printf(out,
				"link %.*s: %s here; the text does not say how it is on %.*s\n",
				STR_ARG(c->name), link_state_text(here), STR_ARG(there->name));
		} else if (link_state_is_fit(here) != link_state_is_fit(d->state[i])) {
			sink_printf(out, "link %.*s: %s here, %s on %.*s\n", STR_ARG(c->name),
				link_state_text(here), link_state_text(d->state[i]),
				STR_ARG(there->name));
			n++;
		}
	}
	return n;
}

static void conclude(const struct companion_conf *c, size_t settings, size_t links, size_t watching,
	const struct sink *out)
{
	if (!settings && !links)
		sink_printf(out, "both give the same answers\n");
	else if (!settings)
		sink_printf(out, "the settings are the same; answers differ while the links do\n");
	else
		sink_printf(out, "answers differ: %zu line%s of settings (- here, + on %.*s)\n",
			settings, settings == 1 ? "" : "s", STR_ARG(c->name));
	if (watching)
		sink_printf(out, "%zu line%s of how it watches the links differ%s\n", watching,
			watching == 1 ? "" : "s", watching == 1 ? "s" : "");
	if (settings || watching)
		sink_printf(out, CURE, STR_ARG(c->name));
}

static enum fl_err compare_with(struct fairlead *f, const struct companion_conf *c,
	const struct dump *d, const struct sink *out)
{
	const struct config *router = fairlead_config(f);
	size_t settings, links, watching;
	struct settings wanted;
	struct arena mem;
	enum fl_err err;

	arena_init(&mem, &f->io->memory);
	err = companion_settings_of(router, c, &mem, &wanted, NULL);
	if (!err) {
		settings = differences(router, &wanted, d, &mem, companion_keep_answers, out);
		watching = differences(router, &wanted, d, &mem, companion_keep_watching, out);
		links = compare_links(f, c, d, out);
		if (mem.full)
			err = FL_EFULL;
		else
			conclude(c, settings, links, watching, out);
	}
	if (err)
		out_of_memory(out);
	arena_reset(&mem);
	return err;
}

static enum fl_err take_dump(struct console_call *call)
{
	struct fairlead *f = call->module;
	struct dump d = {0};
	const struct companion_conf *c;
	enum fl_err err;

	if (!call->rest.at)
		return out_of_memory(call->out);
	c = find(f, call);
	if (!c)
		return FL_ENOENT;
	err = read_dump(f, call->rest, &d, call->out);
	if (!err)
		err = compare_with(f, c, &d, call->out);
	config_free(&d.config);
	return err;
}

static enum fl_err compare(struct console_call *call)
{
	struct fairlead *f = call->module;

	if (!find(f, call))
		return FL_ENOENT;
	sink_puts(call->out,
		"paste what \"show dump | no-more\" prints there; Ctrl-D or a line with only a "
		"dot ends it, Ctrl-C gives up\n");
	console_read_text(call, take_dump);
	return FL_OK;
}

static bool companion_words(void *module, size_t index, struct settings_choice *out)
{
	const struct config_values *v = &fairlead_config(module)->v;

	if (index >= v->ncompanions)
		return false;
	*out = (struct settings_choice){
		.word = v->companions[index].name, .help = STR("a sentinel")};
	return true;
}

const struct console_command companion_commands[] = {
	{"show sentinel NAME settings", "the settings to load on a sentinel", CONSOLE_ANY,
		show_settings, companion_words},
	{"compare sentinel NAME", "whether a sentinel gives the answers that this router gives",
		CONSOLE_OPERATE, compare, companion_words},
	{0},
};
