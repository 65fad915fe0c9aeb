/* SPDX-License-Identifier: GPL-2.0-or-later */
/* link_console.c - the links as the person at the console sees them.
 *
 *   LINK  INTERFACE  STATE       SINCE   RTT     LOSS   ADDRESS            CAUSE
 *   wan1  eth0       up          3 h     21 ms   0.2 %  203.0.113.2/29     15 of 15 probes ...
 *   wan2  eth1       down        12.3 s  -       0.4 %  198.51.100.2/29    silence 412 ms, ...
 */
#include "link_console.h"

#include "link_estimate.h"
#include "link_targets.h"

#include <string.h>

#define REPEAT sec(1)
#define COLUMN 64

static const struct link *link_at(const struct link_console *m, size_t i)
{
	return i < *m->nlinks ? &m->link[m->order[i]] : NULL;
}

enum link_state link_console_shown(const struct link_console *m, const struct link *l)
{
	uint8_t number = l->conf->number;

	return link_operator_shown(l, &m->op[number], *m->live >> (number - 1) & 1);
}

/* "drain requested 5 min ago; ": what a person did comes before what the detector found. */
static void put_order(
	const struct link_console *m, const struct link *l, mtime now, struct textbuf *out)
{
	const struct link_operator *o = &m->op[l->conf->number];
	char text[LINK_SPAN_TEXT_MAX];

	if (o->order != LINK_ORDER_NONE)
		textbuf_printf(out, "%s requested %s ago; ", link_order_text(o->order),
			link_span_text(mtime_between(o->since, now), text));
	if (link_drill_withholds(m->drill, l->conf->number))
		textbuf_printf(out, "drill, %s left; ",
			link_span_text(mtime_between(now, m->drill->until), text));
	if (l->spent)
		textbuf_printf(out, "its quota is used up; ");
}

/* "21 ms", or "-" for what is not known. */
static const char *rtt_text(span s, char out[LINK_SPAN_TEXT_MAX])
{
	struct textbuf t = textbuf_of(out, LINK_SPAN_TEXT_MAX);

	if (s.us < 0)
		textbuf_printf(&t, "-");
	else if (s.us < 10000)
		textbuf_printf(&t, "%d.%d ms", (int)(s.us / 1000), (int)(s.us % 1000 / 100));
	else
		link_span_text(s, out);
	return out;
}

static const char *loss_text(uint32_t permille, char out[LINK_SPAN_TEXT_MAX])
{
	struct textbuf t = textbuf_of(out, LINK_SPAN_TEXT_MAX);

	textbuf_printf(&t, "%u.%u %%", (unsigned)permille / 10, (unsigned)permille % 10);
	return out;
}

/* ---- show links ---- */

enum { COL_LINK, COL_INTERFACE, COL_STATE, COL_SINCE, COL_RTT, COL_LOSS, COL_ADDRESS, COLUMNS };

struct row {
	char cell[COLUMNS][COLUMN];
	char cause[LINK_CAUSE_MAX + 96];
};

static void cell(struct row *r, int column, struct str text)
{
	struct textbuf t = textbuf_of(r->cell[column], COLUMN);

	textbuf_put(&t, text.at, text.n);
}

static void put_first_address(struct row *r, const struct link_conf *c)
{
	char text[IP_TEXT_MAX + 4] = "-";

	if (c->naddresses)
		ip_prefix_text(&c->addresses[0].prefix, text);
	cell(r, COL_ADDRESS, str_of(text));
}

static void fill_row(struct row *r, const struct link_console *m, const struct link *l, mtime now)
{
	struct textbuf cause = textbuf_of(r->cause, sizeof(r->cause));
	char text[LINK_SPAN_TEXT_MAX];
	struct link_figures f;

	link_figures(l, now, &f);
	cell(r, COL_LINK, l->conf->name);
	cell(r, COL_INTERFACE, l->conf->interface);
	cell(r, COL_STATE, str_of(link_state_text(link_console_shown(m, l))));
	cell(r, COL_SINCE, str_of(link_span_text(mtime_between(l->since, now), text)));
	cell(r, COL_RTT, str_of(link_is_fit(l) ? rtt_text(f.rtt, text) : "-"));
	cell(r, COL_LOSS, str_of(link_is_fit(l) ? loss_text(f.loss_permille, text) : "-"));
	put_first_address(r, l->conf);
	put_order(m, l, now, &cause);
	textbuf_printf(&cause, "%s", l->cause);
	if (f.wait.us >= 0)
		textbuf_printf(&cause, "; up in %s", link_span_text(f.wait, text));
}

