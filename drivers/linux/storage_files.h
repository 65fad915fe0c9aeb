/* SPDX-License-Identifier: GPL-2.0-or-later */
/* storage_files.h - storage.h over files in a directory.
 *
 * An item is one file: a header line of 32 octets, then the content as it is, so that a person can
 * read it (to the settings' parser the header is a comment):
 *
 *   "#fairlead 1 " LENGTH(10 digits) " " CRC-32(8 hex digits) "\n" CONTENT
 *
 * The checksum (IEEE 802.3) covers the content; the length is checked against the file's.  A save
 * writes a file beside it, fsyncs it, renames it over the item and fsyncs the directory.  load()
 * gives FL_EFORMAT for a file that is damaged. */
#ifndef FL_STORAGE_FILES_H
#define FL_STORAGE_FILES_H

#include "storage.h"

#include <sys/types.h>

#define STORAGE_HEADER_SIZE 32
#define STORAGE_ITEM_MAX    ((size_t)16 << 20) /* octets of content */
#define STORAGE_NAME_MAX    64

/* The calls that change the disk, with the meaning of openat(2) and so on; a test can let each of
 * them fail. */
struct storage_calls {
	int (*openat)(int dir, const char *name, int flags, mode_t mode);
	ssize_t (*write)(int fd, const void *from, size_t n);
	int (*fsync)(int fd);
	int (*close)(int fd);
	int (*renameat)(int from_dir, const char *from, int to_dir, const char *to);
	int (*unlinkat)(int dir, const char *name, int flags);
};

/* Use `dir`, which is made when it is missing (not its parents).  A read-only one will do: then
 * load works and save says why it cannot.  Names of items are plain words: letters, digits and
 * ". _ -", not beginning with a dot.  `mem` must outlive the storage.  FL_EIO: `why` tells. */
MUST_USE enum fl_err storage_files_open(
	struct storage *out, const char *dir, struct arena *mem, struct textbuf *why);
/* The same with other calls; they must outlive the storage. */
MUST_USE enum fl_err storage_files_open_with(struct storage *out, const char *dir,
	const struct storage_calls *calls, struct arena *mem, struct textbuf *why);
void storage_files_close(struct storage *s);

/* The header line of this content; no zero octet follows it. */
void storage_header_write(struct bytes content, uint8_t out[STORAGE_HEADER_SIZE]);
/* The content of a whole file.  FL_EFORMAT: not written by us, cut short, longer or damaged. */
MUST_USE enum fl_err storage_file_parse(struct bytes file, struct bytes *content);

#endif
