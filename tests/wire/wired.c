/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wired.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usual_settings[] =
	"system { host-name ns3 }\n"
	"link wan1 { interface eth0.10, address 10.1.0.2/24, gateway 10.1.0.1, address "
	"2001:db8:1::2/64, gateway 2001:db8:1::1,\n"
	"  monitor { target 192.0.2.53 ping, target 192.0.2.54 ping, target 192.0.2.55 dns "
	"example.org } }\n"
	"link wan2 { interface eth0.20, address 10.2.0.2/24, gateway 10.2.0.1, address "
	"2001:db8:2::2/64, gateway 2001:db8:2::1,\n"
	"  monitor { target 192.0.2.53 ping, target 192.0.2.54 ping, target 192.0.2.55 tcp 80 } }\n"
	"link wan3 { interface eth0.30, address 10.3.0.2/24, gateway 10.3.0.1, address "
	"2001:db8:3::2/64, gateway 2001:db8:3::1,\n"
	"  monitor { target 192.0.2.53 ping, target 192.0.2.54 ping, target 192.0.2.55 tcp 81 } }\n"
	"link wan4 { interface eth0.40, address 10.4.0.2/24, gateway 10.4.0.1, address "
	"2001:db8:4::2/64, gateway 2001:db8:4::1,\n"
	"  monitor { target 192.0.2.53 ping, target 192.0.2.54 ping, target 192.0.2.55 http "
	"192.0.2.55/ \"sound as a bell\" } }\n"
	"domain example.com {\n"
	"  name-server ns1 { address 203.0.113.2, link wan1 }\n"
	"  host 10;mail1 { address 203.0.113.3, link wan1, mail-entry yes }\n"
	"  host 20;mail2 { address 198.51.100.3, link wan2, mail-entry yes }\n"
	"  host www1 { address 203.0.113.4, link wan1 }\n"
	"  host www2 { address 198.51.100.4, link wan2 }\n"
	"  host www3 { address 100.64.3.4, link wan3 }\n"
	"  host www4 { address 100.64.4.4, link wan4 }\n"
	"  balanced-host www { member www1, member www2, member www3, member www4 }\n"
	"}\n";

static const char same_settings[] =
	"link wan1 { interface eth0.10, address 192.168.1.2/24, gateway 192.168.1.1, monitor { "
	"target 192.0.2.53 ping } }\n"
	"link wan2 { interface eth0.20, address 192.168.1.2/24, gateway 192.168.1.1, monitor { "
	"target 192.0.2.53 ping } }\n"
	"link wan3 { interface eth0.30, address 192.168.1.2/24, gateway 192.168.1.1, monitor { "
	"target 192.0.2.55 dns example.org } }\n"
	"link wan4 { interface eth0.40, address 192.168.1.2/24, gateway 192.168.1.1, monitor { "
	"target 192.0.2.55 tcp 80 } }\n"
	"domain example.com {\n"
	"  name-server ns1 { address 203.0.113.2, link wan1 }\n"
	"  host www1 { address 203.0.113.4, link wan1 }\n"
	"  host www2 { address 198.51.100.4, link wan2 }\n"
	"  host www3 { address 100.64.3.4, link wan3 }\n"
	"  host www4 { address 100.64.4.4, link wan4 }\n"
	"  balanced-host www { member www1, member www2, member www3, member www4 }\n"
	"}\n";

/* ---- what the stack calls when it is broken ---- */

void lwip_failed(const char *what)
{
	fprintf(stderr, "lwIP: %s\n", what);
	abort();
}

/* ---- the far end ---- */

static mtime far_now(void *ctx)
{
	return ((const struct wired *)ctx)->trunk.now;
}

static void far_send(void *ctx, struct bytes frame)
{
	trunk_send_near(&((struct wired *)ctx)->trunk, frame);
}

static void far_answered(void *ctx, unsigned leg, bool tcp, struct bytes message)
{
	struct wired *w = ctx;

	if (message.n == 0) {
		w->failures++;
		return;
	}
	w->answers++;
	w->answer = (struct wired_answer){.leg = leg, .tcp = tcp, .n = message.n};
	if (w->answer.n > sizeof(w->answer.octets))
		w->answer.n = sizeof(w->answer.octets);
	memcpy(w->answer.octets, message.at, w->answer.n);
}

static void trunk_frame_far(void *ctx, struct bytes frame)
{
	(void)ctx;
	far_frame(frame);
}

static mtime trunk_far_due(void *ctx)
{
	(void)ctx;
	return far_due();
}

static void trunk_far_tick(void *ctx)
{
	(void)ctx;
	far_tick();
}

static struct ip_prefix prefix_of(const char *text)
{
	struct ip_prefix p;

	if (ip_prefix_parse(str_of(text), &p))
		abort();
	return p;
}

static struct ip_addr addr_of(const char *text)
{
	struct ip_addr a;

	if (ip_addr_parse(str_of(text), &a))
		abort();
	return a;
}

