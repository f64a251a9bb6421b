/*
 * field256: the field of P-256 in one of two forms.  Included by p256.c alone; field.h has what both curves share.
 *
 * p = 2^256 - 2^224 + 2^192 + 2^96 - 1, and Montgomery's R is a power of two above it.  In both forms p = -1 modulo a
 * limb, so the factor that clears the lowest limb is that limb itself, and adding its multiple of p needs a few
 * products by powers of two: in P3 to P8 stands what p has at that limb.
 * Product scanning: one accumulator takes a column at a time, which is one madd a product on MIPS and one smlal on ARM.
 * Limbs are named, not indexed, since gcc keeps an array in memory: 70 to 100 instructions of 360.
 */
#ifndef FIELD256_H
#define FIELD256_H

#include "lib/curve/field.h"

enum { FE_WORDS = 8, FE_BYTES = 32 };

/* A column: products of the operands' limbs, then of the factors and p; TAKE makes a factor, GIVE a limb. */
#define A(i, j)  t += (fe_wide)a##i * b##j;
#define D(i, j)  t += (fe_wide)d##i * a##j;
#define S(i)     t += (fe_wide)a##i * a##i;
#define R(i, j)  t += (fe_wide)m##i * P##j;
#define TAKE(i)  m##i = (fe_limb)t & FE_MASK; t >>= FE_BITS;
#define GIVE(i)  r->v[i] = (fe_limb)t & FE_MASK; t >>= FE_BITS;

#ifdef CURVE_64
/* 5 limbs of 52 bits, R = 2^260 */
enum { FE_LIMBS = 5, FE_BITS = 52, FE_TOP = 48, FE_SHIFT = 0 };
struct fe {
	fe_limb v[FE_LIMBS];
};
/* of p: its lowest limb */
#define FE_LOW ((fe_limb)-1)
#define FE_MASK (((fe_limb)1 << FE_BITS) - 1)
#define P1 ((fe_limb)1 << 44)
#define P3 ((fe_limb)1 << 36)
#define P4 (((fe_limb)1 << 48) - ((fe_limb)1 << 16))

/* clang-format off */
CURVE_HOT static void
fe_mul(struct fe *r, const struct fe *a, const struct fe *b)
{
	const fe_limb a0 = a->v[0], a1 = a->v[1], a2 = a->v[2], a3 = a->v[3], a4 = a->v[4];
	const fe_limb b0 = b->v[0], b1 = b->v[1], b2 = b->v[2], b3 = b->v[3], b4 = b->v[4];
	fe_limb m0, m1, m2, m3, m4;
	fe_wide t = 0;

	A(0, 0) TAKE(0)
	A(0, 1) A(1, 0) R(0, 1) TAKE(1)
	A(0, 2) A(1, 1) A(2, 0) R(1, 1) TAKE(2)
	A(0, 3) A(1, 2) A(2, 1) A(3, 0) R(2, 1) R(0, 3) TAKE(3)
	A(0, 4) A(1, 3) A(2, 2) A(3, 1) A(4, 0) R(3, 1) R(1, 3) R(0, 4) TAKE(4)
	A(1, 4) A(2, 3) A(3, 2) A(4, 1) R(4, 1) R(2, 3) R(1, 4) GIVE(0)
	A(2, 4) A(3, 3) A(4, 2) R(3, 3) R(2, 4) GIVE(1)
	A(3, 4) A(4, 3) R(4, 3) R(3, 4) GIVE(2)
	A(4, 4) R(4, 4) GIVE(3)
	r->v[4] = (fe_limb)t;
}

