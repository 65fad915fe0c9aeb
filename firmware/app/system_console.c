/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `show system`, `request system ...`. */
#include "json_write.h"
#include "product.h"
#include "version.h"

#define LOOK   ms(200) /* how often a task that runs is looked at */
#define LOCATE sec(60)

/* True: this is the image, or the person was told that it is not. */
static bool need_image(struct console_call *call)
{
	const struct fairlead *f = call->module;

	if (f->io->unit.is_image)
		return true;
	sink_puts(call->out, "error: fairleadd runs on a system that is not its own image; use the "
			     "means of that "
			     "system\n");
	return false;
}

static enum fl_err tell(struct console_call *call, enum fl_err err, const char *why)
{
	if (err)
		sink_printf(call->out, "error: %s\n", why);
	return err;
}

/* ---- show system ---- */

static void show_slot(struct console_call *call, const struct boot_state *s, enum boot_slot_name n)
{
	const struct fairlead *f = call->module;
	bool runs = n == system_slot(f);

	sink_printf(call->out, "slot %c       %s%s, %u of %d attempts left%s\n",
		boot_slot_letter(n), runs ? "running, " : "",
		s->slot[n].ok     ? "found good"
		: s->slot[n].left ? "on trial"
				  : "empty or not usable",
		s->slot[n].left, BOOT_ATTEMPTS, boot_state_starts(s, n) ? ", starts next" : "");
}

static void slot_json(struct json_writer *w, const struct fairlead *f, const struct boot_state *s,
	enum boot_slot_name n)
{
	const char name[] = {boot_slot_letter(n), '\0'};

	json_row(w);
	json_string(w, "slot", str_of(name));
	json_flag(w, "running", n == system_slot(f));
	json_flag(w, "good", s->slot[n].ok);
	json_number(w, "attempts-left", s->slot[n].left);
	json_flag(w, "starts-next", boot_state_starts(s, n));
	json_close(w, "}");
}

static void image_json(
	struct json_writer *w, struct fairlead *f, const struct boot_state *s, bool slots_known)
{
	const struct unit *m = &f->io->unit;
	const char *dog = m->watchdog(m->ctx);
	struct health_facts facts;

	system_facts(f, &facts);
	json_flag(w, "safe-mode", m->is_safe);
	json_flag(w, "healthy", !*health_lacks(&facts));
	if (*health_lacks(&facts))
		json_string(w, "lacks", str_of(health_lacks(&facts)));
	if (dog)
		json_string(w, "watchdog", str_of(dog));
	if (!slots_known)
		return;
	json_key(w, "slots");
	json_open(w, "[");
	slot_json(w, f, s, BOOT_SLOT_A);
	slot_json(w, f, s, BOOT_SLOT_B);
	json_close(w, "]");
}

static void show_system_json(struct console_call *call)
{
	struct fairlead *f = call->module;
	struct json_writer w = {.out = call->out};
	struct boot_state s = {0};
	char words[200];
	struct textbuf why = textbuf_of(words, sizeof(words));

	json_open(&w, "{");
	json_string(&w, "version", str_of(fl_version));
	json_string(&w, "board", str_of(CONFIG_BOARD));
	json_number(&w, "running-ms", mtime_between(f->started, call->now).us / 1000);
	json_flag(&w, "image", f->io->unit.is_image);
	if (f->io->unit.is_image)
		image_json(&w, f, &s, system_boot_state(f, &s, &why) == FL_OK);
	json_close(&w, "}");
	sink_puts(call->out, "\n");
}

static enum fl_err show_system(struct console_call *call)
{
	struct fairlead *f = call->module;
	const struct unit *m = &f->io->unit;
	const char *dog = m->is_image ? m->watchdog(m->ctx) : NULL;
	struct boot_state s;
	struct health_facts facts;
	char words[200], up[LINK_SPAN_TEXT_MAX];
	struct textbuf why = textbuf_of(words, sizeof(words));

