/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The box itself.
 *
 * The watchdog is petted from here, and only while all that matters makes progress: this loop, as
 * it gets here; the DNS worker, which is there or was a moment ago; the monitors, whose timers are
 * served in time.  Whatever hangs, the machine resets, and the boot loader counts. */
#include "product.h"
#include "system_settings.h"

#include <string.h>

#define PET_PERIOD sec(5)
#define PROGRESS_WAIT                                                                              \
	sec(60)           /* so long may something stand still before the watchdog is let go       \
			   */
#define LATE      sec(10) /* a timer of the monitors that is not served for so long */
#define END_DELAY ms(500) /* for the last words to get to the terminal */

static bool is_image(const struct fairlead *f)
{
	return f->io->unit.is_image;
}

/* ---- the boot state ---- */

enum fl_err system_boot_state(struct fairlead *f, struct boot_state *out, struct textbuf *why)
{
	const struct unit *m = &f->io->unit;
	uint8_t block[UNIT_BOOT_BLOCK];
	enum fl_err err = m->boot_block(m->ctx, block, why);

	if (err)
		return err;
	err = boot_state_parse(bytes_of(block, sizeof(block)), out);
	if (err)
		textbuf_printf(why, "the boot state %s", fl_err_text(err));
	return err;
}

enum boot_slot_name system_slot(const struct fairlead *f)
{
	return f->io->unit.slot == 'b' ? BOOT_SLOT_B : BOOT_SLOT_A;
}

enum fl_err system_set_boot_state(
	struct fairlead *f, const struct boot_state *s, struct textbuf *why)
{
	const struct unit *m = &f->io->unit;
	uint8_t block[UNIT_BOOT_BLOCK];

	boot_state_print(s, block);
	return m->set_boot_block(m->ctx, block, why);
}

/* Change it, and say so in the log when that fails: a slot that cannot be confirmed is lost later.
 */
static void change_boot_state(
	struct fairlead *f, void (*change)(struct boot_state *s, enum boot_slot_name running))
{
	struct boot_state s;
	char words[200];
	struct textbuf why = textbuf_of(words, sizeof(words));
	enum fl_err err = system_boot_state(f, &s, &why);

	if (!err) {
		change(&s, system_slot(f));
		err = system_set_boot_state(f, &s, &why);
	}
	if (err)
		log_printf(&f->log, LOG_LEVEL_ERROR, "%s", words);
}

/* The boot loader counts the starts in safe mode that come to nothing in a word of its own.  This
 * one has come up: the words that we know are written, without that one. */
static void end_count(struct boot_state *s, enum boot_slot_name running)
{
	(void)s;
	(void)running;
}

/* ---- health ---- */

static bool dns_is_wanted(struct fairlead *f)
{
	const struct config_values *v = &fairlead_config(f)->v;

	return v->ndomains || v->nreverses;
}

static bool dns_is_served(struct fairlead *f)
{
	const struct dns_service *d = &f->io->dns;
	struct dns_service_figures now;

	if (!dns_is_wanted(f))
		return true;
	d->figures(d->ctx, &now);
	return now.running;
}

void system_facts(struct fairlead *f, struct health_facts *out)
{
	*out = (struct health_facts){
		.settings = f->in_force, .links = f->nlinks == 0, .dns = dns_is_served(f)};
	for (size_t i = 0; i < f->nlinks; i++)
		out->links |= link_is_fit(&f->link[f->order[i]]);
}

void system_confirm(struct fairlead *f)
{
	f->box.health.trial = false;
	change_boot_state(f, boot_state_confirm);
	change_boot_state(f, boot_state_give_back);
}

static void judge(struct fairlead *f, mtime now)
{
	struct health_facts facts;

	system_facts(f, &facts);
	switch (health_step(&f->box.health, &facts, now)) {
	case HEALTH_WAIT:
		break;
	case HEALTH_CONFIRM:
		system_confirm(f);
		log_printf(&f->log, LOG_LEVEL_NOTICE,
			"the update in slot %c works: it is what starts from now on",
			f->io->unit.slot);
		break;
	case HEALTH_GIVE_BACK:
		if (f->io->unit.is_safe)
			break;
		change_boot_state(f, boot_state_give_back);
		break;
	case HEALTH_GIVE_UP:
		log_printf(&f->log, LOG_LEVEL_ERROR,
			"the update in slot %c did not get %s: the router restarts",
			f->io->unit.slot, health_lacks(&facts));
		system_end(f, UNIT_REBOOT, false, now);
		break;
	}
}

