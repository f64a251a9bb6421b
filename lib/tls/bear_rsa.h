/*
 * bear_rsa: hands lib/curve's RSA to BearSSL's engines.  For lib/tls's own files; shows BearSSL's types.
 */
#ifndef BEAR_RSA_H
#define BEAR_RSA_H

#include <bearssl.h>

/* For br_ssl_engine_set_rsavrfy: 1 and the hash that was signed, or 0. */
uint32_t bear_rsa_verify(const unsigned char *signature, size_t len, const unsigned char *oid,
	size_t hash_len, const br_rsa_public_key *key, unsigned char *hash_out);

#endif
