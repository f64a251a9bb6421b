/*
 * p521: ECDSA verification on NIST's P-521 (FIPS 186-5), for the certificates that are signed so.
 *
 * Pure; bytes as in p256.h.  In variable time: nothing of it is secret.
 */
#ifndef P521_H
#define P521_H

#include <stdbool.h>
#include <stddef.h>

enum { P521_POINT = 133, P521_SIGNATURE = 132 };

/* False, too, for a public key that is no point of the curve and for r or s out of range. */
bool p521_verify(const unsigned char sig[P521_SIGNATURE], const unsigned char *hash,
	size_t hash_len, const unsigned char pub[P521_POINT]);

#endif
