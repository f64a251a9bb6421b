/*
 * field25519: numbers mod p = 2^255 - 19, for x25519.c alone.
 *
 * Constant time: no branch and no index depends on a number.  A number is FE_LIMBS limbs, lowest first, and not
 * unique.  A factor is *tight*, as products and sums are, or a difference of two tight ones.  test/curve/bounds25519.cc runs
 * this very text over intervals and fails where a limb or a product could overflow.
 */
#ifndef FIELD25519_H
#define FIELD25519_H

#include <stdint.h>
#include "lib/curve/word.h"

#if CURVE_BITS == 32
/* Signed limbs of 29 bits, the top one of 23.  A column of nine products stays in one accumulator of 64 bits, which
 * MIPS and ARM add to in one instruction.  2^261 = 64 * 2^255 = 64 * 19 mod p. */
#ifndef FE_TYPES
typedef int32_t limb;
typedef int64_t wide;
#endif
enum { FE_LIMBS = 9, FE_BITS = 29, FE_TOP = 23, FE_WRAP = 64 * 19 };

/* A difference may go below zero: the limbs are signed. */
CURVE_HOT static inline limb
fe_twice_p(int i)
{
	(void)i;
	return 0;
}
#else
/* Unsigned limbs of 51 bits. */
#ifndef FE_TYPES
typedef uint64_t limb;
__extension__ typedef unsigned __int128 wide;
#endif
enum { FE_LIMBS = 5, FE_BITS = 51, FE_TOP = 51 };

/* Limb i of 2p, which keeps a difference from going below zero. */
CURVE_HOT static inline limb
fe_twice_p(int i)
{
	return ((limb)1 << (FE_BITS + 1)) - (i == 0 ? 38 : 2);
}
#endif

#define FE_MASK     (((limb)1 << FE_BITS) - 1)
#define FE_TOP_MASK (((limb)1 << FE_TOP) - 1)

/* Ends a product: t is the top column, and what is over bit 255 of the whole comes back 19 times at the bottom. */
CURVE_HOT static inline void
fe_fold(limb r[FE_LIMBS], wide t)
{
	const wide over = t >> FE_TOP;

	r[FE_LIMBS - 1] = (limb)t & FE_TOP_MASK;
	t = r[0] + (wide)((limb)over & FE_MASK) * 19;
	r[0] = (limb)t & FE_MASK;
	r[1] += (limb)(t >> FE_BITS) + (limb)(over >> FE_BITS) * 19;
}

