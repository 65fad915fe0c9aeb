/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is asked next, of whom and how soon: the side of the detector that spends probes.  How many
 * and how far apart follows from the state and its row of losses, which link.c keeps; a budget
 * bounds it all.  link.c says why probes are spent unevenly. */
#include "link_estimate.h"
#include "link_internal.h"

#define BURST_GAP       ms(25)   /* between probes of a burst, after the first two */
#define BURST_GAP_LATE  ms(100)  /* when enough are lost and only the silence is too short */
#define PROOF_WAIT      ms(1500) /* for an answer on a link that is not up */
#define PROOF_ODDS      2        /* losses after which a target that never answered is left out */
#define HOLD_GAP        ms(100)  /* between probes after a loss while a hold-down lasts */
#define BUDGET_PROBES   60       /* with 2 a second: never above 3 a second over a minute */
#define LOOK_AT_DEMOTED 30       /* every so many regular probes one goes to a demoted target */

/* How often a link that is down is asked, by how long it is down. */
static const struct {
	int64_t until_s, gap_ms;
} down_pace[] = {
	{30, 500},
	{120, 1000},
	{600, 2000},
	{INT64_MAX, 5000},
};

bool link_is_probing(const struct link *l)
{
	return l->carrier && l->ntargets > 0 && l->state >= LINK_DOWN && l->state <= LINK_DEGRADED;
}

span link_jittered(struct link *l, span s)
{
	return us(s.us * (900 + rng_below(&l->rng, 201)) / 1000);
}

/* ---- the budget ---- */

/* What a probe costs, in seconds of credit: two probes a second at an interval of a second or more,
 * one a second above the rate of the clock at a shorter one. */
static span probe_cost(const struct link *l)
{
	int64_t interval = link_interval(l).us;

	if (interval >= sec(1).us)
		return ms(500);
	return us(interval * 1000 / (interval / 1000 + 1000));
}

static void earn_credit(struct link *l, mtime now)
{
	span most = us(BUDGET_PROBES * probe_cost(l).us);

	l->credit = span_min(most, span_sum(l->credit, mtime_between(l->credited, now)));
	l->credited = now;
}

/* ---- which target ---- */

static bool is_left_out(const struct link *l, size_t target)
{
	if (l->state == LINK_DOWN)
		return false;
	if (l->state == LINK_RECOVERING && l->proof.heard != 0)
		return !(l->proof.heard >> target & 1) && l->proof.lost[target] >= PROOF_ODDS;
	return link_target_is_out(l, target);
}

/* Now and then one that is demoted is looked at; with several, one after the other. */
static bool pick_demoted(struct link *l, size_t *target)
{
	if (++l->regulars % LOOK_AT_DEMOTED != 0)
		return false;
	for (size_t k = 0; k < l->ntargets; k++) {
		*target = (l->regulars / LOOK_AT_DEMOTED + k) % l->ntargets;
		if (l->target[*target].demoted)
			return true;
	}
	return false;
}

static size_t pick_target(struct link *l, enum link_kind kind)
{
	size_t target;

	if (kind == KIND_REGULAR && pick_demoted(l, &target))
		return target;
	for (size_t k = 0; k < l->ntargets; k++) {
		l->turn = (l->turn + 1) % l->ntargets;
		if (!is_left_out(l, l->turn))
			break;
	}
	return l->turn;
}

/* ---- of what kind, and how soon ---- */

static bool proof_goes_on(const struct link *l)
{
	return l->proof.sent - link_proof_ignored(&l->proof) < l->proof.probes;
}

static enum link_kind kind_now(const struct link *l)
{
	if (l->state == LINK_RECOVERING && !l->row.running && proof_goes_on(l))
		return KIND_PROOF;
	return l->row.running ? KIND_BURST : KIND_REGULAR;
}

static span wait_now(const struct link *l, size_t target)
{
	if (l->state == LINK_DOWN || l->state == LINK_RECOVERING)
		return PROOF_WAIT;
	return l->state == LINK_SUSPECT ? l->row.wait : link_target_rto(&l->target[target]);
}

static span burst_pace(const struct link_row *r)
{
	if (r->asked < 2)
		return us(0);
	if (r->asked == 2)
		return r->wait;
	return r->asked + 1 < r->need ? BURST_GAP : BURST_GAP_LATE;
}

