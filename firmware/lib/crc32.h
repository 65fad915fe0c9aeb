/* SPDX-License-Identifier: GPL-2.0-or-later */
/* crc32.h - the check sum of IEEE 802.3 (reflected 0x04c11db7), which finds damage, not intent. */
#ifndef FL_CRC32_H
#define FL_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* That of all octets so far; `crc` is that of those before these, 0 when there are none.  1 MiB
 * takes some 5 ms. */
uint32_t crc32_add(uint32_t crc, const uint8_t *at, size_t n);

#endif
