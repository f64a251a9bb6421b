/*
 * field384: the field of P-384 in one of two forms.  Included by p384.c alone; see field256.h, which is made alike.
 *
 * p = 2^384 - 2^128 - 2^96 + 2^32 - 1, R = 2^392 in both forms.
 */
#ifndef FIELD384_H
#define FIELD384_H

#include "lib/curve/field.h"

enum { FE_WORDS = 12, FE_BYTES = 48 };

#define A(i, j)  t += (fe_wide)a##i * b##j;
#define D(i, j)  t += (fe_wide)d##i * a##j;
#define S(i)     t += (fe_wide)a##i * a##i;
#define R(i, j)  t += (fe_wide)m##i * P##j;
#define GIVE(i)  r->v[i] = (fe_limb)t & FE_MASK; t >>= FE_BITS;

#ifdef CURVE_64
/* 7 limbs of 56 bits: p = 2^32 - 1 modulo a limb, whose negative inverse is 2^32 + 1. */
enum { FE_LIMBS = 7, FE_BITS = 56, FE_TOP = 48, FE_SHIFT = 0 };
struct fe {
	fe_limb v[FE_LIMBS];
};
/* of p: its lowest limb */
#define FE_LOW ((fe_limb)(((fe_limb)1 << 32) - 1))
#define FE_MASK (((fe_limb)1 << FE_BITS) - 1)
#define P1 (-((fe_limb)1 << 40))
#define P2 (-((fe_limb)1 << 16))
#define P6 ((fe_limb)1 << 48)
#ifndef FACTOR /* bounds_nist.cc brings its own */
#define FACTOR(t) ((fe_limb)(((uint64_t)(t) << 32) + (uint64_t)(t)) & FE_MASK)
#endif
#define TAKE(i) \
	m##i = FACTOR(t); \
	t += (fe_wide)m##i * (((fe_limb)1 << 32) - 1); t >>= FE_BITS;

/* clang-format off */
CURVE_HOT static void
fe_mul(struct fe *r, const struct fe *a, const struct fe *b)
{
	const fe_limb a0 = a->v[0], a1 = a->v[1], a2 = a->v[2], a3 = a->v[3], a4 = a->v[4], a5 =
		a->v[5], a6 = a->v[6];
	const fe_limb b0 = b->v[0], b1 = b->v[1], b2 = b->v[2], b3 = b->v[3], b4 = b->v[4], b5 =
		b->v[5], b6 = b->v[6];
	fe_limb m0, m1, m2, m3, m4, m5, m6;
	fe_wide t = 0;

	A(0, 0) TAKE(0)
	A(0, 1) A(1, 0) R(0, 1) TAKE(1)
	A(0, 2) A(1, 1) A(2, 0) R(1, 1) R(0, 2) TAKE(2)
	A(0, 3) A(1, 2) A(2, 1) A(3, 0) R(2, 1) R(1, 2) TAKE(3)
	A(0, 4) A(1, 3) A(2, 2) A(3, 1) A(4, 0) R(3, 1) R(2, 2) TAKE(4)
	A(0, 5) A(1, 4) A(2, 3) A(3, 2) A(4, 1) A(5, 0) R(4, 1) R(3, 2) TAKE(5)
	A(0, 6) A(1, 5) A(2, 4) A(3, 3) A(4, 2) A(5, 1) A(6, 0) R(5, 1) R(4, 2) R(0, 6) TAKE(6)
	A(1, 6) A(2, 5) A(3, 4) A(4, 3) A(5, 2) A(6, 1) R(6, 1) R(5, 2) R(1, 6) GIVE(0)
	A(2, 6) A(3, 5) A(4, 4) A(5, 3) A(6, 2) R(6, 2) R(2, 6) GIVE(1)
	A(3, 6) A(4, 5) A(5, 4) A(6, 3) R(3, 6) GIVE(2)
	A(4, 6) A(5, 5) A(6, 4) R(4, 6) GIVE(3)
	A(5, 6) A(6, 5) R(5, 6) GIVE(4)
	A(6, 6) R(6, 6) GIVE(5)
	r->v[6] = (fe_limb)t;
}

