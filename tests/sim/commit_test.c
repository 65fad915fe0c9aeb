/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commits of the whole product: confirmed and not, cut short, refused by the disk, by two people at
 * once. */
#include "scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs the three above. */
#include <cmocka.h>

#define SEAT(person) ((person) + 1) /* session 0 is scenario_type()'s */
#define OLD_WEIGHT   4              /* of wan1 in tests/sim/two-wans.conf */
#define HELLO                                                                                      \
	"\x01"                                                                                     \
	"fairlead 1 terminal 100 24 "

static void settle(struct scenario *s)
{
	for (unsigned i = 0; i < 20; i++)
		fairlead_step(&s->product, mtime_after(s->sim.now, ms(1)));
}

static void sit_down(struct scenario *s, unsigned person, const char *hello)
{
	sim_session_open(&s->sim, SEAT(person), hello);
	settle(s);
}

/* Type a line; returns all that has been on the person's screen since he sat down. */
static const char *type(struct scenario *s, unsigned person, const char *line)
{
	sim_type(&s->sim, SEAT(person), line, strlen(line));
	sim_type(&s->sim, SEAT(person), "\r", 1);
	settle(s);
	return s->sim.session[SEAT(person)].text;
}

static void clear(struct scenario *s, unsigned person)
{
	s->sim.session[SEAT(person)].n = 0;
}

static bool has(const char *text, const char *part)
{
	if (text && strstr(text, part))
		return true;
	fprintf(stderr, "\"%s\" is not in:\n%s\n", part, text ? text : "(nothing)");
	return false;
}

/* A router with one person in configuration mode. */
static struct scenario *editing(void)
{
	struct scenario *s = scenario_open("");

	scenario_run(s, sec(5));
	sit_down(s, 0, HELLO "ann\n");
	type(s, 0, "configure");
	return s;
}

static uint32_t weight_of(struct scenario *s)
{
	return fairlead_config(&s->product)->v.links[0].weight;
}

static bool saved_has(struct scenario *s, const char *text)
{
	const struct sim_item *i = sim_stored(&s->sim, "settings");
	char copy[65536];

	assert_non_null(i);
	snprintf(copy, sizeof(copy), "%.*s", (int)i->n, (const char *)i->octets);
	return strstr(copy, text);
}

/* Power off and on: what is in memory is gone, what was saved is there. */
static void restart(struct scenario *s)
{
	fairlead_close(&s->product);
	s->sim.saves_left = 0;
	s->image = (struct dns_image){0};
	(void)fairlead_open(&s->product, &s->sim.drivers);
}

static const char *revisions(struct scenario *s)
{
	int status;
	const char *text = scenario_type(s, "show revisions", &status);

	assert_null(strstr(text, " \n"));
	return text;
}

/* ---- over the network ---- */

static struct scenario *editing_from_afar(const char *line)
{
	struct scenario *s = scenario_open("");

	scenario_run(s, sec(5));
	sit_down(s, 0, HELLO "ann 192.0.2.77\n");
	type(s, 0, "configure");
	type(s, 0, line);
	return s;
}

static void what_could_cut_off_who_is_there_over_the_network_goes_back(void **state)
{
	struct scenario *s = editing_from_afar("set link wan1 weight 9");

	(void)state;
	assert_true(has(type(s, 0, "commit"), "This session comes from 192.0.2.77"));
	assert_true(has(s->sim.session[SEAT(0)].text, "(confirm in 5m)"));
	assert_int_equal(weight_of(s), 9);
	sim_session_close(&s->sim, SEAT(0)); /* it was cut off */
	scenario_run(s, span_sum(us(s->sim.now.us), sec(299)));
	assert_int_equal(weight_of(s), 9);
	scenario_run(s, span_sum(us(s->sim.now.us), sec(2)));
	assert_int_equal(weight_of(s), OLD_WEIGHT);
	assert_false(saved_has(s, "weight 9"));
	scenario_close(s);
}

static void who_can_still_type_keeps_it(void **state)
{
	struct scenario *s = editing_from_afar("set link wan1 weight 9");

	(void)state;
	type(s, 0, "commit comment more");
	assert_true(has(type(s, 0, "commit"), "committed")); /* as "confirm" */
	scenario_run(s, span_sum(us(s->sim.now.us), sec(400)));
	assert_int_equal(weight_of(s), 9);
	assert_true(saved_has(s, "weight 9"));
	scenario_close(s);
}

static void names_and_commit_now_are_for_good_also_over_the_network(void **state)
{
	struct scenario *s = editing_from_afar("set domain example.com ttl 45s");

	(void)state;
	assert_null(strstr(type(s, 0, "commit"), "This session comes"));
	assert_true(saved_has(s, "ttl 45s"));
	type(s, 0, "set link wan1 weight 9");
	assert_null(strstr(type(s, 0, "commit now"), "This session comes"));
	assert_true(saved_has(s, "weight 9"));
	scenario_close(s);
}

static void conf_is_configure_whatever_else_begins_like_it(void **state)
{
	struct scenario *s = scenario_open("");

	(void)state;
	scenario_run(s, sec(1));
	sit_down(s, 0, HELLO "ann\n");
	assert_true(has(type(s, 0, "conf"), "configuration mode"));
	scenario_close(s);
}

