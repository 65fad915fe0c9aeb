/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns_settings.h"

#include "dns.h"
#include "dns_name.h"
#include "hmac.h"

/* ---- values of our own ---- */

static bool parse_host_name(struct str text, void *out, struct textbuf *why)
{
	return dns_host_name_parse(text, out, why);
}

static bool parse_own_or_address(struct str text, void *out, struct textbuf *why)
{
	struct ip_addr *addr = out;

	if (str_is(text, "own")) {
		*addr = (struct ip_addr){0};
		return true;
	}
	if (ip_addr_parse(text, addr) == FL_OK)
		return true;
	textbuf_printf(why, "is neither an address nor `own`");
	return false;
}

static bool parse_when_dead(struct str text, void *out, struct textbuf *why)
{
	struct dns_dead_conf dead = {.how = DNS_DEAD_NODATA};

	if (str_is(text, "answer")) {
		dead.how = DNS_DEAD_ANSWER;
	} else if (!str_is(text, "nodata")) {
		dead.how = DNS_DEAD_ADDRESS;
		if (ip_addr_parse(text, &dead.address) != FL_OK) {
			textbuf_printf(why, "is neither an address nor `nodata` nor `answer`");
			return false;
		}
	}
	*(struct dns_dead_conf *)out = dead;
	return true;
}

/* Kept as text: what it means depends on the domain around it. */
static bool parse_name(struct str text, void *out, struct textbuf *why)
{
	struct dns_name name;
	enum fl_err err = dns_name_parse(text, NULL, &name);

	if (err)
		textbuf_printf(why, err == FL_ERANGE ? "is too long: 63 octets a label, 255 in all"
						     : "is not a domain name");
	else
		*(struct str *)out = text;
	return !err;
}

/* One address is a prefix as well. */
static bool parse_addresses(struct str text, void *out, struct textbuf *why)
{
	struct ip_prefix *prefix = out;
	struct ip_addr one;

	if (ip_addr_parse(text, &one) == FL_OK) {
		*prefix = (struct ip_prefix){one, (uint8_t)(8 * ip_addr_size(one.family))};
		return true;
	}
	if (ip_prefix_parse(text, prefix) == FL_OK) {
		*prefix = ip_prefix_network(prefix);
		return true;
	}
	textbuf_printf(why, "is neither an address nor a prefix");
	return false;
}

static int base64_digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (int i = 0; digits[i]; i++)
		if (digits[i] == c)
			return i;
	return -1;
}