static void open_far(struct wired *w, bool same_network)
{
	const struct far_world world = {w, far_now, far_send, far_answered};
	static const struct ip_prefix none;

	far_open(&world);
	w->trunk.far = (struct trunk_far){w, trunk_frame_far, trunk_far_due, trunk_far_tick};
	for (unsigned leg = 0; leg < WIRED_LEGS; leg++) {
		char four[32], six[32];

		snprintf(four, sizeof(four), "10.%u.0.1/24", leg + 1);
		snprintf(six, sizeof(six), "2001:db8:%u::1/64", leg + 1);
		w->vlan[leg] = trunk_vlan(&w->trunk, (uint16_t)(10 * (leg + 1)));
		far_leg(leg, (uint16_t)(10 * (leg + 1)),
			prefix_of(same_network ? "192.168.1.1/24" : four),
			same_network ? none : prefix_of(six));
	}
	far_target(addr_of("192.0.2.53"));
	far_target(addr_of("192.0.2.54"));
	far_target(addr_of("192.0.2.55"));
}

/* ---- the near end ---- */

static void *memory_get(void *ctx, size_t n)
{
	struct wired *w = ctx;
	void *p = w->octets_max && n > w->octets_max - w->octets ? NULL : malloc(n);

	if (p) {
		w->allocations++;
		w->octets += n;
	}
	return p;
}

static void memory_put(void *ctx, void *p, size_t n)
{
	struct wired *w = ctx;

	w->allocations--;
	w->octets -= n;
	free(p);
}

static enum fl_err storage_load(
	void *ctx, const char *name, struct arena *mem, struct bytes *out, struct textbuf *why)
{
	const struct wired *w = ctx;

	(void)name;
	(void)why;
	if (!w->nsettings)
		return FL_ENOENT;
	*out = bytes_of(arena_copy(mem, w->settings, w->nsettings), w->nsettings);
	return FL_OK;
}

static enum fl_err storage_save(
	void *ctx, const char *name, struct bytes content, struct textbuf *why)
{
	struct wired *w = ctx;

	(void)name;
	if (content.n > sizeof(w->settings)) {
		textbuf_printf(why, "too long");
		return FL_EFULL;
	}
	memcpy(w->settings, content.at, content.n);
	w->nsettings = content.n;
	return FL_OK;
}

static enum fl_err lamps_describe(void *ctx, struct str name, bool *one_colour)
{
	(void)ctx;
	*one_colour = false;
	return str_is(name, "SYS") || (name.n == 4 && name.at[3] <= '4') ? FL_OK : FL_ENOENT;
}

static void lamps_set(void *ctx, struct str name, bool green, bool amber, bool red)
{
	(void)ctx, (void)name, (void)green, (void)amber, (void)red;
}

static void lamps_name(void *ctx, struct str name, const char *pattern)
{
	struct wired *w = ctx;

	snprintf(w->lamp[str_is(name, "SYS") ? 0 : name.at[3] - '0'], sizeof(w->lamp[0]), "%s",
		pattern);
}

static size_t serial_read(void *ctx, void *to, size_t n)
{
	struct wired *w = ctx;
	size_t take = n < w->ntyped ? n : w->ntyped;

	memcpy(to, w->typed, take);
	memmove(w->typed, w->typed + take, w->ntyped - take);
	w->ntyped -= take;
	return take;
}

/* Text that is too much is forgotten: the tests look at what came last. */
static void keep_text(char *at, size_t *n, size_t cap, const void *text, size_t len)
{
	if (len >= cap)
		return;
	if (*n + len >= cap)
		*n = 0;
	memcpy(at + *n, text, len);
	*n += len;
	at[*n] = '\0';
}

static size_t serial_write(void *ctx, const void *from, size_t n)
{
	struct wired *w = ctx;

	keep_text(w->screen, &w->nscreen, sizeof(w->screen), from, n);
	return n;
}

static void log_line(void *ctx, enum log_level level, struct str text)
{
	struct wired *w = ctx;
	char line[600];
	int n;

	if (level == LOG_LEVEL_DEBUG)
		return;
	n = snprintf(line, sizeof(line), "[%lld] %.*s\n", (long long)(w->trunk.now.us / 1000),
		STR_ARG(text));
	keep_text(w->log, &w->nlog, sizeof(w->log), line, (size_t)n);
}

static bool answer(
	void *ctx, const struct ip_addr *from, bool tcp, struct bytes query, struct buf *reply)
{
	return sentinel_answer(ctx, from, tcp, query, reply);
}

static void no_figures(void *ctx, struct dns_console_figures *out)
{
	const struct dns_lwip_figures *f = &((const struct wired *)ctx)->dns.figures;

	*out = (struct dns_console_figures){
		.queries = f->queries, .replies = f->replies, .dropped = f->dropped, .tcp = f->tcp};
}

static void describe(void *ctx, const struct sink *out)
{
	(void)ctx;
	sink_puts(out, "in a test\n");
}