static void at_the_machine_a_commit_is_for_good(void **state)
{
	struct scenario *s = editing();

	(void)state;
	type(s, 0, "set link wan1 weight 9");
	assert_null(strstr(type(s, 0, "commit"), "This session comes"));
	assert_true(saved_has(s, "weight 9"));
	scenario_close(s);
}

/* ---- configure exclusive ---- */

static void nobody_commits_while_one_has_it_to_himself(void **state)
{
	struct scenario *s = editing();

	(void)state;
	type(s, 0, "set link wan1 weight 9");
	sit_down(s, 1, HELLO "bob\n");
	assert_true(has(type(s, 1, "configure exclusive"), "for this session alone"));
	assert_true(has(type(s, 0, "commit"), "error: bob has the configuration to himself since"));
	assert_int_equal(weight_of(s), OLD_WEIGHT);
	sit_down(s, 2, HELLO "eve\n");
	assert_true(has(type(s, 2, "configure"), "error: bob has the configuration to himself"));
	type(s, 1, "set link wan1 weight 7");
	type(s, 1, "commit");
	assert_int_equal(weight_of(s), 7);
	type(s, 1, "exit");
	assert_true(has(type(s, 2, "configure"), "configuration mode"));
	scenario_close(s);
}

static void who_hangs_up_lets_the_others_in(void **state)
{
	struct scenario *s = editing();

	(void)state;
	sit_down(s, 1, HELLO "bob\n");
	type(s, 1, "configure exclusive");
	sim_session_close(&s->sim, SEAT(1));
	settle(s);
	type(s, 0, "set link wan1 weight 9");
	type(s, 0, "commit");
	assert_int_equal(weight_of(s), 9);
	scenario_close(s);
}

/* ---- commit confirmed ---- */

static void what_nobody_confirms_goes_back_in_place(void **state)
{
	struct scenario *s = editing();
	mtime from;

	(void)state;
	assert_int_equal(weight_of(s), OLD_WEIGHT);
	type(s, 0, "set link wan1 weight 9");
	from = s->sim.now;
	type(s, 0, "commit confirmed 1");
	assert_int_equal(weight_of(s), 9);
	scenario_run(s, us(from.us + 59000000));
	assert_int_equal(weight_of(s), 9);
	scenario_run(s, us(from.us + 61000000));
	assert_int_equal(weight_of(s), OLD_WEIGHT);
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	assert_true(has(s->sim.log, "revision 2 was not confirmed within 1 minute: revision 1 is "
				    "in force again, as 3\n"));
	scenario_close(s);
}

static void what_is_confirmed_stays(void **state)
{
	struct scenario *s = editing();

	(void)state;
	type(s, 0, "set link wan1 weight 9");
	type(s, 0, "commit confirmed 1");
	assert_false(saved_has(s, "weight 9"));
	type(s, 0, "confirm");
	assert_true(saved_has(s, "weight 9"));
	scenario_run(s, sec(200));
	assert_int_equal(weight_of(s), 9);
	assert_true(has(s->sim.log, "revision 2 confirmed by ann\n"));
	scenario_close(s);
}

static void a_plain_commit_confirms(void **state)
{
	struct scenario *s = editing();

	(void)state;
	type(s, 0, "set link wan1 weight 9");
	type(s, 0, "commit confirmed 1");
	type(s, 0, "commit");
	scenario_run(s, sec(200));
	assert_int_equal(weight_of(s), 9);
	assert_true(saved_has(s, "weight 9"));
	scenario_close(s);
}

static void a_second_confirmed_commit_still_goes_back_to_the_first_base(void **state)
{
	struct scenario *s = editing();

	(void)state;
	type(s, 0, "set link wan1 weight 9");
	type(s, 0, "commit confirmed 1");
	type(s, 0, "set link wan1 weight 8");
	type(s, 0, "commit confirmed 2");
	scenario_run(s, sec(100));
	assert_int_equal(weight_of(s), 8);
	scenario_run(s, sec(140));
	assert_int_equal(weight_of(s), OLD_WEIGHT);
	scenario_close(s);
}

static void the_countdown_is_in_every_prompt(void **state)
{
	struct scenario *s = editing();

	(void)state;
	sit_down(s, 1, HELLO "bob\n");
	clear(s, 1);
	type(s, 0, "set link wan1 weight 9");
	assert_true(has(type(s, 0, "commit confirmed 2"), "fairlead(confirm in 2m)# "));
	assert_true(has(s->sim.session[SEAT(1)].text, "fairlead(confirm in 2m)> "));
	assert_true(has(s->sim.session[SEAT(1)].text,
		"in 2 minutes revision 1 comes back in place of 2; \"confirm\" keeps 2\r\n"));
	clear(s, 1);
	scenario_run(s, span_sum(us(s->sim.now.us), sec(115)));
	assert_true(has(s->sim.session[SEAT(1)].text, "in 1 minute revision 1 comes back"));
	assert_true(has(s->sim.session[SEAT(1)].text, "in 10 s revision 1 comes back"));
	assert_true(has(s->sim.session[SEAT(1)].text, "(confirm in 60s)> "));
	clear(s, 1);
	assert_true(has(type(s, 1, "confirm"), "confirmed by bob\r\n"));
	assert_true(has(s->sim.session[SEAT(1)].text, "\r\nfairlead> "));
	scenario_close(s);
}

