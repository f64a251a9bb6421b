/*
 * origins: TLS sessions with origins that can be resumed, so that a second connection costs few public-key operations.
 *
 * Owns a fixed table of sessions, secrets included, which are wiped when they leave it.  Only the engine knows what
 * a session is made of.  The caller makes the key of what must be the same for a session to be good again (host, port,
 * trust, policy), and saves only sessions with origins whose chain was found good.  A session never outlives that
 * verdict, nor what its issuer said of it.
 *
 * TLS 1.3's tickets are good for one connection each (RFC 8446 appendix C.4), so that several of an origin are kept; of
 * other kinds the newest one is.
 */
#ifndef ORIGINS_H
#define ORIGINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/tls/engine.h"

enum {
	ORIGINS_HASH = 32,    /* bytes of a key, and of a certificate's fingerprint: SHA-256 */
	ORIGINS_SECS = 86400, /* a session is offered for a day at most (RFC 5246 appendix F.1.4) */
	ORIGINS_SAME = 4 /* single tickets kept of one origin: a browser opens six connections */
};

/* Kept beside the session: of whom it is, and until when that holds. */
struct origin_verdict {
	unsigned char leaf[ORIGINS_HASH]; /* SHA-256 of the certificate that the origin showed */
	int64_t until;                    /* unix seconds */
};

struct origin_session {
	unsigned char key[ORIGINS_HASH];
	struct origin_verdict verdict;
	int64_t made;    /* unix seconds */
	int64_t made_ms; /* monotonic */
	uint64_t used;   /* the table's clock at its last use; 0: free */
	uint16_t len;
	unsigned char session[ENGINE_SESSION];
};

struct origins;

/* `entries` sessions; least recently used out.  NULL when memory is short. */
struct origins *origins_new(size_t entries);
void origins_free(struct origins *o);

/* A session to offer, the newest of that key, or NULL.  Valid until the next call: start the engine with it, then
 * origins_spend it.  A clock that went back ends a session too. */
const struct origin_session *origins_find(
	struct origins *o, const unsigned char key[ORIGINS_HASH], int64_t now);

/* It was offered: wiped if it is good for once only. */
void origins_spend(struct origins *o, const struct origin_session *s);

/* Remembers a session as the engine gave it. */
void origins_save(struct origins *o, const unsigned char key[ORIGINS_HASH],
	const unsigned char *session, size_t len, const struct origin_verdict *verdict, int64_t now,
	int64_t now_ms);

/* Forgets the sessions with that key. */
void origins_drop(struct origins *o, const unsigned char key[ORIGINS_HASH]);

#endif
