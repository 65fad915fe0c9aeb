/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mail and delegation of one domain, by what is known here: the zones of this router and its
 * forwarding.  What only others know is asked behind it (inquiry.h). */
#include "check.h"

#include "spf.h"

#include <string.h>

#define LINE     200
#define TEXT_MAX 512 /* octets of an SPF record */

struct mail {
	struct check check;
	const struct dns_domain_conf *domain;
	char spf[TEXT_MAX]; /* empty: there is none */
	struct str typed;   /* the same, as it stands in the settings */
};

/* ---- SPF ---- */

/* Is it an address of the domain's mail exchangers, or of the domain itself? */
static bool domain_has(void *ctx, bool mx, const struct ip_addr *a)
{
	const struct mail *m = ctx;

	for (size_t i = 0; i < m->domain->nhosts; i++) {
		const struct dns_host_conf *h = &m->domain->hosts[i];

		if ((mx ? h->mail_entry : str_is(h->name.label, "@")) && ip_addr_eq(&h->address, a))
			return true;
	}
	return false;
}

/* The strings of a TXT record, joined: its quotes go. */
static void join_strings(struct str data, char out[TEXT_MAX])
{
	bool inside = false, quoted = memchr(data.at, '"', data.n) != NULL;
	size_t n = 0;

	for (size_t i = 0; i < data.n && n < TEXT_MAX - 1; i++) {
		if (data.at[i] == '"')
			inside = !inside;
		else if (inside || !quoted)
			out[n++] = data.at[i];
	}
	out[n] = '\0';
}

static void find_spf(struct mail *m)
{
	const struct spf_domain domain = {m, domain_has};
	const struct ip_addr nobody = {.family = 4};

	for (size_t i = 0; i < m->domain->nrecords; i++) {
		const struct dns_record_conf *r = &m->domain->records[i];

		if (!str_eq_nocase(r->type, STR("TXT")) || !str_is(r->name, "@"))
			continue;
		join_strings(r->data, m->spf);
		m->typed = r->data;
		if (spf_evaluate(str_of(m->spf), &nobody, &domain) != SPF_NONE)
			return;
	}
	m->spf[0] = '\0';
}

/* ---- one address, there and back ---- */

/* Is `name` one of "a.example.com., b.example.com."? */
static bool names_hold(struct str names, struct str name)
{
	while (names.n) {
		struct str one = str_trim(str_cut(&names, ','));

		if (one.n && one.at[one.n - 1] == '.')
			one.n--;
		if (str_eq_nocase(one, name))
			return true;
	}
	return false;
}

static void cure_reverse(struct mail *m, const struct link_conf *l, const struct ip_addr *a)
{
	const struct ip_prefix *own = l ? link_conf_address(l, a->family) : NULL;
	char text[IP_TEXT_MAX + 4];
	struct ip_prefix net;

	if (!own || !ip_prefix_has(own, a))
		return;
	net = ip_prefix_network(own);
	check_cure(&m->check, "set reverse %s auto", ip_prefix_text(&net, text));
}

/* Says what the address leads back to; a finding when it is not `name` (NULL: any name). */
static void look_back(
	struct mail *m, const struct link_conf *l, const struct ip_addr *a, const char *name)
{
	char names[LINE], addr[IP_TEXT_MAX];
	struct textbuf t = textbuf_of(names, sizeof(names));

	check_reverse(m->check.world, a, &t);
	sink_printf(m->check.out, "; reverse %s\n", t.n ? names : "none here");
	m->check.why = "many mail servers refuse mail from an address without a name that fits";
	if (t.n == 0) {
		check_found(&m->check, "no zone here leads from %s back to a name",
			ip_addr_text(a, addr));
		cure_reverse(m, l, a);
	} else if (name && !names_hold(textbuf_str(&t), str_of(name))) {
		check_found(&m->check, "%s leads back to %s instead of %s", ip_addr_text(a, addr),
			names, name);
		cure_reverse(m, l, a);
	}
}

/* ---- inbound ---- */

static void look_at_exchange(struct mail *m, const struct dns_host_conf *h)
{
	const struct explain_world *w = m->check.world;
	const struct link_conf *l = check_link(w, h->link);
	struct ip_addr a = h->address;
	char name[LINE], addr[IP_TEXT_MAX];
	struct textbuf t = textbuf_of(name, sizeof(name));

	if (!a.family && l && link_conf_address(l, 4))
		a = link_conf_address(l, 4)->addr;
	check_full_name(m->domain, &h->name, &t);
	sink_printf(
		m->check.out, "in   %5u %s %s", h->name.preference, name, ip_addr_text(&a, addr));
	if (l)
		sink_printf(m->check.out, " over %.*s (%s)", STR_ARG(l->name),
			explain_state_text(w, &w->published, l->number));
	else
		sink_puts(m->check.out, " elsewhere");
	look_back(m, l, &a, name);
	m->check.why = "a sender that is told of it finds nobody";
	if (l && l->disabled)
		check_found(
			&m->check, "%s is on link %.*s, which is disabled", name, STR_ARG(l->name));
}

