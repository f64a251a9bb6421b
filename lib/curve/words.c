/*
 * words: numbers of a fixed count of words.  See words.h.
 *
 * The inverse is Bernstein and Yang's ("Fast constant-time gcd computation and modular inversion", 2019) in the
 * variant whose delta begins at 1/2: a division step is a few masked additions on the lowest 30 bits, and 30
 * of them at a time are applied to the long numbers as a matrix.  It costs a tenth of a power by m - 2.
 */
#include "lib/curve/words.h"
#include "lib/base/pool.h"
#include "lib/curve/field.h"

#include <string.h>

void
words_load(uint32_t *w, size_t n, const unsigned char *bytes, size_t len)
{
	memset(w, 0, n * sizeof *w);
	for (size_t i = 0; i < len; i++)
		w[i / 4] |= (uint32_t)bytes[len - 1 - i] << 8 * (i % 4);
}

void
words_store(unsigned char *bytes, size_t len, const uint32_t *w)
{
	for (size_t i = 0; i < len; i++)
		bytes[len - 1 - i] = (unsigned char)(w[i / 4] >> 8 * (i % 4));
}

uint32_t
words_less(const uint32_t *a, const uint32_t *b, size_t n)
{
	uint64_t t = 0;

	for (size_t i = 0; i < n; i++)
		t = ((uint64_t)a[i] - b[i] - (t >> 63));
	return (uint32_t)(t >> 32);
}

uint32_t
words_zero(const uint32_t *a, size_t n)
{
	uint32_t any = 0;

	for (size_t i = 0; i < n; i++)
		any |= a[i];
	return words_same(any, 0);
}

uint32_t
words_same(uint32_t a, uint32_t b)
{
	uint32_t x = a ^ b;

	return ((x | (0 - x)) >> 31) - 1;
}

/* r = r - m where r, with `over` as the word above it, is m or more. */
static void
subtract(uint32_t *r, uint32_t over, const uint32_t *m, size_t n)
{
	uint32_t mask = ~words_same(over, 0) | ~words_less(r, m, n);
	uint64_t t = 0;

	for (size_t i = 0; i < n; i++) {
		t = (uint64_t)r[i] - (m[i] & mask) - (t >> 63);
		r[i] = (uint32_t)t;
	}
}

void
words_reduce(uint32_t *r, const uint32_t *m, size_t n)
{
	subtract(r, 0, m, n);
}

void
words_add(uint32_t *r, const uint32_t *a, const uint32_t *m, size_t n)
{
	uint64_t t = 0;

	for (size_t i = 0; i < n; i++) {
		t = (t >> 32) + r[i] + a[i];
		r[i] = (uint32_t)t;
	}
	subtract(r, (uint32_t)(t >> 32), m, n);
}

/* 1 / m modulo 2^32, for an odd m: each round doubles the bits that are right, of which m itself has three. */
static uint32_t
invert_word(uint32_t m)
{
	uint32_t x = m;

	for (int i = 0; i < 4; i++)
		x *= 2 - m * x;
	return x;
}

/* Montgomery's product: r = a * b / 2^(32 * n) mod m.  One of the factors is below m. */
static void
montgomery(uint32_t *r, const uint32_t *a, const uint32_t *b, const uint32_t *m, size_t n)
{
	uint32_t acc[WORDS_MOST + 1] = { 0 }, factor, minus = 0 - invert_word(m[0]);
	uint64_t c, d;
	size_t i, j;

	for (i = 0; i < n; i++) {
		c = (uint64_t)a[i] * b[0] + acc[0];
		factor = (uint32_t)c * minus;
		d = (uint64_t)factor * m[0] + (uint32_t)c;
		for (j = 1; j < n; j++) {
			c = (uint64_t)a[i] * b[j] + acc[j] + (c >> 32);
			d = (uint64_t)factor * m[j] + (uint32_t)c + (d >> 32);
			acc[j - 1] = (uint32_t)d;
		}
		c = (uint64_t)acc[n] + (c >> 32) + (d >> 32);
		acc[n - 1] = (uint32_t)c;
		acc[n] = (uint32_t)(c >> 32);
	}
	memcpy(r, acc, n * sizeof *r);
	subtract(r, acc[n], m, n); /* it was below 2 * m */
	pool_wipe(acc, sizeof acc);
}