#if CURVE_BITS == 32
/* The upper columns first, so that they come back into the lower ones as one more product each. */
CURVE_HOT static inline void
fe_mul(limb r[FE_LIMBS], const limb a[FE_LIMBS], const limb b[FE_LIMBS])
{
	const limb a0 = a[0], a1 = a[1], a2 = a[2], a3 = a[3], a4 = a[4], a5 = a[5], a6 = a[6],
		   a7 = a[7], a8 = a[8];
	const limb b0 = b[0], b1 = b[1], b2 = b[2], b3 = b[3], b4 = b[4], b5 = b[5], b6 = b[6],
		   b7 = b[7], b8 = b[8];
	limb h0, h1, h2, h3, h4, h5, h6, h7, h8;
	wide t;

	t = (wide)a1 * b8 + (wide)a2 * b7 + (wide)a3 * b6 + (wide)a4 * b5 + (wide)a5 * b4 +
	    (wide)a6 * b3 + (wide)a7 * b2 + (wide)a8 * b1;
	h0 = (limb)t & FE_MASK;
	t >>= FE_BITS;
	t = t + (wide)a2 * b8 + (wide)a3 * b7 + (wide)a4 * b6 + (wide)a5 * b5 + (wide)a6 * b4 +
	    (wide)a7 * b3 + (wide)a8 * b2;
	h1 = (limb)t & FE_MASK;
	t >>= FE_BITS;
	t = t + (wide)a3 * b8 + (wide)a4 * b7 + (wide)a5 * b6 + (wide)a6 * b5 + (wide)a7 * b4 +
	    (wide)a8 * b3;
	h2 = (limb)t & FE_MASK;
	t >>= FE_BITS;
	t = t + (wide)a4 * b8 + (wide)a5 * b7 + (wide)a6 * b6 + (wide)a7 * b5 + (wide)a8 * b4;
	h3 = (limb)t & FE_MASK;
	t >>= FE_BITS;
	t = t + (wide)a5 * b8 + (wide)a6 * b7 + (wide)a7 * b6 + (wide)a8 * b5;
	h4 = (limb)t & FE_MASK;
	t >>= FE_BITS;
	t = t + (wide)a6 * b8 + (wide)a7 * b7 + (wide)a8 * b6;
	h5 = (limb)t & FE_MASK;
	t >>= FE_BITS;
	t = t + (wide)a7 * b8 + (wide)a8 * b7;
	h6 = (limb)t & FE_MASK;
	t >>= FE_BITS;
	t = t + (wide)a8 * b8;
	h7 = (limb)t & FE_MASK;
	t >>= FE_BITS;
	h8 = (limb)t;
	t = (wide)h0 * FE_WRAP + (wide)a0 * b0;
	r[0] = (limb)t & FE_MASK;
	t >>= FE_BITS;
	t = t + (wide)h1 * FE_WRAP + (wide)a0 * b1 + (wide)a1 * b0;
	r[1] = (limb)t & FE_MASK;
	t >>= FE_BITS;
	t = t + (wide)h2 * FE_WRAP + (wide)a0 * b2 + (wide)a1 * b1 + (wide)a2 * b0;
	r[2] = (limb)t & FE_MASK;
	t >>= FE_BITS;
	t = t + (wide)h3 * FE_WRAP + (wide)a0 * b3 + (wide)a1 * b2 + (wide)a2 * b1 + (wide)a3 * b0;
	r[3] = (limb)t & FE_MASK;
	t >>= FE_BITS;
	t = t + (wide)h4 * FE_WRAP + (wide)a0 * b4 + (wide)a1 * b3 + (wide)a2 * b2 + (wide)a3 * b1 +
	    (wide)a4 * b0;
	r[4] = (limb)t & FE_MASK;
	t >>= FE_BITS;
	t = t + (wide)h5 * FE_WRAP + (wide)a0 * b5 + (wide)a1 * b4 + (wide)a2 * b3 + (wide)a3 * b2 +
	    (wide)a4 * b1 + (wide)a5 * b0;
	r[5] = (limb)t & FE_MASK;
	t >>= FE_BITS;
	t = t + (wide)h6 * FE_WRAP + (wide)a0 * b6 + (wide)a1 * b5 + (wide)a2 * b4 + (wide)a3 * b3 +
	    (wide)a4 * b2 + (wide)a5 * b1 + (wide)a6 * b0;
	r[6] = (limb)t & FE_MASK;
	t >>= FE_BITS;
	t = t + (wide)h7 * FE_WRAP + (wide)a0 * b7 + (wide)a1 * b6 + (wide)a2 * b5 + (wide)a3 * b4 +
	    (wide)a4 * b3 + (wide)a5 * b2 + (wide)a6 * b1 + (wide)a7 * b0;
	r[7] = (limb)t & FE_MASK;
	t >>= FE_BITS;
	t = t + (wide)h8 * FE_WRAP + (wide)a0 * b8 + (wide)a1 * b7 + (wide)a2 * b6 + (wide)a3 * b5 +
	    (wide)a4 * b4 + (wide)a5 * b3 + (wide)a6 * b2 + (wide)a7 * b1 + (wide)a8 * b0;
	fe_fold(r, t);
}

