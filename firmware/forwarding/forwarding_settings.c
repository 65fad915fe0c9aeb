/* SPDX-License-Identifier: GPL-2.0-or-later */
/* forwarding_settings.c
 *
 *   rule 10 { protocol tcp, port 25, source 192.168.1.25/32, policy primary }
 *   forward smtp { to 192.168.1.25, protocol tcp, port 25, on wan1 203.0.113.3 }
 *   nat mail { to 192.168.1.25, on wan1 203.0.113.3, on wan2 198.51.100.3 } */
#include "forwarding_settings.h"

#include "forwarding.h"

#include <string.h>

/* ---- ports ---- */

bool rule_port_parse(struct str text, void *out, struct textbuf *why)
{
	struct str last = text, first = str_cut(&last, '-');
	bool range = first.n < text.n;
	uint64_t from, to;

	if (!str_to_u64(first, UINT16_MAX, &from) || from == 0 ||
		(range && !str_to_u64(last, UINT16_MAX, &to))) {
		textbuf_printf(
			why, "is not a port (1..65535) or a range of ports such as 8000-8080");
		return false;
	}
	if (!range)
		to = from;
	if (to < from) {
		textbuf_printf(why, "ends before it begins");
		return false;
	}
	*(struct rule_port *)out = (struct rule_port){(uint16_t)from, (uint16_t)to};
	return true;
}

/* ---- DSCP ---- */

/* "af31": class 1 to 4, drop precedence 1 to 3 (RFC 2597); "cs5": the old precedences (RFC 2474).
 */
static bool dscp_named(struct str text, uint32_t *out)
{
	const char *at = text.at;

	if (str_eq_nocase(text, STR("ef")))
		*out = 46;
	else if (text.n == 3 && str_eq_nocase((struct str){at, 2}, STR("cs")) && at[2] >= '0' &&
		 at[2] <= '7')
		*out = (uint32_t)(at[2] - '0') * 8;
	else if (text.n == 4 && str_eq_nocase((struct str){at, 2}, STR("af")) && at[2] >= '1' &&
		 at[2] <= '4' && at[3] >= '1' && at[3] <= '3')
		*out = (uint32_t)(at[2] - '0') * 8 + (uint32_t)(at[3] - '0') * 2;
	else
		return false;
	return true;
}

bool rule_dscp_parse(struct str text, void *out, struct textbuf *why)
{
	uint32_t code;
	uint64_t number;

	if (!dscp_named(text, &code)) {
		if (!str_to_u64(text, 63, &number)) {
			textbuf_printf(
				why, "is no code point: 0..63, ef, cs0 to cs7, or af11 to af43");
			return false;
		}
		code = (uint32_t)number;
	}
	*(uint32_t *)out = code + 1;
	return true;
}

/* ---- numbers that others may use ---- */

static bool hex_to_u32(struct str text, uint32_t *out)
{
	uint32_t number = 0;

	if (text.n < 3 || text.n > 10 || text.at[0] != '0' || text.at[1] != 'x')
		return false;
	for (size_t i = 2; i < text.n; i++) {
		const char *digits = "0123456789abcdef";
		const char *at = memchr(digits, text.at[i] | 0x20, 16);

		if (!at)
			return false;
		number = number << 4 | (uint32_t)(at - digits);
	}
	*out = number;
	return true;
}

bool forwarding_mask_parse(struct str text, void *out, struct textbuf *why)
{
	uint32_t mask, run;

	if (!hex_to_u32(text, &mask)) {
		textbuf_printf(why, "is no mask such as 0xff000000");
		return false;
	}
	for (run = mask; run && !(run & 1);)
		run >>= 1;
	if (run < FL_LINKS_MAX || run > KSTATE_MARK_MASK || run & (run + 1)) {
		textbuf_printf(why,
			"is not a run of bits, enough for %d links and at most 8: 0xff000000",
			FL_LINKS_MAX);
		return false;
	}
	*(uint32_t *)out = mask;
	return true;
}

