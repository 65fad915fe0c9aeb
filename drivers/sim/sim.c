/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One heap of memory that is counted, one list of packets in flight that is also the list of
 * everything else that will happen. */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory: counted, so that a test sees that all of it came back ---- */

static void *memory_get(void *ctx, size_t n)
{
	struct sim *s = ctx;
	void *p = malloc(n);

	if (p)
		s->allocations++;
	return p;
}

static void memory_put(void *ctx, void *p, size_t n)
{
	struct sim *s = ctx;

	(void)n;
	s->allocations--;
	free(p);
}

/* ---- events ---- */

/* Queue an event for `due`; its octets are copied, and what else it points to lives for ever. */
static void post(struct sim *s, mtime due, const struct io_event *e)
{
	struct sim_packet **at = &s->packets;
	struct sim_packet *p = calloc(1, sizeof(*p) + e->data.n);

	if (!p)
		abort();
	p->due = due;
	p->event = *e;
	p->n = e->data.n;
	if (p->n)
		memcpy(p->octets, e->data.at, p->n);
	while (*at && !mtime_before(due, (*at)->due))
		at = &(*at)->next;
	p->next = *at;
	*at = p;
}

static mtime io_now(void *ctx)
{
	return ((struct sim *)ctx)->now;
}

static int64_t io_wall(void *ctx)
{
	const struct sim *s = ctx;

	return s->wall + s->now.us / 1000000;
}

static void io_random(void *ctx, void *out, size_t n)
{
	struct sim *s = ctx;

	for (size_t i = 0; i < n; i++)
		((uint8_t *)out)[i] = (uint8_t)rng_below(&s->entropy, 256);
}

static void io_wait(void *ctx, mtime until, struct io_event *out)
{
	struct sim *s = ctx;
	struct sim_packet *p = s->packets;

	free(s->handed_out);
	s->handed_out = NULL;
	if (!p || mtime_before(until, p->due)) {
		if (mtime_before(s->now, until))
			s->now = until;
		*out = (struct io_event){.kind = IO_NOTHING, .at = s->now};
		return;
	}
	s->packets = p->next;
	s->handed_out = p;
	if (mtime_before(s->now, p->due))
		s->now = p->due;
	*out = p->event;
	out->at = s->now;
	out->data = bytes_of(p->octets, p->n);
}

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
	post(s, s->now, &(struct io_event){.kind = IO_INTERFACE, .interface = str_of(i->name)});
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

void sim_stop(struct sim *s)
{
	post(s, s->now, &(struct io_event){.kind = IO_STOP});
}

void sim_reload(struct sim *s)
{
	post(s, s->now, &(struct io_event){.kind = IO_RELOAD});
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
	post(s, mtime_after(s->now, wait),
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
		post(s, mtime_after(s->now, call->patience), &e);
		return FL_OK;
	}
	e.data = page_of(i, call);
	e.text = STR("closed");
	if (call->tls_host.n && i->portal && !call->tls_trust) {
		e.data = bytes_of("", 0);
		e.text = STR("its certificate is for another name");
	} else {
		post(s, mtime_after(s->now, wait), &e);
	}
	e.kind = IO_PROBE_ENDED;
	e.alive = call->request.n == 0;
	post(s, mtime_after(s->now, wait), &e);
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
	post(s, mtime_after(s->now, alive ? ms(1) : sec(3)),
		&(struct io_event){.kind = IO_NEIGHBOUR,
			.interface = str_of(i->name),
			.from = *addr,
			.alive = alive});
}

/* ---- the kernel's tables ---- */

static struct sim_set *find_set(struct sim *s, struct str name, bool make)
{
	for (size_t i = 0; i < s->nsets; i++)
		if (str_is(name, s->set[i].name))
			return &s->set[i];
	if (!make || s->nsets == SIM_SETS)
		return NULL;
	snprintf(s->set[s->nsets].name, sizeof(s->set[0].name), "%.*s", STR_ARG(name));
	return &s->set[s->nsets++];
}

