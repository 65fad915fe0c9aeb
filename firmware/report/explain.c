/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "explain.h"

const struct link_conf *explain_link_numbered(const struct explain_world *w, unsigned number)
{
	return link_conf_numbered(w->forwarding.links, w->forwarding.nlinks, number);
}

void explain_heading(const struct explain_world *w, const struct sink *out)
{
	const struct link_conf *down = explain_link_numbered(w, w->down);

	if (w->candidate)
		sink_puts(out, "(by the draft of this session, not in force)\n");
	if (down)
		sink_printf(out, "(as if %.*s were down)\n", STR_ARG(down->name));
}

const char *explain_state_text(
	const struct explain_world *w, const struct published *pub, unsigned number)
{
	enum link_state s = number <= FL_LINKS_MAX ? w->state[number] : LINK_NONE;

	if (s == LINK_SUSPECT)
		s = LINK_UP;
	if (link_state_is_fit(s) && !(pub->fit & link_bit(number)))
		s = LINK_DOWN; /* in a world that is only thought of */
	else if (link_state_is_fit(s) && !(pub->live & link_bit(number)))
		s = LINK_STANDBY;
	return link_state_text(s);
}

void explain_percent(unsigned slots, struct textbuf *out)
{
	unsigned tenths = (slots * 1000 + POLICY_SLOTS / 2) / POLICY_SLOTS;

	textbuf_printf(out, "%u", tenths / 10);
	if (tenths % 10)
		textbuf_printf(out, ".%u", tenths % 10);
	textbuf_printf(out, " %%");
}

void explain_shares_text(
	const struct explain_world *w, const uint16_t of[FL_LINKS_MAX + 1], struct textbuf *out)
{
	const char *comma = "";

	for (size_t i = 0; i < w->forwarding.nlinks; i++) {
		const struct link_conf *l = &w->forwarding.links[i];

		if (!of[l->number])
			continue;
		textbuf_printf(out, "%s%.*s", comma, STR_ARG(l->name));
		if (of[l->number] < POLICY_SLOTS) {
			textbuf_printf(out, " ");
			explain_percent(of[l->number], out);
		}
		comma = ", ";
	}
	if (!*comma)
		textbuf_printf(out, "no link");
}

const char *explain_fate(
	const struct explain_world *w, const struct published *then, uint8_t number)
{
	uint8_t marks[FL_LINKS_MAX];
	size_t n = forwarding_flush_marks(&w->published, then, marks);

	for (size_t i = 0; i < n; i++)
		if (marks[i] == number)
			return "connections on it are forgotten, and TCP is reset";
	return "connections on it wait for it";
}
