/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keys.h - octets from a terminal, made into keys: UTF-8, ECMA-48 control sequences, what xterm,
 * rxvt, the Linux console and VT100 send for their keys. */
#ifndef FL_KEYS_H
#define FL_KEYS_H

#include "text.h"

/* A control key is its octet: 1 is Ctrl-A, 127 is Backspace. */
enum key_code {
	KEY_NONE = 0x100,
	KEY_TEXT,   /* one printable character, in `text` */
	KEY_BAD,    /* octets that are no character */
	KEY_ESCAPE, /* the key itself, told by the time behind it */
	KEY_UP,
	KEY_DOWN,
	KEY_LEFT,
	KEY_RIGHT,
	KEY_WORD_LEFT,
	KEY_WORD_RIGHT,
	KEY_HOME,
	KEY_END,
	KEY_DELETE,
	KEY_PAGE_UP,
	KEY_PAGE_DOWN,
	KEY_PASTE_BEGIN,
	KEY_PASTE_END,
	KEY_SIZE,          /* the terminal's size: CSI 8;rows;columns t */
	KEY_CURSOR_AT,     /* where the cursor is: CSI row;column R */
	KEY_UNKNOWN,       /* a sequence of no meaning here */
	KEY_META = 0x1000, /* with a letter: Alt, or Escape before it */
};

#define KEY_CTRL(letter) ((letter)&0x1f)
#define KEY_BACKSPACE    127

struct key {
	uint32_t code;
	struct str text;        /* KEY_TEXT; valid until the next octet */
	uint16_t rows, columns; /* KEY_SIZE, KEY_CURSOR_AT */
};

enum keys_state {
	KEYS_PLAIN,
	KEYS_UTF8,      /* inside a character */
	KEYS_ESCAPE,    /* behind ESC */
	KEYS_CSI,       /* behind ESC [ */
	KEYS_SS3,       /* behind ESC O */
	KEYS_FUNCTION,  /* behind ESC [ [: the Linux console's F1 to F5 */
	KEYS_STRING,    /* inside ESC ] ... or ESC P ...: an answer nobody asked for */
	KEYS_STRING_END /* behind ESC in it */
};

struct keys {
	enum keys_state state;
	char octets[4]; /* of the character at work */
	uint8_t have, need;
	uint16_t param[3];
	uint8_t nparams;
	bool private; /* the sequence has octets that none of ours has */
	uint16_t length;
};

/* True: a key is complete. */
bool keys_take(struct keys *k, uint8_t octet, struct key *out);
/* Is the decoder inside something that silence would end? */
bool keys_is_waiting(const struct keys *k);
/* Silence: what was begun comes to nothing; a lone ESC was the key itself (true). */
bool keys_give_up(struct keys *k, struct key *out);

#endif
