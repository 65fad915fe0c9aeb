/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a question is answered, why, and what it would be answered without each link. */
#include "dns_explain.h"
#include "explain.h"

#define SHORT 400

struct question {
	struct str name, type;
	const struct ip_addr *from;
};

/* Is this asker answered as everybody else? */
static void put_asker(const struct explain_world *w, const struct question *q, struct str now,
	const struct sink *out)
{
	static const struct ip_addr anybody = {0};
	char text[SHORT], addr[IP_TEXT_MAX];
	struct textbuf t = textbuf_of(text, sizeof(text));

	if (!q->from->family ||
		dns_explain_short(&w->image, &w->published, q->name, q->type, &anybody, &t))
		return;
	sink_printf(out, "asked by %s: answered %s\n", ip_addr_text(q->from, addr),
		str_eq(textbuf_str(&t), now) ? "as everybody is" : "otherwise than others");
}

/* The answer without link `number`, when it is another one. */
static void put_if(const struct explain_world *w, const struct question *q, struct str now,
	const struct link_conf *l, const struct sink *out)
{
	char text[SHORT];
	struct textbuf t = textbuf_of(text, sizeof(text));
	struct published then;

	w->without(w->ctx, l->number, &then);
	if (dns_explain_short(&w->image, &then, q->name, q->type, q->from, &t) ||
		str_eq(textbuf_str(&t), now))
		return;
	sink_printf(out, "if %.*s goes down: %s\n", STR_ARG(l->name),
		t.n ? text : "nothing (the name exists)");
}

enum fl_err explain_dns(const struct explain_world *w, struct str name, struct str type,
	const struct ip_addr *from, const struct sink *out)
{
	const struct question q = {name, type, from};
	char text[SHORT];
	struct textbuf now = textbuf_of(text, sizeof(text));
	enum fl_err err;

	explain_heading(w, out);
	if (!w->image.at) {
		sink_puts(out, "error: no domain is served\n");
		return FL_ENOENT;
	}
	err = dns_explain_from(&w->image, &w->published, name, type, from, out);
	if (!err)
		err = dns_explain_short(&w->image, &w->published, name, type, from, &now);
	if (err)
		return err;
	put_asker(w, &q, textbuf_str(&now), out);
	for (size_t i = 0; !w->down && i < w->forwarding.nlinks; i++)
		if (!w->forwarding.links[i].disabled)
			put_if(w, &q, textbuf_str(&now), &w->forwarding.links[i], out);
	return FL_OK;
}
