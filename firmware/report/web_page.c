/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state for a person with a browser: one page that fetches nothing, works without a script and
 * comes anew every five seconds.  States are words; colours only help. */
#include "date.h"
#include "web.h"

#define CLOCK_WAS_SET INT64_C(31536000) /* 1971 */

static const char style[] =
	"body{font:15px/1.4 system-ui,sans-serif;margin:1em auto;max-width:70em;padding:0 "
	"1em;color:#222;background:#fff}"
	"table{border-collapse:collapse;width:100%}"
	"th,td{text-align:left;padding:.3em .8em .3em 0;border-bottom:1px solid "
	"#ccc;vertical-align:top}"
	"pre{white-space:pre-wrap;overflow-wrap:anywhere;font-size:13px}.up{color:#1a7a2e}.warn{"
	"color:#9a6400}"
	".bad{color:#b3261e;font-weight:bold}.off{color:#777}"
	"@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}"
	"th,td{border-color:#444}.up{color:#6fce84}.warn{color:#e0b050}.bad{color:#ff8a80}}"
	/* A narrow window: a link is some lines of words, each figure with its name. */
	"@media(max-width:55em){th,td:empty{display:none}tr{display:block;padding:.5em 0;"
	"border-bottom:1px solid #888}td{display:inline-block;border:0;padding:0 .8em 0 0}"
	"td:nth-child(4):before{content:'for '}td:nth-child(5):before{content:'round trip '}"
	"td:nth-child(6):before{content:'loss '}td:nth-child(7):before{content:'down '}"
	"td:nth-child(8):before{content:'up '}td:nth-child(9){display:block}}";

static void escaped_put(void *ctx, const char *text, size_t n)
{
	const struct sink *out = ctx;

	for (size_t i = 0; i < n; i++)
		switch (text[i]) {
		case '<':
			sink_puts(out, "&lt;");
			break;
		case '>':
			sink_puts(out, "&gt;");
			break;
		case '&':
			sink_puts(out, "&amp;");
			break;
		case '"':
			sink_puts(out, "&quot;");
			break;
		default:
			out->put(out->ctx, text + i, 1);
		}
}

static void put_text(const struct sink *out, struct str text)
{
	escaped_put((void *)(uintptr_t)out, text.at, text.n);
}

static const char *class_of(enum link_state s)
{
	switch (s) {
	case LINK_UP:
	case LINK_SUSPECT:
	case LINK_STANDBY:
		return "up";
	case LINK_DEGRADED:
	case LINK_RECOVERING:
		return "warn";
	case LINK_DOWN:
		return "bad";
	case LINK_NONE:
	case LINK_NO_CARRIER:
	case LINK_DISABLED:
	case LINK_STATES:
		return "off";
	}
	return "off";
}

static void put_names(const struct web_facts *f, bool in_use, const struct sink *out)
{
	const char *before = "";

	for (size_t i = 0; i < f->nlinks; i++)
		if (f->links[i].in_use == in_use) {
			sink_printf(out, "%s%.*s", before, STR_ARG(f->links[i].name));
			before = ", ";
		}
}

/* "New connections leave over wan1, wan2." */
static void put_sentence(const struct web_facts *f, const struct sink *out)
{
	bool some = false;

	for (size_t i = 0; i < f->nlinks; i++)
		some |= f->links[i].in_use;
	if (!some) {
		sink_puts(out, "<p class=bad>No link carries new connections.</p>\n");
		return;
	}
	sink_puts(out, "<p>New connections leave over <b>");
	put_names(f, true, out);
	sink_puts(out, "</b>.</p>\n");
}

static void put_rate(uint64_t bps, const struct sink *out)
{
	static const char *const unit[] = {"kbit/s", "Mbit/s", "Gbit/s"};
	uint64_t tenths = bps / 100;
	size_t u = 0;

	while (tenths >= 10000 && u + 1 < COUNT_OF(unit)) {
		tenths /= 1000;
		u++;
	}
	sink_printf(out, "%llu.%llu&nbsp;%s", (unsigned long long)tenths / 10,
		(unsigned long long)tenths % 10, unit[u]);
}

