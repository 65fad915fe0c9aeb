/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_answer.c - a question, the image and the published links -> an answer.
 *
 * In this order:
 *
 *   1. Under 12 octets, or a response: dropped.
 *   2. Unknown opcode: NOTIMP, header only, as its sections mean we do not know what.
 *   3. Malformed, or not one question: FORMERR.  An RCODE, AD, CD, RA, Z or unknown EDNS flags and
 *      options in a query, and octets behind it, are ignored (RFC 8906 3).
 *   4. EDNS version over 0: BADVERS, whatever its options are.  A TSIG, as we know no key: NOTAUTH
 *      with BADKEY.
 *   5. NOTIFY, UPDATE, a transfer, a class other than IN, a name in no domain of ours: REFUSED.  Of
 *      class CHAOS, what the settings tell (dns_chaos.c).
 *   6. The closest name there is decides (RFC 1034 4.3.2, RFC 4592): at or below a delegation, a
 *      referral (DS at the cut itself: ours); the name itself: its records, its CNAME, or NODATA; a
 *      wildcard right below the closest name; else NXDOMAIN.
 *   7. ANY: one set of records (RFC 8482 4.1).  A CNAME is followed inside our domains, eight times
 *      at most; a loop ends as it is, NOERROR.
 *   8. MX, SRV and NS bring the addresses of what they name, if there is room.  No NS in positive
 *      answers.  What does not fit leaves nothing but TC (RFC 2181 9, RFC 9471).
 *   9. Over UDP, without a cookie of ours: the rate limit (dns_limit.h) may drop the answer, cut it
 *      short, or ask for a cookie.
 *
 * Of a set, the records whose link is alive are in.  With none alive the set is NODATA, unless it
 * is to be answered whole: so is every MX set and the addresses behind it, for a sender that finds
 * no MX address returns the mail, while one that finds a dead address tries again.  Where there is
 * no address at all, as every exchange waits for its provider to give one, the answer is SERVFAIL:
 * mail is then put off (RFC 5321 5.1), which neither an empty answer nor an MX without address
 * does. */
#include "dns_chaos.h"
#include "dns_counters.h"
#include "dns_edns.h"
#include "dns_limit.h"
#include "dns_rdata.h"
#include "dns_view.h"

#include <string.h>

#define CHAIN_MAX   8  /* CNAMEs followed */
#define PENDING_MAX 32 /* names whose addresses go in the additional section */
#define UNSURE_TTL  5  /* s: most, while a link of the set is suspect or recovering */
#define POINTER     0xc000u
#define POINTER_MAX 0x3fffu
#define CLASSIC_UDP 512

enum section { SECTION_ANSWER = 1, SECTION_AUTHORITY, SECTION_ADDITIONAL, SECTIONS };

struct pending {
	const struct image_node *node;
	const uint8_t *name; /* as it stands in the record that names it */
	size_t name_n, name_at;
};

struct answer {
	struct dns_responder *r;
	const struct dns_image *image;
	const struct published *pub;
	uint32_t alive;
	uint32_t unsure; /* of the sets looked at, the links that may change soon */
	struct buf out;
	uint16_t count[SECTIONS];
	bool authoritative;
	bool awaits;        /* an address that has yet to be given is the answer */
	uint32_t withdrawn; /* links for whose sake a set was left out */
	uint32_t kept;      /* dead links whose records were answered all the same */
	uint32_t about;     /* what the rate limit counts the answer for */

	const struct dns_client *from;
	struct dns_edns edns;
	bool view_known;
	const struct image_view *view;

	/* The name that is being answered: where it stands in the reply, and where its zone's. */
	struct dns_key *key; /* the query's; a CNAME's target takes its place */
	size_t name_at, zone_at;

	struct pending pending[PENDING_MAX];
	size_t npending;
};

/* ---- which records, in which order ---- */

static void rotate(uint8_t *pick, unsigned n, uint32_t by)
{
	uint8_t old[IMAGE_SET_MAX];

	memcpy(old, pick, n);
	for (unsigned i = 0; i < n; i++)
		pick[i] = old[(i + by) % n];
}

static unsigned order_fixed(
	struct answer *a, const struct image_set *set, uint8_t *pick, unsigned n)
{
	(void)a;
	(void)set;
	(void)pick;
	return n;
}

static unsigned order_rotated(
	struct answer *a, const struct image_set *set, uint8_t *pick, unsigned n)
{
	(void)set;
	rotate(pick, n, a->r->turn++);
	return n;
}

