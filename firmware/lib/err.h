/* SPDX-License-Identifier: GPL-2.0-or-later */
/* err.h - errors are values.  A function that can fail returns one of these and, on failure, leaves
 * what it was given as it was.  Assertions are for our own bugs only. */
#ifndef FL_ERR_H
#define FL_ERR_H

#include "base.h"

#define FL_ERRORS(X)                                                                               \
	X(FL_OK, "ok")                                                                             \
	X(FL_ESHORT, "ends early")                                                                 \
	X(FL_EFORMAT, "is malformed")                                                              \
	X(FL_ERANGE, "is out of range")                                                            \
	X(FL_EFULL, "no room is left")                                                             \
	X(FL_ENOENT, "is not there")                                                               \
	X(FL_EEXIST, "is there already")                                                           \
	X(FL_EPERM, "is not allowed")                                                              \
	X(FL_EIO, "input or output failed")                                                        \
	X(FL_EAGAIN, "cannot be done now, try again")                                              \
	X(FL_ENOTSUP, "is not supported here")

#define FL_ERR_ENUM(name, text) name,
enum fl_err { FL_ERRORS(FL_ERR_ENUM) FL_ERR_COUNT };
#undef FL_ERR_ENUM

/* A few words for a person, made to follow a noun: "the file is not there".  Never NULL. */
const char *fl_err_text(enum fl_err e);

#endif
