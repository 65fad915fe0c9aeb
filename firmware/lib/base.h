/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base.h - the few words every file of ours uses.  Includes nothing of ours. */
#ifndef FL_BASE_H
#define FL_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_USE          __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define COUNT_OF(a)       (sizeof(a) / sizeof((a)[0]))

/* Kconfig symbols are 1, or not defined at all.  IS_ENABLED(CONFIG_X) is 1 or 0 and can stand in a
 * plain if, so that code that is switched off is still compiled and checked. */
#define FL_PAD_1               0,
#define FL_SECOND(a, b, ...)   b
#define FL_IS_ENABLED_3(pad)   FL_SECOND(pad 1, 0, 0)
#define FL_IS_ENABLED_2(value) FL_IS_ENABLED_3(FL_PAD_##value)
#define IS_ENABLED(symbol)     FL_IS_ENABLED_2(symbol)

/* The limits of one router.  The link mask of a DNS answer and of the published state is 32 bits.
 */
#define FL_LINKS_MAX CONFIG_LINKS_MAX /* uplinks; link numbers run from 1 to FL_LINKS_MAX */
#define FL_NAME_MAX  32 /* octets in a name the administrator gives to a link, LAN, policy, ... */

#endif
