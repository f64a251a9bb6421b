/*
 * scalar: ECDSA modulo the order.  See scalar.h.
 */
#include "lib/curve/scalar.h"
#include "lib/base/pool.h"

#include <string.h>

enum { BYTES_MOST = 4 * WORDS_MOST };

bool
scalar_load(uint32_t *k, const unsigned char *bytes, const struct order *o)
{
	uint32_t good;

	words_load(k, o->words, bytes, o->bytes);
	good = words_less(k, o->n, o->words) & ~words_zero(k, o->words);
	CURVE_REVEAL(good);
	return good != 0;
}

/* A hash as a number: its leftmost bytes if it is longer than n, RFC 6979 section 2.3.2.  No hash is longer than n in bits
 * without being so in whole bytes. */
static void
load_hash(uint32_t *e, const unsigned char *hash, size_t len, const struct order *o)
{
	words_load(e, o->words, hash, len < o->bytes ? len : o->bytes);
	words_reduce(e, o->n, o->words);
}

static void
multiply(uint32_t *r, const uint32_t *a, const uint32_t *b, const struct order *o)
{
	words_multiply(r, a, b, o->n, o->nn, o->words);
}

bool
scalar_of_signature(uint32_t *r, uint32_t *u1, uint32_t *u2, const unsigned char *sig,
	const unsigned char *hash, size_t hash_len, const struct order *o)
{
	uint32_t s[WORDS_MOST];

	if (!scalar_load(r, sig, o) || !scalar_load(s, sig + o->bytes, o))
		return false;
	load_hash(u1, hash, hash_len, o);
	words_invert(s, s, o->n, o->words);
	multiply(u1, u1, s, o);
	multiply(u2, r, s, o);
	return true;
}

void
scalar_digits(signed char *digits, const uint32_t *k, size_t words, int w)
{
	size_t end = 32 * words + 1, i = 0;
	int carry = 0, d;

	memset(digits, 0, end);
	while (i < end) {
		size_t word = i / 32;
		uint64_t two = word < words ? k[word] : 0;

		if (word + 1 < words)
			two |= (uint64_t)k[word + 1] << 32;
		d = (int)(two >> i % 32 & ((1u << w) - 1)) + carry;
		if (d % 2 == 0) { /* the carry stays one, or there was none */
			i++;
			continue;
		}
		carry = d >> (w - 1);
		digits[i] = (signed char)(d - (carry << w));
		i += (size_t)w;
	}
}

/* The signature that k leads to, which is lost with it.  False where the standard wants another k, which never happens. */
static bool
sign_with(unsigned char *sig, uint32_t *k, const uint32_t *d, const uint32_t *e,
	const struct order *o, void (*base)(unsigned char *point, const uint32_t *k))
{
	unsigned char point[1 + 2 * BYTES_MOST];
	uint32_t r[WORDS_MOST], s[WORDS_MOST], bad;

	base(point, k);
	words_load(r, o->words, point + 1, o->bytes);
	words_reduce(r, o->n, o->words);
	multiply(s, r, d, o);
	words_add(s, e, o->n, o->words);
	words_invert(k, k, o->n, o->words);
	multiply(s, s, k, o);
	words_store(sig, o->bytes, r);
	words_store(sig + o->bytes, o->bytes, s);
	bad = words_zero(r, o->words) | words_zero(s, o->words);
	CURVE_REVEAL(bad);
	return bad == 0;
}

int
scalar_sign(unsigned char *sig, const unsigned char *hash, size_t hash_len,
	const unsigned char *key, const br_hash_class *class, const struct order *o,
	void (*base)(unsigned char *point, const uint32_t *k))
{
	unsigned char seed[2 * BYTES_MOST];
	uint32_t d[WORDS_MOST], e[WORDS_MOST], k[WORDS_MOST];
	br_hmac_drbg_context rng;
	bool good = scalar_load(d, key, o), done = !good;

	if (good) {
		load_hash(e, hash, hash_len, o);
		memcpy(seed, key, o->bytes);
		words_store(seed + o->bytes, o->bytes, e);
		br_hmac_drbg_init(&rng, class, seed, 2 * o->bytes);
	}
	while (!done) {
		br_hmac_drbg_generate(&rng, seed, o->bytes);
		done = scalar_load(k, seed, o) && sign_with(sig, k, d, e, o, base);
	}
	pool_wipe(seed, sizeof seed);
	pool_wipe(d, sizeof d);
	pool_wipe(k, sizeof k);
	pool_wipe(&rng, sizeof rng);
	return good ? 0 : -1;
}
