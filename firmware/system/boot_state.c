/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot_state.h"

#include "text.h"

#include <stdio.h>
#include <string.h>

#define SIGNATURE "# GRUB Environment Block\n"

/* "a_left" -> slot a, "left". */
static struct boot_slot *slot_of(struct boot_state *s, struct str *key)
{
	struct boot_slot *slot;

	if (key->n < 2 || key->at[1] != '_' || (key->at[0] != 'a' && key->at[0] != 'b'))
		return NULL;
	slot = &s->slot[key->at[0] == 'a' ? BOOT_SLOT_A : BOOT_SLOT_B];
	*key = (struct str){key->at + 2, key->n - 2};
	return slot;
}

/* One "key=value"; what is not known is GRUB's business. */
static bool take_word(struct boot_state *s, struct str key, struct str value)
{
	uint64_t number = 0;
	struct boot_slot *slot;

	if (str_is(key, "order")) {
		s->first = str_is(value, "b a") ? BOOT_SLOT_B : BOOT_SLOT_A;
		return str_is(value, "a b") || str_is(value, "b a");
	}
	slot = slot_of(s, &key);
	if (!slot)
		return true;
	if (str_is(key, "left")) {
		if (!str_to_u64(value, BOOT_ATTEMPTS, &number))
			return false;
		slot->left = (unsigned)number;
	} else if (str_is(key, "ok")) {
		if (!str_to_u64(value, 1, &number))
			return false;
		slot->ok = number == 1;
	}
	return true;
}

enum fl_err boot_state_parse(struct bytes block, struct boot_state *out)
{
	struct boot_state s = {.first = BOOT_SLOTS};
	struct str rest = {(const char *)block.at, block.n};

	if (block.n != BOOT_BLOCK_SIZE || !str_starts(rest, STR(SIGNATURE)))
		return FL_EFORMAT;
	while (rest.n && memchr(rest.at, '\n', rest.n)) {
		struct str value = str_cut(&rest, '\n'), key;

		if (value.n && value.at[0] == '#')
			continue; /* GRUB's own tool writes two lines of comment */
		key = str_cut(&value, '=');
		if (!take_word(&s, key, value))
			return FL_EFORMAT;
	}
	if (s.first == BOOT_SLOTS)
		return FL_EFORMAT;
	*out = s;
	return FL_OK;
}

void boot_state_print(const struct boot_state *s, uint8_t block[BOOT_BLOCK_SIZE])
{
	char text[200];
	int n = snprintf(text, sizeof(text),
		SIGNATURE "order=%c %c\na_left=%u\nb_left=%u\na_ok=%u\nb_ok=%u\n",
		boot_slot_letter(s->first), boot_slot_letter(boot_slot_other(s->first)),
		s->slot[BOOT_SLOT_A].left, s->slot[BOOT_SLOT_B].left, s->slot[BOOT_SLOT_A].ok,
		s->slot[BOOT_SLOT_B].ok);

	memset(block, '#', BOOT_BLOCK_SIZE);
	memcpy(block, text, (size_t)n);
}

bool boot_state_starts(const struct boot_state *s, enum boot_slot_name n)
{
	return s->slot[n].left && (s->first == n || !s->slot[s->first].left);
}

void boot_state_begin_update(struct boot_state *s, enum boot_slot_name target)
{
	s->slot[target] = (struct boot_slot){0, false};
	s->first = boot_slot_other(target);
	s->slot[s->first].left = BOOT_ATTEMPTS;
}

void boot_state_end_update(struct boot_state *s, enum boot_slot_name target)
{
	s->slot[target] = (struct boot_slot){BOOT_ATTEMPTS, false};
	s->first = target;
}

void boot_state_confirm(struct boot_state *s, enum boot_slot_name running)
{
	s->slot[running].ok = true;
	s->first = running;
}

void boot_state_give_back(struct boot_state *s, enum boot_slot_name running)
{
	s->slot[running].left = BOOT_ATTEMPTS;
}

enum fl_err boot_state_roll_back(struct boot_state *s, enum boot_slot_name running)
{
	enum boot_slot_name other = boot_slot_other(running);

	if (!s->slot[other].ok)
		return FL_ENOENT;
	s->first = other;
	s->slot[other].left = BOOT_ATTEMPTS;
	return FL_OK;
}
