/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns_query.h"

#include "dns_rdata.h"

#include <string.h>

/* RFC 6891 6.1.2: options we do not know are ignored, but they must be whole.  Of an option that is
 * there twice the first counts. */
static bool take_options(struct dns_query *q, struct bytes data)
{
	while (data.n) {
		uint16_t code = bytes_take_u16(&data), n = bytes_take_u16(&data);
		struct bytes option = bytes_of(bytes_take(&data, n), n);

		if (data.bad)
			return false;
		if (code == OPTION_NSID)
			q->nsid = true;
		else if (code == OPTION_COOKIE && !q->cookie.at)
			q->cookie = option;
		else if (code == OPTION_CLIENT_SUBNET && !q->client_subnet.at)
			q->client_subnet = option;
	}
	return true;
}

static enum fl_err take_opt(
	struct dns_query *q, uint16_t size, uint32_t ttl, size_t name_n, struct bytes data)
{
	if (q->edns || name_n != 1 || !take_options(q, data))
		return FL_EFORMAT;
	q->edns = true;
	q->udp_size = size;
	q->version = (uint8_t)(ttl >> 16);
	q->dnssec_ok = ttl & 0x8000;
	return FL_OK;
}

/* A record behind the question: only OPT and TSIG mean something to us. */
static enum fl_err take_record(
	struct bytes in, size_t *at, bool additional, bool last, struct dns_query *q)
{
	struct dns_name owner;
	size_t owner_at = *at;
	struct bytes rest, data;
	uint16_t type, class;
	uint32_t ttl;

	if (dns_name_take(in, at, &owner) != FL_OK)
		return FL_EFORMAT;
	rest = bytes_of(in.at + *at, in.n - *at);
	type = bytes_take_u16(&rest);
	class = bytes_take_u16(&rest);
	ttl = bytes_take_u32(&rest);
	data.n = bytes_take_u16(&rest);
	data = bytes_of(bytes_take(&rest, data.n), data.n);
	if (rest.bad)
		return FL_EFORMAT;
	*at = in.n - rest.n;
	if (type == DNS_OPT)
		return additional ? take_opt(q, class, ttl, owner.n, data) : FL_EFORMAT;
	if (type == DNS_TSIG) {
		if (!additional || !last)
			return FL_EFORMAT; /* RFC 8945 5.1 */
		q->tsig_at = owner_at;
		q->tsig_data = (size_t)(data.at - in.at);
		q->tsig_n = data.n;
	}
	return FL_OK;
}

static enum fl_err take_question(struct bytes in, size_t *at, struct dns_query *q)
{
	q->name_n = dns_name_size(in.at + DNS_HEADER, in.n - DNS_HEADER);
	*at = DNS_HEADER + q->name_n + 4;
	if (!q->name_n || *at > in.n)
		return FL_EFORMAT;
	q->type = get_u16(in.at + *at - 4);
	q->class = get_u16(in.at + *at - 2);
	q->has_question = true;
	dns_key_of(in.at + DNS_HEADER, q->name_n, &q->key);
	return FL_OK;
}

static enum fl_err parse(struct bytes in, struct dns_query *q)
{
	unsigned questions, before, records;
	size_t at = DNS_HEADER;

	if (in.n < DNS_HEADER || in.at[2] & 0x80)
		return FL_ESHORT;
	q->id = get_u16(in.at);
	q->flags = get_u16(in.at + 2);
	q->opcode = q->flags >> 11 & 15;
	questions = get_u16(in.at + 4);
	before = get_u16(in.at + 6) + get_u16(in.at + 8); /* answer and authority */
	records = before + get_u16(in.at + 10);
	if (questions > 1 || (questions && take_question(in, &at, q) != FL_OK))
		return FL_EFORMAT;
	/* Each record takes eleven octets at least, so a huge count ends with the message. */
	for (unsigned i = 0; i < records; i++)
		if (take_record(in, &at, i >= before, i + 1 == records, q) != FL_OK)
			return FL_EFORMAT;
	/* Octets behind the last record are ignored. */
	return questions || q->cookie.at ? FL_OK : FL_EFORMAT;
}

enum fl_err dns_query_parse(struct bytes in, struct dns_query *q)
{
	q->message = in;
	q->has_question = q->edns = q->dnssec_ok = q->nsid = false;
	q->cookie = q->client_subnet = bytes_of(NULL, 0);
	q->tsig_at = 0;
	q->parsed = parse(in, q);
	return q->parsed;
}

bool dns_query_wants_transfer(const struct dns_query *q)
{
	return q->has_question && (q->type == DNS_AXFR || q->type == DNS_IXFR) &&
	       q->opcode == OPCODE_QUERY;
}