void
words_multiply(uint32_t *r, const uint32_t *a, const uint32_t *b, const uint32_t *m,
	const uint32_t *rr, size_t n)
{
	uint32_t t[WORDS_MOST];

	montgomery(t, a, b, m, n);
	montgomery(r, t, rr, m, n);
	pool_wipe(t, sizeof t);
}

/* --- the inverse --- */

enum {
	LIMB = 30, /* bits of a limb, and division steps of a batch */
	LIMB_MASK = (1 << LIMB) - 1,
	LIMBS_MOST = (32 * WORDS_MOST + 2 + LIMB - 1) /
		     LIMB /* a number below 2 * m, and its sign */
};

/* All limbs but the last are in [0, 2^30); the last has the sign. */
struct limbs {
	int32_t v[LIMBS_MOST];
};

/* 2^30 times what the batch does to (f, g). */
struct matrix {
	int32_t u, v, q, r;
};

struct inverse {
	size_t limbs;
	int32_t delta;      /* the paper's, less 1/2 */
	uint32_t m_inverse; /* 1 / m mod 2^30 */
	struct limbs m, f, g, d, e;
};

static void
limbs_load(struct limbs *r, const uint32_t *w, size_t n, size_t limbs)
{
	uint64_t acc = 0;
	size_t have = 0, j = 0;

	for (size_t i = 0; i < limbs; i++) {
		if (have < LIMB && j < n) {
			acc |= (uint64_t)w[j++] << have;
			have += 32;
		}
		r->v[i] = (int32_t)(acc & LIMB_MASK);
		acc >>= LIMB;
		have -= have < LIMB ? have : LIMB;
	}
}

static void
limbs_store(uint32_t *w, const struct limbs *a, size_t n)
{
	uint64_t acc = 0;
	size_t have = 0, i = 0;

	for (size_t j = 0; j < n; j++) {
		while (have < 32) {
			acc |= (uint64_t)(uint32_t)a->v[i++] << have;
			have += LIMB;
		}
		w[j] = (uint32_t)acc;
		acc >>= 32;
		have -= 32;
	}
}

/* 30 division steps on the lowest bits of f and g. */
CURVE_HOT static int32_t
inverse_steps(int32_t delta, uint32_t f, uint32_t g, struct matrix *t)
{
	uint32_t u = 1, v = 0, q = 0, r = 1, positive, odd;

	for (int i = 0; i < LIMB; i++) {
		positive = ~words_negative(delta);
		odd = 0 - (g & 1);
		/* g += f, or g -= f where delta is positive */
		g += ((f ^ positive) - positive) & odd;
		q += ((u ^ positive) - positive) & odd;
		r += ((v ^ positive) - positive) & odd;
		/* and where both held, f becomes what g was: f + (g - f) */
		positive &= odd;
		delta = (int32_t)(((uint32_t)delta ^ positive) + 1);
		f += g & positive;
		u += q & positive;
		v += r & positive;
		g >>= 1;
		u <<= 1;
		v <<= 1;
	}
	*t = (struct matrix){ (int32_t)u, (int32_t)v, (int32_t)q, (int32_t)r };
	return delta;
}

/* (f, g) = t * (f, g) / 2^30, which divides exactly. */
CURVE_HOT static void
inverse_apply(struct inverse *s, const struct matrix *t)
{
	int64_t a = 0, b = 0;

	for (size_t i = 0; i < s->limbs; i++) {
		int32_t f = s->f.v[i], g = s->g.v[i];

		a += (int64_t)t->u * f;
		a += (int64_t)t->v * g;
		b += (int64_t)t->q * f;
		b += (int64_t)t->r * g;
		if (i > 0) {
			s->f.v[i - 1] = (int32_t)a & LIMB_MASK;
			s->g.v[i - 1] = (int32_t)b & LIMB_MASK;
		}
		a >>= LIMB;
		b >>= LIMB;
	}
	s->f.v[s->limbs - 1] = (int32_t)a;
	s->g.v[s->limbs - 1] = (int32_t)b;
}

