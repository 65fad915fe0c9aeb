/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any octets typed into a session, in pieces, with notices and time between.  Whatever they are,
 * the terminal gets nothing but printable text and the few sequences that the console itself sends.
 *
 * The first octet chooses the kind of session; 0xfe in the rest lets time pass, 0xfd is a notice
 * made of the octets behind it. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "test_heap.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct entry {
	struct origin origin;
	struct str name, comment;
	uint32_t weight;
};

struct values {
	SETTINGS_LIST(struct entry, links);
};

static const struct setting columns[] = {
	{.name = "NAME",
		.help = "name",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY,
		.type = VALUE_NAME,
		.offset = offsetof(struct entry, name)},
	{.name = NULL},
};

static const struct setting rows[] = {
	{.name = "weight",
		.help = "weight",
		.kind = SETTING_VALUE,
		.type = VALUE_UINT,
		.min = 1,
		.max = 240,
		.offset = offsetof(struct entry, weight)},
	{.name = "comment",
		.help = "remark",
		.kind = SETTING_VALUE,
		.type = VALUE_TEXT,
		.max = 100,
		.offset = offsetof(struct entry, comment)},
	{.name = NULL},
};

static const struct setting schema[] = {
	{.name = "link",
		.help = "uplink",
		.kind = SETTING_LIST,
		.columns = columns,
		.rows = rows,
		.size = sizeof(struct entry),
		.offset = offsetof(struct values, links)},
	{.name = NULL},
};

static enum fl_err echo(struct console_call *call)
{
	sink_put(call->out, call->arg[0]);
	sink_put(call->out, call->rest);
	return FL_OK;
}

static enum fl_err many(struct console_call *call)
{
	for (int i = 0; i < 60; i++)
		sink_printf(call->out, "line %d\n", i);
	return FL_OK;
}

static enum fl_err monitor(struct console_call *call)
{
	console_repeat(call->session, sec(1), echo);
	return FL_OK;
}

/* Asks until an answer is empty; every second one is a secret. */
static enum fl_err answered(struct console_call *call, struct str answer)
{
	bool hidden = !call->state;

	sink_put(call->out, answer);
	return answer.n == 0 ? FL_OK
			     : console_ask(call->session, "More? ", hidden, answered,
				       hidden ? call->session : NULL);
}

static enum fl_err ask(struct console_call *call)
{
	return console_ask(call->session, "What? ", false, answered, call->session);
}

static const struct console_command commands[] = {
	{"ask", "questions", CONSOLE_ANY, ask, NULL},
	{"show many", "many lines", CONSOLE_ANY, many, NULL},
	{"show WORD", "a word", CONSOLE_ANY, echo, NULL},
	{"echo TEXT...", "text", CONSOLE_ANY, echo, NULL},
	{"monitor TEXT...", "again and again", CONSOLE_ANY, monitor, NULL},
	{NULL, NULL, CONSOLE_ANY, NULL, NULL},
};

static const struct settings *committed(void *ctx, uint32_t *revision)
{
	*revision = 1;
	return ctx;
}

static enum fl_err commit(void *ctx, const struct console_commit *what, const struct sink *out)
{
	(void)ctx;
	sink_put(out, what->comment);
	return FL_EIO;
}

static enum fl_err confirm(void *ctx, struct str user, const struct sink *out)
{
	(void)ctx, (void)out;
	return user.n ? FL_OK : FL_EPERM;
}

static span confirm_left(void *ctx)
{
	(void)ctx;
	return sec(90);
}

static enum fl_err check(void *ctx, const struct settings *candidate, const struct sink *out)
{
	(void)ctx, (void)candidate, (void)out;
	return FL_OK;
}

static enum fl_err revision(void *ctx, uint32_t back, struct arena *mem, struct settings *out)
{
	return back ? FL_ENOENT : settings_copy(ctx, mem, out);
}

static void revisions(void *ctx, const struct sink *out)
{
	(void)ctx;
	sink_puts(out, "1\n");
}

/* A file holds its own name. */
static enum fl_err file_read(
	void *ctx, struct str path, struct arena *mem, struct bytes *out, struct textbuf *why)
{
	char *text = arena_copy(mem, path.at, path.n);

	(void)ctx, (void)why;
	if (!text)
		return FL_EFULL;
	*out = bytes_of(text, path.n);
	return FL_OK;
}

static enum fl_err file_write(void *ctx, struct str path, struct bytes content, struct textbuf *why)
{
	(void)ctx, (void)content;
	textbuf_printf(why, "%.*s is full", STR_ARG(path));
	return FL_EIO;
}

