/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of printf(3) that the firmware uses: %d %i %u %x %X %c %s %%, with "-", "0", width and
 * precision as numbers or "*", and the lengths hh h l ll z j t.  The C library's own takes six
 * times the flash, asks for memory, and its small version cannot print 64 bits. */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct out {
	char *at;
	size_t n, cap;
};

struct spec {
	bool left, zero, negative;
	int width, precision; /* precision < 0: none */
	int longs;            /* 2: 64 bits */
};

static void put(struct out *o, char c)
{
	if (o->n + 1 < o->cap)
		o->at[o->n] = c;
	o->n++;
}

static void pad(struct out *o, char c, int n)
{
	while (n-- > 0)
		put(o, c);
}

static void put_text(struct out *o, const struct spec *s, const char *text, size_t n)
{
	int blanks = s->width - (int)n;

	if (!s->left)
		pad(o, ' ', blanks);
	for (size_t i = 0; i < n; i++)
		put(o, text[i]);
	if (s->left)
		pad(o, ' ', blanks);
}

/* 32 bits where they do: a division of 64 is a call of hundreds of instructions. */
static size_t digits_of(uint64_t v, unsigned base, const char *letters, char digits[24])
{
	size_t n = 0;
	uint32_t small;

	for (; v > UINT32_MAX; v /= base)
		digits[n++] = letters[v % base];
	small = (uint32_t)v;
	do {
		digits[n++] = letters[small % base];
		small /= base;
	} while (small);
	return n;
}

static void put_number(
	struct out *o, const struct spec *s, uint64_t v, unsigned base, const char *letters)
{
	char digits[24];
	int n = (int)digits_of(v, base, letters, digits);
	int zeros = s->precision > n ? s->precision - n : 0;
	int blanks = s->width - n - zeros - s->negative;

	if (s->zero && !s->left && s->precision < 0 && blanks > 0) {
		zeros = blanks;
		blanks = 0;
	}
	if (!s->left)
		pad(o, ' ', blanks);
	if (s->negative)
		put(o, '-');
	pad(o, '0', zeros);
	while (n > 0)
		put(o, digits[--n]);
	if (s->left)
		pad(o, ' ', blanks);
}

static const char *read_number(const char *f, int *out, va_list *ap)
{
	if (*f == '*') {
		*out = va_arg(*ap, int);
		return f + 1;
	}
	for (*out = 0; *f >= '0' && *f <= '9'; f++)
		*out = *out * 10 + (*f - '0');
	return f;
}

static const char *read_spec(const char *f, struct spec *s, va_list *ap)
{
	*s = (struct spec){.precision = -1};
	for (;; f++) {
		if (*f == '-')
			s->left = true;
		else if (*f == '0')
			s->zero = true;
		else if (*f != '+' && *f != ' ' && *f != '#')
			break;
	}
	f = read_number(f, &s->width, ap);
	if (s->width < 0) {
		s->left = true;
		s->width = -s->width;
	}
	if (*f == '.')
		f = read_number(f + 1, &s->precision, ap);
	for (; *f == 'l' || *f == 'h' || *f == 'z' || *f == 't' || *f == 'j'; f++)
		s->longs += *f == 'l' ? 1 : *f == 'j' ? 2 : 0;
	return f;
}

static void put_signed(struct out *o, struct spec *s, va_list *ap)
{
	int64_t v = s->longs > 1 ? va_arg(*ap, long long) : va_arg(*ap, int);

	s->negative = v < 0;
	put_number(o, s, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 10, "0123456789");
}

static void put_one(struct out *o, struct spec *s, char conversion, va_list *ap)
{
	const char *text;
	char c;

	switch (conversion) {
	case 's':
		text = va_arg(*ap, const char *);
		put_text(o, s, text,
			s->precision < 0 ? strlen(text) : strnlen(text, (size_t)s->precision));
		break;
	case 'c':
		c = (char)va_arg(*ap, int);
		put_text(o, s, &c, 1);
		break;
	case 'd':
	case 'i':
		put_signed(o, s, ap);
		break;
	case 'u':
	case 'x':
	case 'X':
		put_number(o, s,
			s->longs > 1 ? va_arg(*ap, unsigned long long) : va_arg(*ap, unsigned),
			conversion == 'u' ? 10 : 16,
			conversion == 'X' ? "0123456789ABCDEF" : "0123456789abcdef");
		break;
	default:
		put(o, conversion);
	}
}

/* long, size_t and pointers have the size of an int here, and nowhere is this used where they have
 * not. */
_Static_assert(
	sizeof(long) == sizeof(int) && sizeof(size_t) == sizeof(int), "a machine of 32 bits");

int vsnprintf(char *restrict at, size_t cap, const char *restrict f, va_list args)
{
	struct out o = {at, 0, cap};
	struct spec s;
	va_list ap;

	va_copy(ap, args);
	for (; *f; f++) {
		if (*f != '%') {
			put(&o, *f);
			continue;
		}
		f = read_spec(f + 1, &s, &ap);
		if (!*f)
			break;
		put_one(&o, &s, *f, &ap);
	}
	va_end(ap);
	if (cap)
		at[o.n < cap ? o.n : cap - 1] = '\0';
	return (int)o.n;
}

int snprintf(char *restrict at, size_t cap, const char *restrict f, ...)
{
	va_list ap;
	int n;

	va_start(ap, f);
	n = vsnprintf(at, cap, f, ap);
	va_end(ap);
	return n;
}
