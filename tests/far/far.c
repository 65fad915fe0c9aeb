/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "far.h"

#include "lwip_headers.h"

#include <stdlib.h>
#include <string.h>

struct far_side {
	struct netif netif;
	uint16_t vlan;
	bool used;
};

static struct far {
	struct far_world world;
	struct far_side leg[FAR_LEGS];
	struct netif target[FAR_TARGETS];
	size_t ntargets;
	struct udp_pcb *resolver, *asker[FAR_LEGS];
	struct tcp_pcb *web;
	uint32_t random;
	struct far_figures figures;
} far;

/* ---- what lwIP asks of its port ---- */

u32_t sys_now(void);
u32_t sys_now(void)
{
	return (u32_t)(far.world.now(far.world.ctx).us / 1000);
}

uint32_t lwip_random(void)
{
	far.random = far.random * 1664525 + 1013904223;
	return far.random >> 8;
}

void lwip_failed(const char *what)
{
	(void)what;
	abort();
}

struct netif *lwip_route4(const ip4_addr_t *src, const ip4_addr_t *dst)
{
	(void)src;
	(void)dst;
	return ip_current_input_netif();
}

struct netif *lwip_route6(const ip6_addr_t *src, const ip6_addr_t *dst)
{
	(void)src;
	(void)dst;
	return ip_current_input_netif();
}

int lwip_input4(struct pbuf *p, struct netif *in)
{
	(void)in;
	if (p->len > 20 && ((const uint8_t *)p->payload)[9] == IP_PROTO_ICMP)
		far.figures.echoes_in++;
	return 0;
}

int lwip_input6(struct pbuf *p, struct netif *in)
{
	(void)p;
	(void)in;
	return 0;
}

const ip6_addr_t *lwip_gateway6(struct netif *netif, const ip6_addr_t *dst)
{
	(void)netif;
	(void)dst;
	return NULL;
}

int32_t lwip_vlan_of(struct netif *netif)
{
	return ((const struct far_side *)netif->state)->vlan;
}

uint32_t lwip_isn(
	const ip_addr_t *local, uint16_t local_port, const ip_addr_t *remote, uint16_t remote_port)
{
	(void)local;
	(void)local_port;
	(void)remote;
	(void)remote_port;
	return lwip_random();
}

/* ---- frames ---- */

static err_t frame_out(struct netif *netif, struct pbuf *p)
{
	uint8_t whole[1600];

	(void)netif;
	far.world.send(
		far.world.ctx, bytes_of(whole, pbuf_copy_partial(p, whole, sizeof(whole), 0)));
	return ERR_OK;
}

void far_frame(struct bytes frame)
{
	uint16_t vlan = frame.n >= 18 && get_u16(frame.at + 12) == ETHTYPE_VLAN
				? get_u16(frame.at + 14) & 0xfff
				: 0;

	for (size_t i = 0; i < FAR_LEGS; i++) {
		struct pbuf *p;

		if (!far.leg[i].used || far.leg[i].vlan != vlan || frame.n > 1518)
			continue;
		p = pbuf_alloc(PBUF_RAW, (u16_t)frame.n, PBUF_POOL);
		if (!p)
			return;
		pbuf_take(p, frame.at, (u16_t)frame.n);
		if (far.leg[i].netif.input(p, &far.leg[i].netif) != ERR_OK)
			pbuf_free(p);
	}
}

static err_t leg_init(struct netif *n)
{
	const struct far_side *l = n->state;

	n->output = etharp_output;
	n->output_ip6 = ethip6_output;
	n->linkoutput = frame_out;
	n->hwaddr_len = 6;
	memcpy(n->hwaddr, (const uint8_t[]){2, 0, 0, 0, 1, (uint8_t)l->vlan}, 6);
	n->mtu = 1500;
	n->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_MLD6;
	return ERR_OK;
}

static err_t no_output(struct netif *n, struct pbuf *p, const ip4_addr_t *to)
{
	(void)n;
	(void)p;
	(void)to;
	return ERR_RTE;
}

static err_t target_init(struct netif *n)
{
	n->output = no_output;
	return ERR_OK;
}