/* RFC 4648 4, as tsig-keygen(8) and keymgr(8) print it. */
static bool parse_secret(struct str text, void *out, struct textbuf *why)
{
	struct dns_secret secret = {0};
	size_t digits = text.n;
	uint32_t bits = 0;

	while (digits && text.at[digits - 1] == '=')
		digits--;
	for (size_t i = 0; i < digits; i++) {
		int v = base64_digit(text.at[i]);

		if (v < 0 || (i % 4 && secret.n == DNS_SECRET_MAX)) {
			textbuf_printf(why, v < 0 ? "is not base64" : "is longer than 128 octets");
			return false;
		}
		bits = bits << 6 | (uint32_t)v;
		if (i % 4)
			secret.octets[secret.n++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
	}
	if (text.n % 4 || text.n - digits > 2 || secret.n < 16) {
		textbuf_printf(why, text.n % 4 || text.n - digits > 2
					    ? "is not whole base64"
					    : "is shorter than 16 octets");
		return false;
	}
	*(struct dns_secret *)out = secret;
	return true;
}

static const char *const algorithm_choices[] = {
	[HMAC_SHA256] = "hmac-sha256", [HMAC_SHA512] = "hmac-sha512", NULL};

static const char *const any_choice[] = {"any", NULL};
static const char *const any_help[] = {"an off-site address: always answered", NULL};

/* ---- rows that several tables share ---- */

#define NAME_COLUMN(type_, member_)                                                                \
	{                                                                                          \
		.name = "NAME",                                                                    \
		.help = "host name in the domain, \"@\" for the domain itself; 10;NAME for a "     \
			"mail entry of preference 10",                                             \
		.kind = SETTING_VALUE, .flags = SETTING_KEY | SETTING_REQUIRED,                    \
		.offset = offsetof(type_, member_), .type = VALUE_CUSTOM,                          \
		.parse = parse_host_name, .syntax = "[PREFERENCE;]NAME",                           \
		.example = "www or 10;mail"                                                        \
	}
#define MAIL_ROW(type_)                                                                            \
	{                                                                                          \
		.name = "mail-entry", .help = "yes: it is a mail exchange of the domain (MX)",     \
		.kind = SETTING_VALUE, .offset = offsetof(type_, mail_entry), .type = VALUE_YESNO, \
		.def = "no"                                                                        \
	}
#define TTL_ROW(type_)                                                                             \
	{                                                                                          \
		.name = "ttl",                                                                     \
		.help = "how long others may remember the answer; left out: the domain's",         \
		.kind = SETTING_VALUE, .offset = offsetof(type_, ttl), .type = VALUE_SPAN,         \
		.min = 1000, .max = 86400000                                                       \
	}
#define DEAD_ROW(type_)                                                                            \
	{                                                                                          \
		.name = "when-dead",                                                               \
		.help = "while no link of it is live: no address, its own all the same, or "       \
			"another address",                                                         \
		.kind = SETTING_VALUE, .offset = offsetof(type_, when_dead), .type = VALUE_CUSTOM, \
		.parse = parse_when_dead, .syntax = "nodata|answer|ADDRESS", .def = "nodata"       \
	}
#define LINK_ROW(type_, flags_)                                                                    \
	{                                                                                          \
		.name = "link", .help = "the link the address is reached over",                    \
		.kind = SETTING_VALUE, .flags = (flags_), .offset = offsetof(type_, link),         \
		.type = VALUE_REF, .ref = "link", .choices = any_choice, .choice_help = any_help   \
	}

/* ---- tsig-key ---- */

static const struct setting key_columns[] = {
	{
		.name = "NAME",
		.help = "name of the key, the same at the other end",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct dns_key_conf, name),
		.type = VALUE_CUSTOM,
		.parse = parse_name,
		.syntax = "NAME",
		.example = "transfer-key",
	},
	{0},
};

static const struct setting key_rows[] = {
	{
		.name = "algorithm",
		.help = "the keyed hash",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct dns_key_conf, algorithm),
		.type = VALUE_CHOICE,
		.choices = algorithm_choices,
		.def = "hmac-sha256",
	},
	{
		.name = "secret",
		.help = "the shared secret, 16 to 128 octets in base64",
		.kind = SETTING_VALUE,
		.flags = SETTING_REQUIRED | SETTING_SECRET,
		.offset = offsetof(struct dns_key_conf, secret),
		.type = VALUE_CUSTOM,
		.parse = parse_secret,
		.syntax = "BASE64",
	},
	{0},
};

const struct setting tsig_key_setting = {
	.name = "tsig-key",
	.help = "a secret shared with other name servers, which signs zone transfers",
	.kind = SETTING_LIST,
	.columns = key_columns,
	.rows = key_rows,
	.size = sizeof(struct dns_key_conf),
};

/* ---- transfer ---- */

static const struct setting allow_columns[] = {
	{
		.name = "PREFIX",
		.help = "an address or a network",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct dns_allow_conf, prefix),
		.type = VALUE_CUSTOM,
		.parse = parse_addresses,
		.syntax = "ADDRESS|PREFIX",
	},
	{0},
};

static const struct setting notify_columns[] = {
	{
		.name = "ADDRESS",
		.help = "address of a secondary",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct dns_notify_conf, address),
		.type = VALUE_ADDR,
	},
	{0},
};

static const struct setting notify_rows[] = {
	{
		.name = "port",
		.help = "its UDP port",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct dns_notify_conf, port),
		.type = VALUE_UINT,
		.min = 1,
		.max = 65535,
		.def = "53",
	},
	{0},
};

