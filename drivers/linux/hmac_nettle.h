/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hmac_nettle.h - hmac.h by the library nettle. */
#ifndef FL_HMAC_NETTLE_H
#define FL_HMAC_NETTLE_H

#include "hmac.h"

hmac_function hmac_nettle;

#endif
