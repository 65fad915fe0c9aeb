/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The detector spends its probes unevenly.  One probe an interval goes to the targets in turn.  The
 * first one that is unanswered in time makes the link SUSPECT and calls for a burst: two probes at
 * once to the next targets and, if these stay unanswered for a time-out, more of them 25 ms apart.
 * Any answer ends the suspicion.  DOWN takes both: so many losses in a row that the loss the link
 * is known for would not make them up once in 100 weeks, and a silence longer than the link is
 * known to fall into by itself.  At the same budget and false alarm rate a detector that probes
 * evenly needs 7 to 10 s; this one needs about one.
 *
 * A recovered link answers 15 probes, then waits out a hold-down of 3 s that grows threefold with
 * each failure of the last ten minutes.  firmware/doc/link.md has the numbers and what was
 * measured.
 *
 * Every probe has a slot in the table of flights, found by its sequence number; the table is short
 * beside the 65,536 numbers, so a number that comes round again never meets its older self. */
#include "link.h"

#include "link_estimate.h"
#include "link_moves.h"

#include <string.h>

#define BURST_GAP      ms(25)
#define BURST_GAP_LATE ms(100) /* when enough are lost and only the silence is too short */
#define SILENCE_MIN    ms(350)
#define SILENCE_MAX    sec(2)
#define GAP_HALF_LIFE  sec(24 * 3600)
#define GAP_LONGEST    sec(3) /* a longer silence that healed was an outage */
#define RTT_LONGEST    sec(2) /* an answer that took longer is life, and tells nothing of delay */

#define FIRST_PROBES   5
#define FIRST_LOST_MAX 2
#define PROOF_PROBES   15
#define PROOF_GAP      ms(200)
#define PROOF_WAIT     ms(1500)
#define PROOF_ODDS     2 /* losses after which a target that never answered is left out */
#define HOLD_GAP       ms(100)
#define HOLD_LOSSES    9 /* one by the clock and eight to make sure */
#define HOLD_MAX       sec(300)
#define HOLD_MEMORY    sec(600)

#define BUDGET_PROBES    60 /* with 2 a second: never above 3 a second over a minute */
#define LOOK_AT_DEMOTED  30
#define CARRIER_PATIENCE sec(2)

#define USERS_RATE_MIN  8000 /* packets per 1,000 s: fewer say nothing by their absence */
#define USERS_SILENCE   ms(100)
#define USERS_TRUST     sec(5)
#define USERS_ASK_AGAIN ms(500)
#define USERS_REPORT    ms(20) /* reports closer together are taken together */

enum link_fate { FATE_NONE, FATE_WAITING, FATE_LOST, FATE_ANSWERED };
enum link_kind { KIND_REGULAR, KIND_BURST, KIND_PROOF };

#define DIS LINK_DISABLED
#define NOC LINK_NO_CARRIER
#define DWN LINK_DOWN
#define REC LINK_RECOVERING
#define UP_ LINK_UP
#define SUS LINK_SUSPECT
#define DEG LINK_DEGRADED

/* clang-format off */
const enum link_state link_moves[LINK_STATES][LINK_EVENTS] = {
	/*                   ENABLE DISABLE CARRIER CARRIER FIRST   ANSWER POOR   OVERDUE DEAD PROVEN POOR GOOD
	 *                                  OFF     ON      CARRIER        ANSWER                           */
	[LINK_DISABLED]   = { NOC,   DIS,    DIS,    DIS,    DIS,    DIS,   DIS,   DIS,    DIS, DIS,   DIS, DIS },
	[LINK_NO_CARRIER] = { NOC,   DIS,    NOC,    DWN,    REC,    NOC,   NOC,   NOC,    NOC, NOC,   NOC, NOC },
	[LINK_DOWN]       = { DWN,   DIS,    NOC,    DWN,    DWN,    REC,   REC,   DWN,    DWN, UP_,   DWN, DWN },
	[LINK_RECOVERING] = { REC,   DIS,    NOC,    REC,    REC,    REC,   REC,   REC,    DWN, UP_,   REC, REC },
	[LINK_UP]         = { UP_,   DIS,    NOC,    UP_,    UP_,    UP_,   UP_,   SUS,    UP_, UP_,   DEG, UP_ },
	[LINK_SUSPECT]    = { SUS,   DIS,    NOC,    SUS,    SUS,    UP_,   DEG,   SUS,    DWN, UP_,   SUS, SUS },
	[LINK_DEGRADED]   = { DEG,   DIS,    NOC,    DEG,    DEG,    DEG,   DEG,   SUS,    DEG, DEG,   DEG, UP_ },
};
/* clang-format on */

/* How often a link that is down is asked, by how long it is down. */
static const struct {
	span until, gap;
} down_pace[] = {
	{{30000000}, {500000}},
	{{120000000}, {1000000}},
	{{600000000}, {2000000}},
	{{INT64_MAX}, {5000000}},
};

