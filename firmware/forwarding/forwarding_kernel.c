/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the settings call for that not every kernel has: who needs it, what becomes of it without,
 * and the cure. */
#include "forwarding_internal.h"

/* The first part of the settings that needs a feature; NULL: no part of its own does. */
typedef const struct origin *needed_by(const struct forwarding_source *s);

struct feature {
	uint32_t bit;
	const char *name;
	const char *without; /* what becomes of it */
	const char *parts;   /* of the kernel */
	bool vital;          /* nothing can be forwarded as the settings say */
	bool always;         /* the table is not made without it */
	needed_by *by;
};

static const struct origin *drawn(const struct forwarding_source *s)
{
	for (size_t i = 0; i < s->npolicies; i++)
		return &s->policies[i].origin;
	for (size_t i = 0; i < s->nforwards; i++)
		if (s->forwards[i].nto > 1 && !s->forwards[i].persist)
			return &s->forwards[i].origin;
	return NULL;
}

static const struct origin *hashed(const struct forwarding_source *s)
{
	for (size_t i = 0; i < s->nforwards; i++)
		if (s->forwards[i].nto > 1 && s->forwards[i].persist)
			return &s->forwards[i].origin;
	return NULL;
}

static const struct origin *translated(const struct forwarding_source *s)
{
	const struct forward_conf *f = forwarding_published(s, 0);
	struct translation t;

	for (size_t i = 0; !f && i < s->nlinks; i++)
		if (!s->links[i].disabled && translation_at(s, &s->links[i], 0, &t))
			return &s->links[i].origin;
	return f ? &f->origin : NULL;
}

static const struct feature features[] = {
	{KFEATURE_TABLES, "nftables for both families of addresses",
		"no packet can be sent over a link of its own, and none be filtered",
		"module nf_tables (CONFIG_NF_TABLES_INET), Linux 5.3 or newer", true, true, NULL},
	{KFEATURE_CT_MARK, "marks of connections", "no connection can be kept on its link",
		"module nft_ct, and CONFIG_NF_CONNTRACK_MARK", true, true, NULL},
	{KFEATURE_MASQUERADE, "masquerading",
		"no connection from inside can have the address of its link",
		"modules nft_chain_nat and nft_masq (CONFIG_NFT_MASQ)", true, true, NULL},
	{KFEATURE_NAT, "address translation", "no server can be published, no network translated",
		"modules nft_chain_nat and nft_nat (CONFIG_NFT_NAT)", true, false, translated},
	{KFEATURE_NUMGEN, "number generator",
		"new connections cannot be shared by links or servers",
		"module nft_numgen (CONFIG_NFT_NUMGEN)", true, false, drawn},
	{KFEATURE_HASH, "hash of addresses", "no client can be kept with its server",
		"module nft_hash (CONFIG_NFT_HASH)", true, false, hashed},
	{KFEATURE_REJECT, "rejecting",
		"TCP clients of a dead link are not told, and wait until they give up",
		"module nft_reject_inet (CONFIG_NFT_REJECT_INET)", false, true, NULL},
	{KFEATURE_FLOWTABLE, "flowtables", "established connections go through the rules",
		"module nf_flow_table_inet", false, false, NULL},
};

static uint32_t link_needs(const struct link_conf *l)
{
	if (l->disabled || !l->shaping)
		return 0;
	return KFEATURE_CAKE | (l->bandwidth.down ? KFEATURE_INCOMING : 0);
}

uint32_t forwarding_needs(const struct forwarding_source *source)
{
	uint32_t needs = source->conf.flowtable ? KFEATURE_FLOWTABLE : 0;

	for (size_t i = 0; i < COUNT_OF(features); i++)
		if (features[i].always || (features[i].by && features[i].by(source)))
			needs |= features[i].bit;
	for (size_t i = 0; i < source->nlinks; i++)
		needs |= link_needs(&source->links[i]);
	return needs;
}

static void check_link(const struct link_conf *l, uint32_t lacks, struct diags *why)
{
	uint32_t lacking = link_needs(l) & lacks;

	if (lacking & KFEATURE_CAKE)
		diag_warning(why, &l->origin, "shaping",
			"use a kernel with the module sch_cake, or set shaping to no",
			"this kernel has no CAKE: the link is used as fast as it goes");
	else if (lacking & KFEATURE_INCOMING)
		diag_warning(why, &l->origin, "shaping",
			"use a kernel with the modules ifb, cls_matchall and act_mirred",
			"this kernel has no ifb: only what leaves is shaped");
}

static void check_feature(
	const struct feature *f, const struct forwarding_source *source, struct diags *why)
{
	const struct origin *at = f->by ? f->by(source) : NULL;
	const char *field = f->bit == KFEATURE_FLOWTABLE ? "forwarding flowtable" : NULL;
	char text[160];
	struct textbuf cure = textbuf_of(text, sizeof(text));

	textbuf_printf(&cure, "use a kernel with the %s%s", f->parts,
		field ? ", or set flowtable to no" : "");
	if (f->vital)
		diag_error(why, at, field, text, "this kernel has no %s: %s", f->name, f->without);
	else
		diag_warning(
			why, at, field, text, "this kernel has no %s: %s", f->name, f->without);
}

void forwarding_check_kernel(
	const struct forwarding_source *source, uint32_t lacks, struct diags *why)
{
	uint32_t lacking = forwarding_needs(source) & lacks;

	for (size_t i = 0; i < COUNT_OF(features); i++)
		if (lacking & features[i].bit)
			check_feature(&features[i], source, why);
	for (size_t i = 0; i < source->nlinks; i++)
		check_link(&source->links[i], lacks, why);
}

void forwarding_put_lacking(uint32_t lacks, const struct sink *out)
{
	for (size_t i = 0; i < COUNT_OF(features); i++)
		if (lacks & features[i].bit)
			sink_printf(out, "# This kernel has no %s (%s): %s%s.\n", features[i].name,
				features[i].parts, features[i].without,
				features[i].vital ? "; so none of this is in force" : "");
}
