/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "companion_settings.h"
#include "lease.h"

void config_init(struct config *c, const struct setting *schema, const struct arena_source *memory)
{
	*c = (struct config){0};
	arena_init(&c->mem, memory);
	arena_init(&c->zones_mem, memory);
	settings_init(&c->tree, schema, &c->mem);
}

void config_free(struct config *c)
{
	config_drop_zones(c);
	arena_reset(&c->mem);
}

void config_drop_zones(struct config *c)
{
	c->zones = NULL;
	arena_reset(&c->zones_mem);
}

struct dns_source config_dns_source(const struct config *c, uint32_t serial)
{
	return (struct dns_source){
		.domains = c->v.domains,
		.ndomains = c->v.ndomains,
		.reverses = c->v.reverses,
		.nreverses = c->v.nreverses,
		.links = c->v.links,
		.nlinks = c->v.nlinks,
		.policies = c->v.policies,
		.npolicies = c->v.npolicies,
		.keys = c->v.keys,
		.nkeys = c->v.nkeys,
		.views = c->v.views,
		.nviews = c->v.nviews,
		.conf = &c->v.dns,
		.serial = serial,
	};
}

struct forwarding_source config_forwarding_source(const struct config *c)
{
	return (struct forwarding_source){
		.links = c->v.links,
		.nlinks = c->v.nlinks,
		.lans = c->v.lans,
		.nlans = c->v.nlans,
		.policies = c->v.policies,
		.npolicies = c->v.npolicies,
		.conf = c->v.forwarding,
		.sets = c->v.sets,
		.nsets = c->v.nsets,
		.rules = c->v.rules,
		.nrules = c->v.nrules,
		.forwards = c->v.forwards,
		.nforwards = c->v.nforwards,
		.nats = c->v.nats,
		.nnats = c->v.nnats,
	};
}

uint32_t config_mark_bits(const struct config *c)
{
	return forwarding_mark_bits(&c->v.forwarding);
}

bool config_lan_has(const struct config *c, const struct ip_addr *a)
{
	for (size_t i = 0; i < c->v.nlans; i++)
		for (size_t k = 0; k < c->v.lans[i].naddresses; k++)
			if (ip_prefix_has(&c->v.lans[i].addresses[k].prefix, a))
				return true;
	return false;
}

/* Numbers while a configuration is only looked at. */
static void number_in_order(struct config *c)
{
	for (size_t i = 0; i < c->v.nlinks && i < FL_LINKS_MAX; i++)
		c->v.links[i].number = (uint8_t)(i + 1);
}

/* What follows from what was typed: the devices, and room for leases. */
static enum fl_err complete_links(struct config *c)
{
	enum fl_err err = FL_OK;

	for (size_t i = 0; !err && i < c->v.nlinks; i++) {
		err = link_conf_device(&c->v.links[i], &c->mem);
		if (!err && link_conf_is_leased(&c->v.links[i]))
			err = lease_make_room(&c->v.links[i], &c->mem);
	}
	for (size_t i = 0; !err && i < c->v.nlans; i++) {
		struct lan_conf *l = &c->v.lans[i];

		l->port = l->interface;
		if (l->vlan)
			err = link_vlan_device(l->port, l->vlan, &c->mem, &l->interface);
	}
	return err;
}

/* The responder of our own domains and the name service of a LAN cannot have one address. */
static void check_dns_addresses(const struct config *c, struct diags *why)
{
	char text[IP_TEXT_MAX];

	for (size_t i = 0; i < c->v.dns.nlisten; i++) {
		const struct dns_listen_conf *at = &c->v.dns.listen[i];

		for (size_t l = 0; l < c->v.nlans && at->port == 53; l++)
			for (size_t a = 0; c->v.lans[l].dns && a < c->v.lans[l].naddresses; a++)
				if (ip_addr_eq(
					    &c->v.lans[l].addresses[a].prefix.addr, &at->address))
					diag_error(why, &at->origin, NULL,
						"use another port or address, or delete it: who "
						"asks the LAN's server gets our domains, too",
						"the dns-server of lan %.*s has port 53 of %s",
						STR_ARG(c->v.lans[l].name),
						ip_addr_text(&at->address, text));
	}
}

static bool is_loopback(const struct ip_addr *a)
{
	static const struct ip_addr v6 = {.family = 6, .b = {[15] = 1}};

	return (a->family == 4 && a->b[0] == 127) || ip_addr_eq(a, &v6);
}

