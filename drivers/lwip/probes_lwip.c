/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A packet belongs to the link whose leg it came in by: whatever the addresses say, an answer that
 * came by another leg is none. */
#include "probes_lwip.h"

#include <string.h>

#define ECHO_REPLY4 0
#define ECHO_REPLY6 129

static void out_of_memory(struct textbuf *why)
{
	textbuf_printf(why, "no buffer is free");
}

/* The octets in a pbuf of their own, or NULL. */
static struct pbuf *copy_of(struct bytes octets)
{
	struct pbuf *p = pbuf_alloc(PBUF_TRANSPORT, (u16_t)octets.n, PBUF_RAM);

	if (p)
		pbuf_take(p, octets.at, (u16_t)octets.n);
	return p;
}

/* The link whose leg this is, or NULL. */
static struct probe_leg *link_of(struct probes_lwip *p, const struct netif *in)
{
	for (size_t i = 1; i <= FL_LINKS_MAX; i++)
		if (p->link[i].open && p->link[i].leg && &p->link[i].leg->netif == in)
			return &p->link[i];
	return NULL;
}

/* ---- echo ---- */

static void post_echo(struct probes_lwip *p, struct pbuf *packet, size_t header)
{
	const struct probe_leg *l = link_of(p, ip_current_input_netif());
	struct io_event e = {.kind = IO_PROBE_ANSWER,
		.socket = IO_PROBE_ICMP,
		.from = stack_addr_of(ip_current_src_addr())};

	if (!l || pbuf_remove_header(packet, header)) {
		pbuf_free(packet);
		return;
	}
	e.link = l->link;
	stack_post(p->stack, &e, packet);
}

/* Echo replies are ours; everything else of ICMP is lwIP's. */
static u8_t icmp4_came(void *arg, struct raw_pcb *pcb, struct pbuf *p, const ip_addr_t *from)
{
	size_t header = ip_current_header_tot_len();

	(void)pcb;
	(void)from;
	if (p->len <= header || ((const uint8_t *)p->payload)[header] != ECHO_REPLY4)
		return 0;
	post_echo(arg, p, header);
	return 1;
}

static u8_t icmp6_came(void *arg, struct raw_pcb *pcb, struct pbuf *p, const ip_addr_t *from)
{
	size_t header = ip_current_header_tot_len();
	const uint8_t *at = (const uint8_t *)p->payload + header;

	(void)pcb;
	(void)from;
	if (p->len <= header || *at != ECHO_REPLY6)
		return 0;
	post_echo(arg, p, header);
	return 1;
}

static enum fl_err send_echo(struct probes_lwip *p, const struct probe_leg *l,
	const struct ip_addr *source, const struct ip_addr *to, struct pbuf *packet)
{
	ip_addr_t src = stack_addr_to(source, &l->leg->netif);
	ip_addr_t dst = stack_addr_to(to, &l->leg->netif);

	return raw_sendto_if_src(to->family == 6 ? p->icmp6 : p->icmp4, packet, &dst,
		       &l->leg->netif, &src) == ERR_OK
		       ? FL_OK
		       : FL_EIO;
}

/* ---- DNS ---- */

static void datagram_came(
	void *arg, struct udp_pcb *pcb, struct pbuf *packet, const ip_addr_t *from, u16_t port)
{
	struct probe_leg *l = arg;

	(void)pcb;
	if (port != 53) {
		pbuf_free(packet);
		return;
	}
	stack_post(l->probes->stack,
		&(struct io_event){.kind = IO_PROBE_ANSWER,
			.socket = IO_PROBE_UDP,
			.link = l->link,
			.from = stack_addr_of(from)},
		packet);
}

static enum fl_err send_datagram(const struct probe_leg *l, const struct ip_addr *source,
	const struct ip_addr *to, struct pbuf *packet)
{
	ip_addr_t src = stack_addr_to(source, &l->leg->netif);
	ip_addr_t dst = stack_addr_to(to, &l->leg->netif);

	return udp_sendto_if_src(l->udp, packet, &dst, 53, &l->leg->netif, &src) == ERR_OK ? FL_OK
											   : FL_EIO;
}

/* ---- calls ---- */

static void drop(struct pbuf **p)
{
	if (*p)
		pbuf_free(*p);
	*p = NULL;
}

/* The place is free again; the connection is gone already, or somebody else's. */
static void forget(struct probe_conversation *c)
{
	drop(&c->request);
	drop(&c->heard);
	c->pcb = NULL;
}

static void hang_up(struct probe_conversation *c)
{
	tcp_arg(c->pcb, NULL);
	tcp_err(c->pcb, NULL);
	tcp_abort(c->pcb);
}

