/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inquiry.h"

#include <string.h>

#define LINE 300

/* ---- what to ask ---- */

static struct inquiry_question *add(struct inquiry *q, const struct inquiry_question *question)
{
	if (q->n == INQUIRY_MAX) {
		q->cut = true;
		return NULL;
	}
	q->question[q->n] = *question;
	q->question[q->n].state = question->server.family ? INQUIRY_OPEN : INQUIRY_NOBODY;
	return &q->question[q->n++];
}

/* Whom the settings name, whom the provider names, or whom the monitor asks anyway; family 0:
 * nobody is known, and a stranger is not told of whom we ask. */
static struct ip_addr resolver_of(const struct link_conf *l)
{
	if (l->nresolvers)
		return l->resolvers[0].addr;
	if (l->given && l->given->nresolvers)
		return l->given->resolvers[0];
	for (size_t i = 0; i < l->monitor.ntargets; i++)
		if (l->monitor.targets[i].method == LINK_DNS)
			return l->monitor.targets[i].addr;
	return (struct ip_addr){0};
}

static bool is_asked_over(const struct explain_world *w, const struct link_conf *l)
{
	enum link_state state = w->state[l->number];

	return !l->disabled && state != LINK_DOWN && state != LINK_NO_CARRIER;
}

/* "1.113.0.203.in-addr.arpa." */
static bool reverse_name(const struct ip_addr *a, struct dns_name *out)
{
	char text[80];
	struct textbuf t = textbuf_of(text, sizeof(text));

	for (size_t i = ip_addr_size(a->family); i-- > 0;) {
		if (a->family == 4)
			textbuf_printf(&t, "%u.", a->b[i]);
		else
			textbuf_printf(&t, "%x.%x.", a->b[i] & 15, a->b[i] >> 4);
	}
	textbuf_printf(&t, "%s", a->family == 4 ? "in-addr.arpa" : "ip6.arpa");
	return dns_name_parse(textbuf_str(&t), NULL, out) == FL_OK;
}

/* One exchange, both ways, over one link. */
static void ask_about(
	struct inquiry *q, const struct link_conf *by, const struct inquiry_question *about)
{
	struct inquiry_question question = *about;

	question.link = by->number;
	question.server = resolver_of(by);
	question.recursive = true;
	question.kind = INQUIRY_FORWARD;
	question.name = about->host;
	question.type = about->address.family == 4 ? DNS_A : DNS_AAAA;
	add(q, &question);
	question.kind = INQUIRY_BACKWARD;
	question.type = DNS_PTR;
	if (reverse_name(&about->address, &question.name))
		add(q, &question);
}

static bool exchange(const struct explain_world *w, const struct dns_domain_conf *d,
	const struct dns_host_conf *h, struct inquiry_question *about)
{
	const struct link_conf *l = check_link(w, h->link);
	const struct ip_prefix *own = l ? link_conf_address(l, 4) : NULL;
	char name[LINE];
	struct textbuf t = textbuf_of(name, sizeof(name));

	*about = (struct inquiry_question){.address = h->address};
	if (!about->address.family && own)
		about->address = own->addr;
	about->live = !l || is_asked_over(w, l);
	check_full_name(d, &h->name, &t);
	return h->mail_entry && about->address.family &&
	       dns_name_parse(textbuf_str(&t), NULL, &about->host) == FL_OK;
}

static const struct dns_domain_conf *begin(
	struct inquiry *q, const struct explain_world *w, struct str domain)
{
	const struct dns_domain_conf *d = check_domain(w, domain);

	*q = (struct inquiry){.n = 0};
	return d && dns_name_parse(d->name, NULL, &q->domain) == FL_OK ? d : NULL;
}

void inquiry_mail(struct inquiry *q, const struct explain_world *w, struct str domain)
{
	const struct dns_domain_conf *d = begin(q, w, domain);
	struct inquiry_question about;

	for (size_t i = 0; d && i < d->nhosts; i++)
		for (size_t k = 0; k < w->forwarding.nlinks; k++)
			if (is_asked_over(w, &w->forwarding.links[k]) &&
				exchange(w, d, &d->hosts[i], &about))
				ask_about(q, &w->forwarding.links[k], &about);
}