/* Who may see the page is not asked, so it is there for the LANs alone. */
static void check_web_addresses(const struct config *c, struct diags *why)
{
	char text[IP_TEXT_MAX];

	for (size_t i = 0; i < c->v.report.nwebs; i++) {
		const struct report_web_conf *at = &c->v.report.webs[i];
		bool found = is_loopback(&at->address);

		for (size_t l = 0; l < c->v.nlans; l++)
			for (size_t a = 0; a < c->v.lans[l].naddresses; a++)
				found |= ip_addr_eq(
					&c->v.lans[l].addresses[a].prefix.addr, &at->address);
		if (!found)
			diag_error(why, &at->origin, NULL,
				"use an address of a LAN: \"show configuration lan\" has them",
				"%s is no address of the router in a LAN",
				ip_addr_text(&at->address, text));
	}
}

/* Were mistakes told of this row of the schema, or of none in particular? */
static bool has_mistakes(const struct diags *why, struct str row)
{
	for (const struct diag *d = why->first; d; d = d->next) {
		struct str where = d->where;

		if (!d->warning && (where.n == 0 || str_eq(str_cut(&where, ' '), row)))
			return true;
	}
	return false;
}

static bool are_whole(const struct config *c, const struct diags *why, const char *const *rows)
{
	for (; *rows; rows++)
		if (has_mistakes(why, str_of(*rows)) || !settings_is_whole(&c->tree, str_of(*rows)))
			return false;
	return true;
}

/* Rows of the schema that something is checked with as a whole, beside its own. */
static const char *const for_all[] = {"link", "policy", NULL};
static const char *const for_forwarding[] = {"lan", NULL};
static const char *const for_rules[] = {"forwarding", "address-set", "rule", NULL};
static const char *const for_companions[] = {"sentinel", NULL};
static const char *const for_dns[] = {"domain", "reverse", "tsig-key", "view", "dns", NULL};

/* What can be checked although there are mistakes.  What is half filled is not worth checking as a
 * whole: one mistake would be told in many words.  But those of one module are told in one round
 * with those of another that does not need it. */
struct checkable {
	bool links, forwarding, rules, dns, companions;
};

static struct checkable what_is_whole(const struct config *c, const struct diags *why)
{
	bool links = are_whole(c, why, for_all);
	bool forwarding = links && are_whole(c, why, for_forwarding);

	return (struct checkable){
		.links = links,
		.forwarding = forwarding,
		.rules = forwarding && are_whole(c, why, for_rules),
		.dns = links && are_whole(c, why, for_dns),
		.companions = forwarding && are_whole(c, why, for_companions),
	};
}

static void check_links(const struct config *c, struct diags *why)
{
	if (c->v.nlinks > FL_LINKS_MAX)
		diag_error(why, &c->v.links[FL_LINKS_MAX].origin, NULL,
			"remove links that are not used", "there are %zu links; at most %d fit",
			c->v.nlinks, FL_LINKS_MAX);
	policies_check(c->v.policies, c->v.npolicies, c->v.links, c->v.nlinks, why);
}

static void check_forwarding(const struct config *c, bool rules, struct diags *why)
{
	struct forwarding_source forwarding = config_forwarding_source(c);

	if (!rules)
		forwarding.nrules = 0;
	forwarding_check(&forwarding, why);
}

static enum fl_err gather_zones(struct config *c, struct diags *why)
{
	struct dns_source source = config_dns_source(c, 0);
	enum fl_err err;

	config_drop_zones(c);
	err = dns_zones_gather(&source, &c->zones_mem, why, &c->zones);
	if (err)
		config_drop_zones(c);
	return err;
}

/* Records need nothing but their texts. */
static void check_records(const struct config *c, struct diags *why)
{
	struct dns_source dns = config_dns_source(c, 0);
	struct arena scratch;

	arena_init(&scratch, c->mem.source);
	dns_records_check(&dns, &scratch, why);
	arena_reset(&scratch);
}

enum fl_err config_bind(struct config *c, const struct config_links *links, struct diags *why)
{
	enum fl_err err = settings_bind(&c->tree, &c->mem, &c->v, why);
	struct checkable is = what_is_whole(c, why);

	if (err == FL_EFULL)
		return err;
	if (is.links)
		check_links(c, why);
	if (is.links && complete_links(c))
		return FL_EFULL;
	if (is.dns && is.forwarding)
		check_dns_addresses(c, why);
	if (is.forwarding && !has_mistakes(why, STR("report")))
		check_web_addresses(c, why);
	if (is.companions)
		companions_check(&c->v, why);
	if (!are_whole(c, why, for_all)) /* there are too many */
		is = (struct checkable){.links = false};
	if (is.links)
		number_in_order(c);
	if (is.forwarding)
		check_forwarding(c, is.rules, why);
	if (is.links && links)
		links->fill(links->ctx, c);
	if (is.dns)
		err = gather_zones(c, why) == FL_EFULL ? FL_EFULL : err;
	else
		check_records(c, why);
	if (err == FL_EFULL)
		return err;
	return err || why->errors ? FL_EFORMAT : FL_OK;
}