static void an_idle_prompt_counts_down_in_few_steps(void **state)
{
	struct scenario *s = editing();
	unsigned drawn = 0;

	(void)state;
	type(s, 0, "set link wan1 weight 9");
	type(s, 0, "commit confirmed 3");
	clear(s, 0);
	scenario_run(s, span_sum(us(s->sim.now.us), sec(170)));
	for (const char *at = s->sim.session[SEAT(0)].text; (at = strstr(at, "in ")); at++)
		drawn += at > s->sim.session[SEAT(0)].text;
	assert_in_range(drawn, 4, 10);
	scenario_close(s);
}

static void confirm_has_nothing_to_keep(void **state)
{
	struct scenario *s = editing();

	(void)state;
	assert_true(has(type(s, 0, "confirm"), "error: nothing waits for \"confirm\"\r\n"));
	scenario_close(s);
}

static void the_minutes_have_a_range(void **state)
{
	struct scenario *s = editing();

	(void)state;
	type(s, 0, "set link wan1 weight 9");
	assert_true(
		has(type(s, 0, "commit confirmed 0"), "error: \"0\" is not a number of minutes"));
	assert_true(has(type(s, 0, "commit confirmed 61"), "from 1 to 60\r\n"));
	assert_int_equal(weight_of(s), OLD_WEIGHT);
	scenario_close(s);
}

static void a_power_cut_before_confirm_starts_with_the_old_configuration(void **state)
{
	struct scenario *s = editing();

	(void)state;
	type(s, 0, "set link wan1 weight 9");
	type(s, 0, "commit confirmed 5 comment \"risky\"");
	restart(s);
	assert_int_equal(weight_of(s), OLD_WEIGHT);
	assert_true(has(s->sim.log, "revision 3: revision 2 was not confirmed\n"));
	assert_true(has(revisions(s), "ann          terminal risky (not confirmed)\n"));
	/* And what was tried is not lost. */
	sit_down(s, 0, HELLO "ann\n");
	type(s, 0, "configure");
	assert_true(has(
		(type(s, 0, "rollback 1"), type(s, 0, "compare")), "+ set link wan1 weight 9\r\n"));
	scenario_close(s);
}

static void a_file_read_meanwhile_ends_the_waiting(void **state)
{
	struct scenario *s = editing();

	(void)state;
	type(s, 0, "set link wan1 weight 9");
	type(s, 0, "commit confirmed 1");
	sim_reload(&s->sim);
	scenario_run(s, sec(200));
	assert_int_equal(weight_of(s), OLD_WEIGHT);
	assert_null(strstr(s->sim.log, "was not confirmed within"));
	scenario_close(s);
}

static void going_back_is_tried_again_when_the_kernel_refuses(void **state)
{
	struct scenario *s = editing();

	(void)state;
	type(s, 0, "set lan office address 192.168.7.1/24");
	type(s, 0, "commit confirmed 1");
	s->sim.kernel_refuses = true;
	scenario_run(s, sec(70));
	assert_true(
		has(s->sim.log, "revision 2 is still in force: going back to revision 1 failed"));
	s->sim.kernel_refuses = false;
	scenario_run(s, sec(90));
	assert_true(has(s->sim.log, "revision 1 is in force again"));
	scenario_close(s);
}

/* ---- cut short, damaged, refused ---- */

/* Every save of a commit, of a confirmed one, and of "confirm" may be the last that lasts. */
static void a_power_cut_after_any_save_leaves_the_old_or_the_new(void **state)
{
	static const char *const lines[][2] = {{"commit", ""}, {"commit confirmed 1", "confirm"}};

	(void)state;
	for (size_t way = 0; way < COUNT_OF(lines); way++)
		for (size_t saves = 1; saves < 6; saves++) {
			struct scenario *s = editing();
			bool is_new;

			type(s, 0, "set link wan1 weight 9");
			s->sim.saves_left = saves; /* counted from 1: none, one, ... */
			type(s, 0, lines[way][0]);
			type(s, 0, lines[way][1]);
			restart(s);
			is_new = weight_of(s) == 9;
			assert_true(is_new || weight_of(s) == OLD_WEIGHT);
			assert_int_equal(is_new, saved_has(s, "weight 9"));
			assert_true(saves > 1 || !is_new);
			assert_true(saves < 5 || is_new);
			assert_null(strstr(s->sim.log, "error"));
			/* The next commit goes on from there, with a number of its own. */
			sit_down(s, 0, HELLO "ann\n");
			type(s, 0, "configure");
			type(s, 0, "set link wan1 weight 7");
			type(s, 0, "commit comment later");
			assert_int_equal(weight_of(s), 7);
			assert_true(has(revisions(s), "terminal later"));
			restart(s);
			assert_int_equal(weight_of(s), 7);
			scenario_close(s);
		}
}

