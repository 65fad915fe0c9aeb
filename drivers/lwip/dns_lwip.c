/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Over UDP an answer is written straight into the packet that carries it.  Over TCP (RFC 7766) the
 * questions of a connection are answered in their order, and one that cannot be sent yet waits in
 * the connection's own octets: no buffer of the stack is ever held for a client that does not read.
 */
#include "dns_lwip.h"

#include <string.h>

#define PORT    53
#define POLLS   2 /* of lwIP's slow timer between two looks at an idle connection: 1 s */
#define EXT_ID  0
#define BACKLOG 4
#define TC      0x02 /* in the third octet, RFC 1035 4.1.1 */

static bool answer(
	struct dns_lwip *d, const ip_addr_t *from, bool tcp, struct bytes query, struct buf *reply)
{
	const struct ip_addr client = stack_addr_of(from);

	d->figures.queries++;
	d->figures.tcp += tcp;
	if (!d->answerer.answer(d->answerer.ctx, &client, tcp, query, reply) || reply->bad ||
		reply->n == 0) {
		d->figures.dropped++;
		return false;
	}
	d->figures.replies++;
	d->figures.truncated += reply->n > 2 && (reply->at[2] & TC);
	return true;
}

/* ---- UDP ---- */

static void question_came(
	void *arg, struct udp_pcb *pcb, struct pbuf *query, const ip_addr_t *from, u16_t port)
{
	struct dns_lwip *d = arg;
	struct pbuf *p = pbuf_alloc(PBUF_TRANSPORT, DNS_LWIP_UDP_REPLY, PBUF_RAM);
	struct buf reply;

	if (!p || query->next) {
		d->figures.unsent += !p;
	} else {
		reply = buf_of(p->payload, DNS_LWIP_UDP_REPLY);
		if (answer(d, from, false, bytes_of(query->payload, query->len), &reply)) {
			pbuf_realloc(p, (u16_t)reply.n);
			if (udp_sendto_if_src(pcb, p, from, port, ip_current_input_netif(),
				    ip_current_dest_addr()) != ERR_OK)
				d->figures.unsent++;
		}
	}
	if (p)
		pbuf_free(p);
	pbuf_free(query);
}

/* ---- TCP ---- */

static void forget(struct dns_connection *c)
{
	c->pcb = NULL;
	c->n = 0;
}

/* Nothing of the connection calls back any more. */
static void let_go(struct tcp_pcb *pcb)
{
	tcp_arg(pcb, NULL);
	tcp_recv(pcb, NULL);
	tcp_sent(pcb, NULL);
	tcp_poll(pcb, NULL, 0);
	tcp_err(pcb, NULL);
}

static err_t hang_up(struct dns_connection *c)
{
	struct tcp_pcb *pcb = c->pcb;

	let_go(pcb);
	forget(c);
	tcp_abort(pcb);
	return ERR_ABRT;
}

static err_t end(struct dns_connection *c)
{
	struct tcp_pcb *pcb = c->pcb;

	let_go(pcb);
	if (tcp_close(pcb) != ERR_OK) {
		forget(c);
		tcp_abort(pcb);
		return ERR_ABRT;
	}
	forget(c);
	return ERR_OK;
}

/* The next whole question; an empty one: there is none. */
static struct bytes next_question(const struct dns_connection *c)
{
	size_t n = c->n < 2 ? 0 : get_u16(c->waiting);

	return c->n < 2 || c->n - 2 < n ? bytes_of(NULL, 0) : bytes_of(c->waiting + 2, n);
}

static void drop_question(struct dns_connection *c, size_t n)
{
	c->n -= 2 + n;
	memmove(c->waiting, c->waiting + 2 + n, c->n);
}

/* Answer what waits, as far as the answers can be sent.  A question without an answer ends the
 * connection: it was none, so what follows is none either. */
static err_t serve(struct dns_connection *c)
{
	struct dns_lwip *d = c->dns;
	struct bytes query;

	while ((query = next_question(c)).at) {
		struct buf reply = buf_of(d->reply + 2, DNS_LWIP_TCP_REPLY);

		/* Only when any answer fits, so that none is made twice. */
		if (tcp_sndbuf(c->pcb) < sizeof(d->reply) ||
			tcp_sndqueuelen(c->pcb) + 4 > TCP_SND_QUEUELEN)
			return tcp_output(c->pcb);
		if (!answer(d, &c->pcb->remote_ip, true, query, &reply))
			return hang_up(c);
		set_u16(d->reply, (uint16_t)reply.n);
		drop_question(c, query.n);
		c->since = stack_now(d->stack);
		if (tcp_write(c->pcb, d->reply, (u16_t)(2 + reply.n), TCP_WRITE_FLAG_COPY) !=
			ERR_OK) {
			d->figures.unsent++;
			return hang_up(c);
		}
	}
	if (c->ending)
		return end(c);
	return tcp_output(c->pcb);
}

