/* SPDX-License-Identifier: GPL-2.0-or-later */
/* run SECONDS [SEED] - a sentinel on four legs for so long, with a question over each leg every
 * minute of it: prints the hash of all frames, and how fast the time went. */
#include "wired.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	static struct wired w;
	long length = argc > 1 ? atol(argv[1]) : 3600;
	struct wired_world world = {.seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1};
	const char *pings = "link wan1 { interface eth0.10, address 10.1.0.2/24, gateway 10.1.0.1, "
			    "monitor { target 192.0.2.53 ping } }\n"
			    "link wan2 { interface eth0.20, address 10.2.0.2/24, gateway 10.2.0.1, "
			    "monitor { target 192.0.2.53 ping } }\n"
			    "link wan3 { interface eth0.30, address 10.3.0.2/24, gateway 10.3.0.1, "
			    "monitor { target 192.0.2.53 ping } }\n"
			    "link wan4 { interface eth0.40, address 10.4.0.2/24, gateway 10.4.0.1, "
			    "monitor { target 192.0.2.53 ping } }\n"
			    "domain example.com { name-server ns1 { address 203.0.113.2, link wan1 "
			    "}, host www { address 203.0.113.4, link wan1 } }\n";
	double began = seconds(), took;

	if (argc > 3)
		world.settings = pings;
	wired_open(&w, &world);
	for (long t = 0; t < length; t += 60) {
		for (unsigned leg = 0; leg < WIRED_LEGS && argc <= 3; leg++)
			wired_ask(&w, leg, leg % 2, "www.example.com", 1, sec(1));
		wired_run(&w, sec(60));
	}
	took = seconds() - began;
	printf("hash %016" PRIx64 " frames %" PRIu64 " answers %" PRIu64 "\n", w.trunk.hash,
		w.trunk.frames, w.answers);
	fprintf(stderr, "%.0f simulated seconds in %.2f s: %.0f a second\n",
		(double)w.trunk.now.us / 1e6, took, (double)w.trunk.now.us / 1e6 / took);
	wired_close(&w);
	return 0;
}