static struct kelem *find_elem(const struct sim_set *set, const void *key, size_t key_n)
{
	for (size_t i = 0; i < set->nelems; i++)
		if (set->elems[i].key_n == key_n && memcmp(set->elems[i].key, key, key_n) == 0)
			return &set->elems[i];
	return NULL;
}

static void set_clear(struct sim_set *set)
{
	free(set->elems);
	*set = (struct sim_set){0};
}

static void set_fill(struct sim_set *set, const struct kelem *elems, size_t n)
{
	set->elems = calloc(n + 1, sizeof(*elems));
	if (!set->elems)
		abort();
	if (n)
		memcpy(set->elems, elems, n * sizeof(*elems));
	set->nelems = n;
}

/* As the kernel: taking out what is not there is an error, and so is adding what is there with
 * another value. */
static bool set_change(struct sim_set *set, const struct kset_change *c, struct textbuf *why)
{
	for (size_t i = 0; i < c->nremove; i++) {
		struct kelem *e = find_elem(set, c->remove[i].key, c->remove[i].key_n);

		if (!e) {
			textbuf_printf(why, "set %s: element to remove is not there", set->name);
			return false;
		}
		*e = set->elems[--set->nelems];
	}
	set->elems = realloc(set->elems, (set->nelems + c->nadd + 1) * sizeof(*set->elems));
	if (!set->elems)
		abort();
	for (size_t i = 0; i < c->nadd; i++) {
		const struct kelem *old = find_elem(set, c->add[i].key, c->add[i].key_n);

		if (old && old->value != c->add[i].value) {
			textbuf_printf(why, "set %s: element exists with another value", set->name);
			return false;
		}
		if (!old)
			set->elems[set->nelems++] = c->add[i];
	}
	return true;
}

static void replace_table(struct sim *s, const struct kernel_state *to)
{
	for (size_t i = 0; i < s->nsets; i++)
		set_clear(&s->set[i]);
	s->nsets = 0;
	for (size_t i = 0; i < to->nsets; i++) {
		struct sim_set *set = find_set(s, to->sets[i].name, true);

		if (!set)
			abort();
		set_fill(set, to->sets[i].elems, to->sets[i].nelems);
	}
	s->nchains = to->nchains;
}

static enum fl_err kernel_apply(void *ctx, const struct kernel_diff *d, struct textbuf *why)
{
	struct sim *s = ctx;

	s->applies++;
	if (s->kernel_refuses || s->kernel_refusals) {
		s->kernel_refusals -= s->kernel_refusals > 0;
		textbuf_printf(why, "Operation not permitted");
		return FL_EIO;
	}
	if (d->replace_table)
		replace_table(s, d->replace_table);
	for (size_t i = 0; !d->replace_table && i < d->nsets; i++) {
		struct sim_set *set = find_set(s, d->sets[i].set, false);

		if (!set || !set_change(set, &d->sets[i], why))
			return FL_EIO;
	}
	s->nroutes = s->nroutes + d->nadd_routes - d->ndel_routes;
	s->nrules = s->nrules + d->nadd_rules - d->ndel_rules;
	return FL_OK;
}

/* Only the first start is simulated: a kernel that holds nothing of ours. */
static enum fl_err kernel_read(void *ctx, const struct kernel_state *expect, struct arena *mem,
	struct kernel_state *out, bool *chains_known)
{
	(void)ctx;
	(void)expect;
	(void)mem;
	*out = (struct kernel_state){0};
	*chains_known = false;
	return FL_OK;
}

static void kernel_mark_bits(void *ctx, uint32_t bits)
{
	((struct sim *)ctx)->mark_bits = bits;
}

static enum fl_err kernel_flush(void *ctx, uint32_t mark, uint8_t family, struct textbuf *why)
{
	struct sim *s = ctx;

