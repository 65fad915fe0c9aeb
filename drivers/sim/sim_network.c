/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interfaces with a provider behind each, and what is sent through them: probes, requests for a
 * neighbour, messages to name servers. */
#include "sim_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- interfaces and the providers behind them ---- */

static struct sim_interface *find_interface(struct sim *s, struct str name)
{
	for (size_t i = 0; i < SIM_INTERFACES; i++)
		if (s->interface[i].name[0] && str_is(name, s->interface[i].name))
			return &s->interface[i];
	return NULL;
}

static bool works(const struct sim_interface *i)
{
	return i->exists && i->plugged && i->is_up && !i->cut;
}

/* Count the packets of users up to now. */
static void hear_users(const struct sim *s, struct sim_interface *i)
{
	int64_t past = mtime_between(i->rx_at, s->now).us;

	if (works(i))
		i->rx_packets += (uint64_t)past * i->users / 1000000;
	/* Whole packets only: what is left of the interval counts next time. */
	if (!works(i) || !i->users || (uint64_t)past * i->users >= 1000000)
		i->rx_at = s->now;
}

static void interfaces_get(void *ctx, struct str name, struct interface_state *out)
{
	struct sim *s = ctx;
	struct sim_interface *i = find_interface(s, name);

	*out = (struct interface_state){0};
	if (!i || !i->exists)
		return;
	hear_users(s, i);
	out->exists = true;
	out->carrier = i->plugged && i->is_up;
	out->rx_packets = i->rx_packets;
	out->rx_bytes = i->rx_packets * SIM_PACKET_OCTETS;
}

static void interfaces_count(
	void *ctx, const struct str *names, struct interface_state *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		interfaces_get(ctx, names[i], &out[i]);
}

static void post_interface(struct sim *s, const struct sim_interface *i)
{
	sim_post(s, s->now, &(struct io_event){.kind = IO_INTERFACE, .interface = str_of(i->name)});
}

static enum fl_err interfaces_up(void *ctx, struct str name)
{
	struct sim_interface *i = find_interface(ctx, name);

	if (!i || !i->exists)
		return FL_ENOENT;
	if (!i->is_up) {
		i->is_up = true;
		post_interface(ctx, i);
	}
	return FL_OK;
}

struct sim_interface *sim_interface(struct sim *s, const char *name)
{
	for (size_t n = 0; n < SIM_INTERFACES; n++) {
		struct sim_interface *i = &s->interface[n];

		if (i->name[0])
			continue;
		snprintf(i->name, sizeof(i->name), "%s", name);
		i->exists = i->plugged = true;
		i->delay = ms(20);
		i->jitter = ms(3);
		return i;
	}
	abort();
}

static struct sim_interface *need_interface(struct sim *s, const char *name)
{
	struct sim_interface *i = find_interface(s, str_of(name));

	if (!i)
		abort();
	return i;
}

void sim_plug(struct sim *s, const char *name, bool plugged)
{
	struct sim_interface *i = need_interface(s, name);

	i->plugged = plugged;
	post_interface(s, i);
}

void sim_exist(struct sim *s, const char *name, bool exists)
{
	struct sim_interface *i = need_interface(s, name);

	i->exists = exists;
	i->is_up = false;
	post_interface(s, i);
}

void sim_target(struct sim *s, const char *addr, bool answers)
{
	struct ip_addr a;

	if (ip_addr_parse(str_of(addr), &a))
		abort();
	for (size_t i = 0; i < s->ndead; i++) {
		if (!ip_addr_eq(&s->dead[i], &a))
			continue;
		if (answers)
			s->dead[i] = s->dead[--s->ndead];
		return;
	}
	if (!answers && s->ndead < SIM_DEAD)
		s->dead[s->ndead++] = a;
}

/* ---- probes ---- */

static enum fl_err probes_open(void *ctx, uint8_t link, const struct probe_path *path)
{
	struct sim *s = ctx;
	struct sim_interface *i = find_interface(s, link ? path->interface : STR(SIM_INSIDE));

	s->link_interface[link][0] = '\0';
	if (!i || !i->exists)
		return FL_ENOENT;
	memcpy(s->link_interface[link], i->name, sizeof(i->name));
	return FL_OK;
}

static void probes_close(void *ctx, uint8_t link)
{
	((struct sim *)ctx)->link_interface[link][0] = '\0';
}

#define DNS_HEADER  12
#define DNS_REFUSED 5

/* Turn a probe into its answer.  Its octets are all there is room for: an answer of DNS claims to
 * have a record and has none, which nobody reads. */
