/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `explain` says at the console of a running product, and that it is the truth: what it says
 * of 10,000 flows is compared with the wanted nf_tables chains, run on a packet, and what it says
 * of 10,000 questions with what the responder answers. */
#include "dns_explain.h"
#include "json.h"
#include "nft_machine.h"
#include "scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs the three above. */
#include <cmocka.h>

#define ROUNDS 10000

static const char more[] =
	"link lte { interface eth2x, address 192.0.2.2/30, gateway 192.0.2.1, role backup\n"
	"  monitor { target 192.0.2.53 ping } }\n"
	"policy strict { method priority, member wan2, when-dead drop }\n"
	"policy shy { method all, member wan1, member lte, when-dead next-rule }\n"
	"rule 20 { protocol udp, port 5060-5070, policy strict }\n"
	"rule 30 { source 192.168.1.128/25, policy shy }\n"
	"rule 40 { protocol icmp, destination 198.18.0.0/16, policy primary }\n"
	"rule 50 { protocol tcp, port 443, policy shy }\n";

static struct scenario *running(void)
{
	struct scenario *s = scenario_open("");

	scenario_run(s, sec(30));
	return s;
}

/* The command is run and succeeds; what it prints is compared. */
static void expect(struct scenario *s, const char *line, const char *text)
{
	int status;

	assert_string_equal(scenario_type(s, line, &status), text);
	assert_int_equal(status, 0);
}

static void expect_part(struct scenario *s, const char *line, const char *part)
{
	int status;
	const char *text = scenario_type(s, line, &status);

	if (!strstr(text, part))
		fail_msg("%s: no \"%s\" in:\n%s", line, part, text);
}

/* ---- explain flow ---- */

static void a_flow_is_explained_with_its_rule_policy_address_and_what_if(void **state)
{
	struct scenario *s = running();

	(void)state;
	expect(s, "explain flow from 192.168.1.25 to 93.184.216.34 tcp 25",
		"flow   tcp 192.168.1.25 -> 93.184.216.34 port 25\n"
		"rule   10    MATCH                    tcp port 25 from 192.168.1.25/32 -> policy "
		"primary\n"
		"rule   99    (shadowed)               all -> policy spread\n"
		"policy primary: priority\n"
		"       wan1     up  <- 100 %\n"
		"       wan2     up\n"
		"takes  wan1 100 %, leaves as 203.0.113.3, mark 0x1\n"
		"if     wan1 goes down: wan2; connections on it are forgotten, and TCP is reset\n");
	scenario_close(s);
}

static void shares_of_a_weighted_policy_are_told(void **state)
{
	struct scenario *s = running();

	(void)state;
	expect(s, "explain flow from 192.168.1.26 to 93.184.216.34 tcp 443",
		"flow   tcp 192.168.1.26 -> 93.184.216.34 port 443\n"
		"rule   10    no match (port)          tcp port 25 from 192.168.1.25/32 -> policy "
		"primary\n"
		"rule   99    MATCH                    all -> policy spread\n"
		"policy spread: weighted\n"
		"       wan1     up  weight 4  <- 80 %\n"
		"       wan2     up  weight 1  <- 20 %\n"
		"takes  wan1 80 %, leaves as 203.0.113.2, mark 0x1\n"
		"takes  wan2 20 %, leaves as 198.51.100.2, mark 0x2\n"
		"if     wan1 goes down: wan2; connections on it are forgotten, and TCP is reset\n"
		"if     wan2 goes down: wan1; connections on it are forgotten, and TCP is reset\n");
	scenario_close(s);
}

static void a_flow_can_be_asked_as_if_a_link_were_down(void **state)
{
	struct scenario *s = running();

	(void)state;
	expect(s, "explain flow from 192.168.1.26 to 93.184.216.34 icmp if wan1 down",
		"(as if wan1 were down)\n"
		"flow   icmp 192.168.1.26 -> 93.184.216.34\n"
		"rule   10    no match (protocol)      tcp port 25 from 192.168.1.25/32 -> policy "
		"primary\n"
		"rule   99    MATCH                    all -> policy spread\n"
		"policy spread: weighted\n"
		"       wan1     down  weight 4\n"
		"       wan2     up  weight 1  <- 100 %\n"
		"takes  wan2 100 %, leaves as 198.51.100.2, mark 0x2\n");
	/* And nothing happened. */
	assert_int_equal(scenario_state(s, "wan1"), LINK_UP);
	assert_int_equal(s->product.published.live, 3);
	scenario_close(s);
}

