/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check_console.h"

#include "check.h"

typedef enum fl_err look(const struct explain_world *w, struct str domain, const struct sink *out);

static enum fl_err look_at(struct console_call *call, look *look_at_it)
{
	const struct explain_console *m = call->module;
	struct explain_about about = {.candidate = console_draft(call->session) != NULL};
	struct explain_world *w;
	struct arena mem;
	enum fl_err err;

	arena_init(&mem, m->memory);
	err = m->world(m->ctx, call->session, &about, call->now, &mem, call->out, &w);
	if (!err) {
		err = look_at_it(w, call->arg[0], call->out);
		m->release(w);
	}
	arena_reset(&mem);
	return err;
}

static enum fl_err all_settings(
	const struct explain_world *w, struct str domain, const struct sink *out)
{
	(void)domain;
	check_settings(w, out);
	return FL_OK;
}

static enum fl_err check(struct console_call *call)
{
	return look_at(call, all_settings);
}

static enum fl_err mail(struct console_call *call)
{
	return look_at(call, check_mail);
}

static enum fl_err delegation(struct console_call *call)
{
	return look_at(call, check_delegation);
}

static bool domain_words(void *module, size_t index, struct settings_choice *out)
{
	const struct explain_console *m = module;

	if (index >= m->ndomains)
		return false;
	*out = (struct settings_choice){.word = m->domains[index].name, .help = STR("a domain")};
	return true;
}

const struct console_command check_commands[] = {
	{"check", "what is allowed in the settings, but not wise", CONSOLE_ANY, check, NULL},
	{"check mail DOMAIN", "addresses, names and links of a domain's mail, both ways",
		CONSOLE_ANY, mail, domain_words},
	{"check delegation DOMAIN", "what the parent domain must say of a domain", CONSOLE_ANY,
		delegation, domain_words},
	{0},
};
