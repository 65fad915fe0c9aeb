/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probing.h"

#include "http.h"
#include "kernel_state.h"
#include "probe.h"

enum link_cable probing_cable(const struct interfaces *all, struct str interface)
{
	struct interface_state state;

	all->get(all->ctx, interface, &state);
	if (!state.exists)
		return LINK_NO_INTERFACE;
	return state.carrier ? LINK_PLUGGED : LINK_UNPLUGGED;
}

struct probe_path probing_path(const struct link_conf *conf, uint32_t mark_bits)
{
	const struct ip_prefix *v4 = link_conf_address(conf, 4), *v6 = link_conf_address(conf, 6);
	struct probe_path path = {
		.interface = conf->interface, .mark = kstate_mark(mark_bits, conf->number)};

	if (v4)
		path.source4 = v4->addr;
	if (v6)
		path.source6 = v6->addr;
	return path;
}

static enum fl_err send_packet(const struct probes *p, uint8_t number, const struct link_target *t,
	const struct probe_id *id, struct textbuf *why)
{
	uint8_t packet[PROBE_SIZE_MAX];
	struct buf out = buf_of(packet, sizeof(packet));
	enum fl_err err = probe_build(t, id, &out);

	if (err)
		return err;
	return p->send(p->ctx, number, t->method == LINK_DNS ? IO_PROBE_UDP : IO_PROBE_ICMP,
		&t->addr, bytes_of(packet, out.n), why);
}

static enum fl_err send_call(const struct probes *p, uint8_t number, const struct link_target *t,
	uint32_t token, struct textbuf *why)
{
	struct probe_call call = {.to = t->addr, .token = token, .patience = probe_patience(t)};
	uint8_t request[HTTP_REQUEST_MAX];
	struct buf out = buf_of(request, sizeof(request));
	struct probe_talk talk;
	enum fl_err err = probe_call_of(t, &talk, &out);

	if (err)
		return err;
	call.port = talk.port;
	call.tls_host = talk.tls_host;
	call.tls_trust = !t->verify;
	call.request = bytes_of(request, out.n);
	return p->call(p->ctx, number, &call, why);
}

enum fl_err probing_ask(const struct probes *p, uint8_t number, const struct link_target *t,
	const uint8_t secret[16], uint16_t seq, uint32_t token, struct textbuf *why)
{
	struct probe_id id = probe_id_of(secret, seq);

	return probe_is_call(t) ? send_call(p, number, t, token, why)
				: send_packet(p, number, t, &id, why);
}

/* A call's answer: is it the one that was hoped for? */
static bool is_right_answer(struct link *l, const struct io_event *e, uint16_t seq)
{
	int target = link_probe_target(l, seq);
	char words[48] = "";
	struct textbuf wrong = textbuf_of(words, sizeof(words));
	bool right = target >= 0 && probe_call_is_answered(&l->conf->monitor.targets[target],
					    e->data, e->kind == IO_PROBE_ENDED, &wrong);

	if (words[0])
		link_wrong_answer(l, seq, words);
	return right;
}

bool probing_is_answer(
	struct link *l, const uint8_t secret[16], const struct io_event *e, uint16_t *seq)
{
	const struct link_monitor_conf *m = &l->conf->monitor;

	if (e->socket == IO_PROBE_CALL) {
		*seq = (uint16_t)e->token;
		return is_right_answer(l, e, *seq);
	}
	if (e->socket == IO_PROBE_ICMP)
		return probe_parse_icmp(e->from.family, e->data, secret, seq) == FL_OK;
	for (size_t i = 0; i < m->ntargets; i++) {
		const struct link_target *t = &m->targets[i];

		if (t->method == LINK_DNS && ip_addr_eq(&t->addr, &e->from) &&
			probe_parse_dns(e->data, secret, t->query, seq) == FL_OK)
			return true;
	}
	return false;
}