static struct io_event event_of(const struct probe_conversation *c, enum io_event_kind kind)
{
	return (struct io_event){.kind = kind,
		.socket = IO_PROBE_CALL,
		.link = c->link,
		.token = c->token,
		.from = c->to};
}

static void post_heard(struct probe_conversation *c)
{
	struct io_event e = event_of(c, IO_PROBE_ANSWER);

	if (c->heard)
		pbuf_ref(c->heard);
	stack_post(c->probes->stack, &e, c->heard);
}

/* Tell how it ended, with all that was heard. */
static void post_ended(struct probe_conversation *c, struct str how)
{
	struct io_event e = event_of(c, IO_PROBE_ENDED);
	struct pbuf *heard = c->heard;

	e.text = how;
	c->heard = NULL;
	forget(c);
	stack_post(c->probes->stack, &e, heard);
}

static void call_failed(void *arg, err_t err)
{
	struct probe_conversation *c = arg;
	bool refused = err == ERR_RST && !c->heard;

	/* A reset is the word of somebody who lives. */
	if (refused && !c->request)
		post_heard(c);
	post_ended(c, refused ? STR("Connection refused") : STR("Connection reset by peer"));
}

/* What was heard and what came, in one piece. */
static void hear(struct probe_conversation *c, const struct pbuf *more)
{
	size_t had = c->heard ? c->heard->len : 0, n = had + more->tot_len;
	struct pbuf *all;

	if (n > PROBES_LWIP_ANSWER)
		n = PROBES_LWIP_ANSWER;
	if (n == had || !(all = pbuf_alloc(PBUF_RAW, (u16_t)n, PBUF_RAM)))
		return;
	if (had)
		memcpy(all->payload, c->heard->payload, had);
	pbuf_copy_partial(more, (uint8_t *)all->payload + had, (u16_t)(n - had), 0);
	drop(&c->heard);
	c->heard = all;
}

static err_t call_heard(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
	struct probe_conversation *c = arg;

	(void)err;
	if (!c) {
		if (p)
			pbuf_free(p);
		return ERR_OK;
	}
	if (!p) {
		hang_up(c);
		post_ended(c, STR("closed"));
		return ERR_ABRT;
	}
	hear(c, p);
	tcp_recved(pcb, p->tot_len);
	pbuf_free(p);
	post_heard(c);
	return ERR_OK;
}

static err_t call_answered(void *arg, struct tcp_pcb *pcb, err_t err)
{
	struct probe_conversation *c = arg;

	(void)err;
	if (c->request &&
		tcp_write(pcb, c->request->payload, c->request->len, TCP_WRITE_FLAG_COPY) == ERR_OK)
		return tcp_output(pcb);
	post_heard(c);
	hang_up(c);
	post_ended(c, STR("closed"));
	return ERR_ABRT;
}

static struct probe_conversation *free_call(struct probes_lwip *p)
{
	for (size_t i = 0; i < PROBES_LWIP_CALLS; i++)
		if (!p->call[i].pcb)
			return &p->call[i];
	return NULL;
}

static bool connect_by(struct probe_conversation *c, const struct probe_leg *l,
	const struct ip_addr *source, uint16_t port)
{
	ip_addr_t src = stack_addr_to(source, &l->leg->netif);
	ip_addr_t dst = stack_addr_to(&c->to, &l->leg->netif);

	tcp_bind_netif(c->pcb, &l->leg->netif);
	tcp_arg(c->pcb, c);
	tcp_err(c->pcb, call_failed);
	tcp_recv(c->pcb, call_heard);
	return tcp_bind(c->pcb, &src, stack_port()) == ERR_OK &&
	       tcp_connect(c->pcb, &dst, port, call_answered) == ERR_OK;
}

static void end_calls_of(struct probes_lwip *p, uint8_t link)
{
	for (size_t i = 0; i < PROBES_LWIP_CALLS; i++) {
		if (!p->call[i].pcb || p->call[i].link != link)
			continue;
		hang_up(&p->call[i]);
		forget(&p->call[i]);
	}
}

/* ---- links ---- */

/* The leg of a link may have come since. */
static bool find_leg(struct probe_leg *l)
{
	struct netif *bound = l->leg ? &l->leg->netif : NULL;

	if (!l->open)
		return false;
	l->leg = stack_leg(l->probes->stack, str_of(l->interface));
	if (!l->leg)
		return false;
	if (!l->udp && (l->udp = udp_new_ip_type(IPADDR_TYPE_ANY))) {
		udp_bind(l->udp, IP_ANY_TYPE, stack_port());
		udp_recv(l->udp, datagram_came, l);
		bound = NULL;
	}
	if (l->udp && bound != &l->leg->netif)
		udp_bind_netif(l->udp, &l->leg->netif);
	return true;
}

