/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fairleadd - the daemon: builds the Linux drivers, hands them to the product and runs its loop. */
#include "accounts_linux.h"
#include "board.h"
#include "button_linux.h"
#include "daemons_linux.h"
#include "datagrams_linux.h"
#include "dns_worker.h"
#include "files_linux.h"
#include "hmac_nettle.h"
#include "interfaces_linux.h"
#include "kernel_linux.h"
#include "kernel_watch.h"
#include "lamps_linux.h"
#include "log_linux.h"
#include "memory_ahead.h"
#include "memory_linux.h"
#include "neighbours_linux.h"
#include "pages_linux.h"
#include "probes_linux.h"
#include "product.h"
#include "sessions_linux.h"
#include "settings_file.h"
#include "storage_files.h"
#include "unit_linux.h"
#include "version.h"

#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
	"usage: fairleadd --settings FILE [--state DIR] [--socket PATH] [OPTION...]\n"
	"       fairleadd --check FILE\n"
	"       fairleadd --flush [--settings FILE]\n"
	"The daemon of the Fairlead link load balancer.  Runs in the foreground.\n"
	"\n"
	"  --settings FILE  the configuration; commits at the console are written there\n"
	"  --state DIR      what outlives a restart: revisions, link states (/var/lib/fairlead)\n"
	"  --socket PATH    where the console connects (/run/fairlead/socket)\n"
	"  --accounts DIR   users of the settings may log in: passwd, shadow and keys in DIR are "
	"ours\n"
	"  --lamps DIR      show every lamp in a small file in DIR, not on LEDs\n"
	"  --syslog         log to syslog instead of stderr\n"
	"  --debug          log more\n"
	"  --check FILE     check a configuration: 0 it is good, 1 with every mistake on stderr;\n"
	"                   \"-\" is the standard input\n"
	"  --flush          remove from the kernel what an earlier run has left there, and exit;\n"
	"                   with --settings its addresses as well\n"
	"  --help, --version\n"
	"\n"
	"SIGTERM ends it and leaves forwarding in place; SIGHUP reads the configuration again.\n";

struct options {
	const char *settings, *state, *socket, *lamps, *accounts, *check;
	bool syslog, debug, flush;
};

static const struct option long_options[] = {
	{"settings", required_argument, NULL, 's'},
	{"state", required_argument, NULL, 'd'},
	{"socket", required_argument, NULL, 'k'},
	{"accounts", required_argument, NULL, 'a'},
	{"lamps", required_argument, NULL, 'l'},
	{"check", required_argument, NULL, 'c'},
	{"syslog", no_argument, NULL, 'y'},
	{"debug", no_argument, NULL, 'g'},
	{"flush", no_argument, NULL, 'f'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'v'},
	{0},
};

/* The exit status of what only prints. */
static int printed(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	fprintf(stderr, "fairleadd: cannot write: %s\n", strerror(errno));
	return 1;
}

/* Fills `o`; ends the program where there is nothing else to do. */
static void read_options(int argc, char **argv, struct options *o)
{
	int c;

	*o = (struct options){.state = "/var/lib/fairlead", .socket = "/run/fairlead/socket"};
	while ((c = getopt_long(argc, argv, "", long_options, NULL)) >= 0) {
		switch (c) {
		case 's':
			o->settings = optarg;
			break;
		case 'd':
			o->state = optarg;
			break;
		case 'k':
			o->socket = optarg;
			break;
		case 'a':
			o->accounts = optarg;
			break;
		case 'l':
			o->lamps = optarg;
			break;
		case 'c':
			o->check = optarg;
			break;
		case 'y':
			o->syslog = true;
			break;
		case 'g':
			o->debug = true;
			break;
		case 'f':
			o->flush = true;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(printed());
		case 'v':
			printf("fairleadd %s (%s)\n", fl_version, CONFIG_BOARD);
			exit(printed());
		default:
			fputs("try fairleadd --help\n", stderr);
			exit(2);
		}
	}
	if (optind < argc || (!o->settings && !o->check && !o->flush)) {
		fputs(usage, stderr);
		exit(2);
	}
}

static void to_stderr(void *ctx, const char *text, size_t n)
{
	(void)ctx;
	fwrite(text, 1, n, stderr);
}

/* Read, parse and bind FILE, and print every mistake. */
static int load_config(const char *file, struct config *c, struct setting *schema)
{
	struct sink err = {to_stderr, NULL};
	char words[256];
	struct textbuf why = textbuf_of(words, sizeof(words));
	struct bytes octets;
	struct diags diags;
	enum fl_err result;

	modules_schema(schema);
	config_init(c, schema, &memory_linux);
	diags_init(&diags, &c->mem);
	if (settings_file_read(file, &c->mem, &octets, &why)) {
		fprintf(stderr, "fairleadd: %s\n", words);
		return 1;
	}
	result = settings_parse_leniently(
		&c->tree, (struct str){(const char *)octets.at, octets.n}, &diags);
	if (config_bind(c, NULL, &diags))
		result = FL_EFORMAT;
	diags_print(&diags, file, &err);
	if (result)
		fprintf(stderr, "%zu mistake%s\n", diags.errors, diags.errors == 1 ? "" : "s");
	return result ? 1 : 0;
}