CURVE_HOT static void
fe_sqr(struct fe *r, const struct fe *a)
{
	const fe_limb a0 = a->v[0], a1 = a->v[1], a2 = a->v[2], a3 = a->v[3], a4 = a->v[4], a5 =
		a->v[5], a6 = a->v[6];
	const fe_limb d0 = 2 * a0, d1 = 2 * a1, d2 = 2 * a2, d3 = 2 * a3, d4 = 2 * a4, d5 = 2 * a5;
	fe_limb m0, m1, m2, m3, m4, m5, m6;
	fe_wide t = 0;

	S(0) TAKE(0)
	D(0, 1) R(0, 1) TAKE(1)
	D(0, 2) S(1) R(1, 1) R(0, 2) TAKE(2)
	D(0, 3) D(1, 2) R(2, 1) R(1, 2) TAKE(3)
	D(0, 4) D(1, 3) S(2) R(3, 1) R(2, 2) TAKE(4)
	D(0, 5) D(1, 4) D(2, 3) R(4, 1) R(3, 2) TAKE(5)
	D(0, 6) D(1, 5) D(2, 4) S(3) R(5, 1) R(4, 2) R(0, 6) TAKE(6)
	D(1, 6) D(2, 5) D(3, 4) R(6, 1) R(5, 2) R(1, 6) GIVE(0)
	D(2, 6) D(3, 5) S(4) R(6, 2) R(2, 6) GIVE(1)
	D(3, 6) D(4, 5) R(3, 6) GIVE(2)
	D(4, 6) S(5) R(4, 6) GIVE(3)
	D(5, 6) R(5, 6) GIVE(4)
	S(6) R(6, 6) GIVE(5)
	r->v[6] = (fe_limb)t;
}
/* clang-format on */

CURVE_HOT /* Adds c * (2^384 - p). */
static inline void
fe_fold(struct fe *r, fe_limb c)
{
	r->v[0] -= c * FE_LOW;
	r->v[1] -= c * P1;
	r->v[2] -= c * P2;
}
#else
/* 14 limbs of 28 bits */
enum { FE_LIMBS = 14, FE_BITS = 28, FE_TOP = 20, FE_SHIFT = 0 };
struct fe {
	fe_limb v[FE_LIMBS];
};
#define FE_LOW (-1)
#define FE_MASK ((1 << FE_BITS) - 1)
#define P1 (1 << 4)
#define P3 (-(1 << 12))
#define P4 (-(1 << 16))
#define P13 (1 << 20)
#define TAKE(i) m##i = (fe_limb)t & FE_MASK; t >>= FE_BITS;

