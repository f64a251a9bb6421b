/*
 * signature: checks one certificate's signature, and remembers those that were good.  See signature.h.
 */
#include "lib/x509/signature.h"

#include <bearssl.h>
#include <stdlib.h>
#include <string.h>
#include "lib/curve/ecdsa.h"
#include "lib/curve/rsa.h"
#include "lib/x509/chain.h"

enum { WAYS = 4 }; /* entries of a set: where a pair may lie */

/* pairs[0..sets) are for servers, [sets..2 * sets) for CAs; an unused one is all zero. */
struct chain_signatures {
	size_t sets;         /* a power of two */
	unsigned char *turn; /* of each set: which entry is the oldest */
	unsigned char (*pairs)[WAYS][SIGNATURE_PAIR];
};

/* The hash of what was signed; 0 for an algorithm that we don't have. */
static size_t
hash_tbs(const struct x509 *c, unsigned char out[RSA_HASH_MAX], enum rsa_hash *id)
{
	union {
		br_sha256_context s256;
		br_sha384_context s384;
		br_sha512_context s512;
	} h;

	switch (c->algorithm) {
	case X509_RSA_SHA256:
	case X509_ECDSA_SHA256:
		br_sha256_init(&h.s256);
		br_sha256_update(&h.s256, c->tbs.p, c->tbs.len);
		br_sha256_out(&h.s256, out);
		*id = RSA_SHA256;
		return 32;
	case X509_RSA_SHA384:
	case X509_ECDSA_SHA384:
		br_sha384_init(&h.s384);
		br_sha384_update(&h.s384, c->tbs.p, c->tbs.len);
		br_sha384_out(&h.s384, out);
		*id = RSA_SHA384;
		return 48;
	case X509_RSA_SHA512:
	case X509_ECDSA_SHA512:
		br_sha512_init(&h.s512);
		br_sha512_update(&h.s512, c->tbs.p, c->tbs.len);
		br_sha512_out(&h.s512, out);
		*id = RSA_SHA512;
		return 64;
	default: return 0;
	}
}

bool
signature_is_good(const struct x509 *c, const struct x509_key *issuer)
{
	unsigned char hash[RSA_HASH_MAX];
	enum rsa_hash id;
	size_t len = hash_tbs(c, hash, &id);
	bool rsa = c->algorithm >= X509_RSA_SHA256 && c->algorithm <= X509_RSA_SHA512;

	if (len == 0 || !x509_key_is_sound(issuer) || rsa != (issuer->kind == X509_KEY_RSA))
		return false;
	if (rsa) {
		const struct rsa_key key = { issuer->n.p, issuer->e.p, issuer->n.len,
			issuer->e.len };

		return rsa_verify_pkcs1(&key, id, hash, c->signature.p, c->signature.len);
	}
	/* a sound key has its curve's length */
	return ecdsa_verify(
		c->signature.p, c->signature.len, hash, len, issuer->n.p, issuer->n.len);
}

void
signature_pair(
	unsigned char pair[SIGNATURE_PAIR], const unsigned char key_hash[32], const struct x509 *c)
{
	br_sha256_context h;

	br_sha256_init(&h);
	br_sha256_update(&h, key_hash, 32); /* fixed length first: no two pairs run together */
	br_sha256_update(&h, c->whole.p, c->whole.len);
	br_sha256_out(&h, pair);
}

struct chain_signatures *
chain_signatures_new(size_t entries)
{
	struct chain_signatures *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->sets = 1;
	while (s->sets * 2 * 2 * WAYS <= entries)
		s->sets *= 2;
	s->turn = calloc(2 * s->sets, sizeof s->turn[0]);
	s->pairs = calloc(2 * s->sets, sizeof s->pairs[0]);
	if (!s->turn || !s->pairs) {
		chain_signatures_free(s);
		return NULL;
	}
	return s;
}

void
chain_signatures_free(struct chain_signatures *s)
{
	if (!s)
		return;
	free(s->turn);
	free(s->pairs);
	free(s);
}

/* SHA-256 is not to be steered cheaply: who floods one set needs 4 good chains for each place in it. */
static size_t
find_set(const struct chain_signatures *s, const unsigned char *pair, bool is_ca)
{
	size_t n = (size_t)pair[0] | (size_t)pair[1] << 8 | (size_t)pair[2] << 16;

	return (n & (s->sets - 1)) + (is_ca ? s->sets : 0);
}

bool
signature_is_known(const struct chain_signatures *s, const unsigned char *pair, bool is_ca)
{
	size_t set = find_set(s, pair, is_ca), i;

	for (i = 0; i < WAYS; i++)
		if (memcmp(s->pairs[set][i], pair, SIGNATURE_PAIR) == 0)
			return true;
	return false;
}

void
signature_remember(struct chain_signatures *s, const unsigned char *pair, bool is_ca)
{
	size_t set = find_set(s, pair, is_ca);

	if (signature_is_known(s, pair, is_ca))
		return;
	memcpy(s->pairs[set][s->turn[set]], pair, SIGNATURE_PAIR);
	s->turn[set] = (unsigned char)((s->turn[set] + 1) % WAYS);
}
