/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenario.h"

#include "dns_query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs the three above. */
#include <cmocka.h>

#define SETTINGS_FILE "tests/sim/two-wans.conf"

static char *read_file(const char *path, const char *more)
{
	FILE *f = fopen(path, "r");
	char *text = calloc(1, 65536 + strlen(more));
	size_t n;

	if (!f || !text)
		fail_msg("cannot read %s", path);
	n = fread(text, 1, 65535, f);
	fclose(f);
	memcpy(text + n, more, strlen(more));
	return text;
}

static struct scenario *open_world(
	const char *settings, const char *boot_words, bool kernel_refuses)
{
	struct scenario *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	sim_open(&s->sim, 1);
	s->rng = rng_of(2);
	s->asker = ip_addr_v4(192, 0, 2, 25);
	sim_interface(&s->sim, "eth0");
	sim_interface(&s->sim, "eth1");
	sim_interface(&s->sim, "eth2");
	sim_store(&s->sim, "settings", settings);
	if (boot_words)
		sim_image(&s->sim, boot_words);
	s->sim.kernel_refuses = kernel_refuses;
	(void)fairlead_open(&s->product, &s->sim.drivers);
	/* The jitter of probes is the same, whatever else was drawn at random before. */
	for (uint8_t number = 1; number <= FL_LINKS_MAX; number++)
		s->product.link[number].rng = rng_of(number);
	return s;
}

struct scenario *scenario_open_with(const char *settings)
{
	return open_world(settings, NULL, false);
}

struct scenario *scenario_open_image(const char *more, const char *boot_words)
{
	char *text = read_file(SETTINGS_FILE, more);
	struct scenario *s = open_world(text, boot_words, false);

	free(text);
	return s;
}

struct scenario *scenario_open(const char *more)
{
	char *text = read_file(SETTINGS_FILE, more);
	struct scenario *s = scenario_open_with(text);

	free(text);
	return s;
}

struct scenario *scenario_open_refused(const char *more)
{
	char *text = read_file(SETTINGS_FILE, more);
	struct scenario *s = open_world(text, NULL, true);

	free(text);
	return s;
}

void scenario_close(struct scenario *s)
{
	fairlead_close(&s->product);
	assert_int_equal(s->sim.allocations, 0);
	sim_close(&s->sim);
	free(s);
}

/* ---- asking ---- */

/* The image the simulator was given last; checked once, as a worker does. */
static struct dns_image image_of(struct scenario *s)
{
	if (s->image.at != s->sim.image || s->image_serial != s->product.serial)
		assert_int_equal(
			dns_image_open(bytes_of(s->sim.image, s->sim.image_n), &s->image), FL_OK);
	s->image_serial = s->product.serial;
	return s->image;
}

void scenario_asker(struct scenario *s, const char *address, const char *subnet)
{
	s->asks_for = (struct ip_prefix){0};
	assert_int_equal(ip_addr_parse(str_of(address), &s->asker), FL_OK);
	if (subnet)
		assert_int_equal(ip_prefix_parse(str_of(subnet), &s->asks_for), FL_OK);
}

void scenario_ask(struct scenario *s, const char *name, uint16_t type, struct client_reply *out)
{
	uint8_t query[400], reply[4096];
	size_t n =
		client_query(query, sizeof(query), (uint16_t)rng_below(&s->rng, 65536), name, type);
	struct buf b = buf_of(reply, sizeof(reply));
	struct dns_responder r = {.image = image_of(s),
		.rng = rng_of(rng_u64(&s->rng)),
		.turn = (uint32_t)rng_u64(&s->rng)};
	struct dns_client from = {.addr = s->asker, .tcp = true};
	struct published pub;

	if (s->asks_for.addr.family)
		n = client_add_subnet(query, n, sizeof(query), &s->asks_for);
	assert_int_equal(s->sim.state_n, sizeof(pub));
	memcpy(&pub, s->sim.state, sizeof(pub));
	assert_int_equal(dns_answer(&r, &pub, &from, bytes_of(query, n), &b), DNS_REPLY);
	assert_true(client_read(bytes_of(reply, b.n), out));
}