/* (d, e) = t * (d, e) / 2^30 modulo m.  Both are in (-2 * m, m) before and after: m is added once where one is
 * negative, and that multiple of it that makes the lowest limb zero. */
CURVE_HOT static void
inverse_apply_modulo(struct inverse *s, const struct matrix *t)
{
	size_t last = s->limbs - 1;
	int32_t sd = (int32_t)words_negative(s->d.v[last]);
	int32_t se = (int32_t)words_negative(s->e.v[last]);
	int32_t md = (t->u & sd) + (t->v & se), me = (t->q & sd) + (t->r & se);
	uint32_t low_d = (uint32_t)t->u * (uint32_t)s->d.v[0] +
			 (uint32_t)t->v * (uint32_t)s->e.v[0];
	uint32_t low_e = (uint32_t)t->q * (uint32_t)s->d.v[0] +
			 (uint32_t)t->r * (uint32_t)s->e.v[0];
	int64_t a = 0, b = 0;

	md -= (int32_t)((s->m_inverse * low_d + (uint32_t)md) & LIMB_MASK);
	me -= (int32_t)((s->m_inverse * low_e + (uint32_t)me) & LIMB_MASK);
	for (size_t i = 0; i <= last; i++) {
		int32_t d = s->d.v[i], e = s->e.v[i], m = s->m.v[i];

		a += (int64_t)t->u * d;
		a += (int64_t)t->v * e;
		a += (int64_t)m * md;
		b += (int64_t)t->q * d;
		b += (int64_t)t->r * e;
		b += (int64_t)m * me;
		if (i > 0) {
			s->d.v[i - 1] = (int32_t)a & LIMB_MASK;
			s->e.v[i - 1] = (int32_t)b & LIMB_MASK;
		}
		a >>= LIMB;
		b >>= LIMB;
	}
	s->d.v[last] = (int32_t)a;
	s->e.v[last] = (int32_t)b;
}

/* a = (a, or -a where `negate`), plus m where it is negative. */
static void
inverse_settle(struct limbs *a, const struct limbs *m, int32_t negate, size_t limbs)
{
	int32_t add = (int32_t)words_negative(a->v[limbs - 1]), carry = 0;

	for (size_t i = 0; i < limbs; i++) {
		int32_t v = a->v[i] + (m->v[i] & add);

		v = ((v ^ negate) - negate) + carry;
		a->v[i] = i + 1 < limbs ? v & LIMB_MASK : v;
		carry = v >> LIMB;
	}
}

void
words_invert(uint32_t *r, const uint32_t *a, const uint32_t *m, size_t n)
{
	struct inverse s = { .limbs = (32 * n + 2 + LIMB - 1) / LIMB };
	/* enough for every pair of numbers of 32 * n bits, by the paper's authors' bound for this variant */
	size_t batches = (45907 * 32 * n + 26313) / 19929 / LIMB + 1;
	struct matrix t;

	s.m_inverse = invert_word(m[0]);
	limbs_load(&s.m, m, n, s.limbs);
	limbs_load(&s.g, a, n, s.limbs);
	s.f = s.m;
	s.e.v[0] = 1;
	while (batches-- > 0) {
		uint32_t f = (uint32_t)s.f.v[0] | (uint32_t)s.f.v[1] << LIMB;
		uint32_t g = (uint32_t)s.g.v[0] | (uint32_t)s.g.v[1] << LIMB;

		s.delta = inverse_steps(s.delta, f, g, &t);
		inverse_apply_modulo(&s, &t);
		inverse_apply(&s, &t);
	}
	/* g is 0 now and f is 1 or -1, which is the sign of d */
	inverse_settle(&s.d, &s.m, (int32_t)words_negative(s.f.v[s.limbs - 1]), s.limbs);
	inverse_settle(&s.d, &s.m, 0, s.limbs);
	limbs_store(r, &s.d, n);
	pool_wipe(&s, sizeof s);
	pool_wipe(&t, sizeof t);
}
