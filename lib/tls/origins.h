/*
 * origins: TLS sessions with origins that can be resumed, so that a second connection costs no public-key
 * operation.
 *
 * Owns a fixed table of sessions, secrets included, which are wiped when they leave it.  The
 * caller makes the key of what must be the same for a session to be good again (host, port, trust, policy), and
 * saves only sessions with origins whose chain was found good.  A session never outlives that verdict.
 */
#ifndef ORIGINS_H
#define ORIGINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/tls/session.h"

enum {
	ORIGINS_HASH = 32,    /* bytes of a key, and of a certificate's fingerprint: SHA-256 */
	ORIGINS_SECS = 86400, /* a session is offered for a day at most (RFC 5246 appendix F.1.4) */
};

struct origin_session {
	struct tls_session session;
	unsigned char key[ORIGINS_HASH];
	unsigned char leaf[ORIGINS_HASH]; /* SHA-256 of the certificate that the origin showed */
	int64_t made, until;              /* unix seconds: good in between */
	uint64_t used;                    /* the table's clock at its last use; 0: free */
};

struct origins;

/* `entries` sessions; least recently used out.  NULL when memory is short. */
struct origins *origins_new(size_t entries);
void origins_free(struct origins *o);

/* A session to offer, or NULL.  Valid until the next call.  A clock that went back ends a session too. */
const struct origin_session *origins_find(
	struct origins *o, const unsigned char key[ORIGINS_HASH], int64_t now);

/* Remembers a session (in place of another with that key); one of no bytes is none. */
void origins_save(struct origins *o, const unsigned char key[ORIGINS_HASH],
	const struct tls_session *session, const unsigned char leaf[ORIGINS_HASH], int64_t now,
	int64_t until);

/* Forgets the session with that key. */
void origins_drop(struct origins *o, const unsigned char key[ORIGINS_HASH]);

#endif
