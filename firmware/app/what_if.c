/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The worlds that `explain` and `check` look at: the one there is, the one that a draft would make,
 * and either with a link down.  A draft goes through the same steps as a commit does, up to where
 * it would be applied. */
#include "product.h"

struct thought {
	struct explain_world world;
	const struct fairlead *product;
	const struct config *config; /* in force, or `draft` */
	struct config draft;
};

static void without(void *ctx, uint8_t number, struct published *out)
{
	const struct thought *t = ctx;

	publish_what_if(t->product, t->config, link_bit(number) | link_bit(t->world.down), out);
}

static void number(void *ctx, struct config *draft)
{
	uplinks_number(ctx, draft);
}

enum fl_err what_if_config(struct fairlead *f, const struct console *session, struct config *draft,
	const struct sink *out)
{
	const struct settings *tree = console_draft(session);
	struct diags why;
	enum fl_err err;

	config_init(draft, f->schema, &f->io->memory);
	diags_init(&why, &draft->mem);
	err = tree ? settings_copy(tree, &draft->mem, &draft->tree) : FL_ENOENT;
	if (!err)
		err = config_bind(draft, &(struct config_links){number, f}, &why);
	if (!err)
		return FL_OK;
	diags_print(&why, NULL, out);
	sink_puts(out,
		err == FL_EFORMAT ? "error: the draft has mistakes\n" : "error: out of memory\n");
	config_free(draft);
	return err;
}

enum fl_err what_if_image(struct config *draft, uint32_t serial, struct dns_image *image)
{
	struct dns_source source = config_dns_source(draft, serial);
	uint8_t *octets;
	size_t size;
	enum fl_err err = dns_zones_place(draft->zones, &source, &size);

	if (err)
		return err;
	octets = arena_alloc(&draft->mem, size);
	if (!octets)
		return FL_EFULL;
	dns_zones_write(draft->zones, octets);
	return dns_image_open(bytes_of(octets, size), image);
}

static bool find_number(const struct config *c, struct str name, uint8_t *number)
{
	for (size_t i = 0; i < c->v.nlinks; i++)
		if (str_eq(c->v.links[i].name, name)) {
			*number = c->v.links[i].number;
			return true;
		}
	return false;
}

static bool has_interface(void *ctx, struct str name)
{
	const struct thought *t = ctx;
	const struct interfaces *i = &t->product->io->interfaces;
	struct interface_state is;

	i->get(i->ctx, name, &is);
	return is.exists;
}

static bool is_learned(void *ctx, const struct rule_conf *r, const struct ip_addr *a)
{
	const struct thought *t = ctx;
	const struct kernel *k = &t->product->io->kernel;
	char text[32];
	struct textbuf set = textbuf_of(text, sizeof(text));

	forwarding_learned_set(r, a->family, &set);
	return k->has(k->ctx, textbuf_str(&set), a);
}

static void fill(struct fairlead *f, struct thought *t)
{
	struct explain_world *w = &t->world;
	const struct config *c = t->config;

	w->forwarding = config_forwarding_source(c);
	w->forwarding.is_learned = is_learned;
	w->forwarding.ctx = t;
	w->dns = config_dns_source(c, f->serial);
	for (size_t i = 0; i < c->v.nlinks; i++)
		w->state[c->v.links[i].number] = publish_state_of(f, &c->v.links[i]);
	if (w->down)
		w->state[w->down] = LINK_DOWN;
	publish_what_if(f, c, link_bit(w->down), &w->published);
	w->detector = f->link;
	w->has_interface = has_interface;
	w->without = without;
	w->ctx = t;
}

static enum fl_err what_if_world(void *ctx, const struct console *session,
	const struct explain_about *about, mtime now, struct arena *mem, const struct sink *out,
	struct explain_world **world)
{
	struct fairlead *f = ctx;
	struct thought *t = ARENA_NEW(mem, struct thought);
	enum fl_err err = FL_OK;

	if (!t) {
		sink_puts(out, "error: out of memory\n");
		return FL_EFULL;
	}
	t->product = f;
	t->config = fairlead_config(f);
	t->world.now = now;
	t->world.image = f->image;
	t->world.candidate = about->candidate;
	if (about->candidate) {
		err = what_if_config(f, session, &t->draft, out);
		t->config = &t->draft;
		if (err)
			return err;
		err = what_if_image(&t->draft, f->serial, &t->world.image);
	}
	if (!err && about->down.n && !find_number(t->config, about->down, &t->world.down)) {
		sink_printf(out, "error: there is no link \"%.*s\"\n", STR_ARG(about->down));
		err = FL_ENOENT;
	}
	if (err && about->candidate)
		config_free(&t->draft);
	if (err)
		return err;
	fill(f, t);
	*world = &t->world;
	return FL_OK;
}

static void what_if_release(struct explain_world *world)
{
	struct thought *t = world->ctx;

	if (world->candidate)
		config_free(&t->draft);
}

void what_if_console(struct fairlead *f)
{
	const struct config *c = fairlead_config(f);

	f->explain_console = (struct explain_console){
		.links = c->v.links,
		.nlinks = c->v.nlinks,
		.domains = c->v.domains,
		.ndomains = c->v.ndomains,
		.memory = &f->io->memory,
		.world = what_if_world,
		.release = what_if_release,
		.flows = flows_like,
		.inquire = inquiries_new,
		.inquired = inquiries_done,
		.ctx = f,
	};
}
