/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the router does for its LANs: a dnsmasq for each that is to be served, and beside it a file
 * that says whom to ask, written anew when a link lives or dies. */
#include "product.h"

#include "text_grow.h"

#include <string.h>

#define SLOT_FIRST (2 * FL_LINKS_MAX + 1)
#define SLOTS      24

/* The LANs that are served, in the order of the settings; NULL: no more of them. */
static const struct lan_conf *served_lan(const struct config *c, unsigned which)
{
	for (size_t i = 0; i < c->v.nlans; i++)
		if (lan_is_served(&c->v.lans[i]) && which-- == 0)
			return &c->v.lans[i];
	return NULL;
}

static void write_resolvers(struct fairlead *f, unsigned slot, const struct lan_conf *l)
{
	const struct daemons *all = &f->io->daemons;
	const struct config *c = fairlead_config(f);
	char name_room[64], room[8192], words[200];
	struct textbuf name = textbuf_of(name_room, sizeof(name_room));
	struct textbuf text = textbuf_of(room, sizeof(room));
	struct textbuf why = textbuf_of(words, sizeof(words));
	struct sink out = textbuf_sink(&text);
	struct daemon_file file;

	textbuf_printf(&name, "resolvers-%.*s", STR_ARG(l->name));
	lan_resolvers(c->v.links, c->v.nlinks, f->published.live, &out);
	file = (struct daemon_file){textbuf_str(&name), textbuf_str(&text), true};
	if (all->reread(all->ctx, slot, &file, &why))
		log_printf(&f->log, LOG_LEVEL_ERROR, "the resolvers of lan %.*s: %s",
			STR_ARG(l->name), words);
}

static void run(struct fairlead *f, unsigned slot, const struct lan_conf *l)
{
	const struct daemons *all = &f->io->daemons;
	char name_room[64], file_room[64], option_room[600], words[200];
	struct textbuf name = textbuf_of(name_room, sizeof(name_room));
	struct textbuf file = textbuf_of(file_room, sizeof(file_room));
	struct textbuf option = textbuf_of(option_room, sizeof(option_room));
	struct textbuf why = textbuf_of(words, sizeof(words));
	struct forwarding_source source = config_forwarding_source(fairlead_config(f));
	struct text_grow conf = text_grow_in(&f->scratch);
	struct sink out = text_grow_sink(&conf);
	struct daemon d;

	lan_dnsmasq_conf(l, all->folder, &out);
	if (l->dns)
		forwarding_learning(&source, &out);
	textbuf_printf(&name, "dnsmasq %.*s", STR_ARG(l->name));
	textbuf_printf(&file, "dnsmasq-%.*s.conf", STR_ARG(l->name));
	textbuf_printf(&option, "--conf-file=%s/%s", all->folder, file_room);
	d = (struct daemon){
		.name = textbuf_str(&name),
		.args = {STR("dnsmasq"), STR("--keep-in-foreground"), textbuf_str(&option)},
		.nargs = 3,
		.files = {{textbuf_str(&file), text_grow_str(&conf), false}},
		.nfiles = 1,
	};
	if (f->scratch.full)
		log_printf(&f->log, LOG_LEVEL_ERROR, "%s: out of memory", name_room);
	else if (all->run(all->ctx, slot, &d, &why))
		log_printf(&f->log, LOG_LEVEL_ERROR, "%s: %s", name_room, words);
	arena_reset(&f->scratch);
}

/* A link that only carries IPv4 any more is as dead for IPv6 as one that carries nothing. */
bool lans_delegate(struct fairlead *f, struct config *c, bool dry)
{
	uint32_t live = f->published.live & ~f->published.dead[1];

	return lan_delegate(c->v.lans, c->v.nlans, c->v.links, c->v.nlinks, live, dry);
}

void lans_follow(struct fairlead *f)
{
	const struct lan_conf *l;

	for (unsigned n = 0; n < SLOTS && (l = served_lan(fairlead_config(f), n)); n++)
		if (l->dns)
			write_resolvers(f, SLOT_FIRST + n, l);
}

void lans_configure(struct fairlead *f)
{
	const struct daemons *d = &f->io->daemons;
	const struct lan_conf *l;
	unsigned n;

	lans_follow(f); /* the files are there before who reads them */
	for (n = 0; n < SLOTS && (l = served_lan(fairlead_config(f), n)); n++)
		run(f, SLOT_FIRST + n, l);
	if (n == SLOTS && served_lan(fairlead_config(f), n))
		log_printf(&f->log, LOG_LEVEL_ERROR, "only %d LANs can be served", SLOTS);
	for (; n < SLOTS; n++)
		d->stop(d->ctx, SLOT_FIRST + n);
}