static void a_damaged_newest_falls_back_and_says_so(void **state)
{
	struct scenario *s = editing();

	(void)state;
	type(s, 0, "set link wan1 weight 9");
	type(s, 0, "commit");
	type(s, 0, "set link wan1 weight 8");
	type(s, 0, "commit");
	sim_store(&s->sim, "settings", "link wan1 { interfa\x01");
	sim_damage(&s->sim, "settings.3");
	restart(s);
	assert_int_equal(weight_of(s), 9);
	assert_true(has(s->sim.log, "1 of the saved revisions is damaged\n"));
	assert_true(has(s->sim.log, "revision 2, the last good one, is in force\n"));
	assert_true(has(revisions(s), "1 more is damaged\n"));
	scenario_close(s);
}

/* What is saved as `name`, with more behind the weight. */
static void add_to_saved(struct scenario *s, const char *name, const char *more)
{
	const struct sim_item *i = sim_stored(&s->sim, name);
	char text[65536];
	const char *at;

	assert_non_null(i);
	at = memmem(i->octets, i->n, "weight 9", strlen("weight 9"));
	assert_non_null(at);
	at += strlen("weight 9");
	snprintf(text, sizeof(text), "%.*s%s%.*s", (int)(at - (const char *)i->octets),
		(const char *)i->octets, more, (int)((const char *)i->octets + i->n - at), at);
	sim_store(&s->sim, name, text);
}

/* An older system that is started again has to come up with its links. */
static void what_a_newer_version_committed_is_in_force_but_for_what_is_unknown(void **state)
{
	static const char newer[] = "\nquantum { on yes, off { 3 } }\nglow never";
	struct scenario *s = editing();

	(void)state;
	type(s, 0, "set link wan1 weight 9");
	type(s, 0, "commit");
	add_to_saved(s, "settings", newer);
	add_to_saved(s, "settings.2", newer);
	restart(s);
	assert_int_equal(weight_of(s), 9);
	assert_true(s->product.in_force);
	assert_true(has(s->sim.log, "\"quantum\" is left out: this version has no such setting"));
	assert_true(has(s->sim.log, "\"glow\" is left out: this version has no such setting"));
	assert_true(has(s->sim.log, "settings was committed by another version"));
	/* It stays saved as it was, for the newer version to find again. */
	assert_true(saved_has(s, "quantum"));
	assert_null(strstr(revisions(s), "revision 3"));
	restart(s);
	assert_true(saved_has(s, "quantum"));
	sit_down(s, 1, HELLO "bob\n");
	type(s, 1, "configure");
	type(s, 1, "set link wan1 weight 8");
	assert_true(has(type(s, 1, "commit"), "committed"));
	assert_false(saved_has(s, "quantum"));
	assert_int_equal(weight_of(s), 8);
	scenario_close(s);
}

/* A slip in a file that somebody wrote is a slip. */
static void an_unknown_word_that_was_never_committed_is_a_mistake(void **state)
{
	struct scenario *s = editing();

	(void)state;
	type(s, 0, "set link wan1 weight 9");
	type(s, 0, "commit");
	add_to_saved(s, "settings", "\nglow never");
	restart(s);
	assert_false(s->product.in_force);
	assert_int_equal(weight_of(s), 9);
	assert_true(has(s->sim.log, "revision 2, the last good one, is in force\n"));
	scenario_close(s);
}

static void what_was_never_confirmed_is_nothing_to_fall_back_to(void **state)
{
	struct scenario *s = editing();

	(void)state;
	type(s, 0, "set link wan1 weight 9");
	type(s, 0, "commit confirmed 5");
	sim_damage(&s->sim, "settings");
	restart(s);
	assert_int_equal(weight_of(s), OLD_WEIGHT);
	assert_true(has(s->sim.log, "revision 1, the last good one, is in force\n"));
	scenario_close(s);
}

static void a_full_disk_refuses_the_commit_in_clear_words(void **state)
{
	struct scenario *s = editing();

	(void)state;
	s->sim.storage_refuses = true;
	type(s, 0, "set link wan1 weight 9");
	assert_true(has(type(s, 0, "commit"),
		"error: the change was not saved, the old configuration is in force: No space left "
		"on device\r\n"));
	assert_int_equal(weight_of(s), OLD_WEIGHT);
	assert_true(has(type(s, 0, "compare"), "+ set link wan1 weight 9\r\n"));
	s->sim.storage_refuses = false;
	assert_true(has(type(s, 0, "commit"), "committed: revision 2\r\n"));
	scenario_close(s);
}

static void a_disk_that_fills_before_confirm_leaves_it_waiting(void **state)
{
	struct scenario *s = editing();

	(void)state;
	type(s, 0, "set link wan1 weight 9");
	type(s, 0, "commit confirmed 1");
	s->sim.storage_refuses = true;
	assert_true(has(type(s, 0, "confirm"), "error: revision 2 still waits for \"confirm\""));
	scenario_run(s, sec(100));
	assert_int_equal(weight_of(s), OLD_WEIGHT);
	scenario_close(s);
}

