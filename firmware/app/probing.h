/* SPDX-License-Identifier: GPL-2.0-or-later */
/* probing.h - between the detector of a link and the driver that sends its probes. */
#ifndef FL_PROBING_H
#define FL_PROBING_H

#include "interfaces.h"
#include "link.h"
#include "probes.h"

/* What is at an interface now. */
enum link_cable probing_cable(const struct interfaces *all, struct str interface);
/* How a packet leaves by this link, whose number is in these bits of marks. */
struct probe_path probing_path(const struct link_conf *conf, uint32_t mark_bits);
/* Ask a target over link `number`, with the id of `seq` under `secret`, or `token` for a call. */
enum fl_err probing_ask(const struct probes *p, uint8_t number, const struct link_target *t,
	const uint8_t secret[16], uint16_t seq, uint32_t token, struct textbuf *why);
/* Does this event of `l` answer one of its probes?  *seq: which. */
bool probing_is_answer(
	struct link *l, const uint8_t secret[16], const struct io_event *e, uint16_t *seq);

#endif
