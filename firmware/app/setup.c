/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The first settings of a router, by questions.
 *
 * Each answer becomes statements of a tree of the dialogue's own, so that the rows of the settings
 * judge it and say what is wrong.  Nothing happens before the last question: leaving the dialogue
 * leaves all as it was.  What is asked in which order is the table at the end. */
#include "board.h"
#include "check.h"
#include "product.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LATER      "-"
#define STATEMENT  512
#define ANSWER_MAX 128 /* octets; a name of a host has fewer than 256, and nobody types those */

struct setup_link {
	bool fixed; /* has the address below, else it gets one by DHCP or later */
	struct ip_prefix address;
};

struct setup {
	struct fairlead *product;
	struct arena *mem;
	struct settings tree;
	size_t step; /* of steps[] */
	char suggestion[ANSWER_MAX];
	unsigned at, nlinks; /* the link that is asked about, from 1; and how many there are */
	struct setup_link link[FL_LINKS_MAX + 1];
	char domain[ANSWER_MAX + 1], mail_server[IP_TEXT_MAX];
	bool has_lan;
};

/* What becomes of an answer. */
enum verdict { AGAIN, NEXT };

struct step {
	/* The question; its suggestion goes to s->suggestion.  False: it is not asked. */
	bool (*ask)(struct setup *s, struct textbuf *question);
	/* `answer` is not empty; LATER is for the step to understand. */
	enum verdict (*take)(struct setup *s, struct str answer, const struct sink *out);
};

/* ---- statements ---- */

static bool put(struct setup *s, const struct sink *out, const char *format, ...) PRINTF_LIKE(3, 4);
static bool put(struct setup *s, const struct sink *out, const char *format, ...)
{
	char line[STATEMENT];
	struct diags why;
	enum fl_err err;
	va_list ap;

	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	diags_init(&why, s->mem);
	err = settings_set(&s->tree, str_of(line), &why);
	diags_print(&why, NULL, out);
	if (err && !why.first)
		sink_printf(out, "error: %s\n", fl_err_text(err));
	return err == FL_OK;
}

static void suggest(struct setup *s, const char *text)
{
	snprintf(s->suggestion, sizeof(s->suggestion), "%s", text);
}

static bool is_later(struct str answer)
{
	return str_is(answer, LATER);
}

/* ---- the router ---- */

static bool ask_host_name(struct setup *s, struct textbuf *question)
{
	suggest(s, "fairlead");
	textbuf_printf(question, "Name of this router");
	return true;
}

static enum verdict take_host_name(struct setup *s, struct str answer, const struct sink *out)
{
	if (is_later(answer))
		return NEXT;
	return put(s, out, "system host-name %.*s", STR_ARG(answer)) ? NEXT : AGAIN;
}

/* ---- links ---- */

/* The interface of the board's socket number `nth`, from 1, that has this role; NULL: none. */
static const char *port_of(enum board_port_role role, unsigned nth)
{
	for (size_t i = 0; i < this_board.nports; i++)
		if (this_board.ports[i].role == role && --nth == 0)
			return this_board.ports[i].interface;
	return NULL;
}

static struct interface_state look_at(const struct setup *s, struct str name)
{
	const struct interfaces *all = &s->product->io->interfaces;
	struct interface_state state;

	all->get(all->ctx, name, &state);
	return state;
}

static void say_sockets(const struct setup *s, const struct sink *out)
{
	for (size_t i = 0; i < this_board.nports; i++) {
		const struct board_port *p = &this_board.ports[i];
		struct interface_state state = look_at(s, str_of(p->interface));

		sink_printf(out, "  %-6s %-8s %s\n", p->label, p->interface,
			state.carrier  ? "cable"
			: state.exists ? ""
				       : "not there");
	}
}

static bool ask_interface(struct setup *s, struct textbuf *question)
{
	const char *port = port_of(BOARD_WAN, s->nlinks + 1);

	s->at = 0;
	if (s->nlinks == FL_LINKS_MAX)
		return false;
	suggest(s, port ? port : LATER);
	textbuf_printf(question, "Interface of uplink wan%u", s->nlinks + 1);
	return true;
}

static enum verdict take_interface(struct setup *s, struct str answer, const struct sink *out)
{
	if (is_later(answer))
		return NEXT;
	if (!put(s, out, "link wan%u interface %.*s", s->nlinks + 1, STR_ARG(answer)))
		return AGAIN;
	if (!look_at(s, answer).exists)
		sink_printf(out, "note: there is no interface %.*s now\n", STR_ARG(answer));
	s->at = ++s->nlinks;
	return NEXT;
}

struct row_wanted {
	const char *path;
	bool found;
};

static void compare_row(void *ctx, struct str path, const struct setting *row)
{
	struct row_wanted *w = ctx;

	(void)row;
	w->found |= str_is(path, w->path);
}

