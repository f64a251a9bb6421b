/*
 * curve: what the curves y^2 = x^3 - 3x + b of prime order share: ECDSA and ECDH, in terms of one field.
 *
 * Included by one file a curve, after its field, so that each gets a copy made for its size.  That file defines
 * before, in its table: p, n and 2^(64 * FE_WORDS) mod n (curve_nn) as words; R, R^2 and b * R mod p (curve_one, curve_rr,
 * curve_b) as limbs; NAF_G and curve_odd, the odd multiples of G.  With CURVE_COMB it brings its own curve_base.
 *
 * Coordinates are in Montgomery's form.
 * Signing, public keys and ECDH are in constant time.  Verifying is not: nothing of it is secret.
 */
#ifndef CURVE_H
#define CURVE_H

#include <stdbool.h>
#include <string.h>
#include "lib/base/pool.h"
#include "lib/curve/point.h"
#include "lib/curve/scalar.h"
#include "lib/curve/words.h"

/* P-521 is verified with alone. */
#define CURVE_OPTIONAL __attribute__((unused))

enum {
	POINT_BYTES = 1 + 2 * FE_BYTES,
	WINDOW = 4,                                         /* bits of a secret scalar at a time */
	WINDOWS = (32 * FE_WORDS + 1 + WINDOW - 1) / WINDOW, /* the last one takes the carry */
	WINDOW_POINTS = 1 << (WINDOW - 1),
	NAF_Q = 5, /* widths of non-adjacent forms, for a key's point and for G */
	NAF_Q_POINTS = 1 << (NAF_Q - 2),
	NAF_G_POINTS = 1 << (NAF_G - 2),
	NAF_DIGITS = 32 * FE_WORDS + 1
};

/* --- the field, whatever its size --- */

/* r = where mask: a, else r. */
CURVE_HOT static void
fe_choose(struct fe *r, const struct fe *a, uint32_t mask)
{
	fe_limb m = (fe_limb)(int32_t)mask;

#pragma GCC unroll 16
	for (int i = 0; i < FE_LIMBS; i++)
		r->v[i] ^= (r->v[i] ^ a->v[i]) & m;
}

/* r = w * 2^shift */
CURVE_HOT static void
fe_load(struct fe *r, const uint32_t w[FE_WORDS], int shift)
{
	fe_bits acc = 0;
	int have = shift, j = 0;

	for (int i = 0; i < FE_LIMBS; i++) {
		while (have < FE_BITS && j < FE_WORDS) {
			acc |= (fe_bits)w[j++] << have;
			have += 32;
		}
		r->v[i] = (fe_limb)(acc & (fe_bits)FE_MASK);
		acc >>= FE_BITS;
		have -= FE_BITS;
	}
}

/* The number itself, out of Montgomery's form and below p. */
static void
fe_canonical(uint32_t w[FE_WORDS], const struct fe *a)
{
	static const struct fe one = { { 1 } };
	struct fe t;
	fe_bits acc = 0;
	int have = 0, i = 0;

	fe_mul(&t, a, &one); /* in 0 to p: a is below R by much */
	for (int j = 0; j < FE_WORDS; j++) {
		while (have < 32 && i < FE_LIMBS) {
			acc |= (fe_bits)t.v[i++] << have;
			have += FE_BITS;
		}
		w[j] = (uint32_t)acc;
		acc >>= 32;
		have -= 32;
	}
	words_reduce(w, curve_p, FE_WORDS);
}

static void
fe_from_words(struct fe *r, const uint32_t w[FE_WORDS])
{
	fe_load(r, w, 0);
	fe_mul(r, r, &curve_rr);
}

/* a = 0 mod p, as a mask. */
static uint32_t
fe_zero(const struct fe *a)
{
	uint32_t w[FE_WORDS];

	fe_canonical(w, a);
	return words_zero(w, FE_WORDS);
}

/* The same of a difference of two tidy elements, with branches: multiples of p that small have few lowest limbs. */
static bool
fe_is_zero(const struct fe *a)
{
	for (fe_limb k = -2; k <= 2; k++)
		if (((a->v[0] - k * FE_LOW) & FE_MASK) == 0)
			return fe_zero(a) != 0;
	return false;
}