static const struct setting transfer_rows[] = {
	{
		.name = "allow",
		.help = "who may have the whole zone; with a tsig-key as well, both must fit",
		.kind = SETTING_LIST,
		.offset = offsetof(struct dns_transfer_conf, allow),
		.columns = allow_columns,
		.size = sizeof(struct dns_allow_conf),
	},
	{
		.name = "tsig-key",
		.help = "the key that must sign transfers, and signs our NOTIFY messages",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct dns_transfer_conf, key),
		.type = VALUE_REF,
		.ref = "tsig-key",
	},
	{
		.name = "notify",
		.help = "a secondary that is told of every change at once",
		.kind = SETTING_LIST,
		.offset = offsetof(struct dns_transfer_conf, notify),
		.columns = notify_columns,
		.rows = notify_rows,
		.size = sizeof(struct dns_notify_conf),
	},
	{0},
};

#define TRANSFER_ROW(type_)                                                                        \
	{                                                                                          \
		.name = "transfer", .help = "secondaries: name servers that copy the whole zone",  \
		.kind = SETTING_BLOCK, .offset = offsetof(type_, transfer), .rows = transfer_rows  \
	}

static void check_transfer(
	const struct origin *origin, const struct dns_transfer_conf *t, struct diags *why)
{
	if (t->nnotify && !t->nallow && t->key == SETTING_REF_UNSET)
		diag_error(why, origin, "transfer notify",
			"add `transfer allow ADDRESS`, or `transfer tsig-key NAME`",
			"a secondary would be told of changes, and nobody may transfer the zone");
}

/* ---- domain ---- */

static const struct setting name_server_columns[] = {
	{
		.name = "NAME",
		.help = "name in the domain, or a whole name with a final dot",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct dns_name_server_conf, name),
		.type = VALUE_CUSTOM,
		.parse = parse_name,
		.syntax = "NAME",
		.example = "ns1 or ns1.example.net.",
	},
	{0},
};

static const struct setting name_server_rows[] = {
	{
		.name = "address",
		.help = "its address; left out: a host of that name has it",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct dns_name_server_conf, address),
		.type = VALUE_ADDR,
	},
	LINK_ROW(struct dns_name_server_conf, 0),
	{0},
};

static void check_name_server(const void *entry, struct diags *why)
{
	const struct dns_name_server_conf *c = entry;

	if (c->address.family && c->link == SETTING_REF_UNSET)
		diag_error(why, &c->origin, "link",
			"add `link NAME`, or `link any` for an off-site address",
			"the link is missing");
	if (!c->address.family && c->link != SETTING_REF_UNSET)
		diag_error(why, &c->origin, "link", "add `address ADDRESS`, or take the link away",
			"there is a link and no address");
}

static const struct setting host_columns[] = {
	NAME_COLUMN(struct dns_host_conf, name),
	{0},
};

static const struct setting host_rows[] = {
	{
		.name = "address",
		.help = "its address, or `own`: whatever the link has itself",
		.kind = SETTING_VALUE,
		.flags = SETTING_REQUIRED,
		.offset = offsetof(struct dns_host_conf, address),
		.type = VALUE_CUSTOM,
		.parse = parse_own_or_address,
		.syntax = "ADDRESS|own",
	},
	LINK_ROW(struct dns_host_conf, SETTING_REQUIRED),
	MAIL_ROW(struct dns_host_conf),
	TTL_ROW(struct dns_host_conf),
	DEAD_ROW(struct dns_host_conf),
	{0},
};

static void check_mail_entry(const struct origin *origin, const struct dns_host_name *name,
	bool mail_entry, struct diags *why)
{
	if (mail_entry && !name->has_preference)
		diag_error(why, origin, "mail-entry", "put a preference before the name: 10;NAME",
			"the mail entry \"%.*s\" has no preference", STR_ARG(name->label));
	if (!mail_entry && name->has_preference)
		diag_error(why, origin, "mail-entry",
			"add `mail-entry yes`, or take the preference away",
			"\"%.*s\" has a preference and no `mail-entry yes`", STR_ARG(name->label));
}

