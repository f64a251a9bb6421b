/*
 * field521: the field of P-521 in one of two forms.  Included by p521.c alone; see field256.h.
 *
 * p = 2^521 - 1, R = 2^532 in the narrow form and 2^540 in the wide one.  Certificates on this curve are rare: loops
 * instead of named limbs take half as long again and a fifth of the room.
 */
#ifndef FIELD521_H
#define FIELD521_H

#include "lib/curve/field.h"

enum { FE_WORDS = 17, FE_BYTES = 66 };

#ifdef CURVE_64
enum { FE_LIMBS = 9, FE_BITS = 60, FE_TOP = 41, FE_SHIFT = 8 };
#else
enum { FE_LIMBS = 19, FE_BITS = 28, FE_TOP = 17, FE_SHIFT = 0 };
#endif

#define FE_MASK (((fe_limb)1 << FE_BITS) - 1)
#define FE_LOW  ((fe_limb)-1)

struct fe {
	fe_limb v[FE_LIMBS];
};

CURVE_HOT static void
fe_mul(struct fe *r, const struct fe *a, const struct fe *b)
{
	const int last = FE_LIMBS - 1;
	fe_limb m[FE_LIMBS];
	struct fe out;
	fe_wide t = 0;
	int k, i;

	for (k = 0; k <= last; k++) {
		for (i = 0; i <= k; i++)
			t += (fe_wide)a->v[i] * b->v[k - i];
		if (k == last)
			t += (fe_wide)m[0] << FE_TOP;
		m[k] = (fe_limb)t & FE_MASK;
		t >>= FE_BITS;
	}
	for (k = 1; k <= last; k++) {
		for (i = k; i <= last; i++)
			t += (fe_wide)a->v[i] * b->v[last + k - i];
		t += (fe_wide)m[k] << FE_TOP;
		out.v[k - 1] = (fe_limb)t & FE_MASK;
		t >>= FE_BITS;
	}
	out.v[last] = (fe_limb)t;
	*r = out;
}

static void
fe_sqr(struct fe *r, const struct fe *a)
{
	fe_mul(r, a, a);
}

/* Adds c * (2^521 - p). */
static inline void
fe_fold(struct fe *r, fe_limb c)
{
	r->v[0] += c;
}

#endif