/* From a table of constants, which is made for the smaller R of the two forms. */
static void
affine_load(struct affine *r, const uint32_t w[2][FE_WORDS])
{
	fe_load(&r->x, w[0], FE_SHIFT);
	fe_load(&r->y, w[1], FE_SHIFT);
	if (FE_SHIFT > 1) { /* else below 2p, which will do */
		fe_tidy(&r->x);
		fe_tidy(&r->y);
	}
}

static void
fe_invert(struct fe *r, const struct fe *a)
{
	uint32_t w[FE_WORDS];

	fe_canonical(w, a);
	words_invert(w, w, curve_p, FE_WORDS);
	fe_from_words(r, w);
	pool_wipe(w, sizeof w);
}

static void
point_from_affine(struct point *r, const struct affine *a)
{
	r->x = a->x;
	r->y = a->y;
	r->z = curve_one;
}

static void
point_choose(struct point *r, const struct point *a, uint32_t mask)
{
	fe_choose(&r->x, &a->x, mask);
	fe_choose(&r->y, &a->y, mask);
	fe_choose(&r->z, &a->z, mask);
}

/* 04 || x || y, SEC 1 section 2.3.3.  The point is not infinity. */
CURVE_OPTIONAL static void
point_store(unsigned char out[POINT_BYTES], const struct point *p)
{
	struct fe z, t;
	uint32_t w[FE_WORDS];

	fe_invert(&z, &p->z);
	fe_sqr(&t, &z);
	fe_mul(&z, &z, &t);
	fe_mul(&t, &t, &p->x);
	out[0] = 0x04;
	fe_canonical(w, &t);
	words_store(out + 1, FE_BYTES, w);
	fe_mul(&t, &z, &p->y);
	fe_canonical(w, &t);
	words_store(out + 1 + FE_BYTES, FE_BYTES, w);
}

/* Reads a coordinate.  Returns false for p and above. */
static bool
coordinate_load(struct fe *r, const unsigned char in[FE_BYTES])
{
	uint32_t w[FE_WORDS];

	words_load(w, FE_WORDS, in, FE_BYTES);
	if (words_less(w, curve_p, FE_WORDS) == 0)
		return false;
	fe_from_words(r, w);
	return true;
}

/* Reads an uncompressed point.  The curve's order is prime, so that any point of it is one of the group.  Returns false
 * for what is not on the curve. */
static bool
affine_parse(struct affine *r, const unsigned char in[POINT_BYTES])
{
	struct fe t;

	if (in[0] != 0x04 || !coordinate_load(&r->x, in + 1) ||
		!coordinate_load(&r->y, in + 1 + FE_BYTES))
		return false;
	point_equation(&t, r, &curve_b);
	return fe_is_zero(&t);
}

/* --- a secret scalar times a point --- */

/* The digit number i of k, in -8..8: k is the sum of digit * 16^i. */
static int32_t
window_digit(const uint32_t k[FE_WORDS], int i)
{
	int low = WINDOW * i - 1; /* the highest bit of the digit below */
	uint32_t bits;

	if (low < 0)
		bits = k[0] << 1;
	else if (low / 32 + 1 < FE_WORDS)
		bits = (uint32_t)(((uint64_t)k[low / 32 + 1] << 32 | k[low / 32]) >> low % 32);
	else
		bits = k[low / 32] >> low % 32;
	bits &= 2 * 2 * WINDOW_POINTS - 1;
	return (int32_t)((bits + 1) >> 1) - (int32_t)(bits >> WINDOW << WINDOW);
}

/* r = |digit| * P of the table, with the digit's sign; any point for 0.  Reads all of the table. */
static void
window_select(struct point *r, const struct point *table, int32_t digit)
{
	uint32_t minus = (uint32_t)(digit >> 31);
	uint32_t size = ((uint32_t)digit ^ minus) - minus;
	struct fe y;

	*r = table[0];
	for (uint32_t i = 1; i < WINDOW_POINTS; i++)
		point_choose(r, &table[i], words_same(i + 1, size));
	y = r->y;
	fe_negate(&y);
	fe_choose(&r->y, &y, minus);
}

