/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sntp.h"

#define VERSION_4    4
#define MODE_CLIENT  3
#define MODE_SERVER  4
#define NOT_SYNCED   3 /* of the leap indicator */
#define STRATUM_MAX  15
#define SECONDS_1970 UINT64_C(2208988800) /* from 1900 */
#define ERA          (UINT64_C(1) << 32)

void sntp_ask(uint64_t nonce, struct buf *out)
{
	buf_put_u8(out, VERSION_4 << 3 | MODE_CLIENT);
	for (int i = 1; i < SNTP_SIZE - 8; i++)
		buf_put_u8(out, 0);
	buf_put_u32(out, (uint32_t)(nonce >> 32));
	buf_put_u32(out, (uint32_t)nonce);
}

/* The 64 bits of a timestamp as microseconds since 1970: seconds of the upper half of the numbers
 * are of 1968 to 2036, those of the lower of 2036 to 2104. */
static int64_t take_time(struct bytes *in)
{
	uint64_t seconds = bytes_take_u32(in), fraction = bytes_take_u32(in);

	if (seconds < ERA / 2)
		seconds += ERA;
	return ((int64_t)seconds - (int64_t)SECONDS_1970) * 1000000 +
	       (int64_t)(fraction * 1000000 >> 32);
}

enum fl_err sntp_parse(struct bytes in, uint64_t nonce, struct sntp_answer *out)
{
	uint64_t echoed;
	uint8_t first, stratum;
	int64_t came, left;

	if (in.n < SNTP_SIZE)
		return FL_EFORMAT;
	first = bytes_take_u8(&in);
	stratum = bytes_take_u8(&in);
	for (int i = 2; i < 24; i++)
		(void)bytes_take_u8(&in);
	echoed = (uint64_t)bytes_take_u32(&in) << 32;
	echoed |= bytes_take_u32(&in);
	if ((first & 7) != MODE_SERVER || echoed != nonce)
		return FL_EFORMAT;
	came = take_time(&in);
	left = take_time(&in);
	if (first >> 6 == NOT_SYNCED || stratum == 0 || stratum > STRATUM_MAX || left < came)
		return FL_ERANGE;
	*out = (struct sntp_answer){.wall_us = left, .held = us(left - came)};
	return FL_OK;
}

int64_t sntp_wall_us(const struct sntp_answer *a, span round_trip)
{
	int64_t way = round_trip.us - a->held.us;

	return a->wall_us + (way > 0 ? way / 2 : 0);
}
