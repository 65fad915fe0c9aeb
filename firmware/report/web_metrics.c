/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state as metrics (Prometheus, text 0.0.4) and as JSON.  Their number depends on the settings
 * alone, never on who is served. */
#include "json_write.h"
#include "web.h"

/* The states that people are shown. */
static const enum link_state shown[] = {LINK_UP, LINK_DEGRADED, LINK_STANDBY, LINK_RECOVERING,
	LINK_DOWN, LINK_NO_CARRIER, LINK_DISABLED};

static void family(const struct sink *out, const char *name, const char *type, const char *help)
{
	sink_printf(out, "# HELP fairlead_%s %s\n# TYPE fairlead_%s %s\n", name, help, name, type);
}

static void put_count(
	const struct sink *out, const char *name, const char *type, const char *help, uint64_t n)
{
	family(out, name, type, help);
	sink_printf(out, "fairlead_%s %llu\n", name, (unsigned long long)n);
}

static void put_states(const struct web_facts *f, const struct sink *out)
{
	family(out, "link_state", "gauge", "1 for the state that the link is in");
	for (size_t i = 0; i < f->nlinks; i++)
		for (size_t s = 0; s < COUNT_OF(shown); s++)
			sink_printf(out, "fairlead_link_state{link=\"%.*s\",state=\"%s\"} %d\n",
				STR_ARG(f->links[i].name), link_state_text(shown[s]),
				f->links[i].state == shown[s]);
}

/* One figure of every link that has it. */
struct figure {
	const char *name, *type, *help;
	bool (*put)(const struct web_link *l, struct textbuf *value);
};

static void put_u64(struct textbuf *value, uint64_t n)
{
	textbuf_printf(value, "%llu", (unsigned long long)n);
}

static bool in_use(const struct web_link *l, struct textbuf *value)
{
	put_u64(value, l->in_use);
	return true;
}

static bool since(const struct web_link *l, struct textbuf *value)
{
	put_u64(value, (uint64_t)l->since.us / 1000000);
	return true;
}

static bool rtt(const struct web_link *l, struct textbuf *value)
{
	textbuf_printf(value, "%lld.%06lld", (long long)(l->rtt.us / 1000000),
		(long long)(l->rtt.us % 1000000));
	return l->rtt.us >= 0;
}

static bool loss(const struct web_link *l, struct textbuf *value)
{
	textbuf_printf(value, "%u.%03u", (unsigned)l->loss_permille / 1000,
		(unsigned)l->loss_permille % 1000);
	return true;
}

static bool probes_sent(const struct web_link *l, struct textbuf *value)
{
	put_u64(value, l->sent);
	return true;
}

static bool probes_answered(const struct web_link *l, struct textbuf *value)
{
	put_u64(value, l->answered);
	return true;
}

static bool received(const struct web_link *l, struct textbuf *value)
{
	put_u64(value, l->rx_bytes);
	return true;
}

static bool transmitted(const struct web_link *l, struct textbuf *value)
{
	put_u64(value, l->tx_bytes);
	return true;
}

static bool quota_used(const struct web_link *l, struct textbuf *value)
{
	put_u64(value, l->quota_used);
	return l->metered;
}

static bool quota(const struct web_link *l, struct textbuf *value)
{
	put_u64(value, l->quota);
	return l->metered;
}

static const struct figure figures[] = {
	{"link_in_use", "gauge", "1 while the link carries new connections", in_use},
	{"link_state_seconds", "gauge", "for how long the link has been in its state", since},
	{"link_rtt_seconds", "gauge", "round trip to the nearest target that answers", rtt},
	{"link_loss_ratio", "gauge", "share of probes that get no answer, as learned", loss},
	{"link_probes_sent_total", "counter", "probes that were sent", probes_sent},
	{"link_probes_answered_total", "counter", "probes that were answered", probes_answered},
	{"link_receive_bytes_total", "counter", "octets that the interface received", received},
	{"link_transmit_bytes_total", "counter", "octets that the interface sent", transmitted},
	{"link_quota_used_bytes", "gauge", "octets of this month on a metered link", quota_used},
	{"link_quota_bytes", "gauge", "octets a month that a metered link may carry", quota},
};