static void widen(size_t width[COLUMNS], const struct row *r)
{
	for (int i = 0; i < COLUMNS; i++)
		if (strlen(r->cell[i]) > width[i])
			width[i] = strlen(r->cell[i]);
}

static void print_row(const struct row *r, const size_t width[COLUMNS], const struct sink *out)
{
	for (int i = 0; i < COLUMNS; i++)
		sink_printf(out, "%-*s  ", (int)width[i], r->cell[i]);
	sink_printf(out, "%s\n", r->cause);
}

static enum fl_err show_links(struct console_call *call)
{
	static const struct row head = {
		{"LINK", "INTERFACE", "STATE", "SINCE", "RTT", "LOSS", "ADDRESS"}, "CAUSE"};
	const struct link_console *m = call->module;
	size_t width[COLUMNS] = {0};
	const struct link *l;
	struct row r;

	if (call->json)
		return link_json_list(m, call->now, call->out);
	if (*m->nlinks == 0) {
		sink_puts(call->out, "no link is configured\n");
		return FL_OK;
	}
	widen(width, &head);
	for (size_t i = 0; (l = link_at(m, i)) != NULL; i++) {
		fill_row(&r, m, l, call->now);
		widen(width, &r);
	}
	print_row(&head, width, call->out);
	for (size_t i = 0; (l = link_at(m, i)) != NULL; i++) {
		fill_row(&r, m, l, call->now);
		print_row(&r, width, call->out);
	}
	return FL_OK;
}

static enum fl_err monitor_links(struct console_call *call)
{
	console_repeat(call->session, REPEAT, show_links);
	return FL_OK;
}

/* ---- show link NAME ---- */

struct link *link_console_find(const struct console_call *call)
{
	const struct link_console *m = call->module;

	for (size_t i = 0; i < *m->nlinks; i++) {
		struct link *l = &m->link[m->order[i]];

		if (str_eq(l->conf->name, call->arg[0]))
			return l;
	}
	(void)console_no_such(call, "link", call->arg[0]);
	return NULL;
}

/* What has to happen before the link is better than it is; NULL: nothing. */
static const char *waits_for(const struct link *l)
{
	switch (l->state) {
	case LINK_DISABLED:
		return "being enabled in the settings";
	case LINK_NO_CARRIER:
		return "a carrier";
	case LINK_DOWN:
		return "an answer of any target";
	case LINK_RECOVERING:
		return link_proof_has_enough(&l->proof) ? "the end of its hold-down"
							: "the answers of its proof";
	case LINK_DEGRADED:
		return "less loss or delay";
	case LINK_SUSPECT:
		return "any answer, or it goes down";
	case LINK_UP:
	case LINK_NONE:
	case LINK_STANDBY:
	case LINK_STATES:
		break;
	}
	return NULL;
}

static void print_meter(const struct link_console *m, const struct link *l, const struct sink *out)
{
	char words[120], text[LINK_SPAN_TEXT_MAX];
	struct textbuf t = textbuf_of(words, sizeof(words));

	if (!link_is_metered(l->conf))
		return;
	link_meter_text(&m->meter[l->conf->number], l->conf, &t);
	sink_printf(out, "  metered    %s\n", words);
	sink_printf(out, "  probes     one in %s\n", link_span_text(link_interval(l), text));
}

/* "4 Mbit/s down": in the largest unit that leaves no fraction. */
static void put_rate(uint64_t bits, const char *way, struct textbuf *out)
{
	static const char *const unit[] = {"", "k", "M", "G"};
	size_t i = 0;

	if (!bits)
		return;
	for (; bits % 1000 == 0 && i + 1 < COUNT_OF(unit); i++)
		bits /= 1000;
	textbuf_printf(out, "%s%llu %sbit/s %s", out->n ? ", " : "", (unsigned long long)bits,
		unit[i], way);
}

