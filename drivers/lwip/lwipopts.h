/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lwipopts.h - lwIP without an operating system, for name service and probes.
 *
 * One thread and no interrupt ever enters the stack, frames are whole in one pbuf, and every pool
 * is small enough for a microcontroller: the simulator runs the same configuration. */
#ifndef FL_LWIPOPTS_H
#define FL_LWIPOPTS_H

#define NO_SYS               1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN         0
#define LWIP_SOCKET          0
#define LWIP_SINGLE_NETIF    0
#define LWIP_HAVE_LOOPIF     0
#define LWIP_NETIF_LOOPBACK  0
#define LWIP_RAW             1
#define LWIP_UDP             1
#define LWIP_TCP             1
#define LWIP_IPV4            1
#define LWIP_IPV6            1
#define LWIP_DHCP            0
#define LWIP_DNS             0
#define LWIP_IGMP            0
#define LWIP_ICMP            1
#define LWIP_BROADCAST_PING  0
#define LWIP_MULTICAST_PING  0
#define IP_FORWARD           0
/* Nothing we say or hear is longer than a frame: DNS over UDP ends at 1232 octets. */
#define IP_REASSEMBLY   0
#define IP_FRAG         0
#define LWIP_IPV6_FRAG  0
#define LWIP_IPV6_REASS 0
/* Addresses are the administrator's: neither made up nor asked about before they are used. */
#define LWIP_IPV6_AUTOCONFIG            0
#define LWIP_IPV6_DHCP6                 0
#define LWIP_IPV6_DUP_DETECT_ATTEMPTS   0
#define LWIP_IPV6_SEND_ROUTER_SOLICIT   0
#define LWIP_IPV6_NUM_ADDRESSES         2
#define LWIP_ND6_NUM_NEIGHBORS          16
#define LWIP_ND6_NUM_DESTINATIONS       16
#define LWIP_ND6_NUM_PREFIXES           1
#define LWIP_ND6_NUM_ROUTERS            1
#define LWIP_ND6_TCP_REACHABILITY_HINTS 0
#define MEMP_NUM_ND6_QUEUE              8
#define MEMP_NUM_MLD6_GROUP             16

#define LWIP_NETIF_STATUS_CALLBACK 0
#define LWIP_NETIF_LINK_CALLBACK   0
#define LWIP_NETIF_TX_SINGLE_PBUF  1
#define LWIP_TCP_PCB_NUM_EXT_ARGS  1 /* where a connection is pinned to its leg */
#define TCP_LISTEN_BACKLOG         1
#define SO_REUSE                   1

#define MEM_ALIGNMENT           8
#define MEM_SIZE                CONFIG_LWIP_HEAP
#define MEMP_NUM_PBUF           8
#define MEMP_NUM_RAW_PCB        2
#define MEMP_NUM_UDP_PCB        (CONFIG_LINKS_MAX + 1)
#define MEMP_NUM_TCP_PCB        CONFIG_LWIP_CONNECTIONS
#define MEMP_NUM_TCP_PCB_LISTEN 1
#define MEMP_NUM_TCP_SEG        16
#define PBUF_POOL_SIZE          CONFIG_LWIP_FRAMES
#define PBUF_POOL_BUFSIZE       1536 /* a tagged frame in one piece */
#define ARP_TABLE_SIZE          16
#define ARP_QUEUEING            1
#define MEMP_NUM_ARP_QUEUE      8
#define ETHARP_TRUST_IP_MAC     0

#define TCP_MSS          1220
#define TCP_WND          (2 * TCP_MSS)
#define TCP_SND_BUF      (2 * TCP_MSS)
#define TCP_SND_QUEUELEN 8
#define TCP_QUEUE_OOSEQ  0

#define LWIP_STATS         1
#define LWIP_STATS_DISPLAY 0
#define MEM_STATS          1
#define MEMP_STATS         1

/* A leg is a VLAN of a trunk, or the port itself. */
#define ETHARP_SUPPORT_VLAN 1
#define ETH_PAD_SIZE        0

/* These must be visible before any header of lwIP; the prototypes are in lwip_hooks.h. */
#define LWIP_HOOK_IP4_ROUTE_SRC(src, dst)            lwip_route4(src, dst)
#define LWIP_HOOK_IP4_INPUT(p, in)                   lwip_input4(p, in)
#define LWIP_HOOK_IP6_ROUTE(src, dst)                lwip_route6(src, dst)
#define LWIP_HOOK_IP6_INPUT(p, in)                   lwip_input6(p, in)
#define LWIP_HOOK_ND6_GET_GW(netif, dst)             lwip_gateway6(netif, dst)
#define LWIP_HOOK_VLAN_SET(netif, p, src, dst, type) lwip_vlan_of(netif)
#define LWIP_HOOK_TCP_ISN(lip, lport, rip, rport)    lwip_isn(lip, lport, rip, rport)
#define LWIP_HOOK_FILENAME                           "lwip_hooks.h"

#endif
