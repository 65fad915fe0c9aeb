/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The programs beside the daemon: the DNS responder, which takes images and states, and those of
 * the field, which only seem to run. */
#include "sim_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- DNS ---- */

static enum fl_err dns_listen(
	void *ctx, const struct dns_endpoint *at, size_t n, unsigned threads, struct textbuf *why)
{
	struct sim *s = ctx;

	s->threads = threads;
	if (n > COUNT_OF(s->endpoint)) {
		textbuf_printf(why, "too many addresses");
		return FL_EFULL;
	}
	memcpy(s->endpoint, at, n * sizeof(*at));
	s->nendpoints = n;
	return FL_OK;
}

static uint8_t *dns_room(void *ctx, size_t n)
{
	struct sim *s = ctx;

	free(s->room);
	s->room = calloc(1, n);
	return s->room;
}

static uint8_t *dns_copy(void *ctx, size_t n)
{
	struct sim *s = ctx;

	if (!s->image_n || n < s->image_n)
		return NULL;
	return memcpy(dns_room(s, n), s->image, s->image_n);
}

static enum fl_err dns_image(void *ctx, struct bytes image, struct textbuf *why)
{
	struct sim *s = ctx;

	(void)why;
	if (image.at != s->room) {
		sim_keep(&s->image, &s->image_n, image);
		return FL_OK;
	}
	free(s->image);
	s->image = s->room;
	s->image_n = image.n;
	s->room = NULL;
	return FL_OK;
}

static enum fl_err dns_state(void *ctx, struct bytes state)
{
	struct sim *s = ctx;

	sim_keep(&s->state, &s->state_n, state);
	return FL_OK;
}

static void dns_figures(void *ctx, struct dns_service_figures *out)
{
	*out = (struct dns_service_figures){.running = !((struct sim *)ctx)->responder_is_gone,
		.settled = !((struct sim *)ctx)->responder_is_late};
}

static void dns_counters(void *ctx, uint64_t *out, size_t n)
{
	const struct sim *s = ctx;

	for (size_t i = 0; i < n; i++)
		out[i] = i < COUNT_OF(s->dns_counter) ? s->dns_counter[i] : 0;
}

/* ---- daemons ---- */

static void write_file(struct sim *s, const struct daemon_file *f)
{
	struct sim_file *file = NULL;

	for (size_t i = 0; i < SIM_FILES; i++)
		if (str_is(f->name, s->file[i].name))
			file = &s->file[i];
	if (!file)
		file = &s->file[s->nfiles++ % SIM_FILES];
	snprintf(file->name, sizeof(file->name), "%.*s", STR_ARG(f->name));
	snprintf(file->text, sizeof(file->text), "%.*s", STR_ARG(f->text));
}

static enum fl_err daemons_run(
	void *ctx, unsigned slot, const struct daemon *d, struct textbuf *why)
{
	struct sim *s = ctx;
	struct sim_daemon *x = &s->daemon[slot];
	char args[sizeof(x->args)];
	struct textbuf t = textbuf_of(args, sizeof(args));
	bool same = x->running;

	(void)why;
	for (size_t i = 0; i < d->nargs; i++)
		textbuf_printf(&t, "%s%.*s", i ? " " : "", STR_ARG(d->args[i]));
	same = same && strcmp(args, x->args) == 0;
	for (size_t i = 0; i < d->nfiles; i++) {
		char name[64];

		snprintf(name, sizeof(name), "%.*s", STR_ARG(d->files[i].name));
		same = same && str_is(d->files[i].text, sim_file(s, name));
		write_file(s, &d->files[i]);
	}
	if (same)
		return FL_OK;
	snprintf(x->name, sizeof(x->name), "%.*s", STR_ARG(d->name));
	memcpy(x->args, args, sizeof(args));
	x->is_heard = d->is_heard;
	x->running = true;
	x->starts++;
	return FL_OK;
}

static enum fl_err daemons_reread(
	void *ctx, unsigned slot, const struct daemon_file *f, struct textbuf *why)
{
	struct sim *s = ctx;
	char name[64];

	(void)why;
	snprintf(name, sizeof(name), "%.*s", STR_ARG(f->name));
	if (!str_is(f->text, sim_file(s, name)))
		s->daemon[slot].rereads++;
	write_file(s, f);
	return FL_OK;
}

static void daemons_stop(void *ctx, unsigned slot)
{
	struct sim *s = ctx;

	s->daemon[slot].running = false;
}

const char *sim_file(const struct sim *s, const char *name)
{
	for (size_t i = 0; i < SIM_FILES; i++)
		if (strcmp(s->file[i].name, name) == 0)
			return s->file[i].text;
	return "";
}

void sim_report(struct sim *s, unsigned slot, const char *text)
{
	sim_post(s, s->now,
		&(struct io_event){.kind = IO_DAEMON_REPORT,
			.slot = slot,
			.data = bytes_of(text, strlen(text))});
}

void sim_print(struct sim *s, const char *program, const char *line)
{
	for (unsigned slot = 0; slot < DAEMONS_MAX; slot++)
		if (s->daemon[slot].running && s->daemon[slot].is_heard &&
			strcmp(s->daemon[slot].name, program) == 0)
			sim_post(s, s->now,
				&(struct io_event){.kind = IO_DAEMON_LINE,
					.slot = slot,
					.text = str_of(line)});
}

void sim_programs_open(struct sim *s)
{
	s->drivers.dns = (struct dns_service){
		s, dns_listen, dns_room, dns_copy, dns_image, dns_state, dns_figures, dns_counters};
	s->drivers.daemons = (struct daemons){s, "/run/daemons", "/usr/sbin/fairlead-report",
		"/run/daemons/report", daemons_run, daemons_reread, daemons_stop};
}

void sim_programs_close(struct sim *s)
{
	free(s->image);
	free(s->room);
	free(s->state);
}
