/* SPDX-License-Identifier: GPL-2.0-or-later */
/* settings_test_schema.h - a schema with every kind of row and every type of value, in the shape of
 * the product's, for the unit tests and the fuzz target of the settings engine. */
#ifndef SETTINGS_TEST_SCHEMA_H
#define SETTINGS_TEST_SCHEMA_H

#include "addr.h"
#include "mtime.h"
#include "settings.h"

#include <stdlib.h>
#include <string.h>

struct t_target {
	struct origin origin;
	struct ip_addr addr;
	uint32_t method;
	struct str query;
};

struct t_address {
	struct origin origin;
	struct ip_prefix prefix;
};

struct t_monitor {
	struct t_target *targets;
	size_t ntargets;
	span interval;
	uint32_t fail_after;
};

struct t_link {
	struct origin origin;
	struct str name, interface, description, password, hash;
	struct t_address *addresses;
	size_t naddresses;
	uint32_t weight;
	uint64_t down, up;
	uint32_t role;
	bool disabled;
	struct t_monitor monitor;
	struct {
		uint64_t quota;
		uint32_t reset_day;
	} metered;
};

struct t_host_name {
	bool has_preference;
	uint32_t preference;
	struct str label;
};

struct t_host {
	struct origin origin;
	struct t_host_name name;
	struct ip_addr address;
	int32_t link;
	bool mail_entry;
	span ttl;
};

struct t_member {
	struct origin origin;
	int32_t index;
};

struct t_balanced {
	struct origin origin;
	struct str name;
	struct t_member *members;
	size_t nmembers;
	int32_t policy;
};

struct t_record {
	struct origin origin;
	struct str name, type, data;
};

struct t_domain {
	struct origin origin;
	struct str name;
	struct t_host *hosts;
	size_t nhosts;
	struct t_balanced *balanced;
	size_t nbalanced;
	struct t_record *records;
	size_t nrecords;
};

struct t_reverse {
	struct origin origin;
	struct ip_prefix prefix;
	bool automatic;
};

struct t_policy {
	struct origin origin;
	struct str name;
	uint32_t method;
	struct t_member *members;
	size_t nmembers;
};

struct t_rule {
	struct origin origin;
	uint32_t number, port;
	int32_t policy;
};

struct t_on {
	struct origin origin;
	int32_t link;
	struct ip_addr address;
	uint32_t weight;
};

struct t_forward {
	struct origin origin;
	struct str name;
	struct ip_addr to;
	struct t_on *on;
	size_t non;
};

struct t_listen {
	struct origin origin;
	struct ip_addr address;
	uint32_t port;
};

struct t_settings {
	struct t_link *links;
	size_t nlinks;
	struct t_domain *domains;
	size_t ndomains;
	struct t_reverse *reverses;
	size_t nreverses;
	struct t_policy *policies;
	size_t npolicies;
	struct t_rule *rules;
	size_t nrules;
	struct t_forward *forwards;
	size_t nforwards;
	struct {
		struct t_listen *listen;
		size_t nlisten;
		uint32_t threads;
	} dns;
};

/* "10;mail1" */
static bool t_parse_host(struct str text, void *out, struct textbuf *why)
{
	struct t_host_name name = {0};
	struct str rest = text, head = str_cut(&rest, ';');
	uint64_t v;

	name.label = head;
	if (head.n < text.n) {
		if (!str_to_u64(head, 65535, &v)) {
			textbuf_printf(why, "has no preference of 0..65535 before its \";\"");
			return false;
		}
		name.has_preference = true;
		name.preference = (uint32_t)v;
		name.label = rest;
	}
	if (name.label.n == 0 || name.label.n > 63) {
		textbuf_printf(why, "is not a host name");
		return false;
	}
	memcpy(out, &name, sizeof(name));
	return true;
}

static void t_check_host(const void *entry, struct diags *why)
{
	const struct t_host *h = entry;

	if (h->mail_entry && !h->name.has_preference)
		diag_error(why, &h->origin, "mail-entry",
			"put a preference before the name: 10;...",
			"a mail entry needs a preference");
	if (h->name.has_preference && !h->mail_entry)
		diag_error(why, &h->origin, "name", "add \"mail-entry yes\"",
			"a preference without mail-entry");
}

