/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One function a state.  Whatever a terminal sends, a control octet (Ctrl-C, Enter) ends a sequence
 * that was begun and is delivered: a person is never stuck behind half an answer of his terminal.
 */
#include "keys.h"

#include "utf8.h"

#define ESC        0x1b
#define BEL        0x07
#define STRING_MAX 1024 /* octets of a string that is skipped; then it is taken for text */

struct final_key {
	char final;
	uint16_t param; /* the first parameter, 0 when there is none */
	enum key_code code;
};

static const struct final_key csi_keys[] = {
	{'~', 1, KEY_HOME},
	{'~', 3, KEY_DELETE},
	{'~', 4, KEY_END},
	{'~', 5, KEY_PAGE_UP},
	{'~', 6, KEY_PAGE_DOWN},
	{'~', 7, KEY_HOME},
	{'~', 8, KEY_END},
	{'~', 200, KEY_PASTE_BEGIN},
	{'~', 201, KEY_PASTE_END},
	{'t', 8, KEY_SIZE},
};

static const struct final_key cursor_keys[] = {
	{'A', 0, KEY_UP},
	{'B', 0, KEY_DOWN},
	{'C', 0, KEY_RIGHT},
	{'D', 0, KEY_LEFT},
	{'F', 0, KEY_END},
	{'H', 0, KEY_HOME},
	{'R', 0, KEY_CURSOR_AT},
	{'a', 0, KEY_UP},
	{'b', 0, KEY_DOWN},
	{'c', 0, KEY_WORD_RIGHT},
	{'d', 0, KEY_WORD_LEFT},
};

static bool key_is(struct key *out, uint32_t code)
{
	*out = (struct key){.code = code};
	return true;
}

static bool take_plain(struct keys *k, uint8_t octet, struct key *out)
{
	k->state = KEYS_PLAIN;
	if (octet == ESC) {
		k->state = KEYS_ESCAPE;
		return false;
	}
	if (octet < 0x20 || octet == 0x7f)
		return key_is(out, octet);
	k->octets[0] = (char)octet;
	k->have = 1;
	if (octet < 0x80) {
		*out = (struct key){.code = KEY_TEXT, .text = {k->octets, 1}};
		return true;
	}
	k->need = octet >= 0xf0 ? 4 : octet >= 0xe0 ? 3 : 2;
	if (octet < 0xc2 || octet > 0xf4)
		return key_is(out, KEY_BAD);
	k->state = KEYS_UTF8;
	return false;
}

static bool take_utf8(struct keys *k, uint8_t octet, struct key *out)
{
	uint32_t code;

	if ((octet & 0xc0) != 0x80)
		return take_plain(k, octet, out);
	k->octets[k->have++] = (char)octet;
	if (k->have < k->need)
		return false;
	k->state = KEYS_PLAIN;
	*out = (struct key){.code = KEY_TEXT, .text = {k->octets, k->have}};
	if (utf8_take(out->text, &code) == 0 || !utf8_is_printable(code))
		return key_is(out, KEY_BAD);
	return true;
}

static bool take_escape(struct keys *k, uint8_t octet, struct key *out)
{
	switch (octet) {
	case '[':
		k->state = KEYS_CSI;
		k->param[0] = k->param[1] = k->param[2] = 0;
		k->nparams = 0;
		k->private = false;
		return false;
	case 'O':
		k->state = KEYS_SS3;
		return false;
	case ']': /* OSC */
	case 'P': /* DCS */
	case '_': /* APC */
	case '^': /* PM */
	case 'X': /* SOS */
		k->state = KEYS_STRING;
		k->length = 0;
		return false;
	default:
		break;
	}
	if ((octet < 0x20 && octet != '\b') || octet >= 0x80)
		return take_plain(k, octet, out);
	k->state = KEYS_PLAIN;
	return key_is(out, KEY_META | octet);
}

static uint32_t find_final(const struct final_key *keys, size_t n, char final, uint16_t param)
{
	for (size_t i = 0; i < n; i++)
		if (keys[i].final == final && (keys[i].param == 0 || keys[i].param == param))
			return keys[i].code;
	return KEY_UNKNOWN;
}

/* Alt and Ctrl with an arrow move by words: modifiers 3, 5, 7 of xterm. */
static uint32_t with_modifier(uint32_t code, uint16_t modifier)
{
	bool strong = modifier == 3 || modifier == 5 || modifier == 7;

	if (strong && code == KEY_LEFT)
		return KEY_WORD_LEFT;
	if (strong && code == KEY_RIGHT)
		return KEY_WORD_RIGHT;
	return code;
}