static void make_answer(const struct sim_interface *i, uint8_t *packet, size_t n,
	enum io_probe_socket socket, uint8_t family)
{
	if (n < DNS_HEADER)
		return;
	if (socket == IO_PROBE_UDP) {
		packet[2] |= 0x80; /* QR */
		packet[3] = i->refuses_names ? DNS_REFUSED : 0;
		set_u16(packet + 6, !i->refuses_names); /* ANCOUNT */
	} else if (family == 6) {
		packet[0] = 129; /* echo reply, RFC 4443 4.2 */
	} else {
		uint32_t sum = (uint32_t)get_u16(packet + 2) + 0x0800;

		packet[0] = 0; /* echo reply, RFC 792; the checksum by RFC 1624 */
		set_u16(packet + 2, (uint16_t)(sum + (sum >> 16)));
	}
}

static bool is_dead(const struct sim *s, const struct ip_addr *to)
{
	for (size_t i = 0; i < s->ndead; i++)
		if (ip_addr_eq(&s->dead[i], to))
			return true;
	return false;
}

static bool is_too_long(const struct sim_interface *i, const struct ip_addr *to, size_t icmp)
{
	return i->mtu && icmp + (to->family == 6 ? 40U : 20U) > i->mtu;
}

static enum fl_err probes_send(void *ctx, uint8_t link, enum io_probe_socket socket,
	const struct ip_addr *to, struct bytes packet, struct textbuf *why)
{
	struct sim *s = ctx;
	struct sim_interface *i = find_interface(s, str_of(s->link_interface[link]));
	uint8_t answer[9000];
	span wait;

	if (!i || !i->exists || packet.n > sizeof(answer)) {
		textbuf_printf(why, "No such device");
		return FL_ENOENT;
	}
	if (is_too_long(i, to, packet.n) && i->mtu_is_told) {
		textbuf_printf(why, "Message too long");
		return FL_ERANGE;
	}
	i->probes++;
	if (!works(i) || is_dead(s, to) || is_too_long(i, to, packet.n) ||
		(i->cut6 && to->family == 6) || rng_below(&s->rng, 1000000) < i->loss_ppm)
		return FL_OK;
	memcpy(answer, packet.at, packet.n);
	make_answer(i, answer, packet.n, socket, to->family);
	wait = span_sum(i->delay, us(rng_below(&s->rng, (uint32_t)i->jitter.us + 1)));
	sim_post(s, mtime_after(s->now, wait),
		&(struct io_event){.kind = IO_PROBE_ANSWER,
			.link = link,
			.socket = socket,
			.from = *to,
			.data = bytes_of(answer, packet.n)});
	return FL_OK;
}

/* What a web server says; nothing when nothing was asked. */
static struct bytes page_of(const struct sim_interface *i, const struct probe_call *call)
{
	static const char page[] = "HTTP/1.0 200 OK\r\n\r\nsound as a bell\n";
	static const char portal[] =
		"HTTP/1.0 302 Found\r\nLocation: http://portal.example/login\r\n\r\n";

	if (call->request.n == 0)
		return bytes_of("", 0);
	return i->portal ? bytes_of(portal, sizeof(portal) - 1) : bytes_of(page, sizeof(page) - 1);
}

static enum fl_err probes_call(
	void *ctx, uint8_t link, const struct probe_call *call, struct textbuf *why)
{
	struct sim *s = ctx;
	struct sim_interface *i = find_interface(s, str_of(s->link_interface[link]));
	struct io_event e = {.kind = IO_PROBE_ANSWER,
		.link = link,
		.socket = IO_PROBE_CALL,
		.from = call->to,
		.token = call->token};
	span wait;

	if (!i || !i->exists) {
		textbuf_printf(why, "No such device");
		return FL_ENOENT;
	}
	i->probes++;
	wait = span_sum(i->delay, us(rng_below(&s->rng, (uint32_t)i->jitter.us + 1)));
	if (!works(i) || is_dead(s, &call->to) || (i->cut6 && call->to.family == 6) ||
		i->filtered == call->port || rng_below(&s->rng, 1000000) < i->loss_ppm) {
		e.kind = IO_PROBE_ENDED;
		e.text = STR("no answer in time");
		sim_post(s, mtime_after(s->now, call->patience), &e);
		return FL_OK;
	}
	e.data = page_of(i, call);
	e.text = STR("closed");
	if (call->tls_host.n && i->portal && !call->tls_trust) {
		e.data = bytes_of("", 0);
		e.text = STR("its certificate is for another name");
	} else {
		sim_post(s, mtime_after(s->now, wait), &e);
	}
	e.kind = IO_PROBE_ENDED;
	e.alive = call->request.n == 0;
	sim_post(s, mtime_after(s->now, wait), &e);
	return FL_OK;
}

