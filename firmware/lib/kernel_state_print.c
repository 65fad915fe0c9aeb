/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel state in the words of ip(8) and nft(8).  The ops of a rule become text by following what
 * each register holds. */
#include "kernel_state.h"

#include "bytes.h"

#include <string.h>

/* ---- ip ---- */

static void print_device(const struct kstate_device *d, const struct sink *out)
{
	if (d->vlan)
		sink_printf(out, "ip link %.*s link %.*s type vlan id %u", STR_ARG(d->name),
			STR_ARG(d->under), (unsigned)d->vlan);
	else
		sink_printf(out, "ip link %.*s", STR_ARG(d->name));
	if (d->mtu)
		sink_printf(out, " mtu %u", (unsigned)d->mtu);
	sink_puts(out, "\n");
}

static void print_address(const struct kstate_address *a, const struct sink *out)
{
	char prefix[IP_TEXT_MAX + 4];

	sink_printf(out, "ip address %s dev %.*s noprefixroute\n",
		ip_prefix_text(&a->prefix, prefix), STR_ARG(a->interface));
}

static void print_route(const struct kstate_route *r, const struct sink *out)
{
	char text[IP_TEXT_MAX + 4];

	sink_printf(out, "ip%s route %s", r->family == 6 ? " -6" : "",
		r->to.bits ? ip_prefix_text(&r->to, text) : "default");
	if (r->gateway.family)
		sink_printf(out, " via %s", ip_addr_text(&r->gateway, text));
	sink_printf(out, " dev %.*s%s", STR_ARG(r->interface), r->gateway.family ? " onlink" : "");
	if (r->table == KSTATE_TABLE_MAIN)
		sink_puts(out, " table main");
	else
		sink_printf(out, " table %u", r->table);
	sink_printf(out, " metric %u\n", r->metric);
}

static void print_rule(const struct kstate_rule *r, const struct sink *out)
{
	char text[IP_TEXT_MAX + 4];

	sink_printf(out, "ip%s rule pref %u", r->family == 6 ? " -6" : "", r->priority);
	if (r->from.addr.family)
		sink_printf(out, " from %s", ip_prefix_text(&r->from, text));
	if (r->mask)
		sink_printf(out, " fwmark 0x%x/0x%x", r->mark, r->mask);
	if (r->oif.n)
		sink_printf(out, " oif %.*s", STR_ARG(r->oif));
	if (r->table == KSTATE_TABLE_MAIN)
		sink_puts(out, " lookup main");
	else
		sink_printf(out, " lookup %u", r->table);
	sink_puts(out, r->no_default ? " suppress_prefixlength 0\n" : "\n");
}

/* In the words of tc(8). */
static void print_shaper(const struct kstate_shaper *s, const struct sink *out)
{
	bool incoming = kstate_shaper_is_incoming(s);

	if (incoming)
		sink_printf(out,
			"tc filter dev %.*s ingress matchall action mirred egress redirect dev "
			"%.*s\n",
			STR_ARG(s->interface), STR_ARG(s->by));
	sink_printf(out, "tc qdisc dev %.*s root cake bandwidth %llubit nat %s overhead %u\n",
		STR_ARG(s->by), (unsigned long long)s->rate * 8,
		incoming ? "besteffort dual-dsthost ingress" : "dual-srchost", s->overhead);
}

static void print_sysctl(const struct kstate_sysctl *s, const struct sink *out)
{
	sink_printf(out, "sysctl %.*s=%.*s\n", STR_ARG(s->path), STR_ARG(s->value));
}

/* ---- values ---- */

static uint32_t native_u32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static void value_addr(uint8_t family, const uint8_t *p, struct textbuf *t)
{
	struct ip_addr a = {.family = family};
	char text[IP_TEXT_MAX];

	memcpy(a.b, p, ip_addr_size(family));
	textbuf_printf(t, "%s", ip_addr_text(&a, text));
}

