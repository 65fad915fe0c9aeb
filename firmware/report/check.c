/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The checks are rows of the table at the end: what to look at, and why it matters. */
#include "check.h"

#include "dns_explain.h"

#include <stdarg.h>
#include <stdio.h>

#define LINE        200
#define TARGETS_MIN 3
#define TTL_MAX     sec(300)

void check_found(struct check *c, const char *what, ...)
{
	char text[LINE];
	va_list args;

	va_start(args, what);
	vsnprintf(text, sizeof(text), what, args);
	va_end(args);
	sink_printf(c->out, "%2zu  %s\n    why   %s\n", ++c->found, text, c->why);
}

void check_cure(struct check *c, const char *line, ...)
{
	char text[LINE];
	va_list args;

	va_start(args, line);
	vsnprintf(text, sizeof(text), line, args);
	va_end(args);
	sink_printf(c->out, "    cure  %s\n", text);
}

/* ---- what many checks need ---- */

const struct dns_domain_conf *check_domain(const struct explain_world *w, struct str name)
{
	if (name.n && name.at[name.n - 1] == '.')
		name.n--;
	for (size_t i = 0; i < w->dns.ndomains; i++)
		if (str_eq_nocase(w->dns.domains[i].name, name))
			return &w->dns.domains[i];
	return NULL;
}

const struct link_conf *check_link(const struct explain_world *w, int32_t link)
{
	return link >= 0 && (size_t)link < w->forwarding.nlinks ? &w->forwarding.links[link] : NULL;
}

void check_full_name(
	const struct dns_domain_conf *d, const struct dns_host_name *n, struct textbuf *out)
{
	if (!str_is(n->label, "@"))
		textbuf_printf(out, "%.*s.", STR_ARG(n->label));
	textbuf_printf(out, "%.*s", STR_ARG(d->name));
}

/* "3.113.0.203.in-addr.arpa" */
static void reverse_name(const struct ip_addr *a, struct textbuf *out)
{
	for (size_t i = ip_addr_size(a->family); i-- > 0;) {
		if (a->family == 4)
			textbuf_printf(out, "%u.", a->b[i]);
		else
			textbuf_printf(out, "%x.%x.", a->b[i] & 15, a->b[i] >> 4);
	}
	textbuf_printf(out, "%s", a->family == 4 ? "in-addr.arpa" : "ip6.arpa");
}

void check_reverse(const struct explain_world *w, const struct ip_addr *a, struct textbuf *out)
{
	static const struct ip_addr anybody = {0};
	char name[80];
	struct textbuf t = textbuf_of(name, sizeof(name));

	reverse_name(a, &t);
	if (w->image.at)
		(void)dns_explain_short(
			&w->image, &w->published, textbuf_str(&t), STR("PTR"), &anybody, out);
}

/* The address a host is answered with; family 0: none. */
static struct ip_addr address_of(const struct explain_world *w, const struct dns_host_conf *h)
{
	const struct link_conf *l = check_link(w, h->link);
	const struct ip_prefix *own = l ? link_conf_address(l, 4) : NULL;

	if (h->address.family || !own)
		return h->address;
	return own->addr;
}

/* ---- links ---- */

/* Without a cable it comes without a word; without a device nobody knows why. */
static void look_at_interfaces(struct check *c)
{
	const struct explain_world *w = c->world;

	for (size_t i = 0; w->has_interface && i < w->forwarding.nlinks; i++) {
		const struct link_conf *l = &w->forwarding.links[i];

		if (l->disabled || w->has_interface(w->ctx, l->port))
			continue;
		check_found(c, "link %.*s: this machine has no interface %.*s", STR_ARG(l->name),
			STR_ARG(l->port));
		check_cure(c, "set link %.*s interface INTERFACE", STR_ARG(l->name));
	}
	for (size_t i = 0; w->has_interface && i < w->forwarding.nlans; i++) {
		const struct lan_conf *l = &w->forwarding.lans[i];

		if (w->has_interface(w->ctx, l->port))
			continue;
		check_found(c, "lan %.*s: this machine has no interface %.*s", STR_ARG(l->name),
			STR_ARG(l->port));
		check_cure(c, "set lan %.*s interface INTERFACE", STR_ARG(l->name));
	}
}

