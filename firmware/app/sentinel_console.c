/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a person at the serial line can say. */
#include "sentinel.h"
#include "version.h"

#define LOG_LINES 20

static void serial_put(void *ctx, const char *text, size_t n)
{
	const struct sessions *out = &((struct sentinel *)ctx)->io->sessions;

	(void)out->write(out->ctx, 0, (struct str){text, n});
}

static enum fl_err show_version(struct console_call *call)
{
	const struct sentinel *s = call->module;
	char up[LINK_SPAN_TEXT_MAX];

	sink_printf(call->out, "Fairlead sentinel %s on %s, running for %s\n", fl_version,
		CONFIG_BOARD, link_span_text(mtime_between(s->started, call->now), up));
	return FL_OK;
}

static enum fl_err show_log(struct console_call *call)
{
	const struct sentinel *s = call->module;

	journal_print(&s->journal, LOG_LINES, call->out);
	return FL_OK;
}

static enum fl_err show_system(struct console_call *call)
{
	const struct sentinel *s = call->module;

	s->io->describe(s->io->ctx, call->out);
	return FL_OK;
}

static enum fl_err show_configuration(struct console_call *call)
{
	struct sentinel *s = call->module;

	return settings_print(&sentinel_config(s)->tree, STR(""), SETTINGS_BRACES, call->out) ==
			       FL_EFULL
		       ? FL_EFULL
		       : FL_OK;
}

/* The settings and how the links are, for a program that compares them with the router's. */
static enum fl_err show_dump(struct console_call *call)
{
	struct sentinel *s = call->module;

	for (size_t i = 0; i < s->nlinks; i++) {
		const struct link *l = &s->link[s->order[i]];

		sink_printf(call->out, "# link %.*s %s\n", STR_ARG(l->conf->name),
			link_state_text(
				link_shown_state(l, s->published.live & link_bit(s->order[i]))));
	}
	return show_configuration(call);
}

static void forget_text(void *ctx)
{
	console_forget_text(ctx);
}

static enum fl_err take_settings(struct console_call *call)
{
	struct sentinel *s = call->module;
	enum fl_err err = FL_EFULL;

	if (call->rest.at)
		err = sentinel_zones_replace(s,
			&(struct sentinel_text){call->rest, call->session, forget_text}, call->out);
	else
		sink_puts(call->out, "error: the settings " SENTINEL_TOO_LARGE "\n");

	sink_puts(call->out, err ? "error: nothing was changed\n" : "stored, and in force\n");
	return err;
}

static enum fl_err load_settings(struct console_call *call)
{
	sink_puts(call->out, "paste the settings; Ctrl-D or a line with only a dot ends them, "
			     "Ctrl-C gives up\n");
	console_read_text(call, take_settings);
	return FL_OK;
}

static enum fl_err restart(struct console_call *call)
{
	const struct sentinel *s = call->module;

	s->io->restart(s->io->ctx);
	return FL_OK;
}

static enum fl_err test_watchdog(struct console_call *call)
{
	const struct sentinel *s = call->module;

	s->io->hang(s->io->ctx);
	return FL_OK;
}

static const struct console_command commands[] = {
	{"show version", "version, board and running time", CONSOLE_ANY, show_version, NULL},
	{"show log", "the last lines of the log", CONSOLE_ANY, show_log, NULL},
	{"show system", "memory, the network's counters, the last reset", CONSOLE_ANY, show_system,
		NULL},
	{"show configuration", "the settings in force", CONSOLE_ANY, show_configuration, NULL},
	{"show dump", "links and settings, as a text that can be compared", CONSOLE_ANY, show_dump,
		NULL},
	{"load settings", "take the settings that are pasted, store them and put them in force",
		CONSOLE_ANY_CHANGES, load_settings, NULL},
	{"test watchdog", "do nothing any more: the board must restart within 8 seconds",
		CONSOLE_ANY_CHANGES, test_watchdog, NULL},
	{"restart", "start anew", CONSOLE_ANY_CHANGES, restart, NULL},
	{0},
};

/* ---- what the modules' tables need ---- */

static void carry_out(void *ctx, uint8_t number, mtime now, struct link_out *out)
{
	sentinel_links_carry_out(ctx, number, now, out);
}

static int64_t wall(void *ctx)
{
	const struct io *io = &((struct sentinel *)ctx)->io->io;

	return io->wall(io->ctx);
}

static void figures(void *ctx, struct dns_console_figures *out)
{
	const struct sentinel *s = ctx;

	s->io->dns_figures(s->io->ctx, out);
	out->running = s->responder.image.at;
}

static void counters(void *ctx, struct dns_counters *out)
{
	*out = ((struct sentinel *)ctx)->responder.count;
}

void sentinel_console_bind(struct sentinel *s)
{
	const struct config_values *v = &sentinel_config(s)->v;
	size_t n = 0;

	s->link_console = (struct link_console){.link = s->link,
		.order = s->order,
		.nlinks = &s->nlinks,
		.live = &s->published.live,
		.carry_out = carry_out,
		.op = s->op,
		.drill = &s->drill,
		.history = s->history,
		.wall = wall,
		.ctx = s};
	s->policy_console = (struct policy_console){.policies = v->policies,
		.npolicies = v->npolicies,
		.links = v->links,
		.nlinks = v->nlinks,
		.published = &s->published};
	s->dns_console = (struct dns_console){.image = &s->responder.image,
		.published = &s->published,
		.ctx = s,
		.figures = figures,
		.counters = counters};
	s->led_console = (struct led_console){.lamps = s->panel.lamp, .nlamps = s->panel.n};
	s->commands[n++] = (struct console_module){link_commands, &s->link_console};
	s->commands[n++] = (struct console_module){policy_commands, &s->policy_console};
	s->commands[n++] = (struct console_module){dns_commands, &s->dns_console};
	s->commands[n++] = (struct console_module){led_commands, &s->led_console};
	s->commands[n++] = (struct console_module){commands, s};
	s->commands[n] = (struct console_module){0};
}

static struct str host_name(struct sentinel *s)
{
	struct str name = sentinel_config(s)->v.system.host_name;

	return name.n ? name : STR("sentinel");
}

void sentinel_console_tick(struct sentinel *s, mtime now)
{
	if (!s->console)
		return;
	console_set_host(s->console, host_name(s));
	if (mtime_reached(now, console_next_due(s->console)))
		console_tick(s->console, now);
	if (console_is_done(s->console))
		sentinel_console_open(s, now);
}

void sentinel_console_open(struct sentinel *s, mtime now)
{
	const struct console_setup setup = {
		.modules = s->commands,
		.memory = &s->io->memory,
		.out = {serial_put, s},
		.host = host_name(s),
		.user = STR("serial"),
		.source = STR("serial"),
		.interactive = true,
		.columns = 80,
		.rows = 24,
	};

	if (s->console)
		console_close(s->console);
	s->console = console_open(&setup, now);
}