static void value_proto(uint8_t proto, struct textbuf *t)
{
	static const struct {
		uint8_t number;
		const char *name;
	} names[] = {{1, "icmp"}, {6, "tcp"}, {17, "udp"}, {58, "icmpv6"}};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (names[i].number == proto) {
			textbuf_printf(t, "%s", names[i].name);
			return;
		}
	}
	textbuf_printf(t, "%u", proto);
}

static void value_text(enum kset_type type, const uint8_t *p, struct textbuf *t)
{
	switch (type) {
	case KSET_NONE:
	case KSET_VERDICT:
		return;
	case KSET_NFPROTO:
		textbuf_printf(t, "%s", p[0] == KNFPROTO_IPV6 ? "ipv6" : "ipv4");
		return;
	case KSET_IPV4:
		value_addr(4, p, t);
		return;
	case KSET_IPV6:
		value_addr(6, p, t);
		return;
	case KSET_PROTO:
		value_proto(p[0], t);
		return;
	case KSET_PORT:
		textbuf_printf(t, "%u", get_u16(p));
		return;
	case KSET_MARK:
	case KSET_NUMBER:
		textbuf_printf(t, "%u", native_u32(p));
		return;
	case KSET_IFNAME:
		textbuf_printf(t, "\"%.*s\"", KIFNAME_SIZE, (const char *)p);
		return;
	}
}

static const char *verdict_text(enum kverdict v)
{
	switch (v) {
	case KVERDICT_NONE:
		return "continue";
	case KVERDICT_ACCEPT:
		return "accept";
	case KVERDICT_DROP:
		return "drop";
	case KVERDICT_RETURN:
		return "return";
	case KVERDICT_JUMP:
		return "jump";
	case KVERDICT_GOTO:
		return "goto";
	}
	return "?";
}

/* ---- sets ---- */

static const char *type_text(enum kset_type t)
{
	switch (t) {
	case KSET_NONE:
		return "none";
	case KSET_VERDICT:
		return "verdict";
	case KSET_NFPROTO:
		return "nf_proto";
	case KSET_IPV4:
		return "ipv4_addr";
	case KSET_IPV6:
		return "ipv6_addr";
	case KSET_PROTO:
		return "inet_proto";
	case KSET_PORT:
		return "inet_service";
	case KSET_MARK:
		return "mark";
	case KSET_IFNAME:
		return "ifname";
	case KSET_NUMBER:
		return "integer";
	}
	return "?";
}

static void elem_text(const struct kset *s, const struct kelem *e, struct textbuf *t)
{
	size_t at = 0;

	for (size_t i = 0; i < KSET_KEY_FIELDS && s->key[i]; i++) {
		textbuf_printf(t, "%s", i ? " . " : e->interval_end ? "before " : "");
		value_text(s->key[i], e->key + at, t);
		if (e->last && memcmp(e->key + at, e->last + at, kset_field_size(s->key[i]))) {
			textbuf_printf(t, "-");
			value_text(s->key[i], e->last + at, t);
		}
		at += kset_field_size(s->key[i]);
	}
	if (e->comment.n)
		textbuf_printf(t, " counter comment \"%.*s\"", STR_ARG(e->comment));
	if (s->data == KSET_VERDICT)
		textbuf_printf(t, " : %s%s%.*s", verdict_text(e->verdict), e->chain.n ? " " : "",
			STR_ARG(e->chain));
	else if (s->data)
		textbuf_printf(t, " : %u", e->value);
}

static void print_elems(const struct kset *s, const char *indent, const struct kelem *elems,
	size_t n, const struct sink *out)
{
	for (size_t i = 0; i < n; i++) {
		char text[256];
		struct textbuf t = textbuf_of(text, sizeof(text));

		elem_text(s, &elems[i], &t);
		sink_printf(out, "%s%s\n", indent, text);
	}
}

