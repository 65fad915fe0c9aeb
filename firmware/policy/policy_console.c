/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy_console.c - what the policies do now, for the person at the console.
 *
 *   POLICY   METHOD          NEW CONNECTIONS              NOT IN USE
 *   spread   weighted        wan1 80 %, wan2 20 %         lte
 *   mail     priority        wan1 100 %, then wan2        -
 */
#include "policy_console.h"

#include "json_write.h"

#include <stdio.h>
#include <string.h>

#define SHARE_WIDTH 300

static struct str link_name(const struct policy_console *m, unsigned number)
{
	const struct link_conf *l = link_conf_numbered(m->links, m->nlinks, number);

	return l ? l->name : STR("?");
}

static unsigned slots_of(const struct published_policy *p, unsigned number)
{
	unsigned n = 0;

	for (size_t i = 0; i < POLICY_SLOTS; i++)
		n += p->slot[i] == number;
	return n;
}

/* "33.3 %", "50 %": of 240 slots, to a tenth. */
static void percent_put(struct textbuf *out, unsigned slots)
{
	unsigned tenths = (slots * 1000 + POLICY_SLOTS / 2) / POLICY_SLOTS;

	textbuf_printf(out, "%u", tenths / 10);
	if (tenths % 10)
		textbuf_printf(out, ".%u", tenths % 10);
	textbuf_printf(out, " %%");
}

static const char *dead_text(unsigned when_dead)
{
	switch ((enum policy_when_dead)when_dead) {
	case POLICY_NEXT_RULE:
		return "no live member: the next rule decides";
	case POLICY_ANY:
		return "no live member: any live link carries it";
	case POLICY_DROP:
		return "no live member: dropped";
	}
	return "no live member";
}

/* "wan1 80 %, wan2 20 %"; "wan1 100 %, then wan2" */
static void live_put(
	struct textbuf *out, const struct policy_console *m, const struct published_policy *p)
{
	if (p->nlive == 0)
		textbuf_printf(out, "%s", dead_text(p->when_dead));
	for (size_t i = 0; i < p->nlive; i++) {
		unsigned slots = slots_of(p, p->live[i]);

		textbuf_printf(out, "%s%s%.*s", i ? ", " : "", i && slots == 0 ? "then " : "",
			STR_ARG(link_name(m, p->live[i])));
		if (slots) {
			textbuf_printf(out, " ");
			percent_put(out, slots);
		}
	}
}

static bool is_live(const struct published_policy *p, unsigned number)
{
	return p->nlive && memchr(p->live, (int)number, p->nlive);
}

static void idle_put(
	struct textbuf *out, const struct policy_console *m, const struct published_policy *p)
{
	for (size_t i = 0; i < p->nmembers; i++)
		if (!is_live(p, p->members[i]))
			textbuf_printf(out, "%s%.*s", out->n ? ", " : "",
				STR_ARG(link_name(m, p->members[i])));
	if (out->n == 0)
		textbuf_printf(out, "-");
}

/* How many policies there are to show: the published ones that are also in the settings. */
static size_t policies_shown(const struct policy_console *m)
{
	size_t n = m->published ? m->published->npolicies : 0;

	return n < m->npolicies ? n : m->npolicies;
}

static int name_width(const struct policy_console *m)
{
	size_t width = strlen("POLICY");

	for (size_t i = 0; i < policies_shown(m); i++)
		if (m->policies[i].name.n > width)
			width = m->policies[i].name.n;
	return (int)width;
}

/* "live": [{"link": "wan1", "slots": 192}], "idle": ["lte"] */
static void put_members(
	struct json_writer *w, const struct policy_console *m, const struct published_policy *p)
{
	json_key(w, "live");
	json_open(w, "[");
	for (size_t i = 0; i < p->nlive; i++) {
		json_row(w);
		json_string(w, "link", link_name(m, p->live[i]));
		json_number(w, "slots", slots_of(p, p->live[i]));
		json_close(w, "}");
	}
	json_close(w, "]");
	json_key(w, "idle");
	json_open(w, "[");
	for (size_t i = 0; i < p->nmembers; i++) {
		if (is_live(p, p->members[i]))
			continue;
		json_element(w);
		json_put_string(w->out, link_name(m, p->members[i]));
	}
	json_close(w, "]");
}

