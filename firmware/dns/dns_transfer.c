/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A transfer is a list of phases, each a SOA record or a walk over the zone's records:
 *
 *   AXFR                 SOA, all records, SOA
 *   IXFR, by the journal new SOA, old SOA, what goes, new SOA, what comes, new SOA
 *   IXFR, up to date     SOA
 *
 * An IXFR from a serial that the journal does not know is answered as an AXFR is (RFC 1995 4).
 * Every message repeats the question, so that every name of the zone is a few labels and a pointer
 * to octet 12; a message ends before 16 KiB, and every one is signed where the question was.
 *
 * TTLs are those of the settings: a link that is suspect changes no record, and so costs no
 * transfer.
 *
 * A name that has no record while its links are dead is there all the same, and is NODATA with us.
 * A secondary has no name without a record, and NXDOMAIN would say that there is nothing below it
 * either (RFC 8020); so it gets a TXT record that keeps the name.
 *
 * An exchange that mail waits for, as its provider has given it no address, is SERVFAIL with us.  A
 * secondary cannot be told to say so; so the name is delegated to the zone's own name servers, and
 * who asks the secondary is sent to us.  The zone's top cannot be delegated: where that is the
 * exchange, the transfer fails, and the secondary keeps what it has.
 *
 * A domain below this one that is ours as well is delegated in a transfer: a secondary need not
 * have both.  Its addresses there are all of the name servers', as in any other parent. */
#include "dns_transfer.h"

#include "dns_access.h"
#include "dns_edns.h"
#include "dns_format.h"
#include "dns_query.h"
#include "dns_rdata.h"

#include <string.h>

#define OPT_SIZE    11
#define ERROR_SIZE  6                      /* an extended error without text */
#define ZONE_AT     (0xc000u | DNS_HEADER) /* the question's name */
#define SERIAL_BACK 20                     /* of the SOA data, from its end */

/* ---- live sets ---- */

void dns_live_of(const struct published *pub, struct dns_live *out)
{
	memset(out, 0,
		sizeof(*out)); /* with what lies between the members, as they are compared whole */
	out->generation = pub->generation;
	out->alive = links_alive(pub);
	for (uint32_t i = 0; i < pub->npolicies && i < POLICIES_MAX; i++) {
		const struct published_policy *p = &pub->policy[i];

		if (!policy_takes_one((enum policy_method)p->method))
			continue;
		out->policy[i].single = true;
		out->policy[i].nlive = p->nlive < FL_LINKS_MAX ? p->nlive : FL_LINKS_MAX;
		memcpy(out->policy[i].live, p->live, out->policy[i].nlive);
	}
}

bool dns_live_same(const struct dns_live *a, const struct dns_live *b)
{
	return a->alive == b->alive && memcmp(a->policy, b->policy, sizeof(a->policy)) == 0;
}

/* Of the records that are in, those on the best live link; without one the first. */
static void keep_best(const struct dns_image *image, const struct dns_preference *p,
	const struct image_set *set, bool in[IMAGE_SET_MAX])
{
	const struct image_record *r = image_records(image, set->records);
	bool best[IMAGE_SET_MAX] = {false};
	bool found = false;

	for (unsigned k = 0; k < p->nlive && !found; k++)
		for (unsigned i = 0; i < set->count; i++)
			if (in[i] && r[i].link == p->live[k])
				best[i] = found = true;
	for (unsigned i = 0; i < set->count && !found; i++)
		best[i] = found = in[i];
	memcpy(in, best, sizeof(best));
}

