/*
 * replay: the same operations everywhere: prints a hash over all that ROUNDS of them gave.
 *
 *     replay ROUNDS
 *
 * Two builds that print the same hash calculate alike; the desk's is compared with OpenSSL by random.c.
 */
#include <bearssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/curve/p256.h"
#include "lib/curve/p384.h"
#include "lib/curve/p521.h"

static br_sha512_context all;
static br_hmac_drbg_context rng;

static void
note(const void *data, size_t len, int result)
{
	unsigned char r = (unsigned char)result;

	br_sha512_update(&all, data, len);
	br_sha512_update(&all, &r, 1);
}

/* Of the bits of some, most are the same: sparse keys, and ones full of ones. */
static void
draw(unsigned char *out, size_t len, long round)
{
	unsigned char other[66];

	br_hmac_drbg_generate(&rng, out, len);
	for (long i = 0; i < round % 4; i++) {
		br_hmac_drbg_generate(&rng, other, len);
		for (size_t j = 0; j < len; j++)
			out[j] = (unsigned char)(round % 8 < 4 ? out[j] & other[j]
							       : out[j] | other[j]);
	}
}

static void
round_256(long round)
{
	unsigned char key[P256_SCALAR], pub[P256_POINT] = { 0 }, sig[P256_SIGNATURE] = { 0 };
	unsigned char hash[64], shared[P256_SCALAR] = { 0 };
	size_t len = 16 * (size_t)(1 + round % 4);

	draw(key, sizeof key, round);
	draw(hash, sizeof hash, round / 3);
	note(pub, sizeof pub, p256_public(pub, key));
	note(pub, sizeof pub, p256_sign(sig, hash, len, key));
	note(sig, sizeof sig, p256_verify(sig, hash, len, pub));
	note(shared, sizeof shared, p256_ecdh(shared, pub, hash));
	note(shared, sizeof shared, 0);
	sig[round % 64] ^= (unsigned char)(1 << round % 8);
	note(sig, sizeof sig, p256_verify(sig, hash, len, pub));
	pub[1 + round % 64] ^= (unsigned char)(1 << round % 8);
	note(pub, sizeof pub, p256_ecdh(shared, pub, key));
}

static void
round_384(long round)
{
	unsigned char key[P384_SCALAR], pub[P384_POINT] = { 0 }, sig[P384_SIGNATURE] = { 0 };
	unsigned char hash[64], shared[P384_SCALAR] = { 0 };

	draw(key, sizeof key, round);
	draw(hash, sizeof hash, round / 3);
	note(pub, sizeof pub, p384_public(pub, key));
	note(pub, sizeof pub, p384_sign(sig, hash, 48, key));
	note(sig, sizeof sig, p384_verify(sig, hash, 48, pub));
	note(shared, sizeof shared, p384_ecdh(shared, pub, hash));
	note(shared, sizeof shared, 0);
}

/* The one signature there is of ours: with the key 1, whose point is G, and k = 1, s is e + r. */
static void
round_521(long round)
{
	static const unsigned char g[P521_POINT] = { 0x04, 0x00, 0xc6, 0x85, 0x8e, 0x06, 0xb7, 0x04,
		0x04, 0xe9, 0xcd, 0x9e, 0x3e, 0xcb, 0x66, 0x23, 0x95, 0xb4, 0x42, 0x9c, 0x64, 0x81,
		0x39, 0x05, 0x3f, 0xb5, 0x21, 0xf8, 0x28, 0xaf, 0x60, 0x6b, 0x4d, 0x3d, 0xba, 0xa1,
		0x4b, 0x5e, 0x77, 0xef, 0xe7, 0x59, 0x28, 0xfe, 0x1d, 0xc1, 0x27, 0xa2, 0xff, 0xa8,
		0xde, 0x33, 0x48, 0xb3, 0xc1, 0x85, 0x6a, 0x42, 0x9b, 0xf9, 0x7e, 0x7e, 0x31, 0xc2,
		0xe5, 0xbd, 0x66, 0x01, 0x18, 0x39, 0x29, 0x6a, 0x78, 0x9a, 0x3b, 0xc0, 0x04, 0x5c,
		0x8a, 0x5f, 0xb4, 0x2c, 0x7d, 0x1b, 0xd9, 0x98, 0xf5, 0x44, 0x49, 0x57, 0x9b, 0x44,
		0x68, 0x17, 0xaf, 0xbd, 0x17, 0x27, 0x3e, 0x66, 0x2c, 0x97, 0xee, 0x72, 0x99, 0x5e,
		0xf4, 0x26, 0x40, 0xc5, 0x50, 0xb9, 0x01, 0x3f, 0xad, 0x07, 0x61, 0x35, 0x3c, 0x70,
		0x86, 0xa2, 0x72, 0xc2, 0x40, 0x88, 0xbe, 0x94, 0x76, 0x9f, 0xd1, 0x66, 0x50 };
	unsigned char sig[P521_SIGNATURE], hash[64];
	unsigned carry = 0;

	draw(hash, sizeof hash, round);
	memcpy(sig, g + 1, 66);
	memcpy(sig + 66, g + 1, 66);
	for (size_t i = 64; i-- > 0; carry >>= 8) {
		carry += (unsigned)sig[66 + 2 + i] + hash[i];
		sig[66 + 2 + i] = (unsigned char)carry;
	}
	sig[66 + 1] = (unsigned char)(sig[66 + 1] + carry);
	note(sig, sizeof sig, p521_verify(sig, hash, sizeof hash, g));
	sig[round % 132] ^= 1;
	note(sig, sizeof sig, p521_verify(sig, hash, sizeof hash, g));
}

int
main(int argc, char **argv)
{
	long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 10;
	unsigned char out[64];

	br_sha512_init(&all);
	br_hmac_drbg_init(&rng, &br_sha256_vtable, "replay", 6);
	for (long i = 0; i < rounds; i++) {
		round_256(i);
		if (i % 8 == 0)
			round_384(i);
		if (i % 16 == 0)
			round_521(i);
	}
	br_sha512_out(&all, out);
	for (size_t i = 0; i < 16; i++)
		printf("%02x", out[i]);
	puts("");
	return 0;
}
