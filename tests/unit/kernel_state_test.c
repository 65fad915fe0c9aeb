/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel_state.h"
#include "test_heap.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
	struct arena mem;
	struct kernel_state a, b;
	struct kernel_diff d;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	arena_init(&f->mem, &heap);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	arena_reset(&f->mem);
	free(f);
	return 0;
}

static struct kelem mark_elem(uint32_t key, uint32_t value)
{
	struct kelem e = {.value = value};

	kelem_put(&e, KSET_NUMBER, &key, sizeof(key));
	return e;
}

static struct kset slots_of(struct kelem *elems, size_t n)
{
	return (struct kset){.name = STR("slots"),
		.key = {KSET_NUMBER},
		.data = KSET_MARK,
		.size = 16,
		.elems = elems,
		.nelems = n};
}

static struct kstate_address address(const char *text)
{
	struct kstate_address a = {.interface = STR("eth0")};

	assert_int_equal(ip_prefix_parse(str_of(text), &a.prefix), FL_OK);
	return a;
}

static void equal_states_have_no_difference(void **state)
{
	struct fixture *f = *state;
	struct kelem elems[] = {mark_elem(1, 1), mark_elem(2, 1)};
	struct kset set = slots_of(elems, 2);
	struct kstate_address addresses[] = {address("192.0.2.1/24")};

	f->a = (struct kernel_state){
		.addresses = addresses, .naddresses = 1, .sets = &set, .nsets = 1};
	kernel_state_diff(&f->a, &f->a, &f->mem, &f->d);
	assert_true(kernel_diff_is_empty(&f->d));
}

static void from_nothing_everything_is_added_and_the_table_is_made(void **state)
{
	struct fixture *f = *state;
	struct kelem elems[] = {mark_elem(1, 1)};
	struct kset set = slots_of(elems, 1);
	struct kstate_address addresses[] = {address("192.0.2.1/24")};

	f->a = (struct kernel_state){
		.addresses = addresses, .naddresses = 1, .sets = &set, .nsets = 1};
	kernel_state_diff(NULL, &f->a, &f->mem, &f->d);
	assert_int_equal(f->d.nadd_addresses, 1);
	assert_int_equal(f->d.ndel_addresses, 0);
	assert_ptr_equal(f->d.replace_table, &f->a);
	assert_int_equal(f->d.nsets, 0);
}

static void only_elements_that_differ_change(void **state)
{
	struct fixture *f = *state;
	struct kelem old[] = {mark_elem(1, 1), mark_elem(2, 1), mark_elem(3, 1)};
	struct kelem new[] = {mark_elem(2, 1), mark_elem(3, 2), mark_elem(4, 2)};
	struct kset a = slots_of(old, 3), b = slots_of(new, 3);

	f->a = (struct kernel_state){.sets = &a, .nsets = 1};
	f->b = (struct kernel_state){.sets = &b, .nsets = 1};
	kernel_state_diff(&f->a, &f->b, &f->mem, &f->d);
	assert_null(f->d.replace_table);
	assert_int_equal(f->d.nsets, 1);
	assert_int_equal(f->d.sets[0].nremove, 2); /* 1, and 3 with its old value */
	assert_int_equal(f->d.sets[0].nadd, 2);    /* 3 with its new value, and 4 */
}

static void a_changed_rule_makes_the_table_anew(void **state)
{
	struct fixture *f = *state;
	struct kop accept = {.code = KOP_VERDICT, .verdict = KVERDICT_ACCEPT};
	struct kop drop = {.code = KOP_VERDICT, .verdict = KVERDICT_DROP};
	struct krule ra = {STR(""), &accept, 1}, rb = {STR(""), &drop, 1};
	struct kchain ca = {.name = STR("x"), .rules = &ra, .nrules = 1};
	struct kchain cb = {.name = STR("x"), .rules = &rb, .nrules = 1};

	f->a = (struct kernel_state){.chains = &ca, .nchains = 1};
	f->b = (struct kernel_state){.chains = &cb, .nchains = 1};
	kernel_state_diff(&f->a, &f->b, &f->mem, &f->d);
	assert_ptr_equal(f->d.replace_table, &f->b);
}

static void a_set_with_more_room_makes_the_table_anew(void **state)
{
	struct fixture *f = *state;
	struct kset a = slots_of(NULL, 0), b = slots_of(NULL, 0);

	b.size = 32;
	f->a = (struct kernel_state){.sets = &a, .nsets = 1};
	f->b = (struct kernel_state){.sets = &b, .nsets = 1};
	kernel_state_diff(&f->a, &f->b, &f->mem, &f->d);
	assert_ptr_equal(f->d.replace_table, &f->b);
}

