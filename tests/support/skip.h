/* SPDX-License-Identifier: GPL-2.0-or-later */
/* skip.h - a test that cannot run here says why; tests/run shows the line beside the count. */
#ifndef FL_TEST_SKIP_H
#define FL_TEST_SKIP_H

/* Include it behind cmocka.h.  Ends the test. */
#define SKIP_BECAUSE(why)                                                                          \
	do {                                                                                       \
		print_message("# skipped: %s\n", why);                                             \
		skip();                                                                            \
	} while (0)

#endif