/* The name without its first label; the root has none. */
static bool parent_of(const struct dns_name *name, struct dns_name *out)
{
	size_t first = (size_t)name->wire[0] + 1;

	if (name->wire[0] == 0)
		return false;
	out->n = (uint8_t)(name->n - first);
	memcpy(out->wire, name->wire + first, out->n);
	return true;
}

void inquiry_delegation(struct inquiry *q, const struct explain_world *w, struct str domain)
{
	struct inquiry_question question = {
		.kind = INQUIRY_PARENT, .type = DNS_NS, .recursive = true};

	if (!begin(q, w, domain) || !parent_of(&q->domain, &question.name))
		return;
	for (size_t i = 0; i < w->forwarding.nlinks; i++) {
		const struct link_conf *l = &w->forwarding.links[i];

		if (!is_asked_over(w, l))
			continue;
		question.link = l->number;
		question.server = resolver_of(l);
		add(q, &question);
	}
}

/* ---- replies ---- */

static const struct dns_reply_record *find(
	const struct dns_reply *r, enum dns_section section, uint16_t type)
{
	for (size_t i = 0; r && i < r->n; i++)
		if (r->record[i].section == section && r->record[i].type == type)
			return &r->record[i];
	return NULL;
}

/* The name above is asked for where this one is no zone of its own. */
static void follow_parent(struct inquiry *q, const struct inquiry_question *asked)
{
	const struct dns_reply_record *ns = find(asked->reply, DNS_ANSWER, DNS_NS);
	struct inquiry_question next = *asked;

	if (ns) {
		next.kind = INQUIRY_PARENT_ADDRESS;
		next.type = DNS_A;
		next.name = ns->name;
		add(q, &next);
	} else if (asked->reply->rcode == 0 && parent_of(&asked->name, &next.name)) {
		add(q, &next);
	}
}

static void follow_address(struct inquiry *q, const struct inquiry_question *asked)
{
	const struct dns_reply_record *a = find(asked->reply, DNS_ANSWER, DNS_A);
	struct inquiry_question next = *asked;

	if (!a)
		return;
	next.kind = INQUIRY_DELEGATION;
	next.recursive = false;
	next.server = a->addr;
	next.type = DNS_NS;
	next.host = asked->name; /* who says so */
	next.name = q->domain;
	add(q, &next);
}

void inquiry_answered(struct inquiry *q, size_t i, const struct dns_reply *reply)
{
	struct inquiry_question *asked = &q->question[i];
	struct inquiry_question copy;

	asked->state = INQUIRY_ANSWERED;
	asked->reply = reply;
	copy = *asked;
	if (copy.kind == INQUIRY_PARENT)
		follow_parent(q, &copy);
	else if (copy.kind == INQUIRY_PARENT_ADDRESS)
		follow_address(q, &copy);
}

/* ---- what came of it ---- */

struct report {
	struct check check;
	const struct inquiry *q;
};

static struct str link_name(const struct report *r, uint8_t number)
{
	const struct link_conf *l = explain_link_numbered(r->check.world, number);

	return l ? l->name : STR("a link that is gone");
}

/* Does it say something of the name?  A server that refuses, or fails, does not. */
static bool is_told(const struct inquiry_question *a)
{
	return a->state == INQUIRY_ANSWERED && (a->reply->rcode == 0 || a->reply->rcode == 3);
}

/* What there is instead of records. */
static const char *failure_of(const struct dns_reply *reply)
{
	switch (reply->rcode) {
	case 2:
		return "it could not find out (SERVFAIL)";
	case 3:
		return "there is no such name";
	case 5:
		return "it refuses to say";
	default:
		return reply->rcode ? "it has an error" : "nothing";
	}
}

static bool is_same_trouble(const struct inquiry_question *a, const struct inquiry_question *b)
{
	return a->link == b->link && a->state == b->state && ip_addr_eq(&a->server, &b->server) &&
	       !is_told(b);
}

