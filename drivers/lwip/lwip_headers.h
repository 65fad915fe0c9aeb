/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lwip_headers.h - the headers of lwIP, all that we use, so that one place keeps its words from
 * ours: it has a struct ip_addr of its own, which is only ever called ip_addr_t. */
#ifndef FL_LWIP_HEADERS_H
#define FL_LWIP_HEADERS_H

/* clang-format off: the first one must come first, under another name. */
#define ip_addr lwip_ip_addr
#include <lwip/ip_addr.h>
#undef ip_addr
/* clang-format on */

#include <lwip/etharp.h>
#include <lwip/ethip6.h>
#include <lwip/init.h>
#include <lwip/ip.h>
#include <lwip/nd6.h>
#include <lwip/netif.h>
#include <lwip/pbuf.h>
#include <lwip/raw.h>
#include <lwip/stats.h>
#include <lwip/sys.h>
#include <lwip/tcp.h>
#include <lwip/timeouts.h>
#include <lwip/udp.h>
#include <netif/ethernet.h>

#include "lwip_hooks.h"

#endif
