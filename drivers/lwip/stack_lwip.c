/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The loop: hand out what was found, look at the port, let lwIP's timers run, sleep until the first
 * of all that is due.  Questions to the name server are answered inside lwIP's call-backs and make
 * no event. */
#include "stack_lwip.h"

#include "siphash.h"

#include <string.h>

#define FRAMES_AT_ONCE 16 /* before others have their turn */
#define CARRIER_EVERY  ms(50)
#define SESSION        0u

/* lwIP is a set of functions with data of its own, one of it in a program; its hooks and its clock
 * come without a context and find theirs here. */
static struct stack_lwip *the_stack;

mtime stack_now(const struct stack_lwip *s)
{
	return s->machine->now(s->machine->ctx);
}

/* ---- what lwIP asks of its port ---- */

/* Wraps every 49.7 days; lwIP only takes differences. */
u32_t sys_now(void)
{
	return (u32_t)(stack_now(the_stack).us / 1000);
}

uint32_t lwip_random(void)
{
	uint32_t n;

	the_stack->machine->random(the_stack->machine->ctx, &n, sizeof(n));
	return n;
}

uint16_t stack_port(void)
{
	return (uint16_t)(49152 + lwip_random() % 16384);
}

static bool owns4(const struct netif *n, const ip4_addr_t *a)
{
	return ip4_addr_cmp(netif_ip4_addr(n), a);
}

static bool owns6(const struct netif *n, const ip6_addr_t *a)
{
	for (s8_t i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++)
		if (ip6_addr_isvalid(netif_ip6_addr_state(n, i)) &&
			ip6_addr_cmp_zoneless(netif_ip6_addr(n, i), a))
			return true;
	return false;
}

struct netif *lwip_route4(const ip4_addr_t *src, const ip4_addr_t *dst)
{
	struct netif *in = ip_current_input_netif(), *n;

	(void)dst;
	if (!src || ip4_addr_isany(src))
		return NULL;
	if (in && owns4(in, src))
		return in;
	NETIF_FOREACH(n)
	if (netif_is_up(n) && owns4(n, src))
		return n;
	return NULL;
}

struct netif *lwip_route6(const ip6_addr_t *src, const ip6_addr_t *dst)
{
	struct netif *in = ip_current_input_netif(), *n;

	(void)dst;
	if (!src || ip6_addr_isany(src))
		return NULL;
	if (in && owns6(in, src))
		return in;
	NETIF_FOREACH(n)
	if (netif_is_up(n) && owns6(n, src))
		return n;
	return NULL;
}

static int refuse(struct pbuf *p, uint64_t *counter)
{
	(*counter)++;
	pbuf_free(p);
	return 1;
}

int lwip_input4(struct pbuf *p, struct netif *in)
{
	struct stack_counters *c = &the_stack->counters;
	ip4_addr_t src, dst;

	if (p->len < 20) /* RFC 791 3.1; lwIP says so itself */
		return 0;
	memcpy(&src, (const uint8_t *)p->payload + 12, 4);
	memcpy(&dst, (const uint8_t *)p->payload + 16, 4);
	if (owns4(in, &src))
		return refuse(p, &c->spoofed);
	return owns4(in, &dst) ? 0 : refuse(p, &c->not_ours);
}

int lwip_input6(struct pbuf *p, struct netif *in)
{
	struct stack_counters *c = &the_stack->counters;
	ip6_addr_t src = {0}, dst = {0};

	if (p->len < 40) /* RFC 8200 3 */
		return 0;
	memcpy(src.addr, (const uint8_t *)p->payload + 8, 16);
	memcpy(dst.addr, (const uint8_t *)p->payload + 24, 16);
	if (owns6(in, &src))
		return refuse(p, &c->spoofed);
	/* Neighbour discovery speaks to multicast addresses (RFC 4861). */
	return ip6_addr_ismulticast(&dst) || owns6(in, &dst) ? 0 : refuse(p, &c->not_ours);
}

const ip6_addr_t *lwip_gateway6(struct netif *netif, const ip6_addr_t *dst)
{
	const struct leg *l = netif->state;

	(void)dst;
	return l->conf.gateway6.family ? &l->gateway6 : NULL;
}