/* ---- the watchdog ---- */

/* The monitors have no timer that should have been served long ago. */
static bool monitors_are_late(const struct fairlead *f, mtime now)
{
	return mtime_reached(now, mtime_after(uplinks_next_due(f), LATE));
}

static void watch(struct fairlead *f, mtime now)
{
	const struct unit *m = &f->io->unit;

	if (!monitors_are_late(f, now))
		f->box.monitors_at = now;
	if (dns_is_served(f))
		f->box.worker_at = now;
	if (mtime_reached(now, mtime_after(f->box.monitors_at, PROGRESS_WAIT)) ||
		mtime_reached(now, mtime_after(f->box.worker_at, PROGRESS_WAIT)))
		return;
	m->pet(m->ctx);
}

/* ---- the end of it all ---- */

void system_end(struct fairlead *f, enum unit_end how, bool orderly, mtime now)
{
	if (orderly)
		change_boot_state(f, boot_state_give_back);
	f->box.end = how;
	f->box.end_due = mtime_after(now, END_DELAY);
}

static void end_now(struct fairlead *f)
{
	const struct unit *m = &f->io->unit;
	char words[200];
	struct textbuf why = textbuf_of(words, sizeof(words));

	f->box.end_due = MTIME_NEVER;
	if (m->end(m->ctx, f->box.end, &why))
		log_printf(&f->log, LOG_LEVEL_ERROR, "%s", words);
}

/* ---- tasks ---- */

enum fl_err system_task_begin(struct fairlead *f, enum unit_task what, struct str argument,
	bool force, struct textbuf *why)
{
	const struct unit *m = &f->io->unit;
	enum fl_err err = m->task(m->ctx, what, argument, force, why);

	if (err)
		return err;
	f->box.task = (struct system_task){.runs = true, .what = what};
	panel_update(f);
	return FL_OK;
}

static void task_line(struct fairlead *f, struct str line)
{
	struct system_task *t = &f->box.task;
	struct textbuf text = textbuf_of(t->line, sizeof(t->line));

	textbuf_put(&text, line.at, line.n);
	t->lines++;
}

static void task_ended(struct fairlead *f, bool failed)
{
	struct system_task *t = &f->box.task;

	t->runs = false;
	t->failed = failed;
	if (t->what == UNIT_UPDATE)
		log_printf(&f->log, LOG_LEVEL_NOTICE, "update: %s",
			t->lines ? t->line : "it ended without a word");
	panel_update(f);
}

/* ---- the button ---- */

/* Whoever can press the button owns the router: the proofs of all admins are dropped, and "admin"
 * is asked for a new password at the serial line. */
static void forget_passwords(struct fairlead *f)
{
	const struct config_values *v = &fairlead_config(f)->v;
	struct console_commit commit = {.user = STR("button"),
		.source = STR("button"),
		.comment = STR("password reset"),
		.unlocks = true};
	char words[200];
	struct textbuf said = textbuf_of(words, sizeof(words));
	struct sink out = textbuf_sink(&said);
	struct settings tree;
	struct arena mem;
	struct diags why;
	enum fl_err err;

	arena_init(&mem, &f->io->memory);
	diags_init(&why, &mem);
	err = settings_copy(&fairlead_config(f)->tree, &mem, &tree);
	for (size_t i = 0; !err && i < v->nusers; i++) {
		char path[FL_NAME_MAX + 24];
		struct textbuf t = textbuf_of(path, sizeof(path));

		if (v->users[i].role != ROLE_ADMIN)
			continue;
		textbuf_printf(&t, "user %.*s", STR_ARG(v->users[i].name));
		err = settings_delete(&tree, textbuf_str(&t), &why);
	}
	commit.candidate = &tree;
	if (!err)
		err = commit_candidate(f, &commit, &out);
	if (err)
		log_printf(&f->log, LOG_LEVEL_ERROR,
			"the button was held, but the passwords could not be forgotten: %s",
			said.n ? words : fl_err_text(err));
	else
		log_printf(&f->log, LOG_LEVEL_NOTICE,
			"the button was held: admin is asked for a new password at the serial "
			"line");
	arena_reset(&mem);
}

