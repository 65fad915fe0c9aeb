/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fairlead-tls - TLS for one connection of fairleadd, without its privileges.  Started by it. */
#include "tls_child.h"
#include "version.h"

#include <stdio.h>
#include <string.h>

static void usage(FILE *out)
{
	fputs("usage: fairlead-tls --help | --version\n"
	      "\n"
	      "fairlead-tls speaks TLS over one connection, for a service check that asks a web\n"
	      "server by https.  It is started by fairleadd, which gives it the connection\n"
	      "(fairlead-tls verify|trust HOST); it does nothing when started by hand.\n",
		out);
}

int main(int argc, char **argv)
{
	if (tls_child_is_meant(argc, argv))
		tls_child_run(argv[2], strcmp(argv[1], "verify") == 0);
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("fairlead-tls %s\n", fl_version);
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		usage(stdout);
		return 0;
	}
	usage(stderr);
	return 2;
}