span link_down_gap(const struct link *l, span down)
{
	size_t i = 0;
	span gap;

	while (down.us / 1000000 >= down_pace[i].until_s)
		i++;
	gap = ms(down_pace[i].gap_ms);
	/* Where octets cost money the patience of the clock is enough after the first minutes. */
	return l->conf->metered.quota && i > 1 ? span_max(gap, link_interval(l)) : gap;
}

/* After a probe, until the next. */
static span pace(struct link *l, mtime now)
{
	span interval = link_interval(l);

	switch (l->state) {
	case LINK_SUSPECT:
		return burst_pace(&l->row);
	case LINK_RECOVERING:
		if (l->row.running)
			return HOLD_GAP;
		return proof_goes_on(l) ? LINK_PROOF_GAP
					: link_jittered(l, span_min(interval, sec(1)));
	case LINK_DOWN:
		return link_jittered(l, link_down_gap(l, mtime_between(l->since, now)));
	case LINK_UP:
	case LINK_DEGRADED:
	case LINK_NONE:
	case LINK_DISABLED:
	case LINK_NO_CARRIER:
	case LINK_STANDBY:
	case LINK_STATES:
		break;
	}
	return link_jittered(l, interval);
}

/* ---- sending ---- */

static void send_to(struct link *l, mtime now, size_t target, enum link_kind kind, span wait,
	struct link_out *out)
{
	uint16_t seq = l->next;
	struct link_flight *f = link_flight_of(l, seq);

	if (f->fate == FATE_WAITING && l->oldest == f->seq)
		l->oldest++; /* the table is full: the oldest is given up */
	*f = (struct link_flight){.sent = now,
		.due = mtime_after(now, wait),
		.seq = seq,
		.target = (uint8_t)target,
		.fate = FATE_WAITING,
		.kind = (uint8_t)kind};
	l->next++;
	l->target[target].sent++;
	l->credit.us -= probe_cost(l).us;
	l->proof.sent += kind == KIND_PROOF;
	l->row.asked += kind == KIND_BURST;
	out->send[out->nsend++] = (struct link_probe){(uint8_t)target, seq};
}

static void send_one(struct link *l, mtime now, struct link_out *out)
{
	enum link_kind kind = kind_now(l);
	size_t target = pick_target(l, kind);

	send_to(l, now, target, kind, wait_now(l, target), out);
}

/* The two probes of a first suspicion leave enough for the burst that an outage needs: on a link
 * that loses half of all probes they would otherwise eat it up. */
static span credit_wanted(const struct link *l)
{
	bool first = l->state == LINK_SUSPECT && l->row.asked < 2;

	return us((first ? 1 + LINK_LOSSES_MAX : 1) * probe_cost(l).us);
}

static void send_for_families(struct link *l, mtime now, struct link_out *out)
{
	for (size_t i = 0; i < COUNT_OF(l->family); i++) {
		size_t target;
		span wait;

		if (!link_family_wants(l, i) || !mtime_reached(now, l->family[i].next_send) ||
			out->nsend == LINK_SENDS_MAX)
			continue;
		if (l->credit.us < probe_cost(l).us) {
			l->family[i].next_send = mtime_after(now, probe_cost(l));
			continue;
		}
		target = link_family_pick(l, i, now, &wait);
		send_to(l, now, target, KIND_FAMILY, wait, out);
	}
}

void link_send_due(struct link *l, mtime now, struct link_out *out)
{
	earn_credit(l, now);
	while (link_is_probing(l) && mtime_reached(now, l->next_send) &&
		out->nsend < LINK_SENDS_MAX) {
		span missing = us(credit_wanted(l).us - l->credit.us);

		if (missing.us > 0) {
			l->next_send = mtime_after(now, missing);
			break;
		}
		send_one(l, now, out);
		l->next_send = mtime_after(now, pace(l, now));
	}
	send_for_families(l, now, out);
}

bool link_test_begin(struct link *l, mtime now, struct link_out *out)
{
	span cost = us((int64_t)l->ntargets * probe_cost(l).us);

	link_out_clear(out);
	earn_credit(l, now);
	if (!link_is_probing(l) || l->credit.us < cost.us)
		return false;
	l->test.begun = now;
	for (size_t i = 0; i < l->ntargets; i++) {
		l->test.of[i].seq = l->next;
		l->test.of[i].result = LINK_TEST_WAITING;
		send_to(l, now, i, KIND_TEST, LINK_TEST_WAIT, out);
	}
	return true;
}