	if (call->json) {
		show_system_json(call);
		return FL_OK;
	}
	sink_printf(call->out, "version      %s for %s\nrunning for  %s\n", fl_version,
		CONFIG_BOARD, link_span_text(mtime_between(f->started, call->now), up));
	if (!m->is_image) {
		sink_puts(call->out, "system       not the image of Fairlead\n");
		return FL_OK;
	}
	system_facts(f, &facts);
	sink_printf(call->out, "mode         %s\n",
		m->is_safe ? "safe: factory settings, not kept" : "normal");
	sink_printf(call->out, "health       %s%s\n", *health_lacks(&facts) ? "lacks " : "good",
		health_lacks(&facts));
	sink_printf(call->out, "watchdog     %s\n", dog ? dog : "none");
	if (system_boot_state(f, &s, &why))
		return tell(call, FL_EIO, words);
	show_slot(call, &s, BOOT_SLOT_A);
	show_slot(call, &s, BOOT_SLOT_B);
	return FL_OK;
}

/* ---- tasks: update, support, backup, restore ---- */

/* A step of an update, once. */
static void put_progress(struct console_call *call, struct system_task *t)
{
	struct str line = str_of(t->line), percent;

	if (t->told == t->lines || !str_starts(line, STR("progress ")))
		return;
	t->told = t->lines;
	str_cut(&line, ' ');
	percent = str_cut(&line, ' ');
	sink_printf(call->out, "%3.*s %% %.*s\n", STR_ARG(percent), STR_ARG(line));
}

/* Until the task is over. */
static enum fl_err follow(struct console_call *call)
{
	struct fairlead *f = call->module;
	struct system_task *t = &f->box.task;

	put_progress(call, t);
	if (t->runs) {
		console_wait(call->session, LOOK, follow);
		return FL_OK;
	}
	sink_printf(call->out, "%s\n", t->lines ? t->line : "error: it ended without a word");
	if (!t->failed && t->what == UNIT_UPDATE)
		sink_puts(call->out, "\"request system reboot\" starts it\n");
	return t->failed ? FL_EIO : FL_OK;
}

/* What is fetched; only what is read can be. */
static bool is_address(enum unit_task what, struct str s)
{
	return (what == UNIT_UPDATE || what == UNIT_RESTORE) &&
	       (str_starts(s, STR("http://")) || str_starts(s, STR("https://")) ||
		       str_starts(s, STR("ftp://")));
}

static enum fl_err begin(struct console_call *call, enum unit_task what, bool force)
{
	struct fairlead *f = call->module;
	char words[200];
	struct textbuf why = textbuf_of(words, sizeof(words));
	enum fl_err err;

	if (!need_image(call))
		return FL_ENOTSUP;
	if (!is_address(what, call->arg[0]) &&
		!console_may_name_file(call->session, call->arg[0], call->out))
		return FL_EPERM;
	err = system_task_begin(f, what, call->arg[0], force, &why);
	if (err)
		return tell(call, err, words);
	return follow(call);
}

static enum fl_err request_update(struct console_call *call)
{
	return begin(call, UNIT_UPDATE, false);
}

static enum fl_err request_update_force(struct console_call *call)
{
	return begin(call, UNIT_UPDATE, true);
}

static enum fl_err request_support(struct console_call *call)
{
	return begin(call, UNIT_SUPPORT, false);
}

static enum fl_err request_backup(struct console_call *call)
{
	return begin(call, UNIT_BACKUP, false);
}

static enum fl_err request_restore(struct console_call *call)
{
	return begin(call, UNIT_RESTORE, false);
}

/* ---- slots ---- */

static enum fl_err request_confirm(struct console_call *call)
{
	struct fairlead *f = call->module;

	if (!need_image(call))
		return FL_ENOTSUP;
	system_confirm(f);
	sink_printf(call->out, "slot %c is what starts from now on\n", f->io->unit.slot);
	return FL_OK;
}

static enum fl_err request_rollback(struct console_call *call)
{
	struct fairlead *f = call->module;
	char words[200];
	struct textbuf why = textbuf_of(words, sizeof(words));
	struct boot_state s;
	enum fl_err err;

	if (!need_image(call))
		return FL_ENOTSUP;
	err = system_boot_state(f, &s, &why);
	if (!err && boot_state_roll_back(&s, system_slot(f))) {
		textbuf_printf(&why, "slot %c holds nothing that was ever found good",
			boot_slot_letter(boot_slot_other(system_slot(f))));
		err = FL_ENOENT;
	}
	if (!err)
		err = system_set_boot_state(f, &s, &why);
	if (err)
		return tell(call, err, words);
	sink_printf(call->out, "slot %c starts next: \"request system reboot\"\n",
		boot_slot_letter(s.first));
	return FL_OK;
}

/* ---- the end ---- */

