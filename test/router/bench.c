/*
 * bench: one public-key or bulk operation of BearSSL, COUNT times, for counting instructions.
 *
 *     bench OPERATION COUNT       bench -l: the operations' names
 */
#include <bearssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned char key[32] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 }, point[65], block[4096];

static void
p256_mulgen(void)
{
	br_ec_get_default()->mulgen(point, key, sizeof key, BR_EC_secp256r1);
}

static void
p256_sign(void)
{
	const br_ec_private_key sk = { BR_EC_secp256r1, key, sizeof key };
	unsigned char signature[80];

	br_ecdsa_sign_asn1_get_default()(
		br_ec_get_default(), &br_sha256_vtable, block, &sk, signature);
}

/* As much work as a verification: u1*G + u2*Q. */
static void
p256_verify(void)
{
	p256_mulgen();
	br_ec_get_default()->muladd(
		point, NULL, sizeof point, key, sizeof key, key, sizeof key, BR_EC_secp256r1);
}

static void
x25519(void)
{
	br_ec_get_default()->mulgen(point, key, sizeof key, BR_EC_curve25519);
}

static void
rsa2048_verify(void)
{
	static unsigned char n[256], e[3] = { 1, 0, 1 }, s[256];
	const br_rsa_public_key pk = { n, sizeof n, e, sizeof e };

	memset(n, 0xa5, sizeof n);
	br_rsa_public_get_default()(s, sizeof s, &pk);
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

	br_poly1305_ctmul_run(key, key, block, sizeof block, NULL, 0, tag, br_chacha20_ct_run, 1);
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
	void (*run)(void);
} operations[] = {
	{ "p256-mulgen", p256_mulgen },
	{ "p256-sign", p256_sign },
	{ "p256-verify+mulgen", p256_verify },
	{ "x25519", x25519 },
	{ "rsa2048-verify", rsa2048_verify },
	{ "sha256-4k", sha256_4k },
	{ "chacha20-poly1305-4k", chapoly_4k },
	{ "aes128-gcm-4k", aesgcm_4k },
};

int
main(int argc, char **argv)
{
	size_t i;
	long n;

	for (i = 0; i < sizeof operations / sizeof *operations; i++) {
		if (argc == 2)
			puts(operations[i].name);
		if (argc == 3 && strcmp(argv[1], operations[i].name) == 0)
			for (n = strtol(argv[2], NULL, 10); n > 0; n--)
				operations[i].run();
	}
	return argc < 2;
}