static void a_flow_to_a_network_of_its_own_takes_no_link(void **state)
{
	struct scenario *s = running();

	(void)state;
	expect_part(s, "explain flow from 192.168.1.26 to 192.168.1.9 tcp 22",
		"takes  no link: that is a network of this router's own");
	scenario_close(s);
}

static void with_no_link_left_connections_wait(void **state)
{
	struct scenario *s = running();

	(void)state;
	sim_plug(&s->sim, "eth1", false);
	scenario_run(s, sec(31));
	expect_part(s, "explain flow from 192.168.1.26 to 198.18.0.1 tcp 443",
		"if     wan1 goes down: no link; connections on it wait for it\n");
	scenario_close(s);
}

static void a_wrong_question_is_refused_in_words(void **state)
{
	static const char *const cases[][2] = {
		{"explain flow from 192.168.1.26 to 198.18.0.1 icmp 9", "error: icmp has no ports"},
		{"explain flow from 192.168.1.26 to 198.18.0.1 tcp",
			"error: tcp needs a port behind it"},
		{"explain flow from 192.168.1.26 to 198.18.0.1 tcp 0",
			"error: \"0\" is not a port from 1 to 65535"},
		{"explain flow from 192.168.1.26 to 2001:db8::1 tcp 80",
			"error: one address is IPv4 and the other IPv6"},
		{"explain flow from here to 198.18.0.1 tcp 80",
			"error: \"here\" is not an address"},
		{"explain flow from 192.168.1.26 to 198.18.0.1 sctp 80",
			"error: \"sctp\" is not tcp, udp or icmp"},
		{"explain flow from 192.168.1.26 to 198.18.0.1 tcp 80 if wan9 down",
			"error: there is no link \"wan9\""},
		{"explain link wan9", "error: there is no link \"wan9\""},
		{"explain dns a..b A", "\"a..b\" is not a domain name"},
	};
	struct scenario *s = running();

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int status;
		const char *text = scenario_type(s, cases[i][0], &status);

		if (!strstr(text, cases[i][1]))
			fail_msg("%s: no \"%s\" in:\n%s", cases[i][0], cases[i][1], text);
		assert_int_equal(status, 1);
	}
	scenario_close(s);
}

/* ---- explain dns, explain link ---- */

static void an_answer_is_explained_with_what_it_would_be_without_each_link(void **state)
{
	struct scenario *s = running();

	(void)state;
	expect_part(s, "explain dns www.example.com A",
		"  A 203.0.113.4  in: wan1 is live\n"
		"  A 198.51.100.4  in: wan2 is live\n"
		"if wan1 goes down: 198.51.100.4\n"
		"if wan2 goes down: 203.0.113.4\n");
	expect_part(s, "explain dns example.com MX if wan1 down",
		"answer      example.com. 30 IN MX 20 mail2.example.com.\n");
	expect_part(s, "explain dns www.example.com A from 198.51.100.7",
		"asked by 198.51.100.7: answered as everybody is\n");
	scenario_close(s);
}

static void a_link_is_explained_with_what_its_death_would_move(void **state)
{
	struct scenario *s = running();

	(void)state;
	expect(s, "explain link wan1",
		"link   wan1: up, carries new connections\n"
		"       since 29.5 s: 3 of 3 probes answered\n"
		"       last probes ................................ (. answered, x lost, ? open)\n"
		"       loss 0.0 %, 0 failures in 10 minutes, rto 40 ms\n"
		"       down takes 6 losses in a row and 350 ms of silence\n"
		"policy primary: wan1; without wan1: wan2\n"
		"policy spread: wan1 80 %, wan2 20 %; without wan1: wan2\n"
		"forward smtp: tcp port 25 of 203.0.113.3 is reached over it\n"
		"if     wan1 goes down: live is wan2; connections on it are forgotten, and TCP is "
		"reset\n");
	expect_part(s, "explain link wan1 if wan2 down",
		"policy spread: wan1; without wan1: no link\n"
		"forward smtp: tcp port 25 of 203.0.113.3 is reached over it\n");
	expect_part(s, "explain link wan1 if wan1 down",
		"forward smtp: tcp port 25 of 203.0.113.3 is reached over it once it is up\n");
	scenario_close(s);
}

