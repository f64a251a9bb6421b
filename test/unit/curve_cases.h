/*
 * curve_cases: what must hold on any of the curves.  Included by a curve's unit test, after the curve's own file, so that
 * it sees the points and scalars inside.  The odd cases are made, not hoped for: signatures are computed from the two
 * scalars that a verification is to find in them.
 */
#ifndef CURVE_CASES_H
#define CURVE_CASES_H

#include "test/unit/check.h"

enum { SIG_BYTES = 2 * FE_BYTES };

static void
bytes_from_hex(unsigned char *out, const char *hex)
{
	unsigned byte;

	for (; hex[0] != '\0'; hex += 2) {
		if (sscanf(hex, "%2x", &byte) != 1)
			abort();
		*out++ = (unsigned char)byte;
	}
}

/* n + k, for a small k of either sign. */
static void
near_order(uint32_t w[FE_WORDS], int k)
{
	int64_t t = k;

	for (int i = 0; i < FE_WORDS; i++) {
		t += curve_n[i];
		w[i] = (uint32_t)t;
		t >>= 32;
	}
}

/* k, or n + k for a negative one. */
static void
small_scalar(uint32_t w[FE_WORDS], int k)
{
	memset(w, 0, FE_BYTES);
	for (int i = 0; i < FE_WORDS; i++)
		w[i] = 0;
	if (k < 0)
		near_order(w, k);
	else
		w[0] = (uint32_t)k;
}

static void
scalar_bytes(unsigned char out[FE_BYTES], int k)
{
	uint32_t w[FE_WORDS];

	small_scalar(w, k);
	words_store(out, FE_BYTES, w);
}

/* The signature whose verification with the key d * G computes u1 * G + u2 * Q.  False: that is infinity, and r is 1. */
static bool
sign_for(unsigned char sig[SIG_BYTES], unsigned char hash[FE_BYTES], unsigned char pub[POINT_BYTES],
	int d, int u1, int u2)
{
	unsigned char point[POINT_BYTES];
	uint32_t a[FE_WORDS], b[FE_WORDS], q[FE_WORDS], r[FE_WORDS] = { 1 };
	bool finite;

	small_scalar(q, d);
	curve_base_store(pub, q);
	small_scalar(a, u1);
	small_scalar(b, u2);
	words_multiply(q, q, b, curve_n, curve_nn, FE_WORDS);
	words_add(q, a, curve_n, FE_WORDS);
	finite = words_zero(q, FE_WORDS) == 0;
	if (finite) {
		curve_base_store(point, q);
		words_load(r, FE_WORDS, point + 1, FE_BYTES);
		words_reduce(r, curve_n, FE_WORDS);
	}
	words_store(sig, FE_BYTES, r);
	words_invert(b, b, curve_n, FE_WORDS);
	words_multiply(b, b, r, curve_n, curve_nn, FE_WORDS);
	words_store(sig + FE_BYTES, FE_BYTES, b);
	words_multiply(a, a, b, curve_n, curve_nn, FE_WORDS);
	words_store(hash, FE_BYTES, a);
	return finite;
}

/* P = Q, P = -Q, infinity in the middle and at the end, by keys that are small multiples of G. */
static void
test_exceptional(void)
{
	static const int keys[] = { 1, -1, 3, -2 }, firsts[] = { 0, 1, 2, 17, -1, -2 },
			 seconds[] = { 1, 2, 17, -1, -16 };
	unsigned char sig[SIG_BYTES], hash[FE_BYTES], pub[POINT_BYTES];

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		for (size_t j = 0; j < sizeof firsts / sizeof *firsts; j++)
			for (size_t k = 0; k < sizeof seconds / sizeof *seconds; k++) {
				bool finite = sign_for(
					sig, hash, pub, keys[i], firsts[j], seconds[k]);

				CHECK_INT(curve_verify(sig, hash, FE_BYTES, pub), finite);
				sig[FE_BYTES - 1] ^= 1;
				CHECK(!curve_verify(sig, hash, FE_BYTES, pub));
			}
}

/* Small multiples of G, one after the other by addition, against keys and shared secrets. */
static void
test_small_keys(int count)
{
	unsigned char key[FE_BYTES], pub[POINT_BYTES], want[POINT_BYTES], g[POINT_BYTES];
	unsigned char shared[FE_BYTES], minus[POINT_BYTES];
	struct affine base;
	struct point sum;
	bool infinity = true;

	affine_load(&base, curve_odd[0]);
	for (int k = 1; k <= count; k++) {
		public_add_affine(&sum, &base, &infinity);
		CHECK(!infinity);
		point_store(want, &sum);
		if (k == 1)
			memcpy(g, want, sizeof g);
		scalar_bytes(key, k);
		CHECK_INT(curve_public(pub, key), 0);
		CHECK(memcmp(pub, want, sizeof pub) == 0);
		CHECK_INT(curve_exchange(shared, g, key), 0);
		CHECK(memcmp(shared, want + 1, FE_BYTES) == 0);
		scalar_bytes(key, -k);
		CHECK_INT(curve_public(minus, key), 0);
		CHECK(memcmp(minus, want, 1 + FE_BYTES) == 0);
		CHECK(memcmp(minus + 1 + FE_BYTES, want + 1 + FE_BYTES, FE_BYTES) != 0);
		CHECK_INT(curve_exchange(shared, g, key), 0);
		CHECK(memcmp(shared, want + 1, FE_BYTES) == 0);
		CHECK_INT(curve_exchange(shared, minus, key), 0); /* k * k * G */
	}
	/* and back to nothing: -count * G is there by now */
	affine_parse(&base, minus);
	public_add_affine(&sum, &base, &infinity);
	CHECK(infinity);
}