static void close_link(void *ctx, uint8_t link)
{
	struct probes_lwip *p = ctx;
	struct probe_leg *l = &p->link[link];

	end_calls_of(p, link);
	if (l->udp)
		udp_remove(l->udp);
	*l = (struct probe_leg){0};
}

static enum fl_err open_link(void *ctx, uint8_t link, const struct probe_path *path)
{
	struct probes_lwip *p = ctx;
	struct probe_leg *l = &p->link[link];
	struct textbuf name = textbuf_of(l->interface, sizeof(l->interface));

	close_link(p, link);
	*l = (struct probe_leg){.probes = p, .link = link, .open = true, .path = *path};
	textbuf_printf(&name, "%.*s", STR_ARG(path->interface));
	return find_leg(l) ? FL_OK : FL_ENOENT;
}

/* The leg and the source for a probe to `to`, or NULL and why not. */
static struct probe_leg *way_to(struct probes_lwip *p, uint8_t link, const struct ip_addr *to,
	const struct ip_addr **source, struct textbuf *why)
{
	struct probe_leg *l = &p->link[link];

	if (!find_leg(l)) {
		textbuf_printf(why, "no such interface");
		return NULL;
	}
	*source = to->family == 6 ? &l->path.source6 : &l->path.source4;
	if (!(*source)->family) {
		textbuf_printf(why, "the link has no IPv%u address", to->family);
		return NULL;
	}
	return l;
}

static enum fl_err send_probe(void *ctx, uint8_t link, enum io_probe_socket socket,
	const struct ip_addr *to, struct bytes packet, struct textbuf *why)
{
	struct probes_lwip *p = ctx;
	const struct ip_addr *source;
	const struct probe_leg *l = way_to(p, link, to, &source, why);
	struct pbuf *copy;
	enum fl_err err;

	if (!l)
		return FL_ENOENT;
	copy = copy_of(packet);
	if (!copy || !l->udp) {
		drop(&copy);
		out_of_memory(why);
		return FL_EFULL;
	}
	err = socket == IO_PROBE_UDP ? send_datagram(l, source, to, copy)
				     : send_echo(p, l, source, to, copy);
	if (err)
		textbuf_printf(why, "no way to it");
	pbuf_free(copy);
	return err;
}

static enum fl_err begin_call(
	void *ctx, uint8_t link, const struct probe_call *call, struct textbuf *why)
{
	struct probes_lwip *p = ctx;
	const struct ip_addr *source;
	const struct probe_leg *l = way_to(p, link, &call->to, &source, why);
	struct probe_conversation *c = free_call(p);

	if (!l)
		return FL_ENOENT;
	if (!c || !(c->pcb = tcp_new_ip_type(IPADDR_TYPE_ANY))) {
		textbuf_printf(why, "no connection is free");
		return FL_EFULL;
	}
	*c = (struct probe_conversation){.probes = p,
		.pcb = c->pcb,
		.link = link,
		.token = call->token,
		.to = call->to,
		.due = mtime_after(stack_now(p->stack), call->patience)};
	if ((call->request.n && !(c->request = copy_of(call->request))) ||
		!connect_by(c, l, source, call->port)) {
		hang_up(c);
		forget(c);
		out_of_memory(why);
		return FL_EFULL;
	}
	return FL_OK;
}

/* ---- time ---- */

static mtime calls_due(void *ctx)
{
	const struct probes_lwip *p = ctx;
	mtime due = MTIME_NEVER;

	for (size_t i = 0; i < PROBES_LWIP_CALLS; i++)
		if (p->call[i].pcb)
			due = mtime_first(due, p->call[i].due);
	return due;
}

static void calls_tick(void *ctx, mtime now)
{
	struct probes_lwip *p = ctx;

	for (size_t i = 0; i < PROBES_LWIP_CALLS; i++) {
		struct probe_conversation *c = &p->call[i];

		if (!c->pcb || !mtime_reached(now, c->due))
			continue;
		hang_up(c);
		post_ended(c, STR("no answer in time"));
	}
}

void probes_lwip_open(struct probes_lwip *p, struct stack_lwip *s)
{
	memset(p, 0, sizeof(*p));
	p->stack = s;
	p->icmp4 = raw_new_ip_type(IPADDR_TYPE_V4, IP_PROTO_ICMP);
	p->icmp6 = raw_new_ip_type(IPADDR_TYPE_V6, IP6_NEXTH_ICMP6);
	raw_recv(p->icmp4, icmp4_came, p);
	raw_recv(p->icmp6, icmp6_came, p);
	s->clock = (struct stack_clock){p, calls_due, calls_tick};
}

void probes_lwip_fill(struct probes_lwip *p, struct probes *out)
{
	*out = (struct probes){p, open_link, close_link, send_probe, begin_call};
}
