/* SPDX-License-Identifier: GPL-2.0-or-later */
/* link_operator_console.c - the operator's hand: `request link`, `test link`, `drill link`. */
#include "link_console.h"

#define TEST_LOOK     ms(50) /* how often a test that runs is looked at */
#define TEST_PATIENCE span_sum(LINK_TEST_WAIT, sec(1))

static struct link_operators operators_of(const struct link_console *m)
{
	return (struct link_operators){m->link, m->op, m->order, *m->nlinks};
}

static bool refuse_last(const struct console_call *call, uint8_t number, const char *cure)
{
	struct link_operators all = operators_of(call->module);

	if (!link_operator_is_last(&all, number))
		return false;
	sink_printf(call->out, "error: %.*s is the only link that carries new connections; %s\n",
		STR_ARG(call->arg[0]), cure);
	return true;
}

/* ---- request link NAME ... ---- */

static enum fl_err request(struct console_call *call, enum link_order order, bool force)
{
	const struct link_console *m = call->module;
	const struct link *l = link_console_find(call);
	bool takes = order == LINK_ORDER_DOWN || order == LINK_ORDER_DRAIN;

	if (!l)
		return FL_ENOENT;
	if (takes && !force &&
		refuse_last(call, l->conf->number, "add \"force\" to do it all the same"))
		return FL_EPERM;
	m->give_order(m->ctx, l->conf->number, order, call->now);
	sink_printf(call->out, "%.*s is %s%s\n", STR_ARG(l->conf->name),
		link_state_text(link_console_shown(m, l)),
		order == LINK_ORDER_NONE ? ""
					 : ", until it is enabled again or the router restarts");
	return FL_OK;
}

static enum fl_err request_enable(struct console_call *call)
{
	return request(call, LINK_ORDER_NONE, false);
}

static enum fl_err request_standby(struct console_call *call)
{
	return request(call, LINK_ORDER_STANDBY, false);
}

static enum fl_err request_drain(struct console_call *call)
{
	return request(call, LINK_ORDER_DRAIN, false);
}

static enum fl_err request_drain_force(struct console_call *call)
{
	return request(call, LINK_ORDER_DRAIN, true);
}

static enum fl_err request_down(struct console_call *call)
{
	return request(call, LINK_ORDER_DOWN, false);
}

static enum fl_err request_down_force(struct console_call *call)
{
	return request(call, LINK_ORDER_DOWN, true);
}

/* ---- test link NAME ---- */

static bool print_result(const struct link *l, size_t i, const struct sink *out)
{
	const struct link_target *t = &l->conf->monitor.targets[i];
	char addr[IP_TEXT_MAX], rtt[LINK_SPAN_TEXT_MAX], wait[LINK_SPAN_TEXT_MAX];

	sink_printf(out, "  %s %s: ", ip_addr_text(&t->addr, addr), link_console_method(t));
	switch ((enum link_test_result)l->test.of[i].result) {
	case LINK_TEST_ANSWERED:
		sink_printf(out, "answered after %s\n", link_span_text(l->test.of[i].rtt, rtt));
		return true;
	case LINK_TEST_UNSENT:
		sink_puts(out, "could not be asked: no route, or no address of its family\n");
		return false;
	case LINK_TEST_NONE:
	case LINK_TEST_WAITING:
	case LINK_TEST_LOST:
		break;
	}
	sink_printf(out, "no answer within %s\n", link_span_text(LINK_TEST_WAIT, wait));
	return false;
}

/* FL_EIO: no target answered. */
static enum fl_err test_result(struct console_call *call)
{
	const struct link *l = link_console_find(call);
	size_t answered = 0;

	if (!l)
		return FL_ENOENT;
	if (!link_test_is_over(l) &&
		mtime_between(l->test.begun, call->now).us < TEST_PATIENCE.us) {
		console_wait(call->session, TEST_LOOK, test_result);
		return FL_OK;
	}
	for (size_t i = 0; i < l->ntargets; i++)
		answered += print_result(l, i, call->out);
	sink_printf(call->out, "%.*s: %zu of %zu targets answered\n", STR_ARG(l->conf->name),
		answered, l->ntargets);
	return answered ? FL_OK : FL_EIO;
}