/* Which records of a set are in, by index. */
static void select_records(const struct dns_image *image, const struct dns_live *live,
	const struct image_set *set, bool in[IMAGE_SET_MAX])
{
	const struct image_record *r = image_records(image, set->records);
	/* Every bit: no link was live, and so all of them count. */
	uint32_t live_ones = live->alive == ~UINT32_C(0) ? 0 : live->alive;
	uint32_t alive = links_alive_for(set, live_ones, live->alive);
	bool any = false, whole;

	for (unsigned i = 0; i < set->count; i++)
		any |= in[i] = r[i].links & alive;
	for (unsigned i = 0; i < set->count && !any && set->flags & SET_INSTEAD; i++)
		in[i] = r[i].instead;
	any |= set->flags & SET_INSTEAD;
	whole = !any && dns_set_is_whole(image, set, live->alive);
	for (unsigned i = 0; i < set->count && whole; i++)
		in[i] = true;
	if (set->order == ORDER_POLICY && live->policy[set->policy].single)
		keep_best(image, &live->policy[set->policy], set, in);
}

/* Can different records of this set be in? */
static bool may_differ(
	const struct image_set *set, const struct dns_live *a, const struct dns_live *b)
{
	return set->order == ORDER_POLICY || set->nmasks || set->flags & SET_INSTEAD ||
	       set->links & (a->alive ^ b->alive);
}

/* ---- records ---- */

/* One record behind a question for the zone: names of the zone point there. */
static bool put_record(struct buf *m, const struct dns_image *image, const struct image_node *apex,
	const struct image_node *node, const struct image_record *r)
{
	struct buf before = *m;
	uint8_t *ready;

	buf_put(m, image_name(node), node->name_n - apex->name_n);
	buf_put_u16(m, ZONE_AT);
	ready = m->at + m->n - 2;
	buf_put(m, image->at + r->ready + 2, r->n - 2u);
	if (m->bad) {
		*m = before;
		return false;
	}
	for (size_t i = 0; i < COUNT_OF(r->patch); i++)
		if (r->patch[i])
			set_u16(ready + r->patch[i], ZONE_AT);
	return true;
}

static bool put_soa(
	struct buf *m, const struct dns_image *image, uint32_t zone, uint32_t generation)
{
	const struct image_zone *z = image_zone(image, zone);
	const struct image_node *apex = image_node(image, z->apex);

	if (!put_record(m, image, apex, apex, image_records(image, z->soa)))
		return false;
	set_u32(m->at + m->n - SERIAL_BACK, dns_image_serial(image, generation));
	return true;
}

/* What keeps a name without a live record. */
static bool put_keeper(struct buf *m, const struct dns_image *image, const struct image_zone *zone,
	const struct image_node *node)
{
	static const char text[] = "no link of this name is live";
	const struct image_node *apex = image_node(image, zone->apex);
	struct buf before = *m;

	buf_put(m, image_name(node), node->name_n - apex->name_n);
	buf_put_u16(m, ZONE_AT);
	buf_put_u16(m, DNS_TXT);
	buf_put_u16(m, DNS_IN);
	buf_put_u32(m, zone->negative);
	buf_put_u16(m, sizeof(text));
	buf_put_u8(m, sizeof(text) - 1);
	buf_put(m, text, sizeof(text) - 1);
	if (m->bad)
		*m = before;
	return !before.bad && m->n > before.n;
}

/* ---- walks ---- */

enum walk_kind { WALK_ALL, WALK_GONE, WALK_NEW };

static struct dns_walk walk_begin(const struct dns_image *image)
{
	return (struct dns_walk){.node = image_header(image)->nodes};
}

static bool is_wanted(enum walk_kind kind, bool now, bool old)
{
	switch (kind) {
	case WALK_ALL:
		break;
	case WALK_GONE:
		return old && !now;
	case WALK_NEW:
		return now && !old;
	}
	return now;
}

