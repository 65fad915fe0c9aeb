/* SPDX-License-Identifier: GPL-2.0-or-later */
/* whole.h - read(2) and write(2) until all of it is done.  False: not all, and errno says why. */
#ifndef FL_WHOLE_H
#define FL_WHOLE_H

#include "bytes.h"

/* ENODATA: the file ends before. */
bool read_whole(int fd, uint8_t *at, size_t n);
bool write_whole(int fd, struct bytes octets);

#endif
