/*
 * vectors: answers lines that vectors.py makes of Wycheproof's files.
 *
 *     verify DER HASH PUBLIC      prints 1 or 0
 *     ecdh PRIVATE PUBLIC         prints the shared secret or -
 *
 * All in hex; an empty one is "-".  The curve follows from the length of the public key or of the private one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/curve/ecdsa.h"
#include "lib/curve/p256.h"
#include "lib/curve/p384.h"

enum { LINE = 1 << 17 }; /* the longest has a signature of 32 KB in hex */

static size_t
from_hex(unsigned char *out, const char *hex)
{
	size_t n = 0;
	unsigned byte;

	for (; sscanf(hex, "%2x", &byte) == 1; hex += 2)
		out[n++] = (unsigned char)byte;
	return n;
}

static void
answer_ecdh(const char *private, const char *public)
{
	static unsigned char key[LINE], pub[LINE];
	unsigned char shared[P384_SCALAR];
	size_t size = from_hex(key, private), len = from_hex(pub, public);
	int failed = -1;

	if (size == P256_SCALAR && len == P256_POINT)
		failed = p256_ecdh(shared, pub, key);
	else if (size == P384_SCALAR && len == P384_POINT)
		failed = p384_ecdh(shared, pub, key);
	for (size_t i = 0; failed == 0 && i < size; i++)
		printf("%02x", shared[i]);
	puts(failed == 0 ? "" : "-");
}

int
main(void)
{
	static char line[LINE], what[LINE], a[LINE], b[LINE], c[LINE];
	static unsigned char der[LINE], hash[LINE], pub[LINE];

	while (fgets(line, sizeof line, stdin) != NULL) {
		int n = sscanf(line, "%s %s %s %s", what, a, b, c);

		if (n == 4 && strcmp(what, "verify") == 0) {
			size_t der_len = from_hex(der, a), hash_len = from_hex(hash, b);

			printf("%d\n",
				ecdsa_verify(der, der_len, hash, hash_len, pub, from_hex(pub, c)));
		} else if (n == 3 && strcmp(what, "ecdh") == 0) {
			answer_ecdh(a, b);
		} else {
			return 2;
		}
	}
	return 0;
}
