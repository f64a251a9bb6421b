/*
 * secrets: constant time, shown by valgrind's memcheck.  Secrets are marked undefined, and memcheck reports every branch
 * and every index that depends on them.  Usage: valgrind secrets OPERATION; `leak` must be reported, or nothing is shown.
 */
#include <stdio.h>
#include <string.h>
#include <valgrind/memcheck.h>
#include "lib/curve/kem.h"
#include "lib/curve/chacha.h"
#include "lib/curve/x25519.h"

#define SECRET(x) (void)VALGRIND_MAKE_MEM_UNDEFINED(&(x), sizeof(x))
#define PUBLIC(x) (void)VALGRIND_MAKE_MEM_DEFINED(&(x), sizeof(x))

/* The control: an index that depends on a secret. */
static int
run_leak(void)
{
	static const unsigned char table[256] = { 1, 2, 3 };
	volatile unsigned char secret = 2;
	int r;

	SECRET(secret);
	r = table[secret];
	PUBLIC(r);
	return r;
}

/* That the result is zero is for all to see: it ends the connection. */
static int
run_x25519(void)
{
	unsigned char scalar[X25519_SIZE] = { 9 }, u[X25519_SIZE] = { 9 }, out[X25519_SIZE];
	int rc;

	SECRET(scalar);
	SECRET(u);
	rc = x25519(out, scalar, u);
	PUBLIC(rc);
	PUBLIC(out);
	/* RFC 7748 section 5.2: once iterated */
	return rc == 0 && out[0] == 0x42 && out[31] == 0x79 ? 1 : 0;
}

static int
run_kem_keygen(void)
{
	unsigned char seed[KEM_SEED] = { 1 }, public[KEM_PUBLIC];

	SECRET(seed);
	kem_keygen(public, seed);
	return public[0] != 0 || public[1] != 0;
}

static int
run_kem_encaps(void)
{
	unsigned char seed[KEM_SEED] = { 1 }, public[KEM_PUBLIC], message[KEM_MESSAGE] = { 7 };
	unsigned char ciphertext[KEM_CIPHERTEXT], shared[KEM_SHARED], again[KEM_SHARED];

	kem_keygen(public, seed);
	SECRET(message);
	if (kem_encaps(ciphertext, shared, public, message) != 0)
		return 0;
	PUBLIC(ciphertext);
	PUBLIC(shared);
	kem_decaps(again, ciphertext, seed);
	return memcmp(again, shared, KEM_SHARED) == 0;
}

/* A good ciphertext and one that is rejected: neither the secret nor which of the two it is may show. */
static int
run_kem_decaps(void)
{
	unsigned char seed[KEM_SEED] = { 1 }, public[KEM_PUBLIC], message[KEM_MESSAGE] = { 7 };
	unsigned char ciphertext[KEM_CIPHERTEXT], shared[KEM_SHARED], good[KEM_SHARED],
		bad[KEM_SHARED];

	kem_keygen(public, seed);
	if (kem_encaps(ciphertext, shared, public, message) != 0)
		return 0;
	SECRET(seed);
	kem_decaps(good, ciphertext, seed);
	ciphertext[100] ^= 1;
	kem_decaps(bad, ciphertext, seed);
	PUBLIC(good);
	PUBLIC(bad);
	return memcmp(good, shared, KEM_SHARED) == 0 && memcmp(bad, shared, KEM_SHARED) != 0;
}

static bool
chacha_tag_is_right(unsigned char *data, size_t len, const unsigned char *key,
	const unsigned char *nonce, const unsigned char *tag)
{
	bool right = chacha_open(data, len, key, nonce, "aad", 3, tag);

	PUBLIC(right);
	return right;
}

/* Key, data and the right tag; that a tag is wrong is for all to see.  A long message and what is left of a block. */
static int
run_chacha(void)
{
	unsigned char key[CHACHA_KEY] = { 1 }, nonce[CHACHA_NONCE] = { 2 }, tag[CHACHA_TAG],
		      data[1003] = { 3 };

	SECRET(key);
	SECRET(data);
	chacha_seal(data, sizeof data, key, nonce, "aad", 3, tag);
	PUBLIC(data);
	PUBLIC(tag);
	if (!chacha_tag_is_right(data, sizeof data, key, nonce, tag))
		return 0;
	data[0] ^= 1;
	return !chacha_tag_is_right(data, sizeof data, key, nonce, tag);
}

static const struct {
	const char *name;
	int (*run)(void); /* 0: a wrong result */
} operations[] = {
	{ "leak", run_leak },
	{ "x25519", run_x25519 },
	{ "chacha", run_chacha },
	{ "kem-keygen", run_kem_keygen },
	{ "kem-encaps", run_kem_encaps },
	{ "kem-decaps", run_kem_decaps },
};

int
main(int argc, char **argv)
{
	size_t i;

	for (i = 0; argc > 1 && i < sizeof operations / sizeof operations[0]; i++)
		if (strcmp(operations[i].name, argv[1]) == 0)
			return operations[i].run() != 0 ? 0 : 2;
	fprintf(stderr, "secrets: which operation?\n");
	return 2;
}
