/*
 * signature: checks one certificate's signature, and remembers those that were good.
 *
 * The memory is a bounded table of (issuer key, certificate) pairs, by hash.  Only the signature is remembered,
 * never a verdict on dates, names or trust.  Certificates of CAs and of servers have a half each, so that
 * many sites can't push out the few intermediates that everyone uses.
 */
#ifndef SIGNATURE_H
#define SIGNATURE_H

#include <stdbool.h>
#include "lib/x509/x509.h"

/* Was this certificate signed with this key?  False for algorithms that don't fit the key or are unknown. */
bool signature_is_good(const struct x509 *c, const struct x509_key *issuer);

struct chain_signatures; /* made by chain_signatures_new, see chain.h */

enum { SIGNATURE_PAIR = 32 };

/* The pair's hash.  `key_hash`: SHA-256 of the issuer's SubjectPublicKeyInfo. */
void signature_pair(
	unsigned char pair[SIGNATURE_PAIR], const unsigned char key_hash[32], const struct x509 *c);

bool signature_is_known(const struct chain_signatures *s, const unsigned char *pair, bool is_ca);
void signature_remember(struct chain_signatures *s, const unsigned char *pair, bool is_ca);

#endif