bool forwarding_table_parse(struct str text, void *out, struct textbuf *why)
{
	uint64_t first;

	if (!str_to_u64(text, UINT32_MAX - FL_LINKS_MAX, &first) || first == 0) {
		textbuf_printf(why, "is no number of a routing table");
		return false;
	}
	if (first <= FORWARDING_KERNEL_TABLES_LAST &&
		first + FL_LINKS_MAX > FORWARDING_KERNEL_TABLES_FIRST) {
		textbuf_printf(why,
			"would take the kernel's own tables 253 to 255, as each of %d links has "
			"one: use 1 to %d, or 256 and more",
			FL_LINKS_MAX, FORWARDING_KERNEL_TABLES_FIRST - FL_LINKS_MAX);
		return false;
	}
	*(uint32_t *)out = (uint32_t)first;
	return true;
}

/* ---- domains ---- */

#define DOMAIN_MAX 253 /* RFC 1035 2.3.4, as it is typed */
#define LABEL_MAX  63

static bool is_label(struct str label)
{
	for (size_t i = 0; i < label.n; i++) {
		char c = label.at[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
			c != '-' && c != '_')
			return false;
	}
	return label.n > 0 && label.n <= LABEL_MAX;
}

bool rule_domain_parse(struct str text, void *out, struct textbuf *why)
{
	struct str left = text;
	bool good = text.n > 0 && text.n <= DOMAIN_MAX && text.at[text.n - 1] != '.';

	while (good && left.n)
		good = is_label(str_cut(&left, '.'));
	if (!good)
		textbuf_printf(
			why, "is no domain such as example.net, of letters, digits and \"-\"");
	else
		*(struct str *)out = text;
	return good;
}

static const struct setting name_columns[] = {
	{
		.name = "NAME",
		.help = "a name of your choice",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct forward_conf, name),
		.type = VALUE_NAME,
	},
	{0},
};
_Static_assert(offsetof(struct address_set_conf, name) == offsetof(struct forward_conf, name),
	"they share their key column");

/* ---- address-set ---- */

static const struct setting set_address_columns[] = {
	{
		.name = "NETWORK",
		.help = "an address or a network: 198.51.100.0/24",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct lan_address, prefix),
		.type = VALUE_PREFIX,
	},
	{0},
};

static const struct setting set_rows[] = {
	{
		.name = "address",
		.help = "in the set",
		.kind = SETTING_LIST,
		.offset = offsetof(struct address_set_conf, addresses),
		.columns = set_address_columns,
		.size = sizeof(struct lan_address),
	},
	{0},
};

const struct setting address_set_setting = {
	.name = "address-set",
	.help = "addresses and networks that rules name together",
	.kind = SETTING_LIST,
	.columns = name_columns,
	.rows = set_rows,
	.size = sizeof(struct address_set_conf),
};

/* ---- forwarding ---- */

static const struct setting forwarding_rows[] = {
	{
		.name = "flowtable",
		.help = "packets of established connections go past the rules: faster, where the "
			"kernel can",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct forwarding_conf, flowtable),
		.type = VALUE_YESNO,
		.def = "no",
	},
	{
		.name = "table-size",
		.help = "how many connections the kernel can keep; left out: by its memory, "
			"65,536 with 512 MiB",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct forwarding_conf, table_size),
		.type = VALUE_UINT,
		.min = 1024,
		.max = 16777216,
	},
	{
		.name = "mark-mask",
		.help = "the only bits of packet and connection marks that are used, for a router "
			"where others use marks, too; left out: all of them",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct forwarding_conf, mark_mask),
		.type = VALUE_CUSTOM,
		.parse = forwarding_mask_parse,
		.syntax = "MASK",
		.example = "0xff000000",
	},
	{
		.name = "first-table",
		.help = "number of the first link's routing table, the others' follow; left out: "
			"101",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct forwarding_conf, first_table),
		.type = VALUE_CUSTOM,
		.parse = forwarding_table_parse,
		.syntax = "NUMBER",
		.example = "1001",
	},
	{
		.name = "first-priority",
		.help = "first of the 600 priorities of ip rules that are used, all before the "
			"kernel's own 32766; left out: 100",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct forwarding_conf, first_priority),
		.type = VALUE_UINT,
		.min = 1,
		.max = 32766 - FORWARDING_PRIORITIES,
	},
	{0},
};

const struct setting forwarding_setting = {
	.name = "forwarding",
	.help = "how packets are forwarded",
	.kind = SETTING_BLOCK,
	.rows = forwarding_rows,
};

/* ---- rule ---- */

