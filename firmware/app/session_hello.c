/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session_hello.h"

#include <string.h>

static const char *const mode_words[] = {
	[SESSION_TERMINAL] = "terminal", [SESSION_BATCH] = "batch", [SESSION_COMMAND] = "command"};

const char *session_mode_text(enum session_mode mode)
{
	return mode == SESSION_LINES ? "lines" : mode_words[mode];
}

static bool take_mode(struct str word, enum session_mode *out)
{
	for (size_t i = SESSION_TERMINAL; i < COUNT_OF(mode_words); i++)
		if (str_is(word, mode_words[i])) {
			*out = (enum session_mode)i;
			return true;
		}
	return false;
}

static bool take_size(struct str word, uint16_t *out)
{
	uint64_t n;

	if (!str_to_u64(word, 10000, &n))
		return false;
	*out = (uint16_t)n;
	return true;
}

/* What may stand in a log and in the history of commits. */
static bool is_word(struct str s, size_t max)
{
	if (s.n == 0 || s.n > max)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.at[i] <= ' ' || s.at[i] >= 0x7f)
			return false;
	return true;
}

static bool is_user(struct str s)
{
	return is_word(s, SESSION_USER_MAX);
}

static void set_user(struct session_hello *h, struct str user)
{
	memcpy(h->user, user.at, user.n);
	h->user[user.n] = '\0';
}

static enum fl_err parse_line(struct str line, struct str peer, struct session_hello *h)
{
	struct str user, from;
	uint64_t version;

	if (!str_is(str_cut(&line, ' '), "\001fairlead") ||
		!str_to_u64(str_cut(&line, ' '), UINT32_MAX, &version))
		return FL_EFORMAT;
	if (version != 1)
		return FL_ENOTSUP;
	if (!take_mode(str_cut(&line, ' '), &h->mode) ||
		!take_size(str_cut(&line, ' '), &h->columns) ||
		!take_size(str_cut(&line, ' '), &h->rows))
		return FL_EFORMAT;
	user = str_cut(&line, ' ');
	from = str_cut(&line, ' ');
	if (!is_user(user) || line.n || (from.n && !is_word(from, SESSION_FROM_MAX)))
		return FL_EFORMAT;
	memcpy(h->from, from.at, from.n);
	if (str_is(peer, "root") || !is_user(peer))
		set_user(h, user);
	return FL_OK;
}

enum fl_err session_hello_parse(struct bytes first, struct str peer, struct session_hello *out)
{
	struct session_hello h = {.mode = SESSION_LINES, .user = "unknown"};
	struct str line = {(const char *)first.at, first.n};
	enum fl_err err = FL_OK;

	if (is_user(peer))
		set_user(&h, peer);
	if (line.n && line.at[line.n - 1] == '\n')
		line.n--;
	if (first.n)
		err = parse_line(line, peer, &h);
	if (!err)
		*out = h;
	return err;
}

void session_hello_print(const struct session_hello *h, struct textbuf *out)
{
	textbuf_printf(out, "\001fairlead 1 %s %u %u %s%s%s\n", mode_words[h->mode],
		(unsigned)h->columns, (unsigned)h->rows, h->user, h->from[0] ? " " : "", h->from);
}

size_t session_trailer(unsigned status, char out[SESSION_TRAILER_MAX])
{
	char text[SESSION_TRAILER_MAX];
	struct textbuf t = textbuf_of(text, sizeof(text));

	out[0] = '\0';
	textbuf_printf(&t, "%u\n", status > 255 ? 255 : status);
	memcpy(out + 1, t.at, t.n);
	return t.n + 1;
}

size_t session_trailer_find(struct str tail, unsigned *status)
{
	size_t start = tail.n, n;
	uint64_t value;

	while (start > 0 && tail.at[start - 1] != '\0')
		start--;
	n = tail.n - start;
	if (start == 0 || n < 2 || tail.at[tail.n - 1] != '\n')
		return 0;
	if (!str_to_u64((struct str){tail.at + start, n - 1}, 255, &value))
		return 0;
	*status = (unsigned)value;
	return n + 1;
}