/* a = a + q where `add`; q where a is infinity. */
static void
window_add(struct point *a, const struct point *q, uint32_t add, uint32_t *infinity, bool last)
{
	struct point sum, twice;
	struct slope k;

	point_add(&sum, a, q, &k);
	if (last) { /* the only addition where a may be q: for k = n - 2 it is */
		point_double(&twice, a);
		point_choose(&sum, &twice, fe_zero(&k.h) & fe_zero(&k.s));
	}
	point_choose(&sum, q, *infinity);
	point_choose(a, &sum, add);
	*infinity &= ~add;
	if (last)
		pool_wipe(&sum, sizeof sum);
}

/*
 * r = k * P, for k in 1..n-1 and P not infinity.
 *
 * Exceptional additions: before digit i is added, the sum is 16 * k' * P, where k' is what the digits above say.  Where k'
 * is 0 a mask knows.  Else it is at least 16 and above any digit; and but for the last digit it is below n / 2,
 * so that it is no digit modulo n either.
 */
CURVE_OPTIONAL static void
curve_multiply(struct point *r, const uint32_t k[FE_WORDS], const struct affine *p)
{
	struct point table[WINDOW_POINTS], q;
	struct slope s;
	uint32_t infinity = ~(uint32_t)0;
	int i;

	point_from_affine(&table[0], p);
	point_double(&table[1], &table[0]);
	for (i = 2; i < WINDOW_POINTS; i++)
		point_add_affine(&table[i], &table[i - 1], p, &s);
	*r = table[0];
	for (i = WINDOWS - 1; i >= 0; i--) {
		int32_t digit = window_digit(k, i);

		for (int j = 0; j < WINDOW && i < WINDOWS - 1; j++)
			point_double(r, r);
		window_select(&q, table, digit);
		window_add(r, &q, ~words_same((uint32_t)digit, 0), &infinity, i == 0);
	}
	pool_wipe(&q, sizeof q);
	pool_wipe(&s, sizeof s);
}

/* --- u1 * G + u2 * Q, of public scalars --- */

/* a += q, whatever they are; *infinity says that a is.  Not in constant time, nor are those below. */
static void
public_add(struct point *a, const struct point *q, bool *infinity)
{
	struct point sum;
	struct slope k;

	if (*infinity) {
		*a = *q;
		*infinity = false;
		return;
	}
	point_add(&sum, a, q, &k);
	if (!fe_is_zero(&k.h))
		*a = sum;
	else if (fe_is_zero(&k.s))
		point_double(a, a);
	else
		*infinity = true;
}

static void
public_add_affine(struct point *a, const struct affine *q, bool *infinity)
{
	struct point sum;
	struct slope k;

	if (*infinity) {
		point_from_affine(a, q);
		*infinity = false;
		return;
	}
	point_add_affine(&sum, a, q, &k);
	if (!fe_is_zero(&k.h))
		*a = sum;
	else if (fe_is_zero(&k.s))
		point_double(a, a);
	else
		*infinity = true;
}

static void
public_add_digit_q(struct point *a, const struct point *table, int digit, bool *infinity)
{
	struct point q = table[(digit < 0 ? -digit : digit) / 2];

	if (digit < 0)
		fe_negate(&q.y);
	public_add(a, &q, infinity);
}

static void
public_add_digit_g(struct point *a, int digit, bool *infinity)
{
	struct affine g;

	affine_load(&g, curve_odd[(digit < 0 ? -digit : digit) / 2]);
	if (digit < 0)
		fe_negate(&g.y);
	public_add_affine(a, &g, infinity);
}

/* Returns false when the sum is infinity. */
static bool
curve_multiply_two(struct point *r, const uint32_t u1[FE_WORDS], const uint32_t u2[FE_WORDS],
	const struct affine *q)
{
	struct point table[NAF_Q_POINTS], twice;
	signed char g_digits[NAF_DIGITS], q_digits[NAF_DIGITS];
	struct slope k;
	bool infinity = true;
	int i;

	scalar_digits(g_digits, u1, FE_WORDS, NAF_G);
	scalar_digits(q_digits, u2, FE_WORDS, NAF_Q);
	point_from_affine(&table[0], q);
	point_double(&twice, &table[0]);
	for (i = 1; i < NAF_Q_POINTS; i++) /* the order is prime and large: nothing exceptional */
		point_add(&table[i], &table[i - 1], &twice, &k);
	for (i = NAF_DIGITS - 1; i >= 0; i--) {
		if (!infinity)
			point_double(r, r);
		if (g_digits[i] != 0)
			public_add_digit_g(r, g_digits[i], &infinity);
		if (q_digits[i] != 0)
			public_add_digit_q(r, table, q_digits[i], &infinity);
	}
	return !infinity;
}