static void put_figure(const struct web_facts *f, const struct figure *what, const struct sink *out)
{
	bool begun = false;

	for (size_t i = 0; i < f->nlinks; i++) {
		char text[32];
		struct textbuf value = textbuf_of(text, sizeof(text));

		if (!what->put(&f->links[i], &value))
			continue;
		if (!begun)
			family(out, what->name, what->type, what->help);
		begun = true;
		sink_printf(out, "fairlead_%s{link=\"%.*s\"} %s\n", what->name,
			STR_ARG(f->links[i].name), text);
	}
}

static void put_dns(const struct web_dns *d, const struct sink *out)
{
	put_count(out, "dns_up", "gauge", "1 while the DNS worker runs", d->running);
	put_count(out, "dns_restarts_total", "counter", "DNS workers that died", d->restarts);
	put_count(out, "dns_queries_total", "counter", "DNS queries received", d->queries);
	put_count(out, "dns_replies_total", "counter", "DNS replies sent", d->replies);
	put_count(out, "dns_dropped_total", "counter", "DNS messages dropped", d->dropped);
	put_count(out, "dns_tcp_queries_total", "counter", "DNS queries over TCP", d->tcp);
	put_count(out, "dns_truncated_total", "counter", "DNS replies cut short", d->truncated);
}

void web_metrics(const struct web_facts *f, const struct sink *out)
{
	family(out, "build_info", "gauge", "which build runs on which board");
	sink_printf(
		out, "fairlead_build_info{version=\"%s\",board=\"%s\"} 1\n", f->version, f->board);
	put_count(out, "uptime_seconds", "gauge", "for how long the daemon has run",
		(uint64_t)f->running.us / 1000000);
	put_count(
		out, "config_revision", "gauge", "revision of the settings in force", f->revision);
	put_count(out, "config_unconfirmed", "gauge", "1 while a commit waits for its confirm",
		f->confirm.us >= 0);
	put_states(f, out);
	for (size_t i = 0; i < COUNT_OF(figures); i++)
		put_figure(f, &figures[i], out);
	put_dns(&f->dns, out);
	if (!f->connections_known)
		return;
	put_count(out, "connections", "gauge", "connections in the kernel's table", f->connections);
	put_count(out, "connections_max", "gauge", "connections that the table can hold",
		f->connections_max);
}

static void link_json(struct json_writer *w, const struct web_link *l)
{
	json_element(w);
	json_open(w, "{");
	json_string(w, "link", l->name);
	json_string(w, "interface", l->interface);
	json_string(w, "state", str_of(link_state_text(l->state)));
	json_flag(w, "in-use", l->in_use);
	json_number(w, "since-ms", l->since.us / 1000);
	if (l->rtt.us >= 0)
		json_number(w, "rtt-us", l->rtt.us);
	json_number(w, "loss-permille", l->loss_permille);
	json_number(w, "down-bps", (int64_t)l->down);
	json_number(w, "up-bps", (int64_t)l->up);
	if (l->metered) {
		json_number(w, "quota-used", (int64_t)l->quota_used);
		json_number(w, "quota", (int64_t)l->quota);
	}
	json_string(w, "cause", str_of(l->cause));
	json_close(w, "}");
}

void web_json(const struct web_facts *f, const struct sink *out)
{
	struct json_writer w = {.out = out};

	json_open(&w, "{");
	json_string(&w, "host-name", f->host);
	json_string(&w, "version", str_of(f->version));
	json_number(&w, "running-ms", f->running.us / 1000);
	json_number(&w, "revision", f->revision);
	if (f->confirm.us >= 0)
		json_number(&w, "confirm-left-ms", f->confirm.us / 1000);
	json_key(&w, "links");
	json_open(&w, "[");
	for (size_t i = 0; i < f->nlinks; i++)
		link_json(&w, &f->links[i]);
	json_close(&w, "]");
	json_flag(&w, "dns-running", f->dns.running);
	json_number(&w, "dns-queries", (int64_t)f->dns.queries);
	json_close(&w, "}");
	sink_puts(out, "\n");
}