int32_t lwip_vlan_of(struct netif *netif)
{
	const struct leg *l = netif->state;

	return l->vlan ? l->vlan : -1;
}

uint32_t lwip_isn(
	const ip_addr_t *local, uint16_t local_port, const ip_addr_t *remote, uint16_t remote_port)
{
	uint8_t flow[38];
	struct buf b = buf_of(flow, sizeof(flow));
	struct ip_addr l = stack_addr_of(local), r = stack_addr_of(remote);

	buf_put(&b, l.b, sizeof(l.b));
	buf_put(&b, r.b, sizeof(r.b));
	buf_put_u16(&b, local_port);
	buf_put_u16(&b, remote_port);
	/* A clock of 4 microseconds (RFC 6528 3). */
	return (uint32_t)siphash(the_stack->secret, bytes_of(flow, b.n)) +
	       (uint32_t)(stack_now(the_stack).us / 4);
}

/* ---- addresses ---- */

struct ip_addr stack_addr_of(const ip_addr_t *a)
{
	struct ip_addr out = {.family = IP_IS_V6(a) ? 6 : 4};

	if (IP_IS_V6(a))
		memcpy(out.b, ip_2_ip6(a)->addr, 16);
	else
		memcpy(out.b, &ip_2_ip4(a)->addr, 4);
	return out;
}

ip_addr_t stack_addr_to(const struct ip_addr *a, const struct netif *zone)
{
	ip_addr_t out = {0};

	if (a->family == 6) {
		memcpy(ip_2_ip6(&out)->addr, a->b, 16);
		IP_SET_TYPE_VAL(out, IPADDR_TYPE_V6);
		ip6_addr_assign_zone(ip_2_ip6(&out), IP6_UNICAST, zone);
	} else {
		memcpy(&ip_2_ip4(&out)->addr, a->b, 4);
		IP_SET_TYPE_VAL(out, IPADDR_TYPE_V4);
	}
	return out;
}

/* ---- events ---- */

void stack_post(struct stack_lwip *s, const struct io_event *e, struct pbuf *octets)
{
	struct stack_event *at = &s->queue[(s->first + s->count) % STACK_EVENTS];

	if (s->count == STACK_EVENTS || (octets && octets->next)) {
		s->counters.events_lost++;
		if (octets)
			pbuf_free(octets);
		return;
	}
	s->count++;
	*at = (struct stack_event){*e, octets};
	at->event.at = stack_now(s);
	if (octets)
		at->event.data = bytes_of(octets->payload, octets->len);
}

static bool fetch_event(struct stack_lwip *s, struct io_event *out)
{
	if (!s->count)
		return false;
	*out = s->queue[s->first].event;
	s->handed_out = s->queue[s->first].octets;
	s->first = (s->first + 1) % STACK_EVENTS;
	s->count--;
	return true;
}

/* ---- frames ---- */

static struct leg *leg_of_vlan(struct stack_lwip *s, uint16_t vlan)
{
	for (size_t i = 0; i < STACK_LEGS; i++)
		if (s->leg[i].used && s->leg[i].vlan == vlan)
			return &s->leg[i];
	return NULL;
}

/* IEEE 802.1Q 9.6: a tag of VLAN 0 only has a priority in it. */
static uint16_t vlan_of(const uint8_t *frame, size_t n)
{
	return n >= 18 && get_u16(frame + 12) == ETHTYPE_VLAN ? get_u16(frame + 14) & 0xfff : 0;
}

static void frame_in(struct stack_lwip *s, struct pbuf *p)
{
	struct leg *l = leg_of_vlan(s, vlan_of(p->payload, p->len));

	if (!l) {
		s->counters.strangers++;
		pbuf_free(p);
		return;
	}
	l->rx_packets++;
	l->rx_bytes += p->len;
	if (l->netif.input(p, &l->netif) != ERR_OK)
		pbuf_free(p);
}

