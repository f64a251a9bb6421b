/*
 * dname: distinguished names, compared.  See dname.h.
 */
#include "lib/x509/dname.h"

#include "lib/base/ascii.h"
#include "lib/x509/x509.h"

/* The part of an attribute that is given out.  Each is told from what follows it: by its length, or by a byte that no
 * text has. */
enum part {
	PART_NEXT,  /* the next attribute is still to be taken */
	PART_HEAD,  /* does an RDN begin here?  text or which tag?  how long is the type? */
	PART_TYPE,  /* its OID */
	PART_TEXT,  /* the folded text, and TEXT_END */
	PART_BYTES, /* the value as it is, after three bytes of length */
	PART_END
};

enum {
	HEAD_BYTES = 3,
	LENGTH_BYTES = 3, /* DER_MAX */
	TEXT_END = 0xff   /* is in no UTF-8 */
};

bool
dname_text_start(struct dname_text *t, int tag, const struct der *value)
{
	*t = (struct dname_text){ .rest = *value, .tag = tag };
	switch (tag) {
	case DER_UTF8_STRING:
	case DER_PRINTABLE_STRING:
	case DER_IA5_STRING:
	case DER_VISIBLE_STRING:
	case DER_TELETEX_STRING: return true;
	case DER_BMP_STRING: return value->len % 2 == 0;
	}
	return false;
}

/* One character, or a byte of UTF-8 as it stands there. */
static unsigned
take_unit(struct dname_text *t)
{
	size_t size = t->tag == DER_BMP_STRING ? 2 : 1;
	unsigned c = t->rest.p[0];

	if (size == 2)
		c = c << 8 | t->rest.p[1];
	t->rest.p += size;
	t->rest.len -= size;
	return c;
}

/* RFC 4518 section 2.2 makes these a blank. */
static bool
is_blank(unsigned c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The first byte of a character in UTF-8; the others wait in t->more. */
static int
put_utf8(struct dname_text *t, unsigned c)
{
	bool wide = t->tag == DER_BMP_STRING || t->tag == DER_TELETEX_STRING;

	if (c < 0x80 || !wide)
		return c < 0x80 ? ascii_lower((unsigned char)c) : (int)c;
	t->more[t->more_count++] = (unsigned char)(0x80 | (c & 0x3f));
	if (c < 0x800)
		return (int)(0xc0 | c >> 6);
	t->more[t->more_count++] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
	return (int)(0xe0 | c >> 12);
}

/* RFC 4518 section 2.6: blanks at both ends go, others become one. */
int
dname_text_next(struct dname_text *t)
{
	struct dname_text before;
	bool blank = false;
	unsigned c;

	if (t->more_count > 0)
		return t->more[--t->more_count];
	while (t->rest.len > 0) {
		before = *t;
		c = take_unit(t);
		if (is_blank(c)) {
			blank = true;
			continue;
		}
		if (blank && t->begun) {
			*t = before;
			t->begun = false; /* the character comes without a blank the next time */
			return ' ';
		}
		t->begun = true;
		return put_utf8(t, c);
	}
	return -1;
}

void
dname_start(struct dname *d, const struct der *name)
{
	struct der in = *name;

	*d = (struct dname){ .part = PART_NEXT };
	if (der_take(&in, DER_SEQUENCE, &d->names) != 0)
		d->names = (struct der){ NULL, 0 };
}

/* False at the end of the name. */
static bool
take_attribute(struct dname *d)
{
	d->first = d->set.len == 0;
	d->at = 0;
	if (x509_take_attribute(&d->names, &d->set, &d->type, &d->tag, &d->value) != 1) {
		d->part = PART_END;
		return false;
	}
	if (dname_text_start(&d->text, d->tag, &d->value))
		d->tag = DER_UTF8_STRING; /* all kinds of text are one kind */
	else
		d->text.tag = 0;
	d->part = PART_HEAD;
	return true;
}

static void
begin_value(struct dname *d)
{
	d->part = d->text.tag != 0 ? PART_TEXT : PART_BYTES;
	d->at = 0;
}

static int
next_of_head(struct dname *d)
{
	const unsigned char head[HEAD_BYTES] = { d->first, (unsigned char)d->tag,
		(unsigned char)d->type.len };
	int c = head[d->at++];

	if (d->at == HEAD_BYTES && d->type.len > 0)
		d->part = PART_TYPE;
	else if (d->at == HEAD_BYTES)
		begin_value(d);
	return c;
}

static int
next_of_type(struct dname *d)
{
	int c = *d->type.p++;

	if (--d->type.len == 0)
		begin_value(d);
	return c;
}

static int
next_of_text(struct dname *d)
{
	int c = dname_text_next(&d->text);

	if (c >= 0)
		return c;
	d->part = PART_NEXT;
	return TEXT_END;
}

/* The length is what is left, so it is told before a byte is taken. */
static int
next_of_bytes(struct dname *d)
{
	int c;

	if (d->at < LENGTH_BYTES) {
		c = (int)(d->value.len >> 8 * d->at & 0xff);
		d->at++;
	} else {
		c = *d->value.p++;
		d->value.len--;
	}
	if (d->at == LENGTH_BYTES && d->value.len == 0)
		d->part = PART_NEXT;
	return c;
}

int
dname_next(struct dname *d)
{
	if (d->part == PART_NEXT && !take_attribute(d))
		return -1;
	switch ((enum part)d->part) {
	case PART_HEAD: return next_of_head(d);
	case PART_TYPE: return next_of_type(d);
	case PART_TEXT: return next_of_text(d);
	case PART_BYTES: return next_of_bytes(d);
	case PART_NEXT:
	case PART_END: break;
	}
	return -1;
}

bool
dname_same(const struct der *a, const struct der *b)
{
	struct dname x, y;
	int c;

	if (der_same(a, b))
		return true;
	dname_start(&x, a);
	dname_start(&y, b);
	do {
		c = dname_next(&x);
		if (c != dname_next(&y))
			return false;
	} while (c >= 0);
	return true;
}

uint32_t
dname_hint(const struct der *name)
{
	uint32_t h = 2166136261u; /* FNV-1a, as anchors_hint */
	struct dname d;
	int c;

	dname_start(&d, name);
	while ((c = dname_next(&d)) >= 0)
		h = (h ^ (uint32_t)c) * 16777619u;
	return h | 1;
}