/* Who said nothing; once a server and link. */
static void find_silent(struct report *r)
{
	char addr[IP_TEXT_MAX];

	r->check.why = "what it would say of the domain is not known";
	for (size_t i = 0; i < r->q->n; i++) {
		const struct inquiry_question *a = &r->q->question[i];
		bool told = is_told(a);

		for (size_t k = 0; k < i; k++)
			told |= is_same_trouble(a, &r->q->question[k]);
		if (told)
			continue;
		ip_addr_text(&a->server, addr);
		if (a->state == INQUIRY_SILENT)
			check_found(&r->check, "%s over %.*s did not answer within 5 s", addr,
				STR_ARG(link_name(r, a->link)));
		else if (a->state == INQUIRY_NOBODY)
			check_found(&r->check, "no resolver is known for %.*s, so nobody was asked",
				STR_ARG(link_name(r, a->link)));
		else if (a->state == INQUIRY_UNSENT)
			check_found(&r->check, "%s could not be asked over %.*s", addr,
				STR_ARG(link_name(r, a->link)));
		else
			check_found(&r->check, "%s, asked over %.*s: %s", addr,
				STR_ARG(link_name(r, a->link)), failure_of(a->reply));
		check_cure(&r->check, "set link %.*s resolver RESOLVER",
			STR_ARG(link_name(r, a->link)));
	}
}

static bool is_confirmed(const struct inquiry_question *a)
{
	for (size_t i = 0; a->reply && i < a->reply->n; i++) {
		const struct dns_reply_record *rec = &a->reply->record[i];

		if (rec->section == DNS_ANSWER && rec->type == a->type &&
			(a->kind == INQUIRY_FORWARD ? ip_addr_eq(&rec->addr, &a->address)
						    : dns_name_same(&rec->name, &a->host)))
			return true;
	}
	return false;
}

/* What it said instead. */
static void say_instead(const struct inquiry_question *a, struct textbuf *out)
{
	char name[DNS_NAME_TEXT_MAX], addr[IP_TEXT_MAX];
	size_t n = 0;

	for (size_t i = 0; i < a->reply->n; i++) {
		const struct dns_reply_record *rec = &a->reply->record[i];

		if (rec->section == DNS_ANSWER && rec->type == a->type)
			textbuf_printf(out, "%s%s", n++ ? ", " : "",
				a->kind == INQUIRY_FORWARD ? ip_addr_text(&rec->addr, addr)
							   : dns_name_text(rec->name.wire, name));
	}
	if (n == 0)
		textbuf_printf(out, "%s", failure_of(a->reply));
}

static void cure_mail(struct report *r, const struct inquiry_question *a)
{
	char domain[DNS_NAME_TEXT_MAX], host[DNS_NAME_TEXT_MAX], addr[IP_TEXT_MAX];

	if (a->kind == INQUIRY_FORWARD)
		check_cure(
			&r->check, "check delegation %s", dns_name_text(r->q->domain.wire, domain));
	else
		check_cure(&r->check,
			"ask the provider of the address to let %s lead back to %s, or to delegate "
			"its reverse zone",
			ip_addr_text(&a->address, addr), dns_name_text(a->host.wire, host));
}

static bool is_same_matter(const struct inquiry_question *a, const struct inquiry_question *b)
{
	return a->kind == b->kind && ip_addr_eq(&a->address, &b->address) &&
	       dns_name_same(&a->host, &b->host);
}

/* One exchange and direction, as all resolvers see it. */
struct matter {
	size_t told, confirmed;
	const struct inquiry_question *wrong; /* the first that says something else */
};

static struct matter matter_of(const struct report *r, const struct inquiry_question *a)
{
	struct matter m = {.wrong = NULL};

	for (size_t i = 0; i < r->q->n; i++) {
		const struct inquiry_question *b = &r->q->question[i];

		if (!is_same_matter(a, b) || !is_told(b))
			continue;
		m.told++;
		if (is_confirmed(b))
			m.confirmed++;
		else if (!m.wrong)
			m.wrong = b;
	}
	return m;
}

