/* SPDX-License-Identifier: GPL-2.0-or-later */
/* by_hand.h - a helper process of fairleadd that a person has started. */
#ifndef FL_BY_HAND_H
#define FL_BY_HAND_H

/* Answer --help and --version; anything else is told how it is meant.  Returns the exit status. */
int started_by_hand(int argc, char **argv, const char *name, const char *usage);

#endif
