/*
 * bench: one operation of lib/curve, or one of BearSSL's on bulk, COUNT times, for counting instructions.
 *
 *     bench OPERATION COUNT       bench -l: the operations' names
 */
#include <bearssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/curve/chacha.h"
#include "lib/curve/kem.h"
#include "lib/curve/p256.h"
#include "lib/curve/p384.h"
#include "lib/curve/rsa.h"
#include "lib/curve/x25519.h"

static unsigned char key[48] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 }, point[P384_POINT], block[4096];
static unsigned char signature[P384_SIGNATURE], shared[P384_SCALAR];
static const unsigned char hash[48] = { 0x5a, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233 };

static unsigned char kem_public[KEM_PUBLIC], kem_text[KEM_CIPHERTEXT], kem_secret[KEM_SEED];

/* The preparations are done once, before an operation, and are not counted. */
static void
prepare_256(void)
{
	p256_public(point, key);
	p256_sign(signature, hash, 32, key);
}

static void
prepare_384(void)
{
	p384_public(point, key);
	p384_sign(signature, hash, 48, key);
}

static void
prepare_kem(void)
{
	kem_keygen(kem_public, kem_secret);
	(void)kem_encaps(kem_text, shared, kem_public, key);
}

static void
nothing(void)
{
}

/* A wrong result would make figures of something else. */
static void
want(bool good)
{
	if (!good)
		exit(3);
}

static void
p256_key(void)
{
	want(p256_public(point, key) == 0);
}

static void
p256_signing(void)
{
	want(p256_sign(signature, hash, 32, key) == 0);
}

static void
p256_verifying(void)
{
	want(p256_verify(signature, hash, 32, point));
}

static void
p256_exchange(void)
{
	want(p256_ecdh(shared, point, key) == 0);
}

static void
p384_signing(void)
{
	want(p384_sign(signature, hash, 48, key) == 0);
}

static void
p384_verifying(void)
{
	want(p384_verify(signature, hash, 48, point));
}

static void
p384_exchange(void)
{
	want(p384_ecdh(shared, point, key) == 0);
}

static void
x25519_key(void)
{
	x25519_base(shared, key);
}

static void
kem_key(void)
{
	kem_keygen(kem_public, kem_secret);
}

static void
kem_encapsulating(void)
{
	want(kem_encaps(kem_text, shared, kem_public, key) == 0);
}

static void
kem_decapsulating(void)
{
	kem_decaps(shared, kem_text, kem_secret);
}

/* The exponent is 65537; that no padding is found changes little. */
static void
rsa_verifying(size_t len)
{
	static unsigned char n[512], e[3] = { 1, 0, 1 }, s[512];
	const struct rsa_key k = { n, e, len, sizeof e };

	memset(n, 0xa5, sizeof n);
	memset(s, 0x5a, sizeof s);
	want(!rsa_verify_pkcs1(&k, RSA_SHA256, hash, s, len));
}

static void
rsa2048_verifying(void)
{
	rsa_verifying(256);
}

static void
rsa4096_verifying(void)
{
	rsa_verifying(512);
}

static void
sha256_4k(void)
{
	br_sha256_context h;

	br_sha256_init(&h);
	br_sha256_update(&h, block, sizeof block);
}

static void
chapoly_4k(void)
{
	unsigned char tag[16];

	chacha_seal(block, sizeof block, key, key, NULL, 0, tag);
}

static void
aesgcm_4k(void)
{
	br_aes_ct_ctr_keys k;

	br_aes_ct_ctr_init(&k, key, 16);
	br_aes_ct_ctr_run(&k, key, 1, block, sizeof block);
	br_ghash_ctmul(point, key, block, sizeof block);
}

static const struct {
	const char *name;
	void (*run)(void), (*prepare)(void);
} operations[] = {
	{ "p256-key", p256_key, nothing },
	{ "p256-sign", p256_signing, nothing },
	{ "p256-verify", p256_verifying, prepare_256 },
	{ "p256-exchange", p256_exchange, prepare_256 },
	{ "p384-sign", p384_signing, nothing },
	{ "p384-verify", p384_verifying, prepare_384 },
	{ "p384-exchange", p384_exchange, prepare_384 },
	{ "x25519", x25519_key, nothing },
	{ "mlkem-key", kem_key, nothing },
	{ "mlkem-encaps", kem_encapsulating, prepare_kem },
	{ "mlkem-decaps", kem_decapsulating, prepare_kem },
	{ "rsa2048-verify", rsa2048_verifying, nothing },
	{ "rsa4096-verify", rsa4096_verifying, nothing },
	{ "sha256-4k", sha256_4k, nothing },
	{ "chacha20-poly1305-4k", chapoly_4k, nothing },
	{ "aes128-gcm-4k", aesgcm_4k, nothing },
};

int
main(int argc, char **argv)
{
	size_t i;
	long n;

	for (i = 0; i < sizeof operations / sizeof *operations; i++) {
		if (argc == 2)
			puts(operations[i].name);
		if (argc == 3 && strcmp(argv[1], operations[i].name) == 0) {
			operations[i].prepare();
			for (n = strtol(argv[2], NULL, 10); n > 0; n--)
				operations[i].run();
		}
	}
	return argc < 2;
}
