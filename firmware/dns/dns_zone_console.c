/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns_zone_console.h"

#include "dns_import.h"
#include "dns_transfer.h"

static enum fl_err show_zone(struct console_call *call)
{
	const struct dns_zone_console *m = call->module;
	enum fl_err err = FL_ENOENT;

	if (m->image && m->image->at)
		err = dns_zone_print(m->image, m->published, call->arg[0], call->out);
	if (err) {
		sink_printf(call->out, "error: \"%.*s\" is not a zone that is served\n",
			STR_ARG(call->arg[0]));
		console_put_choices(call);
	}
	return err;
}

static bool zone_words(void *module, size_t index, struct settings_choice *out)
{
	const struct dns_zone_console *m = module;

	if (index >= m->ndomains)
		return false;
	*out = (struct settings_choice){.word = m->domains[index].name, .help = STR("a domain")};
	return true;
}

static const char *notify_text(const struct dns_notify_entry *e)
{
	if (!e->waits)
		return e->told ? "knows, or has refused to" : "not told";
	return e->sent ? "was told, has not answered" : "to be told";
}

static enum fl_err show_secondaries(struct console_call *call)
{
	const struct dns_zone_console *m = call->module;

	for (size_t i = 0; i < m->notify->n; i++) {
		const struct dns_notify_entry *e = &m->notify->entry[i];
		char zone[DNS_NAME_TEXT_MAX], to[IP_TEXT_MAX];

		sink_printf(call->out, "%-32s %-24s port %-5u %s%s\n",
			dns_name_text(e->zone.wire, zone), ip_addr_text(&e->to, to), e->port,
			notify_text(e), e->is_signed ? ", signed" : "");
	}
	if (m->notify->n == 0)
		sink_puts(call->out, "no secondary is told of changes\n");
	return FL_OK;
}

/* ---- import ---- */

struct importing {
	struct console_call *call;
	struct settings *draft;
	struct arena *mem;
};

static bool take_statement(void *ctx, struct str text)
{
	struct importing *i = ctx;
	struct diags why;
	enum fl_err err;

	diags_init(&why, i->mem);
	err = settings_parse(i->draft, text, &why);
	if (err)
		diags_print(&why, NULL, i->call->out);
	return err == FL_OK;
}

static void tell_mistake(void *ctx, uint32_t line, const char *what)
{
	struct importing *i = ctx;

	sink_printf(i->call->out, "line %lu: %s\n", (unsigned long)line, what);
}

static enum fl_err import_text(
	struct console_call *call, struct settings *draft, struct bytes text, struct arena *mem)
{
	const struct dns_zone_console *m = call->module;
	struct importing i = {call, draft, mem};
	const struct dns_import import = {m->links, m->nlinks, &i, take_statement, tell_mistake};
	size_t taken = 0, left = 0;
	enum fl_err err = dns_import(&import, call->arg[0],
		(struct str){(const char *)text.at, text.n}, mem, &taken, &left);

	if (err) {
		sink_printf(call->out, "error: %s\n",
			err == FL_EFORMAT ? "the domain is not a name" : fl_err_text(err));
		return err;
	}
	sink_printf(call->out,
		"%zu records were taken, %zu left out; \"compare\" shows what a \"commit\" would "
		"change\n",
		taken, left);
	return FL_OK;
}

static enum fl_err import_zone(struct console_call *call)
{
	const struct dns_zone_console *m = call->module;
	struct settings *draft = console_draft_to_change(call->session);
	char words[256];
	struct textbuf why = textbuf_of(words, sizeof(words));
	struct arena mem;
	struct bytes text;
	enum fl_err err;

	if (!draft)
		return FL_EPERM; /* the row is for the configuration mode alone */
	if (!console_may_name_file(call->session, call->arg[1], call->out))
		return FL_EPERM;
	arena_init(&mem, m->memory);
	err = m->read_file(m->ctx, call->arg[1], &mem, &text, &why);
	if (err)
		sink_printf(call->out, "error: \"%.*s\": %s\n", STR_ARG(call->arg[1]),
			why.n ? words : fl_err_text(err));
	else
		err = import_text(call, draft, text, &mem);
	arena_reset(&mem);
	return err;
}

const struct console_command dns_zone_commands[] = {
	{"show zone NAME", "a zone as it is answered now, as a master file", CONSOLE_ANY_ZONE,
		show_zone, zone_words},
	{"show domain NAME", "the same as \"show zone NAME\"", CONSOLE_OPERATE_ZONE, show_zone,
		zone_words},
	{"show dns secondaries", "who is told of changes, and who knows", CONSOLE_ANY_HEADED,
		show_secondaries, NULL},
	{"import zone NAME FILE", "take a master file into a domain's settings",
		CONSOLE_CONFIGURE | CONSOLE_CHANGES, import_zone, NULL},
	{0},
};
