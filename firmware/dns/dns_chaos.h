/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_chaos.h - what a server says of itself: version.bind and id.server, class CHAOS (RFC 4892).
 * For this folder only. */
#ifndef FL_DNS_CHAOS_H
#define FL_DNS_CHAOS_H

#include "dns_format.h"
#include "dns_query.h"

/* The one record, owned by the question's name.  False: there is no such name, or the settings do
 * not tell; nothing is written. */
bool dns_chaos_put(struct buf *out, const struct dns_query *q, const struct image_options *options);

#endif
