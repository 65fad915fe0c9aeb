/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sessions: what is typed, octet for octet, and the screen that a person then sees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console_internal.h"
#include "support/screen.h"

/* ---- a small configuration ---- */

struct test_link {
	struct origin origin;
	struct str name, interface;
	uint32_t weight;
	struct str comment;
	bool disabled;
};

struct test_values {
	struct str host_name;
	SETTINGS_LIST(struct test_link, links);
};

static const struct setting link_columns[] = {
	{.name = "NAME",
		.help = "name of the link",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY,
		.type = VALUE_NAME,
		.offset = offsetof(struct test_link, name)},
	{.name = NULL},
};

static const struct setting link_rows[] = {
	{.name = "interface",
		.help = "device of the link",
		.kind = SETTING_VALUE,
		.type = VALUE_NAME,
		.offset = offsetof(struct test_link, interface)},
	{.name = "weight",
		.help = "weight against other links",
		.kind = SETTING_VALUE,
		.type = VALUE_UINT,
		.min = 1,
		.max = 240,
		.def = "1",
		.offset = offsetof(struct test_link, weight)},
	{.name = "comment",
		.help = "a remark",
		.kind = SETTING_VALUE,
		.type = VALUE_TEXT,
		.min = 0,
		.max = 100,
		.offset = offsetof(struct test_link, comment)},
	{.name = "disabled",
		.help = "not used",
		.kind = SETTING_VALUE,
		.type = VALUE_FLAG,
		.offset = offsetof(struct test_link, disabled)},
	{.name = NULL},
};

static const struct setting schema[] = {
	{.name = "host-name",
		.help = "name of the router",
		.kind = SETTING_VALUE,
		.type = VALUE_NAME,
		.offset = offsetof(struct test_values, host_name)},
	{.name = "link",
		.help = "an uplink",
		.kind = SETTING_LIST,
		.columns = link_columns,
		.rows = link_rows,
		.size = sizeof(struct test_link),
		.offset = offsetof(struct test_values, links)},
	{.name = NULL},
};

/* ---- commands of a module ---- */

static enum fl_err show_links(struct console_call *call)
{
	sink_puts(call->out, "wan1 up\nwan2 down\n");
	return FL_OK;
}

static enum fl_err show_table(struct console_call *call)
{
	sink_puts(call->out, "LINK wan\nwan1\nwan2\n");
	return FL_OK;
}

static enum fl_err show_link(struct console_call *call)
{
	if (!str_is(call->arg[0], "wan1") && !str_is(call->arg[0], "wan2"))
		return console_no_such(call, "link", call->arg[0]);
	sink_printf(call->out, "%.*s is a link\n", STR_ARG(call->arg[0]));
	return FL_OK;
}

static enum fl_err show_numbers(struct console_call *call)
{
	for (int i = 1; i <= 30; i++)
		sink_printf(call->out, "number %d\n", i);
	return FL_OK;
}

static enum fl_err explain(struct console_call *call)
{
	sink_printf(call->out, "[%.*s]\n", STR_ARG(call->rest));
	return FL_OK;
}

static enum fl_err show_evil(struct console_call *call)
{
	sink_puts(call->out, "a\033[2Jb\x9b"
			     "c\rd\n");
	return FL_OK;
}

static enum fl_err clear_link(struct console_call *call)
{
	sink_printf(call->out, "%.*s cleared\n", STR_ARG(call->arg[0]));
	return FL_OK;
}

static enum fl_err tick(struct console_call *call)
{
	unsigned *count = call->module;

	sink_printf(call->out, "tick %u of %.*s\n", ++*count, STR_ARG(call->arg[0]));
	return FL_OK;
}

static enum fl_err monitor(struct console_call *call)
{
	console_repeat(call->session, sec(1), tick);
	return FL_OK;
}

/* The result comes with the second look; of wan2 it is an error. */
static enum fl_err probe_result(struct console_call *call)
{
	unsigned *count = call->module;

	if (++*count % 2) {
		console_wait(call->session, ms(200), probe_result);
		return FL_OK;
	}
	sink_printf(call->out, "%.*s answered\n", STR_ARG(call->arg[0]));
	return str_is(call->arg[0], "wan2") ? FL_EIO : FL_OK;
}

static enum fl_err probe(struct console_call *call)
{
	sink_puts(call->out, "asked\n");
	console_wait(call->session, ms(200), probe_result);
	return FL_OK;
}

/* Asks for a name and a word that is not shown; says both. */
static enum fl_err word_given(struct console_call *call, struct str answer)
{
	const char *name = call->state;

	if (answer.n < 3) {
		sink_puts(call->out, "too short\n");
		return console_ask(call->session, "Word: ", true, word_given, call->state);
	}
	sink_printf(call->out, "%s said \"%.*s\"\n", name, STR_ARG(answer));
	return FL_OK;
}

static enum fl_err name_given(struct console_call *call, struct str answer)
{
	char *name = arena_copy(console_dialogue_mem(call->session), answer.at, answer.n);

	return console_ask(call->session, "Word: ", true, word_given, name);
}

static enum fl_err interview(struct console_call *call)
{
	return console_ask(call->session, "Name: ", false, name_given, NULL);
}

static enum fl_err alert(struct console_call *call)
{
	console_notice(call->session, STR("from inside"));
	sink_puts(call->out, "done\n");
	return FL_OK;
}

/* It takes the text that follows. */
static enum fl_err note_taken(struct console_call *call)
{
	sink_printf(call->out, "of %.*s: %zu octets: %.*s", STR_ARG(call->arg[0]), call->rest.n,
		STR_ARG(call->rest));
	return call->rest.n ? FL_OK : FL_ESHORT;
}

static enum fl_err note(struct console_call *call)
{
	console_read_text(call, note_taken);
	return FL_OK;
}

static bool link_words(void *module, size_t index, struct settings_choice *out)
{
	static const char *const names[] = {"wan1", "wan2"};

	(void)module;
	if (index >= COUNT_OF(names))
		return false;
	*out = (struct settings_choice){.word = str_of(names[index]), .help = STR("a link")};
	return true;
}

static const struct console_command module_commands[] = {
	{"show links", "state of all links", CONSOLE_ANY, show_links, NULL},
	{"show table", "a table", CONSOLE_ANY_HEADED, show_table, NULL},
	{"show link NAME", "one link", CONSOLE_ANY, show_link, link_words},
	{"show numbers", "thirty lines", CONSOLE_ANY, show_numbers, NULL},
	{"show evil", "control octets", CONSOLE_ANY, show_evil, NULL},
	{"explain flow FLOW...", "why", CONSOLE_ANY, explain, NULL},
	{"clear link NAME hold", "end the hold-down", CONSOLE_ANY_CHANGES, clear_link, link_words},
	{"monitor link NAME", "live", CONSOLE_ANY, monitor, link_words},
	{"probe link NAME", "ask, and wait for the answer", CONSOLE_ANY, probe, link_words},
	{"interview", "two questions", CONSOLE_ANY, interview, NULL},
	{"note link NAME", "take a text", CONSOLE_ANY, note, link_words},
	{"alert", "a notice from inside a command", CONSOLE_ANY, alert, NULL},
	{NULL, NULL, CONSOLE_ANY, NULL, NULL},
};

/* ---- the router's side of the configuration ---- */

static size_t allocated;
static size_t memory_left = SIZE_MAX; /* so often it is given */

static void *memory_get(void *ctx, size_t n)
{
	void *p = memory_left ? malloc(n) : NULL;

	(void)ctx;
	memory_left -= memory_left && memory_left != SIZE_MAX;
	if (p)
		allocated += n;
	return p;
}

static void memory_put(void *ctx, void *p, size_t n)
{
	(void)ctx;
	allocated -= n;
	free(p);
}

static const struct arena_source memory = {.get = memory_get, .put = memory_put};

struct router {
	struct arena mem[8];
	struct settings tree[8];
	uint32_t revision; /* tree[revision] is committed */
	char comment[64], user[32];
	bool refuses;
};

static const struct settings *router_committed(void *ctx, uint32_t *revision)
{
	struct router *r = ctx;

	*revision = r->revision;
	return &r->tree[r->revision];
}

static enum fl_err router_check(void *ctx, const struct settings *candidate, const struct sink *out)
{
	struct router *r = ctx;

	(void)candidate;
	if (!r->refuses)
		return FL_OK;
	sink_puts(out, "error: link wan1: interface is not set\n");
	return FL_EFORMAT;
}

