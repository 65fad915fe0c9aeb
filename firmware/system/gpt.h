/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gpt.h - let the last partition of a GPT (UEFI 2.10, chapter 5) grow to the end of its disk. Pure.
 *
 * An image is written onto disks that are larger than it is.  The table's second copy belongs at
 * the disk's end, and the last partition may have what lies between.
 *
 * A power cut at any moment leaves the old table or the new one: the new list of partitions is
 * written beside the old one, where nothing else is, and the one sector of the header, which says
 * where the list is, comes last. */
#ifndef FL_GPT_H
#define FL_GPT_H

#include "bytes.h"
#include "err.h"
#include "text.h"

#define GPT_SECTOR       512
#define GPT_LIST_SIZE    16384 /* 128 partitions of 128 octets */
#define GPT_LIST_SECTORS (GPT_LIST_SIZE / GPT_SECTOR)
#define GPT_HEADER_AT    1    /* sectors */
#define GPT_LIST_AT      2    /* where a new disk has the list */
#define GPT_OTHER_AT     1024 /* where a list is then written; board/image/disk.py leaves it free */

/* Where a header has its list: GPT_LIST_AT or GPT_OTHER_AT; 0: it is no header of ours. */
uint64_t gpt_list_at(const uint8_t header[GPT_SECTOR]);

/* What is to be written, in this order, each waited for; all places are sectors. */
struct gpt_grown {
	unsigned number; /* of the partition, from 1 */
	uint64_t start, size,
		was;           /* of the partition, in sectors; the same: nothing is to be done */
	uint64_t copy_list_at; /* 1: `list` */
	uint64_t copy_at;      /* 2: `copy` */
	uint64_t list_at;      /* 3: `list` */
	uint8_t list[GPT_LIST_SIZE]; /* 4: `header`, at GPT_HEADER_AT */
	uint8_t copy[GPT_SECTOR], header[GPT_SECTOR];
};

/* `list` is what lies at gpt_list_at(header); `sectors` the size of the disk.  FL_EFORMAT: the
 * table is damaged, or not of our making; FL_ENOENT: no such partition; FL_EPERM: another one lies
 * behind it.  `why` says so in words. */
MUST_USE enum fl_err gpt_grow(const uint8_t header[GPT_SECTOR], const uint8_t list[GPT_LIST_SIZE],
	uint64_t sectors, const char *name, struct gpt_grown *out, struct textbuf *why);

/* What the first sector says to programs that know no GPT: all of the disk is in use.  False: it
 * was not written for a GPT, and is as it was. */
bool gpt_protect(uint8_t sector[GPT_SECTOR], uint64_t sectors);

#endif
