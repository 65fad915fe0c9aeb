/* SPDX-License-Identifier: GPL-2.0-or-later */
/* scenario.h - the whole product in the simulator: what happens, what it must log, what must always
 * hold.
 *
 * After every step these invariants are checked:
 *  - no answer holds the address of a dead link while a live one of the same set exists;
 *  - no slot, published or in the kernel, points to a dead link while a live one of its policy
 * exists;
 *  - the MX set of a domain with mail entries is never empty, and every exchange in it has an
 * address;
 *  - the kernel's set @down is exactly the links that do not carry a family. */
#ifndef FL_TEST_SCENARIO_H
#define FL_TEST_SCENARIO_H

#include "dns_client.h"
#include "product.h"
#include "sim.h"

struct scenario {
	struct sim sim;
	struct fairlead product;
	size_t log_seen;
	uint64_t steps;
	struct rng rng;
	struct ip_addr asker;
	struct ip_prefix asks_for; /* family 0: himself */
	struct dns_image image;    /* opened; of the configuration with this serial */
	uint32_t image_serial;
};

/* Two providers (eth0, eth1) and a LAN (eth2), and the example settings of tests/sim/two-wans.conf
 * with `more` behind them.  Time is 0. */
struct scenario *scenario_open(const char *more);
/* The same with other settings altogether. */
struct scenario *scenario_open_with(const char *settings);
/* As scenario_open(), but the kernel refuses all it is told at the start. */
struct scenario *scenario_open_refused(const char *more);
/* As scenario_open(), but running from the image with this boot state (sim_image). */
struct scenario *scenario_open_image(const char *more, const char *boot_words);
/* Ends the product and checks that all memory came back. */
void scenario_close(struct scenario *s);

/* Let the world turn until `at`, checking the invariants after every step. */
void scenario_run(struct scenario *s, span at);
/* What was logged since the last call must be this. */
void scenario_expect(struct scenario *s, const char *log);
/* Throw away what was logged. */
void scenario_skip_log(struct scenario *s);
/* The milliseconds at which a line with `text` in it was logged, since the last expect; -1: none.
 */
long scenario_logged_at(const struct scenario *s, const char *text);

/* Ask the responder as the world would. */
void scenario_ask(struct scenario *s, const char *name, uint16_t type, struct client_reply *out);
/* Another asks from now on; `subnet` is whom he asks for (RFC 7871), NULL: for himself. */
void scenario_asker(struct scenario *s, const char *address, const char *subnet);
/* The answer in short, in the order given: "10 mail1.example.com, 20 mail2.example.com" or
 * "203.0.113.3, 198.51.100.3"; "" when there is none. */
const char *scenario_answer(struct scenario *s, const char *name, uint16_t type);

/* Run one console line as a one-shot; returns what it printed (valid until the next), and its
 * status. */
const char *scenario_type(struct scenario *s, const char *line, int *status);
/* Type these edits in configuration mode and commit them; returns what was printed. */
const char *scenario_commit(struct scenario *s, const char *edits, int *status);
enum link_state scenario_state(struct scenario *s, const char *link);

#endif