/* Records of one set from t->walk.record on.  True: there are no more. */
static bool walk_set(struct dns_transfer *t, enum walk_kind kind, const struct image_node *node,
	const struct image_set *set, struct buf *m, unsigned *count)
{
	const struct dns_image *image = &t->image;
	const struct image_node *apex = image_node(image, image_zone(image, t->zone)->apex);
	const struct image_record *r = image_records(image, set->records);
	bool now[IMAGE_SET_MAX], old[IMAGE_SET_MAX] = {false};
	unsigned *i = &t->walk.record;

	if (set->type == DNS_SOA || (kind != WALK_ALL && !may_differ(set, &t->now, &t->old)))
		return true;
	select_records(image, &t->now, set, now);
	if (kind != WALK_ALL)
		select_records(image, &t->old, set, old);
	for (; *i < set->count; ++*i) {
		if (!is_wanted(kind, now[*i], old[*i]))
			continue;
		if (!put_record(m, image, apex, node, &r[*i]))
			return false;
		++*count;
	}
	return true;
}

/* Has the name records, and none of them is in? */
static bool needs_keeper(
	const struct dns_image *image, const struct dns_live *live, const struct image_node *node)
{
	bool in[IMAGE_SET_MAX];

	for (unsigned i = 0; i < node->nsets; i++) {
		const struct image_set *set = &image_sets(node)[i];

		if (set->links & LINKS_ALWAYS)
			return false;
		select_records(image, live, set, in);
		for (unsigned k = 0; k < set->count; k++)
			if (in[k])
				return false;
	}
	return node->nsets > 0;
}

/* Send who asks for the name to the zone's name servers. */
static bool walk_delegation(
	struct dns_transfer *t, const struct image_node *node, struct buf *m, unsigned *count)
{
	const struct dns_image *image = &t->image;
	const struct image_node *apex = image_node(image, image_zone(image, t->zone)->apex);
	const struct image_set *ns = dns_image_set(apex, DNS_NS);
	unsigned *i = &t->walk.record;

	for (; ns && *i < ns->count; ++*i, ++*count)
		if (!put_record(m, image, apex, node, &image_records(image, ns->records)[*i]))
			return false;
	*i = 0;
	return true;
}

static bool walk_keeper(struct dns_transfer *t, enum walk_kind kind, const struct image_node *node,
	struct buf *m, unsigned *count)
{
	bool now = needs_keeper(&t->image, &t->now, node);
	bool old = kind != WALK_ALL && needs_keeper(&t->image, &t->old, node);

	if (t->for_people)
		return true;
	if (node->flags & NODE_AWAITED) /* for as long as there is this image */
		return kind != WALK_ALL || walk_delegation(t, node, m, count);
	if (!is_wanted(kind, now, old))
		return true;
	if (!put_keeper(m, &t->image, image_zone(&t->image, t->zone), node))
		return false;
	++*count;
	return true;
}

/* One record of a domain of ours below the zone: its pointers to that domain's name are written
 * out. */
static void put_of_child(struct buf *m, const struct dns_image *image,
	const struct image_node *apex, const struct image_node *child,
	const struct image_node *node, const struct image_record *r)
{
	const uint8_t *ready = image->at + r->ready;
	unsigned kept = r->patch[0] ? r->patch[0] : r->n;
	size_t data_at;

	buf_put(m, image_name(node), node->name_n - apex->name_n);
	buf_put_u16(m, ZONE_AT);
	buf_put(m, ready + READY_TYPE, kept - READY_TYPE);
	data_at = m->n - (kept - READY_DATA);
	if (r->patch[0]) {
		buf_put(m, image_name(child), child->name_n - apex->name_n);
		buf_put_u16(m, ZONE_AT);
	}
	if (!m->bad)
		set_u16(m->at + data_at - 2, (uint16_t)(m->n - data_at));
}

static unsigned put_set_of_child(struct buf *m, const struct dns_image *image,
	const struct image_node *apex, const struct image_node *child,
	const struct image_node *node, uint16_t type)
{
	const struct image_set *set = dns_image_set(node, type);

	for (unsigned i = 0; set && i < set->count; i++)
		put_of_child(m, image, apex, child, node, &image_records(image, set->records)[i]);
	return set ? set->count : 0;
}

/* The delegation of a domain of ours: its name servers, and their addresses where they lie in it.
 * It fits as a whole or not at all. */