static unsigned order_preference(
	struct answer *a, const struct image_set *set, uint8_t *pick, unsigned n)
{
	const struct image_record *records = image_records(a->image, set->records);

	for (unsigned from = 0, to; from < n; from = to) {
		for (to = from + 1; to < n; to++)
			if (records[pick[to]].preference != records[pick[from]].preference)
				break;
		for (unsigned i = to - from; i > 1; i--) { /* Fisher and Yates */
			unsigned k = from + rng_below(&a->r->rng, i);
			uint8_t swap = pick[k];

			pick[k] = pick[from + i - 1];
			pick[from + i - 1] = swap;
		}
	}
	return n;
}

/* Bring the records of link `number` to the front, keep the order of the rest.  Returns how many
 * they are. */
static unsigned to_front(
	const struct image_record *records, unsigned number, uint8_t *pick, unsigned n)
{
	unsigned nfront = 0;

	for (unsigned i = 0; i < n; i++) {
		uint8_t found = pick[i];

		if (records[found].link != number)
			continue;
		memmove(pick + nfront + 1, pick + nfront, i - nfront);
		pick[nfront++] = found;
	}
	return nfront;
}

/* The members on the best live link; off-site members when the policy has no link for us. */
static unsigned keep_best(const struct published_policy *policy, const struct image_record *records,
	uint8_t *pick, unsigned n)
{
	for (unsigned i = 0; i < policy->nlive && i < FL_LINKS_MAX; i++) {
		unsigned best = to_front(records, policy->live[i], pick, n);

		if (best)
			return best;
	}
	return 1;
}

/* Who asks from one network (/24, /48) gets one answer. */
static uint32_t asker_hash(const struct answer *a)
{
	const struct ip_addr *from = &a->from->addr;
	size_t octets = from->family == 6 ? 6 : 3;
	uint32_t h = UINT32_C(2166136261); /* FNV-1a */

	for (size_t i = 0; i < octets; i++)
		h = (h ^ from->b[i]) * UINT32_C(16777619);
	return h;
}

/* The slot whose member comes first. */
static uint32_t draw(const struct answer *a, enum policy_method method, uint32_t turn)
{
	if (method == POLICY_ROUND_ROBIN)
		return turn % POLICY_SLOTS;
	if (method == POLICY_PERSISTENT)
		return asker_hash(a) % POLICY_SLOTS;
	return rng_below(&a->r->rng, POLICY_SLOTS);
}

static unsigned order_policy(
	struct answer *a, const struct image_set *set, uint8_t *pick, unsigned n)
{
	const struct published_policy *policy = &a->pub->policy[set->policy];
	const struct image_record *records = image_records(a->image, set->records);
	enum policy_method method = (enum policy_method)policy->method;
	uint32_t turn = policy_takes_one(method) ? 0 : a->r->turn++;
	unsigned drawn;

	rotate(pick, n, turn);
	if (set->policy >= a->pub->npolicies || method == POLICY_ALL)
		return n;
	if (policy_takes_one(method))
		return keep_best(policy, records, pick, n);
	drawn = policy->slot[draw(a, method, turn)];
	if (drawn)
		to_front(records, drawn, pick, n);
	return n;
}

static unsigned (*const order_of[ORDERS])(
	struct answer *a, const struct image_set *set, uint8_t *pick, unsigned n) = {
	[ORDER_FIXED] = order_fixed,
	[ORDER_ROTATED] = order_rotated,
	[ORDER_PREFERENCE] = order_preference,
	[ORDER_POLICY] = order_policy,
};

/* The view that the client belongs to, or the one its resolver asks for. */
static const struct image_view *view_of(struct answer *a)
{
	const struct image_header *h = image_header(a->image);
	const struct dns_subnet *subnet = &a->edns.subnet;
	uint8_t bits;

	if (a->view_known)
		return a->view;
	a->view_known = true;
	if (subnet->addr.family && subnet->bits) {
		a->view = dns_view_of(a->image->at, &h->views, &subnet->addr, &a->edns.scope);
		return a->view;
	}
	a->view = dns_view_of(a->image->at, &h->views, &a->from->addr, &bits);
	return a->view;
}

