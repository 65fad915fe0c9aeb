/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IPv4 and IPv6 of one link are two ways through the provider's network, and each can die alone.
 *
 * The detector judges the link as a whole: an answer of either family is life.  Here each family is
 * judged against the other, on a link that has targets of both.  A lost probe of a family while the
 * link is fit calls for more probes of that family, 100 ms apart, until one is answered or the
 * family is dead: as many losses in a row and as long a silence as the whole link would take.  A
 * dead family is asked at the pace of a link that is down, and comes back by the same proof and
 * hold-down.  Its targets take no part in the judgement of the link meanwhile. */
#include "link_estimate.h"
#include "link_internal.h"

#define ASK_GAP      ms(100)
#define PROOF_PROBES 15
#define PROOF_LOST   3
#define PROOF_LATE   ms(1500)
#define HOLD_PACE    sec(1)
#define HOLD_MAX     sec(300)
#define HOLD_MEMORY  sec(600)
#define ODDS         2 /* probes of the link's own proof without an answer */

static size_t family_at(const struct link *l, size_t target)
{
	return l->target[target].addr.family == 6;
}

static uint32_t targets_of(const struct link *l, size_t family)
{
	uint32_t mask = 0;

	for (size_t i = 0; i < l->ntargets; i++)
		if (family_at(l, i) == family)
			mask |= UINT32_C(1) << i;
	return mask;
}

static bool is_judged_apart(const struct link *l)
{
	return targets_of(l, 0) && targets_of(l, 1);
}

static bool is_out(const struct link_family *f)
{
	return f->state == LINK_FAMILY_DEAD || f->state == LINK_FAMILY_PROVING;
}

bool link_target_is_out(const struct link *l, size_t target)
{
	return l->target[target].demoted || is_out(&l->family[family_at(l, target)]);
}

bool link_family_is_dead(const struct link *l, uint8_t family)
{
	return is_out(&l->family[family == 6]);
}

bool link_carries(const struct link *l, uint8_t family)
{
	return link_is_fit(l) && !link_family_is_dead(l, family);
}

/* ---- moves ---- */

static const char *family_name(size_t family)
{
	return family ? "IPv6" : "IPv4";
}

static void die(struct link *l, size_t family, mtime now, struct link_out *out)
{
	struct link_family *f = &l->family[family];
	struct textbuf t = textbuf_of(out->note, sizeof(out->note));
	char silence[LINK_SPAN_TEXT_MAX];

	textbuf_printf(&t, "%s is dead, %s carries on (silence %s, %u of %u probes lost)",
		family_name(family), family_name(!family),
		link_span_text(mtime_between(f->silent_since, now), silence), f->lost, f->lost);
	f->downs = mtime_between(f->down_at, now).us < HOLD_MEMORY.us ? f->downs + 1 : 1;
	f->down_at = now;
	f->state = LINK_FAMILY_DEAD;
	f->next_send = now;
	out->families_changed = true;
}

static span hold_of(const struct link *l, const struct link_family *f)
{
	span hold = l->conf->monitor.hold;

	for (unsigned n = 1; n < f->downs && hold.us < HOLD_MAX.us; n++)
		hold.us *= 3;
	return span_min(hold, span_max(HOLD_MAX, l->conf->monitor.hold));
}

static void begin_proof(struct link *l, struct link_family *f, mtime now)
{
	f->state = LINK_FAMILY_PROVING;
	f->proof_since = f->next_send = now;
	f->sent = f->answered = f->lost = 0;
	f->hold_until = mtime_after(now, hold_of(l, f));
}

static void come_back(struct link *l, size_t family, mtime now, struct link_out *out)
{
	struct link_family *f = &l->family[family];
	struct textbuf t = textbuf_of(out->note, sizeof(out->note));
	char dead[LINK_SPAN_TEXT_MAX];

	textbuf_printf(&t, "%s works again after %s (%u of %u probes answered)",
		family_name(family), link_span_text(mtime_between(f->silent_since, now), dead),
		f->answered, f->sent);
	f->state = LINK_FAMILY_LIVE;
	f->lost = 0;
	out->families_changed = true;
}

/* ---- what the detector reports ---- */

