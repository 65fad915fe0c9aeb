/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fairlead-report - the hook that other programs (dhcpcd, pppd) run when they have news: all it
 * does is send its environment and its words to fairleadd, as lines of one datagram.  Whoever reads
 * them there decides what they mean. */
#include "daemons.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

extern char **environ;

static void put_line(struct textbuf *t, const char *text)
{
	for (; *text; text++)
		textbuf_put(t, *text == '\n' ? " " : text, 1);
	textbuf_put(t, "\n", 1);
}

int main(int argc, char **argv)
{
	static char room[DAEMON_REPORT_MAX];
	struct textbuf t = textbuf_of(room, sizeof(room));
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	const char *path = getenv("FAIRLEAD_REPORT");
	int fd;

	if (!path || strlen(path) >= sizeof(to.sun_path))
		return 2;
	memcpy(to.sun_path, path, strlen(path));
	for (char **e = environ; *e; e++)
		put_line(&t, *e);
	for (int i = 0; i < argc; i++) {
		textbuf_printf(&t, "arg%d=", i);
		put_line(&t, argv[i]);
	}
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (t.cut || fd < 0 || sendto(fd, t.at, t.n, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		return 1;
	return 0;
}
