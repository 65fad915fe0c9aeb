/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel_nft.h - what the files share that put our table into the kernel and read it back. */
#ifndef FL_KERNEL_NFT_H
#define FL_KERNEL_NFT_H

#include "kernel_parts.h"

#define FLOWTABLE "established"

/* ---- a transaction (kernel_batch.c) ---- */

/* The batch can take messages.  Otherwise there is not even room for one. */
bool batch_begin(struct kernel_linux *k);
/* Send the batch: all of it happens, or nothing. */
enum fl_err batch_commit(struct kernel_linux *k, struct textbuf *why);
/* Send it without its end: nothing comes of it, but the kernel says what it thinks of the messages
 * after that of number `seq`, as an errno value (0 also when it could not be asked). */
int batch_try(struct kernel_linux *k, uint32_t seq);

/* A message of the batch; attributes are appended, then it is ended. */
struct nlmsghdr *put_message(struct kernel_linux *k, unsigned type, unsigned flags);
void end_message(struct kernel_linux *k, struct nlmsghdr *h);
void put_text(struct nlmsghdr *h, uint16_t type, struct str s);
void put_u32(struct nlmsghdr *h, uint16_t type, uint32_t v);
void put_u64(struct nlmsghdr *h, uint16_t type, uint64_t v);
void put_value(struct nlmsghdr *h, uint16_t type, const void *data, size_t n);

/* ---- its messages (kernel_nft_put.c) ---- */

void put_table(struct kernel_linux *k, unsigned type, struct str comment);
void put_set(struct kernel_linux *k, const struct kset *s, uint32_t id);
void put_elem(struct kernel_linux *k, struct nlmsghdr *h, const struct kelem *e, bool with_data);
/* NFT_MSG_NEWSETELEM or NFT_MSG_DELSETELEM. */
void put_elems(
	struct kernel_linux *k, unsigned type, struct str set, const struct kelem *e, size_t n);
void put_chain(struct kernel_linux *k, const struct kchain *c);
void put_rule(struct kernel_linux *k, const struct kernel_state *s, const struct kchain *c,
	const struct krule *r);
/* Of those of the `n` devices that are there. */
void put_flowtable(struct kernel_linux *k, const struct str *wanted, size_t n);
uint32_t verdict_code(enum kverdict v);

/* ---- what is in the kernel (kernel_nft_read.c) ---- */

/* The elements of the set `like`.  0 or an errno value. */
int read_set(struct kernel_linux *k, const struct kset *like, struct arena *mem, struct kset *out);

/* ---- the table (kernel_nft.c) ---- */

bool device_exists(struct str name);
bool has_flowtables(const struct kernel_linux *k);
size_t devices_there(const struct kernel_linux *k, const struct kernel_state *s);
/* A rule that this kernel cannot have. */
bool is_left_out(const struct kernel_linux *k, const struct krule *r);
struct str fingerprint(const struct kernel_state *s, char text[40]);

#endif
