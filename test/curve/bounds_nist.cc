/*
 * bounds: no operation on points passes the bounds of its types, whatever comes, however often.
 *
 *     bounds NAME      prints "NAME: N passed, N failed"
 *
 * The fields and point.inc are compiled as they are, as C++, with classes in place of fe_limb and fe_wide that hold an
 * interval each: every operator gives the interval of its results, and ends the program's good opinion where that does
 * not fit the type.  What one operation gives is what the next one takes, so the intervals of a tidy point grow until
 * nothing grows any more: then they hold for any number of operations in any order.
 * -DCURVE=256, 384 or 521; with -DCURVE_64 the wide form, else the narrow one.  No C++ library is used.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

typedef __int128 big;

static unsigned passed, failed;

static void
want(bool good, const char *what)
{
	if (good) {
		passed++;
		return;
	}
	if (failed++ < 10)
		fprintf(stderr, "out of bounds: %s\n", what);
}

/* What is added to a sum of a column that fits 127 bits must not pass 128. */
static const big UNBOUNDED = (big)1 << 126;

static big
small_enough(big v, const char *what)
{
	want(v < UNBOUNDED && v > -UNBOUNDED, what);
	return v < UNBOUNDED && v > -UNBOUNDED ? v : 0;
}

static big
absolute(big v)
{
	return v < 0 ? -v : v;
}

/* A product that can't overflow 128 bits, or a complaint. */
static big
times(big a, big b)
{
	big x = absolute(a), y = absolute(b);

	if (x != 0 && y > UNBOUNDED / x)
		return small_enough(UNBOUNDED, "product");
	return a * b;
}

struct interval {
	big lo, hi;
};

static interval
multiply(interval a, interval b)
{
	big p[4] = { times(a.lo, b.lo), times(a.lo, b.hi), times(a.hi, b.lo), times(a.hi, b.hi) };
	interval r = { p[0], p[0] };

	for (int i = 1; i < 4; i++) {
		if (p[i] < r.lo)
			r.lo = p[i];
		if (p[i] > r.hi)
			r.hi = p[i];
	}
	return r;
}

#ifdef CURVE_64
static const int LIMB_TYPE = 64, WIDE_TYPE = 127;
#else
static const int LIMB_TYPE = 32, WIDE_TYPE = 64;
#endif

/* Does it fit a signed type of so many bits? */
static interval
fits(interval v, int bits, const char *what)
{
	big end = (big)1 << (bits - 1);

	want(v.lo >= -end && v.hi < end, what);
	if (v.lo < -end)
		v.lo = -end;
	if (v.hi >= end)
		v.hi = end - 1;
	return v;
}

/* `& mask` for a mask of ones at the end: nothing changes where the value is within, else anything within comes. */
static interval
masked(interval v, big mask)
{
	want((mask & (mask + 1)) == 0, "a mask of another kind");
	if (v.lo >= 0 && v.hi <= mask)
		return v;
	return interval{ 0, mask };
}

struct wide {
	interval v;
	wide(int n) : v{ n, n } {}
	explicit wide(interval i) : v(fits(i, WIDE_TYPE, "sum of a column")) {}
	explicit wide(struct limb a);
	wide &operator+=(wide o) { return *this = wide(interval{ v.lo + o.v.lo, v.hi + o.v.hi }); }
	wide &operator>>=(int n) { return *this = wide(interval{ v.lo >> n, v.hi >> n }); }
};

/* A cast from wide cuts, so what it gives may be out of bounds, until it is used for anything but a mask. */
struct limb {
	interval v;
	limb() : v{ 0, 0 } {}
	limb(int n) : v{ n, n } {}
	explicit limb(wide w) : v(w.v) {}
	explicit limb(interval i) : v(fits(i, LIMB_TYPE, "limb")) {}
	interval use() const { return fits(v, LIMB_TYPE, "cut limb"); }
};

wide::wide(limb a) : v(a.use()) {}

static limb
operator+(limb a, limb b)
{
	return limb(interval{ a.use().lo + b.use().lo, a.use().hi + b.use().hi });
}

static limb
operator-(limb a, limb b)
{
	return limb(interval{ a.use().lo - b.use().hi, a.use().hi - b.use().lo });
}

