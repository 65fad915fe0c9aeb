/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mistakes that only show when the whole is seen. */
#include "forwarding_internal.h"
#include "server.h"

static const struct link_conf *link_at(const struct forwarding_source *s, int32_t i)
{
	return i >= 0 && (size_t)i < s->nlinks ? &s->links[i] : NULL;
}

/* ---- links ---- */

/* What comes in by a device is of its link: replies leave by it, and it tells whether users are
 * heard.  So two links cannot be told from each other on one device.  What was typed later is
 * wrong: the links come in the order of their names. */
static void check_link(const struct forwarding_source *s, size_t which, struct diags *why)
{
	for (size_t i = 0; i < which; i++) {
		const struct link_conf *first = &s->links[i], *then = &s->links[which];

		if (first->disabled || then->disabled || !str_eq(first->interface, then->interface))
			continue;
		if (first->origin.line > then->origin.line) {
			first = then;
			then = &s->links[i];
		}
		diag_error(why, &then->origin, "interface",
			"give it an interface of its own, or a \"vlan\" of this one",
			"%.*s is the interface of link %.*s: what comes in could not be told apart",
			STR_ARG(then->interface), STR_ARG(first->name));
	}
}

/* ---- LANs ---- */

static void check_lan_network(const struct forwarding_source *s, size_t which,
	const struct lan_address *a, struct diags *why)
{
	char text[IP_TEXT_MAX + 4];

	for (size_t i = 0; i < s->nlinks; i++)
		for (size_t j = 0; j < s->links[i].naddresses; j++)
			if (ip_prefix_overlaps(&s->links[i].addresses[j].prefix, &a->prefix))
				diag_error(why, &a->origin, NULL,
					"give the LAN a network of its own",
					"the network of %s overlaps that of link %.*s: answers "
					"would not find the way back",
					ip_prefix_text(&a->prefix, text),
					STR_ARG(s->links[i].name));
	for (size_t i = 0; i < which; i++)
		for (size_t j = 0; j < s->lans[i].naddresses; j++)
			if (ip_prefix_overlaps(&s->lans[i].addresses[j].prefix, &a->prefix))
				diag_error(why, &a->origin, NULL,
					"give each LAN a network of its own",
					"the network of %s overlaps that of lan %.*s",
					ip_prefix_text(&a->prefix, text), STR_ARG(s->lans[i].name));
}

static void check_delegated(const struct forwarding_source *s, size_t which,
	const struct lan_delegated *d, struct diags *why)
{
	const struct link_conf *l = link_at(s, d->link);

	if (l && !l->prefix.addr.family && !link_conf_is_leased(l))
		diag_error(why, &d->origin, NULL, "type the link's \"prefix\"",
			"nothing is delegated to link %.*s, whose addresses are typed",
			STR_ARG(l->name));
	for (size_t i = 0; i < which; i++)
		for (size_t k = 0; k < s->lans[i].ndelegated; k++)
			if (s->lans[i].delegated[k].link == d->link &&
				s->lans[i].delegated[k].subnet == d->subnet)
				diag_error(why, &d->origin, NULL,
					"put another number behind the link's name",
					"lan %.*s has network %u of that prefix already",
					STR_ARG(s->lans[i].name), d->subnet);
}

static void check_lan(const struct forwarding_source *s, size_t which, struct diags *why)
{
	const struct lan_conf *l = &s->lans[which];

	for (size_t i = 0; i < s->nlinks; i++)
		if (str_eq(s->links[i].interface, l->interface))
			diag_error(why, &l->origin, "interface", "use another interface",
				"%.*s is the interface of link %.*s", STR_ARG(l->interface),
				STR_ARG(s->links[i].name));
	for (size_t i = 0; i < which; i++)
		if (str_eq(s->lans[i].interface, l->interface))
			diag_error(why, &l->origin, "interface",
				"give that lan a second \"address\" instead",
				"%.*s is the interface of lan %.*s", STR_ARG(l->interface),
				STR_ARG(s->lans[i].name));
	for (size_t i = 0; i < l->ndelegated; i++)
		check_delegated(s, which, &l->delegated[i], why);
	for (size_t i = 0; i < l->naddresses; i++) {
		if (ip_addr_is_special(&l->addresses[i].prefix.addr))
			diag_error(why, &l->addresses[i].origin, NULL,
				"use an address such as 192.168.1.1/24",
				"no router can have this address");
		else
			check_lan_network(s, which, &l->addresses[i], why);
	}
}