static void check_host(const void *entry, struct diags *why)
{
	const struct dns_host_conf *c = entry;

	check_mail_entry(&c->origin, &c->name, c->mail_entry, why);
	if (!c->address.family && c->link == DNS_LINK_ANY)
		diag_error(why, &c->origin, "address",
			"write the address, or name the link it is on", "`own` needs a link");
}

static const struct setting member_columns[] = {
	{
		.name = "HOST",
		.help = "a host of this domain",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct dns_balanced_member, host),
		.type = VALUE_REF,
		.ref = "host",
	},
	{0},
};

static const struct setting balanced_columns[] = {
	NAME_COLUMN(struct dns_balanced_conf, name),
	{0},
};

static const struct setting balanced_rows[] = {
	{
		.name = "member",
		.help = "a host that stands behind the name, in order of preference",
		.kind = SETTING_LIST,
		.flags = SETTING_ORDERED,
		.offset = offsetof(struct dns_balanced_conf, members),
		.columns = member_columns,
		.size = sizeof(struct dns_balanced_member),
	},
	{
		.name = "policy",
		.help = "which member comes first; left out: all live ones, in turn",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct dns_balanced_conf, policy),
		.type = VALUE_REF,
		.ref = "policy",
	},
	MAIL_ROW(struct dns_balanced_conf),
	TTL_ROW(struct dns_balanced_conf),
	DEAD_ROW(struct dns_balanced_conf),
	{0},
};

static void check_balanced(const void *entry, struct diags *why)
{
	const struct dns_balanced_conf *c = entry;

	check_mail_entry(&c->origin, &c->name, c->mail_entry, why);
	if (c->nmembers == 0)
		diag_error(why, &c->origin, NULL, "add `member HOST`",
			"a balanced host needs a member");
}

static const struct setting record_columns[] = {
	{
		.name = "NAME",
		.help = "name in the domain, \"@\" for the domain itself, \"*\" for all others",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct dns_record_conf, name),
		.type = VALUE_CUSTOM,
		.parse = parse_name,
		.syntax = "NAME",
		.example = "www or www.example.com.",
	},
	{
		.name = "TYPE",
		.help = "A, AAAA, CNAME, MX, TXT, SRV, NS, CAA, TLSA, ..., or TYPEnnn",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct dns_record_conf, type),
		.type = VALUE_NAME,
	},
	{
		.name = "DATA",
		.help = "the data in master file form, in quotes: \"10 5 5060 sip\"",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct dns_record_conf, data),
		.type = VALUE_TEXT,
		.min = 1,
		.max = 4000,
	},
	{0},
};

static const struct setting domain_columns[] = {
	{
		.name = "NAME",
		.help = "the domain, example.com",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct dns_domain_conf, name),
		.type = VALUE_CUSTOM,
		.parse = parse_name,
		.syntax = "DOMAIN",
		.example = "example.com",
	},
	{0},
};