static enum fl_err router_commit(
	void *ctx, const struct console_commit *what, const struct sink *out)
{
	struct router *r = ctx;
	enum fl_err err = router_check(ctx, what->candidate, out);

	if (err)
		return err;
	assert_in_range(r->revision, 0, 6);
	snprintf(r->comment, sizeof(r->comment), "%.*s", STR_ARG(what->comment));
	snprintf(r->user, sizeof(r->user), "%.*s", STR_ARG(what->user));
	r->revision++;
	return settings_copy(what->candidate, &r->mem[r->revision], &r->tree[r->revision]);
}

static enum fl_err router_revision(
	void *ctx, uint32_t back, struct arena *mem, struct settings *out)
{
	struct router *r = ctx;

	if (back > r->revision)
		return FL_ENOENT;
	return settings_copy(&r->tree[r->revision - back], mem, out);
}

static void router_revisions(void *ctx, const struct sink *out)
{
	struct router *r = ctx;

	for (uint32_t i = r->revision + 1; i-- > 0;)
		sink_printf(out, "%u\n", (unsigned)i);
}

static void router_set(struct router *r, const char *statement)
{
	struct arena mem;
	struct diags why;

	arena_init(&mem, &memory);
	diags_init(&why, &mem);
	assert_int_equal(settings_set(&r->tree[r->revision], str_of(statement), &why), FL_OK);
	arena_reset(&mem);
}

/* One file, "kept", which may hold anything. */
struct one_file {
	char text[4096];
	size_t n;
	bool there;
};

static enum fl_err one_file_read(
	void *ctx, struct str path, struct arena *mem, struct bytes *out, struct textbuf *why)
{
	const struct one_file *f = ctx;

	(void)mem;
	if (!f->there || !str_is(path, "kept")) {
		textbuf_printf(why, "No such file or directory");
		return FL_ENOENT;
	}
	*out = bytes_of(f->text, f->n);
	return FL_OK;
}

static enum fl_err one_file_write(
	void *ctx, struct str path, struct bytes content, struct textbuf *why)
{
	struct one_file *f = ctx;

	if (!str_is(path, "kept") || content.n > sizeof(f->text)) {
		textbuf_printf(why, "No space left on device");
		return FL_EIO;
	}
	memcpy(f->text, content.at, content.n);
	f->n = content.n;
	f->there = true;
	return FL_OK;
}

static enum fl_err one_file_remove(void *ctx, struct str path, struct textbuf *why)
{
	struct one_file *f = ctx;
	bool was_there = f->there && str_is(path, "kept");

	if (was_there)
		f->there = false;
	else
		textbuf_printf(why, "No such file or directory");
	return was_there ? FL_OK : FL_ENOENT;
}

static bool one_file_name(void *ctx, size_t index, char *out, size_t cap, uint64_t *size)
{
	const struct one_file *f = ctx;

	if (index > 0 || !f->there)
		return false;
	snprintf(out, cap, "kept");
	*size = f->n;
	return true;
}

/* ---- a session with its screen ---- */

struct session {
	struct router router;
	struct console_config config;
	struct console_files files;
	struct one_file file;
	struct console_module modules[3];
	struct console_setup setup;
	struct console *console;
	struct screen screen;
	struct textbuf out; /* where there is no screen */
	char text[65536];
	mtime now;
	unsigned ticks;
};

static int session_setup(void **state)
{
	struct session *s = calloc(1, sizeof(*s));

	allocated = 0;
	for (size_t i = 0; i < COUNT_OF(s->router.mem); i++)
		arena_init(&s->router.mem[i], &memory);
	if (settings_init(&s->router.tree[0], schema, &s->router.mem[0]))
		return -1;
	router_set(&s->router, "link wan1 interface eth0");
	router_set(&s->router, "link wan2 interface eth1");
	s->config = (struct console_config){.ctx = &s->router,
		.committed = router_committed,
		.commit = router_commit,
		.check = router_check,
		.revision = router_revision,
		.revisions = router_revisions};
	s->files = (struct console_files){
		&s->file, one_file_read, one_file_write, one_file_remove, one_file_name};
	s->config.files = &s->files;
	s->modules[0] = (struct console_module){module_commands, &s->ticks};
	s->setup = (struct console_setup){.modules = s->modules,
		.config = &s->config,
		.memory = &memory,
		.host = STR("box"),
		.user = STR("ann")};
	s->now = (mtime){1000000};
	*state = s;
	return 0;
}

/* Every test ends with all memory given back. */
static int session_teardown(void **state)
{
	struct session *s = *state;
	size_t left;

	if (s->console)
		console_close(s->console);
	for (size_t i = 0; i < COUNT_OF(s->router.mem); i++)
		arena_reset(&s->router.mem[i]);
	left = allocated;
	free(s);
	return left ? -1 : 0;
}

static struct session *open_terminal(void **state, uint16_t columns, uint16_t rows)
{
	struct session *s = *state;

	screen_init(&s->screen, columns, rows);
	s->setup.interactive = true;
	s->setup.columns = columns;
	s->setup.rows = rows;
	s->setup.out = screen_sink(&s->screen);
	s->console = console_open(&s->setup, s->now);
	assert_non_null(s->console);
	return s;
}

static struct session *open_lines(void **state, bool stops_at_error, bool one_line)
{
	struct session *s = *state;

	s->out = textbuf_of(s->text, sizeof(s->text));
	s->setup.out = textbuf_sink(&s->out);
	s->setup.stops_at_error = stops_at_error;
	s->setup.one_line = one_line;
	s->console = console_open(&s->setup, s->now);
	assert_non_null(s->console);
	return s;
}

static void type_octets(struct session *s, const char *octets, size_t n)
{
	console_input(s->console, s->now, octets, n);
}

/* A person: one octet at a time. */
static void type(struct session *s, const char *octets)
{
	for (; *octets; octets++)
		type_octets(s, octets, 1);
}

#define PASTE(s, literal) type_octets((s), (literal), sizeof(literal) - 1)

static void screen_is(struct session *s, const char *want)
{
	char text[SCREEN_ROWS_MAX * SCREEN_COLUMNS_MAX];

	assert_string_equal(screen_text(&s->screen, text, sizeof(text)), want);
	assert_int_equal(s->screen.strange, 0);
}

static void row_is(struct session *s, const char *want)
{
	char text[SCREEN_COLUMNS_MAX * 4];

	assert_string_equal(screen_row(&s->screen, s->screen.row, text, sizeof(text)), want);
	assert_int_equal(s->screen.strange, 0);
}

static void screen_has(struct session *s, const char *want)
{
	char text[SCREEN_ROWS_MAX * SCREEN_COLUMNS_MAX];

	if (!strstr(screen_text(&s->screen, text, sizeof(text)), want))
		fail_msg("\"%s\" is not on the screen:\n%s", want, text);
	assert_int_equal(s->screen.strange, 0);
}

/* ---- files ---- */

static void put_file(struct session *s, const char *text, size_t n)
{
	memcpy(s->file.text, text, n);
	s->file.n = n;
	s->file.there = true;
}

static void a_draft_is_saved_and_loaded_again(void **state)
{
	struct session *s = open_terminal(state, 80, 40);

	type(s, "configure\rset link wan3 interface eth7\rsave kept\rdiscard\rcompare\r");
	type(s, "show files\rload replace ke\t\rcompare\r");
	screen_has(s, "octets saved in kept\n");
	screen_has(s, "        99  kept\n");
	screen_has(s, "box# load replace kept\nloaded; 1 line differs from what is in force\n"
		      "box# compare\n+ set link wan3 interface eth7\n");
	type(s, "clear file kept\rload merge kept\r");
	screen_has(s, "error: kept: No such file or directory; the draft is as it was\n");
}