/* Addresses on the link of the client's view come first, or alone. */
static unsigned order_for_view(struct answer *a, const struct image_set *set, uint8_t *pick,
	unsigned n, const struct image_view *view)
{
	const struct image_record *records = image_records(a->image, set->records);
	bool one_link = set->order == ORDER_POLICY && set->policy < a->pub->npolicies &&
			policy_takes_one((enum policy_method)a->pub->policy[set->policy].method);
	unsigned front = view ? to_front(records, view->link, pick, n) : 0;

	if (front == 0)
		return order_of[set->order](a, set, pick, n);
	a->r->count.viewed++;
	if (view->only || one_link)
		return order_rotated(a, set, pick, front);
	n = order_of[set->order](a, set, pick, n);
	to_front(records, view->link, pick, n);
	return n;
}

static bool is_address(uint16_t type)
{
	return type == DNS_A || type == DNS_AAAA;
}

/* The records of `set` that are answered now, by index, in order.  Returns how many. */
static unsigned choose(struct answer *a, const struct image_set *set, uint8_t pick[IMAGE_SET_MAX])
{
	const struct image_record *records = image_records(a->image, set->records);
	unsigned n = 0;

	uint32_t alive = links_alive_for(set, a->pub->live, a->alive);

	for (unsigned i = 0; i < set->count; i++)
		if (records[i].links & alive)
			pick[n++] = (uint8_t)i;
	for (unsigned i = 0; n == 0 && set->flags & SET_INSTEAD && i < set->count; i++)
		if (records[i].instead)
			pick[n++] = (uint8_t)i;
	if (n == 0 && dns_set_is_whole(a->image, set, a->alive)) {
		for (; n < set->count; n++)
			pick[n] = (uint8_t)n;
		a->kept |= set->links;
	}
	if (n <= 1)
		return n;
	if (is_address(set->type) && image_header(a->image)->views.n)
		return order_for_view(a, set, pick, n, view_of(a));
	return order_of[set->order](a, set, pick, n);
}

/* ---- writing ---- */

/* One wildcard may answer for many names. */
static bool is_same_target(const struct pending *a, const struct pending *b)
{
	if (a->node != b->node)
		return false;
	return !dns_name_is_wildcard(image_name(a->node)) ||
	       (a->name_n == b->name_n && memcmp(a->name, b->name, a->name_n) == 0);
}

/* The name is the last thing in the data of MX, SRV and NS. */
static void remember_target(struct answer *a, const struct image_record *r, size_t ready_at)
{
	const struct pending target = {image_node(a->image, r->target),
		a->image->at + r->ready + r->name_at, (size_t)r->n - r->name_at,
		ready_at + r->name_at};

	if (a->npending == PENDING_MAX || target.name_at > POINTER_MAX)
		return;
	for (size_t i = 0; i < a->npending; i++)
		if (is_same_target(&a->pending[i], &target))
			return;
	a->pending[a->npending++] = target;
}

/* One record owned by the name at `owner`, its TTL made `ttl`. */
static void put_record(struct answer *a, const struct image_record *r, size_t owner, uint32_t ttl)
{
	size_t at = a->out.n;
	uint8_t *p = a->out.at + at;

	buf_put(&a->out, a->image->at + r->ready, r->n);
	if (a->out.bad)
		return;
	set_u16(p, (uint16_t)(POINTER | owner));
	set_u32(p + READY_TTL, ttl);
	for (size_t i = 0; i < COUNT_OF(r->patch); i++)
		if (r->patch[i])
			set_u16(p + r->patch[i], (uint16_t)(POINTER | a->zone_at));
	if (r->target)
		remember_target(a, r, at);
}

static void put_soa(struct answer *a, enum section s, const struct image_zone *zone, uint32_t ttl)
{
	const struct image_record *r = image_records(a->image, zone->soa);
	size_t at = a->out.n;

	put_record(a, r, a->zone_at, ttl);
	if (a->out.bad)
		return;
	set_u32(a->out.at + at + r->n - 20, dns_image_serial(a->image, a->pub->generation));
	a->count[s]++;
}

/* What is answered of a set; false: nothing, as every link of it is dead. */
static bool put_set(struct answer *a, enum section s, const struct image_set *set, size_t owner)
{
	const struct image_record *records = image_records(a->image, set->records);
	bool unsure = set->links & links_unsure(a->pub) & ~LINKS_ALWAYS;
	uint32_t ttl = unsure && set->ttl > UNSURE_TTL ? UNSURE_TTL : set->ttl;
	bool address = is_address(set->type);
	uint8_t pick[IMAGE_SET_MAX];
	unsigned n = set->flags & SET_AWAITS ? 0 : choose(a, set, pick);

	a->unsure |= set->links & links_unsure(a->pub);
	for (unsigned i = 0; i < n; i++) {
		put_record(a, &records[pick[i]], owner, ttl);
		if (address && !a->out.bad)
			a->r->count.per_link[records[pick[i]].link]++;
	}
	a->count[s] = (uint16_t)(a->count[s] + n);
	a->awaits |= set->flags & SET_AWAITS;
	if (n == 0)
		a->withdrawn |= set->links;
	return n > 0;
}