const char *scenario_answer(struct scenario *s, const char *name, uint16_t type)
{
	static char text[2048];
	struct client_reply reply;
	struct textbuf t = textbuf_of(text, sizeof(text));

	scenario_ask(s, name, type, &reply);
	for (size_t i = 0; i < reply.n; i++) {
		const struct client_record *r = &reply.record[i];
		char addr[IP_TEXT_MAX];

		if (r->section != 1 || r->type != type)
			continue;
		if (t.n)
			textbuf_printf(&t, ", ");
		if (type == CLIENT_MX)
			textbuf_printf(&t, "%u %s", r->preference, r->name);
		else
			textbuf_printf(
				&t, "%s", r->addr.family ? ip_addr_text(&r->addr, addr) : r->name);
	}
	return text;
}

/* ---- invariants ---- */

/* Is the host's link live, for the family of its address? */
/* Its address now; the link's own where none was typed.  Family 0: none yet. */
static struct ip_addr address_of(const struct scenario *s, const struct dns_host_conf *h)
{
	const struct config *c = &s->product.config[s->product.current];
	const struct ip_prefix *own =
		h->link < 0 ? NULL : link_conf_address(&c->v.links[h->link], 4);

	return h->address.family || !own ? h->address : own->addr;
}

static bool host_is_live(const struct scenario *s, const struct dns_host_conf *h)
{
	const struct config *c = &s->product.config[s->product.current];
	const struct published *p = &s->product.published;

	return h->link < 0 || p->live == 0 ||
	       published_carries(p, c->v.links[h->link].number, address_of(s, h).family);
}

static const struct dns_host_conf *host_of(
	const struct scenario *s, const struct dns_domain_conf *d, const struct ip_addr *a)
{
	for (size_t i = 0; i < d->nhosts; i++) {
		struct ip_addr now = address_of(s, &d->hosts[i]);

		if (ip_addr_eq(&now, a))
			return &d->hosts[i];
	}
	return NULL;
}

static void full_name(const struct dns_domain_conf *d, struct str label, char out[300])
{
	if (str_is(label, "@"))
		snprintf(out, 300, "%.*s", STR_ARG(d->name));
	else
		snprintf(out, 300, "%.*s.%.*s", STR_ARG(label), STR_ARG(d->name));
}

static void mail_is_never_made_to_bounce(struct scenario *s, const struct dns_domain_conf *d)
{
	struct client_reply mx, a;
	size_t entries = 0, live_entries = 0, waiting = 0, answered;
	bool dead = false;
	char name[300];

	for (size_t i = 0; i < d->nhosts; i++) {
		bool addressed = address_of(s, &d->hosts[i]).family != 0;

		waiting += d->hosts[i].mail_entry && !addressed;
		entries += d->hosts[i].mail_entry && addressed;
		live_entries +=
			d->hosts[i].mail_entry && addressed && host_is_live(s, &d->hosts[i]);
	}
	if (!entries && !waiting)
		return;
	full_name(d, STR("@"), name);
	scenario_ask(s, name, CLIENT_MX, &mx);
	if (!entries) {
		assert_int_equal(mx.rcode, RCODE_SERVFAIL);
		return;
	}
	answered = client_count(&mx, 1, CLIENT_MX);
	assert_int_equal(answered, live_entries ? live_entries : entries);
	for (size_t i = 0; i < mx.n; i++) {
		const struct client_record *r = &mx.record[i];
		const struct dns_host_conf *host;

		if (r->section != 1)
			continue;
		scenario_ask(s, r->name, CLIENT_A, &a);
		if (client_count(&a, 1, CLIENT_A) == 0)
			scenario_ask(s, r->name, CLIENT_AAAA, &a);
		assert_int_equal(
			client_count(&a, 1, CLIENT_A) + client_count(&a, 1, CLIENT_AAAA), 1);
		host = host_of(s, d, &a.record[0].addr);
		assert_non_null(host);
		dead |= !host_is_live(s, host);
	}
	assert_true(!dead || live_entries == 0);
}

static void no_answer_is_dead_while_one_lives(struct scenario *s, const struct dns_domain_conf *d)
{
	for (size_t i = 0; i < d->nbalanced; i++) {
		const struct dns_balanced_conf *b = &d->balanced[i];
		struct client_reply a;
		bool one_lives = false;
		char name[300];

		for (size_t m = 0; m < b->nmembers; m++)
			one_lives |= host_is_live(s, &d->hosts[b->members[m].host]) &&
				     d->hosts[b->members[m].host].address.family == 4;
		full_name(d, b->name.label, name);
		scenario_ask(s, name, CLIENT_A, &a);
		assert_true(!one_lives || client_count(&a, 1, CLIENT_A) > 0);
		for (size_t r = 0; r < a.n; r++) {
			const struct dns_host_conf *h =
				a.record[r].section == 1 ? host_of(s, d, &a.record[r].addr) : NULL;

			if (h && one_lives)
				assert_true(host_is_live(s, h));
		}
	}
}