static void print_set(const struct kset *s, const struct sink *out)
{
	sink_printf(out, "\t%s %.*s {\n\t\ttype ", s->data ? "map" : "set", STR_ARG(s->name));
	for (size_t i = 0; i < KSET_KEY_FIELDS && s->key[i]; i++)
		sink_printf(out, "%s%s", i ? " . " : "", type_text(s->key[i]));
	if (s->data)
		sink_printf(out, " : %s", type_text(s->data));
	sink_puts(out, s->interval || s->ranges ? "\n\t\tflags interval\n"
		       : s->dynamic             ? "\n\t\tflags dynamic,timeout\n"
						: "\n");
	if (s->dynamic)
		sink_printf(out, "\t\ttimeout %us\n", s->timeout_ms / 1000);
	if (s->size)
		sink_printf(out, "\t\tsize %u\n", s->size);
	if (s->nelems)
		sink_puts(out, "\t\telements = {\n");
	print_elems(s, "\t\t\t", s->elems, s->nelems, out);
	sink_puts(out, s->nelems ? "\t\t}\n\t}\n" : "\t}\n");
}

/* ---- rules ---- */

/* What a register holds: how nft would write it, and what kind of value it is. */
struct held {
	char text[96];
	enum kset_type type;
	enum kct flags; /* KCT_STATE or KCT_STATUS: bits with names; else KCT_MARK */
	uint32_t mask;
	unsigned prefix; /* bits that are compared; 0: all */
};

struct printer {
	const struct kernel_state *state;
	const struct krule *rule;
	const struct sink *out;
	struct held reg[KREGS];
};

static struct held *held(struct printer *p, uint32_t reg)
{
	return &p->reg[(reg - KREG(0)) % KREGS];
}

static void hold(struct printer *p, uint32_t reg, enum kset_type type, const char *text)
{
	struct textbuf t = textbuf_of(held(p, reg)->text, sizeof(p->reg[0].text));

	textbuf_printf(&t, "%s", text);
	held(p, reg)->type = type;
	held(p, reg)->flags = KCT_MARK;
	held(p, reg)->prefix = 0;
}

static void hold_meta(struct printer *p, const struct kop *op)
{
	switch ((enum kmeta)op->key) {
	case KMETA_MARK:
		hold(p, op->reg, KSET_MARK, "meta mark");
		return;
	case KMETA_IIF:
		hold(p, op->reg, KSET_NUMBER, "iif");
		return;
	case KMETA_IIFNAME:
		hold(p, op->reg, KSET_IFNAME, "iifname");
		return;
	case KMETA_OIFNAME:
		hold(p, op->reg, KSET_IFNAME, "oifname");
		return;
	case KMETA_NFPROTO:
		hold(p, op->reg, KSET_NFPROTO, "meta nfproto");
		return;
	case KMETA_L4PROTO:
		hold(p, op->reg, KSET_PROTO, "meta l4proto");
		return;
	}
}

static void hold_ct(struct printer *p, const struct kop *op)
{
	static const char *const names[] = {
		[KCT_STATE] = "ct state", [KCT_STATUS] = "ct status", [KCT_MARK] = "ct mark"};

	if (op->key >= COUNT_OF(names) || !names[op->key])
		return;
	hold(p, op->reg, op->key == KCT_MARK ? KSET_MARK : KSET_NONE, names[op->key]);
	held(p, op->reg)->flags = (enum kct)op->key;
}

