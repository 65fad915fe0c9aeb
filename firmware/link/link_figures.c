/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the numbers of a link are now, for the detector and for others to read. */
#include "link_estimate.h"
#include "link_internal.h"

#define SILENCE_MIN ms(350)
#define SILENCE_MAX sec(2)
#define HOLD_MEMORY sec(600)

span link_interval(const struct link *l)
{
	return l->pace.us ? l->pace : l->conf->monitor.interval;
}

span link_longest_rto(const struct link *l)
{
	span longest = LINK_RTO_MIN;

	for (size_t i = 0; i < l->ntargets; i++)
		if (!link_target_is_out(l, i))
			longest = span_max(longest, link_target_rto(&l->target[i]));
	return longest;
}

span link_silence_needed(const struct link *l, mtime now)
{
	span gap = link_decayed(l->gap, l->gap_at, now, LINK_GAP_HALF_LIFE);
	span need = span_max(SILENCE_MIN, us(gap.us * 3 / 2));

	for (size_t i = 0; i < l->ntargets; i++)
		need = span_max(need, us(link_target_peak(&l->target[i], now).us * 5 / 4));
	return span_min(need, SILENCE_MAX);
}

unsigned link_recent_downs(const struct link *l, mtime at)
{
	unsigned n = 0, kept = l->ndowns < LINK_DOWNS_KEPT ? l->ndowns : LINK_DOWNS_KEPT;

	for (unsigned i = 0; i < kept; i++)
		n += mtime_between(l->downs[i], at).us < HOLD_MEMORY.us;
	return n;
}

span link_best_rtt(const struct link *l)
{
	span best = us(-1);

	for (size_t i = 0; i < l->ntargets; i++) {
		span srtt = l->target[i].srtt;

		if (srtt.us >= 0 && !link_target_is_out(l, i) && (best.us < 0 || srtt.us < best.us))
			best = srtt;
	}
	return best;
}

bool link_state_is_fit(enum link_state s)
{
	return s == LINK_UP || s == LINK_SUSPECT || s == LINK_DEGRADED;
}

bool link_is_fit(const struct link *l)
{
	return link_state_is_fit(l->state);
}

bool link_is_starting(const struct link *l)
{
	return l->saved || (l->state == LINK_RECOVERING && l->proof.first);
}

enum link_state link_shown_state(const struct link *l, bool in_use)
{
	enum link_state s = l->state == LINK_SUSPECT ? l->before : l->state;

	if (link_state_is_fit(s) && !in_use && (l->conf->role == LINK_BACKUP || l->spent))
		return LINK_STANDBY;
	return s;
}

/* Until a recovering link is up if nothing fails. */
static span proof_wait(const struct link *l, mtime now)
{
	unsigned open = l->proof.probes - l->proof.lost_max;
	span hold = mtime_between(now, l->proof.hold_until);

	if (l->state != LINK_RECOVERING)
		return us(-1);
	open = open > l->proof.answered ? open - l->proof.answered : 0;
	return span_max(span_max(hold, us(0)), us(open * LINK_PROOF_GAP.us));
}

/* What the detector reckons with before it has seen any loss is nobody's to read. */
static uint32_t shown_loss_permille(const struct link *l)
{
	return l->losses ? (link_loss_ppm(&l->loss) + 500) / 1000 : 0;
}

void link_figures(const struct link *l, mtime now, struct link_figures *out)
{
	*out = (struct link_figures){
		.rtt = link_best_rtt(l),
		.loss_permille = shown_loss_permille(l),
		.wait = proof_wait(l, now),
		.timeout = link_longest_rto(l),
		.losses_needed = link_losses_needed(&l->loss, link_interval(l)),
		.silence_needed = link_silence_needed(l, now),
		.downs = link_recent_downs(l, now),
	};
	for (size_t i = 0; i < l->ntargets; i++) {
		out->sent += l->target[i].sent;
		out->answered += l->target[i].answered;
	}
}