CURVE_HOT static inline void
fe_sqr(limb r[FE_LIMBS], const limb a[FE_LIMBS])
{
	const limb a0 = a[0], a1 = a[1], a2 = a[2], a3 = a[3], a4 = a[4], a5 = a[5], a6 = a[6],
		   a7 = a[7], a8 = a[8];
	const limb d1 = 2 * a1, d2 = 2 * a2, d3 = 2 * a3, d4 = 2 * a4, d5 = 2 * a5, d6 = 2 * a6,
		   d7 = 2 * a7, d8 = 2 * a8;
	limb h0, h1, h2, h3, h4, h5, h6, h7, h8;
	wide t;

	t = (wide)a1 * d8 + (wide)a2 * d7 + (wide)a3 * d6 + (wide)a4 * d5;
	h0 = (limb)t & FE_MASK;
	t >>= FE_BITS;
	t = t + (wide)a2 * d8 + (wide)a3 * d7 + (wide)a4 * d6 + (wide)a5 * a5;
	h1 = (limb)t & FE_MASK;
	t >>= FE_BITS;
	t = t + (wide)a3 * d8 + (wide)a4 * d7 + (wide)a5 * d6;
	h2 = (limb)t & FE_MASK;
	t >>= FE_BITS;
	t = t + (wide)a4 * d8 + (wide)a5 * d7 + (wide)a6 * a6;
	h3 = (limb)t & FE_MASK;
	t >>= FE_BITS;
	t = t + (wide)a5 * d8 + (wide)a6 * d7;
	h4 = (limb)t & FE_MASK;
	t >>= FE_BITS;
	t = t + (wide)a6 * d8 + (wide)a7 * a7;
	h5 = (limb)t & FE_MASK;
	t >>= FE_BITS;
	t = t + (wide)a7 * d8;
	h6 = (limb)t & FE_MASK;
	t >>= FE_BITS;
	t = t + (wide)a8 * a8;
	h7 = (limb)t & FE_MASK;
	t >>= FE_BITS;
	h8 = (limb)t;
	t = (wide)h0 * FE_WRAP + (wide)a0 * a0;
	r[0] = (limb)t & FE_MASK;
	t >>= FE_BITS;
	t = t + (wide)h1 * FE_WRAP + (wide)a0 * d1;
	r[1] = (limb)t & FE_MASK;
	t >>= FE_BITS;
	t = t + (wide)h2 * FE_WRAP + (wide)a0 * d2 + (wide)a1 * a1;
	r[2] = (limb)t & FE_MASK;
	t >>= FE_BITS;
	t = t + (wide)h3 * FE_WRAP + (wide)a0 * d3 + (wide)a1 * d2;
	r[3] = (limb)t & FE_MASK;
	t >>= FE_BITS;
	t = t + (wide)h4 * FE_WRAP + (wide)a0 * d4 + (wide)a1 * d3 + (wide)a2 * a2;
	r[4] = (limb)t & FE_MASK;
	t >>= FE_BITS;
	t = t + (wide)h5 * FE_WRAP + (wide)a0 * d5 + (wide)a1 * d4 + (wide)a2 * d3;
	r[5] = (limb)t & FE_MASK;
	t >>= FE_BITS;
	t = t + (wide)h6 * FE_WRAP + (wide)a0 * d6 + (wide)a1 * d5 + (wide)a2 * d4 + (wide)a3 * a3;
	r[6] = (limb)t & FE_MASK;
	t >>= FE_BITS;
	t = t + (wide)h7 * FE_WRAP + (wide)a0 * d7 + (wide)a1 * d6 + (wide)a2 * d5 + (wide)a3 * d4;
	r[7] = (limb)t & FE_MASK;
	t >>= FE_BITS;
	t = t + (wide)h8 * FE_WRAP + (wide)a0 * d8 + (wide)a1 * d7 + (wide)a2 * d6 + (wide)a3 * d5 +
	    (wide)a4 * a4;
	fe_fold(r, t);
}
#else
CURVE_HOT static inline void
fe_mul(limb r[FE_LIMBS], const limb a[FE_LIMBS], const limb b[FE_LIMBS])
{
	const limb a0 = a[0], a1 = a[1], a2 = a[2], a3 = a[3], a4 = a[4];
	const limb b0 = b[0], b1 = b[1], b2 = b[2], b3 = b[3], b4 = b[4];
	const limb c1 = b1 * 19, c2 = b2 * 19, c3 = b3 * 19, c4 = b4 * 19;
	wide t;

	t = (wide)a0 * b0 + (wide)a1 * c4 + (wide)a2 * c3 + (wide)a3 * c2 + (wide)a4 * c1;
	r[0] = (limb)t & FE_MASK;
	t = (t >> FE_BITS) + (wide)a0 * b1 + (wide)a1 * b0 + (wide)a2 * c4 + (wide)a3 * c3 +
	    (wide)a4 * c2;
	r[1] = (limb)t & FE_MASK;
	t = (t >> FE_BITS) + (wide)a0 * b2 + (wide)a1 * b1 + (wide)a2 * b0 + (wide)a3 * c4 +
	    (wide)a4 * c3;
	r[2] = (limb)t & FE_MASK;
	t = (t >> FE_BITS) + (wide)a0 * b3 + (wide)a1 * b2 + (wide)a2 * b1 + (wide)a3 * b0 +
	    (wide)a4 * c4;
	r[3] = (limb)t & FE_MASK;
	t = (t >> FE_BITS) + (wide)a0 * b4 + (wide)a1 * b3 + (wide)a2 * b2 + (wide)a3 * b1 +
	    (wide)a4 * b0;
	fe_fold(r, t);
}

