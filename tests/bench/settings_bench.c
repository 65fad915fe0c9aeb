/* SPDX-License-Identifier: GPL-2.0-or-later */
/* settings_bench - how long people wait for the settings, with the product's own schema: loading
 * and printing a large text, completion, and commits of the whole product (checks, zone image,
 * kernel tables, text to save) with the world in memory.  What a disk adds is not in it.
 *
 * The yardstick is a tokenizer that only parts the same text into words and counts them.  Medians
 * of RUNS runs, CPU time. */
#include "product.h"
#include "sim.h"
#include "test_heap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RUNS       7
#define HOSTS      10000
#define LINES      100000
#define MANY_LINES 500

struct world {
	struct sim sim;
	struct fairlead product;
};

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v)
{
	qsort(v, RUNS, sizeof(*v), by_size);
	return v[RUNS / 2];
}

struct text {
	char *at;
	size_t n, cap;
};

static void text_put(void *ctx, const char *part, size_t n)
{
	struct text *t = ctx;

	if (t->n + n + 1 > t->cap) {
		t->cap = 2 * (t->n + n) + 65536;
		t->at = realloc(t->at, t->cap);
		if (!t->at)
			abort();
	}
	memcpy(t->at + t->n, part, n);
	t->n += n;
	t->at[t->n] = '\0';
}

static void put_basis(const struct sink *out)
{
	sink_puts(out, "link wan1 { interface eth0, address 203.0.113.2/29, gateway 203.0.113.1, "
		       "weight 1 }\n"
		       "link wan2 { interface eth1, address 198.51.100.2/29, gateway 198.51.100.1, "
		       "weight 1 "
		       "}\n"
		       "policy spread { member wan1, member wan2 }\n"
		       "domain example.com name-server ns1 { address 203.0.113.2, link wan1 }\n"
		       "domain example.com name-server ns2 { address 198.51.100.2, link wan2 }\n");
}

/* Two lines a host. */
static struct text make_text(size_t lines)
{
	struct text t = {0};
	struct sink out = {text_put, &t};

	put_basis(&out);
	for (size_t i = 0; i < lines / 2; i++) {
		sink_printf(&out, "set domain example.com host h%zu address 10.%zu.%zu.%zu\n", i,
			i >> 16 & 255, i >> 8 & 255, i & 255);
		sink_printf(&out, "set domain example.com host h%zu link any\n", i);
	}
	return t;
}

/* ---- the yardstick ---- */

static size_t count_words(const struct text *t)
{
	size_t words = 0;
	bool in = false;

	for (size_t i = 0; i < t->n; i++) {
		bool blank = t->at[i] == ' ' || t->at[i] == '\n' || t->at[i] == '\t';

		words += !blank && !in;
		in = !blank;
	}
	return words;
}

/* ---- texts ---- */

static void bench_text(void)
{
	struct setting schema[MODULES_SETTINGS_MAX];
	struct text t = make_text(LINES), printed = {0};
	struct sink out = {text_put, &printed};
	double words[RUNS], load[RUNS], print[RUNS], complete[RUNS], yard;
	volatile size_t sum = 0;

	modules_schema(schema);
	for (int i = 0; i < RUNS; i++) {
		struct settings_choice choice[64];
		struct settings s;
		struct diags why;
		struct arena mem;
		bool end;
		double start = now_ms();

		sum += count_words(&t);
		words[i] = now_ms() - start;
		arena_init(&mem, &heap);
		diags_init(&why, &mem);
		start = now_ms();
		if (settings_init(&s, schema, &mem) ||
			settings_parse(&s, (struct str){t.at, t.n}, &why))
			abort();
		load[i] = now_ms() - start;
		printed.n = 0;
		start = now_ms();
		if (settings_print(&s, STR(""), SETTINGS_LINES, &out))
			abort();
		print[i] = now_ms() - start;
		start = now_ms();
		sum += settings_complete(&s, STR("domain example.com host"), STR("h4711"), &mem,
			choice, COUNT_OF(choice), &end);
		complete[i] = now_ms() - start;
		arena_reset(&mem);
	}
	yard = median(words);
	printf("tokenizer, %d lines            %8.2f ms  %6.1f x\n", LINES, yard, 1.0);
	printf("load %d lines                  %8.2f ms  %6.1f x\n", LINES, median(load),
		load[RUNS / 2] / yard);
	printf("print %d lines                 %8.2f ms  %6.1f x\n", LINES, median(print),
		print[RUNS / 2] / yard);
	printf("load and print                     %8.2f ms            bar 1000 ms\n",
		load[RUNS / 2] + print[RUNS / 2]);
	printf("complete among %d hosts         %8.2f ms            bar 10 ms at 10,000\n",
		LINES / 2, median(complete));
	free(t.at);
	free(printed.at);
}

/* ---- commits ---- */

static void step(struct world *w)
{
	for (int i = 0; i < 4; i++)
		fairlead_step(&w->product, mtime_after(w->sim.now, us(1)));
}

static void type(struct world *w, const char *line)
{
	sim_type(&w->sim, 0, line, strlen(line));
	step(w);
}

static double commit(struct world *w, unsigned lines, unsigned run)
{
	char line[128];
	uint32_t revision = w->product.revision;
	double start;

	for (unsigned i = 0; i < lines; i++) {
		snprintf(line, sizeof(line),
			"set domain example.com host h%u address 10.200.%u.%u\n", i, run, i & 255);
		type(w, line);
	}
	start = now_ms();
	type(w, "commit\n");
	start = now_ms() - start;
	if (w->product.revision != revision + 1) {
		fprintf(stderr, "%s\n", w->sim.session[0].text);
		abort();
	}
	return start;
}

static void bench_commit(void)
{
	struct world *w = calloc(1, sizeof(*w));
	struct text t = make_text(HOSTS * 2);
	double one[RUNS], many[RUNS];

	if (!w)
		abort();
	sim_open(&w->sim, 1);
	sim_interface(&w->sim, "eth0");
	sim_interface(&w->sim, "eth1");
	sim_store(&w->sim, "settings", t.at);
	if (fairlead_open(&w->product, &w->sim.drivers))
		abort();
	sim_session_open(&w->sim, 0, "");
	step(w);
	type(w, "configure\n");
	for (unsigned i = 0; i < RUNS; i++) {
		one[i] = commit(w, 1, 2 * i);
		many[i] = commit(w, MANY_LINES, 2 * i + 1);
	}
	printf("commit of 1 line among %d hosts  %7.2f ms            bar 50 ms\n", HOSTS,
		median(one));
	printf("commit of %d lines               %7.2f ms            bar 200 ms\n", MANY_LINES,
		median(many));
	fairlead_close(&w->product);
	sim_close(&w->sim);
	free(w);
	free(t.at);
}

int main(void)
{
	bench_text();
	bench_commit();
	return 0;
}
