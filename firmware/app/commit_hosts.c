/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A commit of a few host records, in place.
 *
 * A new address for one of 100,000 hosts need not copy, bind, check and compile the other 99,999.
 * What such a row means depends on it, its domain and the links, and nothing but the zone image
 * depends on it; so the configuration in force is changed where it is, and the image in a copy.
 * Whatever is not as simple as that, a mistake too, is left to the way all other commits take. */
#include "product.h"

/* What an edit takes of the memory is given back by the next whole commit. */
#define EDITS_MAX 4096

static struct dns_host_conf *row_of(struct config *c, const struct settings_edit *e)
{
	return &c->v.domains[e->outer].hosts[e->index];
}

/* Bind what the entries have inside now.  False: there is a mistake; some rows may be new. */
static bool bind_rows(struct config *c, const struct settings_edits *edits)
{
	struct diags why;

	diags_init(&why, &c->mem);
	for (size_t i = 0; i < edits->n; i++)
		if (settings_bind_edit(
			    &c->tree, &edits->at[i], &c->mem, row_of(c, &edits->at[i]), &why))
			return false;
	return true;
}

static void note_rows(struct config *c, struct commit_hosts *done)
{
	for (size_t i = 0; i < done->edits.n; i++) {
		const struct settings_edit *e = &done->edits.at[i];

		done->hosts[i] = (struct dns_edit){e->outer, e->index, *row_of(c, e)};
	}
}

static void swap_insides(struct commit_hosts *done)
{
	for (size_t i = 0; i < done->edits.n; i++)
		settings_swap_edit(&done->edits.at[i]);
}

static void put_back(struct config *c, struct commit_hosts *done)
{
	swap_insides(done);
	for (size_t i = 0; i < done->edits.n; i++)
		*row_of(c, &done->edits.at[i]) = done->hosts[i].was;
}

enum fl_err commit_hosts(
	struct fairlead *f, const struct settings *candidate, struct commit_hosts *done)
{
	struct config *c = fairlead_config(f);

	if (c->edited + SETTINGS_EDITS_MAX > EDITS_MAX ||
		settings_find_edits(&c->tree, candidate, "domain", "host", &done->edits) ||
		done->edits.n == 0)
		return FL_EAGAIN;
	c->edited += done->edits.n;
	note_rows(c, done);
	swap_insides(done);
	if (!bind_rows(c, &done->edits) || publish_hosts(f, done->hosts, done->edits.n)) {
		put_back(c, done);
		return FL_EAGAIN;
	}
	return FL_OK;
}

enum fl_err commit_hosts_undo(struct fairlead *f, struct commit_hosts *done, struct textbuf *why)
{
	put_back(fairlead_config(f), done);
	f->serial = commit_next_serial(f);
	return publish_domains(f, why);
}