static ip_addr_t addr_of(const struct ip_addr *a, const struct netif *zone)
{
	ip_addr_t out = {0};

	IP_SET_TYPE_VAL(out, a->family == 6 ? IPADDR_TYPE_V6 : IPADDR_TYPE_V4);
	memcpy(a->family == 6 ? (void *)ip_2_ip6(&out)->addr : (void *)&ip_2_ip4(&out)->addr, a->b,
		a->family == 6 ? 16 : 4);
	if (a->family == 6)
		ip6_addr_assign_zone(ip_2_ip6(&out), IP6_UNICAST, zone);
	return out;
}

/* ---- what answers ---- */

/* Any name has no address: a resolver that lives. */
static void resolve(
	void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from, u16_t port)
{
	struct pbuf *reply = pbuf_alloc(PBUF_TRANSPORT, p->tot_len, PBUF_RAM);

	(void)arg;
	far.figures.datagrams_in++;
	if (reply && p->tot_len >= 12) {
		pbuf_copy(reply, p);
		((uint8_t *)reply->payload)[2] |= 0x80; /* QR */
		udp_sendto_if_src(
			pcb, reply, from, port, ip_current_input_netif(), ip_current_dest_addr());
	}
	if (reply)
		pbuf_free(reply);
	pbuf_free(p);
}

static err_t serve(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
	static const char page[] = "HTTP/1.0 200 OK\r\n\r\nsound as a bell\n";

	(void)arg;
	(void)err;
	if (!p)
		return tcp_close(pcb);
	tcp_recved(pcb, p->tot_len);
	pbuf_free(p);
	tcp_write(pcb, page, sizeof(page) - 1, TCP_WRITE_FLAG_COPY);
	tcp_output(pcb);
	return tcp_close(pcb);
}

static err_t welcome(void *arg, struct tcp_pcb *pcb, err_t err)
{
	(void)arg;
	if (err != ERR_OK)
		return err;
	far.figures.connections_in++;
	tcp_recv(pcb, serve);
	return ERR_OK;
}

static err_t pin(u8_t id, struct tcp_pcb_listen *listener, struct tcp_pcb *pcb)
{
	(void)id;
	(void)listener;
	tcp_bind_netif(pcb, ip_current_input_netif());
	return ERR_OK;
}

static const struct tcp_ext_arg_callbacks pinning = {NULL, pin};

/* ---- what asks ---- */

static void udp_answer(
	void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from, u16_t port)
{
	(void)pcb;
	(void)from;
	(void)port;
	far.world.answer(
		far.world.ctx, (unsigned)(uintptr_t)arg, false, bytes_of(p->payload, p->len));
	pbuf_free(p);
}

/* A question over TCP; it is sent when the connection is there, and ends it. */
struct call {
	unsigned leg;
	size_t n, heard;
	uint8_t query[2 + 512], answer[2 + 4096];
};

static err_t call_connected(void *arg, struct tcp_pcb *pcb, err_t err)
{
	const struct call *c = arg;

	(void)err;
	tcp_write(pcb, c->query, (u16_t)c->n, TCP_WRITE_FLAG_COPY);
	return tcp_output(pcb);
}

static void call_failed(void *arg, err_t err)
{
	const struct call *c = arg;

	(void)err;
	far.world.answer(far.world.ctx, c->leg, true, bytes_of(NULL, 0));
	free(arg);
}

static err_t call_over(struct call *c, struct tcp_pcb *pcb, size_t n)
{
	tcp_arg(pcb, NULL);
	tcp_err(pcb, NULL);
	tcp_abort(pcb);
	far.world.answer(far.world.ctx, c->leg, true, bytes_of(c->answer + 2, n));
	free(c);
	return ERR_ABRT;
}

static err_t call_heard(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
	struct call *c = arg;

	(void)err;
	if (!p)
		return call_over(c, pcb, 0);
	c->heard += pbuf_copy_partial(
		p, c->answer + c->heard, (u16_t)(sizeof(c->answer) - c->heard), 0);
	tcp_recved(pcb, p->tot_len);
	pbuf_free(p);
	if (c->heard >= 2 && c->heard >= 2u + get_u16(c->answer))
		return call_over(c, pcb, get_u16(c->answer));
	return ERR_OK;
}