static void hold_payload(struct printer *p, const struct kop *op)
{
	static const struct {
		uint32_t base, offset, len;
		enum kset_type type;
		const char *name;
	} fields[] = {
		{KBASE_NETWORK, 12, 4, KSET_IPV4, "ip saddr"},
		{KBASE_NETWORK, 16, 4, KSET_IPV4, "ip daddr"},
		{KBASE_NETWORK, 8, 16, KSET_IPV6, "ip6 saddr"},
		{KBASE_NETWORK, 24, 16, KSET_IPV6, "ip6 daddr"},
		{KBASE_NETWORK, 1, 1, KSET_NONE, "ip dscp"},
		{KBASE_NETWORK, 0, 2, KSET_NONE, "ip6 dscp"},
		{KBASE_TRANSPORT, 0, 2, KSET_PORT, "th sport"},
		{KBASE_TRANSPORT, 2, 2, KSET_PORT, "th dport"},
	};

	for (size_t i = 0; i < COUNT_OF(fields); i++)
		if (fields[i].base == op->base && fields[i].offset == op->offset &&
			fields[i].len == op->len)
			hold(p, op->reg, fields[i].type, fields[i].name);
}

static unsigned mask_bits(const uint8_t *mask, size_t n)
{
	unsigned bits = 0;

	for (size_t i = 0; i < n * 8; i++)
		bits += mask[i / 8] >> (7 - i % 8) & 1;
	return bits;
}

static bool is_dscp(const struct held *h)
{
	return strcmp(h->text, "ip dscp") == 0 || strcmp(h->text, "ip6 dscp") == 0;
}

/* A prefix is written behind the address it is compared with, flags as their names. */
static void hold_masked(struct printer *p, const struct kop *op)
{
	struct held *h = held(p, op->reg);
	struct textbuf t = {h->text, strlen(h->text), sizeof(h->text), false};

	if (is_dscp(h))
		return;
	h->mask = native_u32(op->data);
	if (h->type == KSET_MARK)
		textbuf_printf(&t, " & 0x%x", h->mask);
	else
		h->prefix = mask_bits(op->data, op->len);
	if (h->type == KSET_MARK && native_u32(op->data2))
		textbuf_printf(&t, " ^ 0x%x", native_u32(op->data2));
}

static void hold_shifted(struct printer *p, const struct kop *op)
{
	struct held *h = held(p, op->reg);
	struct textbuf t = {h->text, strlen(h->text), sizeof(h->text), false};

	textbuf_printf(&t, " >> %u", op->offset);
}

/* Does a later step of the rule use what a map gave?  If not, only the finding mattered. */
static bool is_used(const struct printer *p, const struct kop *map)
{
	for (const struct kop *op = map + 1; op < p->rule->ops + p->rule->nops; op++)
		if (op->reg == map->dreg && (op->code == KOP_META_SET || op->code == KOP_CT_SET))
			return true;
	return false;
}

static void print_lookup(struct printer *p, const struct kop *op)
{
	const struct kset *s = kernel_state_set(p->state, op->name);
	char key[160];
	struct textbuf t = textbuf_of(key, sizeof(key));
	uint32_t reg = op->reg;

	for (size_t i = 0; s && i < KSET_KEY_FIELDS && s->key[i]; i++) {
		textbuf_printf(&t, "%s%s", i ? " . " : "", held(p, reg)->text);
		reg += (uint32_t)kset_field_size(s->key[i]) / 4;
	}
	if (s && s->data == KSET_VERDICT)
		sink_printf(p->out, " %s vmap @%.*s", key, STR_ARG(op->name));
	else if (s && s->data && is_used(p, op)) {
		textbuf_printf(&t, " map @%.*s", STR_ARG(op->name));
		hold(p, op->dreg, s->data, key);
	} else
		sink_printf(p->out, " %s %s@%.*s", key, op->equal ? "" : "!= ", STR_ARG(op->name));
}

static void print_flags(const struct held *h, const struct sink *out)
{
	static const struct {
		enum kct of;
		uint32_t bit;
		const char *name;
	} names[] = {
		{KCT_STATE, KCT_STATE_INVALID, "invalid"},
		{KCT_STATE, KCT_STATE_ESTABLISHED, "established"},
		{KCT_STATE, KCT_STATE_RELATED, "related"},
		{KCT_STATE, KCT_STATE_NEW, "new"},
		{KCT_STATUS, KCT_STATUS_DNAT, "dnat"},
	};
	const char *before = " ";

	sink_printf(out, " %s", h->text);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (names[i].of != h->flags || !(names[i].bit & h->mask))
			continue;
		sink_printf(out, "%s%s", before, names[i].name);
		before = ",";
	}
}

