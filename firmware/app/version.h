/* SPDX-License-Identifier: GPL-2.0-or-later */
/* version.h - which build this is. */
#ifndef FL_VERSION_H
#define FL_VERSION_H

/* As `git describe` gave it when the program was built. */
extern const char fl_version[];

#endif