static bool frame_take(struct stack_lwip *s)
{
	const struct wire *w = s->wire;
	size_t n = w->pending(w->ctx);
	struct pbuf *p = NULL;

	if (n == 0)
		return false;
	s->counters.frames_in++;
	if (n < STACK_FRAME_MIN)
		s->counters.runts++;
	else if (n > STACK_FRAME_MAX)
		s->counters.giants++;
	else if (!(p = pbuf_alloc(PBUF_RAW, (u16_t)n, PBUF_POOL)))
		s->counters.no_room++;
	w->take(w->ctx, p ? p->payload : NULL, n);
	if (p)
		frame_in(s, p);
	return true;
}

static err_t frame_out(struct netif *netif, struct pbuf *p)
{
	struct leg *l = netif->state;
	const struct wire *w = the_stack->wire;
	struct pbuf *whole = p;

	if (p->tot_len > STACK_FRAME_MAX)
		return ERR_BUF;
	/* Seldom: what is sent is made in one piece. */
	if (p->next)
		whole = pbuf_clone(PBUF_RAW, PBUF_RAM, p);
	if (!whole)
		return ERR_MEM;
	the_stack->counters.frames_out++;
	l->tx_packets++;
	l->tx_bytes += p->tot_len;
	w->send(w->ctx, bytes_of(whole->payload, whole->len));
	if (whole != p)
		pbuf_free(whole);
	return ERR_OK;
}

/* ---- legs ---- */

struct leg *stack_leg(struct stack_lwip *s, struct str name)
{
	for (size_t i = 0; i < STACK_LEGS; i++)
		if (s->leg[i].used && str_is(name, s->leg[i].name))
			return &s->leg[i];
	return NULL;
}

static err_t leg_init(struct netif *n)
{
	n->name[0] = 'l';
	n->name[1] = 'g';
	n->output = etharp_output;
	n->output_ip6 = ethip6_output;
	n->linkoutput = frame_out;
	n->hwaddr_len = 6;
	memcpy(n->hwaddr, the_stack->wire->mac, 6);
	n->mtu = 1500;
	n->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_MLD6;
	return ERR_OK;
}

/* "eth0" is VLAN 0 of port eth0, "eth0.10" its VLAN 10.  False: it names no leg of this port. */
static bool vlan_of_name(const struct wire *w, struct str name, uint16_t *vlan)
{
	struct str rest = name, port = str_cut(&rest, '.');
	uint64_t n = 0;

	if (name.n >= STACK_LEG_NAME || !str_is(port, w->name))
		return false;
	if (port.n != name.n && (!str_to_u64(rest, 4094, &n) || n == 0))
		return false;
	*vlan = (uint16_t)n;
	return true;
}

static void leg_addresses(struct leg *l)
{
	const struct leg_conf *c = &l->conf;
	ip4_addr_t addr = {0}, mask = {0}, gateway = {0};
	ip_addr_t six;

	if (c->address4.addr.family == 4) {
		memcpy(&addr.addr, c->address4.addr.b, 4);
		mask.addr =
			lwip_htonl(c->address4.bits ? 0xffffffffu << (32 - c->address4.bits) : 0);
	}
	if (c->gateway4.family == 4)
		memcpy(&gateway.addr, c->gateway4.b, 4);
	netif_set_addr(&l->netif, &addr, &mask, &gateway);
	netif_ip6_addr_set_state(&l->netif, 1, IP6_ADDR_INVALID);
	if (c->address6.addr.family == 6) {
		six = stack_addr_to(&c->address6.addr, &l->netif);
		netif_ip6_addr_set(&l->netif, 1, ip_2_ip6(&six));
		netif_ip6_addr_set_state(&l->netif, 1, IP6_ADDR_PREFERRED);
	}
	if (c->gateway6.family == 6) {
		six = stack_addr_to(&c->gateway6, &l->netif);
		l->gateway6 = *ip_2_ip6(&six);
	}
}

static void leg_open(struct stack_lwip *s, struct leg *l, const struct leg_conf *c, uint16_t vlan)
{
	*l = (struct leg){.used = true, .vlan = vlan};
	memcpy(l->name, c->interface.at, c->interface.n);
	netif_add_noaddr(&l->netif, l, leg_init, ethernet_input);
	netif_create_ip6_linklocal_address(&l->netif, 1);
	netif_ip6_addr_set_state(&l->netif, 0, IP6_ADDR_PREFERRED);
	netif_set_up(&l->netif);
	if (s->carrier)
		netif_set_link_up(&l->netif);
}

