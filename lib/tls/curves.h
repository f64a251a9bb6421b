/*
 * curves: the public-key operations that a handshake needs, as lib/curve/ will offer them: stand-ins over BearSSL
 * until then.  Points are uncompressed, numbers big-endian (X25519: as RFC 7748 has them), signatures r || s.
 */
#ifndef CURVES_H
#define CURVES_H

#include <stdbool.h>
#include <stddef.h>

int p256_public(unsigned char pub[65], const unsigned char key[32]);
int p256_ecdh(unsigned char shared[32], const unsigned char peer[65], const unsigned char key[32]);
int p256_sign(unsigned char sig[64], const unsigned char *hash, size_t hash_len,
	const unsigned char key[32]);
bool p256_verify(const unsigned char sig[64], const unsigned char *hash, size_t hash_len,
	const unsigned char pub[65]);
bool p384_verify(const unsigned char sig[96], const unsigned char *hash, size_t hash_len,
	const unsigned char pub[97]);
void x25519_base(unsigned char out[32], const unsigned char scalar[32]);
int x25519(unsigned char out[32], const unsigned char scalar[32], const unsigned char u[32]);

/* BearSSL's for good: rare. */
bool p521_verify_asn1(const unsigned char *sig, size_t sig_len, const unsigned char *hash,
	size_t hash_len, const unsigned char pub[133]);
int p384_public(unsigned char pub[97], const unsigned char key[48]);
int p384_ecdh(unsigned char shared[48], const unsigned char peer[97], const unsigned char key[48]);

/* A signature's DER in r || s of size bytes each, and back; the latter returns the length. */
int ecdsa_from_der(unsigned char *raw, size_t size, const unsigned char *der, size_t len);
size_t ecdsa_to_der(unsigned char *der, const unsigned char *raw, size_t size);

struct rsa_key {
	const unsigned char *n, *e;
	size_t n_len, e_len;
};

/* hash_len says which hash: 32, 48, 64.  PSS: salt as long as the hash, MGF1 with it (RFC 8446 section 4.2.3). */
bool rsa_verify_pkcs1(const unsigned char *sig, size_t sig_len, const unsigned char *hash,
	size_t hash_len, const struct rsa_key *key);
bool rsa_verify_pss(const unsigned char *sig, size_t sig_len, const unsigned char *hash,
	size_t hash_len, const struct rsa_key *key);

#endif
