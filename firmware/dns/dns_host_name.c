/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The extended host name syntax: "10;mail1" is the host mail1 and a mail exchange of preference 10.
 */
#include "dns.h"
#include "dns_name.h"

static bool label_is_good(struct str label, struct textbuf *why)
{
	struct dns_name name;

	if (label.n && label.at[label.n - 1] == '.')
		textbuf_printf(why, "ends in a dot: names of hosts are relative to their domain");
	else if (label.n && dns_name_parse(label, NULL, &name) == FL_OK)
		return true;
	else
		textbuf_printf(
			why, label.n ? "is not a host name" : "has no name behind the preference");
	return false;
}

bool dns_host_name_parse(struct str text, struct dns_host_name *out, struct textbuf *why)
{
	struct dns_host_name name = {.label = text};
	struct str rest = text, before = str_cut(&rest, ';');
	uint64_t preference;

	if (before.n < text.n) {
		if (!str_to_u64(before, UINT16_MAX, &preference)) {
			textbuf_printf(why,
				"has \"%.*s\" before the semicolon, where a preference 0..65535 "
				"belongs",
				before.n > 40 ? 40 : (int)before.n, before.at);
			return false;
		}
		name = (struct dns_host_name){true, (uint16_t)preference, rest};
	}
	if (!label_is_good(name.label, why))
		return false;
	*out = name;
	return true;
}