static void put_link(const struct web_link *l, const struct sink *out)
{
	char text[LINK_SPAN_TEXT_MAX];

	sink_printf(out, "<tr><td><b>%.*s</b><td>", STR_ARG(l->name));
	put_text(out, l->interface);
	sink_printf(out, "<td class=%s>%s<td>%s<td>", class_of(l->state), link_state_text(l->state),
		link_span_text(l->since, text));
	if (l->rtt.us >= 0)
		sink_printf(out, "%s", link_span_text(l->rtt, text));
	sink_printf(out, "<td>%u.%u&nbsp;%%<td>", (unsigned)l->loss_permille / 10,
		(unsigned)l->loss_permille % 10);
	put_rate(l->down, out);
	sink_puts(out, "<td>");
	put_rate(l->up, out);
	sink_puts(out, "<td>");
	put_text(out, str_of(l->cause));
	if (l->metered)
		sink_printf(out, "; %llu of %llu MB of its quota used",
			(unsigned long long)(l->quota_used / 1000000),
			(unsigned long long)(l->quota / 1000000));
	sink_puts(out, "\n");
}

static void put_rest(const struct web_facts *f, const struct sink *out)
{
	char text[LINK_SPAN_TEXT_MAX];

	sink_printf(out, "<p>DNS: %s, %llu questions. Settings: revision %u.",
		f->dns.running ? "answering" : "<span class=bad>not running</span>",
		(unsigned long long)f->dns.queries, f->revision);
	if (f->confirm.us >= 0)
		sink_printf(out,
			" <span class=warn>It goes back in %s unless it is confirmed.</span>",
			link_span_text(f->confirm, text));
	if (f->connections_known)
		sink_printf(out, " Connections: %u of %u.", f->connections, f->connections_max);
	sink_puts(out, "</p>\n");
}

static void put_time(int64_t wall, const struct sink *out)
{
	struct date d = date_of(wall / 86400);
	unsigned left = (unsigned)(wall % 86400);

	if (wall >= CLOCK_WAS_SET)
		sink_printf(out, ", %04d-%02u-%02u %02u:%02u:%02u UTC", (int)d.year, d.month, d.day,
			left / 3600, left / 60 % 60, left % 60);
}

void web_page(const struct web_facts *f, const struct sink *out)
{
	const struct sink escaped = {escaped_put, (void *)(uintptr_t)out};
	char text[LINK_SPAN_TEXT_MAX];

	sink_puts(out, "<!DOCTYPE html>\n<html lang=en><meta charset=utf-8>"
		       "<meta name=viewport content=\"width=device-width\">"
		       "<meta http-equiv=refresh content=5>\n<title>");
	put_text(out, f->host);
	sink_puts(out, "</title>\n<style>");
	sink_puts(out, style);
	sink_puts(out, "</style>\n<h1>");
	put_text(out, f->host);
	sink_puts(out, "</h1>\n");
	put_sentence(f, out);
	sink_puts(out, "<table><tr><th>Link<th>Interface<th>State<th>For<th>Round "
		       "trip<th>Loss<th>Down<th>Up<th>Why\n");
	for (size_t i = 0; i < f->nlinks; i++)
		put_link(&f->links[i], out);
	sink_puts(out, "</table>\n");
	put_rest(f, out);
	sink_puts(out, "<h2>Log</h2>\n<pre>");
	f->log(f->ctx, &escaped);
	sink_printf(out, "</pre>\n<p class=off>Fairlead %s on %s, running for %s", f->version,
		f->board, link_span_text(f->running, text));
	put_time(f->wall, out);
	sink_puts(out, "</p>\n</html>\n");
}