static void print_cmp(struct printer *p, const struct kop *op)
{
	const struct held *h = held(p, op->reg);
	char text[128];
	struct textbuf t = textbuf_of(text, sizeof(text));

	if (h->flags != KCT_MARK) {
		print_flags(h, p->out);
		return;
	}
	if (is_dscp(h))
		textbuf_printf(&t, "%u",
			op->len == 1 ? op->data[0] >> 2 : (op->data[0] << 8 | op->data[1]) >> 6);
	else
		value_text(h->type, op->data, &t);
	if (op->code == KOP_RANGE) {
		textbuf_printf(&t, "-");
		value_text(h->type, op->data2, &t);
	}
	if (h->prefix)
		textbuf_printf(&t, "/%u", h->prefix);
	sink_printf(p->out, " %s %s%s", h->text, op->equal ? "" : "!= ", text);
}

static void hold_immediate(struct printer *p, const struct kop *op)
{
	enum kset_type type = op->family == 4   ? KSET_IPV4
			      : op->family == 6 ? KSET_IPV6
			      : op->len == 2    ? KSET_PORT
						: KSET_MARK;
	char text[64];
	struct textbuf t = textbuf_of(text, sizeof(text));

	value_text(type, op->data, &t);
	hold(p, op->reg, type, text);
}

static void hold_draw(struct printer *p, const struct kop *op)
{
	char text[160];
	struct textbuf t = textbuf_of(text, sizeof(text));

	if (op->code == KOP_NUMGEN)
		textbuf_printf(&t, "numgen inc mod %u offset %u", op->modulus, op->offset);
	else
		textbuf_printf(&t, "jhash %s mod %u offset %u", held(p, op->reg)->text, op->modulus,
			op->offset);
	hold(p, op->code == KOP_NUMGEN ? op->reg : op->dreg, KSET_NUMBER, text);
}

static void print_nat(struct printer *p, const struct kop *op)
{
	sink_printf(p->out, " %s ip%s to %s", op->code == KOP_SNAT ? "snat" : "dnat",
		op->family == 6 ? "6" : "", held(p, op->reg)->text);
	if (op->dreg)
		sink_printf(p->out, " port %s", held(p, op->dreg)->text);
}

static void print_nat_prefix(struct printer *p, const struct kop *op)
{
	sink_printf(p->out, " snat ip6 prefix to %s-%s", held(p, op->reg)->text,
		held(p, op->dreg)->text);
}

/* Packets that put an element into a set, or take it out. */
static void print_set_change(struct printer *p, const struct kop *op)
{
	sink_printf(p->out, " %s @%.*s { %s", op->code == KOP_REMEMBER ? "update" : "delete",
		STR_ARG(op->name), held(p, op->reg)->text);
	if (op->code == KOP_REMEMBER && op->dreg)
		sink_printf(p->out, " : %s", held(p, op->dreg)->text);
	sink_puts(p->out, " }");
}

static void print_verdict(struct printer *p, const struct kop *op)
{
	sink_printf(p->out, " %s%s%.*s", verdict_text(op->verdict), op->name.n ? " " : "",
		STR_ARG(op->name));
}

static void print_reject(struct printer *p, const struct kop *op)
{
	sink_puts(p->out, op->tcp_reset ? " reject with tcp reset" : " reject");
}

static void hold_mtu(struct printer *p, const struct kop *op)
{
	hold(p, op->reg, KSET_PORT, "rt mtu");
}

/* nft writes numbers, whatever the order of their octets. */
static void print_nothing(struct printer *p, const struct kop *op)
{
	(void)p;
	(void)op;
}

