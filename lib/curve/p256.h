/*
 * p256: NIST's P-256: public keys, ECDSA, ECDH (SEC 1, FIPS 186-5, RFC 6979).
 *
 * Pure.  Keys and numbers are big-endian bytes; points are uncompressed, 04 || x || y, nothing else is one.
 * p256_public, p256_sign and p256_ecdh take constant time in the key: no branch and no index depends on it, which `make curve`
 * shows and test/curve/masks.sh lets you see.  Of the CPU's multiplier nothing is claimed, a 24Kc's neither.
 * p256_verify takes the time it takes: nothing of it is secret.
 */
#ifndef P256_H
#define P256_H

#include <stdbool.h>
#include <stddef.h>

enum { P256_SCALAR = 32, P256_POINT = 65, P256_SIGNATURE = 64 };

/* Returns 0, or -1: the key is not in 1..n-1. */
int p256_public(unsigned char pub[P256_POINT], const unsigned char key[P256_SCALAR]);

/* Deterministic, RFC 6979 with SHA-256.  The signature is r || s.  A hash of any length, cut as SEC 1 says.  Returns 0,
 * or -1: the key is not in 1..n-1. */
int p256_sign(unsigned char sig[P256_SIGNATURE], const unsigned char *hash, size_t hash_len,
	const unsigned char key[P256_SCALAR]);

/* False, too, for a public key that is no point of the curve and for r or s out of range. */
bool p256_verify(const unsigned char sig[P256_SIGNATURE], const unsigned char *hash,
	size_t hash_len, const unsigned char pub[P256_POINT]);

/* The x coordinate of key * peer.  Returns 0, or -1: the peer's is no point of the curve, or the key out of range. */
int p256_ecdh(unsigned char shared[P256_SCALAR], const unsigned char peer[P256_POINT],
	const unsigned char key[P256_SCALAR]);

#endif
