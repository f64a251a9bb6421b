/*
 * der: reads DER from memory.  See der.h.
 */
#include "lib/x509/der.h"

#include <string.h>

int
der_peek(const struct der *in)
{
	return in->len > 0 ? in->p[0] : -1;
}

/*
 * X.690 section 8.1.3: one byte below 128, or 0x80 + how many bytes follow.  10.1: in DER the shortest
 * form only, so that one value has one encoding and two readers can't see two lengths.
 * Returns the bytes of tag and length, 0 when malformed or cut short.
 */
static size_t
read_header(const struct der *in, size_t *len)
{
	size_t count, i, n = 0;

	if (in->len < 2 || (in->p[0] & 0x1f) == 0x1f) /* no tag that we read needs two bytes */
		return 0;
	if (in->p[1] < 0x80) {
		*len = in->p[1];
		return 2;
	}
	count = in->p[1] & 0x7f;
	if (count == 0 || count > 3 || in->len < 2 + count)
		return 0;
	for (i = 0; i < count; i++)
		n = n << 8 | in->p[2 + i];
	if (n < 0x80 || n >> (8 * (count - 1)) == 0)
		return 0;
	*len = n;
	return 2 + count;
}

int
der_take_any(struct der *in, int *tag, struct der *content, struct der *whole)
{
	size_t len = 0, head = read_header(in, &len);

	if (head == 0 || len > in->len - head)
		return -1;
	if (tag)
		*tag = in->p[0];
	if (content)
		*content = (struct der){ in->p + head, len };
	if (whole)
		*whole = (struct der){ in->p, head + len };
	in->p += head + len;
	in->len -= head + len;
	return 0;
}

int
der_take(struct der *in, int tag, struct der *content)
{
	return der_peek(in) == tag ? der_take_any(in, NULL, content, NULL) : -1;
}

int
der_take_optional(struct der *in, int tag, struct der *content)
{
	if (der_peek(in) != tag)
		return 0;
	return der_take_any(in, NULL, content, NULL) == 0 ? 1 : -1;
}

int
der_take_boolean(struct der *in)
{
	struct der v;

	if (der_take(in, DER_BOOLEAN, &v) != 0 || v.len != 1)
		return -1;
	return v.p[0] == 0xff ? 1 : v.p[0] == 0 ? 0 : -1;
}

int
der_take_integer(struct der *in, struct der *content)
{
	struct der v;

	if (der_take(in, DER_INTEGER, &v) != 0 || v.len == 0)
		return -1;
	/* Nine equal leading bits: one byte too many (X.690 section 8.3.2). */
	if (v.len > 1 && ((v.p[0] == 0 && v.p[1] < 0x80) || (v.p[0] == 0xff && v.p[1] >= 0x80)))
		return -1;
	*content = v;
	return 0;
}

int
der_take_unsigned(struct der *in, struct der *magnitude)
{
	struct der v;

	if (der_take_integer(in, &v) != 0 || v.p[0] >= 0x80)
		return -1;
	if (v.p[0] == 0) {
		v.p++;
		v.len--;
	}
	*magnitude = v;
	return 0;
}

int
der_take_bits(struct der *in, struct der *bits, unsigned *unused)
{
	struct der v;

	if (der_take(in, DER_BIT_STRING, &v) != 0 || v.len == 0 || v.p[0] > 7)
		return -1;
	if (v.len == 1 && v.p[0] != 0)
		return -1;
	*unused = v.p[0];
	*bits = (struct der){ v.p + 1, v.len - 1 };
	return 0;
}

static int
two_digits(const unsigned char *p)
{
	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
		return -1;
	return (p[0] - '0') * 10 + (p[1] - '0');
}

static bool
is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Days from 1970-01-01 to the first of January of that year. */
static int64_t
days_before_year(int year)
{
	int64_t y = year - 1;

	return 365 * (int64_t)(year - 1970) + (y / 4 - y / 100 + y / 400) - 477;
}

static int
days_in_month(int year, int month)
{
	static const uint8_t days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

/* MMDDHHMMSSZ.  No fractions, no offsets, no leap second (RFC 5280 section 4.1.2.5). */
static int
read_rest_of_time(const unsigned char *p, int year, int64_t *when)
{
	int month = two_digits(p), day = two_digits(p + 2), hour = two_digits(p + 4);
	int minute = two_digits(p + 6), second = two_digits(p + 8), m;
	int64_t days;

	if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) || hour < 0 ||
		hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 || p[10] != 'Z')
		return -1;
	days = days_before_year(year) + day - 1;
	for (m = 1; m < month; m++)
		days += days_in_month(year, m);
	*when = ((days * 24 + hour) * 60 + minute) * 60 + second;
	return 0;
}

int
der_take_time(struct der *in, int64_t *when)
{
	struct der v;
	int tag, high, low;

	if (der_take_any(in, &tag, &v, NULL) != 0)
		return -1;
	if (tag == DER_UTC_TIME && v.len == 13) {
		low = two_digits(v.p);
		if (low < 0)
			return -1;
		return read_rest_of_time(v.p + 2, low < 50 ? 2000 + low : 1900 + low, when);
	}
	if (tag == DER_GENERALIZED_TIME && v.len == 15) {
		high = two_digits(v.p);
		low = two_digits(v.p + 2);
		if (high < 0 || low < 0)
			return -1;
		return read_rest_of_time(v.p + 4, high * 100 + low, when);
	}
	return -1;
}

bool
der_same(const struct der *a, const struct der *b)
{
	return der_is(a, b->p, b->len);
}

bool
der_is(const struct der *a, const void *bytes, size_t len)
{
	return a->len == len && (len == 0 || memcmp(a->p, bytes, len) == 0);
}
