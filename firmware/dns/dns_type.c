/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A type is a row: its number, its name, and its form, one letter a field (dns_rdata.c). */
#include "dns_rdata_fields.h"

static const struct dns_type_row types[] = {
	{DNS_A, "A", "a"},
	{DNS_NS, "NS", "n"},
	{DNS_CNAME, "CNAME", "n"},
	{DNS_SOA, "SOA", "nn4TTTT"},
	{DNS_PTR, "PTR", "n"},
	{13, "HINFO", "qq"},
	{DNS_MX, "MX", "2n"},
	{DNS_TXT, "TXT", "s"},
	{17, "RP", "nn"},
	{18, "AFSDB", "2n"},
	{DNS_AAAA, "AAAA", "6"},
	{DNS_SRV, "SRV", "222n"},
	{DNS_NAPTR, "NAPTR", "22qqqn"},
	{36, "KX", "2n"},
	{37, "CERT", "221b"},
	{DNS_DS, "DS", "211h"},
	{44, "SSHFP", "11h"},
	{52, "TLSA", "111h"},
	{53, "SMIMEA", "111h"},
	{61, "OPENPGPKEY", "b"},
	{64, "SVCB", "2np"},
	{65, "HTTPS", "2np"},
	{99, "SPF", "s"},
	{108, "EUI48", "e"},
	{109, "EUI64", "E"},
	{256, "URI", "22v"},
	{257, "CAA", "1tv"},
};

/* For questions only: these have names and no data. */
static const struct dns_type_row question_types[] = {
	{DNS_IXFR, "IXFR", ""},
	{DNS_AXFR, "AXFR", ""},
	{DNS_ANY, "ANY", ""},
};

const struct dns_type_row *dns_type_row(uint16_t code)
{
	for (size_t i = 0; i < COUNT_OF(types); i++)
		if (types[i].code == code)
			return &types[i];
	return NULL;
}

static bool type_by_name(const struct dns_type_row *rows, size_t n, struct str text, uint16_t *out)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq_nocase(text, str_of(rows[i].name))) {
			*out = rows[i].code;
			return true;
		}
	return false;
}

bool dns_type_parse(struct str text, uint16_t *out)
{
	uint64_t v;

	if (type_by_name(types, COUNT_OF(types), text, out) ||
		type_by_name(question_types, COUNT_OF(question_types), text, out))
		return true;
	if (text.n < 5 || !str_eq_nocase((struct str){text.at, 4}, STR("TYPE")) ||
		!str_to_u64((struct str){text.at + 4, text.n - 4}, UINT16_MAX, &v))
		return false;
	*out = (uint16_t)v;
	return true;
}

const char *dns_type_text(uint16_t type, char out[DNS_TYPE_TEXT_MAX])
{
	const struct dns_type_row *row = dns_type_row(type);
	struct textbuf t = textbuf_of(out, DNS_TYPE_TEXT_MAX);

	for (size_t i = 0; !row && i < COUNT_OF(question_types); i++)
		if (question_types[i].code == type)
			row = &question_types[i];
	if (row)
		textbuf_printf(&t, "%s", row->name);
	else
		textbuf_printf(&t, "TYPE%u", (unsigned)type);
	return out;
}

bool dns_type_is_data(uint16_t type)
{
	if (type == 0 || type == DNS_SOA || type == DNS_DNAME || type == DNS_OPT)
		return false;
	return type < 128 || type > 255; /* RFC 6895 3.1: 128-255 are Q and meta types */
}

bool dns_type_is_of_signing(struct str name)
{
	static const char *const names[] = {"DNSKEY", "RRSIG", "NSEC", "NSEC3", "NSEC3PARAM", "CDS",
		"CDNSKEY", "KEY", "SIG", "NXT"};

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (str_eq_nocase(name, str_of(names[i])))
			return true;
	return false;
}

bool dns_time_parse(struct str word, uint32_t *out)
{
	static const struct {
		char unit;
		uint32_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
	uint64_t total = 0, part = 0;
	bool digits = false, unit = false;

	for (size_t i = 0; i < word.n; i++) {
		char c = word.at[i];
		size_t u = 0;

		if (c >= '0' && c <= '9') {
			part = part * 10 + (uint64_t)(c - '0');
			digits = true;
		} else {
			while (u < COUNT_OF(units) && units[u].unit != (c | 0x20))
				u++;
			if (u == COUNT_OF(units) || !digits)
				return false;
			total += part * units[u].seconds;
			part = 0;
			digits = false;
			unit = true;
		}
		if (part > INT32_MAX || total > INT32_MAX)
			return false;
	}
	if (!digits && !unit)
		return false;
	*out = (uint32_t)(total + part);
	return true;
}

bool dns_rdata_may_compress(uint16_t type)
{
	return type == DNS_NS || type == DNS_CNAME || type == DNS_SOA || type == DNS_PTR ||
	       type == DNS_MX;
}