CURVE_HOT static void
fe_sqr(struct fe *r, const struct fe *a)
{
	const fe_limb a0 = a->v[0], a1 = a->v[1], a2 = a->v[2], a3 = a->v[3], a4 = a->v[4];
	const fe_limb d0 = 2 * a0, d1 = 2 * a1, d2 = 2 * a2, d3 = 2 * a3;
	fe_limb m0, m1, m2, m3, m4;
	fe_wide t = 0;

	S(0) TAKE(0)
	D(0, 1) R(0, 1) TAKE(1)
	D(0, 2) S(1) R(1, 1) TAKE(2)
	D(0, 3) D(1, 2) R(2, 1) R(0, 3) TAKE(3)
	D(0, 4) D(1, 3) S(2) R(3, 1) R(1, 3) R(0, 4) TAKE(4)
	D(1, 4) D(2, 3) R(4, 1) R(2, 3) R(1, 4) GIVE(0)
	D(2, 4) S(3) R(3, 3) R(2, 4) GIVE(1)
	D(3, 4) R(4, 3) R(3, 4) GIVE(2)
	S(4) R(4, 4) GIVE(3)
	r->v[4] = (fe_limb)t;
}
/* clang-format on */

/* Adds c * (2^256 - p): what c, taken away from the bits above 256, stood for. */
CURVE_HOT static inline void
fe_fold(struct fe *r, fe_limb c)
{
	r->v[0] += c;
	r->v[1] -= c * P1;
	r->v[3] -= c * P3;
	r->v[4] += c * ((fe_limb)1 << 16);
}
#else
/* 9 limbs of 29 bits, R = 2^261 */
enum { FE_LIMBS = 9, FE_BITS = 29, FE_TOP = 24, FE_SHIFT = 1 };
struct fe {
	fe_limb v[FE_LIMBS];
};
#define FE_LOW (-1)
#define FE_MASK ((1 << FE_BITS) - 1)
#define P3 (1 << 9)
#define P6 (1 << 18)
#define P7 (-(1 << 21))
#define P8 (1 << 24)

/* clang-format off */
CURVE_HOT static void
fe_mul(struct fe *r, const struct fe *a, const struct fe *b)
{
	const fe_limb a0 = a->v[0], a1 = a->v[1], a2 = a->v[2], a3 = a->v[3], a4 = a->v[4], a5 =
		a->v[5], a6 = a->v[6], a7 = a->v[7], a8 = a->v[8];
	const fe_limb b0 = b->v[0], b1 = b->v[1], b2 = b->v[2], b3 = b->v[3], b4 = b->v[4], b5 =
		b->v[5], b6 = b->v[6], b7 = b->v[7], b8 = b->v[8];
	fe_limb m0, m1, m2, m3, m4, m5, m6, m7, m8;
	fe_wide t = 0;

	A(0, 0) TAKE(0)
	A(0, 1) A(1, 0) TAKE(1)
	A(0, 2) A(1, 1) A(2, 0) TAKE(2)
	A(0, 3) A(1, 2) A(2, 1) A(3, 0) R(0, 3) TAKE(3)
	A(0, 4) A(1, 3) A(2, 2) A(3, 1) A(4, 0) R(1, 3) TAKE(4)
	A(0, 5) A(1, 4) A(2, 3) A(3, 2) A(4, 1) A(5, 0) R(2, 3) TAKE(5)
	A(0, 6) A(1, 5) A(2, 4) A(3, 3) A(4, 2) A(5, 1) A(6, 0) R(3, 3) R(0, 6) TAKE(6)
	A(0, 7) A(1, 6) A(2, 5) A(3, 4) A(4, 3) A(5, 2) A(6, 1) A(7, 0) R(4, 3) R(1, 6) R(0, 7) TAKE(7)
	A(0, 8) A(1, 7) A(2, 6) A(3, 5) A(4, 4) A(5, 3) A(6, 2) A(7, 1) A(8, 0) R(5, 3) R(2, 6) R(1, 7) R(0, 8)
		TAKE(8)
	A(1, 8) A(2, 7) A(3, 6) A(4, 5) A(5, 4) A(6, 3) A(7, 2) A(8, 1) R(6, 3) R(3, 6) R(2, 7) R(1, 8) GIVE(0)
	A(2, 8) A(3, 7) A(4, 6) A(5, 5) A(6, 4) A(7, 3) A(8, 2) R(7, 3) R(4, 6) R(3, 7) R(2, 8) GIVE(1)
	A(3, 8) A(4, 7) A(5, 6) A(6, 5) A(7, 4) A(8, 3) R(8, 3) R(5, 6) R(4, 7) R(3, 8) GIVE(2)
	A(4, 8) A(5, 7) A(6, 6) A(7, 5) A(8, 4) R(6, 6) R(5, 7) R(4, 8) GIVE(3)
	A(5, 8) A(6, 7) A(7, 6) A(8, 5) R(7, 6) R(6, 7) R(5, 8) GIVE(4)
	A(6, 8) A(7, 7) A(8, 6) R(8, 6) R(7, 7) R(6, 8) GIVE(5)
	A(7, 8) A(8, 7) R(8, 7) R(7, 8) GIVE(6)
	A(8, 8) R(8, 8) GIVE(7)
	r->v[8] = (fe_limb)t;
}

