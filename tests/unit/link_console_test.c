/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands are called as the console calls them, without a terminal. */
#include "link_console.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct desk {
	struct link_address addresses[2];
	struct link_gateway gateway;
	struct link_target targets[2];
	struct link_conf conf[2];
	struct link link[3]; /* by number */
	uint8_t order[2];
	size_t nlinks;
	uint32_t live;
	struct link_console module;
	mtime now;
	struct link_operator op[3];
	struct link_drill drill;
	struct link_history *history[3];
	uint8_t carried_out; /* number of the link whose changes were handed over */
	const char *time;    /* the second argument */
	char text[4096];
	struct textbuf out;
	struct sink sink;
	struct console_call call;
};

static void note_carry_out(void *ctx, uint8_t number, mtime now, struct link_out *out)
{
	struct desk *d = ctx;

	assert_int_equal(now.us, d->now.us);
	if (out->nchange)
		d->carried_out = number;
}

static void note_order(void *ctx, uint8_t number, enum link_order order, mtime now)
{
	struct desk *d = ctx;

	d->op[number] = (struct link_operator){order, now};
}

static int64_t wall(void *ctx)
{
	(void)ctx;
	return 1000000;
}

static void note_drill(void *ctx, uint8_t number, span length, mtime now)
{
	struct desk *d = ctx;

	link_drill_begin(&d->drill, number, now, length);
}

/* Answer each probe after 20 ms, and those that the answers call for. */
static void answer(struct desk *d, struct link *l, const struct link_out *out)
{
	struct link_out more;

	if (out->nsend)
		d->now = mtime_after(d->now, ms(20));
	for (size_t i = 0; i < out->nsend; i++) {
		link_answer(l, d->now, out->send[i].seq, &more);
		answer(d, l, &more);
	}
}

static void answer_for(struct desk *d, struct link *l, span length)
{
	mtime end = mtime_after(d->now, length);
	struct link_out out;

	while (!mtime_before(end, link_next_due(l))) {
		d->now = link_next_due(l);
		link_tick(l, d->now, &out);
		answer(d, l, &out);
	}
	d->now = end;
}

static void ignore_for(struct desk *d, struct link *l, span length)
{
	mtime end = mtime_after(d->now, length);
	struct link_out out;

	while (!mtime_before(end, link_next_due(l)))
		link_tick(l, link_next_due(l), &out);
	d->now = end;
}

/* wan1 is up for an hour, wan2 has no cable. */
static void prepare(struct desk *d)
{
	struct link_out out;

	memset(d, 0, sizeof(*d));
	d->addresses[0].prefix = (struct ip_prefix){ip_addr_v4(203, 0, 113, 2), 29};
	d->addresses[1].prefix = (struct ip_prefix){ip_addr_v4(198, 51, 100, 2), 29};
	d->gateway.addr = ip_addr_v4(203, 0, 113, 1);
	d->targets[0].addr = ip_addr_v4(192, 0, 2, 53);
	d->targets[1] = (struct link_target){
		.addr = ip_addr_v4(192, 0, 2, 54), .method = LINK_DNS, .query = STR("example.org")};
	for (uint8_t i = 0; i < 2; i++) {
		d->conf[i] = (struct link_conf){.name = i ? STR("wan2") : STR("wan1"),
			.number = (uint8_t)(i + 1),
			.interface = i ? STR("eth1") : STR("eth0"),
			.addresses = &d->addresses[i],
			.naddresses = 1,
			.gateways = &d->gateway,
			.ngateways = i ? 0 : 1,
			.monitor = {d->targets, 2, sec(1), sec(3)}};
		link_start(&d->link[i + 1], &d->conf[i], d->now, LINK_NONE, i, &out);
		d->order[i] = (uint8_t)(i + 1);
	}
	d->nlinks = 2;
	d->live = 1;
	d->module = (struct link_console){.link = d->link,
		.order = d->order,
		.nlinks = &d->nlinks,
		.live = &d->live,
		.carry_out = note_carry_out,
		.op = d->op,
		.drill = &d->drill,
		.history = d->history,
		.wall = wall,
		.give_order = note_order,
		.begin_drill = note_drill,
		.ctx = d};
	link_carrier(&d->link[1], d->now, LINK_PLUGGED, &out);
	answer(d, &d->link[1], &out);
	answer_for(d, &d->link[1], sec(3600));
}

