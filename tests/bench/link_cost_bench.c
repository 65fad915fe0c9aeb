/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What watching links costs: memory, processor time of the detector a probe, and how fast the
 * simulator turns with four links.  Prints lines for people; firmware/doc/link.md has them. */
#include "link_history.h"
#include "product.h"
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TARGETS 3
#define TARGETS_LINE                                                                               \
	"monitor { target 192.0.2.53 ping, target 192.0.2.54 ping, target 192.0.2.55 ping } }\n"

static double cpu_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void sizes(void)
{
	printf("state of a target         %zu octets\n", sizeof(struct link_target_state));
	printf("state of a link           %zu octets, with its targets\n", sizeof(struct link));
	printf("history of a link         %zu octets\n", sizeof(struct link_history));
}

/* A clean link: each probe is answered after 20 ms. */
static void detector(void)
{
	enum { PROBES = 2000000 };
	struct link_target targets[TARGETS];
	struct link_conf conf = {
		.name = STR("wan1"), .monitor = {targets, TARGETS, sec(1), sec(3)}};
	static struct link l;
	struct link_out out;
	mtime now = {0};
	uint64_t sent = 0;
	double began;

	for (uint8_t i = 0; i < TARGETS; i++)
		targets[i] = (struct link_target){.addr = ip_addr_v4(192, 0, 2, i)};
	link_start(&l, &conf, now, LINK_NONE, 1, &out);
	link_carrier(&l, now, LINK_PLUGGED, &out);
	began = cpu_now();
	while (sent < PROBES) {
		size_t n = out.nsend;
		uint16_t seq = n ? out.send[n - 1].seq : 0;

		sent += n;
		now = n ? mtime_after(now, ms(20)) : link_next_due(&l);
		if (n)
			link_answer(&l, now, seq, &out);
		else
			link_tick(&l, now, &out);
	}
	printf("detector                  %.0f ns a probe, answer and timers included\n",
		(cpu_now() - began) * 1e9 / (double)sent);
}

static const char settings[] =
	"link wan1 { interface eth0, address 203.0.113.2/29, gateway 203.0.113.1\n" TARGETS_LINE
	"link wan2 { interface eth1, address 198.51.100.2/29, gateway 198.51.100.1\n" TARGETS_LINE
	"link wan3 { interface eth2, address 203.0.113.10/29, gateway 203.0.113.9\n" TARGETS_LINE
	"link wan4 { interface eth3, address 198.51.100.10/29, gateway 198.51.100.9\n" TARGETS_LINE
	"policy spread { method weighted, member wan1, member wan2, member wan3, member wan4 }\n"
	"rule 99 { policy spread }\n";

static void simulator(void)
{
	const int64_t length = 200000;
	struct sim *s = calloc(1, sizeof(*s));
	struct fairlead *f = calloc(1, sizeof(*f));
	mtime end = {sec(length).us};
	double began, took;

	if (!s || !f)
		abort();
	sim_open(s, 1);
	for (char name[] = "eth0"; name[3] < '4'; name[3]++)
		sim_interface(s, name)->loss_ppm = 1000;
	sim_store(s, "settings", settings);
	if (fairlead_open(f, &s->drivers))
		abort();
	began = cpu_now();
	while (mtime_before(s->now, end))
		fairlead_step(f, end);
	took = cpu_now() - began;
	printf("simulator, four links     %.0f simulated seconds a second, the whole product\n",
		(double)length / took);
	fairlead_close(f);
	sim_close(s);
	free(f);
	free(s);
}

int main(void)
{
	sizes();
	detector();
	simulator();
	return 0;
}
