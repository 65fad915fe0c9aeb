/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules by domain.  An answer says nothing about whose address a packet goes to, so the router
 * learns the addresses where clients ask for them: the dnsmasq of a LAN puts those of each answer
 * into the sets of the rules before it hands the answer out.  A packet is then one lookup, and a
 * rule that is used keeps its addresses.
 *
 * dnsmasq knows one list of sets a domain and takes that of the longest name that fits.  So a
 * domain lists its own rules and those of every domain it is under. */
#include "forwarding_internal.h"

/* Is `name` the domain, or under it?  Both as typed, in any case. */
static bool is_under(struct str name, struct str domain)
{
	struct str end;

	if (name.n < domain.n)
		return false;
	end = (struct str){name.at + (name.n - domain.n), domain.n};
	return str_eq_nocase(end, domain) &&
	       (name.n == domain.n || name.at[name.n - domain.n - 1] == '.');
}

static bool learns(const struct rule_conf *r, struct str domain)
{
	for (size_t i = 0; i < r->ndomains; i++)
		if (is_under(domain, r->domains[i].name))
			return true;
	return false;
}

size_t domain_learners(const struct forwarding_source *s, struct str domain)
{
	size_t n = 0;

	for (size_t i = 0; i < s->nrules; i++)
		n += learns(&s->rules[i], domain);
	return n;
}

void forwarding_learned_set(const struct rule_conf *r, uint8_t family, struct textbuf *out)
{
	textbuf_printf(out, "domain%u_%u", family, r->number);
}

/* Has an earlier rule, or the same one, named it? */
static bool is_listed(const struct forwarding_source *s, size_t rule, size_t which)
{
	struct str name = s->rules[rule].domains[which].name;

	for (size_t i = 0; i <= rule; i++)
		for (size_t j = 0; j < (i < rule ? s->rules[i].ndomains : which); j++)
			if (str_eq_nocase(s->rules[i].domains[j].name, name))
				return true;
	return false;
}

static void put_domain(const struct forwarding_source *s, struct str domain, const struct sink *out)
{
	const char *comma = "";

	sink_printf(out, "nftset=/%.*s/", STR_ARG(domain));
	for (size_t i = 0; i < s->nrules; i++) {
		for (uint8_t family = 4; learns(&s->rules[i], domain) && family <= 6;
			family = (uint8_t)(family + 2)) {
			char text[32];
			struct textbuf set = textbuf_of(text, sizeof(text));

			forwarding_learned_set(&s->rules[i], family, &set);
			sink_printf(out, "%s%u#inet#" KSTATE_NFT_TABLE "#%s", comma, family, text);
			comma = ",";
		}
	}
	sink_puts(out, "\n");
}

void forwarding_learning(const struct forwarding_source *source, const struct sink *out)
{
	bool any = false;

	for (size_t i = 0; i < source->nrules; i++) {
		for (size_t j = 0; j < source->rules[i].ndomains; j++) {
			if (!is_listed(source, i, j))
				put_domain(source, source->rules[i].domains[j].name, out);
			any = true;
		}
	}
	if (any)
		sink_printf(
			out, "max-ttl=%u\nmax-cache-ttl=%u\n", LEARNED_TTL_MAX, LEARNED_TTL_MAX);
}