static const char *const advised[] = {"9.9.9.9", "1.1.1.1", "8.8.8.8", "208.67.222.222"};

static bool has_target(const struct link_conf *l, const char *text)
{
	char addr[IP_TEXT_MAX];

	for (size_t i = 0; i < l->monitor.ntargets; i++)
		if (str_is(str_of(ip_addr_text(&l->monitor.targets[i].addr, addr)), text))
			return true;
	return false;
}

static void cure_targets(struct check *c, const struct link_conf *l, size_t wanted)
{
	for (size_t i = 0; i < COUNT_OF(advised) && wanted > 0; i++)
		if (!has_target(l, advised[i])) {
			check_cure(c, "set link %.*s monitor target %s ping", STR_ARG(l->name),
				advised[i]);
			wanted--;
		}
}

static void look_at_monitors(struct check *c)
{
	for (size_t i = 0; i < c->world->forwarding.nlinks; i++) {
		const struct link_conf *l = &c->world->forwarding.links[i];
		size_t n = l->monitor.ntargets;

		if (l->disabled || n >= TARGETS_MIN)
			continue;
		if (n == 0)
			check_found(c, "link %.*s: nothing is asked over it", STR_ARG(l->name));
		else
			check_found(c, "link %.*s: only %zu of %d targets are asked over it",
				STR_ARG(l->name), n, TARGETS_MIN);
		cure_targets(c, l, TARGETS_MIN - n);
	}
}

static void look_at_single_points(struct check *c)
{
	for (size_t i = 0; i < c->world->forwarding.nlinks; i++) {
		const struct link_conf *l = &c->world->forwarding.links[i];
		const struct link_monitor_conf *m = &l->monitor;
		struct ip_prefix net;
		char text[IP_TEXT_MAX + 4];
		bool apart = m->ntargets < 2;

		if (l->disabled || apart)
			continue;
		net = (struct ip_prefix){
			m->targets[0].addr, m->targets[0].addr.family == 6 ? 48 : 24};
		for (size_t k = 1; k < m->ntargets; k++)
			apart |= !ip_prefix_has(&net, &m->targets[k].addr);
		if (apart)
			continue;
		net = ip_prefix_network(&net);
		check_found(c, "link %.*s: all its targets are in %s", STR_ARG(l->name),
			ip_prefix_text(&net, text));
		cure_targets(c, l, 1);
	}
}

/* ---- rules and policies ---- */

static void look_at_rules(struct check *c)
{
	const struct forwarding_source *s = &c->world->forwarding;

	for (size_t i = 0; i < s->nrules; i++)
		for (size_t k = 0; k < s->nrules; k++) {
			const struct rule_conf *before = &s->rules[k], *r = &s->rules[i];

			if (before->number >= r->number || before->policy < 0 ||
				s->policies[before->policy].when_dead == POLICY_NEXT_RULE ||
				!forwarding_rule_covers(before, r))
				continue;
			check_found(c, "rule %u: all it matches goes to rule %u before it",
				r->number, before->number);
			check_cure(c, "delete rule %u", r->number);
			break;
		}
}

static void look_at_members(struct check *c)
{
	const struct forwarding_source *s = &c->world->forwarding;

	for (size_t i = 0; i < s->npolicies; i++) {
		const struct policy_conf *p = &s->policies[i];

		if (p->nmembers == 0) {
			check_found(c, "policy %.*s: it has no member", STR_ARG(p->name));
			for (size_t k = 0; k < s->nlinks; k++)
				check_cure(c, "set policy %.*s member %.*s", STR_ARG(p->name),
					STR_ARG(s->links[k].name));
		}
		for (size_t k = 0; k < p->nmembers; k++) {
			const struct link_conf *l = check_link(c->world, p->members[k].link);

			if (!l || !l->disabled)
				continue;
			check_found(c, "policy %.*s: its member %.*s is disabled", STR_ARG(p->name),
				STR_ARG(l->name));
			check_cure(c, "delete policy %.*s member %.*s", STR_ARG(p->name),
				STR_ARG(l->name));
		}
	}
}

static bool policy_is_used(const struct explain_world *w, int32_t policy)
{
	for (size_t i = 0; i < w->forwarding.nrules; i++)
		if (w->forwarding.rules[i].policy == policy)
			return true;
	for (size_t i = 0; i < w->dns.ndomains; i++)
		for (size_t k = 0; k < w->dns.domains[i].nbalanced; k++)
			if (w->dns.domains[i].balanced[k].policy == policy)
				return true;
	return false;
}