	(void)why;
	if (family)
		s->family_flushes[mark & 0xff][family == 6]++;
	else
		s->flushes[mark & 0xff]++;
	for (size_t i = 0; i < s->nflows;)
		if (s->flow[i].mark == mark && (!family || s->flow[i].from.family == family))
			s->flow[i] = s->flow[--s->nflows];
		else
			i++;
	return FL_OK;
}

static enum fl_err kernel_cut(
	void *ctx, kernel_flow_each *meant, void *meant_ctx, size_t *n, struct textbuf *why)
{
	struct sim *s = ctx;

	(void)why;
	*n = 0;
	for (size_t i = 0; i < s->nflows;) {
		if (!meant(meant_ctx, &s->flow[i])) {
			i++;
			continue;
		}
		s->flow[i] = s->flow[--s->nflows];
		++*n;
	}
	return FL_OK;
}

static enum fl_err kernel_flows(
	void *ctx, uint32_t mark, kernel_flow_each *each, void *each_ctx, struct textbuf *why)
{
	struct sim *s = ctx;

	(void)why;
	for (size_t i = 0; i < s->nflows; i++)
		if ((!mark || s->flow[i].mark == mark) && !each(each_ctx, &s->flow[i]))
			break;
	return FL_OK;
}

/* Nobody asks for names. */
static bool kernel_has(void *ctx, struct str set, const struct ip_addr *a)
{
	(void)ctx;
	(void)set;
	(void)a;
	return false;
}

/* No packet meets these rules. */
static enum fl_err kernel_counts(
	void *ctx, kernel_count_each *each, void *each_ctx, struct textbuf *why)
{
	(void)ctx;
	(void)each;
	(void)each_ctx;
	(void)why;
	return FL_OK;
}

static bool kernel_room(void *ctx, uint32_t *used, uint32_t *all)
{
	const struct sim *s = ctx;

	*used = s->connections;
	*all = s->connections_max;
	return s->connections_max != 0;
}

static uint32_t kernel_lacks(void *ctx, uint32_t features)
{
	return ((const struct sim *)ctx)->kernel_lacks & features;
}

static enum fl_err kernel_remove_all(
	void *ctx, const struct kernel_state *applied, struct textbuf *why)
{
	struct sim *s = ctx;

	(void)applied;
	(void)why;
	for (size_t i = 0; i < s->nsets; i++)
		set_clear(&s->set[i]);
	s->nsets = s->nchains = s->nroutes = s->nrules = 0;
	return FL_OK;
}

bool sim_lookup(
	const struct sim *s, const char *set, const void *key, size_t key_n, uint32_t *value)
{
	for (size_t i = 0; i < s->nsets; i++) {
		const struct kelem *e;

		if (strcmp(s->set[i].name, set) != 0)
			continue;
		e = find_elem(&s->set[i], key, key_n);
		if (e)
			*value = e->value;
		return e;
	}
	return false;
}

size_t sim_set_size(const struct sim *s, const char *set)
{
	for (size_t i = 0; i < s->nsets; i++)
		if (strcmp(s->set[i].name, set) == 0)
			return s->set[i].nelems;
	return 0;
}

/* ---- DNS ---- */

static void keep(uint8_t **at, size_t *at_n, struct bytes octets)
{
	uint8_t *copy = malloc(octets.n + 1);

	if (!copy)
		abort();
	memcpy(copy, octets.at, octets.n);
	free(*at);
	*at = copy;
	*at_n = octets.n;
}

static enum fl_err dns_listen(
	void *ctx, const struct dns_endpoint *at, size_t n, unsigned threads, struct textbuf *why)
{
	struct sim *s = ctx;

	s->threads = threads;
	if (n > COUNT_OF(s->endpoint)) {
		textbuf_printf(why, "too many addresses");
		return FL_EFULL;
	}
	memcpy(s->endpoint, at, n * sizeof(*at));
	s->nendpoints = n;
	return FL_OK;
}

static uint8_t *dns_room(void *ctx, size_t n)
{
	struct sim *s = ctx;

	free(s->room);
	s->room = calloc(1, n);
	return s->room;
}