CURVE_HOT static inline void
fe_sqr(limb r[FE_LIMBS], const limb a[FE_LIMBS])
{
	const limb a0 = a[0], a1 = a[1], a2 = a[2], a3 = a[3], a4 = a[4];
	const limb d0 = 2 * a0, d1 = 2 * a1, c3 = a3 * 19, c4 = a4 * 19;
	wide t;

	t = (wide)a0 * a0 + (wide)d1 * c4 + (wide)(2 * a2) * c3;
	r[0] = (limb)t & FE_MASK;
	t = (t >> FE_BITS) + (wide)d0 * a1 + (wide)(2 * a2) * c4 + (wide)a3 * c3;
	r[1] = (limb)t & FE_MASK;
	t = (t >> FE_BITS) + (wide)d0 * a2 + (wide)a1 * a1 + (wide)(2 * a3) * c4;
	r[2] = (limb)t & FE_MASK;
	t = (t >> FE_BITS) + (wide)d0 * a3 + (wide)d1 * a2 + (wide)a4 * c4;
	r[3] = (limb)t & FE_MASK;
	t = (t >> FE_BITS) + (wide)d0 * a4 + (wide)d1 * a3 + (wide)a2 * a2;
	fe_fold(r, t);
}
#endif

/* Ends a sum that was carried limb by limb, t being over the top limb. */
CURVE_HOT static inline void
fe_wrap(limb r[FE_LIMBS], limb t)
{
	t = (t << FE_BITS) + r[FE_LIMBS - 1];
	r[FE_LIMBS - 1] = t & FE_TOP_MASK;
	r[0] += (t >> FE_TOP) * 19;
}

/* sum = a + b, difference = a - b; they may be a or b. */
CURVE_HOT static inline void
fe_split(limb sum[FE_LIMBS], limb difference[FE_LIMBS], const limb a[FE_LIMBS],
	const limb b[FE_LIMBS])
{
	limb t = 0, x, y;
	int i;

	for (i = 0; i < FE_LIMBS; i++) {
		x = a[i];
		y = b[i];
		t += x + y;
		sum[i] = t & FE_MASK;
		t >>= FE_BITS;
		difference[i] = x + fe_twice_p(i) - y;
	}
	fe_wrap(sum, t);
}

/* difference = a - b, r = a + n * difference for a small n; the difference may be b. */
CURVE_HOT static inline void
fe_sub_and_mul(limb r[FE_LIMBS], limb difference[FE_LIMBS], const limb a[FE_LIMBS],
	const limb b[FE_LIMBS], limb n)
{
	wide t = 0;
	limb x, y;
	int i;

	for (i = 0; i < FE_LIMBS; i++) {
		x = a[i];
		y = x + fe_twice_p(i) - b[i];
		difference[i] = y;
		t = t + x + (wide)y * n;
		if (i == FE_LIMBS - 1)
			break;
		r[i] = (limb)t & FE_MASK;
		t >>= FE_BITS;
	}
	fe_fold(r, t);
}

/* r + n, with every limb inside its bits; what is over the top is dropped by `last`, else comes back 19 times. */
static inline void
fe_carry(limb r[FE_LIMBS], limb n, int last)
{
	int i;

	for (i = 0; i < FE_LIMBS - 1; i++) {
		n += r[i];
		r[i] = n & FE_MASK;
		n >>= FE_BITS;
	}
	n += r[i];
	r[i] = n & FE_TOP_MASK;
	if (!last)
		r[0] += 19 * (n >> FE_TOP);
}

#endif