static const struct setting domain_rows[] = {
	{
		.name = "ttl",
		.help = "how long others may remember answers: the time a fail-over takes for them",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct dns_domain_conf, ttl),
		.type = VALUE_SPAN,
		.min = 1000,
		.max = 86400000,
		.def = "30s",
	},
	{
		.name = "negative-ttl",
		.help = "how long others may remember that something is not there",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct dns_domain_conf, negative_ttl),
		.type = VALUE_SPAN,
		.min = 1000,
		.max = 86400000,
		.def = "10s",
	},
	{
		.name = "contact",
		.help = "mail address of who looks after the domain; left out: hostmaster",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct dns_domain_conf, contact),
		.type = VALUE_TEXT,
		.min = 1,
		.max = 200,
	},
	{
		.name = "name-server",
		.help = "a name server of the domain",
		.kind = SETTING_LIST,
		.flags = SETTING_ORDERED,
		.offset = offsetof(struct dns_domain_conf, name_servers),
		.columns = name_server_columns,
		.rows = name_server_rows,
		.size = sizeof(struct dns_name_server_conf),
		.check = check_name_server,
	},
	{
		.name = "host",
		.help = "one name and one address, answered while its link is live",
		.kind = SETTING_LIST,
		.offset = offsetof(struct dns_domain_conf, hosts),
		.columns = host_columns,
		.rows = host_rows,
		.size = sizeof(struct dns_host_conf),
		.check = check_host,
	},
	{
		.name = "balanced-host",
		.help = "one name over several hosts",
		.kind = SETTING_LIST,
		.offset = offsetof(struct dns_domain_conf, balanced),
		.columns = balanced_columns,
		.rows = balanced_rows,
		.size = sizeof(struct dns_balanced_conf),
		.check = check_balanced,
	},
	{
		.name = "record",
		.help = "any other record, always answered",
		.kind = SETTING_LIST,
		.offset = offsetof(struct dns_domain_conf, records),
		.columns = record_columns,
		.size = sizeof(struct dns_record_conf),
	},
	TRANSFER_ROW(struct dns_domain_conf),
	{0},
};

static void check_domain(const void *entry, struct diags *why)
{
	const struct dns_domain_conf *c = entry;

	check_transfer(&c->origin, &c->transfer, why);
}

const struct setting domain_setting = {
	.name = "domain",
	.help = "a domain that is answered for",
	.kind = SETTING_LIST,
	.columns = domain_columns,
	.rows = domain_rows,
	.size = sizeof(struct dns_domain_conf),
	.check = check_domain,
};

/* ---- reverse ---- */

static const struct setting reverse_columns[] = {
	{
		.name = "PREFIX",
		.help = "the network whose addresses get names, 203.0.113.0/29",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct dns_reverse_conf, prefix),
		.type = VALUE_PREFIX,
	},
	{0},
};

static const struct setting reverse_rows[] = {
	{
		.name = "auto",
		.help = "make the names (PTR) from the hosts of all domains",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct dns_reverse_conf, automatic),
		.type = VALUE_FLAG,
	},
	{
		.name = "name-server",
		.help = "whole name of its name server; left out: those of the first domain",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct dns_reverse_conf, name_server),
		.type = VALUE_CUSTOM,
		.parse = parse_name,
		.syntax = "NAME",
		.example = "ns1.example.com.",
	},
	TRANSFER_ROW(struct dns_reverse_conf),
	{0},
};

static void check_reverse(const void *entry, struct diags *why)
{
	const struct dns_reverse_conf *c = entry;

	check_transfer(&c->origin, &c->transfer, why);
}

const struct setting reverse_setting = {
	.name = "reverse",
	.help = "names for the addresses of a network",
	.kind = SETTING_LIST,
	.columns = reverse_columns,
	.rows = reverse_rows,
	.size = sizeof(struct dns_reverse_conf),
	.check = check_reverse,
};

/* ---- dns ---- */

static const struct setting listen_columns[] = {
	{
		.name = "ADDRESS",
		.help = "where questions are taken, beside the links' own addresses",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct dns_listen_conf, address),
		.type = VALUE_ADDR,
	},
	{0},
};

static const struct setting listen_rows[] = {
	{
		.name = "port",
		.help = "UDP and TCP port",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct dns_listen_conf, port),
		.type = VALUE_UINT,
		.min = 1,
		.max = 65535,
		.def = "53",
	},
	{0},
};

static const struct setting rate_limit_rows[] = {
	{
		.name = "answers",
		.help = "a second, to one network (/24, IPv6 /56) about one name; 0: no limit",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct dns_rate_conf, answers),
		.type = VALUE_UINT,
		.min = 0,
		.max = 1000000,
		.def = "200",
	},
	{
		.name = "slip",
		.help = "one in so many that are too many is sent cut short, so that a client "
			"comes over TCP; 0: none",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct dns_rate_conf, slip),
		.type = VALUE_UINT,
		.min = 0,
		.max = 10,
		.def = "2",
	},
	{0},
};

