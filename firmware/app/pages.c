/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The status page and the metrics: facts gathered when somebody asks, and kept nowhere. */
#include "product.h"
#include "text_grow.h"
#include "version.h"
#include "web.h"

#define LOG_LINES 20

void pages_configure(struct fairlead *f)
{
	const struct report_conf *c = &fairlead_config(f)->v.report;
	struct page_endpoint at[REPORT_WEBS_MAX];
	char words[256];
	struct textbuf why = textbuf_of(words, sizeof(words));

	for (size_t i = 0; i < c->nwebs; i++)
		at[i] = (struct page_endpoint){c->webs[i].address, (uint16_t)c->webs[i].port};
	if (f->io->pages.listen(f->io->pages.ctx, at, c->nwebs, &why))
		log_printf(&f->log, LOG_LEVEL_WARNING,
			"the status page cannot be had at %s; \"set report web\" can choose "
			"another port",
			words);
}

static struct web_link link_facts(const struct fairlead *f, uint8_t number, mtime now)
{
	const struct link *l = &f->link[number];
	const struct link_conf *c = l->conf;
	struct interface_state is;
	struct link_figures figures;

	link_figures(l, now, &figures);
	f->io->interfaces.get(f->io->interfaces.ctx, c->interface, &is);
	return (struct web_link){
		.name = c->name,
		.interface = c->interface,
		.state = link_console_shown(&f->link_console, l),
		.in_use = f->published.live & link_bit(number),
		.since = mtime_between(l->since, now),
		.cause = l->cause,
		.rtt = link_is_fit(l) ? figures.rtt : us(-1),
		.loss_permille = figures.loss_permille,
		.sent = figures.sent,
		.answered = figures.answered,
		.rx_bytes = is.rx_bytes,
		.tx_bytes = is.tx_bytes,
		.down = f->load[number].down,
		.up = f->load[number].up,
		.metered = link_is_metered(c),
		.quota_used = f->meter[number].used,
		.quota = c->metered.quota,
	};
}

static void put_log(void *ctx, const struct sink *out)
{
	const struct fairlead *f = ctx;

	journal_print(&f->journal, LOG_LINES, out);
}

static struct web_dns dns_facts(const struct fairlead *f)
{
	struct dns_service_figures now;

	f->io->dns.figures(f->io->dns.ctx, &now);
	return (struct web_dns){
		.running = now.running,
		.restarts = now.restarts,
		.queries = now.queries,
		.replies = now.replies,
		.dropped = now.dropped,
		.tcp = now.tcp,
		.truncated = now.truncated,
	};
}

static void put_content(struct fairlead *f, enum web_what what, mtime now, const struct sink *out)
{
	struct web_link links[FL_LINKS_MAX];
	const struct kernel *k = &f->io->kernel;
	struct web_facts facts = {
		.host = fairlead_config(f)->v.system.host_name,
		.version = fl_version,
		.board = CONFIG_BOARD,
		.wall = f->io->io.wall(f->io->io.ctx),
		.running = mtime_between(f->started, now),
		.revision = f->revision,
		.confirm = f->unconfirmed.waits ? mtime_between(now, f->unconfirmed.due) : us(-1),
		.links = links,
		.nlinks = f->nlinks,
		.dns = dns_facts(f),
		.log = put_log,
		.ctx = f,
	};

	for (size_t i = 0; i < f->nlinks; i++)
		links[i] = link_facts(f, f->order[i], now);
	facts.connections_known = k->room(k->ctx, &facts.connections, &facts.connections_max) &&
				  facts.connections_max;
	switch (what) {
	case WEB_PAGE:
		web_page(&facts, out);
		break;
	case WEB_METRICS:
		web_metrics(&facts, out);
		break;
	case WEB_JSON:
		web_json(&facts, out);
		break;
	}
}

/* By its address here or by its name? */
static bool is_for_us(const struct fairlead *f, struct str host)
{
	const struct config_values *v = &f->config[f->current].v;
	bool ours = false;

	for (size_t i = 0; i < v->report.nwebs; i++)
		ours |= web_host_is(host, &v->report.webs[i].address, v->system.host_name);
	return ours;
}

void pages_asked(struct fairlead *f, const struct io_event *e, mtime now)
{
	struct text_grow content = text_grow_in(&f->scratch), whole = text_grow_in(&f->scratch);
	struct sink to_content = text_grow_sink(&content), out = text_grow_sink(&whole);
	struct web_request r;

	web_parse(e->data, &r);
	if (r.status == WEB_GOOD && !is_for_us(f, r.host))
		r.status = WEB_MISDIRECTED;
	if (r.status == WEB_GOOD)
		put_content(f, r.what, now, &to_content);
	else
		sink_printf(&to_content, "%s\n", web_refusal(r.status));
	web_head(&r, content.n, &out);
	if (!r.head)
		sink_put(&out, text_grow_str(&content));
	f->io->pages.answer(f->io->pages.ctx, e->slot, text_grow_str(&whole));
	arena_reset(&f->scratch);
}