static bool walk_child(const struct dns_transfer *t, const struct image_node *child, struct buf *m,
	unsigned *count)
{
	const struct dns_image *image = &t->image;
	const struct image_node *apex = image_node(image, image_zone(image, t->zone)->apex);
	const struct image_set *ns = dns_image_set(child, DNS_NS);
	struct buf before = *m;
	unsigned n = put_set_of_child(m, image, apex, child, child, DNS_NS);

	for (unsigned i = 0; ns && i < ns->count; i++) {
		const struct image_record *r = &image_records(image, ns->records)[i];
		const struct image_node *server = image_node(image, r->target);

		if (!r->target || !dns_name_is_below(image_name(server), server->name_n,
					  image_name(child), child->name_n))
			continue;
		n += put_set_of_child(m, image, apex, child, server, DNS_A);
		n += put_set_of_child(m, image, apex, child, server, DNS_AAAA);
	}
	if (m->bad) {
		*m = before;
		return false;
	}
	*count += n;
	return true;
}

static bool is_child(const struct dns_transfer *t, const struct image_node *node)
{
	const struct image_zone *zone = image_zone(&t->image, node->zone);

	return zone->parent == (int32_t)t->zone && image_node(&t->image, zone->apex) == node;
}

/* The next records of the zone as long as they fit.  True: there are no more. */
static bool walk_put(struct dns_transfer *t, enum walk_kind kind, struct buf *m, unsigned *count)
{
	const struct dns_image *image = &t->image;
	struct dns_walk *w = &t->walk;

	for (; w->node < image_header(image)->size;
		w->node += image_node(image, w->node)->size, w->set = 0) {
		const struct image_node *node = image_node(image, w->node);

		if (node->flags & NODE_GONE)
			continue;
		if (node->zone != t->zone) {
			if (kind == WALK_ALL && is_child(t, node) && !walk_child(t, node, m, count))
				return false;
			continue;
		}
		for (; w->set < node->nsets; w->set++, w->record = 0)
			if (!walk_set(t, kind, node, &image_sets(node)[w->set], m, count))
				return false;
		if (!walk_keeper(t, kind, node, m, count))
			return false;
	}
	return true;
}

/* ---- phases ---- */

enum phase { PHASE_END, PHASE_SOA, PHASE_SOA_OLD, PHASE_ALL, PHASE_GONE, PHASE_NEW };

static const uint8_t refusal[] = {PHASE_END};
static const uint8_t serial_alone[] = {PHASE_SOA, PHASE_END};
static const uint8_t whole_zone[] = {PHASE_SOA, PHASE_ALL, PHASE_SOA, PHASE_END};
static const uint8_t difference[] = {
	PHASE_SOA, PHASE_SOA_OLD, PHASE_GONE, PHASE_SOA, PHASE_NEW, PHASE_SOA, PHASE_END};

/* As much of the phase as fits; true: it is over. */
static bool put_phase(struct dns_transfer *t, struct buf *m, unsigned *count)
{
	bool done = false;

	switch ((enum phase) * t->phase) {
	case PHASE_END:
		return true;
	case PHASE_SOA:
		done = put_soa(m, &t->image, t->zone, t->now.generation);
		break;
	case PHASE_SOA_OLD:
		done = put_soa(m, &t->image, t->zone, t->old.generation);
		break;
	case PHASE_ALL:
		return walk_put(t, WALK_ALL, m, count);
	case PHASE_GONE:
		return walk_put(t, WALK_GONE, m, count);
	case PHASE_NEW:
		return walk_put(t, WALK_NEW, m, count);
	}
	*count += done;
	return done;
}

/* ---- beginning ---- */

static struct bytes question_of(struct bytes message)
{
	size_t n = message.n < DNS_HEADER
			   ? 0
			   : dns_name_size(message.at + DNS_HEADER, message.n - DNS_HEADER);

	if (!n || message.n - DNS_HEADER - n < 4)
		return bytes_of(NULL, 0);
	return bytes_of(message.at + DNS_HEADER, n + 4);
}

