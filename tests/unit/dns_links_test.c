/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The masks of links with the sentinel's limit of links, whatever limit is configured here. */
#undef CONFIG_LINKS_MAX
#define CONFIG_LINKS_MAX 4

#include "dns_format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void a_family_that_a_link_does_not_carry_takes_nothing_else_along(void **state)
{
	(void)state;
	for (unsigned number = 1; number <= FL_LINKS_MAX; number++)
		for (unsigned dead = 0; dead < 2; dead++) {
			struct published pub = {.live = 15};
			uint32_t alive;

			pub.dead[dead] = link_bit(number);
			alive = links_alive(&pub);
			for (unsigned other = 1; other <= FL_LINKS_MAX; other++)
				for (unsigned family = 0; family < 2; family++)
					assert_int_equal(!!(alive & links_over(link_bit(other),
									    family ? 6 : 4)),
						other != number || family != dead);
		}
}

static void a_mask_of_either_family_names_its_links(void **state)
{
	(void)state;
	for (unsigned number = 1; number <= FL_LINKS_MAX; number++) {
		assert_int_equal(links_plain(links_over(link_bit(number), 4)), link_bit(number));
		assert_int_equal(links_plain(links_over(link_bit(number), 6)), link_bit(number));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_family_that_a_link_does_not_carry_takes_nothing_else_along),
		cmocka_unit_test(a_mask_of_either_family_names_its_links),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
