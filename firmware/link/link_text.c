/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a link says of itself.  Every change of state carries its evidence, so that the log answers
 * "why" without anybody having watched. */
#include "link_estimate.h"
#include "link_internal.h"

const char *link_state_text(enum link_state s)
{
	static const char *const texts[LINK_STATES] = {
		[LINK_NONE] = "none",
		[LINK_DISABLED] = "disabled",
		[LINK_NO_CARRIER] = "no-carrier",
		[LINK_DOWN] = "down",
		[LINK_RECOVERING] = "recovering",
		[LINK_UP] = "up",
		[LINK_SUSPECT] = "suspect",
		[LINK_DEGRADED] = "degraded",
		[LINK_STANDBY] = "standby",
	};

	return (unsigned)s < LINK_STATES ? texts[s] : "unknown";
}

const char *link_method_text(enum link_probe_method m)
{
	static const char *const texts[] = {
		[LINK_PING] = "ping",
		[LINK_DNS] = "dns",
		[LINK_TCP] = "tcp",
		[LINK_HTTP] = "http",
		[LINK_HTTPS] = "https",
		[LINK_MTU] = "mtu",
	};

	return (unsigned)m < COUNT_OF(texts) ? texts[m] : "unknown";
}

const char *link_span_text(span s, char out[LINK_SPAN_TEXT_MAX])
{
	struct textbuf t = textbuf_of(out, LINK_SPAN_TEXT_MAX);
	uint64_t whole = s.us > 0 ? (uint64_t)span_ms(s) : 0;
	unsigned long n = whole < 4000000000 ? (unsigned long)whole : 4000000000;

	if (n < 1000)
		textbuf_printf(&t, "%lu ms", n);
	else if (n < 120000 && n % 1000 < 100)
		textbuf_printf(&t, "%lu s", n / 1000);
	else if (n < 120000)
		textbuf_printf(&t, "%lu.%lu s", n / 1000, n % 1000 / 100);
	else if (n < 7200000)
		textbuf_printf(&t, "%lu min", n / 60000);
	else if (n < 172800000)
		textbuf_printf(&t, "%lu h %lu min", n / 3600000, n / 60000 % 60);
	else
		textbuf_printf(&t, "%lu d %lu h", n / 86400000, n / 3600000 % 24);
	return out;
}

static void put_span(struct textbuf *t, span s)
{
	char text[LINK_SPAN_TEXT_MAX];

	textbuf_printf(t, "%s", link_span_text(s, text));
}

static unsigned bits_in(uint32_t mask)
{
	unsigned n = 0;

	for (; mask; mask &= mask - 1)
		n++;
	return n;
}

static void explain_overdue(const struct link *l, mtime now, struct textbuf *out)
{
	char addr[IP_TEXT_MAX];
	size_t i = 0;

	while (i + 1 < l->ntargets && !(l->row.targets >> i & 1))
		i++;
	textbuf_printf(out, "probe to %s unanswered for ", ip_addr_text(&l->target[i].addr, addr));
	put_span(out, mtime_between(l->row.since, now));
}

/* Where does the trouble lie? */
static void put_gateway(const struct link *l, mtime since, struct textbuf *out)
{
	switch (link_gateway_now(l, since)) {
	case LINK_GATEWAY_UNKNOWN:
		break;
	case LINK_GATEWAY_ANSWERS:
		textbuf_printf(out, "; the gateway answers");
		break;
	case LINK_GATEWAY_SILENT:
		textbuf_printf(out, "; the gateway is silent, too");
		break;
	}
}

static void explain_silence(const struct link *l, mtime now, struct textbuf *out)
{
	const struct link_row *r = &l->row;
	unsigned targets = bits_in(r->targets);

	textbuf_printf(out, "silence ");
	put_span(out, mtime_between(r->since, now));
	textbuf_printf(out, ", %u of %u probes lost on %u target%s, ", r->lost, r->lost, targets,
		targets == 1 ? "" : "s");
	if (r->unsent)
		textbuf_printf(out, "%u could not be sent, ", r->unsent);
	textbuf_printf(out, "rto ");
	put_span(out, r->wait);
	put_gateway(l, r->since, out);
}

static void explain_failed_proof(const struct link *l, mtime now, struct textbuf *out)
{
	unsigned lost = link_proof_lost(&l->proof);

	if (l->row.running) {
		textbuf_printf(out, "silent again for ");
		put_span(out, mtime_between(l->row.since, now));
		textbuf_printf(out, " while held down");
	} else {
		textbuf_printf(out, "%u of %u %sprobes lost", lost, lost + l->proof.answered,
			l->proof.first ? "first " : "");
	}
}

