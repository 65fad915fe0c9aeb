/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "companion.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- statements ---- */

typedef enum fl_err edit_tree(struct settings *tree, struct str statement, struct diags *why);

/* What is deleted need not be there, and what is set was good where it comes from: the one thing
 * that can fail is memory, and the arena tells that in the end. */
static void say(struct settings *tree, edit_tree *edit, const char *format, va_list words)
{
	struct diags ignored;
	va_list again;
	char *statement;
	int n;

	va_copy(again, words);
	n = vsnprintf(NULL, 0, format, again);
	va_end(again);
	statement = n > 0 ? arena_alloc(tree->mem, (size_t)n + 1) : NULL;
	if (!statement)
		return;
	(void)vsnprintf(statement, (size_t)n + 1, format, words);
	diags_init(&ignored, tree->mem);
	(void)edit(tree, (struct str){statement, (size_t)n}, &ignored);
}

static void drop(struct settings *tree, const char *format, ...) PRINTF_LIKE(2, 3);
static void drop(struct settings *tree, const char *format, ...)
{
	va_list words;

	va_start(words, format);
	say(tree, settings_delete, format, words);
	va_end(words);
}

static void set(struct settings *tree, const char *format, ...) PRINTF_LIKE(2, 3);
static void set(struct settings *tree, const char *format, ...)
{
	va_list words;

	va_start(words, format);
	say(tree, settings_set, format, words);
	va_end(words);
}

static void drop_all(struct settings *tree, const char *const *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		drop(tree, "%s", rows[i]);
}

static void drop_of_links(
	struct settings *tree, const struct config_values *v, const char *const *rows, size_t n)
{
	for (size_t l = 0; l < v->nlinks; l++)
		for (size_t i = 0; i < n; i++)
			drop(tree, "link %.*s %s", STR_ARG(v->links[l].name), rows[i]);
}

/* ---- what stays ---- */

static bool is_used(const struct config_values *v, size_t policy)
{
	for (size_t d = 0; d < v->ndomains; d++)
		for (size_t b = 0; b < v->domains[d].nbalanced; b++)
			if (v->domains[d].balanced[b].policy == (int32_t)policy)
				return true;
	return false;
}

void companion_leave_out(struct settings *tree, const struct config_values *v)
{
	static const char *const rows[] = {"lan", "rule", "forward", "nat", "forwarding",
		"address-set", "user", "tsig-key", "sentinel", "system console-idle", "dns listen",
		"dns threads"};
	static const char *const of_links[] = {"dhcp", "pppoe", "mtu", "resolver", "fail-back",
		"drain-time", "metered", "monitor service-check", "monitor service-interval",
		"monitor on-service-fail"};
	char prefix[IP_TEXT_MAX + 4];

	drop_all(tree, rows, COUNT_OF(rows));
	drop_of_links(tree, v, of_links, COUNT_OF(of_links));
	for (size_t i = 0; i < v->npolicies; i++)
		if (!is_used(v, i))
			drop(tree, "policy %.*s", STR_ARG(v->policies[i].name));
	for (size_t i = 0; i < v->ndomains; i++)
		drop(tree, "domain %.*s transfer", STR_ARG(v->domains[i].name));
	for (size_t i = 0; i < v->nreverses; i++)
		drop(tree, "reverse %s transfer", ip_prefix_text(&v->reverses[i].prefix, prefix));
}

void companion_keep_answers(struct settings *tree, const struct config_values *v)
{
	static const char *const rows[] = {"system", "dns server-id"};
	static const char *const of_links[] = {
		"interface", "vlan", "address", "gateway", "monitor"};

	drop_all(tree, rows, COUNT_OF(rows));
	drop_of_links(tree, v, of_links, COUNT_OF(of_links));
}

void companion_keep_watching(struct settings *tree, const struct config_values *v)
{
	static const char *const rows[] = {"policy", "domain", "reverse", "view", "dns"};
	static const char *const of_links[] = {"bandwidth", "weight", "role", "disabled"};

	drop_all(tree, rows, COUNT_OF(rows));
	drop_of_links(tree, v, of_links, COUNT_OF(of_links));
}

/* ---- what a sentinel has of its own ---- */

static void note(const struct sink *out, const char *what, struct str name, const char *which)
{
	if (out)
		sink_printf(out, "# %s %.*s: %s\n", what, STR_ARG(name), which);
}

static const struct companion_leg_conf *leg_of(const struct companion_conf *c, size_t link)
{
	for (size_t i = 0; i < c->nlegs; i++)
		if (c->legs[i].link == (int32_t)link)
			return &c->legs[i];
	return NULL;
}

