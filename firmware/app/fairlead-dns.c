/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fairlead-dns - the DNS worker: the responder of firmware/dns behind the sockets of drivers/linux.
 * Started by fairleadd; see dns_worker.h for how the two live together. */
#include "by_hand.h"
#include "dns.h"
#include "dns_child.h"
#include "dns_limit.h"
#include "dns_query.h"
#include "dns_transfer.h"
#include "hmac_nettle.h"

/* What a thread keeps for itself. */
struct thread {
	struct dns_responder responder;
	struct dns_journal journal;
};

/* The threads count together what a client gets: its questions come to all of them. */
static void thread_init(void *thread, void *shared, uint64_t seed)
{
	struct thread *t = thread;
	struct dns_responder *r = &t->responder;

	r->rng = rng_of(seed);
	r->turn = (uint32_t)rng_u64(&r->rng);
	r->limiter = shared;
}

static enum fl_err image_open(struct bytes octets, bool sound, const void *served, void *image)
{
	if (!sound && served)
		return dns_image_open_like(octets, served, image);
	if (!sound)
		return dns_image_open(octets, image);
	*(struct dns_image *)image = (struct dns_image){octets.at, octets.n};
	return FL_OK;
}

/* In passes, so that the memory of one question is on its way while the next is looked at. */
static void read_batch(
	const struct dns_serving *from, const struct bytes *messages, size_t n, void *queries)
{
	struct dns_query *q = queries;

	for (size_t i = 0; i < n; i++) {
		dns_query_parse(messages[i], &q[i]);
		dns_prefetch(from->image, &q[i]);
	}
	for (size_t i = 0; i < n; i++)
		dns_prefetch_name(from->image, &q[i]);
}

static struct dns_signer signer_now(const struct dns_serving *from)
{
	return (struct dns_signer){hmac_nettle, from->wall};
}

static struct dns_client client_of(const struct dns_serving *from, const struct dns_peer *to)
{
	return (struct dns_client){to->addr, to->tcp, {from->now_us}, from->wall};
}

/* A transfer over UDP is one message: the serial, or a refusal. */
static bool answer_transfer(const struct dns_serving *from, const struct dns_client *client,
	struct bytes query, struct buf *reply)
{
	const struct dns_signer signer = signer_now(from);
	struct dns_transfer t;

	return !client->tcp &&
	       dns_transfer_begin(&t, from->image,
		       (const struct published *)(const void *)from->state, client, &signer, NULL,
		       query) &&
	       dns_transfer_next(&t, from->image, &signer, reply) == DNS_TRANSFER_LAST;
}

static bool answer(void *thread, const struct dns_serving *from, const struct dns_peer *to,
	void *query, struct buf *reply)
{
	struct dns_responder *r = &((struct thread *)thread)->responder;
	struct dns_query *q = query;
	const struct dns_client client = client_of(from, to);
	const struct dns_signer signer = signer_now(from);

	/* A state of another size comes from a daemon of another version. */
	if (from->state_n != sizeof(struct published))
		return false;
	r->image = *(const struct dns_image *)from->image;
	if (dns_query_wants_transfer(q) && r->image.at)
		return answer_transfer(from, &client, q->message, reply);
	return dns_answer_signed(r, (const struct published *)(const void *)from->state, &client,
		       &signer, q, reply) == DNS_REPLY;
}

static enum dns_stream_start stream_begin(void *thread, const struct dns_serving *from,
	const struct dns_peer *to, struct bytes query, void *stream)
{
	const struct dns_client client = client_of(from, to);
	const struct dns_image *image = from->image;
	const struct dns_signer signer = signer_now(from);

	if (!dns_transfer_is_asked(query) || !image->at)
		return DNS_STREAM_NO;
	if (!stream || from->state_n != sizeof(struct published) ||
		!dns_transfer_begin(stream, image,
			(const struct published *)(const void *)from->state, &client, &signer,
			&((struct thread *)thread)->journal, query))
		return DNS_STREAM_BAD;
	return DNS_STREAM_BEGUN;
}

static enum dns_stream_step stream_next(
	const struct dns_serving *from, void *stream, struct buf *reply)
{
	static const enum dns_stream_step steps[] = {
		[DNS_TRANSFER_MORE] = DNS_STREAM_MORE,
		[DNS_TRANSFER_LAST] = DNS_STREAM_LAST,
		[DNS_TRANSFER_LOST] = DNS_STREAM_LOST,
	};
	const struct dns_signer signer = signer_now(from);

	return steps[dns_transfer_next(stream, from->image, &signer, reply)];
}

static const struct dns_answerer answerer = {
	.thread_size = sizeof(struct thread),
	.shared_size = sizeof(struct dns_limiter),
	.counters_at = offsetof(struct thread, responder.count),
	.counters = sizeof(struct dns_counters) / sizeof(uint64_t),
	.image_size = sizeof(struct dns_image),
	.thread_init = thread_init,
	.image_open = image_open,
	.query_size = sizeof(struct dns_query),
	.read = read_batch,
	.answer = answer,
	.stream_size = sizeof(struct dns_transfer),
	.stream_begin = stream_begin,
	.stream_next = stream_next,
};

_Static_assert(DNS_UDP_SIZE == DNS_SERVER_UDP_REPLY && DNS_TCP_SIZE == DNS_SERVER_TCP_REPLY,
	"the answerer and the server agree on the size of an answer");
_Static_assert(DNS_TRANSFER_SIZE <= DNS_STREAM_REPLY, "a transfer's message fits its stream");
_Static_assert(sizeof(struct published) <= DNS_STATE_MAX, "the published state fits its page");

static const char usage[] =
	"usage: fairlead-dns --help | --version\n"
	"\n"
	"fairlead-dns answers the DNS questions for Fairlead's domains.  It is started by\n"
	"fairleadd, which gives it its sockets, the zones and the state of the links over\n"
	"a control socket (fairlead-dns --control FD --threads N); it has no settings and\n"
	"serves nothing when started by hand.\n";

int main(int argc, char **argv)
{
	struct dns_child_args args;

	if (dns_child_args(argc, argv, &args))
		dns_child_run(&args, &answerer);
	return started_by_hand(argc, argv, "fairlead-dns", usage);
}
