/*
 * name: one label after the other, those in ASCII copied, the others encoded.  Nothing is allocated; a
 * label has at most 63 bytes when it is done, so 63 code points are room enough before.
 */
#include "lib/rules/name.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "lib/rules/letters.h"

/* RFC 3492 section 5. */
enum { BASE = 36, TMIN = 1, TMAX = 26, SKEW = 38, DAMP = 700, INITIAL_BIAS = 72, INITIAL_N = 128 };

/* A name that is being put together. */
struct writer {
	char *out;
	size_t len, cap;
};

static int
put(struct writer *w, char ch)
{
	if (w->len == w->cap)
		return -1;
	w->out[w->len++] = ch;
	return 0;
}

/* ch in lower case if it may stand in a host name, else 0. */
static char
ldh(char ch)
{
	if ((ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || ch == '-' || ch == '_')
		return ch;
	if (ch >= 'A' && ch <= 'Z')
		return (char)(ch + 32);
	return 0;
}

/*
 * One code point beyond ASCII from UTF-8 (RFC 3629).  Returns its bytes, or 0: overlong, a surrogate, past
 * U+10FFFF, cut.
 */
static size_t
decode_utf8(const unsigned char *p, size_t len, uint32_t *out)
{
	size_t more = p[0] >= 0xf0 ? 3 : p[0] >= 0xe0 ? 2 : 1;
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	uint32_t cp = p[0] & (0x3fu >> more);

	if (p[0] < 0xc2 || p[0] > 0xf4 || more >= len)
		return 0;
	for (size_t i = 1; i <= more; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | (p[i] & 0x3f);
	}
	if (cp < least[more] || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		return 0;
	*out = cp;
	return more + 1;
}

/* RFC 3492 section 6.1. */
static uint32_t
adapt_bias(uint32_t delta, uint32_t points, bool first)
{
	uint32_t k = 0;

	delta = first ? delta / DAMP : delta / 2;
	for (delta += delta / points; delta > (BASE - TMIN) * TMAX / 2; k += BASE)
		delta /= BASE - TMIN;
	return k + (BASE - TMIN + 1) * delta / (delta + SKEW);
}

/* A generalized variable-length integer, section 3.3. */
static int
put_integer(struct writer *w, uint32_t q, uint32_t bias)
{
	for (uint32_t k = BASE;; k += BASE) {
		uint32_t t = k <= bias ? TMIN : k >= bias + TMAX ? TMAX : k - bias;
		uint32_t digit = q < t ? q : t + (q - t) % (BASE - t);

		if (put(w, (char)(digit < 26 ? 'a' + digit : '0' + digit - 26)) != 0)
			return -1;
		if (q < t)
			return 0;
		q = (q - t) / (BASE - t);
	}
}

/* Section 6.3.  With at most 63 points, delta stays under 63 * 0x110000 and no sum overflows. */
static int
put_punycode(struct writer *w, const uint32_t *points, size_t count)
{
	uint32_t n = INITIAL_N, delta = 0, bias = INITIAL_BIAS, basic = 0;

	for (size_t i = 0; i < count; i++)
		if (points[i] < INITIAL_N) {
			if (put(w, (char)points[i]) != 0)
				return -1;
			basic++;
		}
	if (basic > 0 && put(w, '-') != 0)
		return -1;
	for (uint32_t done = basic; done < count; n++, delta++) {
		uint32_t next = UINT32_MAX;

		for (size_t i = 0; i < count; i++)
			if (points[i] >= n && points[i] < next)
				next = points[i];
		delta += (next - n) * (done + 1);
		n = next;
		for (size_t i = 0; i < count; i++) {
			if (points[i] < n)
				delta++;
			if (points[i] != n)
				continue;
			if (put_integer(w, delta, bias) != 0)
				return -1;
			bias = adapt_bias(delta, done + 1, done == basic);
			delta = 0;
			done++;
		}
	}
	return 0;
}

/* A label as code points: folded, composed. */
struct label {
	uint32_t points[NAME_LABEL];
	size_t count;
};

static int
put_point(struct label *l, uint32_t cp)
{
	if (l->count == NAME_LABEL)
		return -1;
	l->points[l->count++] = cp;
	return 0;
}

/*
 * Normalization Form C (UAX 15) as far as letters.h goes.  Marks come in any order: "e" with a circumflex and then a
 * dot below is the same letter as with the dot first.  Two marks that are not composed and would have to be put into
 * order are given up.
 */
static int
put_composed(struct label *l, uint32_t cp)
{
	uint32_t *last = &l->points[l->count > 0 ? l->count - 1 : 0], whole, base, mark, inner,
		 deeper;
	unsigned class = letters_class(cp);

	if (l->count == 0)
		return class == LETTERS_STARTER ? put_point(l, cp) : -1;
	if (class != LETTERS_STARTER && letters_class(*last) != LETTERS_STARTER)
		return letters_class(*last) == class ? put_point(l, cp) : -1;
	whole = letters_compose(*last, cp);
	if (whole != 0) {
		*last = whole;
		return 0;
	}
	/* Polytonic Greek is composed of more than is known here. */
	if (class != LETTERS_STARTER && *last >= 0x370 && *last < 0x400)
		return -1;
	base = class != LETTERS_STARTER ? letters_decompose(*last, &mark) : 0;
	if (base == 0 || class >= letters_class(mark))
		return put_point(l, cp);
	if (letters_decompose(base, &deeper) != 0) /* three marks to be put into order */
		return -1;
	inner = letters_compose(base, cp);
	if (inner == 0)
		return put_point(l, cp);
	whole = letters_compose(inner, mark);
	*last = whole != 0 ? whole : inner;
	return whole != 0 ? 0 : put_point(l, mark);
}

/* A code point beyond ASCII.  Joiners (RFC 5892 appendix A.1) are letters' in Arabic and Indic scripts, and what
 * nobody sees elsewhere; the vowels of Thai and Lao that are two in one are the only ones that become more. */
static int
put_letter(struct label *l, uint32_t cp)
{
	uint32_t last = l->count > 0 ? l->points[l->count - 1] : 0;

	if (cp == 0x200c || cp == 0x200d)
		return last >= 0x600 && last < 0x1c00 ? put_point(l, cp) : -1;
	if (cp == 0xe33 || cp == 0xeb3)
		return put_point(l, cp + 0x1a) == 0 ? put_point(l, cp - 1) : -1;
	cp = letters_fold(cp);
	if (cp < INITIAL_N && cp != LETTERS_NOTHING) {
		cp = (unsigned char)ldh((char)cp);
		return cp != 0 ? put_composed(l, cp) : -1;
	}
	if (cp == LETTERS_NONE)
		return -1;
	return cp == LETTERS_NOTHING ? 0 : put_composed(l, cp);
}

static int
read_u_label(struct label *l, const char *text, size_t len)
{
	for (size_t used; len > 0; text += used, len -= used) {
		uint32_t cp = (unsigned char)*text;

		used = 1;
		if (cp < INITIAL_N) {
			cp = (unsigned char)ldh(*text);
			if (cp == 0 || put_composed(l, cp) != 0)
				return -1;
			continue;
		}
		used = decode_utf8((const unsigned char *)text, len, &cp);
		if (used == 0 || put_letter(l, cp) != 0)
			return -1;
	}
	return 0;
}

/* A label with letters beyond ASCII. */
static int
put_u_label(struct writer *w, const char *text, size_t len)
{
	struct label l = { .count = 0 };
	bool ascii = true;

	if (read_u_label(&l, text, len) != 0)
		return -1;
	for (size_t i = 0; i < l.count; i++)
		ascii = ascii && l.points[i] < INITIAL_N;
	if (ascii) { /* fullwidth letters, say; or a plain label that is too long */
		for (size_t i = 0; i < l.count; i++)
			if (put(w, (char)l.points[i]) != 0)
				return -1;
		return l.count > 0 ? 0 : -1;
	}
	for (const char *prefix = "xn--"; *prefix != '\0'; prefix++)
		if (put(w, *prefix) != 0)
			return -1;
	return put_punycode(w, l.points, l.count);
}

/* The bytes of a dot at the beginning of text, 0: none.  U+3002, U+FF0E and U+FF61 are dots to browsers (UTS 46
 * section 4). */
static size_t
dot_length(const char *text, size_t len)
{
	if (len == 0 || *text == '.')
		return len > 0;
	return len >= 3 && (memcmp(text, "\xe3\x80\x82", 3) == 0 ||
				   memcmp(text, "\xef\xbc\x8e", 3) == 0 ||
				   memcmp(text, "\xef\xbd\xa1", 3) == 0)
		       ? 3
		       : 0;
}

/* Text in ASCII up to the next dot.  Returns its length, or -1 at anything else. */
static int
put_ascii_label(struct writer *w, const char *text, size_t len)
{
	size_t n = 0, room = w->cap - w->len < NAME_LABEL ? w->cap - w->len : NAME_LABEL;
	char *out = w->out + w->len;

	for (; n < len && text[n] != '.'; n++) {
		char ch = ldh(text[n]);

		if (ch == 0 || n == room)
			return -1;
		out[n] = ch;
	}
	w->len += n;
	return (int)n;
}

/* Any text up to the next dot.  Returns its length, or -1: no label. */
static int
put_label(struct writer *w, const char *text, size_t len)
{
	size_t begin = w->len, label = 0;
	int n = put_ascii_label(w, text, len);

	if (n >= 0 || len == 0)
		return n > 0 ? n : -1;
	while (label < len && dot_length(text + label, len - label) == 0)
		label++;
	return put_u_label(w, text, label) == 0 && w->len - begin <= NAME_LABEL ? (int)label : -1;
}

static bool
ends_in_number(const char *name, size_t len)
{
	size_t at = len;

	while (at > 0 && name[at - 1] >= '0' && name[at - 1] <= '9')
		at--;
	return at == 0 || (at < len && name[at - 1] == '.');
}

int
name_normalise(char out[NAME_MAX_TEXT], const char *text, size_t len)
{
	struct writer w = { out, 0, NAME_MAX_TEXT - 1 };
	size_t dot;
	int label;

	for (;;) {
		label = put_label(&w, text, len);
		if (label < 0)
			return -1;
		text += label;
		len -= (size_t)label;
		dot = dot_length(text, len);
		if (dot == len) /* the end, or a dot at the end */
			break;
		if (put(&w, '.') != 0)
			return -1;
		text += dot;
		len -= dot;
	}
	out[w.len] = '\0';
	return ends_in_number(out, w.len) ? -1 : (int)w.len;
}

const char *
name_parent(const char *name)
{
	const char *dot = strchr(name, '.');

	return dot != NULL ? dot + 1 : NULL;
}