static uint8_t *dns_copy(void *ctx)
{
	struct sim *s = ctx;

	return s->image_n ? memcpy(dns_room(s, s->image_n), s->image, s->image_n) : NULL;
}

static enum fl_err dns_image(void *ctx, struct bytes image, struct textbuf *why)
{
	struct sim *s = ctx;

	(void)why;
	if (image.at != s->room) {
		keep(&s->image, &s->image_n, image);
		return FL_OK;
	}
	free(s->image);
	s->image = s->room;
	s->image_n = image.n;
	s->room = NULL;
	return FL_OK;
}

static enum fl_err dns_state(void *ctx, struct bytes state)
{
	struct sim *s = ctx;

	keep(&s->state, &s->state_n, state);
	return FL_OK;
}

static void dns_figures(void *ctx, struct dns_service_figures *out)
{
	*out = (struct dns_service_figures){.running = !((struct sim *)ctx)->responder_is_gone,
		.settled = !((struct sim *)ctx)->responder_is_late};
}

/* ---- messages to other name servers ---- */

static void resolve(struct sim *s, const struct sim_datagram *question, unsigned slot,
	const struct sim_interface *by)
{
	uint8_t octets[1232];
	struct buf answer = buf_of(octets, sizeof(octets));

	s->ndatagrams--; /* it is not kept: there may be many */
	if ((!by || works(by)) && s->resolver(question, &answer))
		post(s, mtime_after(s->now, ms(20)),
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
	post(s, mtime_after(s->now, ms(20)),
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

/* No cryptography here: octets that differ with what is signed. */
/* ---- daemons ---- */

static void write_file(struct sim *s, const struct daemon_file *f)
{
	struct sim_file *file = NULL;

	for (size_t i = 0; i < SIM_FILES; i++)
		if (str_is(f->name, s->file[i].name))
			file = &s->file[i];
	if (!file)
		file = &s->file[s->nfiles++ % SIM_FILES];
	snprintf(file->name, sizeof(file->name), "%.*s", STR_ARG(f->name));
	snprintf(file->text, sizeof(file->text), "%.*s", STR_ARG(f->text));
}

static enum fl_err daemons_run(
	void *ctx, unsigned slot, const struct daemon *d, struct textbuf *why)
{
	struct sim *s = ctx;
	struct sim_daemon *x = &s->daemon[slot];
	char args[sizeof(x->args)];
	struct textbuf t = textbuf_of(args, sizeof(args));
	bool same = x->running;

	(void)why;
	for (size_t i = 0; i < d->nargs; i++)
		textbuf_printf(&t, "%s%.*s", i ? " " : "", STR_ARG(d->args[i]));
	same = same && strcmp(args, x->args) == 0;
	for (size_t i = 0; i < d->nfiles; i++) {
		char name[64];

		snprintf(name, sizeof(name), "%.*s", STR_ARG(d->files[i].name));
		same = same && str_is(d->files[i].text, sim_file(s, name));
		write_file(s, &d->files[i]);
	}
	if (same)
		return FL_OK;
	snprintf(x->name, sizeof(x->name), "%.*s", STR_ARG(d->name));
	memcpy(x->args, args, sizeof(args));
	x->running = true;
	x->starts++;
	return FL_OK;
}

static enum fl_err daemons_reread(
	void *ctx, unsigned slot, const struct daemon_file *f, struct textbuf *why)
{
	struct sim *s = ctx;
	char name[64];

	(void)why;
	snprintf(name, sizeof(name), "%.*s", STR_ARG(f->name));
	if (!str_is(f->text, sim_file(s, name)))
		s->daemon[slot].rereads++;
	write_file(s, f);
	return FL_OK;
}

static void daemons_stop(void *ctx, unsigned slot)
{
	struct sim *s = ctx;

	s->daemon[slot].running = false;
}

const char *sim_file(const struct sim *s, const char *name)
{
	for (size_t i = 0; i < SIM_FILES; i++)
		if (strcmp(s->file[i].name, name) == 0)
			return s->file[i].text;
	return "";
}

void sim_report(struct sim *s, unsigned slot, const char *text)
{
	post(s, s->now,
		&(struct io_event){.kind = IO_DAEMON_REPORT,
			.slot = slot,
			.data = bytes_of(text, strlen(text))});
}

static void sim_hmac(enum hmac_hash hash, struct bytes key, const struct bytes *parts,
	size_t nparts, uint8_t out[HMAC_MAX])
{
	struct rng sum = rng_of(key.n);

	for (size_t i = 0; i < nparts; i++)
		for (size_t k = 0; k < parts[i].n; k++)
			sum = rng_of(rng_u64(&sum) ^ parts[i].at[k]);
	for (size_t i = 0; i < hmac_size(hash); i++)
		out[i] = (uint8_t)rng_u64(&sum);
}

static void dns_counters(void *ctx, uint64_t *out, size_t n)
{
	const struct sim *s = ctx;

	for (size_t i = 0; i < n; i++)
		out[i] = i < COUNT_OF(s->dns_counter) ? s->dns_counter[i] : 0;
}

/* ---- lamps ---- */

static struct sim_lamp *find_lamp(struct sim *s, struct str name)
{
	for (size_t i = 0; i < s->nlamps; i++)
		if (str_is(name, s->lamp[i].name))
			return &s->lamp[i];
	return NULL;
}

static enum fl_err lamps_describe(void *ctx, struct str name, bool *one_colour)
{
	struct sim *s = ctx;

	if (!find_lamp(s, name)) {
		if (s->nlamps == SIM_LAMPS)
			return FL_ENOENT;
		snprintf(s->lamp[s->nlamps++].name, sizeof(s->lamp[0].name), "%.*s", STR_ARG(name));
	}
	*one_colour = false;
	return FL_OK;
}

static void lamps_set(void *ctx, struct str name, bool green, bool amber, bool red)
{
	struct sim_lamp *l = find_lamp(ctx, name);

	if (l)
		l->green = green, l->amber = amber, l->red = red;
}

static void lamps_name_pattern(void *ctx, struct str name, const char *pattern)
{
	struct sim_lamp *l = find_lamp(ctx, name);

	if (l)
		snprintf(l->pattern, sizeof(l->pattern), "%s", pattern);
}

const struct sim_lamp *sim_lamp(const struct sim *s, const char *name)
{
	for (size_t i = 0; i < s->nlamps; i++)
		if (strcmp(s->lamp[i].name, name) == 0)
			return &s->lamp[i];
	return NULL;
}

/* ---- storage ---- */

static struct sim_item *find_item(struct sim *s, const char *name)
{
	for (size_t i = 0; i < s->nitems; i++)
		if (strcmp(s->item[i].name, name) == 0)
			return &s->item[i];
	return NULL;
}

static enum fl_err storage_load(
	void *ctx, const char *name, struct arena *mem, struct bytes *out, struct textbuf *why)
{
	const struct sim_item *i = find_item(ctx, name);
	char *copy;

	if (!i) {
		textbuf_printf(why, "was never saved");
		return FL_ENOENT;
	}
	if (i->damaged) {
		textbuf_printf(why, "is damaged");
		return FL_EFORMAT;
	}
	copy = arena_copy(mem, i->octets, i->n);
	if (!copy)
		return FL_EFULL;
	*out = bytes_of(copy, i->n);
	return FL_OK;
}

/* A file is an item whose name is its path. */
static enum fl_err file_read(
	void *ctx, struct str path, struct arena *mem, struct bytes *out, struct textbuf *why)
{
	char name[sizeof(((struct sim_item *)0)->name)];
	struct textbuf t = textbuf_of(name, sizeof(name));

	textbuf_put(&t, path.at, path.n);
	return storage_load(ctx, name, mem, out, why);
}

static enum fl_err storage_save(
	void *ctx, const char *name, struct bytes content, struct textbuf *why);
static enum fl_err storage_remove(void *ctx, const char *name);

static enum fl_err file_write(void *ctx, struct str path, struct bytes content, struct textbuf *why)
{
	char name[sizeof(((struct sim_item *)0)->name)];
	struct textbuf t = textbuf_of(name, sizeof(name));

	textbuf_put(&t, path.at, path.n);
	return storage_save(ctx, name, content, why);
}

static enum fl_err file_remove(void *ctx, struct str path, struct textbuf *why)
{
	char name[sizeof(((struct sim_item *)0)->name)];
	struct textbuf t = textbuf_of(name, sizeof(name));
	enum fl_err err;

	textbuf_put(&t, path.at, path.n);
	err = storage_remove(ctx, name);
	if (err)
		textbuf_printf(why, "No such file or directory");
	return err;
}

/* There is no folder here: nothing tells a file from another item. */
static bool file_name(void *ctx, size_t index, char *out, size_t cap, uint64_t *size)
{
	(void)ctx, (void)index, (void)out, (void)cap, (void)size;
	return false;
}

static enum fl_err storage_save(
	void *ctx, const char *name, struct bytes content, struct textbuf *why)
{
	struct sim *s = ctx;
	struct sim_item *i = find_item(s, name);

	if (s->storage_refuses) {
		textbuf_printf(why, "No space left on device");
		return FL_EIO;
	}
	if (s->saves_left == 1)
		return FL_OK;
	s->saves_left -= s->saves_left > 0;
	if (!i) {
		if (s->nitems == SIM_ITEMS)
			return FL_EFULL;
		i = &s->item[s->nitems++];
		snprintf(i->name, sizeof(i->name), "%s", name);
	}
	keep(&i->octets, &i->n, content);
	i->damaged = false;
	return FL_OK;
}

static enum fl_err storage_remove(void *ctx, const char *name)
{
	struct sim *s = ctx;
	struct sim_item *i = find_item(s, name);

	if (!i)
		return FL_ENOENT;
	free(i->octets);
	*i = s->item[--s->nitems];
	s->item[s->nitems] = (struct sim_item){0};
	return FL_OK;
}

void sim_store(struct sim *s, const char *name, const char *text)
{
	struct textbuf why = textbuf_of((char[64]){0}, 64);

	(void)storage_save(s, name, bytes_of(text, strlen(text)), &why);
}

void sim_damage(struct sim *s, const char *name)
{
	struct sim_item *i = find_item(s, name);

	if (!i)
		abort();
	i->damaged = true;
}

const struct sim_item *sim_stored(const struct sim *s, const char *name)
{
	for (size_t i = 0; i < s->nitems; i++)
		if (strcmp(s->item[i].name, name) == 0)
			return &s->item[i];
	return NULL;
}

/* ---- people ---- */

static enum fl_err sessions_write(void *ctx, unsigned session, struct str text)
{
	struct sim_session *p = &((struct sim *)ctx)->session[session];

	if (p->n + text.n + 1 > p->cap) {
		p->cap = 2 * (p->n + text.n) + 1024;
		p->text = realloc(p->text, p->cap);
		if (!p->text)
			abort();
	}
	memcpy(p->text + p->n, text.at, text.n);
	p->n += text.n;
	p->text[p->n] = '\0';
	return FL_OK;
}

static void sessions_close(void *ctx, unsigned session)
{
	((struct sim *)ctx)->session[session].open = false;
}

void sim_session_open(struct sim *s, unsigned session, const char *hello)
{
	struct sim_session *p = &s->session[session];

	p->open = true;
	p->n = 0;
	post(s, s->now,
		&(struct io_event){.kind = IO_SESSION_OPEN,
			.session = session,
			.text = str_of(s->peer ? s->peer : "root"),
			.data = bytes_of(hello, strlen(hello))});
}

void sim_type(struct sim *s, unsigned session, const char *octets, size_t n)
{
	post(s, s->now,
		&(struct io_event){
			.kind = IO_SESSION_INPUT, .session = session, .data = bytes_of(octets, n)});
}

void sim_session_close(struct sim *s, unsigned session)
{
	s->session[session].open = false;
	post(s, s->now, &(struct io_event){.kind = IO_SESSION_CLOSED, .session = session});
}

/* ---- who may log in ---- */

static enum fl_err accounts_apply(void *ctx, const struct account *a, size_t n, struct textbuf *why)
{
	struct sim *s = ctx;

	if (s->accounts_refuse || n > COUNT_OF(s->account)) {
		textbuf_printf(why, "the accounts are read-only");
		return FL_EIO;
	}
	memset(s->account, 0, sizeof(s->account));
	s->naccounts = s->drivers.accounts.managed ? n : 0;
	for (size_t i = 0; i < s->naccounts; i++) {
		struct sim_account *to = &s->account[i];
		struct textbuf keys = textbuf_of(to->keys, sizeof(to->keys));

		snprintf(to->name, sizeof(to->name), "%.*s", STR_ARG(a[i].name));
		snprintf(to->hash, sizeof(to->hash), "%.*s", STR_ARG(a[i].hash));
		to->open = a[i].open;
		for (size_t k = 0; k < a[i].nkeys; k++)
			textbuf_printf(&keys, "%.*s\n", STR_ARG(a[i].keys[k]));
	}
	return FL_OK;
}

/* One way, if not a safe one. */
static enum fl_err accounts_hash(
	void *ctx, struct str password, char out[ACCOUNT_HASH_MAX], struct textbuf *why)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	(void)ctx, (void)why;
	for (size_t i = 0; i < password.n; i++)
		hash = (hash ^ (uint8_t)password.at[i]) * UINT64_C(1099511628211);
	snprintf(out, ACCOUNT_HASH_MAX, "$6$simulated$%016llx", (unsigned long long)hash);
	return FL_OK;
}

const struct sim_account *sim_account(const struct sim *s, const char *name)
{
	for (size_t i = 0; i < s->naccounts; i++)
		if (strcmp(s->account[i].name, name) == 0)
			return &s->account[i];
	return NULL;
}

/* ---- the log ---- */

static void log_line(void *ctx, enum log_level level, struct str text)
{
	struct sim *s = ctx;
	size_t room = SIM_LOG_SIZE - s->log_n;
	int n;

	if (level == LOG_LEVEL_DEBUG && !s->log_debug)
		return;
	n = snprintf(s->log + s->log_n, room, "[%lld] %.*s\n", (long long)(s->now.us / 1000),
		STR_ARG(text));
	if (n > 0 && (size_t)n < room)
		s->log_n += (size_t)n;
	s->log[s->log_n] = '\0';
}

/* ---- life ---- */

/* ---- the machine ---- */

static enum fl_err unit_block(void *ctx, uint8_t *block, struct textbuf *why)
{
	const struct sim *s = ctx;

	(void)why;
	memcpy(block, s->unit.block, sizeof(s->unit.block));
	return FL_OK;
}

static enum fl_err unit_set_block(void *ctx, const uint8_t *block, struct textbuf *why)
{
	struct sim *s = ctx;

	(void)why;
	memcpy(s->unit.block, block, sizeof(s->unit.block));
	return FL_OK;
}

static void unit_pet(void *ctx)
{
	struct sim *s = ctx;

	s->unit.petted = s->now;
}

static const char *unit_watchdog(void *ctx)
{
	(void)ctx;
	return "simulated watchdog";
}

static enum fl_err unit_task(
	void *ctx, enum unit_task what, struct str argument, bool force, struct textbuf *why)
{
	struct sim *s = ctx;
	struct textbuf t = textbuf_of(s->unit.task, sizeof(s->unit.task));

	(void)why;
	textbuf_printf(&t, "%d %.*s%s", (int)what, STR_ARG(argument), force ? " force" : "");
	return FL_OK;
}

static enum fl_err unit_forget(void *ctx, enum unit_reset how, struct textbuf *why)
{
	struct sim *s = ctx;

	(void)why;
	s->unit.forgets = how == UNIT_RESET_ALL ? "everything" : "settings";
	return FL_OK;
}

static enum fl_err unit_end(void *ctx, enum unit_end how, struct textbuf *why)
{
	struct sim *s = ctx;

	(void)why;
	s->unit.ended = how == UNIT_REBOOT ? "reboot" : "power off";
	return FL_OK;
}

static enum fl_err unit_set_clock(void *ctx, int64_t wall, struct textbuf *why)
{
	struct sim *s = ctx;

	(void)why;
	s->wall = wall - s->now.us / 1000000;
	return FL_OK;
}

void sim_image(struct sim *s, const char *boot_words)
{
	s->drivers.unit.is_image = true;
	memset(s->unit.block, '#', sizeof(s->unit.block));
	snprintf((char *)s->unit.block, sizeof(s->unit.block), "# GRUB Environment Block\n%s",
		boot_words);
	s->unit.block[strlen((char *)s->unit.block)] = '#';
}

void sim_task(struct sim *s, const char *line, int status)
{
	struct io_event e = {.kind = line ? IO_TASK_LINE : IO_TASK_ENDED,
		.token = (uint32_t)status,
		.text = str_of(line ? line : "")};

	post(s, s->now, &e);
}

void sim_button(struct sim *s, bool pressed)
{
	struct io_event e = {.kind = IO_BUTTON, .token = pressed};

	post(s, s->now, &e);
}

void sim_open(struct sim *s, uint64_t seed)
{
	memset(s, 0, sizeof(*s));
	s->rng = rng_of(seed);
	s->entropy = rng_of(seed + 1);
	s->wall = 1767225600; /* 2026-01-01 00:00:00 UTC */
	s->drivers = (struct drivers){
		.io = {s, io_now, io_wall, io_random, io_wait},
		.interfaces = {s, interfaces_get, interfaces_count, interfaces_up},
		.neighbours = {s, neighbours_ask},
		.probes = {s, probes_open, probes_close, probes_send, probes_call},
		.kernel = {s, kernel_read, kernel_apply, kernel_mark_bits, kernel_flush, kernel_cut,
			kernel_flows, kernel_has, kernel_counts, kernel_room, kernel_lacks,
			kernel_remove_all},
		.lamps = {s, lamps_describe, lamps_set, lamps_name_pattern},
		.settings = {s, storage_load, storage_save, storage_remove},
		.storage = {s, storage_load, storage_save, storage_remove},
		.sessions = {s, sessions_write, sessions_close},
		.datagrams = {s, datagrams_send, datagrams_close},
		.daemons = {s, "/run/daemons", "/usr/sbin/fairlead-report", "/run/daemons/report",
			daemons_run, daemons_reread, daemons_stop},
		.hmac = sim_hmac,
		.files = {s, file_read, file_write, file_remove, file_name},
		.accounts = {s, false, accounts_apply, accounts_hash},
		.unit = {s, false, false, 'a', "", unit_block, unit_set_block, unit_pet,
			unit_watchdog, unit_task, unit_forget, unit_end, unit_set_clock},
		.dns = {s, dns_listen, dns_room, dns_copy, dns_image, dns_state, dns_figures,
			dns_counters},
		.log = {log_line, s},
		.memory = {memory_get, memory_put, s},
	};
}

void sim_close(struct sim *s)
{
	free(s->handed_out);
	while (s->packets) {
		struct sim_packet *p = s->packets;

		s->packets = p->next;
		free(p);
	}
	for (size_t i = 0; i < s->nsets; i++)
		set_clear(&s->set[i]);
	for (size_t i = 0; i < s->nitems; i++)
		free(s->item[i].octets);
	for (size_t i = 0; i < SIM_SESSIONS; i++)
		free(s->session[i].text);
	free(s->image);
	free(s->room);
	free(s->state);
}