static enum fl_err end(struct console_call *call, enum unit_end how, const char *words)
{
	struct fairlead *f = call->module;

	if (!need_image(call))
		return FL_ENOTSUP;
	if (f->box.task.runs) {
		sink_puts(call->out, "error: an update or another task is under way\n");
		return FL_EAGAIN;
	}
	log_printf(&f->log, LOG_LEVEL_NOTICE, "%s", words);
	sink_printf(call->out, "%s\n", words);
	system_end(f, how, true, call->now);
	return FL_OK;
}

static enum fl_err request_reboot(struct console_call *call)
{
	return end(call, UNIT_REBOOT, "the router restarts");
}

/* What somebody must come and mend who is not at the router: asked first.  Scripts say "now". */
static enum fl_err ask_first(
	struct console_call *call, const char *question, console_answered *answered)
{
	enum fl_err err = need_image(call) ? FL_OK : FL_ENOTSUP;

	if (err)
		return err;
	err = console_ask(call->session, question, false, answered, NULL);
	if (err == FL_ENOTSUP)
		sink_puts(call->out, "the same with \"now\" behind it asks nothing\n");
	return err;
}

static bool is_yes(struct console_call *call, struct str answer)
{
	if (str_is(answer, "yes"))
		return true;
	sink_puts(call->out, "nothing is done: only \"yes\" would have been one\n");
	return false;
}

static enum fl_err request_poweroff_now(struct console_call *call)
{
	return end(call, UNIT_POWER_OFF, "the router switches itself off");
}

static enum fl_err poweroff_answered(struct console_call *call, struct str answer)
{
	return is_yes(call, answer) ? request_poweroff_now(call) : FL_EAGAIN;
}

static enum fl_err request_poweroff(struct console_call *call)
{
	return ask_first(
		call, "Switch off?  Only its power brings it back (yes/no): ", poweroff_answered);
}

static enum fl_err factory_reset(struct console_call *call, enum unit_reset how)
{
	struct fairlead *f = call->module;
	const struct unit *m = &f->io->unit;
	char words[200];
	struct textbuf why = textbuf_of(words, sizeof(words));
	enum fl_err err;

	if (!need_image(call))
		return FL_ENOTSUP;
	err = m->forget(m->ctx, how, &why);
	if (err)
		return tell(call, err, words);
	return end(call, UNIT_REBOOT, "the router restarts with factory settings");
}

static enum fl_err reset_settings_now(struct console_call *call)
{
	return factory_reset(call, UNIT_RESET_SETTINGS);
}

static enum fl_err reset_all_now(struct console_call *call)
{
	return factory_reset(call, UNIT_RESET_ALL);
}

static enum fl_err reset_settings_answered(struct console_call *call, struct str answer)
{
	return is_yes(call, answer) ? reset_settings_now(call) : FL_EAGAIN;
}

static enum fl_err reset_all_answered(struct console_call *call, struct str answer)
{
	return is_yes(call, answer) ? reset_all_now(call) : FL_EAGAIN;
}

static enum fl_err request_reset_settings(struct console_call *call)
{
	return ask_first(
		call, "Forget all settings and restart (yes/no): ", reset_settings_answered);
}

static enum fl_err request_reset_all(struct console_call *call)
{
	return ask_first(
		call, "Erase settings, keys and files and restart (yes/no): ", reset_all_answered);
}

/* ---- lamps and clock ---- */

static enum fl_err request_locate(struct console_call *call)
{
	struct fairlead *f = call->module;

	f->box.locate_until = mtime_after(call->now, LOCATE);
	panel_update(f);
	sink_puts(call->out, "all lamps flicker for a minute\n");
	return FL_OK;
}

static enum fl_err request_locate_off(struct console_call *call)
{
	struct fairlead *f = call->module;

	f->box.locate_until = call->now;
	panel_update(f);
	return FL_OK;
}

/* Two digits at `at`; -1: none. */
static int two_digits(struct str s, size_t at)
{
	if (at + 2 > s.n || s.at[at] < '0' || s.at[at] > '9' || s.at[at + 1] < '0' ||
		s.at[at + 1] > '9')
		return -1;
	return (s.at[at] - '0') * 10 + s.at[at + 1] - '0';
}

/* Days from 1970-01-01 to a day of the proleptic Gregorian calendar: years begin in March, so that
 * the day that comes and goes is their last. */