static void look_at_inbound(struct mail *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->domain->nhosts; i++)
		if (m->domain->hosts[i].mail_entry) {
			look_at_exchange(m, &m->domain->hosts[i]);
			n++;
		}
	for (size_t i = 0; i < m->domain->nbalanced; i++)
		n += m->domain->balanced[i].mail_entry;
	m->check.why = "nobody knows where to bring its mail";
	if (n == 0)
		check_found(
			&m->check, "domain %.*s has no mail exchanger", STR_ARG(m->domain->name));
}

/* ---- outbound ---- */

static void look_at_spf(struct mail *m, const struct ip_addr *a)
{
	const struct spf_domain domain = {m, domain_has};
	enum spf_result r = spf_evaluate(str_of(m->spf), a, &domain);
	char addr[IP_TEXT_MAX];

	m->check.why = "mail from it is taken for forged";
	if (!m->spf[0] || r == SPF_PASS || r == SPF_UNKNOWN)
		return;
	check_found(&m->check, "SPF: %s is %s to send for %.*s", ip_addr_text(a, addr),
		spf_result_text(r), STR_ARG(m->domain->name));
	/* A domain has one. */
	if (!memchr(m->typed.at, '"', m->typed.n))
		check_cure(&m->check, "delete domain %.*s record @ TXT \"%.*s\"",
			STR_ARG(m->domain->name), STR_ARG(m->typed));
	check_cure(&m->check, "set domain %.*s record @ TXT \"v=spf1 mx ip4:%s -all\"",
		STR_ARG(m->domain->name), addr);
}

/* The links that a server's mail can leave by: now, and after the death of any one of them. */
static uint32_t links_out(const struct explain_world *w, const struct forwarding_flow *flow)
{
	const struct forwarding_source *s = &w->forwarding;
	struct explain_shares shares;
	struct published then;
	uint32_t links = 0;

	for (size_t i = 0; i <= s->nlinks; i++) {
		then = w->published;
		if (i < s->nlinks)
			w->without(w->ctx, s->links[i].number, &then);
		explain_shares(w, &then, flow, &shares);
		for (size_t k = 0; k < s->nlinks; k++)
			if (shares.of[s->links[k].number])
				links |= link_bit(s->links[k].number);
	}
	return links;
}

static void look_at_server(struct mail *m, const struct ip_addr *server)
{
	const struct explain_world *w = m->check.world;
	struct forwarding_flow flow = {.from = *server, .protocol = 6, .port = 25};
	char from[IP_TEXT_MAX], addr[IP_TEXT_MAX];
	uint32_t links;

	/* Somebody outside. */
	flow.to = server->family == 4
			  ? ip_addr_v4(192, 88, 99, 1)
			  : (struct ip_addr){.family = 6, .b = {0x20, 0x01, 0x48, 0x60}};
	links = links_out(w, &flow);
	for (size_t i = 0; i < w->forwarding.nlinks; i++) {
		const struct link_conf *l = &w->forwarding.links[i];
		struct ip_addr as;

		if (!(links & link_bit(l->number)))
			continue;
		as = forwarding_source_address(&w->forwarding, &flow, l->number);
		sink_printf(m->check.out, "out  %s leaves as %s over %.*s",
			ip_addr_text(server, from), ip_addr_text(&as, addr), STR_ARG(l->name));
		look_back(m, l, &as, NULL);
		look_at_spf(m, &as);
	}
}

/* A whole address is that of a mail server when an exchange of the domain has it. */
static bool has_exchange(const struct mail *m, const struct forward_conf *f)
{
	for (size_t i = 0; i < m->domain->nhosts; i++)
		for (size_t k = 0; m->domain->hosts[i].mail_entry && k < f->non; k++)
			if (ip_addr_eq(&m->domain->hosts[i].address, &f->on[k].address))
				return true;
	return false;
}

static bool is_mail(const struct mail *m, const struct forward_conf *f)
{
	return f->protocol == RULE_ANY_PROTOCOL
		       ? has_exchange(m, f)
		       : f->protocol == RULE_TCP && f->port.first <= 25 && f->port.last >= 25;
}

/* Has one of the first `n` that are published this server, too? */
static bool was_looked_at(const struct mail *m, size_t n, const struct ip_addr *server)
{
	const struct forwarding_source *s = &m->check.world->forwarding;

	for (size_t i = 0; i < n; i++)
		if (is_mail(m, forwarding_published(s, i)) &&
			forward_has_server(forwarding_published(s, i), server))
			return true;
	return false;
}

static void look_at_outbound(struct mail *m)
{
	const struct forwarding_source *s = &m->check.world->forwarding;
	const struct forward_conf *f;
	size_t servers = 0;

	for (size_t i = 0; (f = forwarding_published(s, i)); i++)
		for (size_t k = 0; is_mail(m, f) && k < f->nto; k++)
			if (!was_looked_at(m, i, &f->to[k].addr)) {
				look_at_server(m, &f->to[k].addr);
				servers++;
			}
	m->check.why = "without one, anybody's forgery looks as good as your mail";
	if (!m->spf[0]) {
		check_found(&m->check, "domain %.*s has no SPF record", STR_ARG(m->domain->name));
		check_cure(&m->check, "set domain %.*s record @ TXT \"v=spf1 mx -all\"",
			STR_ARG(m->domain->name));
	}
	if (servers == 0)
		sink_puts(
			m->check.out, "out  no server behind this router is reached at port 25\n");
}