static void put_negative(struct answer *a, const struct image_zone *zone)
{
	uint32_t ttl = zone->negative;

	if (a->unsure & ~LINKS_ALWAYS && ttl > UNSURE_TTL)
		ttl = UNSURE_TTL;
	put_soa(a, SECTION_AUTHORITY, zone, ttl);
}

/* The addresses of one name; all of a type or none of it. */
static void put_addresses(struct answer *a, const struct pending *p, bool needed)
{
	static const uint16_t types[] = {DNS_A, DNS_AAAA};

	for (size_t i = 0; i < COUNT_OF(types); i++) {
		const struct image_set *set = dns_image_set(p->node, types[i]);
		struct buf before = a->out;
		uint16_t count = a->count[SECTION_ADDITIONAL];

		if (!set)
			continue;
		put_set(a, SECTION_ADDITIONAL, set, p->name_at);
		if (a->out.bad && !needed) {
			a->out = before;
			a->count[SECTION_ADDITIONAL] = count;
		}
	}
}

static void put_additional(struct answer *a, bool needed)
{
	for (size_t i = 0; i < a->npending && !a->out.bad; i++)
		put_addresses(a, &a->pending[i], needed);
}

/* ---- looking up ---- */

/* The node of the name, or of the closest name above it; NULL: in no zone of ours. */
static const struct image_node *closest(struct answer *a)
{
	unsigned most = image_header(a->image)->most_labels;
	const uint8_t *name = a->key->wire;
	size_t left = a->key->n;
	const struct image_node *node = dns_image_find(a->image, name, left, a->key->hash);

	if (node)
		return node;
	for (unsigned labels = dns_name_labels(name); !node && labels > 0; labels--) {
		left -= *name + 1u;
		name += *name + 1u;
		if (labels - 1 <= most) /* longer ones cannot be there */
			node = dns_image_find(a->image, name, left, dns_key_hash(name, left));
	}
	return node;
}

/* From here on the answer is in `zone`: where does its name stand in the reply?  A name that was
 * written compressed against the zone it came from keeps that place. */
static void enter_zone(
	struct answer *a, const struct image_zone *zone, const struct image_zone *from)
{
	if (zone != from)
		a->zone_at = a->name_at + a->key->n - image_node(a->image, zone->apex)->name_n;
}

static void put_referral(struct answer *a, const struct image_node *cut)
{
	const struct image_set *ns = dns_image_set(cut, DNS_NS);

	put_set(a, SECTION_AUTHORITY, ns, a->name_at + a->key->n - cut->name_n);
	put_additional(a, true);
}

/* ANY: the first set that has something to say. */
static bool put_any(struct answer *a, const struct image_node *node, const struct image_zone *zone)
{
	const struct image_set *sets = image_sets(node);

	for (unsigned i = 0; i < node->nsets; i++) {
		if (sets[i].type == DNS_SOA) {
			put_soa(a, SECTION_ANSWER, zone, sets[i].ttl);
			return true;
		}
		if (put_set(a, SECTION_ANSWER, &sets[i], a->name_at))
			return true;
	}
	return false;
}

/* The records of `type` that the node has; false: none now. */
static bool put_type(struct answer *a, const struct image_node *node, const struct image_zone *zone,
	uint16_t type)
{
	const struct image_set *set;

	if (type == DNS_ANY)
		return put_any(a, node, zone);
	set = dns_image_set(node, type);
	if (!set)
		return false;
	if (type == DNS_SOA) {
		put_soa(a, SECTION_ANSWER, zone, set->ttl);
		return true;
	}
	return put_set(a, SECTION_ANSWER, set, a->name_at);
}

/* The CNAME of the node; the name it points to becomes the one to answer.  False: has none. */
static bool put_cname(struct answer *a, const struct image_node *node)
{
	const struct image_set *set = dns_image_set(node, DNS_CNAME);
	size_t data_at = a->out.n + READY_DATA, end = data_at;
	struct dns_name target;

	if (!set)
		return false;
	put_set(a, SECTION_ANSWER, set, a->name_at);
	if (a->out.bad || dns_name_take(bytes_of(a->out.at, a->out.n), &end, &target) != FL_OK) {
		a->out.bad = true;
		return true;
	}
	dns_key_of(target.wire, target.n, a->key);
	a->name_at = data_at;
	return true;
}