static void set_gateways(struct settings *tree, const struct link_conf *link,
	const struct companion_leg_conf *leg, const struct sink *out)
{
	char text[IP_TEXT_MAX];
	bool any = false;

	for (size_t i = 0; i < leg->ngateways; i++)
		set(tree, "link %.*s gateway %s", STR_ARG(link->name),
			ip_addr_text(&leg->gateways[i].addr, text));
	for (size_t i = 0; !leg->ngateways && i < leg->naddresses; i++) {
		const struct ip_addr *g =
			link_conf_gateway(link, leg->addresses[i].prefix.addr.family);

		if (g)
			set(tree, "link %.*s gateway %s", STR_ARG(link->name),
				ip_addr_text(g, text));
		any |= g != NULL;
	}
	if (!leg->ngateways && !any)
		note(out, "link", link->name, "no gateway is known; add one to its leg");
}

static void set_leg(struct settings *tree, const struct companion_conf *c,
	const struct link_conf *link, const struct companion_leg_conf *leg, const struct sink *out)
{
	char text[IP_TEXT_MAX + 4];

	if (leg->vlan)
		set(tree, "link %.*s vlan %u", STR_ARG(link->name), (unsigned)leg->vlan);
	for (size_t i = 0; i < leg->naddresses; i++)
		set(tree, "link %.*s address %s", STR_ARG(link->name),
			ip_prefix_text(&leg->addresses[i].prefix, text));
	set_gateways(tree, link, leg, out);
	set(tree, "link %.*s interface %.*s", STR_ARG(link->name), STR_ARG(c->port));
}

/* A link without a leg stays, for the hosts on it; whether it works cannot be seen. */
static void set_links(struct settings *tree, const struct config_values *v,
	const struct companion_conf *c, const struct sink *out)
{
	static const char *const routers[] = {"interface", "vlan", "address", "gateway"};

	drop_of_links(tree, v, routers, COUNT_OF(routers));
	for (size_t i = 0; i < v->nlinks; i++) {
		const struct link_conf *link = &v->links[i];
		const struct companion_leg_conf *leg = leg_of(c, i);

		if (leg) {
			set_leg(tree, c, link, leg, out);
			continue;
		}
		set(tree, "link %.*s interface none", STR_ARG(link->name));
		set(tree, "link %.*s disabled", STR_ARG(link->name));
		if (!link->disabled)
			note(out, "link", link->name,
				"there is no leg in it, so that it counts as down");
	}
}

/* `own` is the router's address, which the sentinel's is not. */
static void set_own_addresses(
	struct settings *tree, const struct config_values *v, const struct sink *out)
{
	for (size_t d = 0; d < v->ndomains; d++) {
		const struct dns_domain_conf *domain = &v->domains[d];

		for (size_t i = 0; i < domain->nhosts; i++) {
			const struct dns_host_conf *h = &domain->hosts[i];
			const struct link_conf *link = h->link < 0 ? NULL : &v->links[h->link];
			const struct ip_prefix *v4 = link ? link_conf_address(link, 4) : NULL;
			const struct ip_prefix *v6 = link ? link_conf_address(link, 6) : NULL;
			char text[IP_TEXT_MAX], preference[8] = "";

			if (h->address.family || (!v4 && !v6))
				continue;
			if (h->name.has_preference)
				(void)snprintf(preference, sizeof(preference), "%u;",
					(unsigned)h->name.preference);
			set(tree, "domain %.*s host %s%.*s address %s", STR_ARG(domain->name),
				preference, STR_ARG(h->name.label),
				ip_addr_text(v4 ? &v4->addr : &v6->addr, text));
			note(out, "host", h->name.label,
				v4 && v6 ? "`own` is written out, without its IPv6 address"
					 : "`own` is written out, as it is now");
		}
	}
}

static void note_figures(const struct config_values *v, const struct sink *out)
{
	for (size_t i = 0; i < v->npolicies; i++)
		if (is_used(v, i) &&
			policy_follows_figures((enum policy_method)v->policies[i].method))
			note(out, "policy", v->policies[i].name,
				"it follows load or delay, which are not the sentinel's to see");
}

enum fl_err companion_settings_of(const struct config *router, const struct companion_conf *c,
	struct arena *mem, struct settings *tree, const struct sink *out)
{
	const struct config_values *v = &router->v;
	enum fl_err err = settings_copy(&router->tree, mem, tree);

	if (err)
		return err;
	companion_leave_out(tree, v);
	set_links(tree, v, c, out);
	set_own_addresses(tree, v, out);
	note_figures(v, out);
	set(tree, "system host-name %.*s", STR_ARG(c->name));
	if (v->dns.server_id.n)
		set(tree, "dns server-id %.*s", STR_ARG(c->name));
	return mem->full ? FL_EFULL : FL_OK;
}