/* ---- the draft ---- */

/* The answer as a tree; the tree is gone with `mem`. */
static const struct json *asked_for_json(struct scenario *s, const char *line, struct arena *mem)
{
	struct json_mistake why;
	int status;
	const char *text = scenario_type(s, line, &status);
	const struct json *j = json_parse(str_of(text), mem, &why);

	assert_int_equal(status, 0);
	if (!j)
		fail_msg("%u:%u: %s\n%s", why.line, why.column, why.what, text);
	return j;
}

/* What stands at "takes 1 percent": members by key, elements by number from 0; as text. */
static void at_path_is(const struct json *j, const char *path, const char *want)
{
	struct str rest = str_of(path);
	uint64_t n;

	while (j && rest.n) {
		struct str word = str_cut(&rest, ' ');

		if (j->kind == JSON_ARRAY && str_to_u64(word, 1000, &n))
			for (j = j->first; j && n > 0; n--)
				j = j->next;
		else
			j = json_member(j, word);
	}
	if (!j || !str_is(j->text, want))
		fail_msg("%s is %.*s instead of %s", path, j ? (int)j->text.n : 7,
			j ? j->text.at : "nothing", want);
}

static void programs_are_told_the_same_in_json(void **state)
{
	struct scenario *s = running();
	const struct json *j;
	struct arena mem;

	(void)state;
	arena_init(&mem, &s->sim.drivers.memory);
	j = asked_for_json(
		s, "explain flow from 192.168.1.20 to 198.18.0.1 tcp 443 | display json", &mem);
	at_path_is(j, "port", "443");
	at_path_is(j, "rules 0 verdict", "no match (port)");
	at_path_is(j, "rules 1 policy", "spread");
	at_path_is(j, "policy", "spread");
	at_path_is(j, "takes 0 link", "wan1");
	at_path_is(j, "takes 0 percent", "80.0");
	at_path_is(j, "takes 1 leaves-as", "198.51.100.2");
	at_path_is(j, "if-down 1 takes 0 link", "wan1");
	at_path_is(j, "if-down 1 takes 0 percent", "100.0");
	j = asked_for_json(s, "explain dns example.com MX if wan1 down | display json", &mem);
	at_path_is(j, "as-if-down", "wan1");
	at_path_is(j, "answer 0", "20 mail2.example.com.");
	at_path_is(j, "status", "NOERROR");
	j = asked_for_json(s, "explain dns www.example.com A | display json", &mem);
	at_path_is(j, "if-down 0 link", "wan1");
	at_path_is(j, "if-down 0 answer 0", "198.51.100.4");
	j = asked_for_json(s, "explain link wan2 | display json", &mem);
	at_path_is(j, "state", "up");
	at_path_is(j, "policies 1 shares 1 percent", "20.0");
	at_path_is(j, "policies 1 without-it 0 link", "wan1");
	j = asked_for_json(s,
		"configure\nset link wan1 weight 1\n"
		"explain link wan2 candidate | display json\nexit discard",
		&mem);
	at_path_is(j, "policies 1 shares 1 percent", "50.0");
	arena_reset(&mem);
	scenario_close(s);
}

