/* bear: what the engines get from our tables is what BearSSL's own would give them. */
#include "lib/curve/bear.h"
#include "test/unit/check.h"

static br_hmac_drbg_context rng;

static const int curves[] = { BR_EC_secp256r1, BR_EC_secp384r1, BR_EC_curve25519 };

/* A scalar as the engines draw it: as long as the order, below it, and odd. */
static size_t
draw(unsigned char *k, int curve)
{
	size_t len;
	const unsigned char *order = bear_ec.order(curve, &len);
	unsigned mask = 0xff;

	while (mask >= order[0])
		mask >>= 1;
	br_hmac_drbg_generate(&rng, k, len);
	k[0] &= (unsigned char)mask;
	k[len - 1] |= 1;
	return len;
}

static void
test_exchange(void)
{
	const br_ec_impl *theirs = br_ec_get_default();
	unsigned char k[48], l[48], ours_point[97], their_point[97];
	size_t len, xlen, their_xlen, off;

	CHECK_INT(bear_ec.supported_curves,
		(uint32_t)1 << 23 | (uint32_t)1 << 24 | (uint32_t)1 << 29);
	for (size_t i = 0; i < sizeof curves / sizeof *curves; i++) {
		int curve = curves[i];
		size_t glen, their_glen;

		bear_ec.generator(curve, &glen);
		CHECK(memcmp(bear_ec.generator(curve, &glen), theirs->generator(curve, &their_glen),
			      glen) == 0);
		CHECK_INT(glen, their_glen);
		off = bear_ec.xoff(curve, &xlen);
		CHECK_INT(off, theirs->xoff(curve, &their_xlen));
		CHECK_INT(xlen, their_xlen);
		for (int round = 0; round < 8; round++) {
			len = draw(k, curve);
			draw(l, curve);
			CHECK_INT(bear_ec.mulgen(ours_point, k, len, curve), glen);
			CHECK_INT(theirs->mulgen(their_point, k, len, curve), glen);
			CHECK(memcmp(ours_point, their_point, glen) == 0);
			CHECK_INT(bear_ec.mul(ours_point, glen, l, len, curve), 1);
			CHECK_INT(theirs->mul(their_point, glen, l, len, curve), 1);
			CHECK(memcmp(ours_point + off, their_point + off, xlen) == 0);
		}
		memset(ours_point, 0,
			sizeof ours_point); /* no point, and X25519's of small order */
		CHECK_INT(bear_ec.mul(ours_point, glen, k, len, curve), 0);
		bear_ec.mulgen(ours_point, k, len, curve);
		CHECK_INT(bear_ec.mul(ours_point, glen - 1, k, len, curve), 0);
		CHECK_INT(bear_ec.mul(ours_point, glen, k, len - 1, curve), 0);
		CHECK_INT(bear_ec.mulgen(ours_point, k, len - 1, curve), 0);
	}
}

/* Each verifies what the other signs; with the hash that HMAC has, the signatures are the same. */
static void
test_signature(void)
{
	static const br_hash_class *hashes[] = { &br_sha256_vtable, &br_sha384_vtable,
		&br_sha512_vtable };
	const br_ec_impl *theirs = br_ec_get_default();
	unsigned char x[32], point[65], hash[64], ours_sig[72], their_sig[80];
	br_ec_private_key key = { BR_EC_secp256r1, x, sizeof x };
	br_ec_public_key public;

	for (int i = 0; i < 12; i++) {
		const br_hash_class *class = hashes[i % 3];
		size_t hash_len = 32 + 16 * (size_t)(i % 3), ours_len, their_len;

		draw(x, BR_EC_secp256r1);
		br_hmac_drbg_generate(&rng, hash, sizeof hash);
		br_ec_compute_pub(theirs, &public, point, &key);
		ours_len = bear_ecdsa_sign(&bear_ec, class, hash, &key, ours_sig);
		their_len = br_ecdsa_sign_asn1_get_default()(theirs, class, hash, &key, their_sig);
		CHECK(i % 3 != 0 ||
			(ours_len == their_len && memcmp(ours_sig, their_sig, ours_len) == 0));
		CHECK_INT(br_ecdsa_vrfy_asn1_get_default()(
				  theirs, hash, hash_len, &public, ours_sig, ours_len),
			1);
		CHECK_INT(
			bear_ecdsa_verify(&bear_ec, hash, hash_len, &public, their_sig, their_len),
			1);
		their_sig[their_len - 1] ^= 1;
		CHECK_INT(
			bear_ecdsa_verify(&bear_ec, hash, hash_len, &public, their_sig, their_len),
			0);
	}
	key.curve = BR_EC_secp384r1;
	CHECK_INT(bear_ecdsa_sign(&bear_ec, hashes[0], hash, &key, ours_sig), 0);
	key.curve = BR_EC_secp256r1;
	key.xlen = 31;
	CHECK_INT(bear_ecdsa_sign(&bear_ec, hashes[0], hash, &key, ours_sig), 0);
	key.xlen = 32;
	memset(x, 0, sizeof x);
	CHECK_INT(bear_ecdsa_sign(&bear_ec, hashes[0], hash, &key, ours_sig), 0);
}

int
main(void)
{
	br_hmac_drbg_init(&rng, &br_sha256_vtable, "bear", 4);
	test_exchange();
	test_signature();
	return check_done("bear");
}
