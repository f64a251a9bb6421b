/*
 * point: points of y^2 = x^3 - 3x + b in Jacobian coordinates, (X / Z^2, Y / Z^3), in terms of one field.
 *
 * Included by curve.h, after a field.  An element is *tidy* when it comes from fe_mul, fe_sqr or fe_tidy; the functions of
 * points take and give tidy ones.  test/curve/bounds_nist.cc compiles this file with
 * intervals for limbs, and shows that nothing here passes the bounds of its type, however often it is applied.
 * All of it is in constant time.
 */
#ifndef POINT_H
#define POINT_H

struct point {
	struct fe x, y, z;
};

struct affine {
	struct fe x, y;
};

CURVE_HOT static void
fe_add(struct fe *r, const struct fe *a, const struct fe *b)
{
#pragma GCC unroll 16
	for (int i = 0; i < FE_LIMBS; i++)
		r->v[i] = a->v[i] + b->v[i];
}

CURVE_HOT static void
fe_sub(struct fe *r, const struct fe *a, const struct fe *b)
{
#pragma GCC unroll 16
	for (int i = 0; i < FE_LIMBS; i++)
		r->v[i] = a->v[i] - b->v[i];
}

/* Carries, and takes away so many p that what stays lies about 0 to p: limbs are in [0, 2^FE_BITS) again, or a little
 * beside it. */
CURVE_HOT static void
fe_tidy(struct fe *r)
{
	fe_limb carry = 0;

#pragma GCC unroll 16
	for (int i = 0; i < FE_LIMBS - 1; i++) {
		fe_limb v = r->v[i] + carry;

		r->v[i] = v & FE_MASK;
		carry = v >> FE_BITS;
	}
	carry += r->v[FE_LIMBS - 1];
	r->v[FE_LIMBS - 1] = carry & (((fe_limb)1 << FE_TOP) - 1);
	fe_fold(r, carry >> FE_TOP);
}

/* a = -a, tidy. */
static void
fe_negate(struct fe *a)
{
	for (int i = 0; i < FE_LIMBS; i++)
		a->v[i] = -a->v[i];
	fe_tidy(a);
}

/* r = 2 * p; r may be p.  Infinity (z = 0) stays infinity. */
static void
point_double(struct point *r, const struct point *p)
{
	struct fe delta, gamma, beta, alpha, t;

	fe_sqr(&delta, &p->z);
	fe_sqr(&gamma, &p->y);
	fe_add(&gamma, &gamma, &gamma);
	fe_tidy(&gamma);             /* 2y^2 */
	fe_mul(&beta, &p->x, &gamma); /* 2xy^2 */
	fe_add(&t, &p->x, &delta);
	fe_sub(&alpha, &p->x, &delta);
	fe_mul(&t, &t, &alpha);
	fe_add(&alpha, &t, &t);
	fe_add(&alpha, &alpha, &t);
	fe_tidy(&alpha); /* 3(x - z^2)(x + z^2) */
	fe_add(&t, &p->y, &p->y);
	fe_mul(&r->z, &t, &p->z);
	fe_add(&beta, &beta, &beta); /* 4xy^2 */
	fe_sqr(&t, &alpha);
	fe_sub(&t, &t, &beta);
	fe_sub(&r->x, &t, &beta);
	fe_tidy(&r->x);
	fe_sub(&t, &beta, &r->x);
	fe_mul(&t, &t, &alpha);
	fe_sqr(&gamma, &gamma); /* 4y^4 */
	fe_sub(&t, &t, &gamma);
	fe_sub(&r->y, &t, &gamma);
	fe_tidy(&r->y);
}

/*
 * The end of an addition of (x1, y1) and a point to which h and s lead (x2 = x1 + h, y2 = y1 + s, all on a common z).
 * Writes x and y; z is the caller's.
 */
static void
point_finish(struct point *r, const struct fe *x1, const struct fe *y1, const struct fe *h,
	const struct fe *s)
{
	struct fe hh, hhh, v, t;

	fe_sqr(&hh, h);
	fe_mul(&hhh, &hh, h);
	fe_mul(&v, x1, &hh);
	fe_mul(&hh, y1, &hhh);
	fe_sqr(&t, s);
	fe_sub(&t, &t, &hhh);
	fe_sub(&t, &t, &v);
	fe_sub(&r->x, &t, &v);
	fe_tidy(&r->x);
	fe_sub(&t, &v, &r->x);
	fe_mul(&t, &t, s);
	fe_sub(&r->y, &t, &hh);
	fe_tidy(&r->y);
}

/* What tells an exceptional addition: h = 0 is the same x, s = 0 the same y. */
struct slope {
	struct fe h, s;
};

/* r = p + q where neither is infinity and q is not p nor -p; r may be p.  In constant time. */
static void
point_add_affine(struct point *r, const struct point *p, const struct affine *q, struct slope *k)
{
	struct fe t, u;

	fe_sqr(&t, &p->z);
	fe_mul(&u, &q->x, &t);
	fe_sub(&k->h, &u, &p->x);
	fe_mul(&t, &t, &p->z);
	fe_mul(&u, &q->y, &t);
	fe_sub(&k->s, &u, &p->y);
	fe_mul(&r->z, &p->z, &k->h);
	point_finish(r, &p->x, &p->y, &k->h, &k->s);
}

/* The same for a point that is not affine. */
static void
point_add(struct point *r, const struct point *p, const struct point *q, struct slope *k)
{
	struct fe t, u, x1, y1;

	fe_sqr(&t, &q->z);
	fe_mul(&x1, &p->x, &t);
	fe_mul(&t, &t, &q->z);
	fe_mul(&y1, &p->y, &t);
	fe_sqr(&t, &p->z);
	fe_mul(&u, &q->x, &t);
	fe_sub(&k->h, &u, &x1);
	fe_mul(&t, &t, &p->z);
	fe_mul(&u, &q->y, &t);
	fe_sub(&k->s, &u, &y1);
	fe_mul(&t, &p->z, &q->z);
	fe_mul(&r->z, &t, &k->h);
	point_finish(r, &x1, &y1, &k->h, &k->s);
}

/* t = x^3 - 3x + b - y^2. */
static void
point_equation(struct fe *t, const struct affine *a, const struct fe *b)
{
	struct fe u;

	fe_sqr(t, &a->x);
	fe_mul(t, t, &a->x);
	fe_add(&u, &a->x, &a->x);
	fe_add(&u, &u, &a->x);
	fe_sub(t, t, &u);
	fe_tidy(t);
	fe_add(t, t, b);
	fe_tidy(t);
	fe_sqr(&u, &a->y);
	fe_sub(t, t, &u);
}

#endif
