/*
 * random: P-256, P-384 and P-521 beside OpenSSL's libcrypto, on random operations.
 *
 *     random OPERATIONS [SEED]      prints "curves-...: N passed, N failed"
 *
 * Numbers are drawn so that the odd ones come often: few bits set, long runs, near 0, near the order.  Signatures are made by
 * ours, by OpenSSL and from two scalars that are chosen (r and s follow from them), so that both of those of a
 * verification can be odd, too.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/obj_mac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/curve/p256.h"
#include "lib/curve/p384.h"
#include "lib/curve/p521.h"

struct curve {
	const char *name;
	int nid;
	size_t size;
	int (*public)(unsigned char *, const unsigned char *);
	int (*sign)(unsigned char *, const unsigned char *, size_t, const unsigned char *);
	bool (*verify)(const unsigned char *, const unsigned char *, size_t, const unsigned char *);
	int (*ecdh)(unsigned char *, const unsigned char *, const unsigned char *);
};

static const struct curve curves[] = {
	{ "p256", NID_X9_62_prime256v1, 32, p256_public, p256_sign, p256_verify, p256_ecdh },
	{ "p384", NID_secp384r1, 48, p384_public, p384_sign, p384_verify, p384_ecdh },
	{ "p521", NID_secp521r1, 66, NULL, NULL, p521_verify, NULL },
};

enum { CURVES = 3, MOST = 66 };

static uint64_t state;
static unsigned long passed, failed;
static BN_CTX *ctx;

/* splitmix64 */
static uint64_t
next(void)
{
	uint64_t z = (state += 0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static void
draw(unsigned char *out, size_t len)
{
	size_t i, bit, n;

	for (i = 0; i < len; i++)
		out[i] = (unsigned char)next();
	switch (next() % 8) {
	case 0: /* few bits */
		memset(out, 0, len);
		for (n = next() % 4; n > 0; n--) {
			bit = next() % (8 * len);
			out[bit / 8] |= (unsigned char)(1 << bit % 8);
		}
		break;
	case 1: /* runs */
		for (i = next() % len, n = next() % len; n > 0; n--, i++)
			out[i % len] = 0xff;
		for (i = next() % len, n = next() % len; n > 0; n--, i++)
			out[i % len] = 0;
		break;
	case 2: /* small */ memset(out, 0, len - 1 - next() % 4); break;
	default: break;
	}
}

/* A scalar in 1..n-1, sometimes close to an end. */
static void
draw_scalar(BIGNUM *k, const BIGNUM *n, size_t size)
{
	unsigned char bytes[MOST];

	do {
		draw(bytes, size);
		BN_bin2bn(bytes, (int)size, k);
		if (next() % 16 == 0) {
			BN_set_word(k, next() % 40);
			BN_sub(k, n, k);
		}
		BN_nnmod(k, k, n, ctx);
	} while (BN_is_zero(k));
}

static void
check(const struct curve *c, const char *what, bool good)
{
	if (good) {
		passed++;
		return;
	}
	failed++;
	fprintf(stderr, "%s: %s differs\n", c->name, what);
}

static void
point_bytes(const EC_GROUP *g, const EC_POINT *p, unsigned char *out, size_t size)
{
	EC_POINT_point2oct(g, p, POINT_CONVERSION_UNCOMPRESSED, out, 1 + 2 * size, ctx);
}

static bool
their_verify(
	EC_KEY *key, const unsigned char *sig, const unsigned char *hash, size_t len, size_t size)
{
	ECDSA_SIG *s = ECDSA_SIG_new();
	bool good;

	ECDSA_SIG_set0(s, BN_bin2bn(sig, (int)size, NULL), BN_bin2bn(sig + size, (int)size, NULL));
	good = ECDSA_do_verify(hash, (int)len, s, key) == 1;
	ECDSA_SIG_free(s);
	return good;
}

/* A signature that leads a verification to u1 * G + u2 * Q. */
static void
check_scalars(const struct curve *c, const EC_GROUP *g, const EC_POINT *q, const unsigned char *pub,
	const BIGNUM *n)
{
	unsigned char sig[2 * MOST], hash[MOST];
	BIGNUM *u1 = BN_new(), *u2 = BN_new(), *r = BN_new(), *s = BN_new();
	EC_POINT *sum = EC_POINT_new(g);

	draw_scalar(u1, n, c->size);
	draw_scalar(u2, n, c->size);
	EC_POINT_mul(g, sum, u1, q, u2, ctx);
	if (!EC_POINT_is_at_infinity(g, sum)) {
		EC_POINT_get_affine_coordinates(g, sum, r, NULL, ctx);
		BN_nnmod(r, r, n, ctx);
		BN_mod_inverse(s, u2, n, ctx);
		BN_mod_mul(s, s, r, n, ctx);
		BN_mod_mul(u1, u1, s, n, ctx);
		BN_bn2binpad(r, sig, (int)c->size);
		BN_bn2binpad(s, sig + c->size, (int)c->size);
		BN_bn2binpad(u1, hash, (int)c->size);
		check(c, "verification of chosen scalars", c->verify(sig, hash, c->size, pub));
		sig[next() % (2 * c->size)] ^= (unsigned char)(1 << next() % 8);
		check(c, "verification of a wrong one", !c->verify(sig, hash, c->size, pub));
	}
	EC_POINT_free(sum);
	BN_free(u1);
	BN_free(u2);
	BN_free(r);
	BN_free(s);
}

static void
round_of(const struct curve *c, const EC_GROUP *g)
{
	unsigned char d[MOST], pub[1 + 2 * MOST], peer[1 + 2 * MOST], want[1 + 2 * MOST];
	unsigned char sig[2 * MOST], hash[64], shared[MOST];
	static const size_t lengths[] = { 32, 48, 64, 20 };
	size_t size = c->size, len = lengths[next() % 4];
	const BIGNUM *n = EC_GROUP_get0_order(g);
	BIGNUM *k = BN_new(), *l = BN_new();
	EC_POINT *q = EC_POINT_new(g), *p = EC_POINT_new(g);
	EC_KEY *key = EC_KEY_new();
	ECDSA_SIG *theirs;

	draw_scalar(k, n, size);
	BN_bn2binpad(k, d, (int)size);
	EC_POINT_mul(g, q, k, NULL, NULL, ctx);
	point_bytes(g, q, want, size);
	memcpy(pub, want, 1 + 2 * size);
	if (c->public)
		check(c, "public key",
			c->public(pub, d) == 0 && memcmp(pub, want, 1 + 2 * size) == 0);

	draw_scalar(l, n, size);
	EC_POINT_mul(g, p, l, NULL, NULL, ctx);
	point_bytes(g, p, peer, size);
	EC_POINT_mul(g, p, NULL, p, k, ctx);
	point_bytes(g, p, want, size);
	if (c->ecdh)
		check(c, "shared secret",
			c->ecdh(shared, peer, d) == 0 && memcmp(shared, want + 1, size) == 0);

	EC_KEY_set_group(key, g);
	EC_KEY_set_private_key(key, k);
	EC_KEY_set_public_key(key, q);
	draw(hash, sizeof hash);
	if (c->sign) {
		check(c, "signature",
			c->sign(sig, hash, len, d) == 0 &&
				their_verify(key, sig, hash, len, size) &&
				c->verify(sig, hash, len, pub));
		sig[next() % (2 * size)] ^= (unsigned char)(1 << next() % 8);
		check(c, "wrong signature", !c->verify(sig, hash, len, pub));
	}
	theirs = ECDSA_do_sign(hash, (int)len, key);
	BN_bn2binpad(ECDSA_SIG_get0_r(theirs), sig, (int)size);
	BN_bn2binpad(ECDSA_SIG_get0_s(theirs), sig + size, (int)size);
	check(c, "their signature", c->verify(sig, hash, len, pub));
	ECDSA_SIG_free(theirs);
	check_scalars(c, g, q, pub, n);
	EC_KEY_free(key);
	EC_POINT_free(p);
	EC_POINT_free(q);
	BN_free(k);
	BN_free(l);
}

int
main(int argc, char **argv)
{
	unsigned long operations = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
	EC_GROUP *groups[CURVES];

	state = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	ctx = BN_CTX_new();
	for (size_t i = 0; i < CURVES; i++)
		groups[i] = EC_GROUP_new_by_curve_name(curves[i].nid);
	while (passed + failed < operations) { /* the others are slower */
		uint64_t turn = next() % 32;
		size_t i = turn == 0 ? 2 : turn < 4;

		round_of(&curves[i], groups[i]);
	}
	for (size_t i = 0; i < CURVES; i++)
		EC_GROUP_free(groups[i]);
	BN_CTX_free(ctx);
	printf("curves-random: %lu passed, %lu failed\n", passed, failed);
	return failed != 0;
}
