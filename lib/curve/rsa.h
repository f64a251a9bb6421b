/*
 * rsa: verifies RSA signatures, RFC 8017: PKCS#1 v1.5 (8.2.2) and PSS (8.1.2).
 *
 * Pure, and of public numbers only: time depends on them.  Nothing is decrypted or signed here.  Moduli of RSA_BITS_MIN to
 * RSA_BITS_MAX bits, odd; exponents odd, 3 to 2^32 - 1.  Numbers are big endian, and zeros in front of modulus and
 * exponent are skipped.  A signature is exactly as long as the modulus and smaller than it.  About 6 KB of stack.
 */
#ifndef RSA_H
#define RSA_H

#include <stdbool.h>
#include <stddef.h>

/* Below 2048 nothing is trusted any more.  Above 4096 no authority of the web goes, and a check would hold up a router. */
enum { RSA_BITS_MIN = 2048, RSA_BITS_MAX = 4096 };

enum rsa_hash { RSA_SHA256, RSA_SHA384, RSA_SHA512 };
enum { RSA_HASH_MAX = 64 };

struct rsa_key {
	const unsigned char *n, *e; /* not owned; read while the call lasts */
	size_t n_len, e_len;
};

/* Bytes of a hash. */
size_t rsa_hash_size(enum rsa_hash id);

/* Is this a signature of the hash with exactly the padding that section 9.2 makes?  The hash algorithm's parameters have
 * to be there and NULL, as every signer has them. */
bool rsa_verify_pkcs1(const struct rsa_key *key, enum rsa_hash id, const unsigned char *hash,
	const unsigned char *signature, size_t signature_len);

/* The same, but the hash in the signature goes to `hash`, for who compares it himself. */
bool rsa_recover_pkcs1(const struct rsa_key *key, enum rsa_hash id, unsigned char *hash,
	const unsigned char *signature, size_t signature_len);

/* Is this a signature of the hash with the padding of section 9.1.2, MGF1 of the same hash and a salt as long as the hash?
 * So TLS 1.3 has it (RFC 8446 section 4.2.3). */
bool rsa_verify_pss(const struct rsa_key *key, enum rsa_hash id, const unsigned char *hash,
	const unsigned char *signature, size_t signature_len);

#endif