static void look_at_unused_policies(struct check *c)
{
	for (size_t i = 0; i < c->world->forwarding.npolicies; i++) {
		struct str name = c->world->forwarding.policies[i].name;

		if (policy_is_used(c->world, (int32_t)i))
			continue;
		check_found(c, "policy %.*s: no rule and no balanced host uses it", STR_ARG(name));
		check_cure(c, "delete policy %.*s", STR_ARG(name));
	}
}

/* ---- names ---- */

/* Calls `look` for every host record of every domain. */
static void for_each_host(
	struct check *c, void (*look)(struct check *c, const struct dns_domain_conf *d,
				 const struct dns_host_conf *h))
{
	for (size_t i = 0; i < c->world->dns.ndomains; i++)
		for (size_t k = 0; k < c->world->dns.domains[i].nhosts; k++)
			look(c, &c->world->dns.domains[i], &c->world->dns.domains[i].hosts[k]);
}

/* As it is typed behind "host": "10;mail1". */
static void host_key(const struct dns_host_conf *h, struct textbuf *out)
{
	if (h->name.has_preference)
		textbuf_printf(out, "%u;", h->name.preference);
	textbuf_printf(out, "%.*s", STR_ARG(h->name.label));
}

static void look_at_dead_host(
	struct check *c, const struct dns_domain_conf *d, const struct dns_host_conf *h)
{
	const struct link_conf *l = check_link(c->world, h->link);
	char key[LINE];
	struct textbuf t = textbuf_of(key, sizeof(key));

	if (!l || !l->disabled)
		return;
	host_key(h, &t);
	check_found(c, "host %s of %.*s: its link %.*s is disabled", key, STR_ARG(d->name),
		STR_ARG(l->name));
	check_cure(c, "delete domain %.*s host %s", STR_ARG(d->name), key);
}

static void look_at_dead_hosts(struct check *c)
{
	for_each_host(c, look_at_dead_host);
}

static bool is_forwarded(
	const struct explain_world *w, const struct link_conf *l, const struct ip_addr *a)
{
	const struct forward_conf *f;

	for (size_t i = 0; (f = forwarding_published(&w->forwarding, i)); i++)
		for (size_t k = 0; k < f->non; k++)
			if (check_link(w, f->on[k].link) == l && ip_addr_eq(&f->on[k].address, a))
				return true;
	return false;
}

static bool is_name_server(const struct explain_world *w, const struct ip_addr *a)
{
	for (size_t i = 0; i < w->dns.ndomains; i++)
		for (size_t k = 0; k < w->dns.domains[i].nname_servers; k++)
			if (ip_addr_eq(&w->dns.domains[i].name_servers[k].address, a))
				return true;
	return false;
}

static void look_at_forward_of(
	struct check *c, const struct dns_domain_conf *d, const struct dns_host_conf *h)
{
	const struct link_conf *l = check_link(c->world, h->link);
	struct ip_addr a = address_of(c->world, h);
	char name[LINE], addr[IP_TEXT_MAX];
	struct textbuf t = textbuf_of(name, sizeof(name));

	if (!l || l->disabled || !a.family || is_forwarded(c->world, l, &a) ||
		is_name_server(c->world, &a))
		return;
	check_full_name(d, &h->name, &t);
	check_found(c, "%s: %s is answered, but nothing is forwarded from it", name,
		ip_addr_text(&a, addr));
	check_cure(c, "set forward %.*s to SERVER", STR_ARG(h->name.label));
	check_cure(c, "set forward %.*s protocol tcp", STR_ARG(h->name.label));
	check_cure(c, "set forward %.*s port %u", STR_ARG(h->name.label), h->mail_entry ? 25 : 443);
	check_cure(
		c, "set forward %.*s on %.*s %s", STR_ARG(h->name.label), STR_ARG(l->name), addr);
}

static void look_at_published(struct check *c)
{
	for_each_host(c, look_at_forward_of);
}

static bool has_name(const struct explain_world *w, const struct ip_addr *a)
{
	for (size_t i = 0; i < w->dns.ndomains; i++)
		for (size_t k = 0; k < w->dns.domains[i].nhosts; k++) {
			struct ip_addr host = address_of(w, &w->dns.domains[i].hosts[k]);

			if (ip_addr_eq(&host, a))
				return true;
		}
	return false;
}

