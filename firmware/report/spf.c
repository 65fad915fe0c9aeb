/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RFC 7208 4.6.2: terms from left to right; the first mechanism that matches decides, by the
 * qualifier before it.  Modifiers ("exp=", "redirect=") match nothing. */
#include "spf.h"

enum match { MATCH_NO, MATCH_YES, MATCH_UNKNOWN };

/* "203.0.113.0/29" or an address alone. */
static enum match match_network(struct str text, uint8_t family, const struct ip_addr *from)
{
	struct ip_prefix p;

	if (ip_prefix_parse(text, &p) != FL_OK) {
		if (ip_addr_parse(text, &p.addr) != FL_OK)
			return MATCH_UNKNOWN;
		p.bits = (uint8_t)(ip_addr_size(p.addr.family) * 8);
	}
	if (p.addr.family != family)
		return MATCH_UNKNOWN;
	return ip_prefix_has(&p, from) ? MATCH_YES : MATCH_NO;
}

static enum match match_mechanism(
	struct str term, const struct ip_addr *from, const struct spf_domain *domain)
{
	struct str rest = term, name = str_cut(&rest, ':');

	if (str_eq_nocase(term, STR("all")))
		return MATCH_YES;
	if (str_eq_nocase(name, STR("ip4")))
		return match_network(rest, 4, from);
	if (str_eq_nocase(name, STR("ip6")))
		return match_network(rest, 6, from);
	if (str_eq_nocase(term, STR("a")) || str_eq_nocase(term, STR("mx")))
		return domain->has(domain->ctx, term.n == 2, from) ? MATCH_YES : MATCH_NO;
	return MATCH_UNKNOWN; /* include, exists, ptr, a:NAME, mx/24, ... */
}

static bool is_modifier(struct str term)
{
	for (size_t i = 0; i < term.n; i++) {
		if (term.at[i] == '=')
			return i > 0;
		if (term.at[i] == ':' || term.at[i] == '/')
			return false;
	}
	return false;
}

enum spf_result spf_evaluate(
	struct str text, const struct ip_addr *from, const struct spf_domain *domain)
{
	bool redirected = false;

	text = str_trim(text);
	if (!str_eq_nocase(str_cut(&text, ' '), STR("v=spf1")))
		return SPF_NONE;
	while (text.n) {
		struct str term = str_cut(&text, ' ');
		bool pass = true;

		if (term.n == 0)
			continue;
		if (is_modifier(term)) {
			redirected |= str_starts(term, STR("redirect="));
			continue;
		}
		if (term.at[0] == '+' || term.at[0] == '-' || term.at[0] == '~' ||
			term.at[0] == '?') {
			pass = term.at[0] == '+';
			term = (struct str){term.at + 1, term.n - 1};
		}
		switch (match_mechanism(term, from, domain)) {
		case MATCH_YES:
			return pass ? SPF_PASS : SPF_REFUSED;
		case MATCH_UNKNOWN:
			return SPF_UNKNOWN;
		case MATCH_NO:
			break;
		}
	}
	return redirected ? SPF_UNKNOWN : SPF_REFUSED; /* "neutral": 4.7 */
}

const char *spf_result_text(enum spf_result r)
{
	switch (r) {
	case SPF_NONE:
		return "none";
	case SPF_PASS:
		return "allowed";
	case SPF_REFUSED:
		return "not allowed";
	case SPF_UNKNOWN:
		return "not known here";
	}
	return "?";
}
