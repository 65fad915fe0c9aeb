/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A saved count, damaged or made up: it is refused, or can be counted on, told of and written, and
 * reads the same again. */
#include "link_meter.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool truth)
{
	if (!truth)
		abort();
}

static void use(struct link_meter m)
{
	static const struct link_conf conf = {.metered = {.quota = 1000000000,
						      .reset_day = 31,
						      .probe_budget = 1000000,
						      .interval = {5000000},
						      .standby_interval = {30000000}},
		.monitor = {.interval = {1000000}}};
	char words[200];
	struct textbuf t = textbuf_of(words, sizeof(words));
	int64_t wall = INT64_C(1767225600);

	link_meter_text(&m, &conf, &t);
	(void)link_meter_count(&m, &conf, wall, 1, 1, &t);
	check(link_meter_interval(&m, &conf, wall, true).us <= sec(900).us);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str name, again_name, line = {(const char *)data, size};
	struct link_meter m, again;
	char text[1024], twice[1024];
	struct textbuf t = textbuf_of(text, sizeof(text)), u = textbuf_of(twice, sizeof(twice));

	if (size > 600 || memchr(data, '\n', size) || memchr(data, 0, size) ||
		!link_meter_read(line, &name, &m))
		return 0;
	use(m);
	link_meter_write(&m, name, &t);
	line = textbuf_str(&t);
	check(line.n && line.at[line.n - 1] == '\n');
	line.n--;
	check(link_meter_read(line, &again_name, &again));
	link_meter_write(&again, again_name, &u);
	check(strcmp(text, twice) == 0);
	return 0;
}
