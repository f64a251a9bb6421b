/*
 * curve: signatures and shared secrets, whatever comes: the verdict is OpenSSL's, in both forms of P-256's field.
 *
 * First byte: the curve and what is tried; then 32 bytes of a hash, then what is left.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/obj_mac.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* P-256 once more, as routers have it. */
#define CURVE_FORCE_32
#define p256_public narrow_public
#define p256_sign   narrow_sign
#define p256_verify narrow_verify
#define p256_ecdh   narrow_ecdh
#include "lib/curve/p256.c"
#undef P256_H
#undef p256_public
#undef p256_sign
#undef p256_verify
#undef p256_ecdh
#include "lib/curve/ecdsa.h"
int p256_ecdh(unsigned char *shared, const unsigned char *peer, const unsigned char *key);
int p384_ecdh(unsigned char *shared, const unsigned char *peer, const unsigned char *key);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { HASH = 32, MOST = 66 };

static const struct {
	int nid;
	size_t size;
} curves[] = { { NID_X9_62_prime256v1, 32 }, { NID_secp384r1, 48 }, { NID_secp521r1, 66 } };

static void
want(bool cond)
{
	if (!cond)
		abort();
}

/* A number of the curve's size from the input, in 1..n-1. */
static BIGNUM *
take_scalar(const uint8_t **data, size_t *len, size_t size, const BIGNUM *n, BN_CTX *ctx)
{
	size_t used = *len < size ? *len : size;
	BIGNUM *k = BN_bin2bn(*data, (int)used, NULL);

	*data += used;
	*len -= used;
	BN_nnmod(k, k, n, ctx);
	if (BN_is_zero(k))
		BN_one(k);
	return k;
}

/* The rest is a signature in DER, of the key 1. */
static void
try_der(const EC_GROUP *g, size_t size, const uint8_t *hash, const uint8_t *der, size_t len,
	BN_CTX *ctx)
{
	unsigned char pub[1 + 2 * MOST], raw[2 * MOST];
	EC_KEY *key = EC_KEY_new();
	bool theirs, ours;

	EC_KEY_set_group(key, g);
	EC_KEY_set_public_key(key, EC_GROUP_get0_generator(g));
	EC_POINT_point2oct(g, EC_GROUP_get0_generator(g), POINT_CONVERSION_UNCOMPRESSED, pub,
		1 + 2 * size, ctx);
	theirs = ECDSA_verify(0, hash, HASH, der, (int)len, key) == 1;
	ours = ecdsa_verify(der, len, hash, HASH, pub, 1 + 2 * size);
	want(ours == theirs);
	if (size == 32)
		want(ours ==
			(ecdsa_from_der(raw, 32, der, len) && narrow_verify(raw, hash, HASH, pub)));
	EC_KEY_free(key);
}

/* u1 and u2 of the input: r and s follow, and are good. */
static void
try_scalars(const EC_GROUP *g, size_t size, const uint8_t *data, size_t len, BN_CTX *ctx)
{
	unsigned char raw[2 * MOST], hash[MOST], pub[1 + 2 * MOST], der[160];
	const BIGNUM *n = EC_GROUP_get0_order(g);
	BIGNUM *d = take_scalar(&data, &len, size, n, ctx);
	BIGNUM *u1 = take_scalar(&data, &len, size, n, ctx);
	BIGNUM *u2 = take_scalar(&data, &len, size, n, ctx);
	BIGNUM *r = BN_new();
	EC_POINT *q = EC_POINT_new(g), *sum = EC_POINT_new(g);
	ECDSA_SIG *sig = ECDSA_SIG_new();
	unsigned char *end = der;

	EC_POINT_mul(g, q, d, NULL, NULL, ctx);
	EC_POINT_point2oct(g, q, POINT_CONVERSION_UNCOMPRESSED, pub, 1 + 2 * size, ctx);
	EC_POINT_mul(g, sum, u1, q, u2, ctx);
	if (!EC_POINT_is_at_infinity(g, sum)) {
		EC_POINT_get_affine_coordinates(g, sum, r, NULL, ctx);
		BN_nnmod(r, r, n, ctx);
		BN_mod_inverse(u2, u2, n, ctx);
		BN_mod_mul(u2, u2, r, n, ctx);
		BN_mod_mul(u1, u1, u2, n, ctx);
		BN_bn2binpad(u1, hash, (int)size);
		BN_bn2binpad(r, raw, (int)size);
		BN_bn2binpad(u2, raw + size, (int)size);
		ECDSA_SIG_set0(sig, BN_dup(r), BN_dup(u2));
		want(ecdsa_verify(
			der, (size_t)i2d_ECDSA_SIG(sig, &end), hash, size, pub, 1 + 2 * size));
		if (size == 32)
			want(narrow_verify(raw, hash, size, pub));
	}
	ECDSA_SIG_free(sig);
	EC_POINT_free(q);
	EC_POINT_free(sum);
	BN_free(d);
	BN_free(u1);
	BN_free(u2);
	BN_free(r);
}

/* A scalar, and a peer's point that is anything, or a multiple of G. */
static void
try_exchange(const EC_GROUP *g, size_t size, bool any, const uint8_t *data, size_t len, BN_CTX *ctx)
{
	unsigned char key[MOST], pub[1 + 2 * MOST] = { 0 }, out[1 + 2 * MOST], shared[MOST];
	const BIGNUM *n = EC_GROUP_get0_order(g);
	BIGNUM *k = take_scalar(&data, &len, size, n, ctx);
	BIGNUM *l = take_scalar(&data, &len, size, n, ctx);
	EC_POINT *p = EC_POINT_new(g);
	int rc;

	BN_bn2binpad(k, key, (int)size);
	EC_POINT_mul(g, p, l, NULL, NULL, ctx);
	EC_POINT_point2oct(g, p, POINT_CONVERSION_UNCOMPRESSED, pub, 1 + 2 * size, ctx);
	if (any)
		for (size_t i = 0; i < len; i++)
			pub[i % (1 + 2 * size)] ^= data[i];
	rc = pub[0] == 4 && EC_POINT_oct2point(g, p, pub, 1 + 2 * size, ctx) == 1 ? 0 : -1;
	want((size == 32 ? p256_ecdh : p384_ecdh)(shared, pub, key) == rc);
	if (rc == 0) {
		EC_POINT_mul(g, p, NULL, p, k, ctx);
		EC_POINT_point2oct(g, p, POINT_CONVERSION_UNCOMPRESSED, out, 1 + 2 * size, ctx);
		want(memcmp(shared, out + 1, size) == 0);
	}
	if (size == 32) {
		want(narrow_ecdh(shared, pub, key) == rc);
		want(rc != 0 || memcmp(shared, out + 1, size) == 0);
	}
	EC_POINT_free(p);
	BN_free(k);
	BN_free(l);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static EC_GROUP *groups[3];
	static BN_CTX *ctx;
	size_t i;

	if (len < 1 + HASH)
		return 0;
	i = data[0] % 3;
	if (ctx == NULL)
		ctx = BN_CTX_new();
	if (groups[i] == NULL)
		groups[i] = EC_GROUP_new_by_curve_name(curves[i].nid);
	switch (data[0] / 3 % 4) {
	case 0:
		try_der(groups[i], curves[i].size, data + 1, data + 1 + HASH, len - 1 - HASH, ctx);
		break;
	case 1: try_scalars(groups[i], curves[i].size, data + 1, len - 1, ctx); break;
	default:
		if (i < 2)
			try_exchange(groups[i], curves[i].size, data[0] / 3 % 4 == 2, data + 1,
				len - 1, ctx);
		break;
	}
	return 0;
}