static const struct console_command *command(const char *grammar)
{
	static const struct console_command *const tables[] = {
		link_commands, link_operator_commands, link_history_commands};

	for (size_t i = 0; i < COUNT_OF(tables); i++)
		for (const struct console_command *c = tables[i]; c->grammar; c++)
			if (strcmp(c->grammar, grammar) == 0)
				return c;
	fail_msg("there is no command \"%s\"", grammar);
	return NULL;
}

static enum fl_err run(struct desk *d, const char *grammar, const char *name)
{
	d->out = textbuf_of(d->text, sizeof(d->text));
	d->sink = textbuf_sink(&d->out);
	d->call = (struct console_call){.module = &d->module, .now = d->now, .out = &d->sink};
	if (name) {
		d->call.arg[0] = str_of(name);
		d->call.arg[1] = str_of(d->time ? d->time : "");
		d->call.nargs = 2;
	}
	return command(grammar)->run(&d->call);
}

static void all_links_are_shown_in_a_table(void **state)
{
	struct desk d;

	(void)state;
	prepare(&d);
	assert_int_equal(run(&d, "show links", NULL), FL_OK);
	assert_string_equal(d.text,
		"LINK  INTERFACE  STATE       SINCE   RTT    LOSS   ADDRESS          CAUSE\n"
		"wan1  eth0       up          59 min  20 ms  0.0 %  203.0.113.2/29   3 of 3 probes "
		"answered\n"
		"wan2  eth1       no-carrier  60 min  -      -      198.51.100.2/29  no carrier "
		"seen yet\n");
}

static void no_link_at_all_is_said(void **state)
{
	struct desk d;

	(void)state;
	prepare(&d);
	d.nlinks = 0;
	assert_int_equal(run(&d, "show links", NULL), FL_OK);
	assert_string_equal(d.text, "no link is configured\n");
}

static void backup_that_is_not_live_is_shown_as_standby(void **state)
{
	struct desk d;

	(void)state;
	prepare(&d);
	d.conf[0].role = LINK_BACKUP;
	run(&d, "show links", NULL);
	assert_null(strstr(d.text, "standby"));
	d.live = 0;
	run(&d, "show links", NULL);
	assert_non_null(strstr(d.text, "wan1  eth0       standby"));
}

static void one_link_is_shown_with_its_targets(void **state)
{
	struct desk d;

	(void)state;
	prepare(&d);
	assert_int_equal(run(&d, "show link NAME", "wan1"), FL_OK);
	assert_non_null(strstr(d.text, "link wan1 on eth0: up for 59 min\n"));
	assert_non_null(strstr(d.text, "  cause      3 of 3 probes answered\n"));
	assert_non_null(strstr(d.text, "  address    203.0.113.2/29\n"));
	assert_non_null(strstr(d.text, "  gateway    203.0.113.1\n"));
	assert_non_null(strstr(
		d.text, "  down after 6 losses in a row and 350 ms of silence, rto 40 ms\n"));
	assert_non_null(strstr(d.text, "  target     192.0.2.53 ping: round trip 20 ms, loss 0.0 %"
				       ", last answer "));
	assert_non_null(strstr(d.text, "  target     192.0.2.54 dns example.org: round trip"));
}

static void target_that_never_answered_is_shown_so(void **state)
{
	struct desk d;

	(void)state;
	prepare(&d);
	run(&d, "show link NAME", "wan2");
	assert_non_null(strstr(d.text, "  target     192.0.2.53 ping: no answer yet\n"));
}

static void unknown_link_is_an_error(void **state)
{
	struct desk d;

	(void)state;
	prepare(&d);
	assert_int_equal(run(&d, "show link NAME", "wan9"), FL_ENOENT);
	assert_string_equal(d.text, "error: there is no link \"wan9\"\n");
	assert_int_equal(run(&d, "clear link NAME hold", "wan9"), FL_ENOENT);
}