static void a_file_is_shown_in_base64_as_every_program_reads_it(void **state)
{
	struct session *s = open_lines(state, false, false);

	/* The lengths of RFC 4648, section 10; a line is full after 57 octets. */
	put_file(s, "fooba", 5);
	PASTE(s, "show file kept\n");
	put_file(s, "foob", 4);
	PASTE(s, "show file kept\n");
	put_file(s, "\0\377\376foo", 6);
	PASTE(s, "show file kept\n");
	put_file(s, "", 0);
	PASTE(s, "show file kept\n");
	assert_string_equal(s->text, "Zm9vYmE=\nZm9vYg==\nAP/+Zm9v\n");
	s->out.n = 0;
	put_file(s, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", 58);
	PASTE(s, "show file kept\nshow file other\nshow file ../x\n");
	assert_string_equal(s->text,
		"YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh\n"
		"Yg==\nerror: other: No such file or directory\n"
		"error: \"../x\" is not a name in the router's own folder; only root may name "
		"other "
		"files\n");
}

static void who_may_only_look_is_shown_no_file(void **state)
{
	struct session *s = *state;

	s->setup.read_only = true;
	open_lines(state, false, false);
	put_file(s, "secret", 6);
	PASTE(s, "show file kept\n");
	assert_null(strstr(s->text, "c2VjcmV0"));
	assert_int_not_equal(console_status(s->console), FL_OK);
}

static void outside_of_the_configuration_mode_what_is_in_force_is_saved(void **state)
{
	struct session *s = open_lines(state, true, false);

	PASTE(s, "save kept | display set\n");
	assert_memory_equal(s->file.text, "set link wan1 interface eth0\n", 29);
	assert_int_equal(console_status(s->console), FL_OK);
}

static void a_file_that_is_no_text_is_told_by_its_first_octet(void **state)
{
	struct session *s = open_lines(state, false, false);

	put_file(s, "link wan1 weight 4\n\177ELF\0\0", 26);
	PASTE(s, "configure\nload merge kept\ncompare\n");
	assert_string_equal(s->text, "error: kept is no text: line 2 has an octet 0x7f\n");
}

static void mistakes_in_a_file_are_told_like_those_in_a_pasted_text(void **state)
{
	struct session *s = open_lines(state, false, false);
	char pasted[sizeof(s->text)];

	PASTE(s, "configure\nload merge terminal\nlink wan1 weight 999\nlink wan1 colour red\n.\n");
	snprintf(pasted, sizeof(pasted), "%s", s->text);
	assert_non_null(strstr(pasted, "999"));
	s->out.n = 0;
	put_file(s, "link wan1 weight 999\nlink wan1 colour red\n", 42);
	PASTE(s, "load merge kept\n");
	assert_string_equal(s->text, pasted);
}

static void only_root_names_files_elsewhere(void **state)
{
	struct session *s = open_lines(state, false, false);

	PASTE(s, "save /etc/passwd\nsave ../x\nsave .x\nconfigure\nload merge /etc/shadow\n"
		 "clear file /etc/passwd\n");
	assert_int_equal(s->text[0], 'e');
	for (const char *at = s->text; *at; at = strchr(at, '\n') + 1)
		assert_non_null(strstr(at, "only root may name other files"));
	assert_false(s->file.there);
}

static void a_file_that_cannot_be_written_is_told(void **state)
{
	struct session *s = open_lines(state, false, false);

	PASTE(s, "save other\n");
	assert_string_equal(s->text, "error: other was not saved: No space left on device\n");
	assert_int_equal(console_status(s->console), FL_EIO);
}

/* ---- the other mode ---- */

static void run_takes_a_command_as_it_works_outside(void **state)
{
	struct session *s = open_terminal(state, 80, 40);

	type(s, "configure\rrun show link wan1\rrun show links | match wan2\rrun sho\tlinks\r");
	screen_has(s, "box# run show link wan1\nwan1 is a link\n");
	screen_has(s, "| match wan2\nwan2 down\n");
	screen_has(s, "box# run show links\nwan1 up\nwan2 down\n");
	type(s, "run commit\rrun\r");
	screen_has(s, "\"commit\" is not known here");
	screen_has(s, "error: run what?");
}

static void a_draft_that_looks_like_a_state_says_that_it_is_the_draft(void **state)
{
	struct session *s = open_terminal(state, 80, 40);

	type(s, "configure\rshow link wan1\r");
	screen_has(s,
		"box# show link wan1\n# the draft; its state: run show link wan1\nlink wan1 {\n");
	type(s, "show host-name\rshow link wan1 | display set\r");
	screen_has(s, "| display set\nset link wan1 interface eth0\n");
}

static void at_a_place_of_the_draft_only_what_is_there_is_typed(void **state)
{
	struct session *s = open_terminal(state, 80, 40);

	type(s, "configure\redit link wan1\r");
	row_is(s, "box[link wan1]#");
	type(s, "set wei\t7\rshow\rdelete interface\rcompare\r");
	screen_has(s, "# set weight 7\nbox[link wan1]# show\nlink wan1 {\n    interface eth0\n"
		      "    weight 7\n}\n");
	screen_has(s, "- set link wan1 interface eth0\n+ set link wan1 weight 7\n");
	/* The caret stands under what was typed. */
	type(s, "set weight 999\r");
	screen_has(s, "box[link wan1]# set weight 999\n"
		      "                           ^\n");
	type(s, "show configuration link wan1 interface\r");
	screen_has(s, "interface\ninterface eth0\n");
	type(s, "up\r");
	row_is(s, "box#");
	type(s, "up\r");
	screen_has(s, "error: this is the top");
}

static void a_place_is_left_by_up_top_and_exit(void **state)
{
	struct session *s = open_terminal(state, 80, 40);

	type(s, "configure\redit li wan9\rset interface eth9\rtop\r");
	row_is(s, "box#");
	type(s, "show link wan9 interface\redit link wan9\rexit\r");
	screen_has(s, "interface\ninterface eth9\n");
	row_is(s, "box#");
	type(s, "edit link wan9\rexit discard\rconfigure\r");
	row_is(s, "box#");
}

static void a_place_has_something_inside(void **state)
{
	struct session *s = open_lines(state, false, false);

	PASTE(s, "configure\nedit host-name\nedit link\nedit nonsense\nedit link wan1 weight\n"
		 "edit\nedit link wan1\nedit weight\n");
	assert_string_equal(s->text,
		"error: nothing can be set inside of \"host-name\": name an entry or a block, as "
		"in \"edit link wan1\"\n"
		"error: nothing can be set inside of \"link\": name an entry or a block, as in "
		"\"edit link wan1\"\n"
		"error: nothing can be set inside of \"nonsense\": name an entry or a block, as in "
		"\"edit link wan1\"\n"
		"error: nothing can be set inside of \"link wan1 weight\": name an entry or a "
		"block, as in \"edit link wan1\"\n"
		"error: edit what? \"?\" lists what there is\n"
		"error: nothing can be set inside of \"link wan1 weight\": name an entry or a "
		"block, as in \"edit link wan1\"\n");
}

static void a_heading_is_not_counted(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "show table | count\rshow table | match wan | count\rshow table\r");
	screen_has(s, "show table | count\ncount: 2 lines\n");
	screen_has(s, "| match wan | count\ncount: 2 lines\n");
	screen_has(s, "show table\nLINK wan\nwan1\nwan2\n");
}

/* ---- questions ---- */

static void an_answer_is_no_command_and_a_secret_one_is_never_shown(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "interview\r");
	row_is(s, "Name:");
	type(s, "  show links?\t \r");
	row_is(s, "Word:");
	type(s, "ab\r");
	type(s, "sesame? \r");
	screen_is(s, "box> interview\n"
		     "Name:   show links?\n"
		     "Word:\n"
		     "too short\n"
		     "Word:\n"
		     "show links? said \"sesame? \"\n"
		     "box>\n");
	type(s, "\020"); /* the line before: neither answer is in the history */
	row_is(s, "box> interview");
	type(s, "\x15\x19"); /* nor is anything of them where Ctrl-Y takes from */
	row_is(s, "box> interview");
}

static void a_question_can_be_left_and_nothing_happens(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "interview\rann\rsec\x03");
	screen_is(s, "box> interview\nName: ann\nWord:\nstopped; nothing was changed\nbox>\n");
	type(s, "interview\r\x04show links\r");
	screen_has(s, "stopped; nothing was changed\nbox> show links\nwan1 up");
}

static void a_log_line_does_not_disturb_a_question(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "interview\ran");
	console_notice(s->console, STR("wan1: up -> down"));
	row_is(s, "Name: an");
	screen_has(s, "wan1: up -> down\nName: an");
	type(s, "n\rsesame\r");
	screen_has(s, "ann said \"sesame\"");
}

static void where_there_is_no_terminal_nothing_is_asked(void **state)
{
	struct session *s = open_lines(state, true, false);

	PASTE(s, "interview\nann\n");
	assert_string_equal(s->text, "error: this command asks questions: it needs a terminal\n"
				     "error: stopped at line 1; nothing behind it was run\n");
	assert_int_equal(console_status(s->console), FL_ENOTSUP);
}

