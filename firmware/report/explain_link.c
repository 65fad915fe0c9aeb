/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a link does, what it takes to lose it, and what its death would move. */
#include "explain.h"

#define LINE 200

const struct link_conf *explain_link_named(
	const struct explain_world *w, struct str name, const struct sink *out)
{
	for (size_t i = 0; i < w->forwarding.nlinks; i++)
		if (str_eq(w->forwarding.links[i].name, name))
			return &w->forwarding.links[i];
	sink_printf(out, "error: there is no link \"%.*s\"\n", STR_ARG(name));
	return NULL;
}

/* ---- how it is judged ---- */

const struct link *explain_detector(const struct explain_world *w, const struct link_conf *l)
{
	const struct link *d = w->detector ? &w->detector[l->number] : NULL;

	return d && d->conf && str_eq(d->conf->name, l->name) ? d : NULL;
}

static void put_judgement(
	const struct explain_world *w, const struct link *d, const struct sink *out)
{
	char since[LINK_SPAN_TEXT_MAX], rto[LINK_SPAN_TEXT_MAX], silence[LINK_SPAN_TEXT_MAX],
		probes[LINK_PROBES_TEXT_MAX];
	struct link_figures f;

	link_figures(d, w->now, &f);
	sink_printf(out, "       since %s: %s\n",
		link_span_text(mtime_between(d->since, w->now), since), d->cause);
	if (f.wait.us >= 0)
		sink_printf(
			out, "       up in %s if nothing fails\n", link_span_text(f.wait, since));
	sink_printf(out, "       last probes %s (. answered, x lost, ? open)\n",
		link_probes_text(d, probes));
	sink_printf(out,
		"       loss %u.%u %%, %u failures in 10 minutes, rto %s\n"
		"       down takes %u losses in a row and %s of silence\n",
		(unsigned)f.loss_permille / 10, (unsigned)f.loss_permille % 10, f.downs,
		link_span_text(f.timeout, rto), f.losses_needed,
		link_span_text(f.silence_needed, silence));
}

/* ---- what depends on it ---- */

void explain_count_slots(const struct published_policy *p, uint16_t of[FL_LINKS_MAX + 1])
{
	for (size_t i = 0; i <= FL_LINKS_MAX; i++)
		of[i] = 0;
	for (size_t i = 0; i < POLICY_SLOTS; i++)
		of[p->slot[i] <= FL_LINKS_MAX ? p->slot[i] : 0]++;
}

bool explain_is_member(const struct published_policy *p, unsigned number)
{
	for (size_t i = 0; i < p->nmembers; i++)
		if (p->members[i] == number)
			return true;
	return false;
}

/* "policy spread: wan1 80 %, wan2 20 %; without wan1: wan2" */
static void put_policies(const struct explain_world *w, const struct link_conf *l,
	const struct published *then, const struct sink *out)
{
	const struct forwarding_source *s = &w->forwarding;
	uint16_t of[FL_LINKS_MAX + 1];

	for (size_t i = 0; i < s->npolicies && i < w->published.npolicies; i++) {
		char now[LINE], after[LINE];
		struct textbuf t = textbuf_of(now, sizeof(now));

		if (!explain_is_member(&w->published.policy[i], l->number))
			continue;
		explain_count_slots(&w->published.policy[i], of);
		explain_shares_text(w, of, &t);
		t = textbuf_of(after, sizeof(after));
		explain_count_slots(&then->policy[i], of);
		explain_shares_text(w, of, &t);
		sink_printf(out, "policy %.*s: %s; without %.*s: %s\n",
			STR_ARG(s->policies[i].name), now, STR_ARG(l->name), after);
	}
}

static void put_forwards(
	const struct explain_world *w, const struct link_conf *l, const struct sink *out)
{
	const struct forwarding_source *s = &w->forwarding;
	const char *when = w->published.fit & link_bit(l->number) ? "" : " once it is up";
	char addr[IP_TEXT_MAX], service[LINE];
	const struct forward_conf *f;

	for (size_t i = 0; (f = forwarding_published(s, i)); i++)
		for (size_t j = 0; j < f->non; j++) {
			const struct forward_on *on = &f->on[j];
			struct textbuf t = textbuf_of(service, sizeof(service));

			if (on->link < 0 || (size_t)on->link >= s->nlinks ||
				&s->links[on->link] != l)
				continue;
			forwarding_service_text(f->protocol, &f->port, &t);
			sink_printf(out, "%s %.*s: %s of %s is reached over it%s\n",
				f->protocol == RULE_ANY_PROTOCOL ? "nat" : "forward",
				STR_ARG(f->name), service, ip_addr_text(&on->address, addr), when);
		}
}

/* What becomes of traffic in all when it goes down. */
static void put_if(const struct explain_world *w, const struct link_conf *l,
	const struct published *then, const struct sink *out)
{
	uint32_t bit = link_bit(l->number);
	char after[LINE];
	struct textbuf t = textbuf_of(after, sizeof(after));
	const char *comma = "";

	for (size_t i = 0; i < w->forwarding.nlinks; i++)
		if (then->live & link_bit(w->forwarding.links[i].number)) {
			textbuf_printf(&t, "%s%.*s", comma, STR_ARG(w->forwarding.links[i].name));
			comma = ", ";
		}
	if (!(w->published.live & bit))
		sink_printf(out, "if     %.*s goes down: nothing moves, it carries nothing new\n",
			STR_ARG(l->name));
	else if (!then->live)
		sink_printf(out, "if     %.*s goes down: no link is left\n", STR_ARG(l->name));
	else
		sink_printf(out, "if     %.*s goes down: live is %s; %s\n", STR_ARG(l->name), after,
			explain_fate(w, then, l->number));
}

enum fl_err explain_link(const struct explain_world *w, struct str name, const struct sink *out)
{
	const struct link_conf *l;
	const struct link *d;
	struct published then;

	explain_heading(w, out);
	l = explain_link_named(w, name, out);
	if (!l)
		return FL_ENOENT;
	d = explain_detector(w, l);
	sink_printf(out, "link   %.*s: %s%s%s\n", STR_ARG(l->name),
		explain_state_text(w, &w->published, l->number),
		l->role == LINK_BACKUP ? ", a backup" : "",
		w->published.live & link_bit(l->number) ? ", carries new connections" : "");
	if (d && w->down != l->number && !l->disabled)
		put_judgement(w, d, out);
	else if (!d)
		sink_puts(out, "       not watched yet: taken as up\n");
	w->without(w->ctx, l->number, &then);
	put_policies(w, l, &then, out);
	put_forwards(w, l, out);
	if (!w->down)
		put_if(w, l, &then, out);
	return FL_OK;
}
