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
 * Here is what answers and silence mean; link_send.c has what is asked next, of whom and how soon.
 * Every probe has a slot in the table of flights, found by its sequence number; the table is short
 * beside the 65,536 numbers, so a number that comes round again never meets its older self. */
#include "link.h"

#include "link_estimate.h"
#include "link_internal.h"

#include <string.h>

#define GAP_LONGEST sec(3) /* a longer silence that healed was an outage */
#define RTT_LONGEST sec(2) /* an answer that took longer is life, and tells nothing of delay */

#define FIRST_PROBES   5 /* the proof of a link that never failed, */
#define FIRST_LOST_MAX 2
#define PROOF_PROBES   15 /* and of one that did */
#define HOLD_LOSSES    9  /* one by the clock and eight to make sure */
#define HOLD_MAX       sec(300)

#define DIS LINK_DISABLED
#define NOC LINK_NO_CARRIER
#define DWN LINK_DOWN
#define REC LINK_RECOVERING
#define UP_ LINK_UP
#define SUS LINK_SUSPECT
#define DEG LINK_DEGRADED

/* clang-format off */
const enum link_state link_moves[LINK_STATES][LINK_EVENTS] = {
	/*                   ENABLE DISABLE CARRIER CARRIER NO       FIRST   ANSWER POOR   OVERDUE DEAD PROVEN CUT UNSERVED POOR GOOD
	 *                                  OFF     ON      ADDRESS  CARRIER        ANSWER                     OFF               */
	[LINK_DISABLED]   = { NOC,   DIS,    DIS,    DIS,    DIS,     DIS,    DIS,   DIS,   DIS,    DIS, DIS, DIS,   DIS,     DIS, DIS },
	[LINK_NO_CARRIER] = { NOC,   DIS,    NOC,    DWN,    DWN,     REC,    NOC,   NOC,   NOC,    NOC, NOC, NOC,   NOC,     NOC, NOC },
	[LINK_DOWN]       = { DWN,   DIS,    NOC,    DWN,    DWN,     REC,    REC,   REC,   DWN,    DWN, UP_, DWN,   DWN,     DWN, DWN },
	[LINK_RECOVERING] = { REC,   DIS,    NOC,    REC,    DWN,     REC,    REC,   REC,   REC,    DWN, UP_, DWN,   REC,     REC, REC },
	[LINK_UP]         = { UP_,   DIS,    NOC,    UP_,    DWN,     UP_,    UP_,   UP_,   SUS,    UP_, UP_, DWN,   DWN,     DEG, UP_ },
	[LINK_SUSPECT]    = { SUS,   DIS,    NOC,    SUS,    DWN,     SUS,    UP_,   DEG,   SUS,    DWN, UP_, DWN,   DWN,     SUS, SUS },
	[LINK_DEGRADED]   = { DEG,   DIS,    NOC,    DEG,    DWN,     DEG,    DEG,   DEG,   SUS,    DEG, DEG, DWN,   DWN,     DEG, UP_ },
};
/* clang-format on */

void link_out_clear(struct link_out *out)
{
	out->nsend = 0;
	out->nchange = 0;
	out->ask_gateway = out->target_silent = false;
	out->families_changed = false;
	out->note[0] = '\0';
}

/* ---- flights ---- */

/* Answers to what was sent until now mean nothing any more. */
static void forget_flights(struct link *l)
{
	for (size_t i = 0; i < LINK_FLIGHT_MAX; i++)
		l->flight[i].fate = FATE_NONE;
	l->oldest = l->next;
	for (size_t i = 0; i < LINK_TARGETS_MAX; i++)
		if (l->test.of[i].result == LINK_TEST_WAITING)
			l->test.of[i].result = LINK_TEST_LOST;
}

/* Was this one sent with the first of the row, or later? */
static bool is_of_row(const struct link *l, const struct link_flight *f)
{
	return l->row.running && (uint16_t)(f->seq - l->row.first) < LINK_FLIGHT_MAX;
}

/* ---- what the numbers are now ---- */

