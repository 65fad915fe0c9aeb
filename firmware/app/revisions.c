/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "revisions.h"

#include <string.h>

#define SLOTS (REVISIONS_ITEMS + 1) /* the oldest that counts is not the next to be overwritten */

static const char *const state_words[] = {[REVISION_TRIED] = "tried", [REVISION_KEPT] = "kept"};

/* ---- the first line ---- */

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

static void copy_word(char *out, size_t cap, struct str text)
{
	copy_clean(out, cap, text.n ? text : STR("-"), false);
}

struct revision revision_of(uint32_t number, int64_t wall, enum revision_state state,
	struct str user, struct str source, struct str comment)
{
	struct revision r = {.number = number, .wall = wall < 0 ? 0 : wall, .state = state};

	copy_word(r.user, sizeof(r.user), user);
	copy_word(r.source, sizeof(r.source), source);
	copy_clean(r.comment, sizeof(r.comment), comment, true);
	return r;
}

static bool take_number(struct str *line, uint64_t max, uint64_t *out)
{
	return str_to_u64(str_cut(line, ' '), max, out);
}

static bool take_state(struct str *line, enum revision_state *out)
{
	struct str word = str_cut(line, ' ');

	for (size_t i = 0; i < COUNT_OF(state_words); i++)
		if (str_is(word, state_words[i])) {
			*out = (enum revision_state)i;
			return true;
		}
	return false;
}

enum fl_err revision_read(struct str *text, struct revision *out)
{
	struct str rest = *text, line = str_cut(&rest, '\n'), user, source;
	uint64_t number, wall;
	enum revision_state state;

	if (!str_is(str_cut(&line, ' '), "#revision") || !take_number(&line, UINT32_MAX, &number) ||
		!take_number(&line, INT64_MAX, &wall) || !take_state(&line, &state))
		return FL_EFORMAT;
	user = str_cut(&line, ' ');
	source = str_cut(&line, ' ');
	*out = revision_of((uint32_t)number, (int64_t)wall, state, user, source, line);
	*text = rest;
	return FL_OK;
}

void revision_print(const struct revision *r, struct textbuf *out)
{
	textbuf_printf(out, "#revision %u %lld %s %s %s %s\n", (unsigned)r->number,
		(long long)r->wall, state_words[r->state], r->user, r->source, r->comment);
}

/* ---- the slots ---- */

static void slot_name(uint32_t number, char out[32])
{
	struct textbuf t = textbuf_of(out, 32);

	textbuf_printf(&t, "settings.%u", (unsigned)(number % SLOTS));
}

static enum fl_err load_slot(const struct storage *s, uint32_t slot, struct arena *mem,
	struct revision *r, struct str *text)
{
	char words[128], name[32];
	struct textbuf why = textbuf_of(words, sizeof(words));
	struct bytes octets;
	enum fl_err err;

	slot_name(slot, name);
	err = s->load(s->ctx, name, mem, &octets, &why);
	if (err)
		return err;
	*text = (struct str){(const char *)octets.at, octets.n};
	err = revision_read(text, r);
	return err ? err : r->number % SLOTS == slot ? FL_OK : FL_EFORMAT;
}

/* Keep the list in order; the oldest falls out where there are too many. */
static void list_add(struct revision_list *l, const struct revision *r)
{
	size_t at = l->n;

	while (at > 0 && l->at[at - 1].number > r->number)
		at--;
	if (l->n == REVISIONS_ITEMS && at == 0)
		return;
	if (l->n == REVISIONS_ITEMS) {
		memmove(l->at, l->at + 1, --at * sizeof(*r));
	} else {
		memmove(l->at + at + 1, l->at + at, (l->n - at) * sizeof(*r));
		l->n++;
	}
	l->at[at] = *r;
}

void revisions_load(
	const struct storage *s, const struct arena_source *memory, struct revision_list *out)
{
	struct arena mem;

	*out = (struct revision_list){0};
	arena_init(&mem, memory);
	for (uint32_t slot = 0; slot < SLOTS; slot++) {
		struct revision r;
		struct str text;
		enum fl_err err = load_slot(s, slot, &mem, &r, &text);

		if (err == FL_OK)
			list_add(out, &r);
		out->damaged += err != FL_OK && err != FL_ENOENT;
		arena_reset(&mem);
	}
}

enum fl_err revisions_text(
	const struct storage *s, uint32_t number, struct arena *mem, struct str *out)
{
	struct revision r;
	enum fl_err err = load_slot(s, number % SLOTS, mem, &r, out);

	return err ? err : r.number == number ? FL_OK : FL_ENOENT;
}

enum fl_err revisions_save(const struct storage *s, const struct revision *r, struct str text,
	struct arena *scratch, struct textbuf *why)
{
	char name[32], *all = arena_octets(scratch, NULL, REVISION_LINE_MAX + text.n);
	struct textbuf t;

	if (!all) {
		textbuf_printf(why, "out of memory");
		return FL_EFULL;
	}
	t = textbuf_of(all, REVISION_LINE_MAX);
	revision_print(r, &t);
	if (text.n)
		memcpy(all + t.n, text.at, text.n);
	slot_name(r->number, name);
	return s->save(s->ctx, name, bytes_of(all, t.n + text.n), why);
}
