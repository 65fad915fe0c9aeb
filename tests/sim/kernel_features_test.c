/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernels that lack something the settings call for: it is said when it is committed, and what can
 * be done without is done without. */
#include "scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs the three above. */
#include <cmocka.h>

#define SHAPE                                                                                      \
	"set link wan1 bandwidth down 20M\nset link wan1 bandwidth up 5M\n"                        \
	"set link wan1 shaping yes"

static struct scenario *on_a_kernel_without(uint32_t features)
{
	struct scenario *s = scenario_open("");

	s->sim.kernel_lacks = features;
	scenario_run(s, sec(5));
	return s;
}

static const char *typed(struct scenario *s, const char *line)
{
	int status;

	return scenario_type(s, line, &status);
}

static const char *commit(struct scenario *s, const char *line)
{
	int status;

	return scenario_commit(s, line, &status);
}

static void assert_says(const char *text, const char *part)
{
	if (!strstr(text, part))
		print_message("\"%s\" is not in:\n%s\n", part, text);
	assert_non_null(strstr(text, part));
}

static void a_kernel_that_has_all_shapes_both_ways(void **state)
{
	struct scenario *s = on_a_kernel_without(0);
	const char *said = commit(s, SHAPE);

	(void)state;
	assert_null(strstr(said, "kernel"));
	assert_says(said, "committed");
	assert_says(typed(s, "show link wan1"), "\n  shaping    20 Mbit/s down, 5 Mbit/s up\n");
	assert_null(strstr(typed(s, "show link wan1"), "this kernel"));
	scenario_close(s);
}

static void a_kernel_without_cake_is_warned_of_and_used(void **state)
{
	struct scenario *s = on_a_kernel_without(KFEATURE_CAKE);
	const char *said = commit(s, SHAPE);

	(void)state;
	assert_says(said, "warning: link wan1 shaping: this kernel has no CAKE");
	assert_says(said, "committed");
	assert_says(typed(s, "show link wan1"), "  shaping    none: this kernel has no CAKE");
	scenario_close(s);
}

static void a_kernel_without_ifb_shapes_what_leaves(void **state)
{
	struct scenario *s = on_a_kernel_without(KFEATURE_INCOMING);
	const char *said = commit(s, SHAPE);

	(void)state;
	assert_says(said, "warning: link wan1 shaping: this kernel has no ifb: only what leaves");
	assert_says(said, "committed");
	assert_says(typed(s, "show link wan1"), "  shaping    5 Mbit/s up; this kernel has no ifb");
	scenario_close(s);
}

static void a_kernel_without_flowtables_is_warned_of_and_forwards(void **state)
{
	struct scenario *s = on_a_kernel_without(KFEATURE_FLOWTABLE);
	const char *said = commit(s, "set forwarding flowtable yes");

	(void)state;
	assert_says(said, "warning: forwarding flowtable: this kernel has no flowtables");
	assert_says(said, "nf_flow_table_inet");
	assert_says(said, "committed");
	assert_says(typed(s, "show forwarding"), "# This kernel has no flowtables");
	assert_says(typed(s, "show links"), "up");
	said = commit(s, "set forwarding flowtable no");
	assert_null(strstr(said, "this kernel"));
	assert_null(strstr(typed(s, "show forwarding"), "# This kernel"));
	scenario_close(s);
}

/* The clients of a dead link are not told, and nothing else changes. */
static void a_kernel_that_cannot_reject_is_warned_of_and_forwards(void **state)
{
	struct scenario *s = on_a_kernel_without(KFEATURE_REJECT);
	const char *said = commit(s, "set link wan1 weight 9");

	(void)state;
	assert_says(said, "warning: this kernel has no rejecting: TCP clients of a dead link");
	assert_says(said, "module nft_reject_inet (CONFIG_NFT_REJECT_INET)");
	assert_says(said, "committed");
	assert_says(typed(s, "show forwarding"), "# This kernel has no rejecting (module nft_rej");
	scenario_close(s);
}

/* All that is vital, one after the other: refused with its name and its cure, and nothing is half
 * applied. */
