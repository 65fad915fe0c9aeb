/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "update_linux.h"

#include "whole.h"

#include "boot_state.h"
#include "bundle.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <nettle/eddsa.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define BOOT_BLOCK_AT 512 /* behind the header of the tar member */
#define CHUNK         ((size_t)128 * 1024)

struct update {
	const struct update_place *place;
	struct textbuf *why;
	int file, slot;
	struct bundle bundle;
	uint8_t head[BUNDLE_HEAD_SIZE];
	uint8_t chunk[CHUNK];
};

/* ---- partitions ---- */

static bool has_name(const char *device, const char *wanted)
{
	char path[320], line[128];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/block/%s/uevent", device);
	f = fopen(path, "re");
	while (f && !found && fgets(line, sizeof(line), f))
		found = strncmp(line, "PARTNAME=", 9) == 0 && strcmp(line + 9, wanted) == 0;
	if (f)
		fclose(f);
	return found;
}

bool partition_find(const char *name, char *path, size_t size)
{
	DIR *d = opendir("/sys/class/block");
	const struct dirent *e;
	char wanted[64];
	bool found = false;

	snprintf(wanted, sizeof(wanted), "%s\n", name);
	while (d && !found && (e = readdir(d))) {
		found = e->d_name[0] != '.' && has_name(e->d_name, wanted);
		if (found)
			snprintf(path, size, "/dev/%s", e->d_name);
	}
	if (d)
		closedir(d);
	return found;
}