static void tables_are_told_in_json_too(void **state)
{
	struct scenario *s = running();
	const struct json *j;
	struct arena mem;

	(void)state;
	arena_init(&mem, &s->sim.drivers.memory);
	j = asked_for_json(s, "show links | display json", &mem);
	at_path_is(j, "0 link", "wan1");
	at_path_is(j, "0 state", "up");
	at_path_is(j, "0 loss-permille", "0");
	at_path_is(j, "1 addresses 0", "198.51.100.2/29");
	at_path_is(j, "1 cause", "3 of 3 probes answered");
	j = asked_for_json(s, "show policies | display json", &mem);
	at_path_is(j, "1 policy", "spread");
	at_path_is(j, "1 method", "weighted");
	at_path_is(j, "1 live 0 slots", "192");
	j = asked_for_json(s, "show leds | display json", &mem);
	at_path_is(j, "0 lamp", "SYS");
	at_path_is(j, "1 pattern", "green");
	j = asked_for_json(s, "show flows | display json", &mem);
	at_path_is(j, "0 link", "wan1");
	at_path_is(j, "2 tcp", "0"); /* on no link */
	j = asked_for_json(s, "show log | display json", &mem);
	at_path_is(j, "0 level", "notice");
	j = asked_for_json(s, "show dns statistics | display json", &mem);
	assert_null(j->first); /* no query yet */
	arena_reset(&mem);
	scenario_close(s);
}

static void what_has_no_form_in_json_says_so(void **state)
{
	struct scenario *s = running();
	static const char *const lines[] = {"show version | display json",
		"explain link wan1 | display set", "explain link wan9 | display json",
		"explain dns example.com BOGUS | display json",
		"configure\nrun show version | display json"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		int status;
		const char *text = scenario_type(s, lines[i], &status);

		assert_int_equal(strncmp(text, "error: ", 7), 0);
		assert_int_equal(status, 1);
	}
	scenario_close(s);
}

static void a_draft_is_explained_before_it_is_committed(void **state)
{
	struct scenario *s = running();

	(void)state;
	expect_part(s,
		"configure\nset link wan1 disabled\n"
		"explain flow from 192.168.1.26 to 198.18.0.1 tcp 443 candidate\ndiscard\nexit",
		"       wan1     disabled  weight 4\n"
		"       wan2     up  weight 1  <- 100 %\n");
	expect_part(s,
		"configure\nset domain example.com host www-a address 203.0.113.5\n"
		"explain dns www.example.com A candidate\ndiscard\nexit",
		"if wan2 goes down: 203.0.113.5\n");
	expect_part(s, "explain dns www.example.com A", "if wan2 goes down: 203.0.113.4\n");
	scenario_close(s);
}

static void a_link_that_only_the_draft_has_is_taken_as_up(void **state)
{
	struct scenario *s = running();

	(void)state;
	expect_part(s,
		"configure\n"
		"set link dsl interface eth7\nset link dsl address 192.0.2.2/30\n"
		"set link dsl gateway 192.0.2.1\nset policy primary member dsl\n"
		"explain link dsl candidate\ndiscard\nexit",
		"link   dsl: up, carries new connections\n"
		"       not watched yet: taken as up\n");
	scenario_close(s);
}

static void a_draft_with_mistakes_is_not_explained(void **state)
{
	struct scenario *s = running();
	int status;

	(void)state;
	assert_non_null(
		strstr(scenario_type(s, "configure\ndelete link wan2\nexplain link wan1 candidate",
			       &status),
			"error: the draft has mistakes\n"));
	assert_int_equal(status, 1);
	scenario_close(s);
}

/* ---- the same as the real path ---- */

struct asked {
	struct scenario *s;
	struct explain_world world;
	struct arena mem;
	struct kernel_state want;
};

static void without(void *ctx, uint8_t number, struct published *out)
{
	struct asked *a = ctx;

	publish_what_if(&a->s->product, fairlead_config(&a->s->product), link_bit(number), out);
}

/* The links are in some states; what follows from them is published and wanted of the kernel. */
static void some_states(struct asked *a, struct rng *g)
{
	static const enum link_state states[] = {LINK_UP, LINK_UP, LINK_DEGRADED, LINK_SUSPECT,
		LINK_RECOVERING, LINK_DOWN, LINK_NO_CARRIER};
	struct fairlead *f = &a->s->product;
	struct config *c = fairlead_config(f);

	for (size_t i = 0; i < f->nlinks; i++)
		f->link[f->order[i]].state = states[rng_below(g, COUNT_OF(states))];
	publish_what_if(f, c, 0, &f->published);
	arena_reset(&a->mem);
	a->world = (struct explain_world){.forwarding = config_forwarding_source(c),
		.image = f->image,
		.published = f->published,
		.detector = f->link,
		.without = without,
		.ctx = a};
	for (size_t i = 0; i < f->nlinks; i++)
		a->world.state[f->order[i]] = f->link[f->order[i]].state;
	assert_int_equal(
		forwarding_want(&a->world.forwarding, &f->published, &a->mem, &a->want), FL_OK);
}