static void addresses_are_added_in_the_order_wanted(void **state)
{
	struct fixture *f = *state;
	struct kstate_address old[] = {address("192.0.2.7/24")};
	struct kstate_address new[] = {
		address("192.0.2.9/24"), address("192.0.2.7/24"), address("192.0.2.1/24")};

	f->a = (struct kernel_state){.addresses = old, .naddresses = 1};
	f->b = (struct kernel_state){.addresses = new, .naddresses = 3};
	kernel_state_diff(&f->a, &f->b, &f->mem, &f->d);
	assert_int_equal(f->d.nadd_addresses, 2);
	assert_int_equal(f->d.add_addresses[0].prefix.addr.b[3], 9);
	assert_int_equal(f->d.add_addresses[1].prefix.addr.b[3], 1);
	assert_int_equal(f->d.ndel_addresses, 0);
}

static void a_route_with_another_gateway_is_added_and_the_old_one_removed(void **state)
{
	struct fixture *f = *state;
	struct kstate_route old = {.family = 4,
		.table = 101,
		.to.addr.family = 4,
		.metric = 20,
		.interface = STR("eth0"),
		.gateway = ip_addr_v4(192, 0, 2, 1)};
	struct kstate_route new = old;

	new.gateway = ip_addr_v4(192, 0, 2, 2);
	f->a = (struct kernel_state){.routes = &old, .nroutes = 1};
	f->b = (struct kernel_state){.routes = &new, .nroutes = 1};
	kernel_state_diff(&f->a, &f->b, &f->mem, &f->d);
	assert_int_equal(f->d.nadd_routes, 1);
	assert_int_equal(f->d.ndel_routes, 1);
}

static void sorting_drops_elements_that_are_there_twice(void **state)
{
	struct fixture *f = *state;
	struct kelem elems[] = {mark_elem(3, 1), mark_elem(1, 1), mark_elem(3, 1), mark_elem(2, 1)};
	struct kset set = slots_of(elems, 4);

	f->a = (struct kernel_state){.sets = &set, .nsets = 1};
	kernel_state_sort(&f->a);
	assert_int_equal(set.nelems, 3);
	for (uint32_t i = 0; i < 3; i++)
		assert_memory_equal(elems[i].key, mark_elem(i + 1, 1).key, 4);
}

static void ten_thousand_elements_are_sorted_whole(void **state)
{
	enum { N = 10000 };
	struct fixture *f = *state;
	struct kelem *elems = arena_array(&f->mem, N, sizeof(*elems));
	struct kset set = slots_of(elems, N);

	assert_non_null(elems);
	for (uint32_t i = 0; i < N; i++) { /* 7919 and N have no factor in common */
		uint32_t number = i * 7919 % N;

		elems[i] = mark_elem(htonl(number), number);
		elems[i].interval_end = number % 3 == 0;
		elems[i].comment = (struct str){"", number};
	}
	f->a = (struct kernel_state){.sets = &set, .nsets = 1};
	kernel_state_sort(&f->a);
	assert_int_equal(set.nelems, N);
	for (uint32_t i = 0; i < N; i++) {
		struct kelem expected = mark_elem(htonl(i), i);

		assert_memory_equal(elems[i].key, expected.key, sizeof(expected.key));
		assert_int_equal(elems[i].key_n, expected.key_n);
		assert_int_equal(elems[i].value, i);
		assert_int_equal(elems[i].interval_end, i % 3 == 0);
		assert_int_equal(elems[i].comment.n, i);
	}
}

static void a_full_arena_is_seen_and_not_written_to(void **state)
{
	struct fixture *f = *state;
	struct kstate_address addresses[] = {address("192.0.2.1/24")};

	f->mem.full = true;
	f->a = (struct kernel_state){.addresses = addresses, .naddresses = 1};
	kernel_state_diff(NULL, &f->a, &f->mem, &f->d);
	assert_int_equal(f->d.nadd_addresses, 0);
	assert_true(f->mem.full);
}

static void a_key_has_no_more_fields_than_fit(void **state)
{
	struct kelem e = {0};

	(void)state;
	for (int i = 0; i < 10; i++)
		kelem_put(&e, KSET_IPV6, "0123456789abcdef", 16);
	assert_int_equal(e.key_n, KSET_KEY_MAX);
}

static void routes_and_rules_print_in_the_words_of_ip(void **state)
{
	struct kstate_route route = {.family = 4,
		.table = 101,
		.to.addr.family = 4,
		.metric = 20,
		.interface = STR("eth0"),
		.gateway = ip_addr_v4(192, 0, 2, 1)};
	struct kstate_rule rule = {
		.family = 6, .priority = 201, .mark = 1, .mask = 0xff, .table = 101};
	struct kernel_state s = {.routes = &route, .nroutes = 1, .rules = &rule, .nrules = 1};
	char text[512];
	struct textbuf t = textbuf_of(text, sizeof(text));
	struct sink out = textbuf_sink(&t);

	(void)state;
	kernel_state_print(&s, &out);
	assert_string_equal(text,
		"ip route default via 192.0.2.1 dev eth0 onlink table 101 metric 20\n"
		"ip -6 rule pref 201 fwmark 0x1/0xff lookup 101\n");
}