static void a_kernel_that_cannot_forward_is_named_and_nothing_changes(void **state)
{
	static const struct {
		uint32_t lacks;
		const char *name, *cure;
	} vital[] = {
		{KFEATURE_TABLES, "nftables for both families", "module nf_tables"},
		{KFEATURE_CT_MARK, "marks of connections", "CONFIG_NF_CONNTRACK_MARK"},
		{KFEATURE_MASQUERADE, "masquerading", "nft_masq (CONFIG_NFT_MASQ)"},
		{KFEATURE_NUMGEN, "number generator", "nft_numgen (CONFIG_NFT_NUMGEN)"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(vital); i++) {
		struct scenario *s = on_a_kernel_without(vital[i].lacks);
		uint64_t applies = s->sim.applies;
		const char *said = commit(s, "set link wan1 weight 9");

		assert_says(said, "error: ");
		assert_says(said, "this kernel has no ");
		assert_says(said, vital[i].name);
		assert_says(said, vital[i].cure);
		assert_null(strstr(said, "revision"));
		assert_int_equal(s->sim.applies, applies);
		assert_int_equal(fairlead_config(&s->product)->v.links[0].weight, 4);
		scenario_close(s);
	}
}

/* It says so in the log, is still there to be asked, and goes on when the module has come. */
static void a_start_on_such_a_kernel_is_told_of_and_mended_later(void **state)
{
	struct scenario *s = scenario_open("");

	(void)state;
	fairlead_close(&s->product);
	s->sim.kernel_lacks = KFEATURE_MASQUERADE;
	assert_int_equal(s->sim.drivers.kernel.remove_all(&s->sim, NULL, NULL), FL_OK);
	assert_int_not_equal(fairlead_open(&s->product, &s->sim.drivers), FL_OK);
	assert_int_not_equal(scenario_logged_at(s, "error: this kernel has no masquerading"), -1);
	assert_says(typed(s, "show forwarding"), "so none of this is in force");
	scenario_run(s, sec(20));
	assert_int_equal(s->sim.nsets, 0);
	s->sim.kernel_lacks = 0;
	scenario_run(s, sec(200));
	assert_int_not_equal(s->sim.nsets, 0);
	assert_says(commit(s, "set link wan1 weight 9"), "committed");
	assert_null(strstr(typed(s, "show forwarding"), "# This kernel"));
	scenario_close(s);
}

/* Each feature is called for by the part of the settings that needs it, and by that alone. */
static void the_part_that_needs_a_feature_is_named(void **state)
{
	struct scenario *s = on_a_kernel_without(KFEATURE_NAT | KFEATURE_HASH);

	(void)state;
	assert_says(commit(s, "set link wan1 weight 9"),
		"error: forward smtp: this kernel has no address translation: no server can be");
	assert_says(commit(s, "delete forward smtp"), "committed");
	s->sim.kernel_lacks = KFEATURE_HASH;
	assert_says(commit(s, "set forward web to 192.168.1.26\nset forward web to 192.168.1.27\n"
			      "set forward web protocol tcp\nset forward web port 80\n"
			      "set forward web on wan1 203.0.113.2"),
		"committed");
	assert_says(commit(s, "set forward web persist"),
		"error: forward web: this kernel has no hash of addresses: no client can be kept");
	scenario_close(s);
}

static void what_is_not_called_for_is_not_missed(void **state)
{
	struct scenario *s = on_a_kernel_without(
		KFEATURE_CAKE | KFEATURE_INCOMING | KFEATURE_FLOWTABLE | KFEATURE_HASH);
	const char *said = commit(s, "set link wan1 weight 3");

	(void)state;
	assert_null(strstr(said, "this kernel"));
	assert_null(strstr(typed(s, "show link wan1"), "shaping"));
	scenario_close(s);
}

/* ---- marks that move ---- */

#define MOVE "set forwarding mark-mask 0xff0000"

static void connections_begin_anew_when_the_marks_move(void **state)
{
	struct scenario *s = on_a_kernel_without(0);
	const char *said = commit(s, MOVE);

	(void)state;
	assert_says(
		said, "warning: with another mark-mask every connection over a link begins anew");
	assert_int_equal(s->sim.mark_bits, 0xff0000);
	assert_int_equal(s->sim.flushes[1], 1);
	said = commit(s, "set link wan1 weight 9");
	assert_null(strstr(said, "mark-mask"));
	assert_int_equal(s->sim.flushes[1], 1);
	scenario_close(s);
}

static void connections_stay_when_the_kernel_refuses_to_move_the_marks(void **state)
{
	struct scenario *s = on_a_kernel_without(0);

	(void)state;
	s->sim.kernel_refusals = 1; /* and takes the old settings back */
	(void)commit(s, MOVE);
	assert_int_equal(s->sim.mark_bits, KSTATE_MARK_MASK);
	assert_int_equal(s->sim.flushes[1], 0);
	scenario_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kernel_that_has_all_shapes_both_ways),
		cmocka_unit_test(a_kernel_without_cake_is_warned_of_and_used),
		cmocka_unit_test(a_kernel_without_ifb_shapes_what_leaves),
		cmocka_unit_test(connections_begin_anew_when_the_marks_move),
		cmocka_unit_test(connections_stay_when_the_kernel_refuses_to_move_the_marks),
		cmocka_unit_test(a_kernel_without_flowtables_is_warned_of_and_forwards),
		cmocka_unit_test(a_kernel_that_cannot_reject_is_warned_of_and_forwards),
		cmocka_unit_test(a_kernel_that_cannot_forward_is_named_and_nothing_changes),
		cmocka_unit_test(a_start_on_such_a_kernel_is_told_of_and_mended_later),
		cmocka_unit_test(the_part_that_needs_a_feature_is_named),
		cmocka_unit_test(what_is_not_called_for_is_not_missed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