static void look_at_forward_on(
	struct check *c, const struct forward_conf *f, const struct forward_on *on)
{
	const struct link_conf *l = check_link(c->world, on->link);
	struct str domain = c->world->dns.ndomains ? c->world->dns.domains[0].name : STR("DOMAIN");
	char addr[IP_TEXT_MAX];

	if (!l || l->disabled || has_name(c->world, &on->address))
		return;
	check_found(c, "%s %.*s: %s on %.*s has no name",
		f->protocol == RULE_ANY_PROTOCOL ? "nat" : "forward", STR_ARG(f->name),
		ip_addr_text(&on->address, addr), STR_ARG(l->name));
	check_cure(c, "set domain %.*s host %.*s-%.*s address %s", STR_ARG(domain),
		STR_ARG(f->name), STR_ARG(l->name), addr);
	check_cure(c, "set domain %.*s host %.*s-%.*s link %.*s", STR_ARG(domain), STR_ARG(f->name),
		STR_ARG(l->name), STR_ARG(l->name));
}

static void look_at_forwards(struct check *c)
{
	const struct forwarding_source *s = &c->world->forwarding;
	const struct forward_conf *f;

	if (!s->nlinks || !c->world->dns.ndomains)
		return;
	for (size_t i = 0; (f = forwarding_published(s, i)); i++)
		for (size_t k = 0; k < f->non; k++)
			look_at_forward_on(c, f, &f->on[k]);
}

/* An enabled link with an address that is not `other`. */
static const struct link_conf *another_link(const struct explain_world *w, int32_t other)
{
	for (size_t i = 0; i < w->forwarding.nlinks; i++)
		if ((int32_t)i != other && !w->forwarding.links[i].disabled &&
			link_conf_address(&w->forwarding.links[i], 4))
			return &w->forwarding.links[i];
	return NULL;
}

static void look_at_name_servers(struct check *c)
{
	for (size_t i = 0; i < c->world->dns.ndomains; i++) {
		const struct dns_domain_conf *d = &c->world->dns.domains[i];
		const struct link_conf *l, *other;
		char addr[IP_TEXT_MAX];
		bool apart = d->nname_servers == 0;

		for (size_t k = 0; k < d->nname_servers; k++)
			apart |= !check_link(c->world, d->name_servers[k].link) ||
				 d->name_servers[k].link != d->name_servers[0].link;
		if (apart)
			continue;
		l = check_link(c->world, d->name_servers[0].link);
		other = another_link(c->world, d->name_servers[0].link);
		check_found(c, "domain %.*s: all its name servers are on %.*s", STR_ARG(d->name),
			STR_ARG(l->name));
		if (!other)
			continue;
		check_cure(c, "set domain %.*s name-server ns-%.*s address %s", STR_ARG(d->name),
			STR_ARG(other->name),
			ip_addr_text(&link_conf_address(other, 4)->addr, addr));
		check_cure(c, "set domain %.*s name-server ns-%.*s link %.*s", STR_ARG(d->name),
			STR_ARG(other->name), STR_ARG(other->name));
	}
}

static void look_at_ttl_of(
	struct check *c, const struct dns_domain_conf *d, const struct dns_host_conf *h)
{
	char key[LINE];
	struct textbuf t = textbuf_of(key, sizeof(key));

	if (!check_link(c->world, h->link) || h->ttl.us <= TTL_MAX.us)
		return;
	host_key(h, &t);
	check_found(c, "host %s of %.*s: it may be cached for %lld s", key, STR_ARG(d->name),
		(long long)h->ttl.us / 1000000);
	check_cure(c, "set domain %.*s host %s ttl 30s", STR_ARG(d->name), key);
}

static void look_at_ttls(struct check *c)
{
	for (size_t i = 0; i < c->world->dns.ndomains; i++) {
		const struct dns_domain_conf *d = &c->world->dns.domains[i];

		if (d->ttl.us <= TTL_MAX.us)
			continue;
		check_found(c, "domain %.*s: its records may be cached for %lld s",
			STR_ARG(d->name), (long long)d->ttl.us / 1000000);
		check_cure(c, "set domain %.*s ttl 30s", STR_ARG(d->name));
	}
	for_each_host(c, look_at_ttl_of);
}

