/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "health.h"

void health_start(struct health *h, bool trial, mtime now)
{
	*h = (struct health){.trial = trial, .started = now, .good_since = MTIME_NEVER};
}

const char *health_lacks(const struct health_facts *f)
{
	if (!f->settings)
		return "the settings in force";
	if (!f->dns)
		return "a DNS responder that answers";
	return f->links ? "" : "a link that works";
}

static bool is_good(const struct health_facts *f)
{
	return f->settings && f->dns && f->links;
}

static enum health_verdict step_trial(struct health *h, const struct health_facts *f, mtime now)
{
	if (!is_good(f))
		h->good_since = MTIME_NEVER;
	else if (h->good_since.us == MTIME_NEVER.us)
		h->good_since = now;
	if (mtime_reached(now, mtime_after(h->good_since, HEALTH_PROOF))) {
		h->trial = false;
		return HEALTH_CONFIRM;
	}
	return mtime_reached(now, mtime_after(h->started, HEALTH_PATIENCE)) ? HEALTH_GIVE_UP
									    : HEALTH_WAIT;
}

enum health_verdict health_step(struct health *h, const struct health_facts *f, mtime now)
{
	if (h->trial)
		return step_trial(h, f, now);
	if (!h->stable && mtime_reached(now, mtime_after(h->started, HEALTH_STABLE))) {
		h->stable = true;
		return HEALTH_GIVE_BACK;
	}
	return HEALTH_WAIT;
}

mtime health_next_due(const struct health *h)
{
	if (h->trial)
		return mtime_first(mtime_after(h->good_since, HEALTH_PROOF),
			mtime_after(h->started, HEALTH_PATIENCE));
	return h->stable ? MTIME_NEVER : mtime_after(h->started, HEALTH_STABLE);
}