static void a_rule_prints_in_the_words_of_nft(void **state)
{
	struct kset down = {.name = STR("down"), .key = {KSET_NFPROTO, KSET_MARK}};
	struct kop ops[] = {
		{.code = KOP_META_LOAD, .reg = KREG(0), .key = KMETA_NFPROTO},
		{.code = KOP_META_LOAD, .reg = KREG(1), .key = KMETA_MARK},
		{.code = KOP_LOOKUP, .reg = KREG(0), .name = STR("down")},
		{.code = KOP_VERDICT, .verdict = KVERDICT_GOTO, .name = STR("pin")},
	};
	struct krule rule = {STR("why"), ops, COUNT_OF(ops)};
	struct kchain chain = {.name = STR("any"), .rules = &rule, .nrules = 1};
	struct kernel_state s = {.sets = &down, .nsets = 1, .chains = &chain, .nchains = 1};
	char text[512];
	struct textbuf t = textbuf_of(text, sizeof(text));
	struct sink out = textbuf_sink(&t);

	(void)state;
	kernel_state_print(&s, &out);
	assert_non_null(
		strstr(text, "meta nfproto . meta mark != @down goto pin comment \"why\"\n"));
}

/* What the kernel does to packets and sets beyond comparing. */
static void every_kind_of_end_prints_in_the_words_of_nft(void **state)
{
	struct kop ops[] = {
		{.code = KOP_META_LOAD, .reg = KREG(0), .key = KMETA_MARK},
		{.code = KOP_META_LOAD, .reg = KREG(1), .key = KMETA_NFPROTO},
		{.code = KOP_META_SET, .reg = KREG(0)},
		{.code = KOP_CT_SET, .reg = KREG(0)},
		{.code = KOP_REMEMBER, .reg = KREG(0), .dreg = KREG(1), .name = STR("seen")},
		{.code = KOP_REMEMBER, .reg = KREG(0), .name = STR("set")},
		{.code = KOP_FORGET, .reg = KREG(0), .name = STR("seen")},
		{.code = KOP_SNAT_PREFIX, .reg = KREG(0), .dreg = KREG(1)},
		{.code = KOP_MSS_LOAD, .reg = KREG(0)},
		{.code = KOP_HTONS, .reg = KREG(0)},
		{.code = KOP_MSS_SET, .reg = KREG(0)},
		{.code = KOP_COUNTER},
		{.code = KOP_OFFLOAD},
		{.code = KOP_MASQUERADE},
		{.code = KOP_REJECT},
		{.code = KOP_REJECT, .tcp_reset = true},
	};
	struct krule rule = {.ops = ops, .nops = COUNT_OF(ops)};
	struct kchain chain = {.name = STR("any"), .rules = &rule, .nrules = 1};
	struct kernel_state s = {.chains = &chain, .nchains = 1};
	char text[1024];
	struct textbuf t = textbuf_of(text, sizeof(text));
	struct sink out = textbuf_sink(&t);

	(void)state;
	kernel_state_print(&s, &out);
	assert_non_null(strstr(text,
		"meta mark set meta mark ct mark set meta mark "
		"update @seen { meta mark : meta nfproto } update @set { meta mark } "
		"delete @seen { meta mark } snat ip6 prefix to meta mark-meta nfproto "
		"tcp option maxseg size set rt mtu counter flow add @established masquerade "
		"reject reject with tcp reset\n"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(equal_states_have_no_difference),
		TEST(from_nothing_everything_is_added_and_the_table_is_made),
		TEST(only_elements_that_differ_change),
		TEST(a_changed_rule_makes_the_table_anew),
		TEST(a_set_with_more_room_makes_the_table_anew),
		TEST(addresses_are_added_in_the_order_wanted),
		TEST(a_route_with_another_gateway_is_added_and_the_old_one_removed),
		TEST(sorting_drops_elements_that_are_there_twice),
		TEST(ten_thousand_elements_are_sorted_whole),
		TEST(a_full_arena_is_seen_and_not_written_to),
		TEST(a_key_has_no_more_fields_than_fit),
		TEST(routes_and_rules_print_in_the_words_of_ip),
		TEST(a_rule_prints_in_the_words_of_nft),
		TEST(every_kind_of_end_prints_in_the_words_of_nft),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