/* What a step adds to the rule: what it loads is held until a later one uses it. */
static const struct {
	void (*print)(struct printer *p, const struct kop *op); /* NULL: see `words` */
	const char *words;
	bool and_held; /* and behind them what the step's register holds */
} op_prints[] = {
	[KOP_META_LOAD] = {.print = hold_meta},
	[KOP_META_SET] = {.words = " meta mark set ", .and_held = true},
	[KOP_CT_LOAD] = {.print = hold_ct},
	[KOP_CT_SET] = {.words = " ct mark set ", .and_held = true},
	[KOP_PAYLOAD] = {.print = hold_payload},
	[KOP_BITWISE] = {.print = hold_masked},
	[KOP_SHIFT] = {.print = hold_shifted},
	[KOP_CMP] = {.print = print_cmp},
	[KOP_RANGE] = {.print = print_cmp},
	[KOP_LOOKUP] = {.print = print_lookup},
	[KOP_REMEMBER] = {.print = print_set_change},
	[KOP_FORGET] = {.print = print_set_change},
	[KOP_IMMEDIATE] = {.print = hold_immediate},
	[KOP_NUMGEN] = {.print = hold_draw},
	[KOP_HASH] = {.print = hold_draw},
	[KOP_VERDICT] = {.print = print_verdict},
	[KOP_SNAT] = {.print = print_nat},
	[KOP_SNAT_PREFIX] = {.print = print_nat_prefix},
	[KOP_DNAT] = {.print = print_nat},
	[KOP_MASQUERADE] = {.words = " masquerade"},
	[KOP_REJECT] = {.print = print_reject},
	[KOP_COUNTER] = {.words = " counter"},
	[KOP_MSS_LOAD] = {.print = hold_mtu},
	[KOP_HTONS] = {.print = print_nothing},
	[KOP_MSS_SET] = {.words = " tcp option maxseg size set ", .and_held = true},
	[KOP_OFFLOAD] = {.words = " flow add @established"},
};

static void print_op(struct printer *p, const struct kop *op)
{
	if (op_prints[op->code].print) {
		op_prints[op->code].print(p, op);
		return;
	}
	sink_puts(p->out, op_prints[op->code].words);
	if (op_prints[op->code].and_held)
		sink_puts(p->out, held(p, op->reg)->text);
}

static void print_krule(const struct kernel_state *s, const struct krule *r, const struct sink *out)
{
	char line[1000];
	struct textbuf t = textbuf_of(line, sizeof(line));
	struct sink words = textbuf_sink(&t);
	struct printer p = {.state = s, .rule = r, .out = &words};

	for (size_t i = 0; i < r->nops; i++)
		print_op(&p, &r->ops[i]);
	if (r->comment.n)
		sink_printf(&words, " comment \"%.*s\"", STR_ARG(r->comment));
	/* Each word brings the blank before it. */
	sink_printf(out, "\t\t%s\n", line[0] ? line + 1 : "");
}

static void print_chain(
	const struct kernel_state *s, const struct kchain *c, const struct sink *out)
{
	static const char *const hooks[] = {
		"prerouting", "input", "forward", "output", "postrouting"};

	sink_printf(out, "\tchain %.*s {\n", STR_ARG(c->name));
	if (c->type.n)
		sink_printf(out, "\t\ttype %.*s hook %s priority %d; policy %s\n", STR_ARG(c->type),
			c->hook < COUNT_OF(hooks) ? hooks[c->hook] : "?", c->priority,
			c->drop ? "drop" : "accept");
	for (size_t i = 0; i < c->nrules; i++)
		print_krule(s, &c->rules[i], out);
	sink_puts(out, "\t}\n");
}

static void print_flowtable(const struct kernel_state *s, const struct sink *out)
{
	if (!s->naccelerated)
		return;
	sink_puts(out, "\tflowtable established {\n\t\thook ingress priority 0\n\t\tdevices = {");
	for (size_t i = 0; i < s->naccelerated; i++)
		sink_printf(out, "%s %.*s", i ? "," : "", STR_ARG(s->accelerated[i]));
	sink_puts(out, " }\n\t}\n");
}