static void hold_down_is_shown_and_can_be_cleared(void **state)
{
	struct desk d;

	(void)state;
	prepare(&d);
	d.conf[0].monitor.hold = sec(60);
	ignore_for(&d, &d.link[1], sec(10));
	answer_for(&d, &d.link[1], sec(10));
	assert_int_equal(d.link[1].state, LINK_RECOVERING);
	run(&d, "show links", NULL);
	assert_non_null(strstr(d.text, "; up in 5"));
	run(&d, "show link NAME", "wan1");
	assert_non_null(strstr(d.text, "  hold       up in 5"));
	assert_non_null(strstr(d.text, "  failures   1 in the last 10 minutes\n"));
	assert_int_equal(run(&d, "clear link NAME hold", "wan1"), FL_OK);
	assert_string_equal(d.text, "hold-down cleared; the link is up\n");
	assert_int_equal(d.carried_out, 1);
}

static void clearing_during_the_proof_says_how_long_it_takes(void **state)
{
	struct desk d;

	(void)state;
	prepare(&d);
	d.conf[0].monitor.hold = sec(60);
	ignore_for(&d, &d.link[1], sec(10));
	answer_for(&d, &d.link[1], sec(1));
	assert_int_equal(run(&d, "clear link NAME hold", "wan1"), FL_OK);
	assert_non_null(strstr(d.text, "hold-down cleared; up in "));
	assert_int_equal(d.link[1].state, LINK_RECOVERING);
}

static void link_is_ordered_to_stand_by(void **state)
{
	struct desk d;

	(void)state;
	prepare(&d);
	d.live = 0;
	assert_int_equal(run(&d, "request link NAME standby", "wan1"), FL_OK);
	assert_string_equal(
		d.text, "wan1 is standby, until it is enabled again or the router restarts\n");
	d.now = mtime_after(d.now, sec(5));
	run(&d, "show links", NULL);
	assert_non_null(strstr(d.text, "standby requested 5 s ago; 3 of 3 probes answered"));
	run(&d, "show link NAME", "wan1");
	assert_non_null(strstr(d.text, "  order      standby requested 5 s ago\n"));
	assert_int_equal(run(&d, "request link NAME enable", "wan1"), FL_OK);
	assert_string_equal(d.text, "wan1 is up\n");
}

static void last_link_is_not_taken_away_unless_forced(void **state)
{
	struct desk d;

	(void)state;
	prepare(&d);
	assert_int_equal(run(&d, "request link NAME down", "wan1"), FL_EPERM);
	assert_string_equal(d.text,
		"error: wan1 is the only link that carries new connections; add \"force\" to do "
		"it all the same\n");
	assert_int_equal(run(&d, "request link NAME drain", "wan1"), FL_EPERM);
	assert_int_equal(d.op[1].order, LINK_ORDER_NONE);
	assert_int_equal(run(&d, "request link NAME down force", "wan1"), FL_OK);
	assert_int_equal(d.op[1].order, LINK_ORDER_DOWN);
	assert_int_equal(run(&d, "request link NAME drain force", "wan1"), FL_OK);
	assert_int_equal(d.op[1].order, LINK_ORDER_DRAIN);
}

static void drill_of_the_last_link_is_refused(void **state)
{
	struct desk d;

	(void)state;
	prepare(&d);
	assert_int_equal(run(&d, "drill link NAME", "wan1"), FL_EPERM);
	assert_int_equal(d.drill.phase, LINK_DRILL_IDLE);
}

static void drill_of_a_link_that_does_not_work_is_refused(void **state)
{
	struct desk d;

	(void)state;
	prepare(&d);
	assert_int_equal(run(&d, "drill link NAME", "wan2"), FL_EAGAIN);
	assert_string_equal(
		d.text, "error: wan2 is no-carrier; only a link that works can be drilled\n");
}

static void length_of_a_drill_is_checked(void **state)
{
	static const char *const bad[] = {"4s", "301", "soon", "", "s"};
	struct desk d;

	(void)state;
	prepare(&d);
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		d.time = bad[i];
		assert_int_equal(run(&d, "drill link NAME for TIME", "wan1"), FL_ERANGE);
	}
}

static void test_without_a_carrier_says_why_it_asks_nothing(void **state)
{
	struct desk d;

	(void)state;
	prepare(&d);
	assert_int_equal(run(&d, "test link NAME", "wan2"), FL_EAGAIN);
	assert_string_equal(d.text, "error: nothing was asked: no carrier\n");
}