bool dns_transfer_is_asked(struct bytes message)
{
	struct bytes q = question_of(message);
	uint16_t type = q.n ? get_u16(q.at + q.n - 4) : 0;

	return (type == DNS_AXFR || type == DNS_IXFR) && !(message.at[2] & 0xf8) &&
	       get_u16(message.at + 4) == 1;
}

/* The serial in the authority section, RFC 1995 3. */
static bool client_serial(struct bytes message, size_t question_n, uint32_t *out)
{
	size_t at = DNS_HEADER + question_n;
	struct dns_name name;
	struct bytes rest;
	uint16_t type, n;

	if (get_u16(message.at + 6) || !get_u16(message.at + 8) ||
		dns_name_take(message, &at, &name) != FL_OK)
		return false;
	rest = bytes_of(message.at + at, message.n - at);
	type = bytes_take_u16(&rest);
	bytes_take(&rest, 6);
	n = bytes_take_u16(&rest);
	at = message.n - rest.n;
	if (rest.bad || type != DNS_SOA || rest.n < n ||
		!dns_rdata_check(type, message, at, n, NULL, NULL))
		return false;
	*out = get_u32(message.at + at + n - SERIAL_BACK);
	return true;
}

static const struct dns_live *journal_find(const struct dns_journal *j, uint32_t generation)
{
	for (unsigned i = 0; i < j->n; i++)
		if (j->live[i].generation == generation)
			return &j->live[i];
	return NULL;
}

static void journal_add(
	struct dns_journal *j, const struct dns_image *image, const struct dns_live *live)
{
	if (j->serial != image_header(image)->serial)
		*j = (struct dns_journal){.serial = image_header(image)->serial};
	if (journal_find(j, live->generation))
		return;
	j->live[j->next] = *live;
	j->next = (j->next + 1) % DNS_JOURNAL_MAX;
	j->n += j->n < DNS_JOURNAL_MAX;
}

/* What an IXFR is answered with. */
static const uint8_t *incremental(struct dns_transfer *t, const struct dns_journal *j,
	struct bytes message, size_t question_n)
{
	uint32_t now = dns_image_serial(&t->image, t->now.generation), serial;
	const struct dns_live *old;

	if (!client_serial(message, question_n, &serial)) {
		t->rcode = RCODE_FORMERR;
		return refusal;
	}
	if (!j || (int32_t)(serial - now) >= 0)
		return serial_alone;
	old = j->serial == image_header(&t->image)->serial
		      ? journal_find(j, serial - image_header(&t->image)->serial)
		      : NULL;
	if (!old)
		return whole_zone;
	t->old = *old;
	return difference;
}

/* The key that signed the question, in t->tsig too; the verdict on a bad signature in t->rcode. */
static const struct tsig_key *check_signature(struct dns_transfer *t, const struct dns_signer *s,
	struct bytes message, const struct dns_query *q)
{
	struct dns_tsig_record record;
	const struct tsig_key *key;

	if (dns_tsig_take(message, q->tsig_at, q->tsig_data, q->tsig_n, &record) != FL_OK) {
		t->rcode = RCODE_FORMERR;
		return NULL;
	}
	key = dns_image_key(&t->image, &record);
	if (!record.known_hash ||
		dns_tsig_verify(s->mac, key, message, &record, s->now, &t->tsig) != FL_OK) {
		t->rcode = record.known_hash ? RCODE_FORMERR : RCODE_NOTAUTH;
		return NULL;
	}
	t->is_signed = true;
	if (t->tsig.error)
		t->rcode = RCODE_NOTAUTH;
	return t->tsig.error ? NULL : key;
}

/* The zone whose name the question is.  False: none of ours. */
static bool find_zone(struct dns_transfer *t, const struct dns_query *q)
{
	const struct image_node *node =
		dns_image_find(&t->image, q->key.wire, q->key.n, q->key.hash);

	if (!node || image_node(&t->image, image_zone(&t->image, node->zone)->apex) != node)
		return false;
	t->zone = node->zone;
	return true;
}