static void say_matter(struct report *r, const struct inquiry_question *a)
{
	const struct matter m = matter_of(r, a);
	bool forward = a->kind == INQUIRY_FORWARD;
	char host[DNS_NAME_TEXT_MAX], addr[IP_TEXT_MAX];

	dns_name_text(a->host.wire, host);
	ip_addr_text(&a->address, addr);
	sink_printf(r->check.out, "world   %s %s %s", forward ? host : addr,
		forward ? "is" : "leads back to", forward ? addr : host);
	if (m.told)
		sink_printf(r->check.out, ": %zu of %zu resolvers say so\n", m.confirmed, m.told);
	else
		sink_puts(r->check.out, ": no resolver answered\n");
}

static void find_wrong(struct report *r, const struct inquiry_question *a)
{
	const struct matter m = matter_of(r, a);
	bool forward = a->kind == INQUIRY_FORWARD;
	char host[DNS_NAME_TEXT_MAX], addr[IP_TEXT_MAX], server[IP_TEXT_MAX], words[LINE];
	struct textbuf t = textbuf_of(words, sizeof(words));

	if (!m.wrong || (forward && !a->live))
		return; /* nobody should find what its link does not carry */
	say_instead(m.wrong, &t);
	r->check.why = forward ? "who wants to bring mail finds another place, or none"
			       : "many mail servers refuse mail from an address without a name "
				 "that fits";
	check_found(&r->check, "asked for %s, %s over %.*s says: %s",
		forward ? dns_name_text(a->host.wire, host) : ip_addr_text(&a->address, addr),
		ip_addr_text(&m.wrong->server, server), STR_ARG(link_name(r, m.wrong->link)),
		words);
	cure_mail(r, m.wrong);
}

static void each_matter(
	struct report *r, void (*report)(struct report *r, const struct inquiry_question *a))
{
	for (size_t i = 0; i < r->q->n; i++) {
		bool told = false;

		for (size_t k = 0; k < i; k++)
			told |= is_same_matter(&r->q->question[k], &r->q->question[i]);
		if (!told)
			report(r, &r->q->question[i]);
	}
}

/* ---- delegation ---- */

static void full_name_server(
	const struct dns_name *domain, const struct dns_name_server_conf *ns, struct dns_name *out)
{
	if (dns_name_parse(ns->name, domain, out))
		*out = *domain;
}

static bool parent_names(const struct dns_reply *r, const struct dns_name *ns)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->record[i].type == DNS_NS && r->record[i].section != DNS_ADDITIONAL &&
			dns_name_same(&r->record[i].name, ns))
			return true;
	return false;
}

/* The address that the parent gives for a name server; NULL: none. */
static const struct dns_reply_record *glue_of(const struct dns_reply *r, const struct dns_name *ns)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->record[i].section == DNS_ADDITIONAL &&
			dns_name_same(&r->record[i].owner, ns))
			return &r->record[i];
	return NULL;
}

static void say_delegation(struct report *r, const struct inquiry_question *a)
{
	char name[DNS_NAME_TEXT_MAX], server[IP_TEXT_MAX], words[LINE], addr[IP_TEXT_MAX];
	struct textbuf t = textbuf_of(words, sizeof(words));

	for (size_t i = 0; i < a->reply->n; i++) {
		const struct dns_reply_record *rec = &a->reply->record[i], *glue;

		if (rec->type != DNS_NS || rec->section == DNS_ADDITIONAL)
			continue;
		glue = glue_of(a->reply, &rec->name);
		textbuf_printf(&t, "%s%s", t.n ? ", " : "", dns_name_text(rec->name.wire, name));
		if (glue)
			textbuf_printf(&t, " at %s", ip_addr_text(&glue->addr, addr));
	}
	sink_printf(r->check.out, "world   %s (%s), asked over %.*s, names: %s\n",
		dns_name_text(a->host.wire, name), ip_addr_text(&a->server, server),
		STR_ARG(link_name(r, a->link)), t.n ? words : failure_of(a->reply));
}

static void compare_name_server(
	struct report *r, const struct inquiry_question *a, const struct dns_name_server_conf *conf)
{
	char name[DNS_NAME_TEXT_MAX], addr[IP_TEXT_MAX], said[IP_TEXT_MAX];
	const struct dns_reply_record *glue;
	struct dns_name ns;