static void apply(struct link *l, mtime now, enum link_event event, struct link_out *out);

static void clear(struct link_out *out)
{
	out->nsend = 0;
	out->nchange = 0;
	out->note[0] = '\0';
}

/* ---- flights ---- */

static struct link_flight *flight_of(struct link *l, uint16_t seq)
{
	return &l->flight[seq % LINK_FLIGHT_MAX];
}

/* Answers to what was sent until now mean nothing any more. */
static void forget_flights(struct link *l)
{
	for (size_t i = 0; i < LINK_FLIGHT_MAX; i++)
		l->flight[i].fate = FATE_NONE;
	l->oldest = l->next;
}

/* Was this one sent with the first of the row, or later? */
static bool is_of_row(const struct link *l, const struct link_flight *f)
{
	return l->row.running && (uint16_t)(f->seq - l->row.first) < LINK_FLIGHT_MAX;
}

/* ---- what the numbers are now ---- */

static bool is_probing(const struct link *l)
{
	return l->carrier && l->ntargets > 0 && l->state >= LINK_DOWN && l->state <= LINK_DEGRADED;
}

static span longest_rto(const struct link *l)
{
	span longest = LINK_RTO_MIN;

	for (size_t i = 0; i < l->ntargets; i++)
		if (!l->target[i].demoted)
			longest = span_max(longest, link_target_rto(&l->target[i]));
	return longest;
}

static span silence_needed(const struct link *l, mtime now)
{
	span gap = link_decayed(l->gap, l->gap_at, now, GAP_HALF_LIFE);
	span need = span_max(SILENCE_MIN, us(gap.us * 3 / 2));

	for (size_t i = 0; i < l->ntargets; i++)
		need = span_max(need, us(link_target_peak(&l->target[i], now).us * 5 / 4));
	return span_min(need, SILENCE_MAX);
}

static unsigned recent_downs(const struct link *l, mtime now)
{
	unsigned n = 0, kept = l->ndowns < LINK_DOWNS_KEPT ? l->ndowns : LINK_DOWNS_KEPT;

	for (unsigned i = 0; i < kept; i++)
		n += mtime_between(l->downs[i], now).us < HOLD_MEMORY.us;
	return n;
}

/* Threefold for each failure but the last within ten minutes of the last. */
static span hold_wanted(const struct link *l)
{
	span hold = l->conf->monitor.hold;
	unsigned n = 0;

	if (l->ndowns > 0)
		n = recent_downs(l, l->downs[(l->ndowns - 1) % LINK_DOWNS_KEPT]);
	while (n > 1 && hold.us < HOLD_MAX.us) {
		hold.us *= 3;
		n--;
	}
	return span_min(hold, span_max(HOLD_MAX, l->conf->monitor.hold));
}

static span jittered(struct link *l, span s)
{
	return us(s.us * (900 + rng_below(&l->rng, 201)) / 1000);
}

/* ---- the budget ---- */

/* What a probe costs, in seconds of credit: two probes a second at an interval of a second or more,
 * one a second above the rate of the clock at a shorter one. */