/* DS at the top of a zone of ours is the business of the zone above, if that is ours as well.  Its
 * name stands in that of the zone, which need not stand in the name that is asked: an alias to the
 * top of its own zone is written as a pointer. */
static const struct image_zone *enter_zone_of_ds(
	struct answer *a, const struct image_node *node, const struct image_zone *zone)
{
	const struct image_zone *above;

	if (image_node(a->image, zone->apex) != node || zone->parent < 0)
		return zone;
	above = image_zone(a->image, (uint32_t)zone->parent);
	a->zone_at += (size_t)node->name_n - image_node(a->image, above->apex)->name_n;
	return above;
}

enum step { STEP_DONE, STEP_FOLLOW, STEP_REFUSED, STEP_NXDOMAIN, STEP_AWAITS };

/* What the rate limit counts an answer for: a name, what a domain has not, or a refusal. */
enum about { ABOUT_NAME, ABOUT_NODATA, ABOUT_NXDOMAIN, ABOUT_ERROR };

static void answer_is_about(struct answer *a, const void *node, enum about what)
{
	/* The low bits of an offset are free. */
	a->about = (uint32_t)((const uint8_t *)node - a->image->at) + (uint32_t)what;
}

/* Nothing was found, but it is only a matter of time, and mail depends on it. */
static bool has_to_wait(struct answer *a, const struct image_node *node, uint16_t type)
{
	a->awaits |= node->flags & NODE_AWAITED && (is_address(type) || type == DNS_ANY);
	return a->awaits;
}

/* Answer for one name of the chain. */
static enum step answer_name(struct answer *a, uint16_t type, const struct image_zone **from)
{
	const struct image_node *node = closest(a);
	const struct image_zone *zone;
	bool exact;

	if (!node)
		return STEP_REFUSED;
	exact = node->name_n == a->key->n;
	zone = image_zone(a->image, node->zone);
	enter_zone(a, zone, *from);
	*from = zone;
	if (exact && type == DNS_DS)
		zone = enter_zone_of_ds(a, node, zone);
	answer_is_about(a, node, ABOUT_NAME);
	if (node->cut && !(exact && type == DNS_DS && image_node(a->image, node->cut) == node)) {
		put_referral(a, image_node(a->image, node->cut));
		return STEP_DONE;
	}
	a->authoritative = true;
	if (!exact && node->wildcard) {
		node = image_node(a->image, node->wildcard);
		answer_is_about(a, node, ABOUT_NAME);
		exact = true;
	}
	if (exact && put_type(a, node, zone, type)) {
		put_additional(a, false);
		return STEP_DONE;
	}
	if (exact && put_cname(a, node))
		return STEP_FOLLOW;
	if (exact && has_to_wait(a, node, type))
		return STEP_AWAITS;
	put_negative(a, zone);
	answer_is_about(a, image_node(a->image, zone->apex), exact ? ABOUT_NODATA : ABOUT_NXDOMAIN);
	return exact ? STEP_DONE : STEP_NXDOMAIN;
}

static enum dns_rcode answer_question(struct answer *a, uint16_t type)
{
	const struct image_zone *from = NULL;

	for (unsigned hop = 0; hop <= CHAIN_MAX && !a->out.bad; hop++)
		switch (answer_name(a, type, &from)) {
		case STEP_FOLLOW:
			break;
		case STEP_DONE:
			return RCODE_NOERROR;
		case STEP_NXDOMAIN:
			return RCODE_NXDOMAIN;
		case STEP_AWAITS:
			a->authoritative = false;
			return RCODE_SERVFAIL;
		case STEP_REFUSED: /* only the first name has to be ours */
			return hop ? RCODE_NOERROR : RCODE_REFUSED;
		}
	return RCODE_NOERROR;
}

/* ---- ahead of time ---- */

static const struct image_slot *first_slot(const struct dns_image *image, const struct dns_query *q)
{
	return image_slots(image) + (q->key.hash & (image_header(image)->nslots - 1));
}

void dns_prefetch(const struct dns_image *image, const struct dns_query *q)
{
	if (image->at && q->has_question)
		__builtin_prefetch(first_slot(image, q));
}

