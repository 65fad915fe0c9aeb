/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "err.h"

const char *fl_err_text(enum fl_err e)
{
#define FL_ERR_TEXT(name, text) text,
	static const char *const texts[] = {FL_ERRORS(FL_ERR_TEXT)};
#undef FL_ERR_TEXT
	return (unsigned)e < FL_ERR_COUNT ? texts[e] : "is an unknown error";
}