static const char *const protocol_choices[] = {
	[RULE_ANY_PROTOCOL] = "any",
	[RULE_TCP] = "tcp",
	[RULE_UDP] = "udp",
	[RULE_ICMP] = "icmp",
	NULL,
};
static const char *const protocol_help[] = {
	[RULE_ANY_PROTOCOL] = "all of them",
	[RULE_TCP] = "web, mail, ...",
	[RULE_UDP] = "voice, QUIC, DNS, ...",
	[RULE_ICMP] = "ping; ICMPv6 in IPv6",
	NULL,
};

static const char *const from_choices[] = {
	[RULE_FROM_ANY] = "any",
	[RULE_FROM_LANS] = "lans",
	[RULE_FROM_ROUTER] = "router",
	NULL,
};
static const char *const from_help[] = {
	[RULE_FROM_ANY] = "both of them",
	[RULE_FROM_LANS] = "what comes in from inside",
	[RULE_FROM_ROUTER] = "what the router asks for itself: names, time, updates, reports",
	NULL,
};

static const struct setting rule_columns[] = {
	{
		.name = "NUMBER",
		.help = "place of the rule: the lowest number that matches decides",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct rule_conf, number),
		.type = VALUE_UINT,
		.min = 1,
		.max = 1000000,
	},
	{0},
};

static const struct setting rule_domain_columns[] = {
	{
		.name = "DOMAIN",
		.help = "a domain; the names under it are meant as well",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct rule_domain, name),
		.type = VALUE_CUSTOM,
		.parse = rule_domain_parse,
		.syntax = "DOMAIN",
		.example = "example.net",
	},
	{0},
};

static const struct setting rule_rows[] = {
	{
		.name = "from",
		.help = "connections of these only",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct rule_conf, from),
		.type = VALUE_CHOICE,
		.choices = from_choices,
		.choice_help = from_help,
		.def = "any",
	},
	{
		.name = "protocol",
		.help = "connections of this protocol only",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct rule_conf, protocol),
		.type = VALUE_CHOICE,
		.choices = protocol_choices,
		.choice_help = protocol_help,
		.def = "any",
	},
	{
		.name = "port",
		.help = "connections to this destination port, or range of ports, only",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct rule_conf, port),
		.type = VALUE_CUSTOM,
		.parse = rule_port_parse,
		.syntax = "PORT[-PORT]",
		.example = "25 or 8000-8080",
	},
	{
		.name = "source",
		.help = "connections from this network only",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct rule_conf, source),
		.type = VALUE_PREFIX,
	},
	{
		.name = "destination",
		.help = "connections to this network only",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct rule_conf, destination),
		.type = VALUE_PREFIX,
	},
	{
		.name = "source-set",
		.help = "connections from addresses of this set only",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct rule_conf, source_set),
		.type = VALUE_REF,
		.ref = "address-set",
	},
	{
		.name = "destination-set",
		.help = "connections to addresses of this set only",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct rule_conf, destination_set),
		.type = VALUE_REF,
		.ref = "address-set",
	},
	{
		.name = "destination-domain",
		.help = "connections to names of this domain only, as clients asked the router for "
			"them",
		.kind = SETTING_LIST,
		.offset = offsetof(struct rule_conf, domains),
		.columns = rule_domain_columns,
		.size = sizeof(struct rule_domain),
	},
	{
		.name = "lan",
		.help = "connections from this LAN only",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct rule_conf, lan),
		.type = VALUE_REF,
		.ref = "lan",
	},
	{
		.name = "dscp",
		.help = "connections whose first packet has this code point only",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct rule_conf, dscp),
		.type = VALUE_CUSTOM,
		.parse = rule_dscp_parse,
		.syntax = "0..63|ef|csN|afNN",
		.example = "ef or 46",
	},
	{
		.name = "policy",
		.help = "the policy that chooses the link",
		.kind = SETTING_VALUE,
		.flags = SETTING_REQUIRED,
		.offset = offsetof(struct rule_conf, policy),
		.type = VALUE_REF,
		.ref = "policy",
	},
	{0},
};