static struct asked *asked_open(void)
{
	struct asked *a = calloc(1, sizeof(*a));

	assert_non_null(a);
	a->s = scenario_open(more);
	arena_init(&a->mem, &a->s->sim.drivers.memory);
	return a;
}

static void asked_close(struct asked *a)
{
	arena_reset(&a->mem);
	scenario_close(a->s);
	free(a);
}

static struct ip_addr address(const char *text)
{
	struct ip_addr a;

	assert_int_equal(ip_addr_parse(str_of(text), &a), FL_OK);
	return a;
}

static struct forwarding_flow some_flow(struct rng *g)
{
	static const char *const from[] = {"192.168.1.25", "192.168.1.26", "192.168.1.200"};
	static const char *const to[] = {"198.18.0.1", "93.184.216.34", "192.168.1.9"};
	static const uint16_t ports[] = {25, 443, 5060, 5070, 5071};
	static const uint8_t protocols[] = {6, 17, 1};
	struct forwarding_flow f = {.from = address(from[rng_below(g, COUNT_OF(from))]),
		.to = address(to[rng_below(g, COUNT_OF(to))]),
		.protocol = protocols[rng_below(g, 3)]};

	if (f.protocol != 1)
		f.port = ports[rng_below(g, COUNT_OF(ports))];
	return f;
}

/* What the chains do with the flow's first packet; the line that must say so. */
static void chains_say(
	struct asked *a, const struct forwarding_flow *flow, uint32_t draw, char line[128])
{
	struct packet p = machine_packet(flow, "eth2");
	struct machine m;
	enum end e = machine_run(&a->want, "prerouting", &p, draw, &m);
	const struct link_conf *l = explain_link_numbered(&a->world, p.mark);
	struct ip_addr as;
	char text[IP_TEXT_MAX], device[FL_NAME_MAX + 1];

	if (e == END_DROP || !l) {
		snprintf(line, 128, e == END_DROP ? "takes  nothing: " : "takes  no link: ");
		return;
	}
	snprintf(device, sizeof(device), "%.*s", STR_ARG(l->interface));
	p.oif = device;
	assert_int_equal(machine_run(&a->want, "postrouting", &p, 0, &m), END_ACCEPT);
	as = m.snat.family ? m.snat : l->addresses[0].prefix.addr;
	snprintf(line, 128, " %%, leaves as %s, mark 0x%x\n", ip_addr_text(&as, text), p.mark);
}

static void what_is_said_of_10000_flows_is_what_the_chains_do(void **state)
{
	struct asked *a = asked_open();
	struct rng g = rng_of(7);

	(void)state;
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct forwarding_flow flow = some_flow(&g);
		char text[4096], line[128];
		struct textbuf t = textbuf_of(text, sizeof(text));
		struct sink out = textbuf_sink(&t);

		if (i % 50 == 0)
			some_states(a, &g);
		explain_flow(&a->world, &flow, &out);
		assert_false(t.cut);
		chains_say(a, &flow, rng_below(&g, POLICY_SLOTS), line);
		if (!strstr(text, line))
			fail_msg("round %u: the chains say \"%s\", explained was:\n%s", i, line,
				text);
	}
	asked_close(a);
}

/* And the shares: every draw of some of them. */
static void the_shares_that_are_told_are_those_of_the_chains(void **state)
{
	struct asked *a = asked_open();
	struct rng g = rng_of(8);

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		struct forwarding_flow flow = some_flow(&g);
		uint16_t of[FL_LINKS_MAX + 1] = {0};
		struct explain_shares shares;

		some_states(a, &g);
		explain_shares(&a->world, &a->world.published, &flow, &shares);
		for (uint32_t draw = 0; draw < POLICY_SLOTS; draw++) {
			struct packet p = machine_packet(&flow, "eth2");
			struct machine m;
			enum end e = machine_run(&a->want, "prerouting", &p, draw, &m);

			of[e == END_DROP ? 0 : p.mark]++;
		}
		assert_memory_equal(of, shares.of, sizeof(of));
	}
	asked_close(a);
}