static void history_shows_its_chart_and_its_events(void **state)
{
	static struct link_history h;
	struct desk d;

	(void)state;
	prepare(&d);
	assert_int_equal(run(&d, "show link NAME history", "wan1"), FL_EFULL);
	link_history_init(&h, d.now);
	link_history_note(&h, 1000000 - 7500, STR("up -> down (silence 412 ms)"));
	d.history[1] = &h;
	assert_int_equal(run(&d, "show link NAME history", "wan1"), FL_OK);
	assert_non_null(strstr(d.text, "link wan1, the last hour; a column is a minute\n"));
	assert_non_null(strstr(d.text, "   2 h 5 min ago  up -> down (silence 412 ms)\n"));
	assert_int_equal(run(&d, "show link NAME history minute", "wan1"), FL_OK);
	assert_int_equal(run(&d, "show link NAME history day", "wan1"), FL_OK);
	assert_non_null(strstr(d.text, "-24 h"));
	assert_int_equal(run(&d, "show link NAME history month", "wan1"), FL_OK);
	assert_non_null(strstr(d.text, "-31 d"));
}

static void targets_are_shown_with_what_is_measured(void **state)
{
	struct desk d;

	(void)state;
	prepare(&d);
	assert_int_equal(run(&d, "show link NAME targets", "wan1"), FL_OK);
	assert_non_null(strstr(d.text, "192.0.2.53               ping   20 ms     40 ms "));
	assert_int_equal(run(&d, "show link NAME targets", "wan9"), FL_ENOENT);
}

static void detail_shows_all_that_was_learned(void **state)
{
	struct desk d;

	(void)state;
	prepare(&d);
	assert_int_equal(run(&d, "show link NAME detail", "wan1"), FL_OK);
	assert_non_null(strstr(d.text, "link wan1 on eth0: up for 59 min\n"));
	assert_non_null(strstr(d.text, "  probes     ..............."));
	assert_non_null(strstr(d.text, "  learned    loss "));
	assert_non_null(strstr(d.text, "  usual round trip 20 ms\n"));
	assert_non_null(strstr(d.text, "TARGET   "));
	assert_int_equal(run(&d, "show link NAME detail", "wan9"), FL_ENOENT);
}

static void link_says_what_it_waits_for(void **state)
{
	struct desk d;

	(void)state;
	prepare(&d);
	run(&d, "show link NAME", "wan2");
	assert_non_null(strstr(d.text, "  waits for  a carrier\n"));
	ignore_for(&d, &d.link[1], sec(10));
	run(&d, "show link NAME", "wan1");
	assert_non_null(strstr(d.text, "  waits for  an answer of any target\n"));
}

static void names_of_links_are_offered(void **state)
{
	struct desk d;
	struct settings_choice choice;

	(void)state;
	prepare(&d);
	assert_true(command("show link NAME")->words(&d.module, 1, &choice));
	assert_true(str_is(choice.word, "wan2"));
	assert_false(command("show link NAME")->words(&d.module, 2, &choice));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_links_are_shown_in_a_table),
		cmocka_unit_test(no_link_at_all_is_said),
		cmocka_unit_test(backup_that_is_not_live_is_shown_as_standby),
		cmocka_unit_test(one_link_is_shown_with_its_targets),
		cmocka_unit_test(target_that_never_answered_is_shown_so),
		cmocka_unit_test(unknown_link_is_an_error),
		cmocka_unit_test(hold_down_is_shown_and_can_be_cleared),
		cmocka_unit_test(clearing_during_the_proof_says_how_long_it_takes),
		cmocka_unit_test(link_is_ordered_to_stand_by),
		cmocka_unit_test(last_link_is_not_taken_away_unless_forced),
		cmocka_unit_test(drill_of_the_last_link_is_refused),
		cmocka_unit_test(drill_of_a_link_that_does_not_work_is_refused),
		cmocka_unit_test(length_of_a_drill_is_checked),
		cmocka_unit_test(test_without_a_carrier_says_why_it_asks_nothing),
		cmocka_unit_test(history_shows_its_chart_and_its_events),
		cmocka_unit_test(targets_are_shown_with_what_is_measured),
		cmocka_unit_test(detail_shows_all_that_was_learned),
		cmocka_unit_test(link_says_what_it_waits_for),
		cmocka_unit_test(names_of_links_are_offered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
