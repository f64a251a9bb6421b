/*
 * words: numbers of a fixed count of 32-bit words, lowest word first, in constant time.
 *
 * Pure.  `n` is the count of words everywhere and is public, the words are not: no branch and no index depends on
 * them.  A mask is 0 or all ones.
 */
#ifndef WORDS_H
#define WORDS_H

#include <stddef.h>
#include <stdint.h>

enum { WORDS_MOST = 17 }; /* of the largest number there is: P-521's */

/* Big-endian bytes, 4 * n of them at most. */
void words_load(uint32_t *w, size_t n, const unsigned char *bytes, size_t len);
void words_store(unsigned char *bytes, size_t len, const uint32_t *w);

/* a < b, as a mask. */
uint32_t words_less(const uint32_t *a, const uint32_t *b, size_t n);

/* a == 0, as a mask. */
uint32_t words_zero(const uint32_t *a, size_t n);

/* a == b for two single words, as a mask. */
uint32_t words_same(uint32_t a, uint32_t b);

/* a < 0 for an int32_t, as a mask.  A function of one instruction set is not inlined into one of another. */
#define words_negative(a) (0 - ((uint32_t)(a) >> 31))

/* r = r - m where r >= m: a number below 2 * m reduced modulo m. */
void words_reduce(uint32_t *r, const uint32_t *m, size_t n);

/* r = r + a mod m; both are below m. */
void words_add(uint32_t *r, const uint32_t *a, const uint32_t *m, size_t n);

/* r = a * b mod m.  m is odd; rr is 2^(64 * n) mod m; a and b are below 2^(32 * n), one of them below m.  r may be a or b. */
void words_multiply(uint32_t *r, const uint32_t *a, const uint32_t *b, const uint32_t *m,
	const uint32_t *rr, size_t n);

/* r = 1 / a mod m, for an odd prime m and a < m; 0 for 0.  r may be a. */
void words_invert(uint32_t *r, const uint32_t *a, const uint32_t *m, size_t n);

#endif
