/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Several servers of one forward: each new connection draws a slot, as those of policies do, and
 * the set "servers" holds the chain that each slot leads to.  A server that dies gives its slots to
 * the others, and those of the others stay as they are: with "persist" their clients keep them. */
#include "forwarding_internal.h"
#include "nft_build.h"
#include "policy_slots.h"

#define SLOT_ROOM 256 /* numbers a forward has in the set */

uint8_t forward_family(const struct forward_conf *f)
{
	return f->nto ? f->to[0].addr.family : 0;
}

bool forward_has_server(const struct forward_conf *f, const struct ip_addr *a)
{
	for (size_t i = 0; i < f->nto; i++)
		if (ip_addr_eq(&f->to[i].addr, a))
			return true;
	return false;
}

void forwarding_published_text(const struct forward_conf *f, struct textbuf *out)
{
	textbuf_printf(out, "%s %.*s", f->protocol == RULE_ANY_PROTOCOL ? "nat" : "forward",
		STR_ARG(f->name));
}

bool forward_server_is_used(const struct forward_conf *f, size_t which)
{
	bool all_dead = true;

	for (size_t i = 0; i < f->nto; i++)
		all_dead = all_dead && f->to[i].state == SERVER_DEAD;
	return all_dead || f->to[which].state != SERVER_DEAD;
}

/* ---- names ---- */

struct str nft_named(struct arena *mem, const char *word, struct str name)
{
	char text[FL_NAME_MAX + 48];
	struct textbuf t = textbuf_of(text, sizeof(text));
	char *copy;

	textbuf_printf(&t, "%s", word);
	for (size_t i = 0; i < name.n; i++) /* nft(8) can read these names back */
		textbuf_put(&t, name.at[i] == ';' ? "_" : name.at + i, 1);
	copy = arena_copy(mem, text, t.n);
	return copy ? (struct str){copy, t.n} : STR("");
}

struct str nft_numbered(struct arena *mem, const char *word, size_t number, struct str name)
{
	char text[32];
	struct textbuf t = textbuf_of(text, sizeof(text));

	textbuf_printf(&t, "%s%zu%s", word, number, name.n ? "_" : "");
	return nft_named(mem, text, name);
}

struct str server_chain(struct arena *mem, const struct forward_conf *f, size_t server)
{
	return nft_numbered(mem, "server", server + 1, f->name);
}

/* ---- slots ---- */

bool has_balanced(const struct forwarding_source *s)
{
	for (size_t i = 0; i < s->nforwards; i++)
		if (s->forwards[i].nto > 1)
			return true;
	return false;
}

uint32_t servers_slot(size_t which)
{
	return (uint32_t)(which * SLOT_ROOM);
}

static void deal(const struct forward_conf *f, bool all, uint8_t slot[POLICY_SLOTS])
{
	struct slot_share shares[FORWARD_SERVERS_MAX];
	struct slot_counts counts;
	size_t n = 0;

	for (size_t i = 0; i < f->nto && i < FORWARD_SERVERS_MAX; i++)
		if (all || forward_server_is_used(f, i))
			shares[n++] = (struct slot_share){(uint8_t)(i + 1), f->to[i].weight};
	slots_count(shares, n, &counts);
	slots_deal(0, &counts, slot);
}

static void put_slots(const struct forward_conf *f, uint32_t first, struct nft_build *b)
{
	struct str chain[FORWARD_SERVERS_MAX];
	uint8_t slot[POLICY_SLOTS] = {0};

	for (size_t i = 0; i < f->nto && i < FORWARD_SERVERS_MAX; i++)
		chain[i] = server_chain(b->mem, f, i);
	deal(f, true, slot); /* as it is with all alive: from there as few as possible move */
	deal(f, false, slot);
	for (uint32_t i = 0; i < POLICY_SLOTS; i++) {
		uint32_t key = first + i;
		struct kelem *e;

		if (!slot[i])
			continue;
		e = nft_elem(b);
		e->verdict = KVERDICT_GOTO;
		e->chain = chain[slot[i] - 1];
		kelem_put(e, KSET_NUMBER, &key, sizeof(key));
	}
}

void set_servers(const struct forwarding_source *s, struct nft_build *b)
{
	static const enum kset_type key[KSET_KEY_FIELDS] = {KSET_NUMBER};
	struct kset *set = nft_set(b, SERVERS_SET, key, KSET_VERDICT);

	set->size = (uint32_t)s->nforwards * SLOT_ROOM;
	for (size_t i = 0; i < s->nforwards; i++)
		if (s->forwards[i].nto > 1)
			put_slots(&s->forwards[i], servers_slot(i), b);
}

enum fl_err forwarding_servers(
	const struct forwarding_source *source, struct arena *mem, struct kset *out)
{
	struct kernel_state state = {0};
	struct nft_build b;

	nft_build_init(&b, mem);
	set_servers(source, &b);
	nft_build_end(&b, &state);
	if (mem->full)
		return FL_EFULL;
	kernel_state_sort(&state);
	*out = state.sets[0];
	return FL_OK;
}
