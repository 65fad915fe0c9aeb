/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sockaddr.h - our addresses as the socket calls take them. */
#ifndef FL_SOCKADDR_H
#define FL_SOCKADDR_H

#include <sys/socket.h>

#include "addr.h"

/* Fills `out` and returns how much of it counts.  `a` is of family 4 or 6; `port` in host order. */
socklen_t sockaddr_of(const struct ip_addr *a, uint16_t port, struct sockaddr_storage *out);

/* The other way.  Family 0 and port 0: neither IPv4 nor IPv6. */
struct ip_addr sockaddr_addr(const struct sockaddr_storage *from);
uint16_t sockaddr_port(const struct sockaddr_storage *from);

#endif