static int check_file(const char *file)
{
	struct setting schema[MODULES_SETTINGS_MAX];
	struct config c;
	int status = load_config(file, &c, schema);

	config_free(&c);
	return status;
}

/* ---- the drivers of a Linux router ---- */

struct world {
	struct drivers drivers;
	struct log_linux log;
	struct accounts_linux accounts;
	struct files_linux files;
	struct arena mem;
	struct memory_ahead *memory;
	struct loop *loop;
	struct interfaces_linux *interfaces;
	struct neighbours_linux *neighbours;
	struct probes_linux *probes;
	struct daemons_linux *daemons;
	struct datagrams_linux *datagrams;
	struct pages_linux *pages;
	struct kernel_linux *kernel;
	struct kernel_watch *watch;
	struct sessions_linux *sessions;
	struct dns_worker *dns;
	struct unit_linux *unit;
	struct button_linux *button;
};

/* The programs that belong to this one lie beside it. */
static const char *sibling(struct arena *mem, const char *name)
{
	char path[4096], *folder;
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	struct textbuf t;
	char *out = arena_alloc(mem, sizeof(path) + 32);

	if (n <= 0 || !out)
		return name;
	path[n] = '\0';
	folder = dirname(path);
	t = textbuf_of(out, sizeof(path) + 32);
	textbuf_printf(&t, "%s/%s", folder, name);
	return out;
}

/* The console lies beside this program in the tree it was built in, elsewhere among the commands of
 * users. */
static const char *login_shell(struct arena *mem)
{
	const char *beside = sibling(mem, "fairlead");

	return access(beside, X_OK) == 0 ? beside : "/usr/bin/fairlead";
}

/* The files of the programs that are run lie beside the console's socket. */
static enum fl_err open_daemons(struct world *w, const struct options *o, struct textbuf *why)
{
	char path[4096], folder[4200];
	struct textbuf t = textbuf_of(folder, sizeof(folder));

	if (strlen(o->socket) >= sizeof(path))
		return FL_ERANGE;
	strcpy(path, o->socket);
	textbuf_printf(&t, "%s/daemons", dirname(path));
	return daemons_linux_open(&w->drivers.daemons, &w->daemons, w->loop, &w->drivers.log,
		folder, sibling(&w->mem, "fairlead-report"), why);
}

/* In a lab the lamps are files, and those of the machine it runs on are left alone. */
static enum fl_err open_lamps(struct world *w, const struct options *o, struct textbuf *why)
{
	return lamps_linux_open(&w->drivers.lamps, this_board.lamps, this_board.nlamps,
		o->lamps ? NULL : LAMPS_SYSFS, o->lamps, &w->mem, why);
}

static enum fl_err world_open(struct world *w, const struct options *o, struct textbuf *why)
{
	struct drivers *d = &w->drivers;
	enum fl_err err;

	w->loop = loop_open();
	if (!w->loop) {
		textbuf_printf(why, "event loop: %s", strerror(errno));
		return FL_EIO;
	}
	loop_fill_io(w->loop, &d->io);
	settings_file_open(&d->settings, o->settings);
	d->settings_name = o->settings;
	if ((err = storage_files_open(&d->storage, o->state, &w->mem, why)) ||
		(err = interfaces_linux_open(&d->interfaces, &w->interfaces, w->loop, why)) ||
		(err = neighbours_linux_open(&d->neighbours, &w->neighbours, w->loop, why)) ||
		(err = probes_linux_open(
			 &d->probes, &w->probes, w->loop, sibling(&w->mem, "fairlead-tls"))) ||
		(err = datagrams_linux_open(&d->datagrams, &w->datagrams, w->loop)) ||
		(err = pages_linux_open(&d->pages, &w->pages, w->loop)) ||
		(err = kernel_linux_open(&d->kernel, &w->kernel, &memory_linux, &d->log, why)) ||
		(err = kernel_watch_open(&w->watch, w->loop, why)) ||
		(err = open_lamps(w, o, why)) ||
		(err = sessions_linux_open(&d->sessions, &w->sessions, w->loop, o->socket, why)))
		return err;
	if ((err = open_daemons(w, o, why)) ||
		(err = unit_linux_open(&d->unit, &w->unit, w->loop, o->state, why)) ||
		(err = button_linux_open(&w->button, w->loop, &this_board.reset, why)))
		return err;
	return dns_worker_open(
		&d->dns, &w->dns, w->loop, &d->log, sibling(&w->mem, "fairlead-dns"), why);
}