static void explain_proof(const struct link *l, mtime now, struct textbuf *out)
{
	const struct link_proof *p = &l->proof;

	if (l->ntargets == 0) {
		textbuf_printf(out, link_gateway_now(l, l->since) == LINK_GATEWAY_ANSWERS
					    ? "the gateway answers, and no target to ask"
					    : "carrier, and no target to ask");
		if (p->hold.us > 0 && l->state == LINK_RECOVERING) {
			textbuf_printf(out, ", held ");
			put_span(out, p->hold);
		}
		return;
	}
	textbuf_printf(
		out, "%u of %u probes answered", p->answered, p->answered + link_proof_lost(p));
	if (p->cleared)
		textbuf_printf(out, ", hold-down cleared after ");
	else if (p->hold.us > 0)
		textbuf_printf(out, ", held ");
	else
		return;
	put_span(out, p->cleared ? mtime_between(l->since, now) : p->hold);
}

static void explain_life(const struct link *l, mtime now, struct textbuf *out)
{
	if (l->state == LINK_DOWN) {
		textbuf_printf(out, "answers again after ");
		put_span(out, mtime_between(l->dead_since, now));
	} else {
		textbuf_printf(
			out, l->answered.us == now.us ? "answer after " : "users' packets after ");
		put_span(out, mtime_between(l->row.since, now));
	}
}

static void explain_service(const struct link *l, struct textbuf *out)
{
	textbuf_printf(out, "service fails here and not elsewhere: %s", l->service);
}

static void explain_cut(const struct link *l, mtime now, struct textbuf *out)
{
	textbuf_printf(
		out, "the gateway does not answer: 3 requests for its hardware address lost");
	if (l->ntargets == 0)
		return;
	textbuf_printf(out, ", no probe answered for ");
	put_span(out, mtime_between(l->alive_sent, now));
}

static void explain_quality(const struct link *l, struct textbuf *out)
{
	uint32_t tenths = (link_loss_ppm(&l->loss) + 500) / 1000;

	textbuf_printf(out, "loss %u.%u %%", (unsigned)(tenths / 10), (unsigned)(tenths % 10));
	if (l->quality.samples > 0) {
		textbuf_printf(out, ", round trip ");
		put_span(out, l->quality.rtt);
		textbuf_printf(out, ", usually ");
		put_span(out, us(l->quality.usual_ns / 1000 + 500)); /* rounded */
	}
}

void link_explain(const struct link *l, mtime now, enum link_event event, struct textbuf *out)
{
	switch (event) {
	case LINK_ENABLE:
		textbuf_printf(out, "enabled");
		break;
	case LINK_DISABLE:
		textbuf_printf(out, "disabled in the settings");
		break;
	case LINK_CARRIER_OFF:
		textbuf_printf(
			out, l->cable == LINK_NO_INTERFACE ? "no such interface" : "no carrier");
		break;
	case LINK_CARRIER_ON:
		textbuf_printf(out, "carrier is back after ");
		put_span(out, mtime_between(l->dead_since, now));
		break;
	case LINK_NO_ADDRESS:
		textbuf_printf(out, "no address from the provider");
		break;
	case LINK_FIRST_CARRIER:
		textbuf_printf(out, "first probes are on their way");
		break;
	case LINK_ANSWER:
	case LINK_POOR_ANSWER:
		explain_life(l, now, out);
		break;
	case LINK_OVERDUE:
		explain_overdue(l, now, out);
		break;
	case LINK_DEAD:
		if (l->state == LINK_SUSPECT)
			explain_silence(l, now, out);
		else
			explain_failed_proof(l, now, out);
		break;
	case LINK_PROVEN:
		explain_proof(l, now, out);
		break;
	case LINK_CUT_OFF:
		explain_cut(l, now, out);
		break;
	case LINK_UNSERVED:
		explain_service(l, out);
		break;
	case LINK_POOR:
	case LINK_GOOD:
		if (l->quality.service) {
			explain_service(l, out);
			textbuf_printf(out, "; ");
		}
		explain_quality(l, out);
		break;
	case LINK_EVENTS:
		break;
	}
}

const char *link_probes_text(const struct link *l, char out[LINK_PROBES_TEXT_MAX])
{
	static const char mark[] = {[FATE_WAITING] = '?', [FATE_LOST] = 'x', [FATE_ANSWERED] = '.'};
	size_t n = 0;

	for (unsigned back = LINK_PROBES_TEXT_MAX - 1; back > 0; back--) {
		uint16_t seq = (uint16_t)(l->next - back);
		const struct link_flight *f = &l->flight[seq % LINK_FLIGHT_MAX];

		if (f->fate != FATE_NONE && f->fate < sizeof(mark) && f->seq == seq)
			out[n++] = mark[f->fate];
	}
	if (n == 0)
		out[n++] = '-';
	out[n] = '\0';
	return out;
}