void far_send_tcp(unsigned leg, struct ip_addr server, struct bytes octets)
{
	struct tcp_pcb *pcb = tcp_new_ip_type(IPADDR_TYPE_ANY);
	struct call *c = calloc(1, sizeof(*c));
	ip_addr_t to = addr_of(&server, &far.leg[leg].netif);

	if (!pcb || !c || octets.n > sizeof(c->query))
		abort();
	c->leg = leg;
	memcpy(c->query, octets.at, octets.n);
	c->n = octets.n;
	tcp_bind_netif(pcb, &far.leg[leg].netif);
	tcp_arg(pcb, c);
	tcp_recv(pcb, call_heard);
	tcp_err(pcb, call_failed);
	if (tcp_connect(pcb, &to, 53, call_connected) != ERR_OK)
		abort();
}

static void ask_over_tcp(unsigned leg, struct ip_addr server, struct bytes query)
{
	uint8_t octets[2 + 512];
	struct buf b = buf_of(octets, sizeof(octets));

	buf_put_u16(&b, (uint16_t)query.n);
	buf_put(&b, query.at, query.n);
	if (b.bad)
		abort();
	far_send_tcp(leg, server, bytes_of(octets, b.n));
}

void far_ask(unsigned leg, struct ip_addr server, bool tcp, struct bytes query)
{
	ip_addr_t to = addr_of(&server, &far.leg[leg].netif);
	struct pbuf *p;

	if (tcp) {
		ask_over_tcp(leg, server, query);
		return;
	}
	p = pbuf_alloc(PBUF_TRANSPORT, (u16_t)query.n, PBUF_RAM);
	if (!p)
		return;
	pbuf_take(p, query.at, (u16_t)query.n);
	udp_sendto(far.asker[leg], p, &to, 53);
	pbuf_free(p);
}

/* ---- the world ---- */

void far_leg(unsigned leg, uint16_t vlan, struct ip_prefix address4, struct ip_prefix address6)
{
	struct far_side *l = &far.leg[leg];
	ip_addr_t a = addr_of(&address4.addr, &l->netif);
	ip4_addr_t mask = {lwip_htonl(0xffffffffu << (32 - address4.bits))}, none = {0};

	l->vlan = vlan;
	l->used = true;
	netif_add(&l->netif, ip_2_ip4(&a), &mask, &none, l, leg_init, ethernet_input);
	netif_create_ip6_linklocal_address(&l->netif, 1);
	netif_ip6_addr_set_state(&l->netif, 0, IP6_ADDR_PREFERRED);
	if (address6.addr.family) {
		a = addr_of(&address6.addr, &l->netif);
		netif_ip6_addr_set(&l->netif, 1, ip_2_ip6(&a));
		netif_ip6_addr_set_state(&l->netif, 1, IP6_ADDR_PREFERRED);
	}
	netif_set_up(&l->netif);
	netif_set_link_up(&l->netif);
	far.asker[leg] = udp_new_ip_type(IPADDR_TYPE_ANY);
	udp_bind_netif(far.asker[leg], &l->netif);
	udp_recv(far.asker[leg], udp_answer, (void *)(uintptr_t)leg);
}

void far_target(struct ip_addr address)
{
	struct netif *n = &far.target[far.ntargets++];
	ip_addr_t a = addr_of(&address, n);
	ip4_addr_t mask = {0xffffffffu}, none = {0};

	netif_add(n, ip_2_ip4(&a), &mask, &none, NULL, target_init, ip_input);
	netif_set_up(n);
	netif_set_link_up(n);
}

mtime far_due(void)
{
	u32_t wait = sys_timeouts_sleeptime();
	int64_t began = far.world.now(far.world.ctx).us / 1000 * 1000;

	return wait == SYS_TIMEOUTS_SLEEPTIME_INFINITE ? MTIME_NEVER
						       : (mtime){began + (int64_t)wait * 1000};
}

void far_tick(void)
{
	sys_check_timeouts();
}

void far_figures(struct far_figures *out)
{
	*out = far.figures;
}

void far_open(const struct far_world *world)
{
	struct tcp_pcb *pcb;

	far.world = *world;
	lwip_init();
	far.resolver = udp_new_ip_type(IPADDR_TYPE_ANY);
	udp_bind(far.resolver, IP_ANY_TYPE, 53);
	udp_recv(far.resolver, resolve, NULL);
	pcb = tcp_new_ip_type(IPADDR_TYPE_ANY);
	tcp_bind(pcb, IP_ANY_TYPE, 80);
	far.web = tcp_listen_with_backlog(pcb, 4);
	tcp_accept(far.web, welcome);
	tcp_ext_arg_set_callbacks(far.web, 0, &pinning);
}