static void print_shaping(
	const struct link_console *m, const struct link *l, const struct sink *out)
{
	const struct link_conf *c = l->conf;
	char words[120];
	struct textbuf t = textbuf_of(words, sizeof(words));

	if (!c->shaping || !m->kernel_lacks)
		return;
	if (*m->kernel_lacks & KFEATURE_CAKE)
		textbuf_printf(&t, "none: this kernel has no CAKE (module sch_cake)");
	else if (*m->kernel_lacks & KFEATURE_INCOMING)
		put_rate(c->bandwidth.up, "up; this kernel has no ifb for what comes in", &t);
	else {
		put_rate(c->bandwidth.down, "down", &t);
		put_rate(c->bandwidth.up, "up", &t);
	}
	sink_printf(out, "  shaping    %s\n", words);
}

static void print_state(const struct link_console *m, const struct link *l, mtime now,
	const struct link_figures *f, const struct sink *out)
{
	char text[LINK_SPAN_TEXT_MAX], words[96];
	struct textbuf order = textbuf_of(words, sizeof(words));

	sink_printf(out, "link %.*s on %.*s: %s", STR_ARG(l->conf->name),
		STR_ARG(l->conf->interface), link_state_text(link_console_shown(m, l)));
	sink_printf(out, " for %s\n", link_span_text(mtime_between(l->since, now), text));
	sink_printf(out, "  cause      %s\n", l->cause);
	if (waits_for(l))
		sink_printf(out, "  waits for  %s\n", waits_for(l));
	put_order(m, l, now, &order);
	if (order.n)
		sink_printf(out, "  order      %.*s\n", (int)order.n - 2, order.at);
	if (l->state == LINK_SUSPECT)
		sink_printf(out, "  suspect    a probe is unanswered, more are on their way\n");
	for (uint8_t family = 4; family <= 6; family += 2)
		if (link_family_is_dead(l, family))
			sink_printf(out, "  family     IPv%u is dead for %s, IPv%u carries on\n",
				family,
				link_span_text(
					mtime_between(l->family[family == 6].silent_since, now),
					text),
				10 - family);
	if (f->wait.us >= 0)
		sink_printf(out, "  hold       up in %s if nothing fails\n",
			link_span_text(f->wait, text));
	if (f->downs)
		sink_printf(out, "  failures   %u in the last 10 minutes\n", f->downs);
}

static void print_gateway(
	const struct link *l, const struct link_gateway *g, mtime now, const struct sink *out)
{
	static const char *const words[] = {
		[LINK_GATEWAY_UNKNOWN] = "",
		[LINK_GATEWAY_ANSWERS] = ", answered ",
		[LINK_GATEWAY_SILENT] = ", found silent ",
	};
	const struct link_gateway_state *s = &l->gateway[g->addr.family == 6];
	char addr[IP_TEXT_MAX], text[LINK_SPAN_TEXT_MAX];

	sink_printf(out, "  gateway    %s%s", ip_addr_text(&g->addr, addr), words[s->says]);
	if (s->says != LINK_GATEWAY_UNKNOWN)
		sink_printf(out, "%s ago", link_span_text(mtime_between(s->at, now), text));
	sink_puts(out, "\n");
}

static void print_addresses(const struct link *l, mtime now, const struct sink *out)
{
	const struct link_conf *c = l->conf;
	char text[IP_TEXT_MAX + 4];

	for (size_t i = 0; i < c->naddresses; i++)
		sink_printf(
			out, "  address    %s\n", ip_prefix_text(&c->addresses[i].prefix, text));
	for (size_t i = 0; i < c->ngateways; i++)
		print_gateway(l, &c->gateways[i], now, out);
}

