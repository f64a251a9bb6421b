// bounds25519: lib/curve/field25519.h run over intervals.  The very text that is compiled for limbs is compiled here for ranges
// of them: whatever a limb or a product could hold is followed, and what does not fit its type is reported.
// Usage: bounds25519; prints "bounds-25519-BITS: N passed, N failed".
#include <stdio.h>
#include "lib/curve/word.h"

typedef __int128 number; // wide enough for every bound that is met here; a sum over it is a failure as well

static bool overflowed;

// A range of a type of `BITS` bits.  `cut`: the type was too small and only low bits are meant, so a mask must follow.
template <int BITS, bool SIGNED> struct range {
	number low, high;
	bool cut;

	range(number l, number h, bool c = false) : low(l), high(h), cut(c)
	{
		if (!cut && !fits(low, high))
			overflowed = true;
	}
	range() : range(0, 0)
	{
	}
	range(int n) : range((number)n, (number)n)
	{
	}
	template <int B, bool S>
	explicit range(const range<B, S> &o) : range(o.low, o.high, B > BITS && !fits(o.low, o.high))
	{
		if (o.cut)
			overflowed = true;
	}
	static bool fits(number l, number h)
	{
		const number top = (number)1 << (BITS > 120 ? 120 : SIGNED ? BITS - 1 : BITS);
		return l >= (SIGNED ? -top : 0) && h < top;
	}
	range whole() const
	{
		if (cut)
			overflowed = true;
		return *this;
	}
	range operator+(const range &o) const
	{
		return range(whole().low + o.whole().low, high + o.high);
	}
	range operator-(const range &o) const
	{
		return range(whole().low - o.whole().high, high - o.low);
	}
	range operator*(const range &o) const
	{
		const number p[] = { whole().low * o.whole().low, low * o.high, high * o.low, high * o.high };
		number l = p[0], h = p[0];

		for (number n : p) {
			l = n < l ? n : l;
			h = n > h ? n : h;
		}
		return range(l, h);
	}
	range operator*(int n) const
	{
		return *this * range(n);
	}
	friend range operator*(int n, const range &o)
	{
		return range(n) * o;
	}
	range operator-(int n) const
	{
		return *this - range(n);
	}
	// A mask is one number, 2^n - 1.
	range operator&(const range &mask) const
	{
		if (mask.low != mask.high || (mask.low & (mask.low + 1)) != 0)
			overflowed = true;
		return !cut && low >= 0 && high <= mask.low ? *this : range(0, mask.low);
	}
	range operator>>(int n) const
	{
		return range(whole().low >> n, high >> n);
	}
	range operator<<(int n) const
	{
		return *this * range((number)1 << n, (number)1 << n);
	}
	range &operator+=(const range &o)
	{
		return *this = *this + o;
	}
	range &operator>>=(int n)
	{
		return *this = *this >> n;
	}
	void widen(const range &o)
	{
		low = o.low < low ? o.low : low;
		high = o.high > high ? o.high : high;
	}
};

#define FE_TYPES
#if CURVE_BITS == 32
typedef range<32, true> limb;
typedef range<64, true> wide;
#else
typedef range<64, false> limb;
typedef range<128, false> wide;
#endif
// Mixed sums mean the wider type, as in C.
static wide
operator*(const wide &a, const limb &b)
{
	return a * wide(b);
}
static wide
operator+(const wide &a, const limb &b)
{
	return a + wide(b);
}
static wide
operator+(const limb &a, const wide &b)
{
	return wide(a) + b;
}
#include "lib/curve/field25519.h"

static unsigned passed, failed;

static void
check(bool good, const char *what)
{
	if (good) {
		passed++;
	} else {
		failed++;
		fprintf(stderr, "bounds: failed: %s\n", what);
	}
}

struct element {
	limb l[FE_LIMBS];
};

// All that a product, a sum or the ends of a step can be, of factors that are `tight` or a difference of two such.
static void
run(element *tight)
{
	element d, e, r;
	const element *factors[] = { tight, &d };

	fe_split(r.l, d.l, tight->l, tight->l);
	element grown = r;
	for (const element *a : factors) {
		fe_sqr(r.l, a->l);
		for (int i = 0; i < FE_LIMBS; i++)
			grown.l[i].widen(r.l[i]);
		for (const element *b : factors) {
			fe_mul(r.l, a->l, b->l);
			for (int i = 0; i < FE_LIMBS; i++)
				grown.l[i].widen(r.l[i]);
		}
	}
	fe_sub_and_mul(r.l, e.l, tight->l, tight->l, 121665);
	for (int i = 0; i < FE_LIMBS; i++) {
		check(e.l[i].low >= d.l[i].low && e.l[i].high <= d.l[i].high, "a difference is a difference");
		grown.l[i].widen(r.l[i]);
		tight->l[i].widen(grown.l[i]);
	}
}

// From what is read from a peer until nothing grows any more.
static bool
settle(element *tight)
{
	for (int i = 0; i < FE_LIMBS; i++)
		tight->l[i] = limb(0, ((number)1 << (i < FE_LIMBS - 1 ? FE_BITS : FE_TOP)) - 1);
	for (int round = 0; round < 20; round++) {
		const element before = *tight;
		bool same = true;

		run(tight);
		for (int i = 0; i < FE_LIMBS; i++)
			same = same && before.l[i].low == tight->l[i].low && before.l[i].high == tight->l[i].high;
		if (same)
			return true;
	}
	return false;
}

int
main()
{
	element tight, r, loose;

	check(settle(&tight), "the bounds settle");
	check(!overflowed, "no limb, no product overflows");
	// what pack does before it writes
	r = tight;
	fe_carry(r.l, 0, 0);
	fe_carry(r.l, 0, 0);
	fe_carry(r.l, limb(0, 19), 1);
	check(!overflowed, "no carry overflows");
	for (int i = 0; i < FE_LIMBS; i++)
		check(r.l[i].low >= 0 && r.l[i].high <= ((number)1 << (i < FE_LIMBS - 1 ? FE_BITS : FE_TOP)) - 1,
			"what is written lies inside its bits");
	// the control: factors eight times as large have to be reported
	for (int i = 0; i < FE_LIMBS; i++)
		loose.l[i] = limb(tight.l[i].low * (CURVE_BITS == 32 ? 3 : 1 << 11),
			tight.l[i].high * (CURVE_BITS == 32 ? 3 : 1 << 11));
	check(!overflowed, "the control fits its type");
	fe_mul(r.l, loose.l, loose.l);
	check(overflowed, "factors that are too large are reported");
	printf("bounds-25519-%d: %u passed, %u failed\n", CURVE_BITS, passed, failed);
	return failed != 0;
}