static limb operator-(limb a) { return limb(0) - a; }
static limb operator*(limb a, limb b) { return limb(multiply(a.use(), b.use())); }
static limb operator*(int a, limb b) { return limb(a) * b; }
static limb operator<<(limb a, int n) { return limb(multiply(a.use(), interval{ (big)1 << n, (big)1 << n })); }
static limb operator>>(limb a, int n) { return limb(interval{ a.use().lo >> n, a.use().hi >> n }); }
static limb operator&(limb a, limb mask) { return limb(masked(a.v, mask.use().lo)); }
static limb &operator+=(limb &a, limb b) { return a = a + b; }
static limb &operator-=(limb &a, limb b) { return a = a - b; }
static wide operator*(wide a, limb b) { return wide(multiply(a.v, b.use())); }
static wide operator<<(wide a, int n) { return a * (limb(1) << n); }

/* field.h, in other words */
#define FIELD_H
#define CURVE_HOT
#define fe_limb limb
#define fe_wide wide
#define FACTOR(t) limb(masked(interval{ -1, 0 }, limb(FE_MASK).v.lo)) /* anything in a limb */

#if CURVE == 256
#include "lib/curve/field256.inc"
#elif CURVE == 384
#include "lib/curve/field384.inc"
#else
#include "lib/curve/field521.inc"
#endif
#include "lib/curve/point.inc"

static void
widen(fe *all, const fe *a)
{
	for (int i = 0; i < FE_LIMBS; i++) {
		interval v = a->v[i].use();

		if (v.lo < all->v[i].v.lo)
			all->v[i].v.lo = v.lo;
		if (v.hi > all->v[i].v.hi)
			all->v[i].v.hi = v.hi;
	}
}

static bool
same(const fe *a, const fe *b)
{
	for (int i = 0; i < FE_LIMBS; i++)
		if (a->v[i].v.lo != b->v[i].v.lo || a->v[i].v.hi != b->v[i].v.hi)
			return false;
	return true;
}

/* What curve.inc relies on beside: |h|, |s| and what is left of the equation are below 3p, since fe_is_zero looks for no
 * other multiples; and a tidy element is below R, so that fe_canonical's product is in 0 to p. */
static void
check_value(const fe *a, int multiple, const char *what)
{
	limb top = a->v[FE_LIMBS - 1];
	big end = (big)multiple << FE_TOP;

	/* the limbs below the last are worth two of its units at most, either way */
	want(top.use().lo > -end + 2 && top.use().hi < end - 2, what);
}

/* All that is done with points, once, from elements within `tidy`; it grows to what comes out. */
static void
operate(fe *tidy)
{
	fe t = *tidy, one;
	slope k;

	fe_negate(&t);
	widen(tidy, &t);
	const point p = { *tidy, *tidy, *tidy };
	const affine q = { *tidy, *tidy };
	point r;

	for (int i = 0; i < 4; i++) {
		if (i == 0) {
			point_double(&r, &p);
		} else if (i == 1) {
			point_add(&r, &p, &p, &k);
		} else if (i == 2) {
			point_add_affine(&r, &p, &q, &k);
		} else {
			point_equation(&t, &q, tidy);
			check_value(&t, 3, "equation");
			break;
		}
		widen(tidy, &r.x);
		widen(tidy, &r.y);
		widen(tidy, &r.z);
		if (i > 0) {
			check_value(&k.h, 3, "h");
			check_value(&k.s, 3, "s");
		}
	}
	one.v[0] = 1;
	fe_mul(&t, tidy, &one); /* fe_canonical */
	fe_mul(&t, tidy, tidy); /* everything else */
	widen(tidy, &t);
	fe_sqr(&t, tidy);
	widen(tidy, &t);
	fe_tidy(&t);
	widen(tidy, &t);
	check_value(tidy, 1 << (FE_LIMBS * FE_BITS - FE_BITS * (FE_LIMBS - 1) - FE_TOP), "R");
}

int
main(int argc, char **argv)
{
	fe tidy, before;
	int rounds = 0;

	/* what fe_load gives: a number below p, times 2^FE_SHIFT from a table */
	for (int i = 0; i < FE_LIMBS; i++)
		tidy.v[i] = limb(masked(interval{ -1, 0 }, limb(FE_MASK).v.lo));
	tidy.v[FE_LIMBS - 1] = limb(interval{ 0, ((big)1 << (FE_TOP + FE_SHIFT)) - 1 });
	if (FE_SHIFT > 1)
		fe_tidy(&tidy); /* as affine_load does */
	do {
		before = tidy;
		operate(&tidy);
	} while (failed == 0 && !same(&before, &tidy) && ++rounds < 1000);
	want(rounds < 1000, "the intervals don't settle");
	printf("%s: %u passed, %u failed\n", argc > 1 ? argv[1] : "bounds", passed, failed);
	return failed != 0;
}