/* Threefold for each failure but the last within ten minutes of the last. */
static span hold_wanted(const struct link *l)
{
	span hold = l->conf->monitor.hold;
	unsigned n = 0;

	if (l->ndowns > 0)
		n = link_recent_downs(l, l->downs[(l->ndowns - 1) % LINK_DOWNS_KEPT]);
	while (n > 1 && hold.us < HOLD_MAX.us) {
		hold.us *= 3;
		n--;
	}
	return span_min(hold, span_max(HOLD_MAX, l->conf->monitor.hold));
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

	if (link_family_is_dead(l, t->addr.family))
		return;
	if (t->demoted && t->loss_ppm < 500000) {
		t->demoted = false;
		note_target(l, target, "answers again and is believed", out);
	} else if (!t->demoted && is_doubtful(l, target, 900000, 500000)) {
		t->demoted = true;
		out->target_silent = true;
		out->target = (uint8_t)target;
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
	if (!link_target_is_out(l, f->target) && f->kind != KIND_FAMILY) {
		link_loss_add(&l->loss, lost);
		if (f->kind == KIND_REGULAR && !is_doubtful(l, f->target, 500000, 250000))
			link_quality_add_loss(&l->quality, lost);
	}
	judge_target(l, f->target, out);
}

/* The row ended with a sign of life.  What did not answer yet may be late rather than lost: it is
 * waited for as long as a time-out can last, and then counted as lost by chance.
 *
 * Only a row that chance does not explain was a gap of the link.  Where the budget is spent, two
 * lost probes can lie a second apart, and a line that merely loses packets would be given a slower
 * detector for a day. */
static void settle_row(struct link *l, mtime now)
{
	span gap = mtime_between(l->row.since, now);
	uint16_t kept = (uint16_t)(l->next - l->row.first);

	l->oldest = kept < LINK_FLIGHT_MAX ? l->row.first : (uint16_t)(l->next - LINK_FLIGHT_MAX);
	for (uint16_t seq = l->oldest; seq != l->next; seq++) {
		struct link_flight *f = link_flight_of(l, seq);

		if (f->fate == FATE_LOST && !f->recorded) {
			f->fate = FATE_WAITING;
			f->due = mtime_after(f->sent, LINK_RTO_MAX);
		}
	}
	if (l->row.lost >= l->row.need &&
		gap.us > link_decayed(l->gap, l->gap_at, now, LINK_GAP_HALF_LIFE).us) {
		l->gap = gap;
		l->gap_at = now;
	}
}

static void move_by_quality(struct link *l, mtime now, struct link_out *out)
{
	link_apply(l, now, link_quality_is_poor(&l->quality) ? LINK_POOR : LINK_GOOD, out);
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
	else if (link_state_is_fit(from))
		l->dead_since = now;
	if (l->unaddressed)
		forget_flights(l);
	l->row.running = false;
	l->next_send = now;
}

static void enter_recovering(struct link *l, mtime now, enum link_state from)
{
	struct link_proof *p = &l->proof;
	span silence = mtime_between(l->dead_since, now);
	uint32_t ppm = (uint32_t)(l->loss.slow / 1000) + 200000;

	if (from == LINK_DOWN && !l->fresh && silence.us < GAP_LONGEST.us &&
		silence.us > l->gap.us) {
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
	span interval = link_jittered(l, link_interval(l));
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
void link_apply(struct link *l, mtime now, enum link_event event, struct link_out *out)
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
		.need = fit ? link_losses_needed(&l->loss, link_interval(l)) : HOLD_LOSSES,
		.silence = fit ? link_silence_needed(l, now) : us(0),
		.wait = link_longest_rto(l),
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
	if (f->kind == KIND_REGULAR && !link_target_is_out(l, f->target) &&
		mtime_reached(f->sent, l->alive_sent)) {
		begin_row(l, now, f);
		link_apply(l, now, LINK_OVERDUE, out);
		link_gateway_ask(l, now, out);
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

/* A person waits for this one. */
static void settle_test(
	struct link *l, const struct link_flight *f, enum link_test_result result, span rtt)
{
	if (f->kind != KIND_TEST || l->test.of[f->target].seq != f->seq)
		return;
	l->test.of[f->target].result = (uint8_t)result;
	l->test.of[f->target].rtt = rtt;
}

static void lose(struct link *l, mtime now, struct link_flight *f, struct link_out *out)
{
	f->fate = FATE_LOST;
	l->losses++;
	settle_test(l, f, LINK_TEST_LOST, us(0));
	if (f->kind != KIND_TEST)
		link_family_lost(l, now, f);
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
		struct link_flight *f = link_flight_of(l, seq);

		if (f->fate == FATE_WAITING && mtime_reached(now, f->due))
			lose(l, now, f, out);
	}
	while (l->oldest != l->next && link_flight_of(l, l->oldest)->fate != FATE_WAITING)
		l->oldest++;
}

/* ---- what time decides ---- */

static bool hold_can_end(const struct link *l)
{
	return l->state == LINK_RECOVERING && link_proof_has_enough(&l->proof) && !l->row.running &&
	       !l->service_dead;
}

static bool has_enough_losses(const struct link *l)
{
	return l->row.running && l->row.lost >= l->row.need;
}

static mtime silence_enough_at(const struct link *l)
{
	return mtime_after(l->row.since, l->row.silence);
}

/* Where nobody is asked the carrier is enough, but for a gateway that is silent or was lately. */
static bool has_nothing_to_prove(const struct link *l, mtime now)
{
	if (l->ntargets > 0 || l->unaddressed || link_gateway_is_silent(l))
		return false;
	return l->state == LINK_DOWN || l->state == LINK_SUSPECT ||
	       (l->state == LINK_RECOVERING && mtime_reached(now, l->proof.hold_until));
}

static void decide(struct link *l, mtime now, struct link_out *out)
{
	if (mtime_reached(now, l->carrier_by)) {
		l->carrier_by = MTIME_NEVER;
		link_apply(l, now, LINK_CARRIER_OFF, out);
	}
	if (has_nothing_to_prove(l, now))
		link_apply(l, now, LINK_PROVEN, out);
	if (has_enough_losses(l) && mtime_reached(now, silence_enough_at(l)))
		link_apply(l, now, LINK_DEAD, out);
	if (l->state == LINK_RECOVERING && link_proof_lost(&l->proof) > l->proof.lost_max)
		link_apply(l, now, LINK_DEAD, out);
	if (hold_can_end(l) && mtime_reached(now, l->proof.hold_until)) {
		link_apply(l, now, LINK_PROVEN, out);
		link_family_after_proof(l, now, out);
	}
	link_family_judge(l, now, out);
}

void link_go_on(struct link *l, mtime now, struct link_out *out)
{
	lose_overdue(l, now, out);
	decide(l, now, out);
	link_send_due(l, now, out);
	link_gateway_tick(l, now, out);
}

/* ---- signs of life ---- */

/* A suspect link is again what it was before; what its quality says comes after. */
void link_live(struct link *l, mtime now, struct link_out *out)
{
	bool poor = l->state == LINK_SUSPECT && l->before == LINK_DEGRADED;

	if (l->state == LINK_SUSPECT)
		settle_row(l, now);
	if (l->state == LINK_RECOVERING)
		l->row.running = false;
	link_apply(l, now, poor ? LINK_POOR_ANSWER : LINK_ANSWER, out);
	move_by_quality(l, now, out);
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

	settle_test(l, f, LINK_TEST_ANSWERED, rtt);
	t->answered++;
	t->last_answer = now;
	t->wrong[0] = '\0';
	link_family_answered(l, now, f);
	if (rtt.us <= RTT_LONGEST.us)
		link_target_add_rtt(t, now, rtt);
	if (!link_is_fit(l)) {
		link_target_add_loss(t, false);
		judge_target(l, f->target, out);
	} else {
		record(l, f, false, out);
	}
	if (f->kind == KIND_REGULAR && link_is_fit(l) && !link_target_is_out(l, f->target))
		link_quality_add_rtt(&l->quality, now, link_best_rtt(l));
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
	struct link_flight *f = link_flight_of(l, seq);

	link_out_clear(out);
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
		link_live(l, now, out);
	}
	link_go_on(l, now, out);
}

int link_probe_target(const struct link *l, uint16_t seq)
{
	const struct link_flight *f = &l->flight[seq % LINK_FLIGHT_MAX];

	return f->seq == seq && f->fate != FATE_NONE ? f->target : -1;
}

void link_wrong_answer(struct link *l, uint16_t seq, const char *what)
{
	int target = link_probe_target(l, seq);
	struct textbuf t;

	if (target < 0)
		return;
	t = textbuf_of(l->target[target].wrong, sizeof(l->target[target].wrong));
	textbuf_printf(&t, "%s", what);
}

void link_set_pace(struct link *l, mtime now, span interval, bool resting)
{
	/* What a budget allows changes by a little all the time. */
	if (interval.us < link_interval(l).us / 2)
		l->next_send = now;
	l->pace = interval;
	l->resting = resting;
}

void link_send_failed(struct link *l, mtime now, uint16_t seq, struct link_out *out)
{
	struct link_flight *f = link_flight_of(l, seq);

	link_out_clear(out);
	if (f->seq == seq && f->fate == FATE_WAITING) {
		f->due = now;
		lose(l, now, f, out);
		settle_test(l, f, LINK_TEST_UNSENT, us(0));
		l->row.unsent += l->row.running && is_of_row(l, f);
	}
	link_go_on(l, now, out);
}

/* ---- carrier, hold and time ---- */

/* Begin or end to send. */
static void follow_carrier(struct link *l, mtime now, struct link_out *out)
{
	bool was = l->carrier;

	l->carrier = l->cable == LINK_PLUGGED && !l->unaddressed;
	if (l->cable != LINK_PLUGGED) {
		link_apply(l, now, LINK_CARRIER_OFF, out);
	} else if (l->unaddressed) {
		link_apply(l, now, LINK_NO_ADDRESS, out);
	} else if (!was) {
		l->next_send = now;
		link_gateway_forget(l);
		link_gateway_ask(l, now, out);
		link_apply(l, now, l->fresh ? LINK_FIRST_CARRIER : LINK_CARRIER_ON, out);
	}
}

void link_carrier(struct link *l, mtime now, enum link_cable cable, struct link_out *out)
{
	bool is_other = cable != l->cable;

	link_out_clear(out);
	l->carrier_by = MTIME_NEVER;
	l->cable = cable;
	follow_carrier(l, now, out);
	/* Without as before, but it is another thing that is missing. */
	if (l->state == LINK_NO_CARRIER && is_other) {
		struct textbuf cause = textbuf_of(l->cause, sizeof(l->cause));

		link_explain(l, now, LINK_CARRIER_OFF, &cause);
	}
	link_go_on(l, now, out);
}

void link_follow_address(struct link *l, mtime now, struct link_out *out)
{
	bool unaddressed = link_conf_awaits_address(l->conf);

	if (unaddressed == l->unaddressed)
		return;
	l->unaddressed = unaddressed;
	if (l->cable == LINK_PLUGGED)
		follow_carrier(l, now, out);
}

void link_service(
	struct link *l, mtime now, const char *failing, bool take_down, struct link_out *out)
{
	struct textbuf t = textbuf_of(l->service, sizeof(l->service));

	link_out_clear(out);
	textbuf_printf(&t, "%s", failing);
	l->quality.service = failing[0] != '\0';
	l->service_dead = l->quality.service && take_down;
	if (l->service_dead)
		link_apply(l, now, LINK_UNSERVED, out);
	else if (l->state == LINK_UP || l->state == LINK_DEGRADED)
		move_by_quality(l, now, out);
	link_go_on(l, now, out);
}

void link_clear_hold(struct link *l, mtime now, struct link_out *out)
{
	link_out_clear(out);
	l->ndowns = 0;
	if (l->state == LINK_RECOVERING && mtime_before(now, l->proof.hold_until)) {
		l->proof.hold_until = now;
		l->proof.cleared = true;
	}
	link_go_on(l, now, out);
}

bool link_test_is_over(const struct link *l)
{
	for (size_t i = 0; i < l->ntargets; i++)
		if (l->test.of[i].result == LINK_TEST_WAITING)
			return false;
	return true;
}

void link_forget_failure(struct link *l)
{
	if (l->ndowns == 0)
		return;
	l->ndowns--;
	/* Where the ring was full an older failure is gone as well. */
	l->downs[l->ndowns % LINK_DOWNS_KEPT] = (mtime){INT64_MIN / 2};
}

void link_tick(struct link *l, mtime now, struct link_out *out)
{
	link_out_clear(out);
	link_go_on(l, now, out);
}

mtime link_next_due(const struct link *l)
{
	mtime due = mtime_first(l->carrier_by, link_gateway_due(l));

	if (link_is_probing(l))
		due = mtime_first(mtime_first(due, l->next_send), link_family_due(l));
	for (uint16_t seq = l->oldest; seq != l->next; seq++) {
		const struct link_flight *f = &l->flight[seq % LINK_FLIGHT_MAX];

		if (f->fate == FATE_WAITING)
			due = mtime_first(due, f->due);
	}
	if (has_enough_losses(l))
		due = mtime_first(due, silence_enough_at(l));
	if (hold_can_end(l) || (l->ntargets == 0 && l->state == LINK_RECOVERING))
		due = mtime_first(due, l->proof.hold_until);
	return due;
}