static void print_table(const struct kernel_state *s, const struct sink *out)
{
	sink_puts(out, "table inet " KSTATE_NFT_TABLE " {\n");
	print_flowtable(s, out);
	for (size_t i = 0; i < s->nsets; i++)
		print_set(&s->sets[i], out);
	for (size_t i = 0; i < s->nchains; i++)
		print_chain(s, &s->chains[i], out);
	sink_puts(out, "}\n");
}

/* ---- whole states and differences ---- */

#define PRINT_EACH(sign, list, count, print, out)                                                  \
	for (size_t i_ = 0; i_ < (count); i_++) {                                                  \
		sink_puts((out), (sign));                                                          \
		print(&(list)[i_], (out));                                                         \
	}

void kernel_state_print(const struct kernel_state *s, const struct sink *out)
{
	PRINT_EACH("", s->devices, s->ndevices, print_device, out)
	PRINT_EACH("", s->addresses, s->naddresses, print_address, out)
	PRINT_EACH("", s->routes, s->nroutes, print_route, out)
	PRINT_EACH("", s->rules, s->nrules, print_rule, out)
	PRINT_EACH("", s->shapers, s->nshapers, print_shaper, out)
	PRINT_EACH("", s->sysctls, s->nsysctls, print_sysctl, out)
	if (s->nchains)
		print_table(s, out);
}

/* What a key is made of is in the set, which a change only names; the few octets of a key are shown
 * as they are. */
static void print_change(const struct kset_change *c, const struct sink *out)
{
	const struct {
		const char *sign;
		const struct kelem *elems;
		size_t n;
	} parts[] = {{"-", c->remove, c->nremove}, {"+", c->add, c->nadd}};

	for (size_t part = 0; part < COUNT_OF(parts); part++) {
		for (size_t i = 0; i < parts[part].n; i++) {
			const struct kelem *e = &parts[part].elems[i];

			sink_printf(out, "%s element %.*s ", parts[part].sign, STR_ARG(c->set));
			for (size_t k = 0; k < e->key_n; k += 4)
				sink_printf(out, "%s%02x%02x%02x%02x", k ? "." : "", e->key[k],
					e->key[k + 1], e->key[k + 2], e->key[k + 3]);
			if (e->value)
				sink_printf(out, " : %u", e->value);
			if (e->verdict)
				sink_printf(out, " : %s %.*s", verdict_text(e->verdict),
					STR_ARG(e->chain));
			sink_puts(out, "\n");
		}
	}
}

void kernel_diff_print(const struct kernel_diff *d, const struct sink *out)
{
	PRINT_EACH("+ ", d->add_devices, d->nadd_devices, print_device, out)
	PRINT_EACH("+ ", d->add_addresses, d->nadd_addresses, print_address, out)
	PRINT_EACH("+ ", d->add_routes, d->nadd_routes, print_route, out)
	PRINT_EACH("+ ", d->add_rules, d->nadd_rules, print_rule, out)
	PRINT_EACH("- ", d->del_rules, d->ndel_rules, print_rule, out)
	PRINT_EACH("- ", d->del_routes, d->ndel_routes, print_route, out)
	PRINT_EACH("- ", d->del_addresses, d->ndel_addresses, print_address, out)
	PRINT_EACH("- ", d->del_devices, d->ndel_devices, print_device, out)
	PRINT_EACH("+ ", d->add_shapers, d->nadd_shapers, print_shaper, out)
	PRINT_EACH("- ", d->del_shapers, d->ndel_shapers, print_shaper, out)
	PRINT_EACH("= ", d->sysctls, d->nsysctls, print_sysctl, out)
	PRINT_EACH("", d->sets, d->nsets, print_change, out)
	if (d->replace_table)
		print_table(d->replace_table, out);
}
