/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `show reports`: who is told what, and did it leave?
 *
 *   COLLECTOR                 LEVEL       SENT  WAITING     LOST
 *   192.168.1.10 port 514     notice        12        0        0 */
#include "json_write.h"
#include "product.h"

/* Lines for this collector that are still to be sent. */
static uint64_t waiting(const struct journal *j, const struct report_tail *t)
{
	uint64_t n = 0;

	for (uint64_t i = t->line; i < j->n; i++)
		n += j->line[i % JOURNAL_LINES].level <= t->level;
	return n;
}

static void put_json(const struct fairlead *f, const struct sink *out)
{
	struct json_writer w = {.out = out};
	char to[IP_TEXT_MAX];

	json_rows_begin(&w);
	for (size_t i = 0; i < f->reports.n; i++) {
		const struct report_tail *t = &f->reports.tail[i];

		json_row(&w);
		json_string(&w, "syslog", str_of(ip_addr_text(&t->to, to)));
		json_number(&w, "port", t->port);
		json_string(&w, "level", str_of(log_level_text(t->level)));
		json_number(&w, "sent", (int64_t)t->sent);
		json_number(&w, "waiting", (int64_t)waiting(&f->journal, t));
		json_number(&w, "lost", (int64_t)t->lost);
		json_close(&w, "}");
	}
	json_rows_end(&w);
}

static enum fl_err show_reports(struct console_call *call)
{
	const struct fairlead *f = call->module;
	char to[IP_TEXT_MAX], words[IP_TEXT_MAX + 16];

	if (call->json) {
		put_json(f, call->out);
		return FL_OK;
	}
	if (f->reports.n == 0) {
		sink_puts(call->out, "nobody is told of anything: see \"set report ?\"\n");
		return FL_OK;
	}
	sink_printf(call->out, "%-24s  %-8s %8s %8s %8s\n", "COLLECTOR", "LEVEL", "SENT", "WAITING",
		"LOST");
	for (size_t i = 0; i < f->reports.n; i++) {
		const struct report_tail *t = &f->reports.tail[i];
		struct textbuf text = textbuf_of(words, sizeof(words));

		textbuf_printf(&text, "%s port %u", ip_addr_text(&t->to, to), t->port);
		sink_printf(call->out, "%-24s  %-8s %8llu %8llu %8llu\n", words,
			log_level_text(t->level), (unsigned long long)t->sent,
			(unsigned long long)waiting(&f->journal, t), (unsigned long long)t->lost);
	}
	return FL_OK;
}

const struct console_command reports_commands[] = {
	{"show reports", "who is told of what happens, and did it leave", CONSOLE_ANY_JSON,
		show_reports, NULL},
	{0},
};
