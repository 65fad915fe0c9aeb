/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What explain says, for programs: the same questions to the same functions. */
#include "dns_explain.h"
#include "explain.h"
#include "json_write.h"

#define LINE 200

/* Percents with one digit behind the point, as everywhere. */
static void put_share(struct json_writer *w, unsigned slots)
{
	unsigned tenths = (slots * 1000 + POLICY_SLOTS / 2) / POLICY_SLOTS;

	json_key(w, "percent");
	sink_printf(w->out, "%u.%u", tenths / 10, tenths % 10);
}

static void put_address(struct json_writer *w, const char *name, const struct ip_addr *a)
{
	char text[IP_TEXT_MAX];

	json_string(w, name, str_of(ip_addr_text(a, text)));
}

/* Which world is meant. */
static void begin(struct json_writer *json, const struct explain_world *w)
{
	const struct link_conf *down = explain_link_numbered(w, w->down);

	json_open(json, "{");
	if (w->candidate)
		json_flag(json, "draft", true);
	if (down)
		json_string(json, "as-if-down", down->name);
}

static void end(struct json_writer *json)
{
	json_close(json, "}");
	sink_puts(json->out, "\n");
}

/* "takes": [{"link": "wan1", "percent": 80.0}] */
static void put_shares(struct json_writer *json, const char *name, const struct explain_world *w,
	const uint16_t of[FL_LINKS_MAX + 1])
{
	json_key(json, name);
	json_open(json, "[");
	for (size_t i = 0; i < w->forwarding.nlinks; i++) {
		const struct link_conf *l = &w->forwarding.links[i];

		if (!of[l->number])
			continue;
		json_element(json);
		json_open(json, "{");
		json_string(json, "link", l->name);
		put_share(json, of[l->number]);
		json_close(json, "}");
	}
	json_close(json, "]");
}

/* ---- flow ---- */

static void put_flow(struct json_writer *json, const struct forwarding_flow *f)
{
	put_address(json, "from", &f->from);
	put_address(json, "to", &f->to);
	json_string(json, "protocol",
		f->protocol == 6    ? STR("tcp")
		: f->protocol == 17 ? STR("udp")
				    : STR("icmp"));
	if (f->port)
		json_number(json, "port", f->port);
}

static void put_rules(struct json_writer *json, const struct explain_world *w,
	const struct forwarding_flow *flow, const struct rule_conf *chosen)
{
	const struct rule_conf *r;

	json_key(json, "rules");
	json_open(json, "[");
	for (uint64_t from = 0; (r = explain_rule_after(w, from)); from = (uint64_t)r->number + 1) {
		char text[LINE], verdict[LINE];
		struct textbuf t = textbuf_of(text, sizeof(text)),
			       v = textbuf_of(verdict, sizeof(verdict));

		forwarding_rule_text(&w->forwarding, r, &t);
		explain_rule_verdict(w, r, flow, chosen, &v);
		json_element(json);
		json_open(json, "{");
		json_number(json, "rule", r->number);
		json_flag(json, "decides", r == chosen);
		json_string(json, "verdict", textbuf_str(&v));
		json_string(json, "matches", textbuf_str(&t));
		json_string(json, "policy", explain_policy_name(w, r->policy));
		json_close(json, "}");
	}
	json_close(json, "]");
}

static void put_taken(struct json_writer *json, const struct explain_world *w,
	const struct forwarding_flow *flow, const struct explain_shares *shares)
{
	json_key(json, "takes");
	json_open(json, "[");
	for (size_t i = 0; i < w->forwarding.nlinks; i++) {
		const struct link_conf *l = &w->forwarding.links[i];
		struct ip_addr as = forwarding_source_address(&w->forwarding, flow, l->number);

		if (!shares->of[l->number])
			continue;
		json_element(json);
		json_open(json, "{");
		json_string(json, "link", l->name);
		json_string(json, "state", str_of(explain_state_text(w, &w->published, l->number)));
		put_share(json, shares->of[l->number]);
		put_address(json, "leaves-as", &as);
		json_number(json, "mark", l->number);
		json_close(json, "}");
	}
	json_close(json, "]");
}

static void put_deaths(struct json_writer *json, const struct explain_world *w,
	const struct forwarding_flow *flow, const struct explain_shares *shares)
{
	json_key(json, "if-down");
	json_open(json, "[");
	for (size_t i = 0; !w->down && i < w->forwarding.nlinks; i++) {
		const struct link_conf *l = &w->forwarding.links[i];
		struct explain_shares without;
		struct published then;

		if (!shares->of[l->number])
			continue;
		w->without(w->ctx, l->number, &then);
		explain_shares(w, &then, flow, &without);
		json_element(json);
		json_open(json, "{");
		json_string(json, "link", l->name);
		put_shares(json, "takes", w, without.of);
		json_flag(json, "dropped", without.choice.dropped);
		json_string(json, "connections", str_of(explain_fate(w, &then, l->number)));
		json_close(json, "}");
	}
	json_close(json, "]");
}

