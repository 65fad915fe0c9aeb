/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers of time servers: one that is taken is a server's, to our question, of a year in reach. */
#include "sntp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const int64_t year = INT64_C(31556952) * 1000000;
	struct sntp_answer a;
	uint64_t nonce = 0;

	for (size_t i = 24; i < 32 && i < n; i++)
		nonce = nonce << 8 | data[i];
	if (sntp_parse(bytes_of(data, n), nonce, &a) != FL_OK)
		return 0;
	if (n < SNTP_SIZE || (data[0] & 7) != 4 || a.held.us < 0 || a.wall_us < -2 * year ||
		a.wall_us > 135 * year || sntp_wall_us(&a, sec(1)) < a.wall_us ||
		sntp_parse(bytes_of(data, n), nonce + 1, &a) == FL_OK)
		abort();
	return 0;
}
