/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "whole.h"

#include <errno.h>
#include <unistd.h>

bool read_whole(int fd, uint8_t *at, size_t n)
{
	while (n) {
		ssize_t got = read(fd, at, n);

		if (got == 0)
			errno = ENODATA;
		if (got <= 0 && errno != EINTR)
			return false;
		if (got > 0) {
			at += got;
			n -= (size_t)got;
		}
	}
	return true;
}

bool write_whole(int fd, struct bytes octets)
{
	while (octets.n) {
		ssize_t put = write(fd, octets.at, octets.n);

		if (put <= 0 && errno != EINTR)
			return false;
		if (put > 0)
			bytes_take(&octets, (size_t)put);
	}
	return true;
}
