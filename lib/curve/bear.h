/*
 * bear: our curves in the shape that BearSSL's TLS engines take them in.
 *
 * The only file of this folder that knows br_ types for keys.  P-256, P-384 and X25519 for key exchange, in constant time;
 * signatures on P-256 and P-384 too, and on P-521 those of others.  P-521 is not offered for key exchange.
 */
#ifndef BEAR_H
#define BEAR_H

#include <bearssl.h>

/* For br_ssl_engine_set_ec.  As the engines use it and no further: `mul` writes the x coordinate alone, which is the
 * shared secret, scalars are as long as the order and in 1..n-1, and there is no `muladd`: who verifies does
 * it with bear_ecdsa_verify. */
extern const br_ec_impl bear_ec;

/* For br_ssl_engine_set_ecdsa: a br_ecdsa_vrfy.  1 or 0. */
uint32_t bear_ecdsa_verify(const br_ec_impl *ec, const void *hash, size_t hash_len,
	const br_ec_public_key *key, const void *sig, size_t sig_len);

/* For br_ssl_server_set_single_ec: a br_ecdsa_sign, for keys on P-256 of 32 bytes.  0 for others. */
size_t bear_ecdsa_sign(const br_ec_impl *ec, const br_hash_class *hash, const void *hash_value,
	const br_ec_private_key *key, void *sig);

#endif