	full_name_server(&r->q->domain, conf, &ns);
	dns_name_text(ns.wire, name);
	if (!parent_names(a->reply, &ns)) {
		r->check.why = "nobody asks a name server that the parent does not name";
		check_found(&r->check, "the parent does not name %s", name);
		check_cure(&r->check, "tell the registrar of the domain: %s %s", name,
			ip_addr_text(&conf->address, addr));
		return;
	}
	glue = glue_of(a->reply, &ns);
	if (!glue || !conf->address.family || glue->addr.family != conf->address.family ||
		ip_addr_eq(&glue->addr, &conf->address))
		return;
	r->check.why = "whoever asks for the domain asks at an address that is not this router's";
	check_found(&r->check, "the parent has %s at %s instead of %s", name,
		ip_addr_text(&glue->addr, said), ip_addr_text(&conf->address, addr));
	check_cure(&r->check, "tell the registrar of the domain: %s %s", name, addr);
}

/* Those that the parent names and nobody here. */
static void look_for_strangers(
	struct report *r, const struct inquiry_question *a, const struct dns_domain_conf *d)
{
	char name[DNS_NAME_TEXT_MAX];

	r->check.why = "it may answer with something old, or not at all";
	for (size_t i = 0; i < a->reply->n; i++) {
		const struct dns_reply_record *rec = &a->reply->record[i];
		bool known = rec->type != DNS_NS || rec->section == DNS_ADDITIONAL;
		struct dns_name ns;

		for (size_t k = 0; k < d->nname_servers; k++) {
			full_name_server(&r->q->domain, &d->name_servers[k], &ns);
			known |= dns_name_same(&rec->name, &ns);
		}
		if (known)
			continue;
		dns_name_text(rec->name.wire, name);
		check_found(&r->check, "the parent names %s as well, which is no name server here",
			name);
		check_cure(&r->check, "set domain %.*s name-server %s", STR_ARG(d->name), name);
	}
}

/* The first parent that answered stands for all: they are copies of one zone. */
static void report_delegation(struct report *r)
{
	const struct inquiry_question *first = NULL;
	char text[DNS_NAME_TEXT_MAX];
	const struct dns_domain_conf *d =
		check_domain(r->check.world, str_of(dns_name_text(r->q->domain.wire, text)));

	for (size_t i = 0; i < r->q->n; i++) {
		const struct inquiry_question *a = &r->q->question[i];

		if (a->kind != INQUIRY_DELEGATION || !is_told(a))
			continue;
		say_delegation(r, a);
		if (!first)
			first = a;
	}
	if (first && d) {
		for (size_t i = 0; i < d->nname_servers; i++)
			compare_name_server(r, first, &d->name_servers[i]);
		look_for_strangers(r, first, d);
	} else {
		r->check.why = "without its word the world does not find the domain";
		check_found(&r->check, "no server of the parent domain said whom it names");
		check_cure(&r->check, "ask it, as \"dig +trace NS %s\" does",
			dns_name_text(r->q->domain.wire, text));
	}
}

size_t inquiry_report(
	const struct inquiry *q, const struct explain_world *w, const struct sink *out)
{
	struct report r = {.check = {.world = w, .out = out}, .q = q};

	if (q->n == 0) {
		sink_puts(out, "world   nobody was asked: no link carries traffic, or there is "
			       "nothing to ask\n");
		return 0;
	}
	if (q->question[0].kind == INQUIRY_PARENT) {
		report_delegation(&r);
	} else {
		each_matter(&r, say_matter);
		each_matter(&r, find_wrong);
	}
	find_silent(&r);
	if (q->cut)
		sink_printf(out, "world   only the first %d questions were asked\n", INQUIRY_MAX);
	if (r.check.found)
		sink_printf(out, "%zu finding%s in the world\n", r.check.found,
			r.check.found == 1 ? "" : "s");
	else
		sink_puts(out, "the world has it right\n");
	return r.check.found;
}