static void reset_to_factory(struct fairlead *f, mtime now)
{
	const struct unit *m = &f->io->unit;
	char words[200];
	struct textbuf why = textbuf_of(words, sizeof(words));

	log_printf(&f->log, LOG_LEVEL_NOTICE,
		"the button was held for ten seconds: back to factory settings");
	if (m->forget(m->ctx, UNIT_RESET_SETTINGS, &why))
		log_printf(&f->log, LOG_LEVEL_ERROR, "%s", words);
	else
		system_end(f, UNIT_REBOOT, true, now);
}

static void button_changed(struct fairlead *f, bool pressed, mtime now)
{
	switch (button_event(&f->box.button, pressed, now)) {
	case BUTTON_UP:
	case BUTTON_NOTHING:
	case BUTTON_STUCK:
		break;
	case BUTTON_WILL_FORGET_PASSWORD:
		forget_passwords(f);
		break;
	case BUTTON_WILL_RESET:
		reset_to_factory(f, now);
		break;
	}
	panel_update(f);
}

/* ---- product.h ---- */

void system_event(struct fairlead *f, const struct io_event *e, mtime now)
{
	if (e->kind == IO_TASK_LINE)
		task_line(f, e->text);
	else if (e->kind == IO_TASK_ENDED)
		task_ended(f, e->token != 0);
	else if (e->kind == IO_BUTTON)
		button_changed(f, e->token != 0, now);
}

/* What the start of the system had to say. */
static void put_notes(struct fairlead *f)
{
	struct str rest = str_of(f->io->unit.notes);

	while (rest.n) {
		struct str line = str_cut(&rest, '\n');

		if (line.n)
			log_printf(&f->log, LOG_LEVEL_NOTICE, "%.*s", STR_ARG(line));
	}
}

void system_open(struct fairlead *f, mtime now)
{
	struct boot_state s;
	char words[200];
	struct textbuf why = textbuf_of(words, sizeof(words));
	char took[LINK_SPAN_TEXT_MAX];
	bool trial = false;

	f->box.pet_due = f->box.end_due = MTIME_NEVER;
	f->box.monitors_at = f->box.worker_at = f->box.locate_until = now;
	health_start(&f->box.health, false, now);
	f->box.health.stable = true;
	if (!is_image(f))
		return;
	put_notes(f);
	if (f->in_force)
		log_printf(&f->log, LOG_LEVEL_NOTICE,
			"forwarding ready, %s after the kernel's start",
			link_span_text(mtime_between((mtime){0}, now), took));
	if (f->io->unit.is_safe)
		change_boot_state(f, end_count);
	else if (system_boot_state(f, &s, &why))
		log_printf(&f->log, LOG_LEVEL_ERROR, "%s", words);
	else
		trial = !s.slot[system_slot(f)].ok;
	if (trial)
		log_printf(&f->log, LOG_LEVEL_NOTICE,
			"what runs in slot %c is on trial until links and DNS have worked for 30 s",
			f->io->unit.slot);
	health_start(&f->box.health, trial, now);
	f->box.pet_due = now;
}

void system_tick(struct fairlead *f, mtime now)
{
	if (!is_image(f))
		return;
	if (mtime_reached(now, f->box.pet_due)) {
		watch(f, now);
		judge(f, now);
		lamp_panel_refresh(&f->panel);
		f->box.pet_due = mtime_after(now, PET_PERIOD);
	}
	if (mtime_reached(now, f->box.end_due))
		end_now(f);
}

mtime system_next_due(const struct fairlead *f)
{
	return mtime_first(f->box.pet_due, f->box.end_due);
}
