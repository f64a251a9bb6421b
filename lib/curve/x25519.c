/*
 * x25519: the Montgomery ladder of RFC 7748 section 5 over field25519.h.  See x25519.h.
 */
#include "lib/curve/x25519.h"

#include <string.h>
#include "lib/base/pool.h"
#include "lib/curve/field25519.h"

/* 255 bits, little endian; the top bit of the last byte is not looked at. */
static void
unpack(limb r[FE_LIMBS], const unsigned char in[X25519_SIZE])
{
	int bits = 0, i, next = 0;
	uint64_t t = 0;

	for (i = 0; i < FE_LIMBS; i++) {
		/* 51 bits and what is left of a byte: t holds at most 58 */
		while (bits < FE_BITS && next < X25519_SIZE) {
			t |= (uint64_t)in[next++] << bits;
			bits += 8;
		}
		r[i] = (limb)(t & (uint64_t)FE_MASK);
		t >>= FE_BITS;
		bits -= FE_BITS;
	}
	r[FE_LIMBS - 1] &= FE_TOP_MASK;
}

/* The one representative below p.  Two carries leave 0 <= r < 2^255 in value; then q says whether r >= p. */
static void
pack(unsigned char out[X25519_SIZE], limb r[FE_LIMBS])
{
	limb q = 19;
	int bits = 0, i, next = 0;
	uint64_t t = 0;

	fe_carry(r, 0, 0);
	fe_carry(r, 0, 0);
	for (i = 0; i < FE_LIMBS - 1; i++)
		q = (q + r[i]) >> FE_BITS;
	q = (q + r[i]) >> FE_TOP;
	fe_carry(r, 19 * q, 1);
	for (i = 0; i < FE_LIMBS; i++) {
		t |= (uint64_t)r[i] << bits;
		bits += i < FE_LIMBS - 1 ? FE_BITS : FE_TOP + 1;
		for (; bits >= 8; bits -= 8) {
			out[next++] = (unsigned char)t;
			t >>= 8;
		}
	}
}

CURVE_HOT static void
square_times(limb r[FE_LIMBS], int n)
{
	while (n-- > 0)
		fe_sqr(r, r);
}

/* r = a^(p - 2), which is 1/a, and 0 for 0.  p - 2 is 250 ones and then 01011; x_n is a^(2^n - 1). */
static void
invert(limb r[FE_LIMBS], const limb a[FE_LIMBS])
{
	/* x_n = x_(n - shift)^(2^shift) * x_shift, where x_shift is one of those kept */
	static const struct {
		unsigned char shift, with, keep;
	} chain[] = { { 1, 0, 1 }, { 2, 1, 2 }, { 1, 0, 1 }, { 5, 1, 2 }, { 10, 2, 3 },
		{ 20, 3, 4 }, { 10, 2, 2 }, { 50, 2, 3 }, { 100, 3, 4 }, { 50, 2, 4 } };
	limb kept[5][FE_LIMBS], t[FE_LIMBS], a2[FE_LIMBS], a11[FE_LIMBS];
	size_t i;

	memcpy(kept[0], a, sizeof kept[0]);
	memcpy(t, a, sizeof t);
	for (i = 0; i < sizeof chain / sizeof chain[0]; i++) {
		square_times(t, chain[i].shift);
		fe_mul(t, t, kept[chain[i].with]);
		memcpy(kept[chain[i].keep], t, sizeof t);
	}
	fe_sqr(a2, a);
	fe_sqr(a11, a2);
	fe_sqr(a11, a11);
	fe_mul(a11, a11, a2);
	fe_mul(a11, a11, a);
	square_times(t, 5);
	fe_mul(r, t, a11);
}

struct ladder {
	limb x1[FE_LIMBS], x2[FE_LIMBS], z2[FE_LIMBS], x3[FE_LIMBS], z3[FE_LIMBS];
	limb a[FE_LIMBS], b[FE_LIMBS], c[FE_LIMBS], d[FE_LIMBS];
	unsigned char scalar[X25519_SIZE];
};

/* Exchanges the two points if mask is all ones, and takes of each the sum a, c and the difference b, d of its numbers. */
CURVE_HOT static void
swap_and_split(struct ladder *l, limb mask)
{
	limb x2, z2, x3, z3, x, z, t2 = 0, t3 = 0;
	int i;

	for (i = 0; i < FE_LIMBS; i++) {
		x2 = l->x2[i];
		x3 = l->x3[i];
		z2 = l->z2[i];
		z3 = l->z3[i];
		x = mask & (x2 ^ x3);
		z = mask & (z2 ^ z3);
		x2 ^= x;
		x3 ^= x;
		z2 ^= z;
		z3 ^= z;
		t2 += x2 + z2;
		l->a[i] = t2 & FE_MASK;
		t2 >>= FE_BITS;
		l->b[i] = x2 + fe_twice_p(i) - z2;
		t3 += x3 + z3;
		l->c[i] = t3 & FE_MASK;
		t3 >>= FE_BITS;
		l->d[i] = x3 + fe_twice_p(i) - z3;
	}
	fe_wrap(l->a, t2);
	fe_wrap(l->c, t3);
}

/* (x2 : z2) is doubled and (x3 : z3) becomes their sum, whose difference is x1; before that they change places if `swap`
 * is 1. */
CURVE_HOT static void
step(struct ladder *l, unsigned swap)
{
	limb mask = (limb)0 - (limb)swap;

	/* what the compiler knows of a mask it may make a branch of */
	__asm__("" : "+r"(mask));
	swap_and_split(l, mask);
	fe_mul(l->d, l->d, l->a);
	fe_mul(l->c, l->c, l->b);
	fe_sqr(l->a, l->a);
	fe_sqr(l->b, l->b);
	fe_mul(l->x2, l->a, l->b);
	fe_sub_and_mul(l->a, l->b, l->a, l->b, 121665);
	fe_mul(l->z2, l->a, l->b);
	fe_split(l->x3, l->z3, l->d, l->c);
	fe_sqr(l->x3, l->x3);
	fe_sqr(l->z3, l->z3);
	fe_mul(l->z3, l->z3, l->x1);
}

int
x25519(unsigned char out[X25519_SIZE], const unsigned char scalar[X25519_SIZE],
	const unsigned char u[X25519_SIZE])
{
	struct ladder l = { 0 };
	unsigned bit, last = 0, any = 0;
	int i;

	memcpy(l.scalar, scalar, X25519_SIZE);
	l.scalar[0] &= 0xf8;
	l.scalar[31] = (unsigned char)((l.scalar[31] & 0x7f) | 0x40);
	unpack(l.x1, u);
	memcpy(l.x3, l.x1, sizeof l.x3);
	l.x2[0] = l.z3[0] = 1;
	for (i = 254; i >= 0; i--) {
		bit = (unsigned)l.scalar[i / 8] >> (i % 8) & 1;
		step(&l, bit ^ last);
		last = bit;
	}
	/* the last bit of a scalar is 0: nothing is left to exchange */
	invert(l.z2, l.z2);
	fe_mul(l.x2, l.x2, l.z2);
	pack(out, l.x2);
	pool_wipe(&l, sizeof l);
	for (i = 0; i < X25519_SIZE; i++)
		any |= out[i];
	return any == 0 ? -1 : 0;
}

void
x25519_base(unsigned char out[X25519_SIZE], const unsigned char scalar[X25519_SIZE])
{
	static const unsigned char nine[X25519_SIZE] = { 9 };

	/* never of small order */
	(void)x25519(out, scalar, nine);
}
