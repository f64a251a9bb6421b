/*
 * ecdsa: signatures in the form that certificates and TLS have them in: Ecdsa-Sig-Value of RFC 3279 section 2.2.3, in strict
 * DER.  The curves' own form is r || s.
 *
 * Pure.  `half` is the length of r and of s: 32, 48 or 66 bytes for P-256, P-384 and P-521.
 */
#ifndef ECDSA_H
#define ECDSA_H

#include <stdbool.h>
#include <stddef.h>

enum { ECDSA_HALF_MOST = 66, ECDSA_DER_256 = 72, ECDSA_DER_384 = 104 };

/* Writes 2 * half bytes to raw.  False for what is not DER: lengths that are not minimal, integers that are negative, empty
 * or begin with a zero too many, bytes behind; and for an integer that is longer than half.  Zero is an integer. */
bool ecdsa_from_der(unsigned char *raw, size_t half, const unsigned char *der, size_t len);

/* P-256's.  Returns the length. */
size_t ecdsa_to_der(unsigned char der[ECDSA_DER_256], const unsigned char raw[64]);

/* The same for halves of up to 48 bytes. */
size_t ecdsa_write(unsigned char *der, const unsigned char *raw, size_t half);

/* Verifies on the curve that the length of an uncompressed public key tells: 65, 97 or 133 bytes; false for any other one.
 * In variable time. */
bool ecdsa_verify(const unsigned char *der, size_t len, const unsigned char *hash, size_t hash_len,
	const unsigned char *pub, size_t pub_len);

#endif
