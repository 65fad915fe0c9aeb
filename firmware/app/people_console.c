/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Passwords: asked twice, never shown, kept as a hash. */
#include "product.h"

#include <stdio.h>
#include <string.h>

#define PASSWORD_MIN 8
#define PASSWORD_MAX 128

/* A password being asked for. */
struct asking {
	char user[ACCOUNT_NAME_MAX + 1];
	bool into_draft; /* else it is committed at once */
	struct str password;
};

static enum fl_err ask(struct console_call *call, struct asking *a);

static bool is_good_enough(struct console_call *call, const struct asking *a, struct str password)
{
	const char *what = NULL;

	if (password.n < PASSWORD_MIN)
		what = "it is shorter than 8 characters";
	else if (password.n > PASSWORD_MAX)
		what = "it is longer than 128 characters";
	else if (str_is(password, a->user))
		what = "it is the name of the user";
	if (what)
		sink_printf(call->out, "%s; choose another one\n", what);
	return !what;
}

/* The statements that give the user this hash, and a role where he has none. */
static enum fl_err set_hash(struct settings *tree, const struct asking *a, const char *hash,
	struct arena *mem, const struct sink *out)
{
	char line[ACCOUNT_HASH_MAX + 128];
	struct textbuf t = textbuf_of(line, sizeof(line));
	struct diags why;
	enum fl_err err = FL_OK;

	diags_init(&why, mem);
	textbuf_printf(&t, "user %s role", a->user);
	if (settings_print(tree, textbuf_str(&t), SETTINGS_LINES,
		    &(struct sink){text_drop, NULL}) == FL_ENOENT) {
		textbuf_printf(&t, " admin");
		err = settings_set(tree, textbuf_str(&t), &why);
	}
	t = textbuf_of(line, sizeof(line));
	textbuf_printf(&t, "user %s password-hash %s", a->user, hash);
	if (!err)
		err = settings_set(tree, textbuf_str(&t), &why);
	diags_print(&why, NULL, out);
	return err;
}

static enum fl_err commit_hash(
	struct fairlead *f, struct console_call *call, const struct asking *a, const char *hash)
{
	struct console_commit commit = {
		.user = str_of(a->user),
		.source = STR("terminal"),
		.comment = STR("password"),
		.session = call->session,
	};
	struct settings tree;
	struct arena mem;
	enum fl_err err;

	if (f->unconfirmed.waits) {
		sink_puts(
			call->out, "error: a commit waits for \"confirm\"; try again behind it\n");
		return FL_EAGAIN;
	}
	arena_init(&mem, &f->io->memory);
	err = settings_copy(&fairlead_config(f)->tree, &mem, &tree);
	if (!err)
		err = set_hash(&tree, a, hash, &mem, call->out);
	commit.candidate = &tree;
	if (!err)
		err = commit_candidate(f, &commit, call->out);
	if (!err)
		sink_printf(call->out, "the password of %s is set: revision %u\n", a->user,
			(unsigned)f->revision);
	arena_wipe(&mem);
	return err;
}

static enum fl_err repeated(struct console_call *call, struct str answer)
{
	struct fairlead *f = call->module;
	struct asking *a = call->state;
	const struct accounts *accounts = &f->io->accounts;
	struct settings *draft = console_draft_to_change(call->session);
	char hash[ACCOUNT_HASH_MAX], words[128];
	struct textbuf why = textbuf_of(words, sizeof(words));

	if (!str_eq(answer, a->password)) {
		sink_puts(call->out, "the two are not the same\n");
		return ask(call, a);
	}
	if (accounts->hash(accounts->ctx, answer, hash, &why)) {
		sink_printf(call->out, "error: the password was not set: %s\n", words);
		return FL_EIO;
	}
	if (!a->into_draft)
		return commit_hash(f, call, a, hash);
	if (!draft)
		return FL_EAGAIN;
	return set_hash(draft, a, hash, console_dialogue_mem(call->session), call->out);
}

static enum fl_err answered(struct console_call *call, struct str answer)
{
	struct asking *a = call->state;

	if (!is_good_enough(call, a, answer))
		return ask(call, a);
	a->password = answer; /* lives as long as the dialogue */
	return console_ask(call->session, "The same again: ", true, repeated, a);
}

static enum fl_err ask(struct console_call *call, struct asking *a)
{
	char question[80];

	snprintf(question, sizeof(question), "New password of %.20s: ", a->user);
	return console_ask(call->session, question, true, answered, a);
}

static enum fl_err begin(struct console_call *call, struct str user, bool into_draft)
{
	struct asking *a = ARENA_NEW(console_dialogue_mem(call->session), struct asking);
	struct textbuf t;

	if (!a)
		return FL_EFULL;
	t = textbuf_of(a->user, sizeof(a->user));
	textbuf_put(&t, user.at, user.n);
	if (t.cut || !user.n) {
		sink_printf(call->out, "error: nobody can log in as \"%.*s\"\n", STR_ARG(user));
		return FL_ERANGE;
	}
	a->into_draft = into_draft;
	return ask(call, a);
}

/* Has the draft a user of this name?  Whose name is misspelled is not to be made one. */
static bool draft_has(struct console_call *call, struct str user)
{
	char path[ACCOUNT_NAME_MAX + 16];
	struct textbuf t = textbuf_of(path, sizeof(path));

	textbuf_printf(&t, "user %.*s", STR_ARG(user));
	return !t.cut && settings_print(console_draft(call->session), textbuf_str(&t),
				 SETTINGS_LINES, &(struct sink){text_drop, NULL}) == FL_OK;
}

static enum fl_err set_password(struct console_call *call)
{
	struct str user = call->arg[0];

	if (!draft_has(call, user)) {
		sink_printf(call->out,
			"error: the draft has no user %.*s; \"set user %.*s role admin\" (or "
			"operator) makes one\n",
			STR_ARG(user), STR_ARG(user));
		return FL_ENOENT;
	}
	return begin(call, user, true);
}

/* One's own, at once, whatever one's role is. */
static enum fl_err password(struct console_call *call)
{
	struct fairlead *f = call->module;
	const struct config *c = fairlead_config(f);
	struct str user = console_user(call->session);

	if (!f->io->accounts.managed) {
		sink_puts(call->out, "error: this system keeps its own accounts: see passwd(1)\n");
		return FL_ENOTSUP;
	}
	if (people_need_password(f, c)) {
		user = STR("admin");
		sink_puts(call->out,
			"This router has no password yet: choose one for the user admin.\n"
			"Until then nobody gets in over the network.\n");
	} else if (!people_are_listed(f, user)) {
		sink_printf(call->out,
			"error: there is no user %.*s in the settings; `set user %.*s role admin` "
			"in configuration mode makes one\n",
			STR_ARG(user), STR_ARG(user));
		return FL_ENOENT;
	}
	return begin(call, user, false);
}

static bool user_words(void *module, size_t index, struct settings_choice *out)
{
	const struct config *c = fairlead_config(module);

	if (index >= c->v.nusers)
		return false;
	*out = (struct settings_choice){.word = c->v.users[index].name, .help = STR("a user")};
	return true;
}

const struct console_command people_commands[] = {
	{"password", "change your password", CONSOLE_ANY, password, NULL},
	{"set password USER", "ask for the password of a user, for the draft", CONSOLE_CONFIGURE,
		set_password, user_words},
	{0},
};