static const struct setting dns_rows[] = {
	{
		.name = "listen",
		.help = "an address where questions are taken, beside the links' own",
		.kind = SETTING_LIST,
		.offset = offsetof(struct dns_conf, listen),
		.columns = listen_columns,
		.rows = listen_rows,
		.size = sizeof(struct dns_listen_conf),
	},
	{
		.name = "threads",
		.help = "threads that answer; left out: one a core",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct dns_conf, threads),
		.type = VALUE_UINT,
		.min = 1,
		.max = 16,
	},
	{
		.name = "rate-limit",
		.help = "how many answers over UDP a network gets that has shown no cookie",
		.kind = SETTING_BLOCK,
		.offset = offsetof(struct dns_conf, rate_limit),
		.rows = rate_limit_rows,
	},
	{
		.name = "cookies",
		.help = "give cookies to clients that know them (RFC 7873)",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct dns_conf, cookies),
		.type = VALUE_YESNO,
		.def = "yes",
	},
	{
		.name = "extended-errors",
		.help = "say why an answer is empty: \"link wan1 down\" (RFC 8914)",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct dns_conf, extended_errors),
		.type = VALUE_YESNO,
		.def = "yes",
	},
	{
		.name = "client-subnet",
		.help = "choose views by the network that a resolver asks for (RFC 7871)",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct dns_conf, client_subnet),
		.type = VALUE_YESNO,
		.def = "no",
	},
	{
		.name = "version",
		.help = "answer to version.bind of class CHAOS; left out: refused",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct dns_conf, version),
		.type = VALUE_TEXT,
		.min = 1,
		.max = DNS_TOLD_MAX,
	},
	{
		.name = "server-id",
		.help = "answer to NSID and to id.server of class CHAOS; left out: not told",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct dns_conf, server_id),
		.type = VALUE_TEXT,
		.min = 1,
		.max = DNS_TOLD_MAX,
	},
	{0},
};

/* ---- view ---- */

static const char *const view_choices[] = {
	[DNS_VIEW_FIRST] = "first", [DNS_VIEW_ONLY] = "only", NULL};
static const char *const view_help[] = {
	[DNS_VIEW_FIRST] = "the link's addresses, then the others",
	[DNS_VIEW_ONLY] = "the link's addresses alone, while it is live",
	NULL,
};

static const struct setting view_client_columns[] = {
	{
		.name = "PREFIX",
		.help = "a network that asks; the longest of all views counts",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct dns_view_client, prefix),
		.type = VALUE_PREFIX,
	},
	{0},
};

static const struct setting view_columns[] = {
	{
		.name = "NAME",
		.help = "name of the view",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct dns_view_conf, name),
		.type = VALUE_NAME,
	},
	{0},
};

static const struct setting view_rows[] = {
	{
		.name = "client",
		.help = "a network that is answered so",
		.kind = SETTING_LIST,
		.offset = offsetof(struct dns_view_conf, clients),
		.columns = view_client_columns,
		.size = sizeof(struct dns_view_client),
	},
	{
		.name = "link",
		.help = "the link whose addresses it gets",
		.kind = SETTING_VALUE,
		.flags = SETTING_REQUIRED,
		.offset = offsetof(struct dns_view_conf, link),
		.type = VALUE_REF,
		.ref = "link",
	},
	{
		.name = "answer",
		.help = "what becomes of addresses on other links",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct dns_view_conf, answer),
		.type = VALUE_CHOICE,
		.choices = view_choices,
		.choice_help = view_help,
		.def = "first",
	},
	{0},
};

const struct setting view_setting = {
	.name = "view",
	.help = "networks of clients that come in over a certain link: its provider's own",
	.kind = SETTING_LIST,
	.columns = view_columns,
	.rows = view_rows,
	.size = sizeof(struct dns_view_conf),
};

const struct setting dns_setting = {
	.name = "dns",
	.help = "the DNS responder",
	.kind = SETTING_BLOCK,
	.rows = dns_rows,
};
