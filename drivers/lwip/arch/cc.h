/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cc.h - what lwIP asks of a compiler and a machine; found by this name and in this folder. */
#ifndef FL_ARCH_CC_H
#define FL_ARCH_CC_H

#include <stdint.h>
#include <sys/types.h>

/* Numbers that cannot be guessed: ports, transaction numbers. */
uint32_t lwip_random(void);
/* A fault of the stack itself.  Does not return. */
_Noreturn void lwip_failed(const char *what);

#define LWIP_RAND()             lwip_random()
#define LWIP_PLATFORM_ASSERT(x) lwip_failed(x)
#define LWIP_PLATFORM_DIAG(x)   ((void)0)

#define LWIP_NO_CTYPE_H 1

#endif