void dns_prefetch_name(const struct dns_image *image, const struct dns_query *q)
{
	const uint8_t *node;

	if (!image->at || !q->has_question)
		return;
	node = image->at + first_slot(image, q)->node; /* a neighbour's or the header: harmless */
	__builtin_prefetch(node);
	__builtin_prefetch(node + 64);
	__builtin_prefetch(node + 128);
}

/* ---- the message around it ---- */

/* An option that we know and that is not as it should be (RFC 7873 5.2.2, RFC 7871 7.1.2). */
static bool option_is_broken(const struct dns_query *q, const struct image_options *o)
{
	struct dns_subnet subnet;

	if (q->cookie.at && o->cookies && !dns_cookie_is_whole(q->cookie))
		return true;
	return q->client_subnet.at && o->client_subnet &&
	       dns_subnet_take(q->client_subnet, &subnet) != FL_OK;
}

static enum dns_rcode refuse(const struct dns_query *q, const struct image_options *o)
{
	bool known = q->opcode == OPCODE_QUERY || q->opcode == OPCODE_NOTIFY ||
		     q->opcode == OPCODE_UPDATE;

	if (!known)
		return RCODE_NOTIMP;
	if (q->parsed)
		return RCODE_FORMERR;
	if (q->edns && q->version > 0) /* before its options, which may be others there */
		return RCODE_BADVERS;
	if (option_is_broken(q, o) || (!q->has_question && !o->cookies))
		return RCODE_FORMERR;
	if (q->tsig_at)
		return RCODE_NOTAUTH;
	if (q->opcode == OPCODE_QUERY && !q->has_question)
		return RCODE_NOERROR; /* it wants a cookie */
	if (q->opcode == OPCODE_QUERY && q->class == DNS_CH)
		return RCODE_NOERROR;
	if (q->opcode != OPCODE_QUERY || q->class != DNS_IN || q->type == DNS_AXFR ||
		q->type == DNS_IXFR)
		return RCODE_REFUSED;
	return RCODE_NOERROR;
}

static size_t size_limit(const struct dns_query *q, const struct dns_client *from, size_t cap)
{
	size_t limit = CLASSIC_UDP;

	if (from->tcp)
		return cap < DNS_TCP_SIZE ? cap : DNS_TCP_SIZE;
	if (q->edns && q->udp_size > limit)
		limit = q->udp_size < DNS_UDP_SIZE ? q->udp_size : DNS_UDP_SIZE;
	return cap < limit ? cap : limit;
}

/* RFC 8945 5.2.1: BADKEY, not signed.  What the client wrote of names and time is repeated. */
static bool put_tsig(struct buf *out, const struct dns_query *q)
{
	struct bytes query = q->message;
	size_t at = q->tsig_at, alg_at = q->tsig_data;
	struct dns_name key, algorithm;
	struct buf before = *out;

	if (dns_name_take(query, &at, &key) != FL_OK ||
		dns_name_take(query, &alg_at, &algorithm) != FL_OK ||
		alg_at + 8 > q->tsig_data + q->tsig_n)
		return false;
	buf_put(out, key.wire, key.n);
	buf_put_u16(out, DNS_TSIG);
	buf_put_u16(out, DNS_ANY);
	buf_put_u32(out, 0);
	buf_put_u16(out, (uint16_t)(algorithm.n + 16));
	buf_put(out, algorithm.wire, algorithm.n);
	buf_put(out, query.at + alg_at, 8); /* time signed, fudge */
	buf_put_u16(out, 0);                /* no MAC */
	buf_put_u16(out, q->id);
	buf_put_u16(out, 17); /* BADKEY */
	buf_put_u16(out, 0);
	if (out->bad)
		*out = before;
	return !before.bad && out->n > before.n;
}

static void put_header(struct buf *out, const struct dns_query *q, unsigned flags, unsigned rcode,
	bool question, const uint16_t count[SECTIONS])
{
	uint8_t *p = out->at;

	set_u16(p, q->id);
	set_u16(p + 2, (uint16_t)(FLAG_QR | (unsigned)q->opcode << 11 | (q->flags & FLAG_RD) |
				  flags | (rcode & 15)));
	set_u16(p + 4, question);
	for (unsigned s = SECTION_ANSWER; s < SECTIONS; s++)
		set_u16(p + 4 + 2 * s, count[s]);
}

/* ---- counters ---- */

/* The place of a type among the counters. */
static unsigned counted_type(uint16_t type)
{
	for (unsigned i = 0; i < DNS_COUNTED_TYPES - 1; i++)
		if (dns_counted_types[i] == type)
			return i;
	return DNS_COUNTED_TYPES - 1;
}

