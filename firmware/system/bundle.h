/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bundle.h - the head of a signed update, and whether this router may take it.  Pure.
 *
 *   0     manifest: lines "key=value", then zeros
 *   4032  Ed25519 signature (RFC 8032) of all before it
 *   4096  the slot, `size` octets whose SHA-256 the manifest names
 *
 * The signature covers the manifest, the manifest names the hash of the rest: so everything is
 * known to be good, or not, before an octet is written. */
#ifndef FL_BUNDLE_H
#define FL_BUNDLE_H

#include "bytes.h"
#include "err.h"
#include "text.h"

#define BUNDLE_HEAD_SIZE   4096
#define BUNDLE_SIGNED_SIZE 4032
#define BUNDLE_FORMAT      1

struct bundle {
	struct str board, version; /* point into the head */
	int64_t made; /* seconds since 1970, of the commit it was built from: what is older is lower
		       */
	uint64_t size;
	uint8_t sha256[32];
};

/* The head of a bundle whose signature was found good; `head` has BUNDLE_HEAD_SIZE octets. */
MUST_USE enum fl_err bundle_parse(struct bytes head, struct bundle *out, struct textbuf *why);

/* What runs here. */
struct bundle_here {
	struct str board, version;
	int64_t made;
	uint64_t slot_size;
	bool force; /* older ones too */
};
/* May it be installed?  FL_EPERM: `why` says why not. */
MUST_USE enum fl_err bundle_check(
	const struct bundle *b, const struct bundle_here *here, struct textbuf *why);

#endif
