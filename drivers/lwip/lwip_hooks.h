/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lwip_hooks.h - the questions that lwIP asks of its port (lwipopts.h says when). */
#ifndef FL_LWIP_HOOKS_H
#define FL_LWIP_HOOKS_H

#include <lwip/ip_addr.h>

struct netif;
struct pbuf;

/* By which leg a packet from `src` leaves: the one that the packet being dealt with came in by, if
 * that has the address, else any leg that has it. */
struct netif *lwip_route4(const ip4_addr_t *src, const ip4_addr_t *dst);
struct netif *lwip_route6(const ip6_addr_t *src, const ip6_addr_t *dst);
/* The strong host model (RFC 1122 3.3.4.2): a packet for an address that the leg it came in by has
 * not is dropped.  Returns 1 when `p` was taken. */
int lwip_input4(struct pbuf *p, struct netif *in);
int lwip_input6(struct pbuf *p, struct netif *in);
/* The gateway of a leg, or NULL. */
const ip6_addr_t *lwip_gateway6(struct netif *netif, const ip6_addr_t *dst);
/* The VLAN a frame goes out on, or -1: none. */
int32_t lwip_vlan_of(struct netif *netif);
/* The initial sequence number of a connection (RFC 6528). */
uint32_t lwip_isn(
	const ip_addr_t *local, uint16_t local_port, const ip_addr_t *remote, uint16_t remote_port);

#endif