static void count_query(struct dns_responder *r, const struct dns_client *from)
{
	r->count.queries++;
	if (from->tcp)
		r->count.tcp++;
	else
		r->count.udp++;
}

static void count_reply(const struct answer *a, const struct dns_query *q, enum dns_rcode rcode)
{
	struct dns_counters *c = &a->r->count;

	c->rcode[rcode]++;
	c->edns += q->edns;
	c->cookie[a->edns.cookie]++;
	if (q->has_question)
		c->type[counted_type(q->type)]++;
	c->kept += a->kept != 0;
	c->withdrawn += a->withdrawn && !a->count[SECTION_ANSWER];
}

/* ---- the whole ---- */

static const struct image_options *options_of(const struct dns_image *image)
{
	static const struct image_options none;

	return image->at ? &image_header(image)->options : &none;
}

static void begin(struct answer *a, struct dns_responder *r, const struct published *pub,
	const struct dns_client *from, struct dns_query *q)
{
	a->r = r;
	a->image = &r->image;
	a->pub = pub;
	a->from = from;
	a->alive = links_alive(pub);
	a->unsure = a->withdrawn = a->kept = a->about = 0;
	memset(a->count, 0, sizeof(a->count));
	a->authoritative = a->view_known = a->awaits = false;
	a->view = NULL;
	a->name_at = DNS_HEADER;
	a->zone_at = 0;
	a->npending = 0;
	a->key = &q->key;
	a->edns = (struct dns_edns){.options = options_of(a->image), .error = DNS_ERROR_NONE};
}

/* What the client's options ask for; they have been found good. */
static void take_options(struct answer *a, const struct dns_query *q)
{
	const struct image_options *o = a->edns.options;
	uint8_t secret[16];

	if (q->cookie.at && o->cookies) {
		dns_cookie_secret(o->secret, dns_cookie_made(q->cookie), secret);
		a->edns.cookie = dns_cookie_check(secret, &a->from->addr, a->from->wall, q->cookie);
	}
	if (q->client_subnet.at && o->client_subnet &&
		dns_subnet_take(q->client_subnet, &a->edns.subnet) != FL_OK)
		a->edns.subnet.addr.family = 0; /* cannot be */
}

/* "link wan1 down" */
static void name_links(const struct answer *a, uint32_t links, struct textbuf *t)
{
	textbuf_printf(t, "link");
	for (unsigned number = 1; number <= FL_LINKS_MAX; number++)
		if (links & link_bit(number))
			textbuf_printf(t, " %s", image_header(a->image)->link[number - 1]);
	textbuf_printf(t, " down");
}

/* Refused for what it is, or for whose name it is about? */
static enum dns_extended_error refusal_of(const struct dns_query *q)
{
	if (q->opcode != OPCODE_QUERY || q->class != DNS_IN)
		return DNS_ERROR_NOT_SUPPORTED;
	return q->type == DNS_AXFR || q->type == DNS_IXFR ? DNS_ERROR_PROHIBITED
							  : DNS_ERROR_NOT_AUTHORITATIVE;
}

/* Why the answer is as it is, where its records do not say (RFC 8914). */
static void explain_error(
	struct answer *a, const struct dns_query *q, enum dns_rcode rcode, struct textbuf *t)
{
	struct dns_edns *e = &a->edns;

	if (rcode == RCODE_SERVFAIL && !a->awaits) {
		e->error = DNS_ERROR_NOT_READY;
	} else if (!e->options->errors) {
		return;
	} else if (rcode == RCODE_SERVFAIL) {
		e->error = DNS_ERROR_NOT_READY;
		textbuf_printf(t, "no address from the provider");
	} else if (rcode == RCODE_REFUSED) {
		e->error = refusal_of(q);
	} else if (a->withdrawn && !a->count[SECTION_ANSWER]) {
		e->error = DNS_ERROR_NETWORK;
		name_links(a, a->withdrawn, t);
	} else if (a->kept) {
		e->error = DNS_ERROR_OTHER;
		textbuf_printf(t, "answered although ");
		name_links(a, a->kept, t);
	}
	e->error_text = textbuf_str(t);
}

/* Leave nothing behind the question. */
static void cut_short(struct answer *a, size_t records_at)
{
	a->out.bad = false;
	a->out.n = records_at;
	memset(a->count, 0, sizeof(a->count));
}

