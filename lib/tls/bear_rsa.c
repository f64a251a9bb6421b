/*
 * bear_rsa: see bear_rsa.h.
 */
#include "lib/tls/bear_rsa.h"

#include <string.h>
#include "lib/curve/rsa.h"

/* The hash by its object identifier; the length has to be its own.  -1: one that is not ours, as SHA-1. */
static int
hash_of(const unsigned char *oid, size_t hash_len)
{
	static const struct {
		enum rsa_hash id;
		const unsigned char *oid; /* its length in front, as BearSSL has it */
	} hashes[] = {
		{ RSA_SHA256, BR_HASH_OID_SHA256 },
		{ RSA_SHA384, BR_HASH_OID_SHA384 },
		{ RSA_SHA512, BR_HASH_OID_SHA512 },
	};
	size_t i;

	for (i = 0; oid && i < sizeof hashes / sizeof hashes[0]; i++)
		if (oid[0] == hashes[i].oid[0] &&
			memcmp(oid, hashes[i].oid, 1 + (size_t)oid[0]) == 0)
			return rsa_hash_size(hashes[i].id) == hash_len ? (int)hashes[i].id : -1;
	return -1;
}

uint32_t
bear_rsa_verify(const unsigned char *signature, size_t len, const unsigned char *oid,
	size_t hash_len, const br_rsa_public_key *key, unsigned char *hash_out)
{
	const struct rsa_key k = { key->n, key->e, key->nlen, key->elen };
	int id = hash_of(oid, hash_len);

	return id >= 0 && rsa_recover_pkcs1(&k, (enum rsa_hash)id, hash_out, signature, len) ? 1
											     : 0;
}
