/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hmac.h - keyed hashes (RFC 2104 with SHA-2), as the deciding modules ask for them.  Who builds
 * the product passes one in; firmware/ itself holds no cryptography. */
#ifndef FL_HMAC_H
#define FL_HMAC_H

#include "bytes.h"

enum hmac_hash { HMAC_SHA256, HMAC_SHA512, HMAC_HASHES };

#define HMAC_MAX 64 /* octets of the longest one */

static inline size_t hmac_size(enum hmac_hash hash)
{
	return hash == HMAC_SHA512 ? 64 : 32;
}

/* The keyed hash of the parts, one behind the other; hmac_size() octets.  Must neither block nor
 * ask for memory: the DNS worker calls it under its system call filter. */
typedef void hmac_function(enum hmac_hash hash, struct bytes key, const struct bytes *parts,
	size_t nparts, uint8_t out[HMAC_MAX]);

#endif