static bool end_csi(struct keys *k, char final, struct key *out)
{
	uint32_t code = find_final(csi_keys, COUNT_OF(csi_keys), final, k->param[0]);

	k->state = KEYS_PLAIN;
	if (code == KEY_UNKNOWN)
		code = find_final(cursor_keys, COUNT_OF(cursor_keys), final, 0);
	if (k->private)
		code = KEY_UNKNOWN;
	key_is(out, with_modifier(code, k->param[1]));
	if (code == KEY_SIZE) {
		out->rows = k->param[1];
		out->columns = k->param[2];
	} else if (code == KEY_CURSOR_AT) {
		out->rows = k->param[0];
		out->columns = k->param[1];
	}
	return true;
}

static void csi_digit(struct keys *k, uint8_t digit)
{
	uint16_t *p;

	if (k->nparams >= COUNT_OF(k->param))
		return;
	p = &k->param[k->nparams];
	*p = *p > 6000 ? 65000 : (uint16_t)(*p * 10 + digit);
}

static bool take_csi(struct keys *k, uint8_t octet, struct key *out)
{
	if (octet < 0x20 || octet >= 0x7f)
		return take_plain(k, octet, out);
	if (octet >= '0' && octet <= '9') {
		csi_digit(k, (uint8_t)(octet - '0'));
	} else if (octet == ';') {
		if (k->nparams < COUNT_OF(k->param))
			k->nparams++;
	} else if (octet < 0x40) {
		k->private = true;
	} else if (octet == '[' && k->nparams == 0 && k->param[0] == 0) {
		k->state = KEYS_FUNCTION;
	} else {
		return end_csi(k, (char)octet, out);
	}
	return false;
}

static bool take_ss3(struct keys *k, uint8_t octet, struct key *out)
{
	if (octet < 0x20 || octet >= 0x7f)
		return take_plain(k, octet, out);
	if (octet >= '0' && octet <= '9') /* modifiers of old terminals */
		return false;
	k->state = KEYS_PLAIN;
	if (octet == 'M') /* Enter of the number pad */
		return key_is(out, '\r');
	if (octet == 'R') /* F3 */
		return key_is(out, KEY_UNKNOWN);
	return key_is(out, find_final(cursor_keys, COUNT_OF(cursor_keys), (char)octet, 0));
}

static bool take_function(struct keys *k, uint8_t octet, struct key *out)
{
	if (octet < 0x20 || octet >= 0x7f)
		return take_plain(k, octet, out);
	k->state = KEYS_PLAIN;
	return key_is(out, KEY_UNKNOWN);
}

static bool take_string(struct keys *k, uint8_t octet, struct key *out)
{
	if (octet == ESC) {
		k->state = KEYS_STRING_END;
		return false;
	}
	if (octet == BEL) {
		k->state = KEYS_PLAIN;
		return key_is(out, KEY_UNKNOWN);
	}
	if (octet < 0x20 || ++k->length > STRING_MAX)
		return take_plain(k, octet, out);
	return false;
}

static bool take_string_end(struct keys *k, uint8_t octet, struct key *out)
{
	if (octet != '\\')
		return take_escape(k, octet, out);
	k->state = KEYS_PLAIN;
	return key_is(out, KEY_UNKNOWN);
}

bool keys_take(struct keys *k, uint8_t octet, struct key *out)
{
	static bool (*const take[])(struct keys *, uint8_t, struct key *) = {
		[KEYS_PLAIN] = take_plain,
		[KEYS_UTF8] = take_utf8,
		[KEYS_ESCAPE] = take_escape,
		[KEYS_CSI] = take_csi,
		[KEYS_SS3] = take_ss3,
		[KEYS_FUNCTION] = take_function,
		[KEYS_STRING] = take_string,
		[KEYS_STRING_END] = take_string_end,
	};

	return take[k->state](k, octet, out);
}

bool keys_is_waiting(const struct keys *k)
{
	return k->state != KEYS_PLAIN;
}

bool keys_give_up(struct keys *k, struct key *out)
{
	bool escape = k->state == KEYS_ESCAPE;

	k->state = KEYS_PLAIN;
	return key_is(out, KEY_ESCAPE) && escape;
}