static void print_figures(const struct link_figures *f, const struct sink *out)
{
	char rtt[LINK_SPAN_TEXT_MAX], loss[LINK_SPAN_TEXT_MAX], timeout[LINK_SPAN_TEXT_MAX],
		silence[LINK_SPAN_TEXT_MAX];

	sink_printf(out, "  round trip %s, loss %s, %lu probes sent, %lu answered\n",
		rtt_text(f->rtt, rtt), loss_text(f->loss_permille, loss), (unsigned long)f->sent,
		(unsigned long)f->answered);
	sink_printf(out, "  down after %u losses in a row and %s of silence, rto %s\n",
		f->losses_needed, link_span_text(f->silence_needed, silence),
		link_span_text(f->timeout, timeout));
}

const char *link_console_method(const struct link_target *t)
{
	return link_method_text((enum link_probe_method)t->method);
}

static const char *why_out(const struct link_console *m, const struct link *l, size_t target)
{
	if (!l->target[target].demoted)
		return "";
	return link_target_is_to_blame(m->link, m->order, *m->nlinks, l->conf->number, target)
		       ? ", silent over every link: its own trouble"
		       : ", silent while others answer: not believed";
}

static void print_target(const struct link_console *m, const struct link *l, size_t target,
	mtime now, const struct sink *out)
{
	const struct link_target_state *s = &l->target[target];
	const struct link_target *t = &l->conf->monitor.targets[target];
	char addr[IP_TEXT_MAX], rtt[LINK_SPAN_TEXT_MAX], loss[LINK_SPAN_TEXT_MAX],
		last[LINK_SPAN_TEXT_MAX];
	bool answered = s->last_answer.us != MTIME_NEVER.us;

	sink_printf(out, "  target     %s %s%s%.*s: ", ip_addr_text(&t->addr, addr),
		link_console_method(t), t->query.n ? " " : "", STR_ARG(t->query));
	if (!answered)
		sink_printf(out, "no answer yet");
	else
		sink_printf(out, "round trip %s, loss %s, last answer %s ago",
			rtt_text(s->srtt, rtt), loss_text((s->loss_ppm + 500) / 1000, loss),
			link_span_text(mtime_between(s->last_answer, now), last));
	if (s->wrong[0])
		sink_printf(out, ", it says %s", s->wrong);
	sink_printf(out, "%s\n", why_out(m, l, target));
}

/* They are made now and then, and judge the services, not the line: no targets. */
static void print_checks(const struct link_console *m, const struct link *l, const struct sink *out)
{
	const struct link_monitor_conf *conf = &l->conf->monitor;
	char words[SERVICE_TEXT_MAX + SERVICE_WRONG_MAX + 64];

	for (size_t i = 0; m->services && i < conf->nchecks && i < LINK_CHECKS_MAX; i++) {
		struct textbuf t = textbuf_of(words, sizeof(words));

		service_check_text(&m->services->watch[l->conf->number], conf, i, &t);
		sink_printf(out, "  check      %s\n", words);
	}
}

static enum fl_err show_link(struct console_call *call)
{
	const struct link_console *m = call->module;
	const struct link *l = link_console_find(call);
	struct link_figures f;

	if (!l)
		return FL_ENOENT;
	if (call->json)
		return link_json_one(m, l, call->now, call->out);
	link_figures(l, call->now, &f);
	print_state(m, l, call->now, &f, call->out);
	print_addresses(l, call->now, call->out);
	print_shaping(m, l, call->out);
	print_meter(m, l, call->out);
	print_figures(&f, call->out);
	for (size_t i = 0; i < l->ntargets; i++)
		print_target(m, l, i, call->now, call->out);
	print_checks(m, l, call->out);
	return FL_OK;
}

/* ---- show link NAME targets, detail ---- */

static void print_target_row(const struct link_target_state *s, const struct link_target *t,
	mtime now, const struct sink *out)
{
	char addr[IP_TEXT_MAX], rtt[LINK_SPAN_TEXT_MAX], rto[LINK_SPAN_TEXT_MAX],
		peak[LINK_SPAN_TEXT_MAX], loss[LINK_SPAN_TEXT_MAX];

	sink_printf(out, "%-24s %-6s %-9s %-8s %-9s %-8s %8lu %9lu%s\n",
		ip_addr_text(&t->addr, addr), link_console_method(t), rtt_text(s->srtt, rtt),
		link_span_text(link_target_rto(s), rto),
		rtt_text(s->srtt.us < 0 ? s->srtt : link_target_peak(s, now), peak),
		loss_text((s->loss_ppm + 500) / 1000, loss), (unsigned long)s->sent,
		(unsigned long)s->answered, s->demoted ? "  not believed" : "");
}