/* ---- mail ---- */

static void look_at_reverse_of(
	struct check *c, const struct dns_domain_conf *d, const struct dns_host_conf *h)
{
	struct ip_addr a = address_of(c->world, h);
	const struct link_conf *l = check_link(c->world, h->link);
	const struct ip_prefix *own = l ? link_conf_address(l, a.family) : NULL;
	char names[LINE], full[LINE], addr[IP_TEXT_MAX + 4];
	struct textbuf n = textbuf_of(names, sizeof(names)), t = textbuf_of(full, sizeof(full));
	struct ip_prefix net;

	if (!h->mail_entry || !l || !a.family)
		return;
	check_reverse(c->world, &a, &n);
	if (n.n)
		return;
	check_full_name(d, &h->name, &t);
	check_found(
		c, "%s: no zone here leads from %s back to its name", full, ip_addr_text(&a, addr));
	if (!own || !ip_prefix_has(own, &a))
		return;
	net = ip_prefix_network(own);
	check_cure(c, "set reverse %s auto", ip_prefix_text(&net, addr));
}

static void look_at_reverses(struct check *c)
{
	for_each_host(c, look_at_reverse_of);
}

static void look_at_exchanges(struct check *c)
{
	for (size_t i = 0; i < c->world->dns.ndomains; i++) {
		const struct dns_domain_conf *d = &c->world->dns.domains[i];
		const struct dns_host_conf *first = NULL;
		const struct link_conf *other;
		bool apart = false;

		for (size_t k = 0; k < d->nhosts; k++) {
			if (!d->hosts[k].mail_entry)
				continue;
			if (!first)
				first = &d->hosts[k];
			apart |= !check_link(c->world, d->hosts[k].link) ||
				 d->hosts[k].link != first->link;
		}
		other = first ? another_link(c->world, first->link) : NULL;
		if (!first || apart || !other)
			continue;
		check_found(c, "domain %.*s: all its mail exchangers are on %.*s", STR_ARG(d->name),
			STR_ARG(check_link(c->world, first->link)->name));
		check_cure(c, "set domain %.*s host 20;mail-%.*s address ADDRESS", STR_ARG(d->name),
			STR_ARG(other->name));
		check_cure(c, "set domain %.*s host 20;mail-%.*s link %.*s", STR_ARG(d->name),
			STR_ARG(other->name), STR_ARG(other->name));
		check_cure(c, "set domain %.*s host 20;mail-%.*s mail-entry yes", STR_ARG(d->name),
			STR_ARG(other->name));
	}
}

/* ---- all of them ---- */

static const struct {
	void (*look)(struct check *c);
	const char *why;
} checks[] = {
	{look_at_interfaces, "it carries nothing until the interface comes"},
	{look_at_monitors, "the trouble of one target looks like the trouble of the link"},
	{look_at_single_points, "when that network is unreachable, the link is taken for dead"},
	{look_at_rules, "it is never used; somebody will change it and wonder"},
	{look_at_members, "it never carries anything"},
	{look_at_unused_policies, "it decides nothing; somebody will change it and wonder"},
	{look_at_dead_hosts, "it is never answered"},
	{look_at_published, "whoever is sent there reaches the router, which drops it"},
	{look_at_forwards, "nobody is told of it, and no link's death takes it out of answers"},
	{look_at_name_servers, "when that link dies nobody can ask for any name of the domain"},
	{look_at_ttls, "for so long after a link's death people are sent to it"},
	{look_at_reverses, "many mail servers refuse mail from such an address"},
	{look_at_exchanges, "when that link dies no mail comes in"},
};

size_t check_settings(const struct explain_world *w, const struct sink *out)
{
	struct check c = {.world = w, .out = out};

	explain_heading(w, out);
	for (size_t i = 0; i < COUNT_OF(checks); i++) {
		c.why = checks[i].why;
		checks[i].look(&c);
	}
	if (c.found)
		sink_printf(out, "%zu finding%s in %zu checks\n", c.found, c.found == 1 ? "" : "s",
			COUNT_OF(checks));
	else
		sink_printf(out, "%zu checks, nothing to mend\n", COUNT_OF(checks));
	return c.found;
}