int boot_block_read(const char *partition, uint8_t *block)
{
	int fd = open(partition, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return errno;
	n = pread(fd, block, BOOT_BLOCK_SIZE, BOOT_BLOCK_AT);
	close(fd);
	return n == BOOT_BLOCK_SIZE ? 0 : n < 0 ? errno : EIO;
}

/* All that differs lies in the first sector: a cut leaves the old or the new one. */
int boot_block_write(const char *partition, const uint8_t *block)
{
	int fd = open(partition, O_WRONLY | O_SYNC | O_CLOEXEC), error = 0;

	if (fd < 0)
		return errno;
	if (pwrite(fd, block, BOOT_BLOCK_SIZE, BOOT_BLOCK_AT) != BOOT_BLOCK_SIZE || fsync(fd) < 0)
		error = errno ? errno : EIO;
	close(fd);
	return error;
}

/* ---- what is known here ---- */

/* The one line of a file. */
static bool fact(const struct update *u, const char *name, char *out, size_t size)
{
	char path[300];
	FILE *f;
	bool good;

	snprintf(path, sizeof(path), "%s/%s", u->place->facts, name);
	f = fopen(path, "re");
	good = f && fgets(out, (int)size, f);
	if (f)
		fclose(f);
	if (!good) {
		textbuf_printf(u->why, "%s cannot be read: %s", path, strerror(errno));
		return false;
	}
	out[strcspn(out, "\n")] = '\0';
	return true;
}

static bool read_key(const struct update *u, uint8_t key[ED25519_KEY_SIZE])
{
	char path[300];
	FILE *f;
	bool good;

	snprintf(path, sizeof(path), "%s/release.pub", u->place->facts);
	f = fopen(path, "re");
	good = f && fread(key, 1, ED25519_KEY_SIZE, f) == ED25519_KEY_SIZE;
	if (f)
		fclose(f);
	if (!good)
		textbuf_printf(u->why, "the key %s cannot be read", path);
	return good;
}

/* ---- reading ---- */

/* Read the slot's octets from `from`, write them to `to` if it is one, and compare their hash. */
static enum fl_err pass(struct update *u, int from, int to, const char *what)
{
	struct sha256_ctx hash;
	uint8_t digest[SHA256_DIGEST_SIZE];
	uint64_t done = 0;

	sha256_init(&hash);
	while (done < u->bundle.size) {
		uint64_t left = u->bundle.size - done;
		size_t n = left < CHUNK ? (size_t)left : CHUNK;

		if (!read_whole(from, u->chunk, n)) {
			bool is_cut = errno == ENODATA;

			textbuf_printf(u->why, "%s", is_cut ? "it is cut short" : strerror(errno));
			return is_cut ? FL_ESHORT : FL_EIO;
		}
		sha256_update(&hash, n, u->chunk);
		if (to >= 0 && !write_whole(to, bytes_of(u->chunk, n))) {
			textbuf_printf(u->why, "writing the slot: %s", strerror(errno));
			return FL_EIO;
		}
		done += n;
		u->place->progress(u->place->ctx, (unsigned)(done * 100 / u->bundle.size), what);
	}
	sha256_digest(&hash, sizeof(digest), digest);
	if (memcmp(digest, u->bundle.sha256, sizeof(digest)) != 0) {
		textbuf_printf(u->why, "its content is not what was signed: the hash differs");
		return FL_EFORMAT;
	}
	return FL_OK;
}

/* ---- the steps ---- */

static uint64_t size_of(int fd)
{
	uint64_t size = 0;
	struct stat st;

	if (ioctl(fd, BLKGETSIZE64, &size) == 0)
		return size;
	return fstat(fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

/* Is it signed, and for this router? */
static enum fl_err check_head(struct update *u)
{
	char board[80], version[80], made[40];
	uint8_t key[ED25519_KEY_SIZE];
	enum fl_err err;

	if (!fact(u, "board", board, sizeof(board)) ||
		!fact(u, "version", version, sizeof(version)) ||
		!fact(u, "made", made, sizeof(made)) || !read_key(u, key))
		return FL_EIO;
	if (!read_whole(u->file, u->head, sizeof(u->head))) {
		bool is_cut = errno == ENODATA;

		textbuf_printf(u->why, "%s",
			is_cut ? "it is shorter than the head of a bundle" : strerror(errno));
		return is_cut ? FL_ESHORT : FL_EIO;
	}
	if (!ed25519_sha512_verify(
		    key, BUNDLE_SIGNED_SIZE, u->head, u->head + BUNDLE_SIGNED_SIZE)) {
		textbuf_printf(u->why, "it is not signed with the key of this router's releases");
		return FL_EPERM;
	}
	err = bundle_parse(bytes_of(u->head, sizeof(u->head)), &u->bundle, u->why);
	if (err)
		return err;
	return bundle_check(&u->bundle,
		&(struct bundle_here){str_of(board), str_of(version), strtoll(made, NULL, 10),
			size_of(u->slot), u->place->force},
		u->why);
}

/* Nothing may lie behind the slot. */
static enum fl_err check_end(struct update *u)
{
	uint8_t more;

	if (read(u->file, &more, 1) == 0)
		return FL_OK;
	textbuf_printf(u->why, "there is more in the file than was signed");
	return FL_EFORMAT;
}

static enum fl_err boot_state_change(struct update *u, enum boot_slot_name target,
	void (*change)(struct boot_state *s, enum boot_slot_name target))
{
	uint8_t block[BOOT_BLOCK_SIZE];
	struct boot_state s;
	int error = boot_block_read(u->place->state, block);

	if (!error && boot_state_parse(bytes_of(block, sizeof(block)), &s) != FL_OK)
		error = EBADMSG;
	if (!error) {
		change(&s, target);
		boot_state_print(&s, block);
		error = boot_block_write(u->place->state, block);
	}
	if (!error)
		return FL_OK;
	textbuf_printf(u->why, "the boot state on %s: %s", u->place->state, strerror(error));
	return FL_EIO;
}

static enum fl_err write_slot(struct update *u)
{
	enum fl_err err;

	if (lseek(u->file, BUNDLE_HEAD_SIZE, SEEK_SET) < 0) {
		textbuf_printf(u->why, "%s", strerror(errno));
		return FL_EIO;
	}
	err = pass(u, u->file, u->slot, "writing");
	if (err)
		return err;
	if (fsync(u->slot) < 0 || lseek(u->slot, 0, SEEK_SET) < 0) {
		textbuf_printf(u->why, "writing the slot: %s", strerror(errno));
		return FL_EIO;
	}
	(void)!ioctl(u->slot, BLKFLSBUF, 0); /* what is read now comes from the medium */
	err = pass(u, u->slot, -1, "reading back");
	if (err == FL_EFORMAT) {
		u->why->n = 0;
		textbuf_printf(
			u->why, "the slot does not hold what was written to it: its medium fails");
		err = FL_EIO;
	}
	return err;
}

static enum fl_err install(struct update *u)
{
	enum boot_slot_name target = u->place->running == 'a' ? BOOT_SLOT_B : BOOT_SLOT_A;
	char version[80];
	enum fl_err err = check_head(u);

	if (err)
		return err;
	err = pass(u, u->file, -1, "checking");
	if (!err)
		err = check_end(u);
	if (!err)
		err = boot_state_change(u, target, boot_state_begin_update);
	if (!err)
		err = write_slot(u);
	if (!err)
		err = boot_state_change(u, target, boot_state_end_update);
	if (err)
		return err;
	snprintf(version, sizeof(version), "%.*s", STR_ARG(u->bundle.version));
	textbuf_printf(u->why, "%s", version);
	return FL_OK;
}

enum fl_err update_install(const struct update_place *place, const char *file, struct textbuf *why)
{
	const char *target = place->slot[place->running == 'a' ? 1 : 0];
	struct update *u = calloc(1, sizeof(*u));
	enum fl_err err = FL_EIO;

	if (!u)
		return FL_EFULL;
	u->place = place;
	u->why = why;
	u->file = open(file, O_RDONLY | O_CLOEXEC);
	u->slot = u->file < 0 ? -1 : open(target, O_RDWR | O_CLOEXEC);
	if (u->file < 0)
		textbuf_printf(why, "%s", strerror(errno));
	else if (u->slot < 0)
		textbuf_printf(why, "%s: %s", target, strerror(errno));
	else
		err = install(u);
	if (u->file >= 0)
		close(u->file);
	if (u->slot >= 0)
		close(u->slot);
	free(u);
	return err;
}