static void refuse(struct dns_transfer *t, enum dns_extended_error why)
{
	t->rcode = RCODE_REFUSED;
	t->error = image_header(&t->image)->options.errors ? (uint8_t)why : 0;
}

static const struct image_node *apex_of(const struct dns_transfer *t)
{
	return image_node(&t->image, image_zone(&t->image, t->zone)->apex);
}

/* Everything that can be said against the question, in t->rcode. */
static void judge(struct dns_transfer *t, const struct dns_client *from,
	const struct dns_signer *signer, struct bytes message, const struct dns_query *q)
{
	const struct tsig_key *key = NULL;

	if (q->edns && q->version > 0)
		t->rcode = RCODE_BADVERS;
	else if (q->tsig_at)
		key = check_signature(t, signer, message, q);
	if (t->rcode)
		return;
	if (q->class != DNS_IN || (q->type == DNS_AXFR && !from->tcp))
		refuse(t, DNS_ERROR_NOT_SUPPORTED);
	else if (!find_zone(t, q))
		refuse(t, DNS_ERROR_NOT_AUTHORITATIVE);
	else if (!dns_access_is_given(&t->image, t->zone, &from->addr, key))
		refuse(t, DNS_ERROR_PROHIBITED);
	else if (apex_of(t)->flags & NODE_WITHHELD)
		t->rcode = RCODE_SERVFAIL;
}

bool dns_transfer_begin(struct dns_transfer *t, const struct dns_image *image,
	const struct published *pub, const struct dns_client *from, const struct dns_signer *signer,
	struct dns_journal *journal, struct bytes message)
{
	struct bytes question = question_of(message);
	struct dns_query q;
	enum fl_err parsed = dns_query_parse(message, &q);

	if (parsed == FL_ESHORT || !question.n || question.n > sizeof(t->question))
		return false;
	*t = (struct dns_transfer){.image = *image, .phase = refusal, .id = q.id, .edns = q.edns};
	t->flags = q.flags & FLAG_RD;
	memcpy(t->question, question.at, question.n);
	t->question_n = (uint16_t)question.n;
	if (parsed)
		t->rcode = RCODE_FORMERR;
	else
		judge(t, from, signer, message, &q);
	if (t->rcode)
		return true;
	t->walk = walk_begin(image);
	dns_live_of(pub, &t->now);
	t->phase = q.type == DNS_AXFR ? whole_zone : incremental(t, journal, message, question.n);
	if (journal && !t->rcode)
		journal_add(journal, image, &t->now);
	return true;
}

/* ---- messages ---- */

static void put_opt(struct buf *m, uint8_t rcode, uint8_t error)
{
	buf_put_u8(m, 0);
	buf_put_u16(m, DNS_OPT);
	buf_put_u16(m, DNS_UDP_SIZE);
	buf_put_u32(m, (uint32_t)(rcode >> 4) << 24);
	buf_put_u16(m, error ? ERROR_SIZE : 0);
	if (!error)
		return;
	buf_put_u16(m, OPTION_ERROR);
	buf_put_u16(m, 2);
	buf_put_u16(m, error);
}

static size_t tail_size(const struct dns_transfer *t)
{
	size_t n = t->is_signed ? dns_tsig_room(&t->tsig) : 0;

	if (t->edns)
		n += t->error ? OPT_SIZE + ERROR_SIZE : OPT_SIZE;
	return n;
}

/* The phases as far as they fit into one message.  Returns the number of records. */
static unsigned put_phases(struct dns_transfer *t, struct buf *m)
{
	unsigned count = 0;

	while (*t->phase != PHASE_END && put_phase(t, m, &count)) {
		t->phase++;
		t->walk = walk_begin(&t->image);
	}
	return count;
}

