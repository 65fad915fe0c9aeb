/* SPDX-License-Identifier: GPL-2.0-or-later */
/* siphash.h - SipHash-2-4, a keyed hash for short messages: who has not the key cannot tell its
 * values from random ones (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012). */
#ifndef FL_SIPHASH_H
#define FL_SIPHASH_H

#include "bytes.h"

uint64_t siphash(const uint8_t key[16], struct bytes message);

#endif