/* ---- a host's value, in place ---- */

static const char *offsite(struct scenario *s)
{
	return scenario_answer(s, "offsite.example.com", DNS_A);
}

static void another_address_of_a_host_is_put_in_force_in_place(void **state)
{
	struct scenario *s = editing();
	unsigned current = s->product.current;
	uint32_t serial = s->product.serial;

	(void)state;
	type(s, 0, "set domain example.com host offsite address 192.0.2.81");
	assert_true(has(type(s, 0, "commit"), "committed: revision 2\r\n"));
	assert_int_equal(s->product.current, current);
	assert_string_equal(offsite(s), "192.0.2.81");
	assert_true(s->product.serial > serial);
	assert_true(saved_has(s, "address 192.0.2.81"));
	assert_true(has(type(s, 0, "commit"), "nothing to commit"));
	type(s, 0, "rollback 1");
	assert_true(has(type(s, 0, "commit"), "committed: revision 3\r\n"));
	assert_string_equal(offsite(s), "192.0.2.80");
	restart(s);
	scenario_run(s, span_sum(us(s->sim.now.us), sec(1)));
	assert_string_equal(offsite(s), "192.0.2.80");
	scenario_close(s);
}

static void an_address_that_could_not_be_saved_is_answered_no_more(void **state)
{
	struct scenario *s = editing();
	uint32_t serial;

	(void)state;
	s->sim.storage_refuses = true;
	type(s, 0, "set domain example.com host offsite address 192.0.2.81");
	serial = s->product.serial;
	assert_true(has(type(s, 0, "commit"), "the change was not saved"));
	assert_string_equal(offsite(s), "192.0.2.80");
	assert_true(s->product.serial > serial + 1); /* both were served */
	assert_true(has(type(s, 0, "compare"), "+ set domain example.com host offsite address"));
	s->sim.storage_refuses = false;
	assert_true(has(type(s, 0, "commit"), "committed: revision 2\r\n"));
	assert_string_equal(offsite(s), "192.0.2.81");
	scenario_close(s);
}

static void an_address_that_nobody_confirms_goes_back(void **state)
{
	struct scenario *s = editing();

	(void)state;
	type(s, 0, "set domain example.com host offsite address 192.0.2.81");
	type(s, 0, "commit confirmed 1");
	assert_string_equal(offsite(s), "192.0.2.81");
	scenario_run(s, span_sum(us(s->sim.now.us), sec(61)));
	assert_string_equal(offsite(s), "192.0.2.80");
	scenario_close(s);
}

static void a_host_with_a_mistake_stays_as_it_was(void **state)
{
	struct scenario *s = editing();

	(void)state;
	type(s, 0, "set domain example.com host offsite when-dead 2001:db8::1");
	assert_true(has(type(s, 0, "commit"), "use an address of the same family"));
	assert_string_equal(offsite(s), "192.0.2.80");
	assert_int_equal(
		fairlead_config(&s->product)->v.domains[0].hosts[2].when_dead.how, DNS_DEAD_NODATA);
	type(s, 0, "delete domain example.com host offsite when-dead");
	assert_true(has(type(s, 0, "commit"), "nothing to commit"));
	scenario_close(s);
}

/* Some lines, and a commit that takes them in place. */
static void commit_in_place(struct scenario *s, const char *const *lines)
{
	unsigned current = s->product.current;
	uint32_t revision = s->product.revision, serial = s->product.serial;

	for (; *lines; lines++)
		type(s, 0, *lines);
	type(s, 0, "commit");
	assert_int_equal(s->product.revision, revision + 1);
	assert_int_equal(s->product.current, current);
	assert_true(s->product.serial > serial);
}

#define D "domain example.com "

static void rows_of_a_domain_come_and_go_in_place(void **state)
{
	static const char *const come[] = {"set " D "host m.new address 203.0.113.5",
		"set " D "host m.new link wan1", "set " D "balanced-host www member m.new", NULL};
	static const char *const text[] = {"set " D "record m.new TXT two", NULL};
	static const char *const mail[] = {"set " D "host 5;a address 203.0.113.6",
		"set " D "host 5;a link wan1", "set " D "host 5;a mail-entry yes", NULL};
	static const char *const go[] = {
		"delete " D "balanced-host www member m.new", "delete " D "host m.new", NULL};
	struct scenario *s = editing();

	(void)state;
	type(s, 0, "set " D "record offsite TXT one");
	type(s, 0, "commit"); /* the first record of a domain takes a whole build */
	commit_in_place(s, come);
	commit_in_place(s, text);
	assert_string_equal(scenario_answer(s, "m.new.example.com", DNS_A), "203.0.113.5");
	assert_string_equal(
		scenario_answer(s, "5.113.0.203.in-addr.arpa", DNS_PTR), "m.new.example.com");
	assert_true(has(scenario_answer(s, "www.example.com", DNS_A), "203.0.113.5"));
	commit_in_place(s, mail);
	assert_true(has(scenario_answer(s, "example.com", DNS_MX), "5 a.example.com"));
	commit_in_place(s, go);
	assert_string_equal(scenario_answer(s, "m.new.example.com", DNS_A), "");
	assert_string_equal(scenario_answer(s, "5.113.0.203.in-addr.arpa", DNS_PTR), "");
	restart(s);
	scenario_run(s, span_sum(us(s->sim.now.us), sec(1)));
	assert_true(has(scenario_answer(s, "example.com", DNS_MX), "5 a.example.com"));
	scenario_close(s);
}