/* ---- forwards ---- */

static bool is_inside(const struct forwarding_source *s, const struct ip_addr *a)
{
	for (size_t i = 0; i < s->nlans; i++)
		for (size_t j = 0; j < s->lans[i].naddresses; j++)
			if (ip_prefix_has(&s->lans[i].addresses[j].prefix, a))
				return true;
	return false;
}

static bool ports_meet(const struct rule_port *a, const struct rule_port *b)
{
	return a->first <= b->last && b->first <= a->last;
}

static void published_twice(
	const struct forward_conf *first, const struct forward_on *on, struct diags *why)
{
	char text[IP_TEXT_MAX];

	if (first->protocol == RULE_ANY_PROTOCOL)
		diag_error(why, &on->origin, NULL, "publish another address",
			"nat %.*s has %s already", STR_ARG(first->name),
			ip_addr_text(&on->address, text));
	else
		diag_error(why, &on->origin, NULL, "publish another address or another port",
			"forward %.*s has this port of %s already", STR_ARG(first->name),
			ip_addr_text(&on->address, text));
}

/* That mistake was told. */
static bool lacks_its_port(const struct forward_conf *f)
{
	return f->protocol != RULE_ANY_PROTOCOL && !f->port.first;
}

/* Has an earlier one the same address, protocol and port?  A forward takes its port out of a whole
 * address. */
static void check_published_once(const struct forwarding_source *s, size_t which,
	const struct forward_on *on, struct diags *why)
{
	const struct forward_conf *f = forwarding_published(s, which);

	for (size_t i = 0; i < which && !lacks_its_port(f); i++) {
		const struct forward_conf *g = forwarding_published(s, i);

		if (g->protocol != f->protocol || !ports_meet(&g->port, &f->port))
			continue;
		for (size_t j = 0; j < g->non; j++)
			if (ip_addr_eq(&g->on[j].address, &on->address))
				published_twice(g, on, why);
	}
}

/* The address that the router itself is reached at, by probes and by questions, cannot be somebody
 * else's; and connections of a host can leave by a link with one address only. */
static void check_nat_on(const struct forwarding_source *s, const struct forward_conf *nat,
	const struct forward_on *on, struct diags *why)
{
	const struct link_conf *l = link_at(s, on->link);
	const struct ip_prefix *own = l ? link_conf_address(l, on->address.family) : NULL;

	if (own && ip_addr_eq(&own->addr, &on->address))
		diag_error(why, &on->origin, NULL,
			"use another address of that link, or \"forward\" single ports of this one",
			"this is the router's own address on link %.*s", STR_ARG(l->name));
	for (const struct forward_conf *g = s->nats; nat->nto && g <= nat; g++)
		for (const struct forward_on *o = g->on; o < g->on + g->non && o != on; o++)
			if (o->link == on->link && l && forward_has_server(g, &nat->to[0].addr))
				diag_error(why, &on->origin, NULL, "give it one address a link",
					"the host has an address on link %.*s already",
					STR_ARG(l->name));
}

static void check_on(const struct forwarding_source *s, size_t which, const struct forward_on *on,
	struct diags *why)
{
	const struct link_conf *l = link_at(s, on->link);
	char text[IP_TEXT_MAX];

	if (l && !link_owns_address(l, &on->address) && !forward_needs_address(l, &on->address))
		diag_error(why, &on->origin, NULL, "use an address of a network of that link",
			"%s is not in a network of link %.*s", ip_addr_text(&on->address, text),
			STR_ARG(l->name));
	check_published_once(s, which, on, why);
}

/* A gateway is somebody else's address. */
static void check_not_gateway(
	const struct forwarding_source *s, const struct forward_on *on, struct diags *why)
{
	const struct link_conf *l = link_at(s, on->link);
	const struct ip_addr *gateway = l ? link_conf_gateway(l, on->address.family) : NULL;

	if (gateway && ip_addr_eq(gateway, &on->address))
		diag_error(why, &on->origin, NULL, "use an address the provider gave you",
			"this is the gateway of link %.*s", STR_ARG(l->name));
}