static int64_t days_of(int year, int month, int day)
{
	int y = month <= 2 ? year - 1 : year, m = month <= 2 ? month + 9 : month - 3;

	return 365 * (int64_t)y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 719469;
}

/* "2026-11-23" and "10:03" or "10:03:47", UTC. */
static bool wall_of(struct str date, struct str time, int64_t *out)
{
	int year = two_digits(date, 0) * 100 + two_digits(date, 2);
	int month = two_digits(date, 5), day = two_digits(date, 8);
	int hour = two_digits(time, 0), minute = two_digits(time, 3),
	    second = time.n == 8 ? two_digits(time, 6) : 0;

	if (date.n != 10 || date.at[4] != '-' || date.at[7] != '-' || two_digits(date, 0) < 0 ||
		two_digits(date, 2) < 0 || year < 1970 || month < 1 || month > 12 || day < 1 ||
		day > 31)
		return false;
	if ((time.n != 5 && time.n != 8) || time.at[2] != ':' ||
		(time.n == 8 && time.at[5] != ':') || hour < 0 || hour > 23 || minute < 0 ||
		minute > 59 || second < 0 || second > 59)
		return false;
	*out = days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
	return month == 12 || days_of(year, month, day) < days_of(year, month + 1, 1);
}

static enum fl_err request_date(struct console_call *call)
{
	struct fairlead *f = call->module;
	const struct unit *m = &f->io->unit;
	char words[200];
	struct textbuf why = textbuf_of(words, sizeof(words));
	int64_t wall;
	enum fl_err err;

	if (!wall_of(call->arg[0], call->arg[1], &wall)) {
		sink_puts(call->out, "error: the date is written 2026-11-23 and the time 10:03:47, "
				     "in UTC\n");
		return FL_EFORMAT;
	}
	err = m->set_clock(m->ctx, wall, &why);
	if (!err)
		log_printf(&f->log, LOG_LEVEL_NOTICE, "the clock was set by hand");
	return tell(call, err, words);
}

const struct console_command system_commands[] = {
	{"show system", "version, slots, health and watchdog", CONSOLE_ANY_JSON, show_system, NULL},
	{"request system update FILE",
		"install a signed update (a file or an address) in the other slot",
		CONSOLE_ANY_CHANGES, request_update, NULL},
	{"request system update FILE force", "the same, also when it is older than what runs",
		CONSOLE_ANY_CHANGES, request_update_force, NULL},
	{"request system confirm", "what runs is good: it is what starts from now on",
		CONSOLE_ANY_CHANGES, request_confirm, NULL},
	{"request system rollback", "start the other slot next time", CONSOLE_ANY_CHANGES,
		request_rollback, NULL},
	{"request system reboot", "restart the router", CONSOLE_ANY_CHANGES, request_reboot, NULL},
	{"request system poweroff", "switch the router off", CONSOLE_ANY_CHANGES, request_poweroff,
		NULL},
	{"request system poweroff now", "the same without a question", CONSOLE_ANY_CHANGES,
		request_poweroff_now, NULL},
	{"request system factory-reset settings",
		"restart with factory settings; keys and logs are kept", CONSOLE_ANY_CHANGES,
		request_reset_settings, NULL},
	{"request system factory-reset settings now", "the same without a question",
		CONSOLE_ANY_CHANGES, reset_settings_now, NULL},
	{"request system factory-reset everything",
		"restart as a new router: keys, logs and all else is erased", CONSOLE_ANY_CHANGES,
		request_reset_all, NULL},
	{"request system factory-reset everything now", "the same without a question",
		CONSOLE_ANY_CHANGES, reset_all_now, NULL},
	{"request system backup FILE", "settings, revisions and keys into one file",
		CONSOLE_ANY_CHANGES, request_backup, NULL},
	{"request system restore FILE", "what a backup holds, from the next start on",
		CONSOLE_ANY_CHANGES, request_restore, NULL},
	{"request system support FILE", "logs, states and settings without secrets in one file",
		CONSOLE_ANY_CHANGES, request_support, NULL},
	{"request system locate", "all lamps flicker for a minute", CONSOLE_ANY_CHANGES,
		request_locate, NULL},
	{"request system locate off", "no more", CONSOLE_ANY_CHANGES, request_locate_off, NULL},
	{"request system date DATE TIME", "set the clock, in UTC: 2026-11-23 10:03:47",
		CONSOLE_ANY_CHANGES, request_date, NULL},
	{0},
};
