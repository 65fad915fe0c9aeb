/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sockaddr.h"

#include <netinet/in.h>
#include <string.h>

socklen_t sockaddr_of(const struct ip_addr *a, uint16_t port, struct sockaddr_storage *out)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	if (a->family == 4) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		memcpy(&v4->sin_addr, a->b, 4);
		return sizeof(*v4);
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	memcpy(&v6->sin6_addr, a->b, 16);
	return sizeof(*v6);
}

struct ip_addr sockaddr_addr(const struct sockaddr_storage *from)
{
	struct ip_addr a = {0};

	if (from->ss_family == AF_INET) {
		a.family = 4;
		memcpy(a.b, &((const struct sockaddr_in *)from)->sin_addr, 4);
	} else if (from->ss_family == AF_INET6) {
		a.family = 6;
		memcpy(a.b, &((const struct sockaddr_in6 *)from)->sin6_addr, 16);
	}
	return a;
}

uint16_t sockaddr_port(const struct sockaddr_storage *from)
{
	if (from->ss_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)from)->sin_port);
	if (from->ss_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)from)->sin6_port);
	return 0;
}