static void
test_bad_keys(void)
{
	unsigned char key[FE_BYTES] = { 0 }, g[POINT_BYTES], out[POINT_BYTES];
	uint32_t w[FE_WORDS];

	small_scalar(w, 1);
	curve_base_store(g, w);
	for (int k = -1; k < 3; k++) {
		if (k >= 0) { /* n and above */
			near_order(w, k);
			words_store(key, FE_BYTES, w);
		}
		CHECK_INT(curve_public(out, key), -1);
		CHECK_INT(curve_exchange(out, g, key), -1);
	}
	memset(key, 0xff, sizeof key);
	CHECK_INT(curve_public(out, key), -1);
	CHECK_INT(curve_exchange(out, g, key), -1);
}

static void
check_not_a_point(const unsigned char pub[POINT_BYTES])
{
	unsigned char one[FE_BYTES] = { 0 }, out[FE_BYTES], sig[SIG_BYTES], hash[FE_BYTES];
	unsigned char other[POINT_BYTES];

	one[FE_BYTES - 1] = 1;
	CHECK_INT(curve_exchange(out, pub, one), -1);
	sign_for(sig, hash, other, 1, 1, 1);
	CHECK(!curve_verify(sig, hash, FE_BYTES, pub));
}

/* `zero_y`: of the point whose x is 0; `twist_x`: an x that no point has. */
static void
test_bad_points(const char *zero_y, int twist_x)
{
	unsigned char pub[POINT_BYTES] = { 0x04 }, bad[POINT_BYTES], one[FE_BYTES] = { 0 };
	unsigned char out[FE_BYTES];
	static const unsigned char heads[] = { 0x00, 0x02, 0x03, 0x05, 0x06, 0x07, 0x44 };

	one[FE_BYTES - 1] = 1;
	bytes_from_hex(pub + 1 + FE_BYTES, zero_y);
	CHECK_INT(curve_exchange(out, pub, one), 0);
	for (size_t i = 0; i < sizeof heads; i++) {
		memcpy(bad, pub, sizeof bad);
		bad[0] = heads[i];
		check_not_a_point(bad);
	}
	memcpy(bad, pub, sizeof bad); /* x = p */
	words_store(bad + 1, FE_BYTES, curve_p);
	check_not_a_point(bad);
	memcpy(bad, pub, sizeof bad); /* y off by one, then at all ones and 0 */
	bad[POINT_BYTES - 1] ^= 1;
	check_not_a_point(bad);
	memset(bad + 1 + FE_BYTES, 0xff, FE_BYTES);
	check_not_a_point(bad);
	memset(bad + 1, 0, 2 * FE_BYTES);
	check_not_a_point(bad);
	bad[FE_BYTES] = (unsigned char)twist_x;
	for (int y = 0; y < 4; y++) {
		bad[POINT_BYTES - 1] = (unsigned char)y;
		check_not_a_point(bad);
	}
}

/* r and s at and over the ends of their range. */
static void
test_bad_signatures(void)
{
	unsigned char sig[SIG_BYTES], bad[SIG_BYTES], hash[FE_BYTES], pub[POINT_BYTES];
	uint32_t w[FE_WORDS];

	CHECK(sign_for(sig, hash, pub, 3, 5, 7));
	CHECK(curve_verify(sig, hash, FE_BYTES, pub));
	for (int half = 0; half < 2; half++)
		for (int k = -1; k < 4; k++) {
			memcpy(bad, sig, sizeof bad);
			if (k < 0) { /* 0 */
				memset(bad + half * FE_BYTES, 0, FE_BYTES);
			} else if (k < 3) { /* n, n + 1, n + 2 */
				near_order(w, k);
				words_store(bad + half * FE_BYTES, FE_BYTES, w);
			} else {
				memset(bad + half * FE_BYTES, 0xff, FE_BYTES);
			}
			CHECK(!curve_verify(bad, hash, FE_BYTES, pub));
		}
	for (int i = 0; i < 8 * SIG_BYTES; i += 37) {
		memcpy(bad, sig, sizeof bad);
		bad[i / 8] ^= (unsigned char)(1 << i % 8);
		CHECK(!curve_verify(bad, hash, FE_BYTES, pub));
	}
	hash[FE_BYTES - 1] ^= 1;
	CHECK(!curve_verify(sig, hash, FE_BYTES, pub));
}

/* A point whose x is n + t, which is below p: r is t.  With e = 0, u1 is 0 and u2 = r / s = 1. */
static void
test_wrapped_x(const char *x, const char *y, int t)
{
	unsigned char sig[SIG_BYTES], hash[FE_BYTES] = { 0 }, pub[POINT_BYTES] = { 0x04 };

	bytes_from_hex(pub + 1, x);
	bytes_from_hex(pub + 1 + FE_BYTES, y);
	scalar_bytes(sig, t);
	scalar_bytes(sig + FE_BYTES, t);
	CHECK(curve_verify(sig, hash, FE_BYTES, pub));
	CHECK(curve_verify(sig, hash, 0, pub));
	scalar_bytes(sig, t + 1);
	scalar_bytes(sig + FE_BYTES, t + 1);
	CHECK(!curve_verify(sig, hash, FE_BYTES, pub));
}

#endif