/* Header and question are there, `a->out` ends behind the records. */
static void finish(struct answer *a, const struct dns_query *q, enum dns_rcode rcode, size_t limit,
	size_t records_at)
{
	unsigned flags = a->authoritative ? FLAG_AA : 0;
	char words[160];
	struct textbuf text = textbuf_of(words, sizeof(words));

	if (a->out.bad) {
		cut_short(a, records_at);
		flags |= FLAG_TC;
		a->r->count.truncated++;
	}
	a->out.cap = limit;
	if (q->edns) {
		explain_error(a, q, rcode, &text);
		dns_edns_put(&a->out, q, &a->edns, a->from, rcode);
		a->count[SECTION_ADDITIONAL]++;
	}
	if (rcode == RCODE_NOTAUTH && put_tsig(&a->out, q))
		a->count[SECTION_ADDITIONAL]++;
	put_header(&a->out, q, flags, rcode, records_at > DNS_HEADER, a->count);
	count_reply(a, q, rcode);
}

static enum dns_rcode answer_chaos(struct answer *a, const struct dns_query *q)
{
	if (!dns_chaos_put(&a->out, q, a->edns.options))
		return RCODE_REFUSED;
	a->authoritative = true;
	a->count[SECTION_ANSWER] = 1;
	return RCODE_NOERROR;
}

static enum dns_rcode answer_query(struct answer *a, const struct dns_query *q)
{
	if (!q->has_question)
		return RCODE_NOERROR;
	if (q->class == DNS_CH)
		return answer_chaos(a, q);
	return a->image->at ? answer_question(a, q->type) : RCODE_SERVFAIL;
}

/* The rate limit's verdict on the answer; it may become a short one.  False: it is dropped. */
static bool is_within_limit(
	struct answer *a, const struct dns_query *q, enum dns_rcode *rcode, size_t records_at)
{
	const struct image_options *o = a->edns.options;
	uint32_t about = a->about ? a->about : (uint32_t)*rcode << 2 | ABOUT_ERROR;

	if (!o->rate || a->from->tcp || a->edns.cookie == DNS_COOKIE_GOOD || !a->r->limiter)
		return true;
	switch (dns_limit(a->r->limiter, &a->from->addr, about, o->rate, o->slip, a->from->now)) {
	case DNS_LIMIT_SEND:
		return true;
	case DNS_LIMIT_DROP:
		a->r->count.limit_dropped++;
		return false;
	case DNS_LIMIT_SLIP:
		break;
	}
	a->r->count.limit_slipped++;
	a->out.bad = true; /* TC: come again over TCP */
	if (q->cookie.at && a->edns.cookie != DNS_COOKIE_NONE) {
		cut_short(a, records_at); /* come again with this cookie */
		*rcode = RCODE_BADCOOKIE;
	}
	return true;
}

enum dns_outcome dns_answer_query(struct dns_responder *r, const struct published *pub,
	const struct dns_client *from, struct dns_query *q, struct buf *reply)
{
	struct answer a;
	enum dns_rcode rcode;
	size_t limit, room, records_at = DNS_HEADER;

	count_query(r, from);
	if (q->parsed == FL_ESHORT) {
		r->count.dropped++;
		return DNS_DROP;
	}
	begin(&a, r, pub, from, q);
	rcode = refuse(q, a.edns.options);
	if (rcode == RCODE_NOERROR)
		take_options(&a, q);
	limit = size_limit(q, from, reply->cap);
	room = q->edns ? dns_edns_room(q, &a.edns) : 0;
	if (q->has_question && rcode != RCODE_NOTIMP)
		records_at += q->name_n + 4;
	if (records_at + room > limit) { /* the caller's buffer is too small for any answer */
		r->count.dropped++;
		return DNS_DROP;
	}
	a.out = buf_of(reply->at, limit - room);
	memcpy(a.out.at + DNS_HEADER, q->message.at + DNS_HEADER, records_at - DNS_HEADER);
	a.out.n = records_at;
	if (rcode == RCODE_NOERROR)
		rcode = answer_query(&a, q);
	if (!is_within_limit(&a, q, &rcode, records_at)) {
		r->count.dropped++;
		return DNS_DROP;
	}
	finish(&a, q, rcode, limit, records_at);
	reply->n = a.out.n;
	return DNS_REPLY;
}

enum dns_outcome dns_answer(struct dns_responder *r, const struct published *pub,
	const struct dns_client *from, struct bytes query, struct buf *reply)
{
	struct dns_query q;

	dns_query_parse(query, &q);
	return dns_answer_query(r, pub, from, &q, reply);
}
