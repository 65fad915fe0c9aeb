/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_settings.h - `domain NAME { ... }`, `reverse PREFIX { ... }`, `tsig-key NAME { ... }`,
 * `dns { ... }`.  The rows fill struct dns_domain_conf, dns_reverse_conf, dns_key_conf and
 * dns_conf; their offset is the user's to set. */
#ifndef FL_DNS_SETTINGS_H
#define FL_DNS_SETTINGS_H

#include "settings.h"

extern const struct setting domain_setting;
extern const struct setting reverse_setting;
extern const struct setting tsig_key_setting;
extern const struct setting view_setting; /* struct dns_view_conf */
extern const struct setting dns_setting;

#endif
