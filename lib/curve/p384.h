/*
 * p384: NIST's P-384: public keys, ECDSA, ECDH (SEC 1, FIPS 186-5, RFC 6979).
 *
 * Pure.  Keys and numbers are big-endian bytes; points are uncompressed, 04 || x || y, nothing else is one.
 * p384_public, p384_sign and p384_ecdh take constant time in the key: no branch and no index depends on it, which `make curve`
 * shows and test/curve/masks.sh lets you see.  Of the CPU's multiplier nothing is claimed, a 24Kc's neither.
 * p384_verify takes the time it takes: nothing of it is secret.
 */
#ifndef P384_H
#define P384_H

#include <stdbool.h>
#include <stddef.h>

enum { P384_SCALAR = 48, P384_POINT = 97, P384_SIGNATURE = 96 };

/* Returns 0, or -1: the key is not in 1..n-1. */
int p384_public(unsigned char pub[P384_POINT], const unsigned char key[P384_SCALAR]);

/* Deterministic, RFC 6979 with SHA-384.  The signature is r || s.  A hash of any length, cut as SEC 1 says.  Returns 0,
 * or -1: the key is not in 1..n-1. */
int p384_sign(unsigned char sig[P384_SIGNATURE], const unsigned char *hash, size_t hash_len,
	const unsigned char key[P384_SCALAR]);

/* False, too, for a public key that is no point of the curve and for r or s out of range. */
bool p384_verify(const unsigned char sig[P384_SIGNATURE], const unsigned char *hash,
	size_t hash_len, const unsigned char pub[P384_POINT]);

/* The x coordinate of key * peer.  Returns 0, or -1: the peer's is no point of the curve, or the key out of range. */
int p384_ecdh(unsigned char shared[P384_SCALAR], const unsigned char peer[P384_POINT],
	const unsigned char key[P384_SCALAR]);

#endif