/* ---- the two commands ---- */

static const struct dns_domain_conf *find_domain(
	const struct explain_world *w, struct str name, const struct sink *out)
{
	const struct dns_domain_conf *d = check_domain(w, name);

	if (!d)
		sink_printf(out, "error: %.*s is no domain of this router\n", STR_ARG(name));
	return d;
}

static void say_count(const struct check *c)
{
	if (c->found)
		sink_printf(c->out, "%zu finding%s in the settings\n", c->found,
			c->found == 1 ? "" : "s");
	else
		sink_puts(c->out, "nothing to mend in the settings\n");
}

enum fl_err check_mail(const struct explain_world *w, struct str domain, const struct sink *out)
{
	struct mail m = {.check = {.world = w, .out = out}, .domain = find_domain(w, domain, out)};

	if (!m.domain)
		return FL_ENOENT;
	explain_heading(w, out);
	find_spf(&m);
	look_at_inbound(&m);
	look_at_outbound(&m);
	say_count(&m.check);
	return FL_OK;
}

/* "example.com. NS ns1.example.com." and its glue, as the registrar wants them. */
static void put_name_server(const struct explain_world *w, const struct dns_domain_conf *d,
	const struct dns_name_server_conf *ns, const struct sink *out)
{
	const struct link_conf *l = check_link(w, ns->link);
	bool absolute = ns->name.n && ns->name.at[ns->name.n - 1] == '.';
	char addr[IP_TEXT_MAX];

	sink_printf(out, "parent  %.*s. NS %.*s", STR_ARG(d->name), STR_ARG(ns->name));
	if (!absolute)
		sink_printf(out, ".%.*s.", STR_ARG(d->name));
	if (ns->address.family)
		sink_printf(out, "  glue %s", ip_addr_text(&ns->address, addr));
	if (l)
		sink_printf(out, "  (%.*s, %s)", STR_ARG(l->name),
			explain_state_text(w, &w->published, l->number));
	sink_puts(out, "\n");
}

static bool link_has_address(const struct link_conf *l, const struct ip_addr *a)
{
	for (size_t i = 0; i < l->naddresses; i++)
		if (ip_addr_eq(&l->addresses[i].prefix.addr, a))
			return true;
	return false;
}

static void look_at_glue(
	struct check *c, const struct dns_domain_conf *d, const struct dns_name_server_conf *ns)
{
	const struct link_conf *l = check_link(c->world, ns->link);
	const struct ip_prefix *own = l ? link_conf_address(l, ns->address.family) : NULL;
	char addr[IP_TEXT_MAX];

	c->why = "this router answers at the addresses of its links";
	if (!ns->address.family || !own || link_has_address(l, &ns->address))
		return;
	check_found(c, "name server %.*s: %s is no address of link %.*s", STR_ARG(ns->name),
		ip_addr_text(&ns->address, addr), STR_ARG(l->name));
	check_cure(c, "set domain %.*s name-server %.*s address %s", STR_ARG(d->name),
		STR_ARG(ns->name), ip_addr_text(&own->addr, addr));
}

static bool link_is_named(const struct dns_domain_conf *d, int32_t link)
{
	for (size_t i = 0; i < d->nname_servers; i++)
		if (d->name_servers[i].link == link)
			return true;
	return false;
}

enum fl_err check_delegation(
	const struct explain_world *w, struct str domain, const struct sink *out)
{
	struct check c = {.world = w, .out = out};
	const struct dns_domain_conf *d = find_domain(w, domain, out);

	if (!d)
		return FL_ENOENT;
	explain_heading(w, out);
	for (size_t i = 0; i < d->nname_servers; i++)
		put_name_server(w, d, &d->name_servers[i], out);
	for (size_t i = 0; i < d->nname_servers; i++)
		look_at_glue(&c, d, &d->name_servers[i]);
	c.why = "when the other links are dead nobody can ask for any name of the domain";
	for (size_t i = 0; i < w->forwarding.nlinks; i++) {
		const struct link_conf *l = &w->forwarding.links[i];
		const struct ip_prefix *own = link_conf_address(l, 4);
		char addr[IP_TEXT_MAX];

		if (l->disabled || !own || link_is_named(d, (int32_t)i))
			continue;
		check_found(&c, "no name server of %.*s is on link %.*s", STR_ARG(d->name),
			STR_ARG(l->name));
		check_cure(&c, "set domain %.*s name-server ns-%.*s address %s", STR_ARG(d->name),
			STR_ARG(l->name), ip_addr_text(&own->addr, addr));
		check_cure(&c, "set domain %.*s name-server ns-%.*s link %.*s", STR_ARG(d->name),
			STR_ARG(l->name), STR_ARG(l->name));
	}
	say_count(&c);
	return FL_OK;
}