static bool has_row(const struct setup *s, const char *path)
{
	struct row_wanted w = {.path = path};

	settings_each_row(s->tree.schema, compare_row, &w);
	return w.found;
}

static bool ask_address(struct setup *s, struct textbuf *question)
{
	bool dhcp = has_row(s, "link dhcp");

	if (!s->at)
		return false;
	suggest(s, dhcp ? "dhcp" : LATER);
	textbuf_printf(question, "ADDRESS/BITS of wan%u%s", s->at, dhcp ? ", or dhcp" : "");
	return true;
}

static enum verdict take_address(struct setup *s, struct str answer, const struct sink *out)
{
	struct setup_link *l = &s->link[s->at];

	l->fixed = false;
	if (is_later(answer))
		return NEXT;
	if (str_is(answer, "dhcp"))
		return put(s, out, "link wan%u dhcp", s->at) ? NEXT : AGAIN;
	if (!put(s, out, "link wan%u address %.*s", s->at, STR_ARG(answer)))
		return AGAIN;
	l->fixed = ip_prefix_parse(answer, &l->address) == FL_OK;
	return NEXT;
}

/* Providers mostly take the first address of a network, or the one behind theirs. */
static struct ip_addr likely_gateway(const struct ip_prefix *own)
{
	struct ip_addr a = ip_prefix_network(own).addr;
	uint8_t *last = &a.b[ip_addr_size(a.family) - 1];

	*last |= 1;
	if (ip_addr_eq(&a, &own->addr))
		*last = own->bits == 31 ? *last ^ 1 : *last + 1;
	return a;
}

static bool ask_gateway(struct setup *s, struct textbuf *question)
{
	const struct setup_link *l = &s->link[s->at];
	char text[IP_TEXT_MAX];
	struct ip_addr gateway;

	if (!s->at || !l->fixed)
		return false;
	gateway = likely_gateway(&l->address);
	suggest(s, ip_addr_text(&gateway, text));
	textbuf_printf(question, "Gateway of wan%u", s->at);
	return true;
}

static enum verdict take_gateway(struct setup *s, struct str answer, const struct sink *out)
{
	if (is_later(answer))
		return NEXT;
	return put(s, out, "link wan%u gateway %.*s", s->at, STR_ARG(answer)) ? NEXT : AGAIN;
}

/* Who is asked over a link whether it works: public resolvers of different people. */
static bool put_targets(struct setup *s, const struct sink *out)
{
	static const char *const v4[] = {"9.9.9.9", "1.1.1.1", "8.8.8.8"};
	static const char *const v6[] = {
		"2620:fe::fe", "2606:4700:4700::1111", "2001:4860:4860::8888"};
	bool is_v6 = s->link[s->at].fixed && s->link[s->at].address.addr.family == 6;
	bool good = true;

	for (size_t i = 0; i < COUNT_OF(v4); i++)
		good &= put(
			s, out, "link wan%u monitor target %s ping", s->at, is_v6 ? v6[i] : v4[i]);
	return good;
}

/* ---- the LAN ---- */

static bool ask_lan(struct setup *s, struct textbuf *question)
{
	const char *port = port_of(BOARD_LAN, 1);

	suggest(s, port ? port : LATER);
	textbuf_printf(question, "Interface of the LAN");
	return true;
}

static enum verdict take_lan(struct setup *s, struct str answer, const struct sink *out)
{
	s->has_lan = !is_later(answer);
	if (!s->has_lan)
		return NEXT;
	return put(s, out, "lan office interface %.*s", STR_ARG(answer)) ? NEXT : AGAIN;
}

static bool ask_lan_address(struct setup *s, struct textbuf *question)
{
	suggest(s, "192.168.1.1/24");
	textbuf_printf(question, "ADDRESS/BITS there");
	return s->has_lan;
}

static enum verdict take_lan_address(struct setup *s, struct str answer, const struct sink *out)
{
	if (is_later(answer))
		return NEXT;
	return put(s, out, "lan office address %.*s", STR_ARG(answer)) ? NEXT : AGAIN;
}

/* ---- names ---- */

static bool any_is_fixed(const struct setup *s)
{
	for (unsigned i = 1; i <= s->nlinks; i++)
		if (s->link[i].fixed)
			return true;
	return false;
}

static bool ask_domain(struct setup *s, struct textbuf *question)
{
	suggest(s, LATER);
	textbuf_printf(question, "Domain to answer for");
	return any_is_fixed(s);
}

static enum verdict take_domain(struct setup *s, struct str answer, const struct sink *out)
{
	char text[IP_TEXT_MAX];