static void rule_check(const void *entry, struct diags *why)
{
	const struct rule_conf *r = entry;

	if (r->port.first && r->protocol != RULE_TCP && r->protocol != RULE_UDP)
		diag_error(why, &r->origin, "port", "add \"protocol tcp\" or \"protocol udp\"",
			"only TCP and UDP have ports");
	if (r->from == RULE_FROM_ROUTER && r->lan >= 0)
		diag_error(why, &r->origin, "lan", "leave out \"lan\" or \"from router\"",
			"the router's own connections come from no lan: none can match");
	if (r->source.addr.family && r->destination.addr.family &&
		r->source.addr.family != r->destination.addr.family)
		diag_error(why, &r->origin, "destination", "make it two rules, one of each family",
			"the source and the destination are not of the same family: no connection "
			"can match");
}

const struct setting rule_setting = {
	.name = "rule",
	.help = "which outbound connections use which policy",
	.kind = SETTING_LIST,
	.columns = rule_columns,
	.rows = rule_rows,
	.size = sizeof(struct rule_conf),
	.check = rule_check,
};

/* ---- forward ---- */

static bool service_parse(struct str text, void *out, struct textbuf *why)
{
	uint32_t protocol = str_is(text, "tcp") ? RULE_TCP : str_is(text, "udp") ? RULE_UDP : 0;

	if (!protocol) {
		textbuf_printf(why, "is neither tcp nor udp");
		return false;
	}
	*(uint32_t *)out = protocol;
	return true;
}

static const struct setting forward_on_columns[] = {
	{
		.name = "LINK",
		.help = "a link",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct forward_on, link),
		.type = VALUE_REF,
		.ref = "link",
	},
	{
		.name = "ADDRESS",
		.help = "the address of that link that is published",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct forward_on, address),
		.type = VALUE_ADDR,
	},
	{0},
};

static const struct setting forward_to_columns[] = {
	{
		.name = "ADDRESS",
		.help = "address of a server inside",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct forward_server, addr),
		.type = VALUE_ADDR,
	},
	{
		.name = "WEIGHT",
		.help = "its share of the connections, against the other servers",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct forward_server, weight),
		.type = VALUE_UINT,
		.min = 1,
		.max = 240,
		.def = "1",
	},
	{0},
};

static const char *const check_choices[] = {
	[FORWARD_CHECK_AUTO] = "auto",
	[FORWARD_CHECK_PING] = "ping",
	[FORWARD_CHECK_TCP] = "tcp",
	[FORWARD_CHECK_NONE] = "none",
	NULL,
};
static const char *const check_help[] = {
	[FORWARD_CHECK_AUTO] = "several servers: by tcp, or by ping where UDP is forwarded",
	[FORWARD_CHECK_PING] = "it must answer a ping",
	[FORWARD_CHECK_TCP] = "it must accept a connection at its port",
	[FORWARD_CHECK_NONE] = "taken as alive",
	NULL,
};

static const struct setting forward_rows[] = {
	{
		.name = "to",
		.help = "a server inside; several share the connections",
		.kind = SETTING_LIST,
		.offset = offsetof(struct forward_conf, to),
		.columns = forward_to_columns,
		.size = sizeof(struct forward_server),
	},
	{
		.name = "check",
		.help = "how it is found out whether a server may get new connections",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct forward_conf, check),
		.type = VALUE_CHOICE,
		.choices = check_choices,
		.choice_help = check_help,
		.def = "auto",
	},
	{
		.name = "persist",
		.help = "all connections of one client go to the same server",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct forward_conf, persist),
		.type = VALUE_FLAG,
	},
	{
		.name = "protocol",
		.help = "tcp or udp",
		.kind = SETTING_VALUE,
		.flags = SETTING_REQUIRED,
		.offset = offsetof(struct forward_conf, protocol),
		.type = VALUE_CUSTOM,
		.parse = service_parse,
		.syntax = "tcp|udp",
	},
	{
		.name = "port",
		.help = "published port, or range of ports",
		.kind = SETTING_VALUE,
		.flags = SETTING_REQUIRED,
		.offset = offsetof(struct forward_conf, port),
		.type = VALUE_CUSTOM,
		.parse = rule_port_parse,
		.syntax = "PORT[-PORT]",
		.example = "25 or 8000-8080",
	},
	{
		.name = "to-port",
		.help = "port of the server, when it is not the published one",
		.kind = SETTING_VALUE,
		.offset = offsetof(struct forward_conf, to_port),
		.type = VALUE_UINT,
		.min = 1,
		.max = UINT16_MAX,
	},
	{
		.name = "on",
		.help = "where the server is published",
		.kind = SETTING_LIST,
		.offset = offsetof(struct forward_conf, on),
		.columns = forward_on_columns,
		.size = sizeof(struct forward_on),
	},
	{
		.name = "source",
		.help = "who may come in; with none everybody may",
		.kind = SETTING_LIST,
		.offset = offsetof(struct forward_conf, sources),
		.columns = set_address_columns,
		.size = sizeof(struct lan_address),
	},
	{0},
};