/* The answer section of a reply as dns_explain_short() writes it: sorted. */
static int compare_texts(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void reply_in_short(struct scenario *s, const char *name, uint16_t type, char out[1024])
{
	struct textbuf t = textbuf_of(out, 1024);
	struct client_reply reply;
	char text[32][300];
	size_t n = 0;

	scenario_ask(s, name, type, &reply);
	for (size_t i = 0; i < reply.n; i++) {
		const struct client_record *r = &reply.record[i];
		char addr[IP_TEXT_MAX];

		if (r->section != 1)
			continue;
		if (r->type == CLIENT_MX)
			snprintf(text[n++], 300, "%u %s.", r->preference, r->name);
		else
			snprintf(text[n++], 300, "%s",
				r->addr.family ? ip_addr_text(&r->addr, addr) : "?");
	}
	qsort(text, n, sizeof(text[0]), compare_texts);
	for (size_t i = 0; i < n; i++)
		textbuf_printf(&t, "%s%s", i ? ", " : "", text[i]);
}

static void what_is_said_of_10000_questions_is_what_is_answered(void **state)
{
	static const char *const names[] = {"example.com", "example.net", "mail1.example.com",
		"mail2.example.com", "www.example.com", "portal.example.com", "offsite.example.com",
		"mx-b.example.net", "ns1.example.com", "nothing.example.com"};
	struct asked *a = asked_open();
	struct rng g = rng_of(9);

	(void)state;
	for (unsigned i = 0; i < ROUNDS; i++) {
		const char *name = names[rng_below(&g, COUNT_OF(names))];
		bool mx = rng_below(&g, 2);
		char said[1024], answered[1024];
		struct textbuf t = textbuf_of(said, sizeof(said));
		struct ip_addr from = ip_addr_v4(192, 0, 2, 25);

		if (i % 50 == 0)
			some_states(a, &g);
		/* As publish() does. */
		a->s->sim.drivers.dns.state(a->s->sim.drivers.dns.ctx,
			bytes_of(&a->world.published, sizeof(a->world.published)));
		assert_int_equal(dns_explain_short(&a->world.image, &a->world.published,
					 str_of(name), mx ? STR("MX") : STR("A"), &from, &t),
			FL_OK);
		reply_in_short(a->s, name, mx ? CLIENT_MX : CLIENT_A, answered);
		assert_string_equal(said, answered);
	}
	asked_close(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flow_is_explained_with_its_rule_policy_address_and_what_if),
		cmocka_unit_test(shares_of_a_weighted_policy_are_told),
		cmocka_unit_test(a_flow_can_be_asked_as_if_a_link_were_down),
		cmocka_unit_test(a_flow_to_a_network_of_its_own_takes_no_link),
		cmocka_unit_test(with_no_link_left_connections_wait),
		cmocka_unit_test(a_wrong_question_is_refused_in_words),
		cmocka_unit_test(an_answer_is_explained_with_what_it_would_be_without_each_link),
		cmocka_unit_test(a_link_is_explained_with_what_its_death_would_move),
		cmocka_unit_test(programs_are_told_the_same_in_json),
		cmocka_unit_test(tables_are_told_in_json_too),
		cmocka_unit_test(what_has_no_form_in_json_says_so),
		cmocka_unit_test(a_draft_is_explained_before_it_is_committed),
		cmocka_unit_test(a_link_that_only_the_draft_has_is_taken_as_up),
		cmocka_unit_test(a_draft_with_mistakes_is_not_explained),
		cmocka_unit_test(what_is_said_of_10000_flows_is_what_the_chains_do),
		cmocka_unit_test(the_shares_that_are_told_are_those_of_the_chains),
		cmocka_unit_test(what_is_said_of_10000_questions_is_what_is_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