static enum fl_err test_link(struct console_call *call)
{
	const struct link_console *m = call->module;
	struct link *l = link_console_find(call);
	struct link_out out;

	if (!l)
		return FL_ENOENT;
	if (!link_test_begin(l, call->now, &out)) {
		sink_printf(call->out, "error: nothing was asked: %s\n",
			l->ntargets == 0 ? "the link has no target"
			: l->carrier     ? "the probes of the next seconds are used up"
					 : "no carrier");
		return FL_EAGAIN;
	}
	m->carry_out(m->ctx, l->conf->number, call->now, &out);
	console_wait(call->session, TEST_LOOK, test_result);
	return FL_OK;
}

/* ---- drill link NAME ---- */

static enum fl_err drill(struct console_call *call, span length)
{
	const struct link_console *m = call->module;
	const struct link *l = link_console_find(call);
	char text[LINK_SPAN_TEXT_MAX];

	if (!l)
		return FL_ENOENT;
	if (m->drill->phase != LINK_DRILL_IDLE) {
		sink_printf(call->out, "error: there is a drill of %.*s already\n",
			STR_ARG(m->link[m->drill->number].conf->name));
		return FL_EAGAIN;
	}
	if (!link_is_fit(l)) {
		sink_printf(call->out, "error: %.*s is %s; only a link that works can be drilled\n",
			STR_ARG(l->conf->name), link_state_text(l->state));
		return FL_EAGAIN;
	}
	if (l->ntargets == 0) {
		sink_puts(call->out,
			"error: the link has no target whose answers could be withheld\n");
		return FL_EAGAIN;
	}
	if (refuse_last(call, l->conf->number, "a drill would cut everybody off"))
		return FL_EPERM;
	m->begin_drill(m->ctx, l->conf->number, length, call->now);
	sink_printf(call->out,
		"the answers to the probes of %.*s are withheld for %s; the result comes in the "
		"log and in `show link %.*s history`\n",
		STR_ARG(l->conf->name),
		link_span_text(mtime_between(call->now, m->drill->until), text),
		STR_ARG(l->conf->name));
	return FL_OK;
}

static enum fl_err drill_usual(struct console_call *call)
{
	return drill(call, LINK_DRILL_USUAL);
}

static enum fl_err drill_for(struct console_call *call)
{
	struct str text = call->arg[1];
	uint64_t n;

	if (text.n && text.at[text.n - 1] == 's')
		text.n--;
	if (!str_to_u64(text, (uint64_t)LINK_DRILL_LONGEST.us / 1000000, &n) ||
		sec((int64_t)n).us < LINK_DRILL_SHORTEST.us) {
		sink_printf(call->out, "error: \"%.*s\" is no length of a drill: use 5s..300s\n",
			STR_ARG(call->arg[1]));
		return FL_ERANGE;
	}
	return drill(call, sec((int64_t)n));
}

#define ROW(line, what, function)                                                                  \
	{                                                                                          \
		.grammar = (line), .help = (what), .mode = CONSOLE_ANY_CHANGES, .run = (function), \
		.words = link_console_words,                                                       \
	}

const struct console_command link_operator_commands[] = {
	ROW("request link NAME enable", "end what was requested: the detector decides alone again",
		request_enable),
	ROW("request link NAME standby", "use it as a backup, until the router restarts",
		request_standby),
	ROW("request link NAME drain", "no new connections; those it has stay", request_drain),
	ROW("request link NAME drain force", "even if no other link is left", request_drain_force),
	ROW("request link NAME down", "treat it as dead: its connections move away", request_down),
	ROW("request link NAME down force", "even if no other link is left", request_down_force),
	ROW("test link NAME", "ask every target of a link once, now", test_link),
	ROW("drill link NAME", "make a link look dead for 30 s and measure what follows",
		drill_usual),
	/* Its last capital word is no link. */
	{
		.grammar = "drill link NAME for TIME",
		.help = "the same for 5s..300s",
		.mode = CONSOLE_ANY_CHANGES,
		.run = drill_for,
	},
	{0},
};
