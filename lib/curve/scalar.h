/*
 * scalar: what ECDSA does modulo the order of a curve, for any of them (SEC 1 section 4.1, RFC 6979).
 *
 * Pure.  Knows no points: who signs brings a function that multiplies G.  Scalars are words (words.h), keys, hashes and
 * signatures big-endian bytes.  In constant time but for scalar_of_signature and scalar_digits, which are for verifying.
 */
#ifndef SCALAR_H
#define SCALAR_H

#include <bearssl.h>
#include <stdbool.h>
#include "lib/curve/words.h"

/* Marks a former secret that may be branched on from here on: tests tell valgrind so. */
#ifndef CURVE_REVEAL
#define CURVE_REVEAL(object) ((void)0)
#endif

struct order {
	const uint32_t *n;  /* a prime */
	const uint32_t *nn; /* 2^(64 * words) mod n */
	size_t words, bytes;
};

/* Reads a key or a half of a signature.  Is it in 1..n-1?  What is not may be branched on. */
bool scalar_load(uint32_t *k, const unsigned char *bytes, const struct order *o);

/*
 * For a verification: r, and the u1 and u2 of which u1 * G + u2 * Q has to have r for its x.  Returns false: r or s is not in
 * 1..n-1.
 */
bool scalar_of_signature(uint32_t *r, uint32_t *u1, uint32_t *u2, const unsigned char *sig,
	const unsigned char *hash, size_t hash_len, const struct order *o);

/* The non-adjacent form of width `w` of k, into 32 * words + 1 digits: they are 0 or odd and below 2^(w-1), and of w in a
 * row one at most is not 0. */
void scalar_digits(signed char *digits, const uint32_t *k, size_t words, int w);

/*
 * Deterministic ECDSA (RFC 6979 section 3.2) with HMAC over `class`.  `base` writes k * G, for k in 1..n-1, as an
 * uncompressed point.  The signature is r || s.  Returns 0, or -1: the key is not in 1..n-1.
 */
int scalar_sign(unsigned char *sig, const unsigned char *hash, size_t hash_len,
	const unsigned char *key, const br_hash_class *class, const struct order *o,
	void (*base)(unsigned char *point, const uint32_t *k));

#endif
