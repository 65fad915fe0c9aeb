/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fairlead-tls - TLS for one connection of fairleadd, without its privileges.  Started by it. */
#include "by_hand.h"
#include "tls_child.h"

#include <string.h>

static const char usage[] =
	"usage: fairlead-tls --help | --version\n"
	"\n"
	"fairlead-tls speaks TLS over one connection, for a service check that asks a web\n"
	"server by https.  It is started by fairleadd, which gives it the connection\n"
	"(fairlead-tls verify|trust HOST); it does nothing when started by hand.\n";

int main(int argc, char **argv)
{
	if (tls_child_is_meant(argc, argv))
		tls_child_run(argv[2], strcmp(argv[1], "verify") == 0);
	return started_by_hand(argc, argv, "fairlead-tls", usage);
}
