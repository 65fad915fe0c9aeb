/* SPDX-License-Identifier: GPL-2.0-or-later */
/* config.h - one configuration: the tree as typed, and the structs it means.  Dies whole. */
#ifndef FL_CONFIG_H
#define FL_CONFIG_H

#include "arena.h"
#include "dns.h"
#include "forwarding.h"
#include "link.h"
#include "policy.h"
#include "report.h"
#include "settings.h"

#define NTP_SERVERS_MAX 4

struct ntp_server_conf {
	struct origin origin;
	struct ip_addr address;
};

struct system_conf {
	struct str host_name; /* in the console's prompt and in the log */
	span console_idle;    /* of a terminal that nobody types at; 0: no end */
	SETTINGS_LIST(struct ntp_server_conf, ntp_servers);
};

enum user_role { ROLE_ADMIN, ROLE_OPERATOR };

/* A line of authorized_keys. */
struct ssh_key_conf {
	struct origin origin;
	uint32_t type; /* index of ssh_key_types[] */
	struct str blob, remark;
};

struct user_conf {
	struct origin origin;
	struct str name;
	uint32_t role;   /* enum user_role */
	struct str hash; /* of the password; empty: none */
	SETTINGS_LIST(struct ssh_key_conf, keys);
};

/* A sentinel beside this router: where it is in the links' networks. */
struct companion_leg_conf {
	struct origin origin;
	int32_t link;  /* index */
	uint32_t vlan; /* 0: untagged */
	SETTINGS_LIST(struct link_address, addresses);
	SETTINGS_LIST(struct link_gateway, gateways); /* none: the link's */
};

struct companion_conf {
	struct origin origin;
	struct str name, port;
	SETTINGS_LIST(struct companion_leg_conf, legs);
};

/* What settings_bind() fills; modules.c says which list goes where. */
struct config_values {
	struct system_conf system;
	SETTINGS_LIST(struct user_conf, users);
	SETTINGS_LIST(struct link_conf, links);
	SETTINGS_LIST(struct lan_conf, lans);
	SETTINGS_LIST(struct policy_conf, policies);
	struct forwarding_conf forwarding;
	SETTINGS_LIST(struct address_set_conf, sets);
	SETTINGS_LIST(struct rule_conf, rules);
	SETTINGS_LIST(struct forward_conf, forwards);
	SETTINGS_LIST(struct forward_conf, nats);
	SETTINGS_LIST(struct dns_domain_conf, domains);
	SETTINGS_LIST(struct dns_reverse_conf, reverses);
	SETTINGS_LIST(struct dns_key_conf, keys);
	SETTINGS_LIST(struct dns_view_conf, views);
	struct dns_conf dns;
	SETTINGS_LIST(struct companion_conf, companions);
	struct report_conf report;
};

struct config {
	struct arena mem;
	struct settings tree;
	struct config_values v;
	size_t edited;             /* entries that were changed in place */
	struct config_room *rooms; /* arrays that have grown by it (commit_rows.c) */
	/* All names of the domains, as config_bind() has checked them, for the image to be made of;
	 * NULL once it is made. */
	struct dns_zones *zones;
	struct arena zones_mem;
};

/* How a configuration learns what is not typed: the numbers of its links, and what providers have
 * given them. */
struct config_links {
	void (*fill)(void *ctx, struct config *c);
	void *ctx;
};

/* An empty configuration with this schema. */
void config_init(struct config *c, const struct setting *schema, const struct arena_source *memory);
void config_free(struct config *c);
/* Fill c->v from c->tree and check everything that can be checked without a kernel.  `links` NULL:
 * they are numbered in their order.  FL_EFORMAT: `why` has every mistake. */
MUST_USE enum fl_err config_bind(
	struct config *c, const struct config_links *links, struct diags *why);
/* c->zones has served. */
void config_drop_zones(struct config *c);
/* The sources of the compilers, from c->v. */
struct dns_source config_dns_source(const struct config *c, uint32_t serial);
struct forwarding_source config_forwarding_source(const struct config *c);
/* Is it in a network of a LAN? */
bool config_lan_has(const struct config *c, const struct ip_addr *a);
/* The bits of marks that hold a link's number. */
uint32_t config_mark_bits(const struct config *c);

#endif