static err_t octets_came(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
	struct dns_connection *c = arg;
	u16_t n;

	(void)err;
	if (!p) {
		c->ending = true; /* half closed: what was asked is still answered */
		return serve(c);
	}
	n = p->tot_len;
	if (n > sizeof(c->waiting) - c->n) {
		pbuf_free(p);
		return hang_up(c);
	}
	c->n += pbuf_copy_partial(p, c->waiting + c->n, n, 0);
	pbuf_free(p);
	tcp_recved(pcb, n);
	/* No question is as long. */
	if (c->n >= 2 && (size_t)get_u16(c->waiting) + 2 > sizeof(c->waiting))
		return hang_up(c);
	return serve(c);
}

static err_t octets_left(void *arg, struct tcp_pcb *pcb, u16_t n)
{
	(void)pcb;
	(void)n;
	return serve(arg);
}

static err_t second_passed(void *arg, struct tcp_pcb *pcb)
{
	struct dns_connection *c = arg;

	(void)pcb;
	if (mtime_reached(stack_now(c->dns->stack), mtime_after(c->since, DNS_LWIP_IDLE)))
		return hang_up(c);
	return serve(c);
}

static void connection_failed(void *arg, err_t err)
{
	(void)err;
	forget(arg);
}

/* A free place, or that of the connection which was idle longest. */
static struct dns_connection *make_room(struct dns_lwip *d)
{
	struct dns_connection *idlest = &d->connection[0];

	for (size_t i = 0; i < DNS_LWIP_CONNECTIONS; i++) {
		struct dns_connection *c = &d->connection[i];

		if (!c->pcb)
			return c;
		if (mtime_before(c->since, idlest->since))
			idlest = c;
	}
	d->figures.pushed_out++;
	hang_up(idlest);
	return idlest;
}

static err_t connection_came(void *arg, struct tcp_pcb *pcb, err_t err)
{
	struct dns_lwip *d = arg;
	struct dns_connection *c;

	if (err != ERR_OK || !pcb)
		return ERR_VAL;
	c = make_room(d);
	d->figures.connections++;
	*c = (struct dns_connection){.dns = d, .pcb = pcb, .since = stack_now(d->stack)};
	tcp_arg(pcb, c);
	tcp_recv(pcb, octets_came);
	tcp_sent(pcb, octets_left);
	tcp_poll(pcb, second_passed, POLLS);
	tcp_err(pcb, connection_failed);
	return ERR_OK;
}

/* Before the handshake is answered: the connection stays on the leg it came in by, whose network
 * and address another leg may have as well. */
static err_t pin_to_leg(u8_t id, struct tcp_pcb_listen *listener, struct tcp_pcb *pcb)
{
	(void)id;
	(void)listener;
	tcp_bind_netif(pcb, ip_current_input_netif());
	return ERR_OK;
}

static const struct tcp_ext_arg_callbacks pinning = {NULL, pin_to_leg};

enum fl_err dns_lwip_open(
	struct dns_lwip *d, struct stack_lwip *s, const struct dns_lwip_answerer *answerer)
{
	struct tcp_pcb *pcb = tcp_new_ip_type(IPADDR_TYPE_ANY);

	memset(d, 0, sizeof(*d));
	d->stack = s;
	d->answerer = *answerer;
	d->udp = udp_new_ip_type(IPADDR_TYPE_ANY);
	if (!pcb || !d->udp || udp_bind(d->udp, IP_ANY_TYPE, PORT) != ERR_OK ||
		tcp_bind(pcb, IP_ANY_TYPE, PORT) != ERR_OK)
		return FL_EFULL;
	d->listener = tcp_listen_with_backlog(pcb, BACKLOG);
	if (!d->listener)
		return FL_EFULL;
	udp_recv(d->udp, question_came, d);
	tcp_arg(d->listener, d);
	tcp_accept(d->listener, connection_came);
	tcp_ext_arg_set_callbacks(d->listener, EXT_ID, &pinning);
	return FL_OK;
}
