/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may log in, and what he may do then.
 *
 * As long as no admin has a password or a key, "admin" may log in without one at the serial line,
 * and his session begins with the question for a password.  Over the network an empty password is
 * never one. */
#include "product.h"
#include "system_settings.h"

#include <string.h>

#define FIRST_USER "admin"

static bool has_proof(const struct user_conf *u)
{
	return u->hash.n || u->nkeys;
}

bool people_need_password(const struct fairlead *f, const struct config *c)
{
	for (size_t i = 0; i < c->v.nusers; i++)
		if (c->v.users[i].role == ROLE_ADMIN && has_proof(&c->v.users[i]))
			return false;
	return f->io->accounts.managed;
}

static const struct user_conf *find(const struct config *c, struct str user)
{
	for (size_t i = 0; i < c->v.nusers; i++)
		if (str_eq(c->v.users[i].name, user))
			return &c->v.users[i];
	return NULL;
}

static bool is_first(struct fairlead *f, struct str user)
{
	return str_is(user, FIRST_USER) && people_need_password(f, fairlead_config(f));
}

bool people_are_listed(struct fairlead *f, struct str user)
{
	return find(fairlead_config(f), user) || is_first(f, user);
}

enum user_role people_role(struct fairlead *f, bool by_root, struct str user)
{
	const struct user_conf *u = find(fairlead_config(f), user);

	if (str_is(user, "root") || is_first(f, user))
		return ROLE_ADMIN;
	if (u)
		return (enum user_role)u->role;
	return by_root ? ROLE_ADMIN : ROLE_OPERATOR;
}

/* The lines of authorized_keys; NULL: out of memory. */
static const struct str *key_lines(struct arena *mem, const struct user_conf *u)
{
	struct str *lines = ARENA_NEWS(mem, struct str, u->nkeys + 1);

	for (size_t i = 0; lines && i < u->nkeys; i++) {
		const struct ssh_key_conf *k = &u->keys[i];
		size_t room = k->blob.n + k->remark.n + 64;
		char *at = arena_alloc(mem, room);
		struct textbuf t;

		if (!at)
			return NULL;
		t = textbuf_of(at, room);
		textbuf_printf(&t, "%s %.*s%s%.*s", ssh_key_types[k->type], STR_ARG(k->blob),
			k->remark.n ? " " : "", STR_ARG(k->remark));
		lines[i] = textbuf_str(&t);
	}
	return lines;
}

static enum fl_err apply(
	struct fairlead *f, const struct config *c, struct arena *mem, struct textbuf *why)
{
	const struct accounts *accounts = &f->io->accounts;
	struct account *a = ARENA_NEWS(mem, struct account, c->v.nusers + 1);
	bool open = people_need_password(f, c), first = false;
	size_t n = 0;

	for (size_t i = 0; a && i < c->v.nusers; i++) {
		const struct user_conf *u = &c->v.users[i];
		bool this_first = str_is(u->name, FIRST_USER);

		first |= this_first;
		a[n++] = (struct account){.name = u->name,
			.hash = u->hash,
			.open = open && this_first,
			.keys = key_lines(mem, u),
			.nkeys = u->nkeys};
	}
	if (a && open && !first)
		a[n++] = (struct account){.name = STR(FIRST_USER), .open = true};
	if (mem->full) {
		textbuf_printf(why, "out of memory");
		return FL_EFULL;
	}
	return accounts->apply(accounts->ctx, a, n, why);
}

enum fl_err people_apply(struct fairlead *f, const struct config *c, struct textbuf *why)
{
	char words[200];
	struct textbuf reason = textbuf_of(words, sizeof(words));
	struct arena mem;
	enum fl_err err = FL_OK;

	if (!f->io->accounts.managed)
		return FL_OK;
	arena_init(&mem, &f->io->memory);
	err = apply(f, c, &mem, &reason);
	if (err)
		textbuf_printf(why, "the accounts of the users: %s", words);
	arena_reset(&mem);
	return err;
}
