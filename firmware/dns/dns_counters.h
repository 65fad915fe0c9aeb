/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_counters.h - which type has which place in dns_counters.type.  For this folder only. */
#ifndef FL_DNS_COUNTERS_H
#define FL_DNS_COUNTERS_H

#include "dns.h"

/* Most asked for first; behind them all others. */
extern const uint16_t dns_counted_types[DNS_COUNTED_TYPES - 1];

#endif