static void no_slot_is_dead_while_a_member_lives(const struct scenario *s)
{
	const struct published *p = &s->product.published;

	for (uint32_t i = 0; i < p->npolicies; i++) {
		const struct published_policy *pol = &p->policy[i];

		for (size_t n = 0; n < POLICY_SLOTS; n++) {
			if (pol->nlive == 0)
				assert_int_equal(pol->slot[n], 0);
			else
				assert_true(p->live & link_bit(pol->slot[n]));
		}
	}
}

static void kernel_agrees(const struct scenario *s)
{
	const struct published *p = &s->product.published;

	if (s->sim.kernel_refuses || p->generation == 0)
		return;
	if (s->sim.kernel_lacks && s->sim.nsets == 0)
		return; /* it cannot have the table */
	for (uint8_t n = 1; n <= FL_LINKS_MAX; n++) {
		struct kelem e = {0};
		uint8_t family = KNFPROTO_IPV4;
		uint32_t mark = n, value;

		if (!(p->configured & link_bit(n)))
			continue;
		kelem_put(&e, KSET_NFPROTO, &family, 1);
		kelem_put(&e, KSET_MARK, &mark, 4);
		assert_int_equal(sim_lookup(&s->sim, "down", e.key, e.key_n, &value),
			!published_carries(p, n, 4));
	}
}

static void check_invariants(struct scenario *s)
{
	const struct config *c = &s->product.config[s->product.current];

	for (size_t i = 0; i < c->v.ndomains; i++) {
		mail_is_never_made_to_bounce(s, &c->v.domains[i]);
		no_answer_is_dead_while_one_lives(s, &c->v.domains[i]);
	}
	no_slot_is_dead_while_a_member_lives(s);
	kernel_agrees(s);
}

void scenario_run(struct scenario *s, span at)
{
	mtime until = {at.us};
	uint32_t generation = UINT32_MAX;

	while (mtime_before(s->sim.now, until) && !s->product.stop) {
		fairlead_step(&s->product, until);
		s->steps++;
		/* What is published changes only with its generation. */
		if (s->product.published.generation != generation) {
			generation = s->product.published.generation;
			check_invariants(s);
		}
	}
}

/* ---- the log ---- */

void scenario_expect(struct scenario *s, const char *log)
{
	const char *seen = s->sim.log + s->log_seen;

	assert_string_equal(seen, log);
	s->log_seen = s->sim.log_n;
}

void scenario_skip_log(struct scenario *s)
{
	s->log_seen = s->sim.log_n;
}

long scenario_logged_at(const struct scenario *s, const char *text)
{
	const char *seen = s->sim.log + s->log_seen;
	const char *found = strstr(seen, text);

	if (!found)
		return -1;
	while (found > seen && found[-1] != '\n')
		found--;
	return strtol(found + 1, NULL, 10);
}

/* ---- people ---- */

const char *scenario_type(struct scenario *s, const char *line, int *status)
{
	struct sim_session *p = &s->sim.session[0];
	char *end;

	sim_session_open(&s->sim, 0,
		"\x01"
		"fairlead 1 batch 80 24 admin\n");
	sim_type(&s->sim, 0, line, strlen(line));
	sim_type(&s->sim, 0, "\n\x04", 2);
	/* 3 s in small steps, then 20 s in larger ones: a command may wait for others. */
	for (unsigned i = 0; i < 3400 && p->open; i++)
		fairlead_step(&s->product, mtime_after(s->sim.now, ms(i < 3000 ? 1 : 50)));
	assert_false(p->open);
	end = p->n ? memchr(p->text, '\0', p->n) : NULL;
	assert_non_null(end);
	*status = (int)strtol(end + 1, NULL, 10);
	return p->text;
}

const char *scenario_commit(struct scenario *s, const char *edits, int *status)
{
	char lines[512];
	int n = snprintf(lines, sizeof(lines), "configure\n%s\ncommit", edits);

	assert_in_range(n, 0, sizeof(lines) - 1);
	return scenario_type(s, lines, status);
}

enum link_state scenario_state(struct scenario *s, const char *link)
{
	for (size_t i = 0; i < s->product.nlinks; i++) {
		const struct link *l = &s->product.link[s->product.order[i]];

		if (str_is(l->conf->name, link))
			return l->state;
	}
	fail_msg("there is no link %s", link);
	return LINK_NONE;
}
