/* SPDX-License-Identifier: GPL-2.0-or-later */
/* forwarding_settings.h - the rows of `lan`, `address-set`, `rule`, `forward` and `nat`, for the
 * schema of the whole.  Their offsets are 0: whoever puts the schema together sets where their
 * lists lie. */
#ifndef FL_FORWARDING_SETTINGS_H
#define FL_FORWARDING_SETTINGS_H

#include "settings.h"

extern const struct setting lan_setting, address_set_setting, rule_setting, forward_setting;
extern const struct setting nat_setting, forwarding_setting;

/* "00:1b:21:3c:4d:5e" into a struct lan_mac. */
bool lan_mac_parse(struct str text, void *out, struct textbuf *why);

/* "25" or "8000-8080" into a struct rule_port. */
bool rule_port_parse(struct str text, void *out, struct textbuf *why);
/* "46", "ef", "cs5" or "af31" into a uint32_t: 1 + the code point. */
bool rule_dscp_parse(struct str text, void *out, struct textbuf *why);
/* "0xff000000" into a uint32_t: a run of bits that a link's number fits. */
bool forwarding_mask_parse(struct str text, void *out, struct textbuf *why);
/* "1001" into a uint32_t: the first of tables that are not the kernel's own. */
bool forwarding_table_parse(struct str text, void *out, struct textbuf *why);
/* "example.net" into a struct str: labels of letters, digits, "-" and "_". */
bool rule_domain_parse(struct str text, void *out, struct textbuf *why);

#endif