static void a_session_begins_with_its_openings(void **state)
{
	struct session *s = *state;

	s->setup.opening[0] = (struct console_opening){"interview", true};
	s->setup.opening[1] = (struct console_opening){"show links", false};
	open_terminal(state, 80, 24);
	row_is(s, "Name:");
	type(s, "ann\rsesame\rinterview\r\x03");
	screen_is(s, "Name: ann\nWord:\nann said \"sesame\"\nwan1 up\nwan2 down\nbox> interview\n"
		     "Name:\nstopped; nothing was changed\nbox>\n");
	assert_false(console_is_done(s->console));
}

static void a_session_ends_without_the_opening_it_must_have(void **state)
{
	struct session *s = *state;

	s->setup.opening[0] = (struct console_opening){"interview", true};
	open_terminal(state, 80, 24);
	type(s, "ann\r\x03");
	assert_true(console_is_done(s->console));
	screen_is(s, "Name: ann\nWord:\nstopped; nothing was changed\n");
}

/* ---- commands ---- */

static void a_command_is_run_and_the_prompt_comes_back(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "show links\r");
	screen_is(s, "box> show links\n"
		     "wan1 up\n"
		     "wan2 down\n"
		     "box>\n");
	assert_int_equal(console_status(s->console), FL_OK);
}

static void words_can_be_shortened(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "sh link wan2\r");
	screen_is(s, "box> sh link wan2\n"
		     "wan2 is a link\n"
		     "box>\n");
}

static void words_that_begin_alike_must_be_told_apart(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "show lin\r");
	screen_is(s, "box> show lin\n"
		     "          ^\n"
		     "error: \"lin\" could be: links, link\n"
		     "box>\n");
	assert_int_not_equal(console_status(s->console), FL_OK);
}

static void a_wrong_word_gets_a_caret_and_the_nearest_word(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "show lniks\r");
	screen_is(s, "box> show lniks\n"
		     "          ^\n"
		     "error: \"lniks\" is not known here; did you mean \"links\"?\n"
		     "box>\n");
}

static void an_incomplete_command_says_what_is_missing(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "show link\r");
	screen_has(s, "error: the command is not complete; next could be: wan1, wan2\n");
	assert_int_equal(console_status(s->console), FL_ESHORT);
}

static void an_incomplete_command_names_what_no_word_is_known_for(void **state)
{
	struct session *s = open_lines(state, false, false);

	PASTE(s, "save\n");
	assert_string_equal(s->text, "error: the command is not complete; next could be: FILE\n");
}

static void an_unknown_command_leaves_the_session_alive(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "frobnicate\rshow links\r");
	screen_has(s, "error: \"frobnicate\" is not known here; \"?\" lists what is\n");
	screen_has(s, "wan2 down\nbox>\n");
}

static void a_script_is_told_what_is_known(void **state)
{
	struct session *s = open_lines(state, false, true);

	PASTE(s, "show frobnicate\n");
	assert_non_null(strstr(s->text, "\"frobnicate\" is not known here; known are: "));
	assert_non_null(strstr(s->text, "links"));
	assert_null(strchr(s->text, '?'));
}

static void words_behind_a_whole_command_are_an_error(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "show links now\r");
	screen_has(s, "error: the command is whole before \"now\": leave that out\n");
}

static void a_missing_quote_is_an_error(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "show link \"wan1\r");
	screen_is(s, "box> show link \"wan1\n"
		     "               ^\n"
		     "error: the closing quote is missing\n"
		     "box>\n");
}

static void the_rest_of_a_line_is_given_as_typed(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "explain flow  from \"a b\"   to c \r");
	screen_has(s, "[from \"a b\"   to c]\n");
}

static void a_command_of_the_other_mode_says_where_it_works(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "set link wan1 weight 4\r");
	screen_has(s, "error: \"set\" works in configuration mode; type \"configure\" first\n");
}

static void an_operator_may_not_change_anything(void **state)
{
	struct session *s = *state;

	s->setup.read_only = true;
	open_terminal(state, 80, 24);
	type(s, "clear link wan1 hold\r");
	screen_has(s, "error: the role operator may look, but not change anything\n");
	type(s, "configure\r");
	assert_int_equal(console_status(s->console), FL_EPERM);
	type(s, "show links\r");
	assert_int_equal(console_status(s->console), FL_OK);
}

/* ---- help and completion ---- */

static void question_mark_lists_what_can_follow(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "show link ?");
	screen_is(s, "box> show link\n"
		     "  wan1                    a link\n"
		     "  wan2                    a link\n"
		     "box> show link\n");
}

static void question_mark_in_a_word_lists_what_begins_like_it(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "show l?");
	screen_is(s, "box> show l\n"
		     "  links                   state of all links\n"
		     "  link                    one link\n"
		     "box> show l\n");
}

static void question_mark_behind_a_whole_command_says_so(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "show links ?");
	screen_has(s, "  <Enter>                 run the command\n");
}

static void question_mark_behind_a_mistake_shows_the_mistake(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "shwo ?");
	screen_has(s, "error: \"shwo\" is not known here; did you mean \"show\"?\n");
	row_is(s, "box> shwo");
}

static void question_mark_in_quotes_is_a_letter(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "explain flow \"why?\"\r");
	screen_has(s, "[\"why?\"]\n");
}

static void tab_completes_a_word(void **state)
{
	struct session *s = open_terminal(state, 80, 40);

	type(s, "sh\tnu\t\r");
	screen_has(s, "box> show numbers\nnumber 1\n");
}

static void tab_completes_as_far_as_words_agree_and_then_lists_them(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "show li\t");
	row_is(s, "box> show link");
	type(s, "\t");
	screen_is(s, "box> show link\n"
		     "  links                   state of all links\n"
		     "  link                    one link\n"
		     "box> show link\n");
}

static void tab_completes_names_of_the_router(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "clear link w\t1 h\t\r");
	screen_has(s, "wan1 cleared\n");
}

static void tab_completes_filters(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "show links | c\t\r");
	screen_has(s, "count: 2 lines\n");
}

static void help_lists_the_commands_of_the_mode(void **state)
{
	struct session *s = open_terminal(state, 80, 40);

	type(s, "help\r");
	screen_has(s, "  show link NAME                     one link\n");
	screen_has(s, "  configure                          change the configuration\n");
	screen_has(s, "  | match PATTERN");
}

/* ---- filters and pages ---- */

static void match_and_except_choose_lines(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "show numbers | match 2 | except ^number.1 | except 0$\r");
	screen_is(s, "box> show numbers | match 2 | except ^number.1 | except 0$\n"
		     "number 2\nnumber 21\nnumber 22\nnumber 23\nnumber 24\nnumber 25\n"
		     "number 26\nnumber 27\nnumber 28\nnumber 29\nbox>\n");
}

static void count_counts_lines(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "show numbers | match \"^number 1\" | count\r");
	screen_has(s, "count: 11 lines\n");
}

static void a_filter_needs_no_blank_before_it(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "show links|match \"1|x\" | count\r");
	screen_has(s, "count: 1 lines\n");
}

static void a_wrong_filter_gets_a_caret(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "show links | mtach x\r");
	screen_is(s, "box> show links | mtach x\n"
		     "                  ^\n"
		     "error: \"mtach\" is not known here; did you mean \"match\"?\n"
		     "box>\n");
}

static void a_wrong_pattern_is_an_error(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "show links | match [a\r");
	screen_has(s, "error: \"[a\" is no pattern;");
}

static void long_output_stops_when_the_screen_is_full(void **state)
{
	struct session *s = open_terminal(state, 80, 6);

	type(s, "show numbers\r");
	screen_is(s, "number 1\nnumber 2\nnumber 3\nnumber 4\nnumber 5\n"
		     "-- more (Space: page, Enter: line, q: quit) --\n");
	type(s, "\r");
	screen_is(s, "number 2\nnumber 3\nnumber 4\nnumber 5\nnumber 6\n"
		     "-- more (Space: page, Enter: line, q: quit) --\n");
	type(s, " ");
	screen_is(s, "number 7\nnumber 8\nnumber 9\nnumber 10\nnumber 11\n"
		     "-- more (Space: page, Enter: line, q: quit) --\n");
	type(s, "q");
	screen_is(s, "number 7\nnumber 8\nnumber 9\nnumber 10\nnumber 11\nbox>\n");
}