/* clang-format off */
CURVE_HOT static void
fe_mul(struct fe *r, const struct fe *a, const struct fe *b)
{
	const fe_limb a0 = a->v[0], a1 = a->v[1], a2 = a->v[2], a3 = a->v[3], a4 = a->v[4], a5 =
		a->v[5], a6 = a->v[6], a7 = a->v[7], a8 = a->v[8], a9 = a->v[9], a10 = a->v[10], a11 = a->v[11],
		a12 = a->v[12], a13 = a->v[13];
	const fe_limb b0 = b->v[0], b1 = b->v[1], b2 = b->v[2], b3 = b->v[3], b4 = b->v[4], b5 =
		b->v[5], b6 = b->v[6], b7 = b->v[7], b8 = b->v[8], b9 = b->v[9], b10 = b->v[10], b11 = b->v[11],
		b12 = b->v[12], b13 = b->v[13];
	fe_limb m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13;
	fe_wide t = 0;

	A(0, 0) TAKE(0)
	A(0, 1) A(1, 0) R(0, 1) TAKE(1)
	A(0, 2) A(1, 1) A(2, 0) R(1, 1) TAKE(2)
	A(0, 3) A(1, 2) A(2, 1) A(3, 0) R(2, 1) R(0, 3) TAKE(3)
	A(0, 4) A(1, 3) A(2, 2) A(3, 1) A(4, 0) R(3, 1) R(1, 3) R(0, 4) TAKE(4)
	A(0, 5) A(1, 4) A(2, 3) A(3, 2) A(4, 1) A(5, 0) R(4, 1) R(2, 3) R(1, 4) TAKE(5)
	A(0, 6) A(1, 5) A(2, 4) A(3, 3) A(4, 2) A(5, 1) A(6, 0) R(5, 1) R(3, 3) R(2, 4) TAKE(6)
	A(0, 7) A(1, 6) A(2, 5) A(3, 4) A(4, 3) A(5, 2) A(6, 1) A(7, 0) R(6, 1) R(4, 3) R(3, 4) TAKE(7)
	A(0, 8) A(1, 7) A(2, 6) A(3, 5) A(4, 4) A(5, 3) A(6, 2) A(7, 1) A(8, 0) R(7, 1) R(5, 3) R(4, 4) TAKE(8)
	A(0, 9) A(1, 8) A(2, 7) A(3, 6) A(4, 5) A(5, 4) A(6, 3) A(7, 2) A(8, 1) A(9, 0) R(8, 1) R(6, 3) R(5, 4)
		TAKE(9)
	A(0, 10) A(1, 9) A(2, 8) A(3, 7) A(4, 6) A(5, 5) A(6, 4) A(7, 3) A(8, 2) A(9, 1) A(10, 0) R(9, 1)
		R(7, 3) R(6, 4) TAKE(10)
	A(0, 11) A(1, 10) A(2, 9) A(3, 8) A(4, 7) A(5, 6) A(6, 5) A(7, 4) A(8, 3) A(9, 2) A(10, 1) A(11, 0)
		R(10, 1) R(8, 3) R(7, 4) TAKE(11)
	A(0, 12) A(1, 11) A(2, 10) A(3, 9) A(4, 8) A(5, 7) A(6, 6) A(7, 5) A(8, 4) A(9, 3) A(10, 2) A(11, 1)
		A(12, 0) R(11, 1) R(9, 3) R(8, 4) TAKE(12)
	A(0, 13) A(1, 12) A(2, 11) A(3, 10) A(4, 9) A(5, 8) A(6, 7) A(7, 6) A(8, 5) A(9, 4) A(10, 3) A(11, 2)
		A(12, 1) A(13, 0) R(12, 1) R(10, 3) R(9, 4) R(0, 13) TAKE(13)
	A(1, 13) A(2, 12) A(3, 11) A(4, 10) A(5, 9) A(6, 8) A(7, 7) A(8, 6) A(9, 5) A(10, 4) A(11, 3) A(12, 2)
		A(13, 1) R(13, 1) R(11, 3) R(10, 4) R(1, 13) GIVE(0)
	A(2, 13) A(3, 12) A(4, 11) A(5, 10) A(6, 9) A(7, 8) A(8, 7) A(9, 6) A(10, 5) A(11, 4) A(12, 3) A(13, 2)
		R(12, 3) R(11, 4) R(2, 13) GIVE(1)
	A(3, 13) A(4, 12) A(5, 11) A(6, 10) A(7, 9) A(8, 8) A(9, 7) A(10, 6) A(11, 5) A(12, 4) A(13, 3)
		R(13, 3) R(12, 4) R(3, 13) GIVE(2)
	A(4, 13) A(5, 12) A(6, 11) A(7, 10) A(8, 9) A(9, 8) A(10, 7) A(11, 6) A(12, 5) A(13, 4) R(13, 4)
		R(4, 13) GIVE(3)
	A(5, 13) A(6, 12) A(7, 11) A(8, 10) A(9, 9) A(10, 8) A(11, 7) A(12, 6) A(13, 5) R(5, 13) GIVE(4)
	A(6, 13) A(7, 12) A(8, 11) A(9, 10) A(10, 9) A(11, 8) A(12, 7) A(13, 6) R(6, 13) GIVE(5)
	A(7, 13) A(8, 12) A(9, 11) A(10, 10) A(11, 9) A(12, 8) A(13, 7) R(7, 13) GIVE(6)
	A(8, 13) A(9, 12) A(10, 11) A(11, 10) A(12, 9) A(13, 8) R(8, 13) GIVE(7)
	A(9, 13) A(10, 12) A(11, 11) A(12, 10) A(13, 9) R(9, 13) GIVE(8)
	A(10, 13) A(11, 12) A(12, 11) A(13, 10) R(10, 13) GIVE(9)
	A(11, 13) A(12, 12) A(13, 11) R(11, 13) GIVE(10)
	A(12, 13) A(13, 12) R(12, 13) GIVE(11)
	A(13, 13) R(13, 13) GIVE(12)
	r->v[13] = (fe_limb)t;
}

/* clang-format on */

/* Of its own it would be a tenth faster, verification as a whole, and 2 KB larger. */
static void
fe_sqr(struct fe *r, const struct fe *a)
{
	fe_mul(r, a, a);
}

CURVE_HOT static inline void
fe_fold(struct fe *r, fe_limb c)
{
	r->v[0] += c;
	r->v[1] -= c * P1;
	r->v[3] -= c * P3;
	r->v[4] -= c * P4;
}
#endif

#endif