static void servers_check(const struct forward_conf *f, struct diags *why)
{
	if (f->nto == 0)
		diag_error(why, &f->origin, "to", "add \"to ADDRESS\"",
			"it is not said where it leads to");
	if (f->nto > FORWARD_SERVERS_MAX)
		diag_error(why, &f->origin, "to", "leave some out", "at most %d servers can share",
			FORWARD_SERVERS_MAX);
	for (size_t i = 1; i < f->nto; i++)
		if (f->to[i].addr.family != f->to[0].addr.family)
			diag_error(why, &f->to[i].origin, NULL,
				"make it two forwards, one of each family",
				"the servers are not of the same family");
}

static void published_check(const struct forward_conf *f, struct diags *why)
{
	servers_check(f, why);
	if (f->non == 0)
		diag_error(why, &f->origin, "on", "add \"on LINK ADDRESS\"",
			"the server is published on no link");
	for (size_t i = 0; i < f->nsources; i++)
		if (f->sources[i].prefix.addr.family != forward_family(f))
			diag_error(why, &f->sources[i].origin, NULL,
				"use networks of the server's own family",
				"nobody of this network can reach the server");
	for (size_t i = 0; i < f->non; i++)
		if (f->nto && f->on[i].address.family != forward_family(f))
			diag_error(why, &f->on[i].origin, NULL,
				"use addresses of the server's own family",
				"the published address is not of the server's family");
}

static void forward_check(const void *entry, struct diags *why)
{
	const struct forward_conf *f = entry;

	if (f->to_port && f->port.first != f->port.last)
		diag_error(why, &f->origin, "to-port",
			"leave it out, or publish one port a forward",
			"a range of ports keeps its ports");
	if (f->check == FORWARD_CHECK_TCP && f->protocol == RULE_UDP)
		diag_error(why, &f->origin, "check", "use \"check ping\"",
			"a server of UDP accepts no connections");
	published_check(f, why);
}

const struct setting forward_setting = {
	.name = "forward",
	.help = "a server inside that is reached from outside",
	.kind = SETTING_LIST,
	.columns = name_columns,
	.rows = forward_rows,
	.size = sizeof(struct forward_conf),
	.check = forward_check,
};

/* ---- nat ---- */

static const struct setting nat_to_columns[] = {
	{
		.name = "ADDRESS",
		.help = "address of the host inside",
		.kind = SETTING_VALUE,
		.flags = SETTING_KEY | SETTING_REQUIRED,
		.offset = offsetof(struct forward_server, addr),
		.type = VALUE_ADDR,
	},
	{0},
};

static const struct setting nat_rows[] = {
	{
		.name = "to",
		.help = "the host inside",
		.kind = SETTING_LIST,
		.offset = offsetof(struct forward_conf, to),
		.columns = nat_to_columns,
		.size = sizeof(struct forward_server),
	},
	{
		.name = "on",
		.help = "the address that stands for the host on a link, in both directions",
		.kind = SETTING_LIST,
		.offset = offsetof(struct forward_conf, on),
		.columns = forward_on_columns,
		.size = sizeof(struct forward_on),
	},
	{
		.name = "source",
		.help = "who may come in; with none everybody may",
		.kind = SETTING_LIST,
		.offset = offsetof(struct forward_conf, sources),
		.columns = set_address_columns,
		.size = sizeof(struct lan_address),
	},
	{0},
};

static void nat_check(const void *entry, struct diags *why)
{
	const struct forward_conf *nat = entry;

	if (nat->nto > 1)
		diag_error(why, &nat->to[1].origin, NULL,
			"leave one \"to\", or let servers share the ports of a \"forward\"",
			"an address stands for one host");
	published_check(nat, why);
}

const struct setting nat_setting = {
	.name = "nat",
	.help = "a host inside that has whole addresses outside: all that comes to them goes there",
	.kind = SETTING_LIST,
	.columns = name_columns,
	.rows = nat_rows,
	.size = sizeof(struct forward_conf),
	.check = nat_check,
};