static void world_close(struct world *w)
{
	if (w->button)
		button_linux_close(w->button);
	if (w->unit)
		unit_linux_close(w->unit);
	if (w->dns)
		dns_worker_close(w->dns);
	if (w->daemons)
		daemons_linux_close(w->daemons);
	if (w->sessions)
		sessions_linux_close(w->sessions);
	if (w->watch)
		kernel_watch_close(w->watch);
	if (w->kernel)
		kernel_linux_close(w->kernel);
	if (w->pages)
		pages_linux_close(w->pages);
	if (w->datagrams)
		datagrams_linux_close(w->datagrams);
	if (w->probes)
		probes_linux_close(w->probes);
	if (w->neighbours)
		neighbours_linux_close(w->neighbours);
	if (w->interfaces)
		interfaces_linux_close(w->interfaces);
	if (w->loop)
		loop_close(w->loop);
	arena_reset(&w->mem);
	memory_ahead_close(w->memory);
}

/* What a person forgot who started it as himself. */
static const char *cure_for(const char *why)
{
	bool forbidden = strstr(why, strerror(EPERM)) || strstr(why, strerror(EACCES));

	return forbidden && geteuid() != 0 ? "; fairleadd needs root or CAP_NET_ADMIN" : "";
}

/* Somebody waits in vain for a lamp or a button of the board that the kernel does not have.
 * Elsewhere than in the image nobody expects them. */
static void tell_missing(const struct world *w, const struct options *o, const struct log *log)
{
	char words[300];
	struct textbuf t = textbuf_of(words, sizeof(words));

	if (!w->drivers.unit.is_image || o->lamps)
		return;
	lamps_linux_missing(&w->drivers.lamps, &t);
	if (this_board.reset.input && !button_linux_is_here(w->button))
		textbuf_printf(&t, "%sthe button %s", t.n ? ", " : "", this_board.reset.input);
	if (t.n)
		log_printf(log, LOG_LEVEL_NOTICE,
			"not on this machine, though the board %s has it: %s", this_board.name,
			words);
}

static int run(struct world *w, const struct options *o)
{
	static struct fairlead product; /* 200 KiB: not for a stack */
	char words[256];
	struct textbuf why = textbuf_of(words, sizeof(words));
	enum fl_err err = world_open(w, o, &why);

	if (err) {
		log_printf(&w->drivers.log, LOG_LEVEL_ERROR, "cannot start: %s%s",
			why.n ? words : fl_err_text(err), why.n ? cure_for(words) : "");
		world_close(w);
		return 1;
	}
	log_printf(&w->drivers.log, LOG_LEVEL_INFO, "fairleadd %s starts", fl_version);
	/* Settings with mistakes do not keep it from starting: the console is the way to mend them.
	 */
	(void)fairlead_open(&product, &w->drivers);
	tell_missing(w, o, &product.log);
	while (!product.stop)
		fairlead_step(&product, MTIME_NEVER);
	log_printf(&w->drivers.log, LOG_LEVEL_INFO, "fairleadd ends; forwarding stays in place");
	fairlead_close(&product);
	world_close(w);
	return 0;
}

/* Remove what an earlier run has left in the kernel. */
static int flush(struct world *w, const struct options *o)
{
	struct setting schema[MODULES_SETTINGS_MAX];
	struct kernel *k = &w->drivers.kernel;
	struct kernel_state state = {0};
	struct forwarding_source source;
	struct published nothing = {0};
	struct config c = {0};
	char words[256];
	struct textbuf why = textbuf_of(words, sizeof(words));
	enum fl_err err;

	if (o->settings && load_config(o->settings, &c, schema))
		return 1;
	source = config_forwarding_source(&c);
	err = kernel_linux_open(k, &w->kernel, &memory_linux, &w->drivers.log, &why);
	if (!err)
		err = forwarding_want(&source, &nothing, &w->mem, &state);
	if (!err)
		err = k->remove_all(k->ctx, &state, &why);
	if (err)
		fprintf(stderr, "fairleadd: %s\n", why.n ? words : fl_err_text(err));
	if (c.mem.source)
		config_free(&c);
	world_close(w);
	return err ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct options o;
	struct world w = {0};

	read_options(argc, argv, &o);
	if (o.check)
		return check_file(o.check);
	w.log = (struct log_linux){o.syslog ? LOG_TO_SYSLOG : LOG_TO_STDERR,
		o.debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO};
	w.drivers.log = log_linux_open(&w.log, "fairleadd");
	w.memory = memory_ahead_open(&w.drivers.memory);
	w.drivers.hmac = hmac_nettle;
	files_linux_open(&w.drivers.files, &w.files, o.state);
	arena_init(&w.mem, &memory_linux);
	w.accounts = (struct accounts_linux){o.accounts, login_shell(&w.mem)};
	accounts_linux_open(&w.drivers.accounts, &w.accounts);
	return o.flush ? flush(&w, &o) : run(&w, &o);
}