static void control_c_ends_the_pages(void **state)
{
	struct session *s = open_terminal(state, 80, 6);

	type(s, "show numbers\r\x03");
	row_is(s, "box>");
}

static void the_last_page_is_followed_by_the_prompt(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "show numbers\r ");
	screen_has(s, "number 30\nbox>\n");
}

static void no_more_shows_all_at_once(void **state)
{
	struct session *s = open_terminal(state, 80, 6);

	type(s, "show numbers | no-more\r");
	screen_is(s, "number 26\nnumber 27\nnumber 28\nnumber 29\nnumber 30\nbox>\n");
}

static void typed_ahead_lines_are_kept_and_nobody_is_asked_to_page(void **state)
{
	struct session *s = open_terminal(state, 80, 6);

	PASTE(s, "show numbers\rshow links\rsho");
	screen_is(s, "number 29\nnumber 30\nbox> show links\nwan1 up\nwan2 down\nbox> sho\n");
}

static void a_command_cannot_command_the_terminal(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "show evil\r");
	screen_is(s, "box> show evil\n"
		     "a\\x1b[2Jb\\x9bc\\x0dd\n"
		     "box>\n");
}

/* ---- the terminal ---- */

static void the_size_is_asked_for_and_the_answer_used(void **state)
{
	struct session *s = *state;
	char row[400];

	screen_init(&s->screen, 40, 10);
	s->setup.interactive = true;
	s->setup.out = screen_sink(&s->screen);
	s->console = console_open(&s->setup, s->now);
	assert_int_equal(s->screen.questions, 1);
	type(s, "\033[10;40R");
	type(s, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	screen_row(&s->screen, 0, row, sizeof(row));
	assert_true(strlen(row) < 40);
	assert_non_null(strstr(row, "box> <"));
	assert_int_equal(s->screen.row, 0);
}

static void a_size_that_comes_by_itself_is_used(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "\033[8;6;80tshow numbers\r");
	screen_has(s, "number 5\n-- more");
}

static void a_terminal_that_never_answers_is_80_by_24(void **state)
{
	struct session *s = *state;

	screen_init(&s->screen, 80, 24);
	s->setup.interactive = true;
	s->setup.out = screen_sink(&s->screen);
	s->console = console_open(&s->setup, s->now);
	type(s, "show numbers\r");
	screen_has(s, "number 23\n-- more");
	assert_false(s->screen.paste_marks);
}

static void control_l_clears_the_screen_and_keeps_the_line(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "show links\rshow li\x0c");
	screen_is(s, "box> show li\n");
}

static void control_c_drops_the_line(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "show lin\x03show links\r");
	screen_is(s, "box> show lin^C\n"
		     "box> show links\n"
		     "wan1 up\nwan2 down\nbox>\n");
}

static void a_notice_does_not_garble_the_line_being_typed(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "show link wan1\033b\x02");
	console_notice(s->console, STR("wan2: up -> down (silence 412 ms)"));
	screen_is(s, "wan2: up -> down (silence 412 ms)\n"
		     "box> show link wan1\n");
	assert_int_equal(s->screen.column, 14);
	type(s, "\x05\r");
	screen_has(s, "box> show link wan1\nwan1 is a link\n");
}

static void a_notice_while_paging_is_shown_behind_the_pages(void **state)
{
	struct session *s = open_terminal(state, 80, 6);

	type(s, "show numbers\r");
	console_notice(s->console, STR("wan2: down"));
	row_is(s, "-- more (Space: page, Enter: line, q: quit) --");
	type(s, "q");
	screen_has(s, "number 5\nwan2: down\nbox>\n");
}

static void a_notice_from_inside_a_command_comes_behind_its_output(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "alert\r");
	screen_is(s, "box> alert\ndone\nfrom inside\nbox>\n");
}

static void a_notice_cannot_command_the_terminal(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	console_notice(s->console, STR("bad\033[2Jname"));
	screen_is(s, "bad\\x1b[2Jname\nbox>\n");
}

static void monitor_redraws_every_second_until_a_key(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "monitor link wan1\r");
	screen_has(s, "tick 1 of wan1\n");
	assert_int_equal(console_next_due(s->console).us, s->now.us + 1000000);
	s->now = console_next_due(s->console);
	console_tick(s->console, s->now);
	screen_is(s, "tick 2 of wan1\n");
	type(s, "q");
	row_is(s, "box>");
	assert_int_equal(console_next_due(s->console).us, MTIME_NEVER.us);
}

static void wait_on(struct session *s)
{
	s->now = console_next_due(s->console);
	console_tick(s->console, s->now);
}

static void a_command_can_wait_for_its_result(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "probe link wan1\r");
	screen_is(s, "box> probe link wan1\n"
		     "asked\n");
	wait_on(s);
	wait_on(s);
	screen_is(s, "box> probe link wan1\n"
		     "asked\n"
		     "wan1 answered\n"
		     "box>\n");
	assert_int_equal(console_next_due(s->console).us, MTIME_NEVER.us);
}

static void what_is_typed_while_a_command_waits_comes_after_it(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "probe link wan1\rshow links\r");
	screen_is(s, "box> probe link wan1\n"
		     "asked\n");
	wait_on(s);
	wait_on(s);
	screen_has(s, "wan1 answered\nbox> show links\nwan1 up\n");
}

static void control_c_ends_a_command_that_waits(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "probe link wan1\rshow links\x03");
	row_is(s, "box>");
	assert_int_equal(console_next_due(s->console).us, MTIME_NEVER.us);
	type(s, "show link wan2\r");
	screen_has(s, "wan2 is a link\n");
}

static void filters_work_on_all_that_a_command_prints_while_it_waits(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "probe link wan1 | match answered\r");
	wait_on(s);
	wait_on(s);
	screen_is(s, "box> probe link wan1 | match answered\n"
		     "wan1 answered\n"
		     "box>\n");
}

static void a_lone_escape_does_not_swallow_the_next_key(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "\033");
	s->now = console_next_due(s->console);
	console_tick(s->console, s->now);
	type(s, "[show");
	row_is(s, "box> [show");
}

static void an_idle_session_ends(void **state)
{
	struct session *s = *state;

	s->setup.idle = sec(600);
	open_terminal(state, 80, 24);
	s->now = (mtime){s->now.us + 300000000};
	type(s, "x");
	console_tick(s->console, (mtime){s->now.us + 599000000});
	assert_false(console_is_done(s->console));
	console_tick(s->console, (mtime){s->now.us + 600000000});
	assert_true(console_is_done(s->console));
}

static void exit_and_control_d_end_the_session(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	assert_true(s->screen.paste_marks);
	type(s, "\x04");
	assert_true(console_is_done(s->console));
	assert_false(s->screen.paste_marks);
}

/* By this a client tells an end from the death of the daemon. */
static void a_session_on_a_terminal_that_never_answered_ends_with_the_farewell(void **state)
{
	struct session *s = *state;

	s->setup.interactive = true;
	open_lines(state, false, false);
	type(s, "exit\r");
	assert_true(s->out.n > 8);
	assert_string_equal(s->text + s->out.n - 8, "\033[?2004l");
}

static void sixty_four_kilobytes_without_a_newline_are_refused_and_the_session_lives(void **state)
{
	struct session *s = open_terminal(state, 80, 24);
	static char much[65536];

	memset(much, 'x', sizeof(much));
	type_octets(s, much, sizeof(much));
	assert_int_equal(s->screen.bells, 1);
	type(s, "\rshow links\r");
	screen_has(s, "error: the line has more than 4096 octets; nothing of it was run\n"
		      "box> show links\nwan1 up\n");
}

/* ---- configuring ---- */

static void a_change_is_set_compared_and_committed(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "configure\r\x0cset link wan1 weight 4\rcompare\rcommit\rexit\r");
	screen_is(s, "box# set link wan1 weight 4\n"
		     "box# compare\n"
		     "+ set link wan1 weight 4\n"
		     "box# commit\n"
		     "committed: revision 1\n"
		     "box# exit\n"
		     "box>\n");
	assert_string_equal(s->router.user, "ann");
}

static void words_of_settings_can_be_shortened_but_values_not(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "configure\rset li wan wei 7\r\x0cshow | display set\r");
	screen_is(s, "box# show | display set\n"
		     "set link wan weight 7\n"
		     "set link wan1 interface eth0\n"
		     "set link wan2 interface eth1\n"
		     "box#\n");
}

