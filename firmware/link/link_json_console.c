/* SPDX-License-Identifier: GPL-2.0-or-later */
/* link_json_console.c - `show links` and `show link NAME` for programs. */
#include "json_write.h"
#include "link_console.h"

static void put_addresses(struct json_writer *w, const struct link_conf *c)
{
	char text[IP_TEXT_MAX + 4];

	json_key(w, "addresses");
	json_open(w, "[");
	for (size_t i = 0; i < c->naddresses; i++) {
		json_element(w);
		ip_prefix_text(&c->addresses[i].prefix, text);
		json_put_string(w->out, str_of(text));
	}
	json_close(w, "]");
}

static void put_members(
	struct json_writer *w, const struct link_console *m, const struct link *l, mtime now)
{
	const struct link_operator *o = &m->op[l->conf->number];
	struct link_figures f;

	link_figures(l, now, &f);
	json_string(w, "link", l->conf->name);
	json_string(w, "interface", l->conf->interface);
	json_string(w, "state", str_of(link_state_text(link_console_shown(m, l))));
	json_number(w, "since-ms", span_ms(mtime_between(l->since, now)));
	if (link_is_fit(l) && f.rtt.us >= 0)
		json_number(w, "rtt-us", f.rtt.us);
	if (link_is_fit(l))
		json_number(w, "loss-permille", f.loss_permille);
	put_addresses(w, l->conf);
	if (o->order != LINK_ORDER_NONE)
		json_string(w, "requested", str_of(link_order_text(o->order)));
	if (f.wait.us >= 0)
		json_number(w, "up-in-ms", span_ms(f.wait));
	json_string(w, "cause", str_of(l->cause));
}

enum fl_err link_json_list(const struct link_console *m, mtime now, const struct sink *out)
{
	struct json_writer w = {.out = out};

	json_rows_begin(&w);
	for (size_t i = 0; i < *m->nlinks; i++) {
		json_row(&w);
		put_members(&w, m, &m->link[m->order[i]], now);
		json_close(&w, "}");
	}
	json_rows_end(&w);
	return FL_OK;
}

static void put_target(struct json_writer *w, const struct link *l, size_t target, mtime now)
{
	const struct link_target_state *s = &l->target[target];
	const struct link_target *t = &l->conf->monitor.targets[target];
	char text[IP_TEXT_MAX];

	json_row(w);
	json_string(w, "address", str_of(ip_addr_text(&t->addr, text)));
	json_string(w, "method", str_of(link_console_method(t)));
	if (t->query.n)
		json_string(w, "query", t->query);
	if (s->last_answer.us != MTIME_NEVER.us) {
		json_number(w, "rtt-us", s->srtt.us);
		json_number(w, "loss-permille", (s->loss_ppm + 500) / 1000);
		json_number(w, "answered-ms", span_ms(mtime_between(s->last_answer, now)));
	}
	json_flag(w, "believed", !s->demoted);
	if (s->wrong[0])
		json_string(w, "says", str_of(s->wrong));
	json_close(w, "}");
}

static void put_gateways(struct json_writer *w, const struct link_conf *c)
{
	char text[IP_TEXT_MAX];

	json_key(w, "gateways");
	json_open(w, "[");
	for (size_t i = 0; i < c->ngateways; i++) {
		json_element(w);
		json_put_string(w->out, str_of(ip_addr_text(&c->gateways[i].addr, text)));
	}
	json_close(w, "]");
}

enum fl_err link_json_one(
	const struct link_console *m, const struct link *l, mtime now, const struct sink *out)
{
	struct json_writer w = {.out = out};
	struct link_figures f;

	link_figures(l, now, &f);
	json_open(&w, "{");
	put_members(&w, m, l, now);
	put_gateways(&w, l->conf);
	json_number(&w, "probes-sent", (int64_t)f.sent);
	json_number(&w, "probes-answered", (int64_t)f.answered);
	json_number(&w, "timeout-us", f.timeout.us);
	json_number(&w, "down-after-losses", f.losses_needed);
	json_number(&w, "down-after-us", f.silence_needed.us);
	json_number(&w, "failures", f.downs);
	if (link_is_metered(l->conf)) {
		json_number(&w, "quota", (int64_t)l->conf->metered.quota);
		json_number(&w, "quota-used", (int64_t)m->meter[l->conf->number].used);
	}
	json_key(&w, "targets");
	json_open(&w, "[");
	for (size_t i = 0; i < l->ntargets; i++)
		put_target(&w, l, i, now);
	json_close(&w, "]");
	json_close(&w, "}");
	sink_puts(out, "\n");
	return FL_OK;
}