void explain_flow_json(
	const struct explain_world *w, const struct forwarding_flow *flow, const struct sink *out)
{
	struct json_writer json = {.out = out};
	struct explain_shares shares;

	explain_shares(w, &w->published, flow, &shares);
	begin(&json, w);
	put_flow(&json, flow);
	json_flag(&json, "local", shares.choice.local);
	if (!shares.choice.local) {
		json_flag(&json, "bound", shares.choice.bound);
		if (!shares.choice.bound)
			put_rules(&json, w, flow, shares.choice.rule);
		if (shares.choice.policy >= 0)
			json_string(&json, "policy", explain_policy_name(w, shares.choice.policy));
		json_flag(&json, "dropped", shares.choice.dropped);
		put_taken(&json, w, flow, &shares);
		put_deaths(&json, w, flow, &shares);
	}
	end(&json);
}

/* ---- dns ---- */

static void put_record(void *ctx, struct str record)
{
	struct json_writer *json = ctx;

	json_element(json);
	json_put_string(json->out, record);
}

struct dns_asked {
	struct str name, type;
	const struct ip_addr *from;
};

static void put_answer(struct json_writer *json, const struct explain_world *w,
	const struct published *pub, const struct dns_asked *q)
{
	const char *status = "";

	json_key(json, "answer");
	json_open(json, "[");
	(void)dns_explain_each(
		&w->image, pub, q->name, q->type, q->from, put_record, json, &status);
	json_close(json, "]");
	json_string(json, "status", str_of(status));
}

static void drop_record(void *ctx, struct str record)
{
	(void)ctx, (void)record;
}

enum fl_err explain_dns_json(const struct explain_world *w, struct str name, struct str type,
	const struct ip_addr *from, const struct sink *out)
{
	const struct dns_asked q = {name, type, from};
	struct json_writer json = {.out = out};
	const char *status;

	/* What is no question is told in words. */
	if (!w->image.at || dns_explain_each(&w->image, &w->published, name, type, from,
				    drop_record, NULL, &status))
		return explain_dns(w, name, type, from, out);
	begin(&json, w);
	json_string(&json, "name", name);
	json_string(&json, "type", type);
	if (from->family)
		put_address(&json, "from", from);
	put_answer(&json, w, &w->published, &q);
	json_key(&json, "if-down");
	json_open(&json, "[");
	for (size_t i = 0; !w->down && i < w->forwarding.nlinks; i++) {
		const struct link_conf *l = &w->forwarding.links[i];
		struct published then;

		if (l->disabled)
			continue;
		w->without(w->ctx, l->number, &then);
		json_element(&json);
		json_open(&json, "{");
		json_string(&json, "link", l->name);
		put_answer(&json, w, &then, &q);
		json_close(&json, "}");
	}
	json_close(&json, "]");
	end(&json);
	return FL_OK;
}

/* ---- link ---- */

static void put_judgement(
	struct json_writer *json, const struct explain_world *w, const struct link *d)
{
	struct link_figures f;

	link_figures(d, w->now, &f);
	json_string(json, "cause", str_of(d->cause));
	json_number(json, "since-ms", span_ms(mtime_between(d->since, w->now)));
	json_number(json, "loss-permille", f.loss_permille);
	json_number(json, "failures-in-10-minutes", f.downs);
	json_number(json, "rto-ms", span_ms(f.timeout));
	json_number(json, "losses-needed", f.losses_needed);
	json_number(json, "silence-needed-ms", span_ms(f.silence_needed));
}

static void put_policies(struct json_writer *json, const struct explain_world *w,
	const struct link_conf *l, const struct published *then)
{
	const struct forwarding_source *s = &w->forwarding;
	uint16_t of[FL_LINKS_MAX + 1];

	json_key(json, "policies");
	json_open(json, "[");
	for (size_t i = 0; i < s->npolicies && i < w->published.npolicies; i++) {
		if (!explain_is_member(&w->published.policy[i], l->number))
			continue;
		json_element(json);
		json_open(json, "{");
		json_string(json, "policy", s->policies[i].name);
		explain_count_slots(&w->published.policy[i], of);
		put_shares(json, "shares", w, of);
		explain_count_slots(&then->policy[i], of);
		put_shares(json, "without-it", w, of);
		json_close(json, "}");
	}
	json_close(json, "]");
}

enum fl_err explain_link_json(
	const struct explain_world *w, struct str name, const struct sink *out)
{
	const struct link_conf *l = explain_link_named(w, name, out);
	const struct link *d = l ? explain_detector(w, l) : NULL;
	struct json_writer json = {.out = out};
	struct published then;

	if (!l)
		return FL_ENOENT;
	begin(&json, w);
	json_string(&json, "link", l->name);
	json_string(&json, "state", str_of(explain_state_text(w, &w->published, l->number)));
	json_flag(&json, "backup", l->role == LINK_BACKUP);
	json_flag(&json, "live", w->published.live & link_bit(l->number));
	if (d && w->down != l->number && !l->disabled)
		put_judgement(&json, w, d);
	w->without(w->ctx, l->number, &then);
	put_policies(&json, w, l, &then);
	if (!w->down)
		json_string(
			&json, "if-down-connections", str_of(explain_fate(w, &then, l->number)));
	end(&json);
	return FL_OK;
}