static void show_prints_braces(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "configure\r\x0cshow link wan1\r");
	screen_has(s, "interface eth0\n");
	type(s, "\x0cshow link wan9\r");
	screen_is(s, "box# show link wan9\n"
		     "error: nothing is configured at \"link wan9\"\n"
		     "box#\n");
}

static void operational_commands_work_in_configuration_mode(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "configure\r\x0cshow links\r");
	screen_is(s, "box# show links\nwan1 up\nwan2 down\nbox#\n");
}

static void a_pipe_in_a_value_is_part_of_the_value(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "configure\rset link wan1 comment \"a | b\"\r\x0cshow | display set | match "
		"comment\r");
	screen_has(s, "set link wan1 comment \"a | b\"\n");
}

static void a_wrong_value_is_refused_with_its_range(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "configure\r\x0cset link wan1 weight 999\r");
	screen_has(s, "error: ");
	screen_has(s, "240");
	assert_int_not_equal(console_status(s->console), FL_OK);
	type(s, "\x0c"
		"compare\r");
	screen_is(s, "box# compare\nbox#\n");
}

static void tab_and_question_mark_know_the_settings(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "configure\rset li\twan1 we\t9\r\x0cset link wan1 ?");
	screen_has(s, "  weight ");
	screen_has(s, "weight against other links");
	type(s, "\x15\x0c"
		"compare\r");
	screen_has(s, "+ set link wan1 weight 9\n");
}

static void a_mistake_inside_a_statement_is_pointed_at(void **state)
{
	struct session *s = open_terminal(state, 80, 12);

	type(s, "configure\rset link wan1 weight 999\rdelete  link wan9\r");
	screen_has(s, "box# set link wan1 weight 999\n"
		      "                          ^\n"
		      "error: link wan1 weight: \"999\" is out of range\n");
	screen_has(s, "box# delete  link wan9\n"
		      "                  ^\n"
		      "error: link: there is no link \"wan9\"\n"
		      "    cure: use one of: wan1, wan2\n");
}

static void a_text_can_be_pasted_into_the_draft(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "configure\rload merge terminal\r");
	PASTE(s, "link wan3 {\r\n\tcomment who?\r\n}\rlink wan1 weight 9\r");
	row_is(s, "");
	type(s, "\x04");
	screen_has(s, "loaded; 2 lines differ from what is in force\n");
	type(s, "\x0c"
		"compare\r");
	screen_is(s, "box# compare\n"
		     "+ set link wan1 weight 9\n"
		     "+ set link wan3 comment who?\n"
		     "box#\n");
}

static void a_text_with_mistakes_is_not_loaded(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "configure\rload merge terminal\r");
	PASTE(s, "link wan1 weight 9\rlink wan1 wieght 9\rlink wan2 weight 0\r.\r");
	screen_has(s, "line 2:11: error: link wan1: there is no setting \"wieght\" here\n");
	screen_has(s, "line 3:18: error: link wan2 weight: \"0\" is out of range\n");
	screen_has(s, "error: nothing was loaded; the draft is as it was\n");
	type(s, "\x0c"
		"compare\r");
	screen_is(s, "box# compare\n"
		     "box#\n");
}

static void loading_can_be_given_up(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "configure\rload replace terminal\rlink wan1 weight 9\r\x03");
	screen_has(s, "error: stopped; nothing was loaded\n");
	type(s, "\x0cshow links\r");
	screen_has(s, "wan1 up\n");
}

static void delete_takes_away_and_says_when_there_is_nothing(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "configure\r\x0c"
		"delete link wan2\rcompare\r");
	screen_has(s, "- set link wan2 interface eth1\n");
	type(s, "\x0c"
		"delete link wan9\r");
	screen_has(s, "error: ");
	assert_int_equal(console_status(s->console), FL_ENOENT);
}

static void exit_with_changes_must_be_meant(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "configure\rset link wan1 weight 4\r\x0c"
		"exit\r");
	screen_is(s, "box# exit\n"
		     "error: 1 line is not committed: \"commit\", or \"exit discard\"\n"
		     "box#\n");
	type(s, "exit discard\r");
	row_is(s, "box>");
	assert_int_equal(s->router.revision, 0);
}

static void a_refused_commit_changes_nothing(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	s->router.refuses = true;
	type(s, "configure\rset link wan1 weight 4\r\x0c"
		"commit\r");
	screen_is(s, "box# commit\n"
		     "error: link wan1: interface is not set\n"
		     "error: not committed; the configuration in force is as it was\n"
		     "box#\n");
	type(s, "\x0c"
		"commit check\r");
	screen_has(s, "interface is not set\n");
	assert_int_equal(s->router.revision, 0);
}

static void a_commit_takes_a_comment(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "configure\rset link wan1 weight 4\rcommit comment more for wan1 | new line\r");
	assert_string_equal(s->router.comment, "more for wan1 | new line");
	type(s, "set link wan1 weight 5\rcommit comment \"quoted \\\"text\\\"\"\r");
	assert_string_equal(s->router.comment, "quoted \"text\"");
}

static void rollback_brings_an_old_revision_into_the_draft(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "configure\rset link wan1 weight 4\rcommit\rrollback 1\r\x0c"
		"compare\r");
	screen_is(s, "box# compare\n- set link wan1 weight 4\nbox#\n");
	type(s, "\x0crollback 9\r");
	screen_has(s, "error: there is no revision 9 back; see \"show revisions\"\n");
	type(s, "\x0crollback 0\rcompare\r");
	screen_has(s, "box# compare\nbox#\n");
	type(s, "\x0c"
		"compare rollback 1\r");
	screen_has(s, "+ set link wan1 weight 4\n");
}

static void without_memory_a_statement_is_not_taken_for_one_of_the_top(void **state)
{
	struct session *s = open_terminal(state, 80, 24);
	struct str typed = STR("nothing");

	type(s, "configure\rset link wan1 weight 4\redit link wan1\r");
	arena_reset(&s->console->scratch);
	memory_left = 0;
	assert_int_equal(draft_at_place(s->console, STR("weight 7"), &typed), FL_EFULL);
	memory_left = SIZE_MAX;
	assert_true(str_is(typed, "nothing"));
	arena_reset(&s->console->scratch);
	assert_int_equal(draft_at_place(s->console, STR("weight 7"), &typed), FL_OK);
	assert_true(str_is(typed, "link wan1 weight 7"));
}

static void discard_forgets_the_changes(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "configure\rset link wan1 weight 4\rdiscard\rexit\r");
	row_is(s, "box>");
}

/* Somebody else commits while a draft is open. */
static void others_commit(struct session *s, const char *statement)
{
	const struct sink nowhere = textbuf_sink(&s->out);
	const struct console_commit what = {
		.candidate = &s->router.tree[s->router.revision], .user = STR("bob")};

	s->out = textbuf_of(s->text, sizeof(s->text));
	assert_int_equal(router_commit(&s->router, &what, &nowhere), FL_OK);
	router_set(&s->router, statement);
}

static void a_commit_on_a_changed_base_is_refused_and_shows_what_changed(void **state)
{
	struct session *s = open_terminal(state, 90, 24);

	type(s, "configure\rset link wan1 weight 4\r");
	others_commit(s, "link wan2 weight 7");
	type(s, "\x0c"
		"commit\r");
	screen_is(s, "box# commit\n"
		     "error: the configuration was changed meanwhile: this draft began with "
		     "revision 0, now ther\n"
		     "e is 1:\n"
		     "+ set link wan2 weight 7\n"
		     "\"update\" brings the changes of this draft on top of it\n"
		     "box#\n");
	assert_int_equal(s->router.revision, 1);
}

static void update_brings_the_draft_on_top(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "configure\rset link wan1 weight 4\rdelete link wan1 interface\r");
	others_commit(s, "link wan2 weight 7");
	type(s, "update\r\x0c"
		"compare\rcommit\rshow | display set\r");
	screen_is(s, "box# compare\n"
		     "- set link wan1 interface eth0\n"
		     "+ set link wan1 weight 4\n"
		     "box# commit\n"
		     "committed: revision 2\n"
		     "box# show | display set\n"
		     "set link wan1 weight 4\n"
		     "set link wan2 interface eth1\n"
		     "set link wan2 weight 7\n"
		     "box#\n");
}