static enum fl_err show_targets(struct console_call *call)
{
	const struct link *l = link_console_find(call);

	if (!l)
		return FL_ENOENT;
	if (l->ntargets == 0) {
		sink_puts(call->out, "no target is set: the carrier and the gateway decide\n");
		return FL_OK;
	}
	sink_puts(call->out,
		"TARGET                   METHOD RTT       TIMEOUT  PEAK      LOSS         SENT  "
		"ANSWERED\n");
	for (size_t i = 0; i < l->ntargets; i++)
		print_target_row(&l->target[i], &l->conf->monitor.targets[i], call->now, call->out);
	return FL_OK;
}

static enum fl_err show_detail(struct console_call *call)
{
	const struct link *l = link_console_find(call);
	char probes[LINK_PROBES_TEXT_MAX], text[LINK_SPAN_TEXT_MAX];
	enum fl_err err = l ? show_link(call) : FL_ENOENT;

	if (err)
		return err;
	sink_printf(call->out, "  probes     %s (oldest first; x is lost)\n",
		link_probes_text(l, probes));
	sink_printf(call->out, "  learned    loss %d ppm lately, %d ppm in the long run\n",
		(int)(l->loss.fast / 1000), (int)(l->loss.slow / 1000));
	sink_printf(call->out, "  longest silence that healed %s\n", link_span_text(l->gap, text));
	if (l->quality.samples)
		sink_printf(call->out, "  usual round trip %s\n",
			rtt_text(us(l->quality.usual_ns / 1000), text));
	sink_printf(call->out, "  users      %u packets/s received\n", l->users.rate / 1000);
	return show_targets(call);
}

/* ---- clear link NAME hold ---- */

static enum fl_err clear_hold(struct console_call *call)
{
	const struct link_console *m = call->module;
	struct link *l = link_console_find(call);
	struct link_out out;
	char left[LINK_SPAN_TEXT_MAX];
	struct link_figures f;

	if (!l)
		return FL_ENOENT;
	link_clear_hold(l, call->now, &out);
	m->carry_out(m->ctx, l->conf->number, call->now, &out);
	link_figures(l, call->now, &f);
	if (f.wait.us >= 0)
		sink_printf(call->out, "hold-down cleared; up in %s if its proof succeeds\n",
			link_span_text(f.wait, left));
	else
		sink_printf(call->out, "hold-down cleared; the link is %s\n",
			link_state_text(link_console_shown(m, l)));
	return FL_OK;
}

bool link_console_words(void *module, size_t index, struct settings_choice *out)
{
	const struct link *l = link_at(module, index);

	if (!l)
		return false;
	*out = (struct settings_choice){.word = l->conf->name, .help = l->conf->interface};
	return true;
}

const struct console_command link_commands[] = {
	{
		.grammar = "show links",
		.help = "the uplinks: state, delay, loss and why",
		.mode = CONSOLE_ANY_HEADED_JSON,
		.run = show_links,
	},
	{
		.grammar = "show link NAME",
		.help = "one uplink: its targets, and what it takes to go down",
		.mode = CONSOLE_ANY_JSON,
		.run = show_link,
		.words = link_console_words,
	},
	{
		.grammar = "show link NAME targets",
		.help = "what is measured of each target of its monitor",
		.mode = CONSOLE_ANY,
		.run = show_targets,
		.words = link_console_words,
	},
	{
		.grammar = "show link NAME detail",
		.help = "all that the detector knows of it",
		.mode = CONSOLE_ANY,
		.run = show_detail,
		.words = link_console_words,
	},
	{
		.grammar = "monitor links",
		.help = "the uplinks, every second until a key is pressed",
		.mode = CONSOLE_ANY,
		.run = monitor_links,
	},
	{
		.grammar = "clear link NAME hold",
		.help = "end the hold-down of a link that came back",
		.mode = CONSOLE_ANY_CHANGES,
		.run = clear_hold,
		.words = link_console_words,
	},
	{0},
};
