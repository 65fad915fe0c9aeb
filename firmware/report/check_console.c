/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check_console.h"

#include "check.h"
#include "inquiry.h"

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

/* ---- what the world says ---- */

#define LOOK_AGAIN ms(100)

typedef void plan(struct inquiry *q, const struct explain_world *w, struct str domain);

/* Plan `q`, or report what came of it (`plan_it` NULL), in the world that the command is about. */
static enum fl_err with_world(
	struct console_call *call, struct inquiry *q, plan *plan_it, const struct inquiry *answered)
{
	const struct explain_console *m = call->module;
	struct explain_about about = {.candidate = console_draft(call->session) != NULL};
	struct explain_world *w;
	struct arena mem;
	enum fl_err err;

	arena_init(&mem, m->memory);
	err = m->world(m->ctx, call->session, &about, call->now, &mem, call->out, &w);
	if (!err) {
		if (plan_it)
			plan_it(q, w, call->arg[0]);
		else
			inquiry_report(answered, w, call->out);
		m->release(w);
	}
	arena_reset(&mem);
	return err;
}

static enum fl_err wait_for_world(struct console_call *call)
{
	const struct explain_console *m = call->module;
	const struct inquiry *answered = m->inquired(m->ctx);

	if (answered)
		return with_world(call, NULL, NULL, answered);
	console_wait(call->session, LOOK_AGAIN, wait_for_world);
	return FL_OK;
}

static enum fl_err look_and_ask(struct console_call *call, look *look_at_it, plan *plan_it)
{
	const struct explain_console *m = call->module;
	enum fl_err err = look_at(call, look_at_it);
	struct inquiry *q;

	if (err == FL_ENOENT)
		console_put_choices(call);
	if (err || !m->inquire)
		return err;
	q = m->inquire(m->ctx);
	if (!q) {
		sink_puts(call->out, "error: the world is being asked for somebody else; try again "
				     "in a moment\n");
		return FL_EAGAIN;
	}
	err = with_world(call, q, plan_it, NULL);
	if (!err)
		console_wait(call->session, LOOK_AGAIN, wait_for_world);
	return err;
}

static enum fl_err mail(struct console_call *call)
{
	return look_and_ask(call, check_mail, inquiry_mail);
}

static enum fl_err delegation(struct console_call *call)
{
	return look_and_ask(call, check_delegation, inquiry_delegation);
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