void link_family_answered(struct link *l, mtime now, const struct link_flight *flight)
{
	struct link_family *f = &l->family[family_at(l, flight->target)];

	switch (f->state) {
	case LINK_FAMILY_LIVE:
	case LINK_FAMILY_ASKED:
		/* One sent before the silence began says nothing of it. */
		if (f->lost && mtime_before(flight->sent, f->silent_since))
			return;
		f->state = LINK_FAMILY_LIVE;
		f->lost = 0;
		break;
	case LINK_FAMILY_DEAD:
		begin_proof(l, f, now);
		break;
	case LINK_FAMILY_PROVING:
		f->answered +=
			flight->kind == KIND_FAMILY && mtime_reached(flight->sent, f->proof_since);
		break;
	}
}

void link_family_lost(struct link *l, mtime now, const struct link_flight *flight)
{
	struct link_family *f = &l->family[family_at(l, flight->target)];

	if (!link_is_fit(l) || !is_judged_apart(l) || l->target[flight->target].demoted)
		return;
	switch (f->state) {
	case LINK_FAMILY_LIVE:
		f->state = LINK_FAMILY_ASKED;
		f->silent_since = flight->sent;
		f->lost = 1;
		f->next_send = now;
		break;
	case LINK_FAMILY_ASKED:
		f->lost++;
		break;
	case LINK_FAMILY_DEAD:
		break;
	case LINK_FAMILY_PROVING:
		f->lost += mtime_reached(flight->sent, f->proof_since);
		break;
	}
}

void link_family_after_proof(struct link *l, mtime now, struct link_out *out)
{
	for (size_t family = 0; family < 2; family++) {
		struct link_family *f = &l->family[family];
		uint32_t targets = targets_of(l, family);
		unsigned lost = 0;

		for (size_t i = 0; i < l->ntargets; i++)
			if (targets >> i & 1)
				lost += l->proof.lost[i];
		if (!is_judged_apart(l) || l->proof.heard & targets) {
			out->families_changed |= is_out(f);
			*f = (struct link_family){.down_at = f->down_at, .downs = f->downs};
		} else if (!is_out(f) && lost >= ODDS) {
			f->silent_since = l->dead_since;
			f->lost = lost;
			die(l, family, now, out);
		}
	}
}

/* ---- time ---- */

static void judge(struct link *l, size_t family, mtime now, struct link_out *out)
{
	struct link_family *f = &l->family[family];

	if (f->state == LINK_FAMILY_ASKED && !is_out(&l->family[!family]) &&
		f->lost >= link_losses_needed(&l->loss, link_interval(l)) &&
		mtime_between(f->silent_since, now).us >= link_silence_needed(l, now).us)
		die(l, family, now, out);
	if (f->state != LINK_FAMILY_PROVING)
		return;
	if (f->lost > PROOF_LOST) {
		f->state = LINK_FAMILY_DEAD;
		f->next_send = now;
	} else if (f->answered + f->lost >= PROOF_PROBES && mtime_reached(now, f->hold_until)) {
		come_back(l, family, now, out);
	}
}

void link_family_judge(struct link *l, mtime now, struct link_out *out)
{
	if (!link_is_fit(l))
		return;
	for (size_t family = 0; family < 2; family++) {
		if (is_judged_apart(l))
			judge(l, family, now, out);
		else if (is_out(&l->family[family])) /* the settings changed */
			come_back(l, family, now, out);
	}
}

static span family_pace(const struct link *l, const struct link_family *f, mtime now)
{
	if (f->state == LINK_FAMILY_ASKED)
		return ASK_GAP;
	if (f->state == LINK_FAMILY_DEAD)
		return link_down_gap(l, mtime_between(f->silent_since, now));
	if (f->sent < PROOF_PROBES)
		return LINK_PROOF_GAP;
	return span_max(HOLD_PACE, link_interval(l));
}

bool link_family_wants(const struct link *l, size_t family)
{
	return l->state != LINK_SUSPECT && link_is_fit(l) && is_judged_apart(l) &&
	       l->family[family].state != LINK_FAMILY_LIVE;
}

size_t link_family_pick(struct link *l, size_t family, mtime now, span *wait)
{
	struct link_family *f = &l->family[family];

	do
		f->turn = (f->turn + 1) % l->ntargets;
	while (family_at(l, f->turn) != family);
	*wait = is_out(f) ? PROOF_LATE : link_target_rto(&l->target[f->turn]);
	f->sent += f->state == LINK_FAMILY_PROVING;
	f->next_send = mtime_after(now, family_pace(l, f, now));
	return f->turn;
}

mtime link_family_due(const struct link *l)
{
	mtime due = MTIME_NEVER;

	for (size_t family = 0; family < 2; family++)
		if (link_family_wants(l, family))
			due = mtime_first(due, l->family[family].next_send);
	return due;
}
