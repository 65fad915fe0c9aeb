/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nftables table, over libmnl with messages of our own.
 *
 * The table carries a fingerprint of its chains in its comment; after a restart it tells whether
 * the chains in the kernel are the ones wanted. */
#include "kernel_nft.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#define FINGERPRINT "fairlead "

/* ---- the flowtable ----
 *
 * A kernel may not have them (nor the devices: then all is as without), and a device that goes
 * takes its hook with it.  So the table is made with the devices there are, read_table() looks
 * whether these are still the ones, and where the kernel refuses the table is made without. */

bool device_exists(struct str name)
{
	char text[IF_NAMESIZE] = {0};

	if (name.n >= sizeof(text))
		return false;
	memcpy(text, name.at, name.n);
	return if_nametoindex(text) != 0;
}

bool has_flowtables(const struct kernel_linux *k)
{
	return !(k->lacking & KFEATURE_FLOWTABLE);
}

size_t devices_there(const struct kernel_linux *k, const struct kernel_state *s)
{
	size_t n = 0;

	for (size_t i = 0; has_flowtables(k) && i < s->naccelerated; i++)
		n += device_exists(s->accelerated[i]);
	return n;
}

bool is_left_out(const struct kernel_linux *k, const struct krule *r)
{
	enum kop_code last = r->nops ? r->ops[r->nops - 1].code : KOP_VERDICT;

	return (last == KOP_OFFLOAD && !has_flowtables(k)) ||
	       (last == KOP_REJECT && k->lacking & KFEATURE_REJECT);
}

struct str fingerprint(const struct kernel_state *s, char text[40])
{
	int n = snprintf(
		text, 40, FINGERPRINT "%016llx", (unsigned long long)kernel_state_table_hash(s));

	return (struct str){text, (size_t)n};
}

/* ---- changing ---- */

/* What the kernel has put into the dynamic maps of the table that is replaced, by set; NULL when
 * there is no memory, and then it is forgotten. */
static struct kset *read_dynamic(
	struct kernel_linux *k, const struct kernel_state *s, struct arena *mem)
{
	struct kset *kept = ARENA_NEWS(mem, struct kset, s->nsets);

	for (size_t i = 0; kept && i < s->nsets; i++) {
		size_t n = 0;

		kept[i] = (struct kset){0};
		if (!s->sets[i].dynamic || read_set(k, &s->sets[i], mem, &kept[i]) || mem->full)
			continue;
		for (size_t j = 0; j < kept[i].nelems; j++) {
			struct kelem e = kept[i].elems[j];

			if (e.expires_ms > s->sets[i].timeout_ms)
				e.expires_ms = s->sets[i].timeout_ms; /* more is refused */
			if (!s->sets[i].data ||
				(e.value < 32 && s->sets[i].values_kept & UINT32_C(1) << e.value))
				kept[i].elems[n++] = e;
		}
		kept[i].nelems = n;
	}
	return mem->full ? NULL : kept;
}

/* Deleting a table that may not be there: make it first. */
static void put_whole_table(
	struct kernel_linux *k, const struct kernel_state *s, const struct kset *kept)
{
	char text[40];

	put_table(k, NFT_MSG_NEWTABLE, STR(""));
	put_table(k, NFT_MSG_DELTABLE, STR(""));
	put_table(k, NFT_MSG_NEWTABLE, fingerprint(s, text));
	for (size_t i = 0; i < s->nsets; i++)
		put_set(k, &s->sets[i], (uint32_t)i + 1);
	if (s->naccelerated && has_flowtables(k))
		put_flowtable(k, s->accelerated, s->naccelerated);
	for (size_t i = 0; i < s->nchains; i++)
		put_chain(k, &s->chains[i]);
	for (size_t i = 0; i < s->nsets; i++) {
		const struct kset *from = s->sets[i].dynamic && kept ? &kept[i] : &s->sets[i];

		put_elems(k, NFT_MSG_NEWSETELEM, s->sets[i].name, from->elems, from->nelems);
	}
	for (size_t i = 0; i < s->nchains; i++)
		for (size_t j = 0; j < s->chains[i].nrules; j++)
			if (!is_left_out(k, &s->chains[i].rules[j]))
				put_rule(k, s, &s->chains[i], &s->chains[i].rules[j]);
}

/* A key whose value changes is deleted and added: the kernel refuses to overwrite it. */
static void put_changes(struct kernel_linux *k, const struct kernel_diff *diff)
{
	for (size_t i = 0; i < diff->nsets; i++) {
		const struct kset_change *c = &diff->sets[i];

		put_elems(k, NFT_MSG_DELSETELEM, c->set, c->remove, c->nremove);
		put_elems(k, NFT_MSG_NEWSETELEM, c->set, c->add, c->nadd);
	}
}

static enum fl_err send_changes(struct kernel_linux *k, const struct kernel_diff *diff,
	const struct kset *kept, struct arena *mem, struct textbuf *why)
{
	k->counts = (struct counts){0};
	if (diff->replace_table && !diff->forget_counts)
		(void)counts_read(k, mem, &k->counts); /* there may be no table */
	if (!batch_begin(k)) {
		textbuf_printf(why, "nftables: out of memory");
		return FL_EFULL;
	}
	if (diff->replace_table)
		put_whole_table(k, diff->replace_table, kept);
	else
		put_changes(k, diff);
	return batch_commit(k, why);
}

enum fl_err nft_apply(struct kernel_linux *k, const struct kernel_diff *diff, struct textbuf *why)
{
	const struct kset *kept = NULL;
	const struct textbuf all = *why;
	struct arena mem;
	enum fl_err err;

	if (!diff->replace_table && !diff->nsets)
		return FL_OK;
	arena_init(&mem, k->memory);
	if (diff->replace_table)
		kept = read_dynamic(k, diff->replace_table, &mem);
	err = send_changes(k, diff, kept, &mem, why);
	if (err && diff->replace_table && diff->replace_table->naccelerated && has_flowtables(k)) {
		k->lacking |= KFEATURE_FLOWTABLE;
		*why = all;
		err = send_changes(k, diff, kept, &mem, why);
		if (err)
			k->lacking &= ~KFEATURE_FLOWTABLE;
		else
			log_printf(k->log, LOG_LEVEL_WARNING,
				"this kernel refuses a flowtable of these devices: established "
				"connections go through the rules, as without \"forwarding "
				"flowtable\"");
	}
	k->counts = (struct counts){0};
	arena_reset(&mem);
	return err;
}

enum fl_err nft_remove(struct kernel_linux *k, struct textbuf *why)
{
	if (!batch_begin(k)) {
		textbuf_printf(why, "nftables: out of memory");
		return FL_EFULL;
	}
	put_table(k, NFT_MSG_NEWTABLE, STR(""));
	put_table(k, NFT_MSG_DELTABLE, STR(""));
	return batch_commit(k, why);
}
