/*
 * bear: our curves behind BearSSL's tables.  See bear.h.
 */
#include "lib/curve/bear.h"
#include "lib/curve/ecdsa.h"
#include "lib/curve/p256.h"
#include "lib/curve/p384.h"
#include "lib/curve/x25519.h"
#include "lib/base/pool.h"

#include <string.h>

/* What the engines ask of a curve: G for its length, the order for the length of a scalar and its highest byte. */
struct bear_curve {
	size_t point, scalar;
	size_t x; /* where in a point the x coordinate begins */
	const unsigned char *generator, *order;
	int (*public)(unsigned char *point, const unsigned char *k);
	int (*exchange)(unsigned char *shared, const unsigned char *point, const unsigned char *k);
};

static const unsigned char g256[P256_POINT] = { 0x04, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42,
	0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb,
	0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96, 0x4f, 0xe3, 0x42, 0xe2, 0xfe,
	0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33, 0x57,
	0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5 };
static const unsigned char n256[P256_SCALAR] = { 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e,
	0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51 };
static const unsigned char g384[P384_POINT] = { 0x04, 0xaa, 0x87, 0xca, 0x22, 0xbe, 0x8b, 0x05,
	0x37, 0x8e, 0xb1, 0xc7, 0x1e, 0xf3, 0x20, 0xad, 0x74, 0x6e, 0x1d, 0x3b, 0x62, 0x8b, 0xa7,
	0x9b, 0x98, 0x59, 0xf7, 0x41, 0xe0, 0x82, 0x54, 0x2a, 0x38, 0x55, 0x02, 0xf2, 0x5d, 0xbf,
	0x55, 0x29, 0x6c, 0x3a, 0x54, 0x5e, 0x38, 0x72, 0x76, 0x0a, 0xb7, 0x36, 0x17, 0xde, 0x4a,
	0x96, 0x26, 0x2c, 0x6f, 0x5d, 0x9e, 0x98, 0xbf, 0x92, 0x92, 0xdc, 0x29, 0xf8, 0xf4, 0x1d,
	0xbd, 0x28, 0x9a, 0x14, 0x7c, 0xe9, 0xda, 0x31, 0x13, 0xb5, 0xf0, 0xb8, 0xc0, 0x0a, 0x60,
	0xb1, 0xce, 0x1d, 0x7e, 0x81, 0x9d, 0x7a, 0x43, 0x1d, 0x7c, 0x90, 0xea, 0x0e, 0x5f };
static const unsigned char n384[P384_SCALAR] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf, 0x58, 0x1a, 0x0d, 0xb2, 0x48, 0xb0,
	0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73 };

/* X25519 sets and clears bits by itself: any 32 bytes are a scalar, and its lowest comes first in BearSSL, too. */
static const unsigned char g25519[X25519_SIZE] = { 9 };
static const unsigned char n25519[X25519_SIZE] = { 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

static int
exchange_25519(unsigned char *shared, const unsigned char *point, const unsigned char *k)
{
	return x25519(shared, k, point);
}

static int
public_25519(unsigned char *point, const unsigned char *k)
{
	x25519_base(point, k);
	return 0;
}

static const struct bear_curve curve256 = { P256_POINT, P256_SCALAR, 1, g256, n256, p256_public,
	p256_ecdh };
static const struct bear_curve curve384 = { P384_POINT, P384_SCALAR, 1, g384, n384, p384_public,
	p384_ecdh };
static const struct bear_curve curve25519 = { X25519_SIZE, X25519_SIZE, 0, g25519, n25519,
	public_25519, exchange_25519 };

/* The engines ask for what supported_curves has, and nothing else. */
static const struct bear_curve *
curve_of(int curve)
{
	return curve == BR_EC_curve25519  ? &curve25519
	       : curve == BR_EC_secp384r1 ? &curve384
					  : &curve256;
}

static const unsigned char *
generator(int curve, size_t *len)
{
	*len = curve_of(curve)->point;
	return curve_of(curve)->generator;
}

static const unsigned char *
order(int curve, size_t *len)
{
	*len = curve_of(curve)->scalar;
	return curve_of(curve)->order;
}

static size_t
xoff(int curve, size_t *len)
{
	*len = curve_of(curve)->scalar;
	return curve_of(curve)->x;
}

static uint32_t
mul(unsigned char *point, size_t len, const unsigned char *k, size_t k_len, int curve)
{
	unsigned char shared[P384_SCALAR];
	const struct bear_curve *c = curve_of(curve);
	int failed;

	if (len != c->point || k_len != c->scalar)
		return 0;
	failed = c->exchange(shared, point, k);
	memset(point, 0, len);
	if (failed == 0)
		memcpy(point + c->x, shared, c->scalar);
	pool_wipe(shared, sizeof shared);
	return failed == 0;
}

static size_t
mulgen(unsigned char *point, const unsigned char *k, size_t k_len, int curve)
{
	const struct bear_curve *c = curve_of(curve);

	return k_len == c->scalar && c->public(point, k) == 0 ? c->point : 0;
}

const br_ec_impl bear_ec = { .supported_curves = (uint32_t)1 << BR_EC_secp256r1 |
						 (uint32_t)1 << BR_EC_secp384r1 |
						 (uint32_t)1 << BR_EC_curve25519,
	.generator = generator,
	.order = order,
	.xoff = xoff,
	.mul = mul,
	.mulgen = mulgen };

uint32_t
bear_ecdsa_verify(const br_ec_impl *ec, const void *hash, size_t hash_len,
	const br_ec_public_key *key, const void *sig, size_t sig_len)
{
	(void)ec;
	return ecdsa_verify(sig, sig_len, hash, hash_len, key->q, key->qlen);
}

size_t
bear_ecdsa_sign(const br_ec_impl *ec, const br_hash_class *hash, const void *hash_value,
	const br_ec_private_key *key, void *sig)
{
	unsigned char raw[P256_SIGNATURE];
	size_t hash_len = hash->desc >> BR_HASHDESC_OUT_OFF & BR_HASHDESC_OUT_MASK;

	(void)ec;
	if (key->curve != BR_EC_secp256r1 || key->xlen != P256_SCALAR ||
		p256_sign(raw, hash_value, hash_len, key->x) != 0)
		return 0;
	return ecdsa_to_der(sig, raw);
}