static void restart(void *ctx)
{
	(void)ctx;
}

static struct serial serial_of(struct wired *w)
{
	return (struct serial){w, serial_read, serial_write};
}

static void open_near(struct wired *w)
{
	static struct serial serial;
	const struct dns_lwip_answerer answerer = {&w->sentinel, answer};

	serial = serial_of(w);
	stack_lwip_open(&w->stack, &w->trunk.machine, &w->trunk.wire, &serial);
	probes_lwip_open(&w->probes, &w->stack);
	if (dns_lwip_open(&w->dns, &w->stack, &answerer))
		abort();
	stack_lwip_fill_io(&w->stack, &w->io.io);
	stack_lwip_fill_interfaces(&w->stack, &w->io.interfaces);
	stack_lwip_fill_legs(&w->stack, &w->io.legs);
	stack_lwip_fill_sessions(&w->stack, &w->io.sessions);
	probes_lwip_fill(&w->probes, &w->io.probes);
	w->io.lamps = (struct lamps){w, lamps_describe, lamps_set, lamps_name};
	w->io.storage = (struct storage){w, storage_load, storage_save, NULL};
	w->io.log = (struct log){log_line, w};
	w->io.memory = (struct arena_source){.get = memory_get, .put = memory_put, .ctx = w};
	w->io.ctx = w;
	w->io.dns_figures = no_figures;
	w->io.describe = describe;
	w->io.restart = restart;
	w->io.hang = restart;
	sentinel_open(&w->sentinel, &w->io);
}

void wired_open(struct wired *w, const struct wired_world *world)
{
	const char *text = world->settings       ? world->settings
			   : world->same_network ? same_settings
						 : usual_settings;

	memset(w, 0, sizeof(*w));
	w->nsettings = strlen(text);
	if (w->nsettings > sizeof(w->settings))
		abort();
	memcpy(w->settings, text, w->nsettings);
	trunk_open(&w->trunk, world->seed, world->start);
	open_far(w, world->same_network);
	open_near(w);
	if (!w->sentinel.nlinks && w->nsettings) {
		fputs(w->log, stderr);
		abort();
	}
}

void wired_close(struct wired *w)
{
	sentinel_close(&w->sentinel);
	trunk_close(&w->trunk);
}

void wired_run(struct wired *w, span length)
{
	mtime end = mtime_after(w->trunk.now, length);

	while (!mtime_reached(w->trunk.now, end))
		sentinel_step(&w->sentinel, end);
}

void wired_type(struct wired *w, const char *keys)
{
	while (*keys) {
		size_t n = strnlen(keys, sizeof(w->typed) - w->ntyped);

		memcpy(w->typed + w->ntyped, keys, n);
		w->ntyped += n;
		keys += n;
		wired_run(w, ms(200));
	}
}

/* ---- questions ---- */

static size_t question(uint8_t *at, size_t cap, const char *name, uint16_t type)
{
	struct buf b = buf_of(at, cap);
	struct str rest = str_of(name);

	buf_put(&b, "\x12\x34\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00", 12);
	while (rest.n) {
		struct str label = str_cut(&rest, '.');

		buf_put_u8(&b, (uint8_t)label.n);
		buf_put(&b, label.at, label.n);
	}
	buf_put_u8(&b, 0);
	buf_put_u16(&b, type);
	buf_put_u16(&b, 1);
	return b.bad ? 0 : b.n;
}

static bool ask(struct wired *w, unsigned leg, uint8_t family, bool tcp, const char *name,
	uint16_t type, span patience)
{
	uint8_t query[300];
	uint64_t before = w->answers;
	mtime end = mtime_after(w->trunk.now, patience);
	size_t n = question(query, sizeof(query), name, type);

	w->answer.n = 0;
	far_ask(leg, wired_address(w, leg, family), tcp, bytes_of(query, n));
	while (w->answers == before && !mtime_reached(w->trunk.now, end))
		wired_run(w, ms(5));
	return w->answers != before && w->answer.leg == leg && w->answer.tcp == tcp;
}

struct ip_addr wired_address(const struct wired *w, unsigned leg, uint8_t family)
{
	return link_conf_address(w->sentinel.link[leg + 1].conf, family)->addr;
}

bool wired_ask(
	struct wired *w, unsigned leg, bool tcp, const char *name, uint16_t type, span patience)
{
	return ask(w, leg, 4, tcp, name, type, patience);
}

bool wired_ask6(
	struct wired *w, unsigned leg, bool tcp, const char *name, uint16_t type, span patience)
{
	return ask(w, leg, 6, tcp, name, type, patience);
}

unsigned wired_rcode(const struct wired *w)
{
	return w->answer.n < 12 ? 99 : w->answer.octets[3] & 15;
}

unsigned wired_count(const struct wired *w)
{
	return w->answer.n < 12 ? 0 : get_u16(w->answer.octets + 6);
}

enum link_state wired_state(const struct wired *w, unsigned leg)
{
	return w->sentinel.link[leg + 1].state;
}
