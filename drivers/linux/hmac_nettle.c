/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nettle keeps its state in the caller's memory and makes no system call, so that it works in the
 * confined DNS worker; dnsmasq brings it onto the image already. */
#include "hmac_nettle.h"

#include <nettle/hmac.h>

static void mac_sha256(
	struct bytes key, const struct bytes *parts, size_t nparts, uint8_t out[HMAC_MAX])
{
	struct hmac_sha256_ctx ctx;

	hmac_sha256_set_key(&ctx, key.n, key.at);
	for (size_t i = 0; i < nparts; i++)
		hmac_sha256_update(&ctx, parts[i].n, parts[i].at);
	hmac_sha256_digest(&ctx, SHA256_DIGEST_SIZE, out);
}

static void mac_sha512(
	struct bytes key, const struct bytes *parts, size_t nparts, uint8_t out[HMAC_MAX])
{
	struct hmac_sha512_ctx ctx;

	hmac_sha512_set_key(&ctx, key.n, key.at);
	for (size_t i = 0; i < nparts; i++)
		hmac_sha512_update(&ctx, parts[i].n, parts[i].at);
	hmac_sha512_digest(&ctx, SHA512_DIGEST_SIZE, out);
}

void hmac_nettle(enum hmac_hash hash, struct bytes key, const struct bytes *parts, size_t nparts,
	uint8_t out[HMAC_MAX])
{
	(hash == HMAC_SHA512 ? mac_sha512 : mac_sha256)(key, parts, nparts, out);
}
