/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fairlead-grow - let the last partition of the disk have what is behind it.
 *
 * An image is smaller than the disk it is written onto.  At the first start the partition grows
 * before a file system is made in it; one that has a file system already grows, and its name is
 * printed, so that the file system can follow.  gpt.h says why a power cut does no harm. */
#include "gpt.h"
#include "update_linux.h"
#include "whole.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/blkpg.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define EXT4_MAGIC 0xEF53u
#define SLACK      (1ull << 20) /* octets that a file system may lack of its partition */

static int failed(const char *what, const char *why)
{
	fprintf(stderr, "fairlead-grow: %s: %s\n", what, why);
	return 1;
}

/* "/dev/vda" for "/dev/vda6": in sysfs a partition lies in its disk's folder. */
static bool disk_of(const char *partition, char *out, size_t size)
{
	char link[PATH_MAX], whole[PATH_MAX];
	int n = snprintf(link, sizeof(link), "/sys/class/block/%s", strrchr(partition, '/') + 1);

	if (n < 0 || (size_t)n >= sizeof(link) || !realpath(link, whole))
		return false;
	n = snprintf(out, size, "/dev/%s", basename(dirname(whole)));
	return n > 0 && (size_t)n < size;
}

/* In sectors; 0: it cannot be asked, or its sectors are not those of our images. */
static uint64_t size_of(int fd)
{
	uint64_t octets = 0;
	int sector = 0;

	if (ioctl(fd, BLKSSZGET, &sector) < 0 || sector != GPT_SECTOR ||
		ioctl(fd, BLKGETSIZE64, &octets) < 0)
		return 0;
	return octets / GPT_SECTOR;
}

static bool read_at(int fd, uint64_t sector, uint8_t *out, size_t n)
{
	return lseek(fd, (off_t)(sector * GPT_SECTOR), SEEK_SET) >= 0 && read_whole(fd, out, n);
}

/* And it is on the disk before the next one is written. */
static bool write_at(int fd, uint64_t sector, const uint8_t *octets, size_t n)
{
	return lseek(fd, (off_t)(sector * GPT_SECTOR), SEEK_SET) >= 0 &&
	       write_whole(fd, bytes_of(octets, n)) && fsync(fd) == 0;
}

static bool table_write(int disk, const struct gpt_grown *g)
{
	return write_at(disk, g->copy_list_at, g->list, sizeof(g->list)) &&
	       write_at(disk, g->copy_at, g->copy, sizeof(g->copy)) &&
	       write_at(disk, g->list_at, g->list, sizeof(g->list)) &&
	       write_at(disk, GPT_HEADER_AT, g->header, sizeof(g->header));
}

/* The kernel takes the new size at once, also of one that is in use. */
static bool tell_kernel(int disk, const struct gpt_grown *g)
{
	struct blkpg_partition p = {.start = (long long)(g->start * GPT_SECTOR),
		.length = (long long)(g->size * GPT_SECTOR),
		.pno = (int)g->number};
	struct blkpg_ioctl_arg a = {.op = BLKPG_RESIZE_PARTITION, .datalen = sizeof(p), .data = &p};

	return ioctl(disk, BLKPG, &a) == 0;
}

static int grow(int disk, const char *path, const char *name)
{
	static struct gpt_grown g; /* 17 KiB: not for a stack */
	static uint8_t list[GPT_LIST_SIZE];
	uint8_t header[GPT_SECTOR];
	char words[200];
	struct textbuf why = textbuf_of(words, sizeof(words));
	uint64_t sectors = size_of(disk), at;

	if (!sectors || !read_at(disk, GPT_HEADER_AT, header, sizeof(header)))
		return failed(path, "it cannot be read, or not in sectors of 512 octets");
	at = gpt_list_at(header);
	if (at && !read_at(disk, at, list, sizeof(list)))
		return failed(path, strerror(errno));
	if (gpt_grow(header, list, sectors, name, &g, &why))
		return failed(path, words);
	if (g.size == g.was)
		return 0;
	if (!table_write(disk, &g) || !tell_kernel(disk, &g))
		return failed(path, strerror(errno));
	if (read_at(disk, 0, header, sizeof(header)) && gpt_protect(header, sectors))
		(void)write_at(disk, 0, header, sizeof(header));
	fprintf(stderr, "fairlead-grow: %s: %llu MiB instead of %llu\n", name,
		(unsigned long long)g.size >> 11, (unsigned long long)g.was >> 11);
	return 0;
}

static uint32_t get32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Is there an ext4 file system in it that leaves much of it unused? */
static bool has_room(const char *partition)
{
	uint8_t s[1024]; /* the superblock */
	int fd = open(partition, O_RDONLY | O_CLOEXEC);
	uint64_t sectors = fd < 0 ? 0 : size_of(fd), octets = 0;

	if (sectors && read_at(fd, 2, s, sizeof(s)) && (s[56] | s[57] << 8) == EXT4_MAGIC)
		octets = (get32(s + 4) | (uint64_t)get32(s + 0x150) << 32)
			 << (10 + (get32(s + 24) & 7));
	if (fd >= 0)
		close(fd);
	return octets && octets + SLACK <= sectors * GPT_SECTOR;
}

int main(int argc, char **argv)
{
	char partition[64], disk[64];
	int fd, status;

	if (argc != 2 || argv[1][0] == '-') {
		fputs("usage: fairlead-grow PARTITION-NAME\n", stderr);
		return 2;
	}
	if (!partition_find(argv[1], partition, sizeof(partition)) ||
		!disk_of(partition, disk, sizeof(disk)))
		return failed(argv[1], "there is no such partition");
	fd = open(disk, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return failed(disk, strerror(errno));
	status = grow(fd, disk, argv[1]);
	close(fd);
	if (!status && has_room(partition))
		puts(partition);
	return status;
}
