/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command that asks: the line that is typed next is an answer and no command. */
#include "console_internal.h"

#include <stdio.h>

struct arena *console_dialogue_mem(struct console *c)
{
	return &c->dialogue.mem;
}

enum fl_err console_ask(struct console *c, const char *question, bool hidden,
	console_answered *answered, void *state)
{
	struct dialogue *d = &c->dialogue;

	if (!c->call)
		return FL_ENOTSUP;
	if (!c->setup.interactive) {
		console_say_error(c, "this command asks questions: it needs a terminal");
		return FL_ENOTSUP;
	}
	snprintf(d->question, sizeof(d->question), "%s", question);
	d->on = true;
	d->answered = answered;
	d->module = c->call->module;
	d->state = state;
	line_editor_ask(&c->editor, hidden);
	return FL_OK;
}

static enum fl_err hand_on(struct console *c, struct console_call *call, struct str answer)
{
	const char *copy = arena_copy(&c->dialogue.mem, answer.at, answer.n);
	enum fl_err err;

	line_editor_forget(&c->editor);
	if (!copy)
		return console_out_of_memory(call->out);
	c->call = call;
	err = c->dialogue.answered(call, (struct str){copy, answer.n});
	c->call = NULL;
	return err;
}

void dialogue_answer(struct console *c, struct str answer)
{
	struct dialogue *d = &c->dialogue;
	struct sink out = output_sink(&c->output);
	struct console_call call = {
		.module = d->module,
		.session = c,
		.now = c->now,
		.out = &out,
		.state = d->state,
	};

	d->on = false;
	output_begin(&c->output, OUTPUT_PLAIN, c->columns, c->rows);
	c->status = hand_on(c, &call, answer);
	output_end(&c->output);
	if (!d->on)
		dialogue_end(c);
}

void dialogue_give_up(struct console *c)
{
	sink_puts(&c->terminal, "stopped; nothing was changed\n");
	c->status = FL_EAGAIN;
	dialogue_end(c);
}

void dialogue_end(struct console *c)
{
	c->dialogue.on = false;
	line_editor_forget(&c->editor);
	arena_wipe(&c->dialogue.mem);
}