static void a_ptr_in_a_domain_of_ours_stays(void **state)
{
	struct scenario *s = editing();

	(void)state;
	type(s, 0, "set reverse 10.0.0.0/8 auto");
	type(s, 0, "set domain 1.0.10.in-addr.arpa name-server ns1.example.com.");
	type(s, 0, "set domain 1.0.10.in-addr.arpa record 5 TXT one");
	type(s, 0, "set " D "host ten address 10.0.1.5");
	type(s, 0, "set " D "host ten link any");
	type(s, 0, "commit");
	assert_string_equal(
		scenario_answer(s, "5.1.0.10.in-addr.arpa", DNS_PTR), "ten.example.com");
	type(s, 0, "set domain 1.0.10.in-addr.arpa record 5 TXT two");
	type(s, 0, "commit");
	assert_string_equal(
		scenario_answer(s, "5.1.0.10.in-addr.arpa", DNS_PTR), "ten.example.com");
	scenario_close(s);
}

static void a_row_that_could_not_be_saved_is_as_it_was(void **state)
{
	struct scenario *s = editing();

	(void)state;
	s->sim.storage_refuses = true;
	type(s, 0, "delete " D "balanced-host www member www-a");
	type(s, 0, "delete " D "balanced-host portal");
	type(s, 0, "delete " D "host www-a");
	type(s, 0, "set " D "host www-c address 203.0.113.6");
	type(s, 0, "set " D "host www-c link wan1");
	assert_true(has(type(s, 0, "commit"), "the change was not saved"));
	assert_string_equal(scenario_answer(s, "www-a.example.com", DNS_A), "203.0.113.4");
	assert_string_equal(scenario_answer(s, "www-c.example.com", DNS_A), "");
	assert_true(has(scenario_answer(s, "portal.example.com", DNS_A), "203.0.113.4"));
	s->sim.storage_refuses = false;
	assert_true(has(type(s, 0, "commit"), "committed: revision 2\r\n"));
	assert_string_equal(scenario_answer(s, "www-c.example.com", DNS_A), "203.0.113.6");
	assert_string_equal(scenario_answer(s, "www.example.com", DNS_A), "198.51.100.4");
	scenario_close(s);
}

static void a_host_that_a_balanced_one_needs_does_not_go(void **state)
{
	struct scenario *s = editing();

	(void)state;
	type(s, 0, "delete " D "host www-a");
	assert_true(has(type(s, 0, "commit"), "there is no host \"www-a\""));
	assert_string_equal(scenario_answer(s, "www-a.example.com", DNS_A), "203.0.113.4");
	assert_true(has(scenario_answer(s, "www.example.com", DNS_A), "203.0.113.4"));
	scenario_close(s);
}

static void a_clock_in_1970_loses_nothing(void **state)
{
	struct scenario *s = editing();

	(void)state;
	s->sim.wall = -1000000;
	type(s, 0, "set link wan1 weight 9");
	type(s, 0, "commit");
	restart(s);
	assert_int_equal(weight_of(s), 9);
	assert_true(has(revisions(s), "revision 2     clock was not set    ann"));
	scenario_close(s);
}

static void twenty_revisions_are_kept(void **state)
{
	struct scenario *s = editing();
	struct revision_list list;
	char line[64];

	(void)state;
	for (int i = 2; i <= 30; i++) {
		snprintf(line, sizeof(line), "set link wan1 weight %d", i);
		type(s, 0, line);
		type(s, 0, "commit");
	}
	revisions_load(&s->sim.drivers.storage, &s->sim.drivers.memory, &list);
	assert_int_equal(list.n, 21);
	assert_int_equal(list.at[0].number, 10);
	assert_int_equal(list.at[20].number, 30);
	clear(s, 0);
	type(s, 0, "rollback 20");
	assert_true(has(type(s, 0, "compare"), "+ set link wan1 weight 10\r\n"));
	clear(s, 0);
	assert_true(has(type(s, 0, "rollback 21"), "error: there is no revision 21 back"));
	scenario_close(s);
}

/* ---- two people ---- */

static void two_people_at_the_same_value_are_told(void **state)
{
	struct scenario *s = editing();

	(void)state;
	sit_down(s, 1, HELLO "bob\n");
	type(s, 1, "configure");
	type(s, 0, "set link wan1 weight 9");
	type(s, 1, "set link wan1 weight 5");
	type(s, 0, "commit");
	clear(s, 1);
	assert_true(has(type(s, 1, "commit"), "+ set link wan1 weight 9\r\n"));
	assert_int_equal(weight_of(s), 9);
	assert_true(has(type(s, 1, "update"), "error: 1 line was changed on both sides"));
	type(s, 1, "update mine");
	type(s, 1, "commit");
	assert_int_equal(weight_of(s), 5);
	scenario_close(s);
}