	if (is_later(answer))
		return NEXT;
	for (unsigned i = 1; i <= s->nlinks; i++) {
		if (!s->link[i].fixed)
			continue;
		if (!put(s, out, "domain %.*s name-server ns%u address %s", STR_ARG(answer), i,
			    ip_addr_text(&s->link[i].address.addr, text)) ||
			!put(s, out, "domain %.*s name-server ns%u link wan%u", STR_ARG(answer), i,
				i))
			return AGAIN;
	}
	snprintf(s->domain, sizeof(s->domain), "%.*s", STR_ARG(answer));
	return NEXT;
}

static bool ask_mail_server(struct setup *s, struct textbuf *question)
{
	suggest(s, LATER);
	textbuf_printf(question, "Address of its mail server inside");
	return s->domain[0];
}

/* What is the same for all links: the way in, and the way out. */
static enum verdict take_mail_server(struct setup *s, struct str answer, const struct sink *out)
{
	struct ip_addr a;
	bool good;

	s->at = 0;
	if (is_later(answer))
		return NEXT;
	good = put(s, out, "forward smtp to %.*s", STR_ARG(answer)) &&
	       put(s, out, "forward smtp protocol tcp") && put(s, out, "forward smtp port 25");
	if (!good || ip_addr_parse(answer, &a))
		return AGAIN;
	ip_addr_text(&a, s->mail_server);
	return NEXT;
}

static bool ask_mail_address(struct setup *s, struct textbuf *question)
{
	char text[IP_TEXT_MAX];

	while (s->at < s->nlinks && !s->link[s->at + 1].fixed)
		s->at++;
	if (!s->mail_server[0] || s->at == s->nlinks)
		return false;
	suggest(s, ip_addr_text(&s->link[s->at + 1].address.addr, text));
	textbuf_printf(question, "Address of its mail over wan%u", s->at + 1);
	return true;
}

static enum verdict take_mail_address(struct setup *s, struct str answer, const struct sink *out)
{
	unsigned i = s->at + 1;
	struct ip_prefix net = ip_prefix_network(&s->link[i].address);
	char text[IP_TEXT_MAX + 4], host[ANSWER_MAX + 48];
	bool good = true;

	snprintf(host, sizeof(host), "domain %s host %u;mail%u", s->domain, 10 * i, i);
	if (!is_later(answer))
		good = put(s, out, "%s address %.*s", host, STR_ARG(answer)) &&
		       put(s, out, "%s link wan%u", host, i) &&
		       put(s, out, "%s mail-entry yes", host) &&
		       put(s, out, "forward smtp on wan%u %.*s", i, STR_ARG(answer)) &&
		       put(s, out, "reverse %s auto", ip_prefix_text(&net, text));
	if (!good)
		return AGAIN;
	s->at = i;
	return NEXT;
}

/* ---- the end ---- */

/* All links carry what is new; mail leaves by the first that works, as its names say. */
static bool put_policies(struct setup *s, const struct sink *out)
{
	bool good = true;

	for (unsigned i = 1; i <= s->nlinks; i++)
		good &= put(s, out, "policy spread member wan%u", i);
	good = good && put(s, out, "policy spread method weighted") &&
	       put(s, out, "rule 99 policy spread");
	if (!good || !s->mail_server[0])
		return good;
	for (unsigned i = 1; i <= s->nlinks; i++)
		good &= put(s, out, "policy primary member wan%u", i);
	return good && put(s, out, "policy primary method priority") &&
	       put(s, out, "rule 10 policy primary") && put(s, out, "rule 10 protocol tcp") &&
	       put(s, out, "rule 10 port 25") &&
	       put(s, out, "rule 10 source %s/%u", s->mail_server,
		       strchr(s->mail_server, ':') ? 128U : 32U) &&
	       put(s, out, "domain %s record @ TXT \"v=spf1 mx -all\"", s->domain);
}

static bool ask_commit(struct setup *s, struct textbuf *question)
{
	suggest(s, "yes");
	textbuf_printf(question, "Put this in force");
	return true;
}

static enum verdict take_commit(struct setup *s, struct str answer, const struct sink *out)
{
	(void)s;
	if (str_starts(STR("yes"), answer) || str_starts(STR("no"), answer) || is_later(answer))
		return NEXT;
	sink_puts(out, "yes or no?\n");
	return AGAIN;
}

static const struct step steps[] = {
	{ask_host_name, take_host_name},
	{ask_interface, take_interface},
	{ask_address, take_address},
	{ask_gateway, take_gateway},
	{ask_lan, take_lan},
	{ask_lan_address, take_lan_address},
	{ask_domain, take_domain},
	{ask_mail_server, take_mail_server},
	{ask_mail_address, take_mail_address},
	{ask_commit, take_commit},
};

enum { STEP_INTERFACE = 1, STEP_GATEWAY = 3, STEP_MAIL_ADDRESS = 8, STEP_COMMIT = 9 };