/* --- ECDSA and ECDH --- */

static const struct order curve_order = { curve_n, curve_nn, FE_WORDS, FE_BYTES };

/* X / Z^2 = r mod n?  x is below p and n below p, so x is r or r + n. */
static bool
point_has_x(const struct point *p, const uint32_t r[FE_WORDS])
{
	uint32_t rest[FE_WORDS], x[FE_WORDS];
	struct fe t, zz;
	uint64_t c = 0;

	fe_sqr(&zz, &p->z);
	fe_from_words(&t, r);
	fe_mul(&t, &t, &zz);
	fe_sub(&t, &t, &p->x);
	if (fe_is_zero(&t))
		return true;
	for (int i = 0; i < FE_WORDS; i++) {
		c = (c >> 32) + r[i] + curve_n[i];
		x[i] = (uint32_t)c;
	}
	memcpy(rest, x, sizeof rest);
	if (c >> 32 != 0 || words_less(rest, curve_p, FE_WORDS) == 0)
		return false;
	fe_from_words(&t, x);
	fe_mul(&t, &t, &zz);
	fe_sub(&t, &t, &p->x);
	return fe_is_zero(&t);
}

static bool
curve_verify(const unsigned char sig[2 * FE_BYTES], const unsigned char *hash, size_t hash_len,
	const unsigned char pub[POINT_BYTES])
{
	uint32_t r[FE_WORDS], u1[FE_WORDS], u2[FE_WORDS];
	struct affine q;
	struct point sum;

	return scalar_of_signature(r, u1, u2, sig, hash, hash_len, &curve_order) &&
	       affine_parse(&q, pub) && curve_multiply_two(&sum, u1, u2, &q) && point_has_x(&sum, r);
}

/* r = k * G, for k in 1..n-1. */
#ifdef CURVE_COMB
static void curve_base(struct point *r, const uint32_t k[FE_WORDS]);
#else
CURVE_OPTIONAL static void
curve_base(struct point *r, const uint32_t k[FE_WORDS])
{
	struct affine g;

	affine_load(&g, curve_odd[0]);
	curve_multiply(r, k, &g);
}
#endif

/* The same as bytes. */
CURVE_OPTIONAL static void
curve_base_store(unsigned char *out, const uint32_t *k)
{
	struct point p;

	curve_base(&p, k);
	point_store(out, &p);
	pool_wipe(&p, sizeof p);
}

CURVE_OPTIONAL static int
curve_public(unsigned char pub[POINT_BYTES], const unsigned char key[FE_BYTES])
{
	uint32_t k[FE_WORDS];
	bool good = scalar_load(k, key, &curve_order);

	if (good)
		curve_base_store(pub, k);
	pool_wipe(k, sizeof k);
	return good ? 0 : -1;
}

/* The x of k * P.  Returns 0, or -1: no point of the curve, or a key out of range. */
CURVE_OPTIONAL static int
curve_exchange(unsigned char shared[FE_BYTES], const unsigned char peer[POINT_BYTES],
	const unsigned char key[FE_BYTES])
{
	unsigned char out[POINT_BYTES];
	uint32_t k[FE_WORDS];
	struct affine q;
	struct point p;
	bool good = scalar_load(k, key, &curve_order) && affine_parse(&q, peer);

	if (good) {
		curve_multiply(&p, k, &q);
		point_store(out, &p);
		memcpy(shared, out + 1, FE_BYTES);
		pool_wipe(out, sizeof out);
		pool_wipe(&p, sizeof p);
	}
	pool_wipe(k, sizeof k);
	return good ? 0 : -1;
}

#endif