static span probe_cost(const struct link *l)
{
	int64_t interval = l->conf->monitor.interval.us;

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

/* ---- loss is learned ---- */

/* Is there a target that is far better than this one?  Then its losses are its own. */
static bool is_doubtful(const struct link *l, size_t target, uint32_t bad_ppm, uint32_t good_ppm)
{
	if (l->target[target].loss_ppm <= bad_ppm)
		return false;
	for (size_t i = 0; i < l->ntargets; i++)
		if (!l->target[i].demoted && l->target[i].loss_ppm < good_ppm)
			return true;
	return false;
}

static void note_target(const struct link *l, size_t target, const char *what, struct link_out *out)
{
	struct textbuf t = textbuf_of(out->note, sizeof(out->note));
	char addr[IP_TEXT_MAX];

	textbuf_printf(&t, "target %s %s", ip_addr_text(&l->target[target].addr, addr), what);
}

static void judge_target(struct link *l, size_t target, struct link_out *out)
{
	struct link_target_state *t = &l->target[target];

	if (t->demoted && t->loss_ppm < 500000) {
		t->demoted = false;
		note_target(l, target, "answers again and is believed", out);
	} else if (!t->demoted && is_doubtful(l, target, 900000, 500000)) {
		t->demoted = true;
		note_target(l, target, "is silent while others answer: no longer believed", out);
	}
}

/* The fate of a probe is known, and the link is alive. */
static void record(struct link *l, struct link_flight *f, bool lost, struct link_out *out)
{
	if (f->recorded)
		return;
	f->recorded = true;
	link_target_add_loss(&l->target[f->target], lost);
	if (!l->target[f->target].demoted) {
		link_loss_add(&l->loss, lost);
		if (f->kind == KIND_REGULAR && !is_doubtful(l, f->target, 500000, 250000))
			link_quality_add_loss(&l->quality, lost);
	}
	judge_target(l, f->target, out);
}

/* The row ended with a sign of life.  What did not answer yet may be late rather than lost: it is
 * waited for as long as a time-out can last, and then counted as lost by chance. */
static void settle_row(struct link *l, mtime now)
{
	span gap = mtime_between(l->row.since, now);
	uint16_t kept = (uint16_t)(l->next - l->row.first);

	l->oldest = kept < LINK_FLIGHT_MAX ? l->row.first : (uint16_t)(l->next - LINK_FLIGHT_MAX);
	for (uint16_t seq = l->oldest; seq != l->next; seq++) {
		struct link_flight *f = flight_of(l, seq);

		if (f->fate == FATE_LOST && !f->recorded) {
			f->fate = FATE_WAITING;
			f->due = mtime_after(f->sent, LINK_RTO_MAX);
		}
	}
	if (gap.us > link_decayed(l->gap, l->gap_at, now, GAP_HALF_LIFE).us) {
		l->gap = gap;
		l->gap_at = now;
	}
}

static void move_by_quality(struct link *l, mtime now, struct link_out *out)
{
	apply(l, now, link_quality_is_poor(&l->quality) ? LINK_POOR : LINK_GOOD, out);
}

/* ---- moves ---- */

static void enter_idle(struct link *l, mtime now, enum link_state from)
{
	forget_flights(l);
	l->row.running = false;
	if (from != LINK_NO_CARRIER && from != LINK_DISABLED && from != LINK_DOWN)
		l->dead_since = now;
	if (l->state == LINK_DISABLED)
		l->fresh = true;
}

static void enter_down(struct link *l, mtime now, enum link_state from)
{
	if (from == LINK_SUSPECT)
		l->dead_since = l->row.since;
	l->row.running = false;
	l->next_send = now;
}

static void enter_recovering(struct link *l, mtime now, enum link_state from)
{
	struct link_proof *p = &l->proof;
	span silence = mtime_between(l->dead_since, now);
	uint32_t ppm = (uint32_t)(l->loss.slow / 1000) + 200000;

	if (from == LINK_DOWN && silence.us < GAP_LONGEST.us && silence.us > l->gap.us) {
		l->gap = silence; /* only a blip: ask for more the next time */
		l->gap_at = now;
	}
	*p = (struct link_proof){.since = now, .first = l->fresh};
	p->probes = p->first ? FIRST_PROBES : PROOF_PROBES;
	p->lost_max =
		p->first ? FIRST_LOST_MAX : p->probes * (ppm < 600000 ? ppm : 600000) / 1000000;
	p->hold = p->first ? us(0) : hold_wanted(l);
	p->hold_until = mtime_after(now, p->hold);
	if (p->first)
		l->dead_since = now;
	l->row.running = false;
	l->next_send = now;
}

static void enter_suspect(struct link *l, mtime now, enum link_state from)
{
	l->before = from;
	l->next_send = now;
}

static void enter_fit(struct link *l, mtime now, enum link_state from)
{
	span interval = jittered(l, l->conf->monitor.interval);
	mtime next = mtime_after(from == LINK_SUSPECT ? l->row.since : now, interval);

	l->row.running = false;
	if (from == LINK_UP || from == LINK_DEGRADED)
		return;
	l->next_send = mtime_before(next, now) ? now : next;
	if (from == LINK_SUSPECT)
		return;
	l->fresh = false;
	l->quality.score = 0;
	l->quality.lossy = l->quality.slow = false;
	l->quality.crossed = MTIME_NEVER;
}

static void enter(struct link *l, mtime now, enum link_state from)
{
	if (link_state_is_fit(from) && !link_state_is_fit(l->state) && l->state != LINK_DISABLED)
		l->downs[l->ndowns++ % LINK_DOWNS_KEPT] = now;
	switch (l->state) {
	case LINK_DISABLED:
	case LINK_NO_CARRIER:
		enter_idle(l, now, from);
		break;
	case LINK_DOWN:
		enter_down(l, now, from);
		break;
	case LINK_RECOVERING:
		enter_recovering(l, now, from);
		break;
	case LINK_SUSPECT:
		enter_suspect(l, now, from);
		break;
	case LINK_UP:
	case LINK_DEGRADED:
		enter_fit(l, now, from);
		break;
	case LINK_NONE:
	case LINK_STANDBY:
	case LINK_STATES:
		break;
	}
}

/* The one place where the state changes. */
static void apply(struct link *l, mtime now, enum link_event event, struct link_out *out)
{
	enum link_state from = l->state, to = link_moves[from][event];
	struct link_change *change;
	struct textbuf cause;

	if (to == from)
		return;
	if (out->nchange == COUNT_OF(out->change))
		out->nchange--; /* cannot be; the latest counts */
	change = &out->change[out->nchange++];
	change->from = from;
	change->to = to;
	cause = textbuf_of(change->cause, sizeof(change->cause));
	link_explain(l, now, event, &cause);
	if (to != LINK_SUSPECT && !(from == LINK_SUSPECT && to == l->before)) {
		l->since = now;
		memcpy(l->cause, change->cause, sizeof(l->cause));
	}
	l->saved = l->saved && link_state_is_fit(to);
	l->state = to;
	enter(l, now, from);
}

/* ---- a probe is lost ---- */

static void begin_row(struct link *l, mtime now, const struct link_flight *f)
{
	bool fit = link_is_fit(l);

	l->row = (struct link_row){
		.running = true,
		.first = f->seq,
		.since = f->sent,
		.lost = 1,
		.targets = UINT32_C(1) << f->target,
		.need = fit ? link_losses_needed(&l->loss, l->conf->monitor.interval) : HOLD_LOSSES,
		.silence = fit ? silence_needed(l, now) : us(0),
		.wait = longest_rto(l),
	};
	l->next_send = now;
}

static void lengthen_row(struct link *l, const struct link_flight *f)
{
	l->row.lost++;
	l->row.targets |= UINT32_C(1) << f->target;
}

/* Only a probe by the clock, with no sign of life since it was sent, makes the link suspect: those
 * of a burst that are still on their way when another is answered do not. */
static void lose_while_fit(struct link *l, mtime now, struct link_flight *f, struct link_out *out)
{
	if (f->kind == KIND_REGULAR && !l->target[f->target].demoted &&
		mtime_reached(f->sent, l->alive_sent)) {
		begin_row(l, now, f);
		apply(l, now, LINK_OVERDUE, out);
		return;
	}
	record(l, f, true, out);
	move_by_quality(l, now, out);
}

static void lose_while_recovering(struct link *l, mtime now, const struct link_flight *f)
{
	if (mtime_before(f->sent, l->proof.since))
		return;
	if (f->kind == KIND_PROOF)
		l->proof.lost[f->target]++;
	else if (is_of_row(l, f))
		lengthen_row(l, f);
	else if (mtime_reached(f->sent, l->alive_sent))
		begin_row(l, now, f);
}

static void lose(struct link *l, mtime now, struct link_flight *f, struct link_out *out)
{
	f->fate = FATE_LOST;
	switch (l->state) {
	case LINK_UP:
	case LINK_DEGRADED:
		lose_while_fit(l, now, f, out);
		break;
	case LINK_SUSPECT:
		if (is_of_row(l, f))
			lengthen_row(l, f);
		else
			record(l, f, true, out);
		break;
	case LINK_RECOVERING:
		lose_while_recovering(l, now, f);
		break;
	case LINK_NONE:
	case LINK_DISABLED:
	case LINK_NO_CARRIER:
	case LINK_DOWN:
	case LINK_STANDBY:
	case LINK_STATES:
		break;
	}
}

static void lose_overdue(struct link *l, mtime now, struct link_out *out)
{
	for (uint16_t seq = l->oldest; seq != l->next; seq++) {
		struct link_flight *f = flight_of(l, seq);

		if (f->fate == FATE_WAITING && mtime_reached(now, f->due))
			lose(l, now, f, out);
	}
	while (l->oldest != l->next && flight_of(l, l->oldest)->fate != FATE_WAITING)
		l->oldest++;
}

/* ---- what time decides ---- */

static bool hold_can_end(const struct link *l)
{
	return l->state == LINK_RECOVERING && link_proof_has_enough(&l->proof) && !l->row.running;
}

static bool has_enough_losses(const struct link *l)
{
	return l->row.running && l->row.lost >= l->row.need;
}

static mtime silence_enough_at(const struct link *l)
{
	return mtime_after(l->row.since, l->row.silence);
}

static void decide(struct link *l, mtime now, struct link_out *out)
{
	if (mtime_reached(now, l->carrier_by)) {
		l->carrier_by = MTIME_NEVER;
		apply(l, now, LINK_CARRIER_OFF, out);
	}
	if (l->ntargets == 0 &&
		(l->state == LINK_DOWN || l->state == LINK_RECOVERING || l->state == LINK_SUSPECT))
		apply(l, now, LINK_PROVEN, out);
	if (has_enough_losses(l) && mtime_reached(now, silence_enough_at(l)))
		apply(l, now, LINK_DEAD, out);
	if (l->state == LINK_RECOVERING && link_proof_lost(&l->proof) > l->proof.lost_max)
		apply(l, now, LINK_DEAD, out);
	if (hold_can_end(l) && mtime_reached(now, l->proof.hold_until))
		apply(l, now, LINK_PROVEN, out);
}

/* ---- sending ---- */

static bool proof_goes_on(const struct link *l)
{
	return l->proof.sent - link_proof_ignored(&l->proof) < l->proof.probes;
}

static bool is_left_out(const struct link *l, size_t target)
{
	if (l->state == LINK_DOWN)
		return false;
	if (l->state == LINK_RECOVERING && l->proof.heard != 0)
		return !(l->proof.heard >> target & 1) && l->proof.lost[target] >= PROOF_ODDS;
	return l->target[target].demoted;
}

/* In turn; now and then a look at one that is demoted. */
static size_t pick_target(struct link *l, enum link_kind kind)
{
	size_t i = l->turn;

	if (kind == KIND_REGULAR && ++l->regulars % LOOK_AT_DEMOTED == 0)
		for (size_t k = 0; k < l->ntargets; k++) {
			i = (l->regulars / LOOK_AT_DEMOTED + k) % l->ntargets;
			if (l->target[i].demoted)
				return i;
		}
	i = l->turn;
	for (size_t k = 0; k < l->ntargets; k++) {
		i = (i + 1) % l->ntargets;
		if (!is_left_out(l, i))
			break;
	}
	l->turn = i;
	return i;
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

static span down_gap(const struct link *l, mtime now)
{
	span down = mtime_between(l->since, now);
	size_t i = 0;

	while (down.us >= down_pace[i].until.us)
		i++;
	return down_pace[i].gap;
}

/* After a probe, until the next. */
static span pace(struct link *l, mtime now)
{
	span interval = l->conf->monitor.interval;

	switch (l->state) {
	case LINK_SUSPECT:
		return burst_pace(&l->row);
	case LINK_RECOVERING:
		if (l->row.running)
			return HOLD_GAP;
		return proof_goes_on(l) ? PROOF_GAP : jittered(l, span_min(interval, sec(1)));
	case LINK_DOWN:
		return jittered(l, down_gap(l, now));
	case LINK_UP:
	case LINK_DEGRADED:
	case LINK_NONE:
	case LINK_DISABLED:
	case LINK_NO_CARRIER:
	case LINK_STANDBY:
	case LINK_STATES:
		break;
	}
	return jittered(l, interval);
}

static void send_one(struct link *l, mtime now, struct link_out *out)
{
	uint16_t seq = l->next;
	struct link_flight *f = flight_of(l, seq);
	enum link_kind kind = kind_now(l);
	size_t target = pick_target(l, kind);

	if (f->fate == FATE_WAITING && l->oldest == f->seq)
		l->oldest++; /* the table is full: the oldest is given up */
	*f = (struct link_flight){.sent = now,
		.due = mtime_after(now, wait_now(l, target)),
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

static void send_due(struct link *l, mtime now, struct link_out *out)
{
	earn_credit(l, now);
	while (is_probing(l) && mtime_reached(now, l->next_send) && out->nsend < LINK_SENDS_MAX) {
		span missing = us(probe_cost(l).us - l->credit.us);

		if (missing.us > 0) {
			l->next_send = mtime_after(now, missing);
			return;
		}
		send_one(l, now, out);
		l->next_send = mtime_after(now, pace(l, now));
	}
}

static void go_on(struct link *l, mtime now, struct link_out *out)
{
	lose_overdue(l, now, out);
	decide(l, now, out);
	send_due(l, now, out);
}

/* ---- signs of life ---- */

/* A suspect link is again what it was before; what its quality says comes after. */
static void live(struct link *l, mtime now, struct link_out *out)
{
	bool poor = l->state == LINK_SUSPECT && l->before == LINK_DEGRADED;

	if (l->state == LINK_SUSPECT)
		settle_row(l, now);
	if (l->state == LINK_RECOVERING)
		l->row.running = false;
	apply(l, now, poor ? LINK_POOR_ANSWER : LINK_ANSWER, out);
	move_by_quality(l, now, out);
}

static span best_rtt(const struct link *l)
{
	span best = us(-1);

	for (size_t i = 0; i < l->ntargets; i++) {
		span srtt = l->target[i].srtt;

		if (srtt.us >= 0 && !l->target[i].demoted && (best.us < 0 || srtt.us < best.us))
			best = srtt;
	}
	return best;
}

static void count_proof(struct link *l, const struct link_flight *f, bool late)
{
	if (l->state != LINK_RECOVERING || f->kind != KIND_PROOF || late ||
		mtime_before(f->sent, l->proof.since))
		return;
	l->proof.answered++;
	l->proof.heard |= UINT32_C(1) << f->target;
}

/* What the answer to `f` teaches. */
static void learn(struct link *l, mtime now, struct link_flight *f, struct link_out *out)
{
	struct link_target_state *t = &l->target[f->target];
	span rtt = mtime_between(f->sent, now);

	t->answered++;
	t->last_answer = now;
	if (rtt.us <= RTT_LONGEST.us)
		link_target_add_rtt(t, now, rtt);
	if (!link_is_fit(l)) {
		link_target_add_loss(t, false);
		judge_target(l, f->target, out);
	} else {
		record(l, f, false, out);
	}
	if (f->kind == KIND_REGULAR && link_is_fit(l) && !t->demoted)
		link_quality_add_rtt(&l->quality, now, best_rtt(l));
}

static void end_saved(struct link *l, mtime now)
{
	struct textbuf t = textbuf_of(l->cause, sizeof(l->cause));
	char text[LINK_SPAN_TEXT_MAX];

	l->saved = false;
	textbuf_printf(&t, "as before the restart, confirmed after %s",
		link_span_text(mtime_between(l->since, now), text));
}

void link_answer(struct link *l, mtime now, uint16_t seq, struct link_out *out)
{
	struct link_flight *f = flight_of(l, seq);

	clear(out);
	if (f->seq == seq && (f->fate == FATE_WAITING || f->fate == FATE_LOST)) {
		bool late = f->fate == FATE_LOST;

		f->fate = FATE_ANSWERED;
		l->answers++;
		l->answered = now;
		if (mtime_before(l->alive_sent, f->sent))
			l->alive_sent = f->sent;
		learn(l, now, f, out);
		count_proof(l, f, late);
		if (l->saved)
			end_saved(l, now);
		live(l, now, out);
	}
	go_on(l, now, out);
}

void link_send_failed(struct link *l, mtime now, uint16_t seq, struct link_out *out)
{
	struct link_flight *f = flight_of(l, seq);

	clear(out);
	if (f->seq == seq && f->fate == FATE_WAITING) {
		f->due = now;
		lose(l, now, f, out);
		l->row.unsent += l->row.running && is_of_row(l, f);
	}
	go_on(l, now, out);
}

/* ---- users' packets ---- */

/* Users went silent: ask now, once a silence, instead of at the next turn of the clock. */
static void ask_if_silent(struct link *l, mtime now)
{
	struct link_users *u = &l->users;
	span quiet = mtime_between(u->heard, now), enough;

	if (u->asked || u->rate < USERS_RATE_MIN ||
		(l->state != LINK_UP && l->state != LINK_DEGRADED) ||
		!mtime_reached(now, u->ask_again))
		return;
	enough = span_max(USERS_SILENCE, us(8 * INT64_C(1000000000) / u->rate));
	if (quiet.us < span_max(enough, longest_rto(l)).us)
		return;
	u->asked = true;
	u->ask_again = mtime_after(now, USERS_ASK_AGAIN);
	l->next_send = now;
}

/* `from`: since when the packets may have come.  The counter of an interface also counts what is no
 * answer to anybody (ARP of the neighbours behind a dead modem), so packets are believed only at a
 * rate near the usual one, and not for long when no probe is answered. */
static void hear_users(struct link *l, mtime now, mtime from, uint64_t rate, struct link_out *out)
{
	struct link_users *u = &l->users;
	span trust = span_sum(USERS_TRUST, l->conf->monitor.interval);

	u->heard = now;
	u->asked = false;
	if (u->rate < USERS_RATE_MIN || rate < u->rate / 4 ||
		mtime_between(l->answered, now).us > trust.us)
		return;
	if (mtime_before(l->alive_sent, from))
		l->alive_sent = from;
	if (l->state == LINK_SUSPECT && mtime_reached(from, l->row.since))
		live(l, now, out);
}

static uint32_t averaged(uint32_t rate, uint64_t sample)
{
	int64_t capped = sample < UINT32_MAX ? (int64_t)sample : UINT32_MAX;

	return (uint32_t)(rate + (capped - rate) / 16);
}

void link_heard(struct link *l, mtime now, uint64_t rx_packets, struct link_out *out)
{
	struct link_users *u = &l->users;
	uint64_t answers = l->answers - u->answers, packets, rate;
	span since = mtime_between(u->at, now);
	mtime from = u->at;

	clear(out);
	if (u->known && rx_packets >= u->rx_packets && since.us < USERS_REPORT.us) {
		go_on(l, now, out);
		return;
	}
	packets = rx_packets - u->rx_packets;
	if (!u->known || rx_packets < u->rx_packets || since.us > sec(10).us)
		*u = (struct link_users){.known = true, .heard = now, .ask_again = now};
	else {
		packets = packets > answers ? packets - answers : 0;
		packets = packets < UINT32_MAX ? packets : UINT32_MAX;
		rate = packets * 1000000000 / (uint64_t)since.us;
		if (packets > 0)
			hear_users(l, now, from, rate, out);
		else
			ask_if_silent(l, now);
		u->rate = averaged(u->rate, rate);
	}
	u->at = now;
	u->rx_packets = rx_packets;
	u->answers = l->answers;
	go_on(l, now, out);
}

/* ---- settings and carrier ---- */

/* FNV-1a: tells queries apart, keeps no secret. */
static uint64_t hash_of(struct str s)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (uint8_t)s.at[i]) * UINT64_C(0x100000001b3);
	return h;
}

static size_t count_targets(const struct link_conf *conf)
{
	size_t n = conf->monitor.ntargets;

	return n < LINK_TARGETS_MAX ? n : LINK_TARGETS_MAX;
}

static struct link_target_state target_of(const struct link_target *conf)
{
	struct link_target_state t;

	link_target_init(&t);
	t.addr = conf->addr;
	t.method = conf->method;
	t.query_hash = hash_of(conf->query);
	return t;
}

static bool is_same_target(const struct link_target_state *a, const struct link_target_state *b)
{
	return ip_addr_eq(&a->addr, &b->addr) && a->method == b->method &&
	       a->query_hash == b->query_hash;
}

static void begin(
	struct link *l, mtime now, enum link_state state, const char *cause, struct link_out *out)
{
	struct link_change *c = &out->change[out->nchange++];
	struct textbuf t = textbuf_of(c->cause, sizeof(c->cause));

	textbuf_printf(&t, "%s", cause);
	c->from = LINK_NONE;
	c->to = state;
	memcpy(l->cause, c->cause, sizeof(l->cause));
	l->state = state;
	l->since = now;
}

/* The state to take up again; LINK_NONE: as if started for the first time. */
static enum link_state resumed(enum link_state saved)
{
	switch (saved) {
	case LINK_UP:
	case LINK_SUSPECT:
	case LINK_STANDBY:
		return LINK_UP;
	case LINK_DEGRADED:
		return LINK_DEGRADED;
	case LINK_DOWN:
	case LINK_RECOVERING:
		return LINK_DOWN;
	case LINK_NONE:
	case LINK_DISABLED:
	case LINK_NO_CARRIER:
	case LINK_STATES:
		break;
	}
	return LINK_NONE;
}

void link_start(struct link *l, const struct link_conf *conf, mtime now, enum link_state saved,
	uint64_t seed, struct link_out *out)
{
	enum link_state state = resumed(saved);

	clear(out);
	*l = (struct link){.conf = conf,
		.fresh = state == LINK_NONE || conf->disabled,
		.carrier_by = MTIME_NEVER,
		.dead_since = now,
		.next_send = now,
		.credited = now,
		.credit = sec(3600), /* cut to what the budget allows by the first use */
		.answered = now,
		.alive_sent = now,
		.gap_at = now,
		.ntargets = count_targets(conf),
		.loss = {5000000, 5000000}, /* 0.5 % */
		.quality = {.crossed = MTIME_NEVER, .lossy = state == LINK_DEGRADED},
		.rng = rng_of(seed)};
	l->oldest = l->next = (uint16_t)rng_u64(&l->rng);
	for (size_t i = 0; i < l->ntargets; i++)
		l->target[i] = target_of(&conf->monitor.targets[i]);
	if (conf->disabled)
		begin(l, now, LINK_DISABLED, "disabled in the settings", out);
	else if (state == LINK_NONE)
		begin(l, now, LINK_NO_CARRIER, "no carrier seen yet", out);
	else {
		begin(l, now, state, "as before the restart, not yet confirmed", out);
		l->saved = true;
		l->carrier_by = mtime_after(now, CARRIER_PATIENCE);
	}
}

/* Bring the estimators of the targets that stay into the new order; `to` says where each went. */
static void keep_targets(struct link *l, const struct link_conf *conf, uint8_t to[LINK_TARGETS_MAX])
{
	struct link_target_state fresh[LINK_TARGETS_MAX];
	size_t n = count_targets(conf);

	memset(to, UINT8_MAX, LINK_TARGETS_MAX);
	for (size_t i = 0; i < n; i++) {
		fresh[i] = target_of(&conf->monitor.targets[i]);
		for (size_t k = 0; k < l->ntargets; k++)
			if (to[k] == UINT8_MAX && is_same_target(&l->target[k], &fresh[i])) {
				fresh[i] = l->target[k];
				to[k] = (uint8_t)i;
				break;
			}
	}
	memcpy(l->target, fresh, n * sizeof(fresh[0]));
	l->ntargets = n;
	l->turn = 0;
}

static void keep_flights(struct link *l, const uint8_t to[LINK_TARGETS_MAX])
{
	for (size_t i = 0; i < LINK_FLIGHT_MAX; i++) {
		struct link_flight *f = &l->flight[i];

		if (f->fate == FATE_NONE)
			continue;
		if (to[f->target] == UINT8_MAX)
			f->fate = FATE_NONE;
		else
			f->target = to[f->target];
	}
}

/* The targets of a proof or a row are numbers: begin anew rather than translate them. */
static void restart_judgement(struct link *l, mtime now)
{
	memset(l->proof.lost, 0, sizeof(l->proof.lost));
	l->proof.heard = 0;
	l->proof.sent = l->proof.answered = 0;
	l->proof.since = now;
	l->row.targets = 0;
}

void link_reconfigure(struct link *l, const struct link_conf *conf, mtime now, struct link_out *out)
{
	uint8_t to[LINK_TARGETS_MAX];
	bool same = count_targets(conf) == l->ntargets;
	mtime soon = mtime_after(now, conf->monitor.interval);

	clear(out);
	keep_targets(l, conf, to);
	for (size_t i = 0; same && i < l->ntargets; i++)
		same = to[i] == i;
	if (!same) {
		keep_flights(l, to);
		restart_judgement(l, now);
	}
	l->conf = conf;
	l->next_send = mtime_first(l->next_send, soon);
	apply(l, now, conf->disabled ? LINK_DISABLE : LINK_ENABLE, out);
	if (l->state == LINK_NO_CARRIER && l->carrier)
		apply(l, now, LINK_FIRST_CARRIER, out);
	go_on(l, now, out);
}

void link_carrier(struct link *l, mtime now, bool on, struct link_out *out)
{
	clear(out);
	l->carrier_by = MTIME_NEVER;
	if (!on) {
		l->carrier = false;
		apply(l, now, LINK_CARRIER_OFF, out);
	} else if (!l->carrier) {
		l->carrier = true;
		l->next_send = now;
		apply(l, now, l->fresh ? LINK_FIRST_CARRIER : LINK_CARRIER_ON, out);
	}
	go_on(l, now, out);
}

void link_clear_hold(struct link *l, mtime now, struct link_out *out)
{
	clear(out);
	l->ndowns = 0;
	if (l->state == LINK_RECOVERING && mtime_before(now, l->proof.hold_until)) {
		l->proof.hold_until = now;
		l->proof.cleared = true;
	}
	go_on(l, now, out);
}

void link_tick(struct link *l, mtime now, struct link_out *out)
{
	clear(out);
	go_on(l, now, out);
}

mtime link_next_due(const struct link *l)
{
	mtime due = l->carrier_by;

	if (is_probing(l))
		due = mtime_first(due, l->next_send);
	for (uint16_t seq = l->oldest; seq != l->next; seq++) {
		const struct link_flight *f = &l->flight[seq % LINK_FLIGHT_MAX];

		if (f->fate == FATE_WAITING)
			due = mtime_first(due, f->due);
	}
	if (has_enough_losses(l))
		due = mtime_first(due, silence_enough_at(l));
	if (hold_can_end(l))
		due = mtime_first(due, l->proof.hold_until);
	return due;
}

/* ---- for others to read ---- */

bool link_state_is_fit(enum link_state s)
{
	return s == LINK_UP || s == LINK_SUSPECT || s == LINK_DEGRADED;
}

bool link_is_fit(const struct link *l)
{
	return link_state_is_fit(l->state);
}

enum link_state link_shown_state(const struct link *l, bool in_use)
{
	enum link_state s = l->state == LINK_SUSPECT ? l->before : l->state;

	if (link_state_is_fit(s) && !in_use && l->conf->role == LINK_BACKUP)
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
	return span_max(span_max(hold, us(0)), us(open * PROOF_GAP.us));
}

void link_figures(const struct link *l, mtime now, struct link_figures *out)
{
	*out = (struct link_figures){
		.rtt = best_rtt(l),
		.loss_permille = (link_loss_ppm(&l->loss) + 500) / 1000,
		.wait = proof_wait(l, now),
		.timeout = longest_rto(l),
		.losses_needed = link_losses_needed(&l->loss, l->conf->monitor.interval),
		.silence_needed = silence_needed(l, now),
		.downs = recent_downs(l, now),
	};
	for (size_t i = 0; i < l->ntargets; i++) {
		out->sent += l->target[i].sent;
		out->answered += l->target[i].answered;
	}
}

const struct ip_prefix *link_conf_address(const struct link_conf *c, uint8_t family)
{
	for (size_t i = 0; i < c->naddresses; i++)
		if (c->addresses[i].prefix.addr.family == family)
			return &c->addresses[i].prefix;
	return NULL;
}

const struct ip_addr *link_conf_gateway(const struct link_conf *c, uint8_t family)
{
	for (size_t i = 0; i < c->ngateways; i++)
		if (c->gateways[i].addr.family == family)
			return &c->gateways[i].addr;
	return NULL;
}
