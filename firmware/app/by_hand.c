/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "by_hand.h"

#include "version.h"

#include <stdio.h>
#include <string.h>

int started_by_hand(int argc, char **argv, const char *name, const char *usage)
{
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("%s %s\n", name, fl_version);
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(usage, stdout);
		return 0;
	}
	fputs(usage, stderr);
	return 2;
}
