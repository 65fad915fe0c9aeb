/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any octets as a port or a range of ports, as a DSCP, and as a domain, which goes into a line that
 * dnsmasq reads. */
#include "forwarding.h"
#include "forwarding_settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void expect_domain(struct str text)
{
	char words[128];
	struct textbuf why = textbuf_of(words, sizeof(words));
	struct str domain = {0};

	if (!rule_domain_parse(text, &domain, &why)) {
		if (!why.n || domain.at)
			abort();
		return;
	}
	if (!str_eq(domain, text) || !text.n || text.n > 253)
		abort();
	for (size_t i = 0; i < text.n; i++)
		if (text.at[i] <= ' ' || text.at[i] == '/' || text.at[i] == '#' ||
			text.at[i] == ',' || (text.at[i] == '.' && (!i || text.at[i - 1] == '.')))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct rule_port p = {7, 7}, again;
	char words[128], text[16];
	uint32_t dscp = 7;
	struct textbuf why = textbuf_of(words, sizeof(words));

	expect_domain((struct str){(const char *)data, n});
	if (rule_dscp_parse((struct str){(const char *)data, n}, &dscp, &why)
			? dscp < 1 || dscp > 64
			: !why.n || dscp != 7)
		abort();
	why = textbuf_of(words, sizeof(words));
	if (!rule_port_parse((struct str){(const char *)data, n}, &p, &why)) {
		if (!why.n || p.first != 7 || p.last != 7)
			abort(); /* a refusal says why and leaves the value */
		return 0;
	}
	if (!p.first || p.last < p.first)
		abort();
	snprintf(text, sizeof(text), "%u-%u", p.first, p.last);
	if (!rule_port_parse(str_of(text), &again, &why) || memcmp(&p, &again, sizeof(p)) != 0)
		abort();
	return 0;
}