static void check_forward(const struct forwarding_source *s, size_t which, struct diags *why)
{
	const struct forward_conf *f = forwarding_published(s, which);

	for (size_t i = 0; i < f->nto; i++)
		if (!is_inside(s, &f->to[i].addr))
			diag_error(why, &f->to[i].origin, NULL,
				"use the address of a server in a LAN", "it is in no LAN");
	for (size_t i = 0; i < f->non; i++) {
		check_on(s, which, &f->on[i], why);
		check_not_gateway(s, &f->on[i], why);
		if (f->protocol == RULE_ANY_PROTOCOL)
			check_nat_on(s, f, &f->on[i], why);
	}
}

/* ---- rules ---- */

bool forwarding_rule_covers(const struct rule_conf *a, const struct rule_conf *b)
{
	if ((a->protocol && a->protocol != b->protocol) || (a->from && a->from != b->from))
		return false;
	if ((a->dscp && a->dscp != b->dscp) || (a->lan >= 0 && a->lan != b->lan) ||
		(a->source_set >= 0 && a->source_set != b->source_set) ||
		(a->destination_set >= 0 && a->destination_set != b->destination_set) ||
		a->ndomains)
		return false;
	if (a->port.first &&
		(!b->port.first || b->port.first < a->port.first || b->port.last > a->port.last))
		return false;
	if (a->source.addr.family &&
		(a->source.bits > b->source.bits || !ip_prefix_has(&a->source, &b->source.addr)))
		return false;
	return !a->destination.addr.family ||
	       (a->destination.bits <= b->destination.bits &&
		       ip_prefix_has(&a->destination, &b->destination.addr));
}

static void check_rule_is_reached(
	const struct forwarding_source *s, const struct rule_conf *r, struct diags *why)
{
	for (size_t i = 0; i < s->nrules; i++) {
		const struct rule_conf *before = &s->rules[i];
		bool ends = before->policy >= 0 && (size_t)before->policy < s->npolicies &&
			    s->policies[before->policy].when_dead != POLICY_NEXT_RULE;

		if (before->number < r->number && ends && forwarding_rule_covers(before, r)) {
			diag_warning(why, &r->origin, NULL, "give it a lower number, or delete it",
				"rule %u matches first: this one is never used", before->number);
			return;
		}
	}
}

static bool some_lan_serves_dns(const struct forwarding_source *s)
{
	for (size_t i = 0; i < s->nlans; i++)
		if (s->lans[i].dns)
			return true;
	return false;
}

static void check_rule_domains(
	const struct forwarding_source *s, const struct rule_conf *r, struct diags *why)
{
	if (r->ndomains && !some_lan_serves_dns(s))
		diag_error(why, &r->origin, "destination-domain",
			"add \"dns-server\" to the lans whose clients are meant",
			"the addresses of a domain are learned from what clients ask the router, "
			"and no lan may ask it");
	else if (r->ndomains && r->lan >= 0 && (size_t)r->lan < s->nlans && !s->lans[r->lan].dns)
		diag_warning(why, &r->origin, "destination-domain",
			"add \"dns-server\" to that lan",
			"clients of lan %.*s do not ask the router for names: only what those of "
			"other lans asked for is known",
			STR_ARG(s->lans[r->lan].name));
	for (size_t i = 0; i < r->ndomains; i++)
		if (domain_learners(s, r->domains[i].name) > LEARNERS_MAX)
			diag_error(why, &r->domains[i].origin, NULL, "name it in fewer rules",
				"more than %d rules name this domain, or one that it is under",
				LEARNERS_MAX);
}

/* What is asked is asked once, but this may count it twice: nobody is near the limit. */
static void check_number_of_servers(const struct forwarding_source *s, struct diags *why)
{
	size_t asked = 0;
	uint16_t port;

	for (size_t i = 0; i < s->nforwards; i++) {
		if (!server_is_asked(&s->forwards[i], &port))
			continue;
		asked += s->forwards[i].nto;
		if (asked > SERVERS_MAX)
			diag_error(why, &s->forwards[i].origin, "check",
				"set \"check none\" for those that matter least",
				"more than %d servers would be checked", SERVERS_MAX);
	}
}

void forwarding_check(const struct forwarding_source *source, struct diags *why)
{
	for (size_t i = 0; i < source->nlinks; i++)
		check_link(source, i, why);
	for (size_t i = 0; i < source->nlans; i++)
		check_lan(source, i, why);
	for (size_t i = 0; forwarding_published(source, i); i++)
		check_forward(source, i, why);
	check_number_of_servers(source, why);
	for (size_t i = 0; i < source->nrules; i++) {
		check_rule_is_reached(source, &source->rules[i], why);
		check_rule_domains(source, &source->rules[i], why);
	}
}