static void look_for_findings(struct setup *s, struct console_call *call)
{
	const struct explain_console *m = &s->product->explain_console;
	struct explain_about about = {.candidate = false};
	struct explain_world *w;

	if (m->world(m->ctx, call->session, &about, call->now, s->mem, call->out, &w))
		return;
	sink_puts(call->out, "What `check` says of it:\n");
	check_settings(w, call->out);
	m->release(w);
}

static enum fl_err finish(struct setup *s, struct console_call *call)
{
	const struct console_commit commit = {
		.candidate = &s->tree,
		.user = console_user(call->session),
		.source = STR("setup"),
		.session = call->session,
	};
	const struct settings *now = &fairlead_config(s->product)->tree;
	enum fl_err err;

	if (settings_diff(now, &s->tree, &(struct sink){text_drop, NULL}) == 0) {
		sink_puts(call->out, "nothing to commit; `setup` asks again\n");
		return FL_OK;
	}
	err = commit_candidate(s->product, &commit, call->out);
	if (err) {
		sink_puts(call->out, "error: not committed; nothing was changed\n");
		return err;
	}
	sink_printf(call->out,
		"committed: revision %u.  `configure` changes it, `show links` shows the uplinks\n",
		(unsigned)s->product->revision);
	look_for_findings(s, call);
	return FL_OK;
}

/* The step behind the one that was answered; the questions about links come again and again. */
static bool step_on(struct setup *s, const struct sink *out)
{
	if (s->step == STEP_GATEWAY && s->at) {
		s->step = STEP_INTERFACE;
		return put_targets(s, out);
	}
	if (s->step != STEP_MAIL_ADDRESS)
		s->step++;
	return true;
}

static enum fl_err answered(struct console_call *call, struct str answer);

static enum fl_err ask(struct setup *s, struct console_call *call)
{
	char words[ANSWER_MAX], question[2 * ANSWER_MAX + 8];
	struct textbuf t = textbuf_of(words, sizeof(words));

	while (!steps[s->step].ask(s, &t)) {
		t = textbuf_of(words, sizeof(words));
		if (s->step == STEP_MAIL_ADDRESS)
			s->step++;
		else if (!step_on(s, call->out))
			return FL_EFULL;
	}
	if (s->step == STEP_COMMIT) {
		if (s->nlinks > 0 && !put_policies(s, call->out))
			return FL_EFULL;
		sink_puts(call->out, "\n");
		(void)settings_print(&s->tree, STR(""), SETTINGS_BRACES, call->out);
		sink_puts(call->out, "\n");
	}
	snprintf(question, sizeof(question), "%s [%s]: ", words, s->suggestion);
	return console_ask(call->session, question, false, answered, s);
}

/* An answer is one word. */
static bool is_word(struct str answer, const struct sink *out)
{
	bool good = answer.n <= ANSWER_MAX;

	for (size_t i = 0; i < answer.n; i++)
		good &= answer.at[i] > ' ' && !strchr("{}\",#\\", answer.at[i]);
	if (!good)
		sink_puts(out, "one word, please; \"" LATER "\" leaves it for later\n");
	return good;
}

static enum fl_err answered(struct console_call *call, struct str answer)
{
	struct setup *s = call->state;

	if (answer.n == 0)
		answer = str_of(s->suggestion);
	if (!is_word(answer, call->out) || steps[s->step].take(s, answer, call->out) == AGAIN)
		return ask(s, call);
	if (s->step == STEP_COMMIT) {
		if (answer.at[0] == 'y')
			return finish(s, call);
		sink_puts(call->out, "nothing was changed; `setup` asks again\n");
		return FL_EAGAIN;
	}
	if (!step_on(s, call->out))
		return FL_EFULL;
	return ask(s, call);
}

static enum fl_err setup(struct console_call *call)
{
	struct fairlead *f = call->module;
	struct arena *mem = console_dialogue_mem(call->session);
	struct setup *s;

	if (fairlead_config(f)->v.nlinks) {
		sink_puts(call->out,
			"error: there are links already; `configure` changes what there is\n");
		return FL_EEXIST;
	}
	s = ARENA_NEW(mem, struct setup);
	if (!s)
		return FL_EFULL;
	s->product = f;
	s->mem = mem;
	if (settings_copy(&fairlead_config(f)->tree, mem, &s->tree))
		return FL_EFULL;
	sink_puts(call->out,
		"This router has no uplinks yet.  A few questions make its first settings:\n"
		"Enter takes what is in brackets, \"" LATER
		"\" leaves a question for later, Ctrl-C\nleaves all as it is.\n");
	say_sockets(s, call->out);
	return ask(s, call);
}

const struct console_command setup_commands[] = {
	{"setup", "the first settings of a router, by questions",
		(enum console_mode)(CONSOLE_OPERATE | CONSOLE_CHANGES), setup, NULL},
	{0},
};