static enum fl_err file_remove(void *ctx, struct str path, struct textbuf *why)
{
	return file_write(ctx, path, bytes_of("", 0), why);
}

static bool file_name(void *ctx, size_t index, char *out, size_t cap, uint64_t *size)
{
	(void)ctx;
	*size = index;
	snprintf(out, cap, "link");
	return index == 0;
}

static const struct console_files files = {NULL, file_read, file_write, file_remove, file_name};

/* ---- the watchful terminal ---- */

struct terminal {
	char text[8]; /* what is not complete yet */
	size_t n;
	char sequence[32];
	size_t nsequence;
	bool in_sequence;
	bool interactive;
};

/* All that the console may send behind ESC. */
static bool is_ours(const char *s)
{
	static const char *const fixed[] = {
		"[K", "[J", "[2J", "[H", "[6n", "[999;999H", "7", "8", "[?2004h", "[?2004l"};
	size_t digits = strspn(s + 1, "0123456789");

	for (size_t i = 0; i < COUNT_OF(fixed); i++)
		if (strcmp(s, fixed[i]) == 0)
			return true;
	return s[0] == '[' && digits && digits < 6 &&
	       (strcmp(s + 1 + digits, "C") == 0 || strcmp(s + 1 + digits, "D") == 0);
}

static void sequence_octet(struct terminal *t, char c)
{
	if (t->nsequence + 1 >= sizeof(t->sequence))
		abort();
	t->sequence[t->nsequence++] = c;
	t->sequence[t->nsequence] = '\0';
	if (t->nsequence == 1 ? c != '[' : c >= 0x40) {
		if (!is_ours(t->sequence))
			abort();
		t->in_sequence = false;
	}
}

static void text_octet(struct terminal *t, char c)
{
	uint32_t code;

	t->text[t->n++] = c;
	if (utf8_take((struct str){t->text, t->n}, &code) == t->n) {
		if (!utf8_is_printable(code) && code != '\t')
			abort();
		t->n = 0;
	} else if (t->n >= 4) {
		abort();
	}
}

static void terminal_put(void *ctx, const char *text, size_t n)
{
	struct terminal *t = ctx;

	for (size_t i = 0; i < n; i++) {
		if (t->in_sequence) {
			sequence_octet(t, text[i]);
		} else if (text[i] == '\033' && t->interactive && t->n == 0) {
			t->in_sequence = true;
			t->nsequence = 0;
		} else if (text[i] == '\n' || (t->interactive && strchr("\r\b\a", text[i]))) {
			if (t->n || text[i] == '\0')
				abort();
		} else {
			text_octet(t, text[i]);
		}
	}
}

/* ---- one session ---- */

static void type(struct console *c, const uint8_t *data, size_t size)
{
	mtime now = {1};

	while (size) {
		size_t n = 0;

		while (n < size && data[n] < 0xfd)
			n++;
		console_input(c, now, data, n);
		if (n == size)
			return;
		if (data[n] == 0xfe && console_next_due(c).us != INT64_MAX) {
			now = console_next_due(c);
			console_tick(c, now);
		} else if (data[n] == 0xfd) {
			console_notice(c, (struct str){(const char *)data + n, size - n});
		}
		data += n + 1;
		size -= n + 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena mem;
	struct settings tree;
	struct terminal t = {.n = 0};
	struct console_module modules[] = {{commands, NULL}, {NULL, NULL}};
	struct console_config config = {.ctx = &tree,
		.committed = committed,
		.commit = commit,
		.check = check,
		.revision = revision,
		.revisions = revisions,
		.confirm = confirm,
		.confirm_left = confirm_left,
		.files = &files};
	struct console_setup setup = {.modules = modules,
		.config = &config,
		.memory = &heap,
		.out = {terminal_put, &t},
		.host = STR("fuzz"),
		.user = STR("fuzz")};
	struct console *c;

	if (size < 1 || size > 20000)
		return 0;
	arena_init(&mem, &heap);
	if (settings_init(&tree, schema, &mem))
		abort();
	setup.interactive = t.interactive = !(data[0] & 1);
	setup.columns = data[0] & 2 ? (uint16_t)(data[0] * 2) : 0;
	setup.rows = data[0] & 2 ? 8 : 0;
	setup.stops_at_error = data[0] & 4;
	setup.read_only = data[0] & 8;
	c = console_open(&setup, (mtime){0});
	if (!c)
		abort();
	type(c, data + 1, size - 1);
	if (t.n || t.in_sequence)
		abort();
	console_close(c);
	arena_reset(&mem);
	return 0;
}