static void t_check_monitor(const void *block, struct diags *why)
{
	const struct t_monitor *m = block;

	if (m->ntargets == 1)
		diag_warning(why, &m->targets[0].origin, NULL, "add a second one",
			"one target cannot tell its own death from the link's");
}

/* clang-format off */
#define T_END {.name = NULL}

static const char *const t_methods[] = {"ping", "dns", NULL};
static const char *const t_roles[] = {"primary", "backup", NULL};
static const char *const t_role_help[] = {"carries traffic", "waits until no primary link works"};
static const char *const t_policy_methods[] = {"priority", "weighted", "all", NULL};
static const char *const t_any[] = {"any", NULL};

static const struct setting t_target_columns[] = {
	{.name = "address", .help = "who is asked", .flags = SETTING_KEY, .kind = SETTING_VALUE, .type = VALUE_ADDR, .offset = offsetof(struct t_target, addr)},
	{.name = "method", .help = "how", .flags = SETTING_REQUIRED, .kind = SETTING_VALUE, .type = VALUE_CHOICE, .choices = t_methods, .offset = offsetof(struct t_target, method)},
	{.name = "query", .help = "name to ask for", .kind = SETTING_VALUE, .type = VALUE_NAME, .def = "example.net", .offset = offsetof(struct t_target, query)},
	T_END,
};
static const struct setting t_monitor_rows[] = {
	{.name = "fail-after", .help = "probes lost in a row", .kind = SETTING_VALUE, .type = VALUE_UINT, .min = 1, .max = 20, .def = "3", .offset = offsetof(struct t_monitor, fail_after)},
	{.name = "interval", .help = "time between probes", .kind = SETTING_VALUE, .type = VALUE_SPAN, .min = 100, .max = 60000, .def = "1s", .offset = offsetof(struct t_monitor, interval)},
	{.name = "target", .help = "what is probed", .kind = SETTING_LIST, .flags = SETTING_ORDERED, .columns = t_target_columns, .offset = offsetof(struct t_monitor, targets), .size = sizeof(struct t_target)},
	T_END,
};
static const struct setting t_metered_rows[] = {
	{.name = "quota", .help = "octets a month", .flags = SETTING_REQUIRED, .kind = SETTING_VALUE, .type = VALUE_RATE, .min = 1000, .offset = offsetof(struct t_link, metered.quota) - offsetof(struct t_link, metered)},
	{.name = "reset-day", .help = "day of the month", .kind = SETTING_VALUE, .type = VALUE_UINT, .min = 1, .max = 28, .def = "1", .offset = offsetof(struct t_link, metered.reset_day) - offsetof(struct t_link, metered)},
	T_END,
};
static const struct setting t_bandwidth_rows[] = {
	{.name = "down", .help = "to us, bit/s", .kind = SETTING_VALUE, .type = VALUE_RATE, .min = 1000, .max = 100000000000, .offset = 0},
	{.name = "up", .help = "from us, bit/s", .kind = SETTING_VALUE, .type = VALUE_RATE, .min = 1000, .max = 100000000000, .offset = sizeof(uint64_t)},
	T_END,
};
static const struct setting t_address_columns[] = {
	{.name = "address", .help = "address and prefix length", .flags = SETTING_KEY, .kind = SETTING_VALUE, .type = VALUE_HOST_PREFIX, .offset = offsetof(struct t_address, prefix)},
	T_END,
};
static const struct setting t_link_columns[] = {
	{.name = "name", .help = "name of the link", .flags = SETTING_KEY, .kind = SETTING_VALUE, .type = VALUE_NAME, .offset = offsetof(struct t_link, name)},
	T_END,
};
static const struct setting t_link_rows[] = {
	{.name = "interface", .help = "device under the link", .flags = SETTING_REQUIRED, .kind = SETTING_VALUE, .type = VALUE_NAME, .offset = offsetof(struct t_link, interface)},
	{.name = "address", .help = "own address", .kind = SETTING_LIST, .columns = t_address_columns, .offset = offsetof(struct t_link, addresses), .size = sizeof(struct t_address)},
	{.name = "bandwidth", .help = "what the line carries", .kind = SETTING_BLOCK, .rows = t_bandwidth_rows, .offset = offsetof(struct t_link, down)},
	{.name = "weight", .help = "weight of this link against the others", .kind = SETTING_VALUE, .type = VALUE_UINT, .min = 1, .max = 240, .def = "10", .offset = offsetof(struct t_link, weight)},
	{.name = "role", .help = "when it is used", .kind = SETTING_VALUE, .type = VALUE_CHOICE, .choices = t_roles, .choice_help = t_role_help, .def = "primary", .offset = offsetof(struct t_link, role)},
	{.name = "disabled", .help = "take it out of use", .kind = SETTING_VALUE, .type = VALUE_FLAG, .offset = offsetof(struct t_link, disabled)},
	{.name = "description", .help = "for people", .kind = SETTING_VALUE, .type = VALUE_TEXT, .max = 80, .offset = offsetof(struct t_link, description)},
	{.name = "password", .help = "PPPoE password", .flags = SETTING_SECRET, .kind = SETTING_VALUE, .type = VALUE_TEXT, .min = 1, .max = 64, .offset = offsetof(struct t_link, password)},
	{.name = "hash", .help = "a hash", .flags = SETTING_PRIVATE, .kind = SETTING_VALUE, .type = VALUE_TEXT, .max = 64, .offset = offsetof(struct t_link, hash)},
	{.name = "monitor", .help = "how the link is watched", .kind = SETTING_BLOCK, .rows = t_monitor_rows, .check = t_check_monitor, .offset = offsetof(struct t_link, monitor)},
	{.name = "metered", .help = "it costs by the octet", .kind = SETTING_BLOCK, .rows = t_metered_rows, .offset = offsetof(struct t_link, metered)},
	T_END,
};
static const struct setting t_host_columns[] = {
	{.name = "name", .help = "name of the host", .flags = SETTING_KEY, .kind = SETTING_VALUE, .type = VALUE_CUSTOM, .parse = t_parse_host, .syntax = "[PREFERENCE;]NAME", .offset = offsetof(struct t_host, name)},
	T_END,
};
static const struct setting t_host_rows[] = {
	{.name = "address", .help = "its address", .flags = SETTING_REQUIRED, .kind = SETTING_VALUE, .type = VALUE_ADDR, .offset = offsetof(struct t_host, address)},
	{.name = "link", .help = "link it is reached over", .flags = SETTING_REQUIRED, .kind = SETTING_VALUE, .type = VALUE_REF, .ref = "link", .choices = t_any, .offset = offsetof(struct t_host, link)},
	{.name = "mail-entry", .help = "whether it takes mail", .kind = SETTING_VALUE, .type = VALUE_YESNO, .def = "no", .offset = offsetof(struct t_host, mail_entry)},
	{.name = "ttl", .help = "time to live", .kind = SETTING_VALUE, .type = VALUE_SPAN, .max = 86400000, .offset = offsetof(struct t_host, ttl)},
	T_END,
};
static const struct setting t_host_member_columns[] = {
	{.name = "host", .help = "one of the domain's hosts", .flags = SETTING_KEY, .kind = SETTING_VALUE, .type = VALUE_REF, .ref = "host", .offset = offsetof(struct t_member, index)},
	T_END,
};
static const struct setting t_balanced_columns[] = {
	{.name = "name", .help = "name", .flags = SETTING_KEY, .kind = SETTING_VALUE, .type = VALUE_NAME, .offset = offsetof(struct t_balanced, name)},
	T_END,
};
static const struct setting t_balanced_rows[] = {
	{.name = "member", .help = "a host behind the name", .kind = SETTING_LIST, .flags = SETTING_ORDERED | SETTING_REQUIRED, .columns = t_host_member_columns, .offset = offsetof(struct t_balanced, members), .size = sizeof(struct t_member)},
	{.name = "policy", .help = "how one is chosen", .kind = SETTING_VALUE, .type = VALUE_REF, .ref = "policy", .offset = offsetof(struct t_balanced, policy)},
	T_END,
};
static const struct setting t_record_columns[] = {
	{.name = "name", .help = "owner", .flags = SETTING_KEY, .kind = SETTING_VALUE, .type = VALUE_TEXT, .min = 1, .max = 255, .offset = offsetof(struct t_record, name)},
	{.name = "type", .help = "type", .flags = SETTING_KEY, .kind = SETTING_VALUE, .type = VALUE_NAME, .offset = offsetof(struct t_record, type)},
	{.name = "data", .help = "data as in a zone file", .flags = SETTING_KEY, .kind = SETTING_VALUE, .type = VALUE_TEXT, .offset = offsetof(struct t_record, data)},
	T_END,
};
static const struct setting t_domain_columns[] = {
	{.name = "name", .help = "the domain", .flags = SETTING_KEY, .kind = SETTING_VALUE, .type = VALUE_NAME, .offset = offsetof(struct t_domain, name)},
	T_END,
};
static const struct setting t_domain_rows[] = {
	{.name = "host", .help = "one name, one address, one link", .kind = SETTING_LIST, .columns = t_host_columns, .rows = t_host_rows, .check = t_check_host, .offset = offsetof(struct t_domain, hosts), .size = sizeof(struct t_host)},
	{.name = "balanced-host", .help = "one name over several hosts", .kind = SETTING_LIST, .columns = t_balanced_columns, .rows = t_balanced_rows, .offset = offsetof(struct t_domain, balanced), .size = sizeof(struct t_balanced)},
	{.name = "record", .help = "any other record", .kind = SETTING_LIST, .columns = t_record_columns, .offset = offsetof(struct t_domain, records), .size = sizeof(struct t_record)},
	T_END,
};
static const struct setting t_reverse_columns[] = {
	{.name = "prefix", .help = "network", .flags = SETTING_KEY, .kind = SETTING_VALUE, .type = VALUE_PREFIX, .offset = offsetof(struct t_reverse, prefix)},
	T_END,
};
static const struct setting t_reverse_rows[] = {
	{.name = "auto", .help = "from the host records", .kind = SETTING_VALUE, .type = VALUE_FLAG, .offset = offsetof(struct t_reverse, automatic)},
	T_END,
};
static const struct setting t_link_member_columns[] = {
	{.name = "link", .help = "a link", .flags = SETTING_KEY, .kind = SETTING_VALUE, .type = VALUE_REF, .ref = "link", .offset = offsetof(struct t_member, index)},
	T_END,
};
static const struct setting t_policy_columns[] = {
	{.name = "name", .help = "name", .flags = SETTING_KEY, .kind = SETTING_VALUE, .type = VALUE_NAME, .offset = offsetof(struct t_policy, name)},
	T_END,
};
static const struct setting t_policy_rows[] = {
	{.name = "method", .help = "how a link is chosen", .kind = SETTING_VALUE, .type = VALUE_CHOICE, .choices = t_policy_methods, .def = "all", .offset = offsetof(struct t_policy, method)},
	{.name = "member", .help = "a link, in order of preference", .kind = SETTING_LIST, .flags = SETTING_ORDERED, .columns = t_link_member_columns, .offset = offsetof(struct t_policy, members), .size = sizeof(struct t_member)},
	T_END,
};
static const struct setting t_rule_columns[] = {
	{.name = "number", .help = "the lowest that matches decides", .flags = SETTING_KEY, .kind = SETTING_VALUE, .type = VALUE_UINT, .min = 1, .max = 65535, .offset = offsetof(struct t_rule, number)},
	T_END,
};
static const struct setting t_rule_rows[] = {
	{.name = "port", .help = "destination port", .kind = SETTING_VALUE, .type = VALUE_UINT, .min = 1, .max = 65535, .offset = offsetof(struct t_rule, port)},
	{.name = "policy", .help = "what decides", .flags = SETTING_REQUIRED, .kind = SETTING_VALUE, .type = VALUE_REF, .ref = "policy", .offset = offsetof(struct t_rule, policy)},
	T_END,
};
static const struct setting t_on_columns[] = {
	{.name = "link", .help = "a link", .flags = SETTING_KEY, .kind = SETTING_VALUE, .type = VALUE_REF, .ref = "link", .offset = offsetof(struct t_on, link)},
	{.name = "address", .help = "its address", .flags = SETTING_REQUIRED, .kind = SETTING_VALUE, .type = VALUE_ADDR, .offset = offsetof(struct t_on, address)},
	T_END,
};
static const struct setting t_on_rows[] = {
	{.name = "weight", .help = "against the others", .kind = SETTING_VALUE, .type = VALUE_UINT, .offset = offsetof(struct t_on, weight)},
	T_END,
};
static const struct setting t_forward_columns[] = {
	{.name = "name", .help = "name", .flags = SETTING_KEY, .kind = SETTING_VALUE, .type = VALUE_NAME, .offset = offsetof(struct t_forward, name)},
	T_END,
};
static const struct setting t_forward_rows[] = {
	{.name = "to", .help = "server in a LAN", .flags = SETTING_REQUIRED, .kind = SETTING_VALUE, .type = VALUE_ADDR, .offset = offsetof(struct t_forward, to)},
	{.name = "on", .help = "link and its address", .kind = SETTING_LIST, .columns = t_on_columns, .rows = t_on_rows, .offset = offsetof(struct t_forward, on), .size = sizeof(struct t_on)},
	T_END,
};
static const struct setting t_listen_columns[] = {
	{.name = "address", .help = "own address", .flags = SETTING_KEY, .kind = SETTING_VALUE, .type = VALUE_ADDR, .offset = offsetof(struct t_listen, address)},
	T_END,
};
static const struct setting t_listen_rows[] = {
	{.name = "port", .help = "port", .kind = SETTING_VALUE, .type = VALUE_UINT, .min = 1, .max = 65535, .def = "53", .offset = offsetof(struct t_listen, port)},
	T_END,
};
static const struct setting t_dns_rows[] = {
	{.name = "listen", .help = "where it listens", .kind = SETTING_LIST, .columns = t_listen_columns, .rows = t_listen_rows, .offset = offsetof(struct t_settings, dns.listen) - offsetof(struct t_settings, dns), .size = sizeof(struct t_listen)},
	{.name = "threads", .help = "worker threads", .kind = SETTING_VALUE, .type = VALUE_UINT, .max = 64, .offset = offsetof(struct t_settings, dns.threads) - offsetof(struct t_settings, dns)},
	T_END,
};
static const struct setting t_schema[] = {
	{.name = "link", .help = "an uplink", .kind = SETTING_LIST, .columns = t_link_columns, .rows = t_link_rows, .offset = offsetof(struct t_settings, links), .size = sizeof(struct t_link)},
	{.name = "domain", .help = "a zone we serve", .kind = SETTING_LIST, .columns = t_domain_columns, .rows = t_domain_rows, .offset = offsetof(struct t_settings, domains), .size = sizeof(struct t_domain)},
	{.name = "reverse", .help = "a reverse zone", .kind = SETTING_LIST, .columns = t_reverse_columns, .rows = t_reverse_rows, .offset = offsetof(struct t_settings, reverses), .size = sizeof(struct t_reverse)},
	{.name = "policy", .help = "a method and its members", .kind = SETTING_LIST, .columns = t_policy_columns, .rows = t_policy_rows, .offset = offsetof(struct t_settings, policies), .size = sizeof(struct t_policy)},
	{.name = "rule", .help = "which flows use which policy", .kind = SETTING_LIST, .columns = t_rule_columns, .rows = t_rule_rows, .offset = offsetof(struct t_settings, rules), .size = sizeof(struct t_rule)},
	{.name = "forward", .help = "a service behind the links", .kind = SETTING_LIST, .columns = t_forward_columns, .rows = t_forward_rows, .offset = offsetof(struct t_settings, forwards), .size = sizeof(struct t_forward)},
	{.name = "dns", .help = "the DNS server", .kind = SETTING_BLOCK, .rows = t_dns_rows, .offset = offsetof(struct t_settings, dns)},
	T_END,
};
/* clang-format on */

/* ---- memory from malloc, and a sink that grows ---- */

static inline void *t_get(void *ctx, size_t n)
{
	(void)ctx;
	return malloc(n);
}

static inline void t_put(void *ctx, void *p, size_t n)
{
	(void)ctx, (void)n;
	free(p);
}

static const struct arena_source t_source = {.get = t_get, .put = t_put};

struct t_text {
	char *at;
	size_t n, cap;
};

static inline void t_text_put(void *ctx, const char *text, size_t n)
{
	struct t_text *t = ctx;

	if (t->n + n + 1 > t->cap) {
		t->cap = 2 * (t->n + n + 1);
		t->at = realloc(t->at, t->cap);
		if (!t->at)
			abort();
	}
	memcpy(t->at + t->n, text, n);
	t->n += n;
	t->at[t->n] = '\0';
}

static inline struct sink t_sink(struct t_text *t)
{
	return (struct sink){t_text_put, t};
}

#endif