static void a_draft_of_what_was_rolled_back_is_a_conflict(void **state)
{
	struct scenario *s = editing();

	(void)state;
	type(s, 0, "set link wan1 weight 9");
	type(s, 0, "commit confirmed 1");
	scenario_run(s, sec(100));
	type(s, 0, "set link wan1 weight 8");
	clear(s, 0);
	assert_true(has(type(s, 0, "commit"), "error: the configuration was changed meanwhile"));
	assert_int_equal(weight_of(s), OLD_WEIGHT);
	scenario_close(s);
}

static void a_session_that_dies_leaves_what_it_committed_and_nothing_else(void **state)
{
	struct scenario *s = editing();

	(void)state;
	type(s, 0, "set link wan1 weight 9");
	sim_type(&s->sim, SEAT(0), "commit\r", 7);
	sim_session_close(&s->sim, SEAT(0));
	settle(s);
	assert_int_equal(weight_of(s), 9);
	assert_true(saved_has(s, "weight 9"));
	sit_down(s, 1, HELLO "bob\n");
	type(s, 1, "configure");
	type(s, 1, "set link wan1 weight 5");
	sim_type(&s->sim, SEAT(1), "commi", 5);
	sim_session_close(&s->sim, SEAT(1));
	settle(s);
	assert_int_equal(weight_of(s), 9);
	scenario_close(s);
}

/* ---- a large paste ---- */

/* As the driver hands it on: SESSIONS_INPUT_MAX octets at a time, wherever they end. */
static void paste(struct scenario *s, const char *text, size_t n)
{
	while (n) {
		size_t part = n < SESSIONS_INPUT_MAX ? n : SESSIONS_INPUT_MAX;

		sim_type(&s->sim, SEAT(0), text, part);
		settle(s);
		text += part;
		n -= part;
	}
}

static void a_paste_loses_nothing(const char *before, const char *line, const char *behind)
{
	struct scenario *s = editing();
	size_t cap = 5000 * 100, n = 0;
	char *text = malloc(cap);

	assert_non_null(text);
	for (unsigned i = 0; i < 5000; i++)
		n += (size_t)snprintf(text + n, cap - n, line, i, i >> 8, i & 255);
	paste(s, before, strlen(before));
	paste(s, text, n);
	paste(s, behind, strlen(behind));
	clear(s, 0);
	assert_true(has(type(s, 0, "compare | count"), "5000 lines\r\n"));
	clear(s, 0);
	assert_true(has(type(s, 0, "show domain example.com record h4999 A 10.0.19.135"),
		"record h4999 A 10.0.19.135\r\n"));
	free(text);
	scenario_close(s);
}

static void a_paste_of_5000_commands_loses_nothing(void **state)
{
	(void)state;
	a_paste_loses_nothing("", "set domain example.com record h%u A 10.0.%u.%u\r", "");
}

static void a_paste_of_a_text_of_5000_lines_loses_nothing(void **state)
{
	(void)state;
	a_paste_loses_nothing("load merge terminal\rdomain example.com {\r",
		"record h%u A 10.0.%u.%u\r", "}\r\x04");
}

/* ---- a file that was edited by hand ---- */

static void edit_the_file(struct scenario *s, const char *text)
{
	sim_store(&s->sim, "settings", text);
}

static void a_commit_over_an_edited_file_warns(void **state)
{
	static const char warning[] = "warning: settings was edited meanwhile and not read, or not "
				      "taken; what it held is kept in settings~\r\n";
	struct scenario *s = editing();

	(void)state;
	type(s, 0, "set link wan1 weight 9");
	assert_null(strstr(type(s, 0, "commit"), "warning: settings"));
	type(s, 0, "set link wan1 weight 8");
	assert_null(strstr(type(s, 0, "commit"), "warning: settings"));
	edit_the_file(s, "# by hand\n");
	type(s, 0, "set link wan1 weight 7");
	assert_true(has(type(s, 0, "commit"), warning));
	clear(s, 0);
	type(s, 0, "set link wan1 weight 6");
	assert_null(strstr(type(s, 0, "commit"), "warning: settings"));
	edit_the_file(s, "# by hand\n");
	type(s, 0, "set link wan1 weight 5");
	assert_null(strstr(type(s, 0, "commit confirmed 1"), "warning: settings"));
	assert_true(has(type(s, 0, "confirm"), warning));
	scenario_close(s);
}

/* Two texts that a mark of eight octets at a time, which only multiplies, does not tell apart: they
 * differ in the last octets of two such eights. */
static void an_edit_of_two_characters_is_noticed(void **state)
{
#define LINK "\nlink wan1 { interface eth0, address 203.0.113.2/29, gateway 203.0.113.1 }\n"
	struct scenario *s = scenario_open("");

	(void)state;
	scenario_run(s, sec(5));
	edit_the_file(s, "# editea by you2" LINK);
	assert_int_equal(commit_reload(&s->product), FL_OK);
	sit_down(s, 0, HELLO "ann\n");
	type(s, 0, "configure");
	edit_the_file(s, "# editeb by youa" LINK);
	type(s, 0, "set link wan1 weight 9");
	assert_true(has(type(s, 0, "commit"), "warning: settings was edited meanwhile"));
	scenario_close(s);
#undef LINK
}

