/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns_console.h"

#include "dns_explain.h"

static bool is_serving(const struct dns_console *m, const struct sink *out)
{
	if (m->image && m->image->at)
		return true;
	sink_puts(out, "no domain is served\n");
	return false;
}

static void show_figures(const struct dns_console *m, const struct sink *out)
{
	struct dns_console_figures f = {0};

	if (!m->figures)
		return;
	m->figures(m->ctx, &f);
	sink_printf(out, "worker %s, restarted %lu times", f.running ? "running" : "not running",
		(unsigned long)f.restarts);
	if (f.violations)
		sink_printf(out, ", after %lu forbidden system call%s", (unsigned long)f.violations,
			f.violations == 1 ? "" : "s");
	sink_puts(out, "\n");
	sink_printf(out,
		"queries %llu (%llu over TCP), replies %llu, dropped %llu, truncated %llu\n",
		(unsigned long long)f.queries, (unsigned long long)f.tcp,
		(unsigned long long)f.replies, (unsigned long long)f.dropped,
		(unsigned long long)f.truncated);
}

static enum fl_err show_dns(struct console_call *call)
{
	const struct dns_console *m = call->module;

	if (is_serving(m, call->out))
		dns_image_list(m->image, m->published, call->out);
	show_figures(m, call->out);
	return FL_OK;
}

static enum fl_err show_dns_statistics(struct console_call *call)
{
	const struct dns_console *m = call->module;
	struct dns_counters c = {0};
	struct dns_console_figures f = {0};

	if (m->counters)
		m->counters(m->ctx, &c);
	if (m->figures)
		m->figures(m->ctx, &f);
	(call->json ? dns_counters_print_json : dns_counters_print)(
		&c, f.violations, m->image, call->out);
	return FL_OK;
}

static enum fl_err show_dns_answer(struct console_call *call)
{
	const struct dns_console *m = call->module;

	if (!is_serving(m, call->out))
		return FL_ENOENT;
	return dns_explain(m->image, m->published, call->arg[0], call->arg[1], call->out);
}

static enum fl_err show_dns_answer_from(struct console_call *call)
{
	const struct dns_console *m = call->module;
	struct ip_addr from;

	if (ip_addr_parse(call->arg[2], &from) != FL_OK) {
		sink_printf(
			call->out, "error: \"%.*s\" is not an address\n", STR_ARG(call->arg[2]));
		return FL_EFORMAT;
	}
	if (!is_serving(m, call->out))
		return FL_ENOENT;
	return dns_explain_from(
		m->image, m->published, call->arg[0], call->arg[1], &from, call->out);
}

bool dns_type_words(void *module, size_t index, struct settings_choice *out)
{
	static const struct settings_choice types[] = {
		{STR("A"), STR("IPv4 addresses"), false},
		{STR("AAAA"), STR("IPv6 addresses"), false},
		{STR("MX"), STR("mail exchanges"), false},
		{STR("NS"), STR("name servers"), false},
		{STR("PTR"), STR("the name of an address"), false},
		{STR("SOA"), STR("the domain's own record"), false},
		{STR("SRV"), STR("services"), false},
		{STR("TXT"), STR("texts"), false},
		{STR("CNAME"), STR("the name this is an alias of"), false},
		{STR("ANY"), STR("one set of what there is"), false},
	};

	(void)module;
	if (index >= COUNT_OF(types))
		return false;
	*out = types[index];
	return true;
}

const struct console_command dns_commands[] = {
	{"show dns", "domains that are served, and the figures of the worker", CONSOLE_ANY,
		show_dns, NULL},
	{"show dns statistics", "what was asked and answered, by type, code, link and cookie",
		CONSOLE_ANY_JSON, show_dns_statistics, NULL},
	{"show dns answer NAME TYPE", "what is answered now, and why", CONSOLE_ANY, show_dns_answer,
		dns_type_words},
	{"show dns answer NAME TYPE from ADDRESS", "what somebody is answered now, and why",
		CONSOLE_ANY, show_dns_answer_from, NULL},
	{0},
};