static enum fl_err policies_json(const struct policy_console *m, const struct sink *out)
{
	struct json_writer w = {.out = out};

	json_rows_begin(&w);
	for (size_t i = 0; i < policies_shown(m); i++) {
		const struct published_policy *p = &m->published->policy[i];

		json_row(&w);
		json_string(&w, "policy", m->policies[i].name);
		json_string(&w, "method", str_of(policy_method_text(p->method)));
		put_members(&w, m, p);
		json_close(&w, "}");
	}
	json_rows_end(&w);
	return FL_OK;
}

static enum fl_err show_policies(struct console_call *call)
{
	const struct policy_console *m = call->module;
	int width = name_width(m);

	if (call->json)
		return policies_json(m, call->out);
	if (policies_shown(m) == 0) {
		sink_puts(call->out, "no policy is configured\n");
		return FL_OK;
	}
	sink_printf(call->out, "%-*s  %-14s  %-32s  %s\n", width, "POLICY", "METHOD",
		"NEW CONNECTIONS", "NOT IN USE");
	for (size_t i = 0; i < policies_shown(m); i++) {
		const struct published_policy *p = &m->published->policy[i];
		char live[SHARE_WIDTH], idle[SHARE_WIDTH];
		struct textbuf l = textbuf_of(live, sizeof(live));
		struct textbuf d = textbuf_of(idle, sizeof(idle));

		live_put(&l, m, p);
		idle_put(&d, m, p);
		sink_printf(call->out, "%-*.*s  %-14s  %-32s  %s\n", width,
			STR_ARG(m->policies[i].name), policy_method_text(p->method), live, idle);
	}
	return FL_OK;
}

static const char *member_state(const struct policy_console *m, unsigned number, bool live)
{
	if (live)
		return "live";
	if (m->published->fit & link_bit(number))
		return "backup, not needed";
	return m->published->configured & link_bit(number) ? "not fit" : "disabled";
}

static void policy_detail(const struct policy_console *m, size_t which, const struct sink *out)
{
	const struct published_policy *p = &m->published->policy[which];
	char share[16];

	sink_printf(out, "policy %.*s: %s\n", STR_ARG(m->policies[which].name),
		policy_method_text(p->method));
	if (p->nlive == 0)
		sink_printf(out, "%s\n", dead_text(p->when_dead));
	sink_printf(out, "%-16s  %-18s  %s\n", "MEMBER", "STATE", "SHARE");
	for (size_t i = 0; i < p->nmembers; i++) {
		struct textbuf t = textbuf_of(share, sizeof(share));
		unsigned slots = slots_of(p, p->members[i]);

		percent_put(&t, slots);
		sink_printf(out, "%-16.*s  %-18s  %s (%u of %d slots)\n",
			STR_ARG(link_name(m, p->members[i])),
			member_state(m, p->members[i], is_live(p, p->members[i])), share, slots,
			POLICY_SLOTS);
	}
}

static enum fl_err show_policy(struct console_call *call)
{
	const struct policy_console *m = call->module;

	for (size_t i = 0; i < policies_shown(m); i++)
		if (str_eq(m->policies[i].name, call->arg[0])) {
			policy_detail(m, i, call->out);
			return FL_OK;
		}
	return console_no_such(call, "policy", call->arg[0]);
}

static bool policy_words(void *module, size_t index, struct settings_choice *out)
{
	const struct policy_console *m = module;

	if (index >= m->npolicies)
		return false;
	*out = (struct settings_choice){.word = m->policies[index].name, .help = STR("a policy")};
	return true;
}

const struct console_command policy_commands[] = {
	{
		.grammar = "show policies",
		.help = "policies, their live members and shares of new connections",
		.mode = CONSOLE_ANY_HEADED_JSON,
		.run = show_policies,
	},
	{
		.grammar = "show policy NAME",
		.help = "one policy: its members, their states and slots",
		.mode = CONSOLE_ANY,
		.run = show_policy,
		.words = policy_words,
	},
	{0},
};
