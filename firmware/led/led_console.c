/* SPDX-License-Identifier: GPL-2.0-or-later */
/* led_console.c - the lamps, for a person who is not in front of the box, and what they mean, for
 * one who is. */
#include "led_console.h"

#include "json_write.h"

/* The lamps that nothing is assigned to, in one line: a board may have many. */
static void put_dark(const struct led_console *m, const struct sink *out)
{
	const char *before = "dark, no link is assigned: ";

	for (size_t i = 0; i < m->nlamps; i++) {
		if (m->lamps[i].pattern)
			continue;
		sink_printf(out, "%s%.*s", before, STR_ARG(m->lamps[i].name));
		before = ", ";
	}
	if (before[0] == ',')
		sink_puts(out, "\n");
}

static enum fl_err leds_json(const struct led_console *m, const struct sink *out)
{
	struct json_writer w = {.out = out};

	json_rows_begin(&w);
	for (size_t i = 0; i < m->nlamps; i++) {
		const struct led_lamp *l = &m->lamps[i];

		json_row(&w);
		json_string(&w, "lamp", l->name);
		json_string(&w, "pattern", str_of(l->pattern ? l->pattern->name : "off"));
		json_string(&w, "meaning", l->pattern ? str_of(l->meaning) : STR("no link"));
		json_close(&w, "}");
	}
	json_rows_end(&w);
	return FL_OK;
}

static enum fl_err show_leds(struct console_call *call)
{
	const struct led_console *m = call->module;

	if (call->json)
		return leds_json(m, call->out);
	if (m->nlamps == 0) {
		sink_puts(call->out, "this board has no lamps\n");
		return FL_OK;
	}
	sink_printf(call->out, "%-6s  %-18s  %s\n", "LAMP", "PATTERN", "MEANING");
	for (size_t i = 0; i < m->nlamps; i++) {
		const struct led_lamp *l = &m->lamps[i];

		if (l->pattern)
			sink_printf(call->out, "%-6.*s  %-18s  %s\n", STR_ARG(l->name),
				l->pattern->name, l->meaning);
	}
	put_dark(m, call->out);
	return FL_OK;
}

/* One cycle of 800 ms, a letter for each 50 ms: "GGGGGGGGAAAAAAAA" */
static void shape_put(const struct led_pattern *p, bool one_colour, const struct sink *out)
{
	static const char letters[] = {
		[LED_OFF] = '.', [LED_GREEN] = 'G', [LED_AMBER] = 'A', [LED_RED] = 'R'};
	char shape[LED_TICKS + 1] = "";

	for (uint64_t tick = 0; tick < LED_TICKS; tick++) {
		enum led_colour c = led_colour_at(p, tick);

		shape[tick] = one_colour && c != LED_OFF ? '#' : letters[c];
	}
	sink_puts(out, shape);
}

static void legend_row(const struct led_pattern *two, const struct led_pattern *one,
	const char *meaning, const struct sink *out)
{
	shape_put(two, false, out);
	sink_puts(out, "  ");
	shape_put(one, true, out);
	sink_printf(out, "  %s\n", meaning);
}

static enum fl_err show_legend(struct console_call *call)
{
	static const enum link_state links[] = {LINK_UP, LINK_STANDBY, LINK_DEGRADED,
		LINK_RECOVERING, LINK_DOWN, LINK_NO_CARRIER, LINK_DISABLED};

	sink_puts(call->out,
		"One cycle of 800 ms: G green, A amber, R red, . dark; # lit, on a lamp "
		"with one colour\n\n");
	sink_printf(call->out, "%-16s  %-16s  %s\n", "WANn", "ONE COLOUR", "MEANING");
	for (size_t i = 0; i < COUNT_OF(links); i++)
		legend_row(led_link_pattern(links[i], false), led_link_pattern(links[i], true),
			led_link_meaning(links[i]), call->out);
	sink_printf(call->out, "\n%-16s  %-16s  %s\n", "SYS", "ONE COLOUR", "MEANING");
	for (unsigned s = 0; s < LED_SYS_STATES; s++)
		legend_row(led_system_pattern(s, false), led_system_pattern(s, true),
			led_system_meaning(s), call->out);
	return FL_OK;
}

const struct console_command led_commands[] = {
	{
		.grammar = "show leds",
		.help = "the lamps: what each shows now, and what that means",
		.mode = CONSOLE_ANY_HEADED_JSON,
		.run = show_leds,
	},
	{
		.grammar = "show leds legend",
		.help = "all patterns and their meanings",
		.mode = CONSOLE_ANY,
		.run = show_legend,
	},
	{0},
};