CURVE_HOT static void
fe_sqr(struct fe *r, const struct fe *a)
{
	const fe_limb a0 = a->v[0], a1 = a->v[1], a2 = a->v[2], a3 = a->v[3], a4 = a->v[4], a5 =
		a->v[5], a6 = a->v[6], a7 = a->v[7], a8 = a->v[8];
	const fe_limb d0 = 2 * a0, d1 = 2 * a1, d2 = 2 * a2, d3 = 2 * a3, d4 = 2 * a4, d5 = 2 * a5, d6 =
		2 * a6, d7 = 2 * a7;
	fe_limb m0, m1, m2, m3, m4, m5, m6, m7, m8;
	fe_wide t = 0;

	S(0) TAKE(0)
	D(0, 1) TAKE(1)
	D(0, 2) S(1) TAKE(2)
	D(0, 3) D(1, 2) R(0, 3) TAKE(3)
	D(0, 4) D(1, 3) S(2) R(1, 3) TAKE(4)
	D(0, 5) D(1, 4) D(2, 3) R(2, 3) TAKE(5)
	D(0, 6) D(1, 5) D(2, 4) S(3) R(3, 3) R(0, 6) TAKE(6)
	D(0, 7) D(1, 6) D(2, 5) D(3, 4) R(4, 3) R(1, 6) R(0, 7) TAKE(7)
	D(0, 8) D(1, 7) D(2, 6) D(3, 5) S(4) R(5, 3) R(2, 6) R(1, 7) R(0, 8) TAKE(8)
	D(1, 8) D(2, 7) D(3, 6) D(4, 5) R(6, 3) R(3, 6) R(2, 7) R(1, 8) GIVE(0)
	D(2, 8) D(3, 7) D(4, 6) S(5) R(7, 3) R(4, 6) R(3, 7) R(2, 8) GIVE(1)
	D(3, 8) D(4, 7) D(5, 6) R(8, 3) R(5, 6) R(4, 7) R(3, 8) GIVE(2)
	D(4, 8) D(5, 7) S(6) R(6, 6) R(5, 7) R(4, 8) GIVE(3)
	D(5, 8) D(6, 7) R(7, 6) R(6, 7) R(5, 8) GIVE(4)
	D(6, 8) S(7) R(8, 6) R(7, 7) R(6, 8) GIVE(5)
	D(7, 8) R(8, 7) R(7, 8) GIVE(6)
	S(8) R(8, 8) GIVE(7)
	r->v[8] = (fe_limb)t;
}
/* clang-format on */

CURVE_HOT static inline void
fe_fold(struct fe *r, fe_limb c)
{
	r->v[0] += c;
	r->v[3] -= c * P3;
	r->v[6] -= c * P6;
	r->v[7] -= c * P7;
}
#endif

#endif