static void update_refuses_what_both_changed(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "configure\rset link wan1 weight 4\r");
	others_commit(s, "link wan1 weight 7");
	type(s, "\x0cupdate\r");
	screen_is(s, "box# update\n"
		     "  theirs: link wan1 weight 7\n"
		     "error: 1 line was changed on both sides; the draft is as it was\n"
		     "\"update mine\" takes the draft's, \"exit discard\" the others'\n"
		     "box#\n");
	type(s, "\x0cupdate mine\rcompare\r");
	screen_has(s, "- set link wan1 weight 7\n+ set link wan1 weight 4\n");
}

static void update_refuses_to_delete_what_was_replaced(void **state)
{
	struct session *s = open_terminal(state, 80, 24);

	type(s, "configure\rdelete link wan1 interface\r");
	others_commit(s, "link wan1 interface eth9");
	type(s, "\x0cupdate\r");
	screen_has(s, "link wan1 interface eth");
	screen_has(s, "error: 1 line was changed on both sides");
}

static void five_thousand_pasted_lines_are_all_set(void **state)
{
	struct session *s = open_terminal(state, 80, 24);
	static char text[400000];
	struct textbuf t = textbuf_of(text, sizeof(text));

	type(s, "configure\r");
	for (int i = 0; i < 5000; i++)
		textbuf_printf(&t, "set link l%d weight %d\r", i, i % 240 + 1);
	assert_false(t.cut);
	for (size_t at = 0; at < t.n; at += 4096)
		type_octets(s, text + at, t.n - at < 4096 ? t.n - at : 4096);
	type(s, "\x0cshow | display set | match weight | count\r");
	screen_has(s, "count: 5000 lines\n");
}

/* ---- without a terminal ---- */

static void output_is(struct session *s, const char *want)
{
	assert_string_equal(s->text, want);
}

static void what_is_shown_as_json_can_be_loaded_in_place_of_the_draft(void **state)
{
	struct session *s = open_lines(state, true, false);

	PASTE(s, "configure\nset link wan1 comment \"a \\\"b\\\" c\"\nset link wan1 disabled\n"
		 "show link wan1 | display json\n");
	output_is(s, "{\n    \"link\": [\n        {\n            \"name\": \"wan1\",\n"
		     "            \"interface\": \"eth0\",\n"
		     "            \"comment\": \"a \\\"b\\\" c\",\n"
		     "            \"disabled\": true\n        }\n    ]\n}\n");
	s->out.n = 0;
	PASTE(s, "load replace terminal\n"
		 "{\"link\": [{\"name\": \"wan1\", \"weight\": 7,\n\"disabled\": false}]}\n"
		 ".\nshow | display set\n");
	output_is(s, "loaded; 4 lines differ from what is in force\nset link wan1 weight 7\n");
}

static void a_command_takes_the_text_that_follows_it(void **state)
{
	struct session *s = open_lines(state, false, false);

	PASTE(s, "note link wan2\nshow links\n two\n.\nshow link wan2\n");
	output_is(s, "of wan2: 16 octets: show links\n two\nwan2 is a link\n");
	s->out.n = 0;
	PASTE(s, "note link wan1\nshow links\n");
	PASTE(s, "\x04");
	output_is(s, "of wan1: 11 octets: show links\n");
}

static void mistakes_in_json_are_told_like_those_in_text(void **state)
{
	struct session *s = open_lines(state, false, false);

	PASTE(s, "configure\nload merge terminal\n"
		 "{\"link\": [{\"name\": \"wan1\", \"weight\": 999, \"wieght\": 1},\n"
		 "{\"nam\": \"wan2\"}], \"lnk\": 5}\n.\n");
	output_is(s, "line 1:28: error: link wan1 weight: \"999\" is out of range\n"
		     "    cure: use 1..240\n"
		     "line 1:43: error: link wan1: there is no setting \"wieght\" here\n"
		     "    cure: did you mean \"weight\"?\n"
		     "line 2:1: error: link: NAME is missing\n"
		     "    cure: write it like: link NAME { ... }\n"
		     "line 2:19: error: there is no setting \"lnk\"\n"
		     "    cure: did you mean \"link\"?\n"
		     "error: nothing was loaded; the draft is as it was\n");
	s->out.n = 0;
	PASTE(s, "load merge terminal\n{\"link\": [{\"name\": \"wan1\"}\n.\n");
	output_is(s, "line 2:1: error: a comma or the closing bracket is missing\n"
		     "error: nothing was loaded; the draft is as it was\n");
}

static void a_line_is_answered_without_echo_and_prompt(void **state)
{
	struct session *s = open_lines(state, false, false);

	PASTE(s, "show links\r\n# a remark\n\n");
	output_is(s, "wan1 up\nwan2 down\n");
}

static void one_command_ends_the_session_with_its_status(void **state)
{
	struct session *s = open_lines(state, false, true);

	PASTE(s, "show link wan9\nshow links\n");
	output_is(s, "error: there is no link \"wan9\"\n    cure: use one of: wan1, wan2\n");
	assert_true(console_is_done(s->console));
	assert_int_equal(console_status(s->console), FL_ENOENT);
}

static void a_batch_stops_at_the_first_error(void **state)
{
	struct session *s = open_lines(state, true, false);

	PASTE(s, "configure\nset link wan1 weight 4\nset link wan1 weihgt 5\ncommit\n");
	assert_non_null(strstr(s->text, "error: "));
	assert_non_null(strstr(s->text, "error: stopped at line 3; nothing behind it was run\n"));
	assert_true(console_is_done(s->console));
	assert_int_not_equal(console_status(s->console), FL_OK);
	assert_int_equal(s->router.revision, 0);
}

static void a_batch_that_commits_ends_well(void **state)
{
	struct session *s = open_lines(state, true, false);

	PASTE(s, "configure\nset link wan1 weight 4\ncommit\nexit\n\x04");
	output_is(s, "committed: revision 1\n");
	assert_true(console_is_done(s->console));
	assert_int_equal(console_status(s->console), FL_OK);
}

static void a_batch_that_forgets_to_commit_is_told(void **state)
{
	struct session *s = open_lines(state, true, false);

	PASTE(s, "configure\nset link wan1 weight 4\n\x04");
	output_is(s, "error: the changes were not committed and are gone\n");
	assert_int_not_equal(console_status(s->console), FL_OK);
}

static void a_line_without_its_end_is_not_run(void **state)
{
	struct session *s = open_lines(state, false, false);

	PASTE(s, "show links");
	PASTE(s, "\x04");
	output_is(s, "error: the last line ends early and was not run\n");
	assert_int_not_equal(console_status(s->console), FL_OK);
}

static void a_wrong_word_is_shown_in_its_line(void **state)
{
	struct session *s = open_lines(state, false, false);

	PASTE(s, "show lniks\n");
	output_is(s, "  show lniks\n"
		     "       ^\n"
		     "error: \"lniks\" is not known here; did you mean \"links\"?\n");
}

static void control_octets_in_a_line_are_an_error_and_not_echoed(void **state)
{
	struct session *s = open_lines(state, false, false);

	PASTE(s, "show \033[2Jlinks\nshow\0links\nshow links\n");
	output_is(s,
		"error: the line has an octet that is no text (0x1b) at column 6; it was not run\n"
		"error: the line has an octet that is no text (0x00) at column 5; it was not run\n"
		"wan1 up\nwan2 down\n");
}

static void a_line_of_64_kilobytes_is_refused_at_once_and_the_next_one_runs(void **state)
{
	struct session *s = open_lines(state, false, false);
	static char much[65536];

	memset(much, 'x', sizeof(much));
	type_octets(s, much, sizeof(much));
	output_is(s, "error: the line has more than 4096 octets; nothing of it was run\n");
	PASTE(s, "\nshow links\n");
	assert_non_null(strstr(s->text, "run\nwan1 up\nwan2 down\n"));
}

static void notices_do_not_mix_with_the_output_of_a_script(void **state)
{
	struct session *s = open_lines(state, false, false);

	console_notice(s->console, STR("wan1: down"));
	PASTE(s, "alert\n");
	output_is(s, "done\n");
}

static void monitor_without_a_terminal_runs_once(void **state)
{
	struct session *s = open_lines(state, false, false);

	PASTE(s, "monitor link wan1\n");
	output_is(s, "tick 1 of wan1\n");
	assert_int_equal(console_next_due(s->console).us, MTIME_NEVER.us);
}

