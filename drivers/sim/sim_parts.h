/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sim_parts.h - what the files of the simulated world have of each other. */
#ifndef FL_SIM_PARTS_H
#define FL_SIM_PARTS_H

#include "sim.h"

/* Queue an event for `due`; its octets are copied, and what else it points to lives for ever. */
void sim_post(struct sim *s, mtime due, const struct io_event *e);
/* Replace `*at`, which comes from malloc, by a copy of the octets. */
void sim_keep(uint8_t **at, size_t *at_n, struct bytes octets);

/* Each fills in the members of s->drivers that it serves, and gives back what it took. */
void sim_network_open(struct sim *s);
void sim_kernel_open(struct sim *s);
void sim_kernel_close(struct sim *s);
void sim_programs_open(struct sim *s);
void sim_programs_close(struct sim *s);
void sim_box_open(struct sim *s);
void sim_box_close(struct sim *s);

#endif
