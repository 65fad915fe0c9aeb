/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns_rdata_fields.h - what the fields of a record's data are read and printed with.  For the files
 * of dns_rdata.h only. */
#ifndef FL_DNS_RDATA_FIELDS_H
#define FL_DNS_RDATA_FIELDS_H

#include "dns_rdata.h"

struct dns_type_row {
	uint16_t code;
	const char *name;
	const char *form; /* letters of fields */
};

/* NULL: no row. */
const struct dns_type_row *dns_type_row(uint16_t code);

/* Text -> wire.  What returns false has said in `why` what is wrong; that `out` is full shows at
 * the end. */
struct rdata_reader {
	struct str rest;
	const struct dns_name *origin;
	struct buf *out;
	struct textbuf *why;
	bool of_file; /* blanks part texts */
};

bool rdata_complain(struct rdata_reader *r, struct str word, const char *what);
/* Nothing but blanks is left; they are gone then. */
bool rdata_at_end(struct rdata_reader *r);
/* The next word as written; of a quoted one what stands between the quotes. */
bool rdata_take_word(struct rdata_reader *r, struct str *word);
/* The octets of a word, escapes resolved; `max` of them at most. */
bool rdata_put_text(struct rdata_reader *r, struct str w, size_t max);
/* One <character-string>: a length octet and up to 255 octets. */
bool rdata_put_string(struct rdata_reader *r, struct str w);
bool rdata_read_u16(struct rdata_reader *r);
bool rdata_read_a(struct rdata_reader *r);
bool rdata_read_aaaa(struct rdata_reader *r);
bool rdata_read_base64(struct rdata_reader *r); /* to the end */
bool rdata_read_params(struct rdata_reader *r); /* dns_svc.c */

/* Wire -> text.  False: the octets are not what the field has. */
struct rdata_view {
	struct bytes message;
	size_t at, end;
	const struct sink *out;
};

/* NULL: there are fewer. */
const uint8_t *rdata_take(struct rdata_view *v, size_t n);
bool rdata_show_u16(struct rdata_view *v);
bool rdata_show_a(struct rdata_view *v);
bool rdata_show_aaaa(struct rdata_view *v);
/* A string that is printed without quotes. */
bool rdata_show_bare(struct rdata_view *v, bool (*is_good)(struct str s));
/* The rest, in quotes or in base 64. */
bool rdata_show_value(struct rdata_view *v);
bool rdata_show_base64(struct rdata_view *v);
bool rdata_show_params(struct rdata_view *v); /* dns_svc.c */

#endif