/* ---- neighbours ---- */

/* A silent one is called so after three requests. */
static void neighbours_ask(void *ctx, struct str interface, const struct ip_addr *addr)
{
	struct sim *s = ctx;
	struct sim_interface *i = find_interface(s, interface);
	bool alive = i && i->gateway == SIM_GATEWAY_ANSWERS;

	if (!i || i->gateway == SIM_GATEWAY_MUTE || !i->exists || !i->is_up)
		return;
	sim_post(s, mtime_after(s->now, alive ? ms(1) : sec(3)),
		&(struct io_event){.kind = IO_NEIGHBOUR,
			.interface = str_of(i->name),
			.from = *addr,
			.alive = alive});
}

/* ---- messages to other name servers ---- */

static void resolve(struct sim *s, const struct sim_datagram *question, unsigned slot,
	const struct sim_interface *by)
{
	uint8_t octets[1232];
	struct buf answer = buf_of(octets, sizeof(octets));

	s->ndatagrams--; /* it is not kept: there may be many */
	if ((!by || works(by)) && s->resolver(question, &answer))
		sim_post(s, mtime_after(s->now, ms(20)),
			&(struct io_event){.kind = IO_DATAGRAM,
				.slot = slot,
				.from = question->to,
				.data = bytes_of(answer.at, answer.n)});
}

static enum fl_err datagrams_send(void *ctx, unsigned slot, const struct probe_path *path,
	const struct ip_addr *to, uint16_t port, struct bytes packet, struct textbuf *why)
{
	struct sim *s = ctx;
	struct sim_datagram *d = &s->datagram[s->ndatagrams];
	const struct sim_interface *i = path ? find_interface(s, path->interface) : NULL;
	uint8_t answer[sizeof(d->octets)];

	if (s->ndatagrams == COUNT_OF(s->datagram) || packet.n > sizeof(d->octets) ||
		packet.n < 4 || (path && !i)) {
		textbuf_printf(why, "Network is unreachable");
		return FL_EIO;
	}
	*d = (struct sim_datagram){.at = s->now, .to = *to, .port = port, .n = packet.n};
	if (i)
		memcpy(d->interface, i->name, sizeof(d->interface));
	memcpy(d->octets, packet.at, packet.n);
	s->ndatagrams++;
	if (port == 53 && s->resolver) {
		resolve(s, d, slot, i);
		return FL_OK;
	}
	if (!s->datagrams_answered || (i && !works(i)))
		return FL_OK;
	memcpy(answer, packet.at, packet.n);
	answer[2] |= 0x80; /* QR */
	answer[3] = s->datagram_rcode;
	sim_post(s, mtime_after(s->now, ms(20)),
		&(struct io_event){.kind = IO_DATAGRAM,
			.slot = slot,
			.from = *to,
			.data = bytes_of(answer, packet.n)});
	return FL_OK;
}

static void datagrams_close(void *ctx, unsigned slot)
{
	(void)ctx;
	(void)slot;
}

/* ---- pages ---- */

static enum fl_err pages_listen(
	void *ctx, const struct page_endpoint *at, size_t n, struct textbuf *why)
{
	struct sim *s = ctx;

	(void)why;
	memcpy(s->page, at, n * sizeof(*at));
	s->npages = n;
	return FL_OK;
}

static void pages_answer(void *ctx, unsigned slot, struct str octets)
{
	struct sim *s = ctx;
	struct textbuf t = textbuf_of(s->answer, sizeof(s->answer));

	(void)slot;
	textbuf_put(&t, octets.at, octets.n);
}

void sim_ask_page(struct sim *s, const char *request)
{
	s->answer[0] = '\0';
	sim_post(s, s->now,
		&(struct io_event){.kind = IO_PAGE, .data = bytes_of(request, strlen(request))});
}

void sim_network_open(struct sim *s)
{
	s->drivers.interfaces =
		(struct interfaces){s, interfaces_get, interfaces_count, interfaces_up};
	s->drivers.neighbours = (struct neighbours){s, neighbours_ask};
	s->drivers.probes = (struct probes){s, probes_open, probes_close, probes_send, probes_call};
	s->drivers.pages = (struct pages){s, pages_listen, pages_answer};
	s->drivers.datagrams = (struct datagrams){s, datagrams_send, datagrams_close};
}