enum dns_transfer_step dns_transfer_next(struct dns_transfer *t, const struct dns_image *image,
	const struct dns_signer *signer, struct buf *reply)
{
	size_t cap = reply->cap < DNS_TRANSFER_SIZE ? reply->cap : DNS_TRANSFER_SIZE;
	uint8_t header[DNS_HEADER] = {0};
	struct buf m = buf_of(reply->at, cap - tail_size(t));
	unsigned flags = FLAG_QR | t->flags | (t->rcode ? 0 : FLAG_AA) | (t->rcode & 15u);

	if (image->at != t->image.at || image->n != t->image.n ||
		image_header(image)->serial != image_header(&t->image)->serial)
		return DNS_TRANSFER_LOST;
	set_u16(header, t->id);
	set_u16(header + 2, (uint16_t)flags);
	set_u16(header + 4, 1);
	buf_put(&m, header, sizeof(header));
	buf_put(&m, t->question, t->question_n);
	set_u16(m.at + 6, (uint16_t)put_phases(t, &m));
	m.cap = cap;
	if (t->edns) {
		put_opt(&m, t->rcode, t->error);
		set_u16(m.at + 10, 1);
	}
	if (t->is_signed)
		dns_tsig_sign(signer->mac, &t->tsig, signer->now, &m);
	*reply = m;
	return *t->phase == PHASE_END ? DNS_TRANSFER_LAST : DNS_TRANSFER_MORE;
}

/* ---- for people, and for NOTIFY ---- */

static bool zone_by_name(const struct dns_image *image, const struct dns_name *name, uint32_t *out)
{
	const struct image_node *node;
	struct dns_key key;

	dns_key_of(name->wire, name->n, &key);
	node = dns_image_find(image, key.wire, key.n, key.hash);
	if (!node || image_node(image, image_zone(image, node->zone)->apex) != node)
		return false;
	*out = node->zone;
	return true;
}

bool dns_zone_soa(const struct dns_image *image, const struct dns_name *zone, uint32_t generation,
	struct buf *out)
{
	uint32_t index;

	return zone_by_name(image, zone, &index) && put_soa(out, image, index, generation);
}

static void print_one(struct bytes m, size_t *at, const struct sink *out)
{
	char text[DNS_NAME_TEXT_MAX], type_text[DNS_TYPE_TEXT_MAX];
	struct dns_name owner;
	struct bytes rest;
	uint16_t type, n;
	uint32_t ttl;

	if (dns_name_take(m, at, &owner) != FL_OK)
		return;
	rest = bytes_of(m.at + *at, m.n - *at);
	type = bytes_take_u16(&rest);
	bytes_take_u16(&rest);
	ttl = bytes_take_u32(&rest);
	n = bytes_take_u16(&rest);
	*at = m.n - rest.n;
	sink_printf(out, "%s\t%lu\tIN\t%s\t", dns_name_text(owner.wire, text), (unsigned long)ttl,
		dns_type_text(type, type_text));
	dns_rdata_print(type, m, *at, n, out);
	sink_puts(out, "\n");
	*at += n;
}

enum fl_err dns_zone_print(const struct dns_image *image, const struct published *pub,
	struct str name, const struct sink *out)
{
	static const uint8_t once[] = {PHASE_SOA, PHASE_ALL, PHASE_END};
	struct dns_transfer t = {
		.image = *image, .phase = once, .walk = walk_begin(image), .for_people = true};
	uint8_t octets[DNS_TRANSFER_SIZE];
	struct dns_name wire;

	if (dns_name_parse(name, NULL, &wire) != FL_OK || !zone_by_name(image, &wire, &t.zone))
		return FL_ENOENT;
	dns_live_of(pub, &t.now);
	while (*t.phase != PHASE_END) {
		struct buf m = buf_of(octets, sizeof(octets));
		size_t at = DNS_HEADER + wire.n + 4u;

		memset(octets, 0, at);
		memcpy(octets + DNS_HEADER, wire.wire, wire.n);
		m.n = at;
		put_phases(&t, &m);
		while (at < m.n)
			print_one(bytes_of(m.at, m.n), &at, out);
	}
	return FL_OK;
}