static void a_script_waits_with_its_command(void **state)
{
	struct session *s = open_lines(state, true, false);

	PASTE(s, "probe link wan1\nprobe link wan2\nshow links\n");
	output_is(s, "asked\n");
	wait_on(s);
	wait_on(s);
	output_is(s, "asked\nwan1 answered\nasked\n");
	wait_on(s);
	wait_on(s);
	output_is(s, "asked\nwan1 answered\nasked\nwan2 answered\n"
		     "error: stopped at line 2; nothing behind it was run\n");
	assert_true(console_is_done(s->console));
	assert_int_equal(console_status(s->console), FL_EIO);
}

static void a_single_command_that_waits_is_done_with_its_result(void **state)
{
	struct session *s = open_lines(state, false, true);

	PASTE(s, "probe link wan1\n");
	assert_false(console_is_done(s->console));
	wait_on(s);
	wait_on(s);
	assert_true(console_is_done(s->console));
	assert_int_equal(console_status(s->console), FL_OK);
}

static void a_script_that_runs_too_far_ahead_of_a_command_ends(void **state)
{
	struct session *s = open_lines(state, false, false);
	static char much[16384];

	memset(much, '\n', sizeof(much));
	PASTE(s, "probe link wan1\n");
	type_octets(s, much, sizeof(much));
	output_is(s, "asked\nerror: more than 8192 octets came while a command was waiting\n");
	assert_true(console_is_done(s->console));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, session_setup, session_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_command_is_run_and_the_prompt_comes_back),
		TEST(words_can_be_shortened),
		TEST(words_that_begin_alike_must_be_told_apart),
		TEST(a_wrong_word_gets_a_caret_and_the_nearest_word),
		TEST(an_incomplete_command_says_what_is_missing),
		TEST(an_incomplete_command_names_what_no_word_is_known_for),
		TEST(an_unknown_command_leaves_the_session_alive),
		TEST(a_script_is_told_what_is_known),
		TEST(a_script_is_told_what_is_known),
		TEST(words_behind_a_whole_command_are_an_error),
		TEST(a_missing_quote_is_an_error),
		TEST(the_rest_of_a_line_is_given_as_typed),
		TEST(a_command_of_the_other_mode_says_where_it_works),
		TEST(an_operator_may_not_change_anything),
		TEST(question_mark_lists_what_can_follow),
		TEST(question_mark_in_a_word_lists_what_begins_like_it),
		TEST(question_mark_behind_a_whole_command_says_so),
		TEST(question_mark_behind_a_mistake_shows_the_mistake),
		TEST(question_mark_in_quotes_is_a_letter),
		TEST(tab_completes_a_word),
		TEST(tab_completes_as_far_as_words_agree_and_then_lists_them),
		TEST(tab_completes_names_of_the_router),
		TEST(tab_completes_filters),
		TEST(help_lists_the_commands_of_the_mode),
		TEST(match_and_except_choose_lines),
		TEST(count_counts_lines),
		TEST(a_filter_needs_no_blank_before_it),
		TEST(a_wrong_filter_gets_a_caret),
		TEST(a_wrong_pattern_is_an_error),
		TEST(long_output_stops_when_the_screen_is_full),
		TEST(control_c_ends_the_pages),
		TEST(the_last_page_is_followed_by_the_prompt),
		TEST(no_more_shows_all_at_once),
		TEST(typed_ahead_lines_are_kept_and_nobody_is_asked_to_page),
		TEST(a_command_cannot_command_the_terminal),
		TEST(the_size_is_asked_for_and_the_answer_used),
		TEST(a_size_that_comes_by_itself_is_used),
		TEST(a_terminal_that_never_answers_is_80_by_24),
		TEST(control_l_clears_the_screen_and_keeps_the_line),
		TEST(control_c_drops_the_line),
		TEST(a_notice_does_not_garble_the_line_being_typed),
		TEST(a_notice_while_paging_is_shown_behind_the_pages),
		TEST(a_notice_from_inside_a_command_comes_behind_its_output),
		TEST(a_notice_cannot_command_the_terminal),
		TEST(monitor_redraws_every_second_until_a_key),
		TEST(a_command_can_wait_for_its_result),
		TEST(what_is_typed_while_a_command_waits_comes_after_it),
		TEST(control_c_ends_a_command_that_waits),
		TEST(filters_work_on_all_that_a_command_prints_while_it_waits),
		TEST(a_lone_escape_does_not_swallow_the_next_key),
		TEST(an_idle_session_ends),
		TEST(exit_and_control_d_end_the_session),
		TEST(a_session_on_a_terminal_that_never_answered_ends_with_the_farewell),
		TEST(sixty_four_kilobytes_without_a_newline_are_refused_and_the_session_lives),
		TEST(a_change_is_set_compared_and_committed),
		TEST(words_of_settings_can_be_shortened_but_values_not),
		TEST(show_prints_braces),
		TEST(operational_commands_work_in_configuration_mode),
		TEST(a_pipe_in_a_value_is_part_of_the_value),
		TEST(a_wrong_value_is_refused_with_its_range),
		TEST(tab_and_question_mark_know_the_settings),
		TEST(a_mistake_inside_a_statement_is_pointed_at),
		TEST(a_text_can_be_pasted_into_the_draft),
		TEST(a_text_with_mistakes_is_not_loaded),
		TEST(loading_can_be_given_up),
		TEST(what_is_shown_as_json_can_be_loaded_in_place_of_the_draft),
		TEST(a_command_takes_the_text_that_follows_it),
		TEST(mistakes_in_json_are_told_like_those_in_text),
		TEST(delete_takes_away_and_says_when_there_is_nothing),
		TEST(exit_with_changes_must_be_meant),
		TEST(a_refused_commit_changes_nothing),
		TEST(a_commit_takes_a_comment),
		TEST(rollback_brings_an_old_revision_into_the_draft),
		TEST(without_memory_a_statement_is_not_taken_for_one_of_the_top),
		TEST(discard_forgets_the_changes),
		TEST(a_commit_on_a_changed_base_is_refused_and_shows_what_changed),
		TEST(update_brings_the_draft_on_top),
		TEST(update_refuses_what_both_changed),
		TEST(update_refuses_to_delete_what_was_replaced),
		TEST(five_thousand_pasted_lines_are_all_set),
		TEST(a_draft_is_saved_and_loaded_again),
		TEST(a_file_is_shown_in_base64_as_every_program_reads_it),
		TEST(who_may_only_look_is_shown_no_file),
		TEST(outside_of_the_configuration_mode_what_is_in_force_is_saved),
		TEST(a_file_that_is_no_text_is_told_by_its_first_octet),
		TEST(mistakes_in_a_file_are_told_like_those_in_a_pasted_text),
		TEST(only_root_names_files_elsewhere),
		TEST(a_file_that_cannot_be_written_is_told),
		TEST(run_takes_a_command_as_it_works_outside),
		TEST(a_draft_that_looks_like_a_state_says_that_it_is_the_draft),
		TEST(at_a_place_of_the_draft_only_what_is_there_is_typed),
		TEST(a_place_is_left_by_up_top_and_exit),
		TEST(a_place_has_something_inside),
		TEST(a_heading_is_not_counted),
		TEST(an_answer_is_no_command_and_a_secret_one_is_never_shown),
		TEST(a_question_can_be_left_and_nothing_happens),
		TEST(a_log_line_does_not_disturb_a_question),
		TEST(where_there_is_no_terminal_nothing_is_asked),
		TEST(a_session_begins_with_its_openings),
		TEST(a_session_ends_without_the_opening_it_must_have),
		TEST(a_line_is_answered_without_echo_and_prompt),
		TEST(one_command_ends_the_session_with_its_status),
		TEST(a_batch_stops_at_the_first_error),
		TEST(a_batch_that_commits_ends_well),
		TEST(a_batch_that_forgets_to_commit_is_told),
		TEST(a_line_without_its_end_is_not_run),
		TEST(a_wrong_word_is_shown_in_its_line),
		TEST(control_octets_in_a_line_are_an_error_and_not_echoed),
		TEST(a_line_of_64_kilobytes_is_refused_at_once_and_the_next_one_runs),
		TEST(notices_do_not_mix_with_the_output_of_a_script),
		TEST(monitor_without_a_terminal_runs_once),
		TEST(a_script_waits_with_its_command),
		TEST(a_single_command_that_waits_is_done_with_its_result),
		TEST(a_script_that_runs_too_far_ahead_of_a_command_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