static void a_commit_over_a_file_that_was_refused_warns(void **state)
{
	struct scenario *s = editing();

	(void)state;
	edit_the_file(s, "no such setting\n");
	assert_int_not_equal(commit_reload(&s->product), FL_OK);
	type(s, 0, "set link wan1 weight 9");
	assert_true(has(type(s, 0, "commit"), "warning: settings was edited meanwhile"));
	scenario_close(s);
}

#define T(name) cmocka_unit_test(name)

static void a_draft_has_no_lines_to_name(void **state)
{
	struct scenario *s = editing();

	(void)state;
	/* Its statements were read from a file at the start, where they had lines. */
	type(s, 0, "delete link wan1 interface");
	assert_true(has(type(s, 0, "commit"), "\nerror: link wan1 interface: is required"));
	assert_null(strstr(type(s, 0, "commit check"), "line "));
	/* So does what was loaded: once it is part of the draft its text is gone. */
	type(s, 0, "rollback 0");
	clear(s, 0);
	type(s, 0, "load merge terminal");
	type(s, 0, "link lte address 192.0.2.130/30");
	type(s, 0, ".");
	assert_true(has(type(s, 0, "commit check"), "\nerror: link lte interface: is required"));
	scenario_close(s);
}

static void a_link_without_its_interface_is_committed_with_a_warning(void **state)
{
	struct scenario *s = editing();
	const char *said;

	(void)state;
	type(s, 0, "set link lte interface eth9");
	type(s, 0, "set link lte dhcp");
	said = type(s, 0, "commit");
	assert_true(has(said, "warning: link lte interface: this machine has no interface eth9"));
	assert_true(has(said, "committed: revision"));
	/* It was said. */
	clear(s, 0);
	type(s, 0, "set link wan1 weight 9");
	said = type(s, 0, "commit");
	assert_true(has(said, "committed: revision"));
	assert_null(strstr(said, "eth9"));
	scenario_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_could_cut_off_who_is_there_over_the_network_goes_back),
		T(who_can_still_type_keeps_it),
		T(names_and_commit_now_are_for_good_also_over_the_network),
		T(conf_is_configure_whatever_else_begins_like_it),
		T(at_the_machine_a_commit_is_for_good),
		T(nobody_commits_while_one_has_it_to_himself),
		T(who_hangs_up_lets_the_others_in),
		T(what_nobody_confirms_goes_back_in_place),
		T(what_is_confirmed_stays),
		T(a_plain_commit_confirms),
		T(a_second_confirmed_commit_still_goes_back_to_the_first_base),
		T(the_countdown_is_in_every_prompt),
		T(an_idle_prompt_counts_down_in_few_steps),
		T(confirm_has_nothing_to_keep),
		T(the_minutes_have_a_range),
		T(a_power_cut_before_confirm_starts_with_the_old_configuration),
		T(a_file_read_meanwhile_ends_the_waiting),
		T(going_back_is_tried_again_when_the_kernel_refuses),
		T(a_power_cut_after_any_save_leaves_the_old_or_the_new),
		T(a_damaged_newest_falls_back_and_says_so),
		T(what_a_newer_version_committed_is_in_force_but_for_what_is_unknown),
		T(an_unknown_word_that_was_never_committed_is_a_mistake),
		T(what_was_never_confirmed_is_nothing_to_fall_back_to),
		T(a_full_disk_refuses_the_commit_in_clear_words),
		T(another_address_of_a_host_is_put_in_force_in_place),
		T(an_address_that_could_not_be_saved_is_answered_no_more),
		T(an_address_that_nobody_confirms_goes_back),
		T(a_host_with_a_mistake_stays_as_it_was),
		T(rows_of_a_domain_come_and_go_in_place),
		T(a_ptr_in_a_domain_of_ours_stays),
		T(a_row_that_could_not_be_saved_is_as_it_was),
		T(a_host_that_a_balanced_one_needs_does_not_go),
		T(a_disk_that_fills_before_confirm_leaves_it_waiting),
		T(a_clock_in_1970_loses_nothing),
		T(twenty_revisions_are_kept),
		T(two_people_at_the_same_value_are_told),
		T(a_draft_of_what_was_rolled_back_is_a_conflict),
		T(a_session_that_dies_leaves_what_it_committed_and_nothing_else),
		T(a_commit_over_an_edited_file_warns),
		T(an_edit_of_two_characters_is_noticed),
		T(a_commit_over_a_file_that_was_refused_warns),
		T(a_paste_of_5000_commands_loses_nothing),
		T(a_paste_of_a_text_of_5000_lines_loses_nothing),
		cmocka_unit_test(a_draft_has_no_lines_to_name),
		cmocka_unit_test(a_link_without_its_interface_is_committed_with_a_warning),
	};

	return cmocka_run_group_tests_name("commit", tests, NULL, NULL);
}