static void leg_close(struct leg *l)
{
	netif_remove(&l->netif);
	l->used = false;
}

static bool is_wanted(const struct leg *l, const struct leg_conf *legs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_is(legs[i].interface, l->name))
			return true;
	return false;
}

static struct leg *free_leg(struct stack_lwip *s)
{
	for (size_t i = 0; i < STACK_LEGS; i++)
		if (!s->leg[i].used)
			return &s->leg[i];
	return NULL;
}

static enum fl_err leg_set(struct stack_lwip *s, const struct leg_conf *c, struct textbuf *why)
{
	struct leg *l = stack_leg(s, c->interface);
	uint16_t vlan;

	if (!l) {
		if (!vlan_of_name(s->wire, c->interface, &vlan)) {
			textbuf_printf(why,
				"there is no interface %.*s; this board has %s, and %s.1 to "
				"%s.4094",
				STR_ARG(c->interface), s->wire->name, s->wire->name, s->wire->name);
			return FL_ENOENT;
		}
		if (!(l = free_leg(s))) {
			textbuf_printf(why, "no more than %d legs fit", STACK_LEGS);
			return FL_EFULL;
		}
		leg_open(s, l, c, vlan);
	}
	l->conf = *c;
	l->conf.interface = str_of(l->name);
	leg_addresses(l);
	return FL_OK;
}

static enum fl_err legs_set(void *ctx, const struct leg_conf *legs, size_t n, struct textbuf *why)
{
	struct stack_lwip *s = ctx;
	enum fl_err err = FL_OK;

	for (size_t i = 0; i < STACK_LEGS; i++)
		if (s->leg[i].used && !is_wanted(&s->leg[i], legs, n))
			leg_close(&s->leg[i]);
	for (size_t i = 0; i < n; i++) {
		enum fl_err one = leg_set(s, &legs[i], why);

		err = err ? err : one;
	}
	return err;
}

void stack_lwip_fill_legs(struct stack_lwip *s, struct legs *out)
{
	*out = (struct legs){s, legs_set};
}

/* ---- interfaces ---- */

static void interfaces_get(void *ctx, struct str name, struct interface_state *out)
{
	struct stack_lwip *s = ctx;
	const struct leg *l = stack_leg(s, name);

	*out = (struct interface_state){0};
	if (!l)
		return;
	*out = (struct interface_state){.exists = true,
		.carrier = s->carrier,
		.rx_packets = l->rx_packets,
		.tx_packets = l->tx_packets,
		.rx_bytes = l->rx_bytes,
		.tx_bytes = l->tx_bytes};
}

static void interfaces_count(
	void *ctx, const struct str *names, struct interface_state *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		interfaces_get(ctx, names[i], &out[i]);
}

/* A leg is up as soon as it is there. */
static enum fl_err interfaces_up(void *ctx, struct str name)
{
	return stack_leg(ctx, name) ? FL_OK : FL_ENOENT;
}

void stack_lwip_fill_interfaces(struct stack_lwip *s, struct interfaces *out)
{
	*out = (struct interfaces){s, interfaces_get, interfaces_count, interfaces_up};
}

static void look_at_carrier(struct stack_lwip *s, mtime now)
{
	bool carrier = s->wire->carrier(s->wire->ctx);

	s->carrier_due = mtime_after(now, CARRIER_EVERY);
	if (carrier == s->carrier)
		return;
	s->carrier = carrier;
	for (size_t i = 0; i < STACK_LEGS; i++) {
		struct leg *l = &s->leg[i];

		if (!l->used)
			continue;
		if (carrier)
			netif_set_link_up(&l->netif);
		else
			netif_set_link_down(&l->netif);
		stack_post(s,
			&(struct io_event){.kind = IO_INTERFACE, .interface = str_of(l->name)},
			NULL);
	}
}

/* ---- the serial line ---- */

