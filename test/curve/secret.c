/*
 * secret: that no branch and no index depends on a key: under valgrind, keys are undefined bytes, and what depends on them
 * stays so until it is public.
 *
 *     valgrind --error-exitcode=1 secret
 *
 * With an argument it branches on a key, so that the test can tell that it would be seen.
 */
#include <stdio.h>
#include <string.h>
#include <valgrind/memcheck.h>
#include "lib/curve/p256.h"
#include "lib/curve/p384.h"

#define SECRET(object) VALGRIND_MAKE_MEM_UNDEFINED(object, sizeof(object))
#define PUBLIC(object) VALGRIND_MAKE_MEM_DEFINED(object, sizeof(object))

static const unsigned char start[48] = { 0x7f, 2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43,
	47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127 };

static int
run_256(void)
{
	unsigned char key[P256_SCALAR], pub[P256_POINT], sig[P256_SIGNATURE], shared[P256_SCALAR];
	int rc;

	memcpy(key, start, sizeof key);
	SECRET(key);
	rc = p256_public(pub, key);
	PUBLIC(pub);
	rc |= p256_sign(sig, start, 32, key);
	PUBLIC(sig);
	rc |= p256_ecdh(shared, pub, key);
	PUBLIC(shared);
	return rc | !p256_verify(sig, start, 32, pub);
}

static int
run_384(void)
{
	unsigned char key[P384_SCALAR], pub[P384_POINT], sig[P384_SIGNATURE], shared[P384_SCALAR];
	int rc;

	memcpy(key, start, sizeof key);
	SECRET(key);
	rc = p384_public(pub, key);
	PUBLIC(pub);
	rc |= p384_sign(sig, start, 48, key);
	PUBLIC(sig);
	rc |= p384_ecdh(shared, pub, key);
	PUBLIC(shared);
	return rc | !p384_verify(sig, start, 48, pub);
}

int
main(int argc, char **argv)
{
	unsigned char key[1] = { 1 };

	(void)argv;
	if (argc > 1) {
		SECRET(key);
		if (key[0] & 1)
			puts("odd");
	}
	if (run_256() != 0 || run_384() != 0) {
		puts("secret: a result is wrong");
		return 2;
	}
	return 0;
}
