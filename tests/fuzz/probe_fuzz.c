/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Octets: a choice, then a packet.  Choices: what the kernel would hand over as ICMP, ICMPv6 or a
 * DNS answer; with the highest bit set, a true answer that the octets then damage; and a name to
 * ask for. */
#include "probe.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t secret[16] = "not so very secr";
static const struct str query = {"www.Example.org", 15};

static void check(bool truth)
{
	if (!truth)
		abort();
}

static struct link_target target_of(unsigned choice)
{
	return (struct link_target){.addr = {.family = choice == 1 ? 6 : 4},
		.method = choice == 2 ? LINK_DNS : LINK_PING,
		.query = query};
}

static enum fl_err parse(unsigned choice, struct bytes packet, uint16_t *seq)
{
	if (choice == 2)
		return probe_parse_dns(packet, secret, query, seq);
	return probe_parse_icmp(choice == 1 ? 6 : 4, packet, secret, seq);
}

static uint8_t *true_answer(unsigned choice, uint16_t seq, uint8_t *space, size_t *n)
{
	struct probe_id id = probe_id_of(secret, seq);
	struct link_target t = target_of(choice);
	struct buf out = buf_of(space, PROBE_SIZE_MAX);

	check(probe_build(&t, &id, &out) == FL_OK);
	*n = out.n;
	if (choice == 2) {
		space[2] |= 0x80;
	} else if (choice == 1) {
		space[0] = 129;
	} else { /* 8 becomes 0: the checksum grows by as much (RFC 1624) */
		uint32_t sum = get_u16(space + 2) + UINT32_C(0x800);

		space[0] = 0;
		set_u16(space + 2, (uint16_t)((sum & 0xffff) + (sum >> 16)));
	}
	return space;
}

/* Damage that is accepted does not touch what makes the answer ours. */
static void damage(unsigned choice, const uint8_t *data, size_t size)
{
	uint8_t space[PROBE_SIZE_MAX], whole[PROBE_SIZE_MAX];
	uint16_t seq = size >= 2 ? get_u16(data) : 0, got = (uint16_t)~seq;
	size_t n;

	true_answer(choice, seq, space, &n);
	memcpy(whole, space, n);
	check(parse(choice, bytes_of(space, n), &got) == FL_OK && got == seq);
	for (size_t i = 2; i + 1 < size; i += 2)
		space[data[i] % n] ^= data[i + 1];
	if (parse(choice, bytes_of(space, n), &got))
		return;
	if (choice == 2)
		check(memcmp(space + 12, whole + 12, n - 12) == 0);
	else
		check(memcmp(space + 6, whole + 6, 10) == 0 && got == seq);
}

static void ask_for(struct str name)
{
	struct probe_id id = probe_id_of(secret, 7);
	struct link_target t = {.addr = {.family = 4}, .method = LINK_DNS, .query = name};
	uint8_t space[PROBE_SIZE_MAX];
	struct buf out = buf_of(space, sizeof(space));
	uint16_t seq;

	check((probe_build(&t, &id, &out) == FL_OK) == probe_query_is_good(name));
	if (out.n == 0)
		return;
	space[2] |= 0x80;
	check(probe_parse_dns(bytes_of(space, out.n), secret, name, &seq) == FL_OK && seq == 7);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned choice;
	uint16_t seq = 0x5a5a;

	if (size == 0)
		return 0;
	choice = data[0] & 3;
	if (choice == 3)
		ask_for((struct str){(const char *)data + 1, size - 1});
	else if (data[0] & 0x80)
		damage(choice, data + 1, size - 1);
	else if (parse(choice, bytes_of(data + 1, size - 1), &seq))
		check(seq == 0x5a5a);
	return 0;
}