static void listen_to_serial(struct stack_lwip *s)
{
	size_t n;

	/* `typed` is free again once its event was fetched and dealt with. */
	if (!s->serial || s->count)
		return;
	n = s->serial->read(s->serial->ctx, s->typed, sizeof(s->typed));
	if (n)
		stack_post(s,
			&(struct io_event){.kind = IO_SESSION_INPUT,
				.session = SESSION,
				.data = bytes_of(s->typed, n)},
			NULL);
}

/* ---- the loop ---- */

/* Deal with what came and what is due. */
static void turn(struct stack_lwip *s)
{
	mtime now = stack_now(s);

	for (int i = 0; i < FRAMES_AT_ONCE && frame_take(s); i++)
		;
	sys_check_timeouts();
	if (s->clock.tick && mtime_reached(now, s->clock.due(s->clock.ctx)))
		s->clock.tick(s->clock.ctx, now);
	if (mtime_reached(now, s->carrier_due))
		look_at_carrier(s, now);
}

static mtime next_due(struct stack_lwip *s)
{
	u32_t timers = sys_timeouts_sleeptime();
	mtime due = s->carrier_due;

	if (timers != SYS_TIMEOUTS_SLEEPTIME_INFINITE) {
		/* lwIP counts whole milliseconds from its own clock's last one. */
		int64_t began = stack_now(s).us / 1000 * 1000;

		due = mtime_first(due, (mtime){began + (int64_t)timers * 1000});
	}
	if (s->clock.due)
		due = mtime_first(due, s->clock.due(s->clock.ctx));
	return due;
}

static void sleep_until(struct stack_lwip *s, mtime until)
{
	until = mtime_first(until, next_due(s));
	if (mtime_before(stack_now(s), until))
		s->machine->sleep(s->machine->ctx, until);
}

static void io_wait(void *ctx, mtime until, struct io_event *out)
{
	struct stack_lwip *s = ctx;

	if (s->handed_out)
		pbuf_free(s->handed_out);
	s->handed_out = NULL;
	for (;;) {
		turn(s);
		listen_to_serial(s);
		if (fetch_event(s, out))
			return;
		if (mtime_reached(stack_now(s), until))
			break;
		sleep_until(s, until);
	}
	*out = (struct io_event){.kind = IO_NOTHING, .at = stack_now(s)};
}

static mtime io_now(void *ctx)
{
	return stack_now(ctx);
}

/* Nobody tells the time to a board without a clock: seconds since it began. */
static int64_t io_wall(void *ctx)
{
	return stack_now(ctx).us / 1000000;
}

static void io_random(void *ctx, void *out, size_t n)
{
	const struct machine *m = ((struct stack_lwip *)ctx)->machine;

	m->random(m->ctx, out, n);
}

void stack_lwip_fill_io(struct stack_lwip *s, struct io *out)
{
	*out = (struct io){s, io_now, io_wall, io_random, io_wait};
}

/* ---- sessions ---- */

static enum fl_err session_write(void *ctx, unsigned session, struct str text)
{
	struct stack_lwip *s = ctx;
	size_t n = 0;

	if (session != SESSION || !s->serial)
		return FL_ENOENT;
	while (n < text.n) {
		n += s->serial->write(s->serial->ctx, text.at + n, text.n - n);
		if (n < text.n) {
			turn(s);
			s->machine->sleep(s->machine->ctx, mtime_after(stack_now(s), ms(1)));
		}
	}
	return FL_OK;
}

/* The line stays; the program starts another session on it. */
static void session_close(void *ctx, unsigned session)
{
	(void)ctx;
	(void)session;
}

void stack_lwip_fill_sessions(struct stack_lwip *s, struct sessions *out)
{
	*out = (struct sessions){s, session_write, session_close};
}

void stack_lwip_open(struct stack_lwip *s, const struct machine *machine, const struct wire *wire,
	const struct serial *serial)
{
	memset(s, 0, sizeof(*s));
	s->machine = machine;
	s->wire = wire;
	s->serial = serial;
	the_stack = s;
	machine->random(machine->ctx, s->secret, sizeof(s->secret));
	s->carrier = wire->carrier(wire->ctx);
	s->carrier_due = mtime_after(stack_now(s), CARRIER_EVERY);
	lwip_init();
}
